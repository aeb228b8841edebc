"""The page in a real browser: what an app sends is drawn and can be used, by mouse and keyboard, large and small."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import SlackEmulator, User
from tests.browser import Tab, browser

pytestmark = pytest.mark.outside

HOSTILE = "<img src=x onerror=document.title='broken'> <javascript:alert(1)|click me> [or me](javascript:alert(1))"
ELSEWHERE = "https://elsewhere.example/picture.png"


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    async with browser(tmp_path) as opened:
        yield opened


@pytest.fixture
async def page(slack: SlackEmulator, tab: Tab) -> Tab:
    """The page with Block Kit drawn, as bob sees #incidents."""
    await slack.page.set_up(print)
    assert slack.page.kit.problem == ""
    await tab.open(slack.page_url)
    await tab.until("document.querySelector('#text').placeholder.includes('incidents')")
    return tab


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


def options(*words: str) -> list[dict[str, Any]]:
    return [{"text": plain(word.title()), "value": word} for word in words]


def register(app: AsyncApp) -> None:
    """An app that asks, and takes a reason for no."""
    form = {
        "type": "modal",
        "callback_id": "reason",
        "title": plain("Why not?"),
        "submit": plain("Send"),
        "blocks": [
            {"type": "section", "block_id": "note", "text": mrkdwn("*Think* first")},
            {
                "type": "input",
                "block_id": "why",
                "label": plain("Reason"),
                "element": {"type": "plain_text_input", "action_id": "text"},
            },
            {
                "type": "input",
                "block_id": "how",
                "optional": True,
                "label": plain("Kinds"),
                "element": {"type": "checkboxes", "action_id": "kinds", "options": options("early", "risky")},
            },
        ],
    }
    confirm = {"title": plain("Sure?"), "text": plain("It stays denied."), "confirm": plain("Yes"), "deny": plain("No")}
    deny = {"type": "button", "action_id": "deny", "text": plain("Deny"), "confirm": confirm}

    @app.command("/ask-claude")
    async def ask(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        blocks = [
            {"type": "markdown", "text": HOSTILE},
            {"type": "section", "text": mrkdwn(HOSTILE)},
            {"type": "actions", "elements": [deny]},
        ]
        await client.chat_postMessage(channel=body["channel_id"], text=HOSTILE, blocks=blocks)

    @app.action("deny")
    async def denied(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=form)

    @app.view("reason")
    async def reason(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        values = body["view"]["state"]["values"]
        kinds = [each["value"] for each in values["how"]["kinds"]["selected_options"]]
        said = f"Denied: {values['why']['text']['value']} {kinds}"
        await client.chat_postEphemeral(channel="C0INCIDENTS", user=body["user"]["id"], text=said)

    @app.event("message")
    async def ignore() -> None:
        """Acknowledge what is written."""


async def test_a_command_a_confirmation_and_a_form_can_be_used_by_keyboard(
    slack: SlackEmulator, app: AsyncApp, connect: Any, page: Tab
) -> None:
    register(app)
    await connect()
    await page.click("[data-alert=firing]")
    await page.reads("FIRING", "#messages .attachment .title")
    await page.click("#channels button", "incidents")

    await page.type("/")
    await page.until("document.querySelector('#text').getAttribute('aria-expanded') === 'true'")
    await page.key("ArrowDown")
    await page.key("Enter")
    await page.until("document.querySelector('#text').value === '/ask-claude '")
    await page.type("why?")
    await page.key("Enter")
    await page.until("document.querySelector('#messages #deny') !== null")
    assert await page.run("document.querySelectorAll('#messages img, #messages a[href^=javascript]').length") == 0
    assert await page.run("document.title") == "Slack emulator"
    assert "click me" in await page.text("#messages")

    await page.run("document.querySelector('#messages #deny').focus()")
    await page.key("Enter")
    await page.reads("It stays denied.", "dialog.confirm")
    await page.key("Escape")
    await page.until("document.querySelector('dialog') === null && document.activeElement.id === 'deny'")
    assert slack.deliveries("interactive") == []
    await page.key("Enter")
    await page.until("document.querySelector('dialog.confirm') !== null")
    await page.key("Enter")

    await page.until("document.activeElement.matches('dialog.view input')")
    await page.reads("Think first", "dialog.view")
    await page.key("Enter")
    await page.reads("required", "dialog.view .problem")
    await page.type("too early")
    await page.click("dialog.view .choice", "Risky")
    await page.click("dialog.view .primary")
    await page.reads("Denied: too early ['risky']", "#messages .mine-only")
    await page.until("document.querySelector('dialog') === null && document.activeElement.id === 'deny'")
    assert page.complaints == []


async def test_menus_and_feedback_report_what_was_chosen_and_in_which_block(
    slack: SlackEmulator, app: AsyncApp, connect: Any, page: Tab, client: AsyncWebClient
) -> None:
    pressed: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def press(ack: Any, action: dict[str, Any]) -> None:
        await ack()
        chosen = (action.get("selected_option") or {}).get("value") or action.get("selected_date")
        pressed.put_nowait((action["block_id"], chosen or action.get("value")))

    app.action({"action_id": "use"})(press)
    await connect()
    menu = {"type": "static_select", "action_id": "use", "options": options("plum", "cherry")}
    sides = {"positive_button": {"text": plain("Good"), "value": "yes"}}
    sides["negative_button"] = {"text": plain("Bad"), "value": "no"}
    again = [{"type": "button", "action_id": "use", "text": plain(word), "value": word} for word in ("One", "Two")]
    blocks = [
        {"type": "section", "block_id": "fruit", "text": mrkdwn("Which?"), "accessory": menu},
        {"type": "actions", "block_id": "day", "elements": [{"type": "datepicker", "action_id": "use"}]},
        {
            "type": "context_actions",
            "block_id": "liked",
            "elements": [{"type": "feedback_buttons", "action_id": "use", **sides}],
        },
        *({"type": "actions", "block_id": each["value"], "elements": [each]} for each in again),
    ]
    await client.chat_postMessage(channel="C0INCIDENTS", text="Which?", blocks=blocks)
    await page.until("document.querySelector('#messages .controls select') !== null")
    await page.choose("#messages .controls select", "cherry")
    await page.choose("#messages .controls input[type=date]", "2030-01-02")
    await page.click("#messages [aria-label='Negative feedback']")
    await page.click("#messages .drawn button", "Two")
    heard = {await asyncio.wait_for(pressed.get(), 5) for _ in range(4)}
    assert heard == {("fruit", "cherry"), ("day", "2030-01-02"), ("liked", "no"), ("Two", "Two")}
    assert page.complaints == []


TELLING = (
    "# a line that looks like a heading",
    "---",
    "|a|b|\n|-|-|\n|1|2|",
    "    indented",
    "10:20:30 and a:b",
    '{"level":"warn","msg":"heap","limit":512}',
    "`cp *.log *.txt ~a~`",
    "&lt;@U0BOB&gt; &lt;!channel&gt; &lt;https://elsewhere.example|click&gt; 1 &lt; 2 -&gt; 3",
    "[note]: not a definition",
    "C:\\dir\\*.exe",
)
# As gentle.js draws them: signs that look the same.
_ALIKE = str.maketrans({"\u2217": "*", "\u223c": "~", "\u200b": None, "\u00a0": " "})


async def test_nothing_that_is_no_markup_in_slack_is_lost_or_becomes_alive(
    slack: SlackEmulator, page: Tab, client: AsyncWebClient
) -> None:
    for text in TELLING:
        blocks = [{"type": "section", "text": mrkdwn(f"before\n{text}\nafter")}]
        await client.chat_postMessage(channel="C0INCIDENTS", text=text, blocks=blocks)
    drawn = "[...document.querySelectorAll('#messages .drawn')].map((each) => each.innerText)"
    await page.until(f"{drawn}.filter((each) => each.includes('after')).length === {len(TELLING)}")
    for text, shown in zip(TELLING, await page.run(drawn), strict=True):
        expected = text.replace("&lt;", "<").replace("&gt;", ">").replace("`", "")
        assert " ".join(shown.translate(_ALIKE).split()) == " ".join(f"before {expected} after".split())
    assert await page.run("document.querySelectorAll('#messages .drawn a, #messages .drawn .mention').length") == 0


async def test_every_kind_of_block_is_drawn_and_nothing_is_loaded_from_elsewhere(
    slack: SlackEmulator, page: Tab, client: AsyncWebClient
) -> None:
    cells = [[{"type": "raw_text", "text": word} for word in row] for row in (("pod", "state"), ("api-1", "Running"))]
    task = {"type": "task_card", "task_id": "1", "title": "Read the logs", "status": "in_progress"}
    picture = {"type": "image", "image_url": ELSEWHERE, "alt_text": "a graph"}
    shown: list[tuple[dict[str, Any], str]] = [
        ({"type": "header", "text": plain("A header")}, "A header"),
        ({"type": "section", "fields": [mrkdwn("*left*"), mrkdwn("right <@U0ALICE>")]}, "right @alice"),
        ({"type": "context", "elements": [picture, mrkdwn("a footer")]}, "(image: a graph)"),
        ({"type": "markdown", "text": f"**bold** ![a picture]({ELSEWHERE})"}, "(image: a picture)"),
        ({"type": "alert", "level": "warning", "text": mrkdwn("careful")}, "careful"),
        ({"type": "plan", "title": "The plan", "tasks": [task]}, "Read the logs"),
        ({"type": "card", "title": plain("A card"), "body": mrkdwn("its body")}, "its body"),
        ({"type": "table", "rows": cells}, "Running"),
        (picture, "(image: a graph)"),
        ({"type": "divider"}, ""),
    ]
    for block, _ in shown:
        await client.chat_postMessage(channel="C0INCIDENTS", text="x", blocks=[block])
    await page.until(f"document.querySelectorAll('#messages .message').length === {len(shown)}")
    for number, (block, text) in enumerate(shown):
        found = await page.run(f"document.querySelectorAll('#messages .drawn')[{number}].innerText")
        assert text in found.replace("\u200b", ""), block["type"]
    assert [url for url in page.requested if not url.startswith((slack.page_url, "data:"))] == []
    assert page.complaints == []


async def test_text_that_streams_in_is_seen_as_it_grows(
    slack: SlackEmulator, page: Tab, client: AsyncWebClient
) -> None:
    root = await slack.user("bob").say("why?", "incidents")
    await page.click("#messages .tools button", "Reply in thread")
    where = {"channel": "C0INCIDENTS", "thread_ts": root.ts}
    recipient = {"recipient_team_id": "T0DEMO", "recipient_user_id": "U0BOB"}
    begun = await client.api_call("chat.startStream", json={**where, **recipient, "markdown_text": "It is"})
    await page.reads("It is", "#replies")
    await page.run("window.kept = document.querySelectorAll('#replies .message')[1]")
    await client.agents_sessions_setStatus(channel_id=where["channel"], thread_ts=root.ts, status="processing")
    await client.api_call("chat.appendStream", json={**where, "ts": begun["ts"], "markdown_text": " the **memory**"})
    await page.reads("It is the memory", "#replies")
    await page.reads("writing", "#replies")
    await page.click("#status button", "Stop")
    await slack.wait_until(lambda: slack.events("agent_session_stopped"))
    await client.api_call("chat.stopStream", json={**where, "ts": begun["ts"], "session_status": "closed"})
    await page.until("!document.querySelector('#replies').innerText.includes('writing')")
    await page.until("document.querySelector('#status button') === null")
    assert await page.run("window.kept.isConnected"), "the message grew in place"
    assert page.complaints == []


async def test_a_click_counts_although_much_is_said_between_press_and_release(
    app: AsyncApp, connect: Any, slack: SlackEmulator, page: Tab, client: AsyncWebClient
) -> None:
    clicks: list[str] = []

    @app.action("go")
    async def go(ack: Any, action: Any) -> None:
        await ack()
        clicks.append(action["value"])

    await connect()

    button = {"type": "button", "action_id": "go", "value": "1", "text": {"type": "plain_text", "text": "go on"}}
    block = {"type": "actions", "block_id": "b", "elements": [button]}
    await client.chat_postMessage(channel="C0INCIDENTS", text="x", blocks=[block])
    await page.reads("go on", "#messages")
    known = "performance.getEntriesByType('resource').filter((each) => each.name.includes('state')).length"
    seen = -1
    while seen != (seen := await page.run(known)):
        await page.run("new Promise((done) => setTimeout(done, 400))")
    spot = await page.middle("#messages .content button")
    await page.mouse("mouseMoved", spot)
    await page.mouse("mousePressed", spot)
    await client.chat_postMessage(channel="C0INCIDENTS", text="\n".join(["much"] * 80))
    await page.until(f"{known} > {seen}")
    await page.run("new Promise((done) => setTimeout(done, 200))")
    await page.mouse("mouseReleased", spot)
    await slack.wait_until(lambda: clicks == ["1"])
    await page.reads("much", "#messages")
    assert page.complaints == []


async def test_where_block_kit_cannot_be_drawn_the_page_says_so_and_can_still_be_used(
    slack: SlackEmulator, app: AsyncApp, connect: Any, tab: Tab
) -> None:
    register(app)
    await connect()
    await tab.open(slack.page_url)
    await tab.reads("plain text: Block Kit is not set up", "#notice")
    await tab.click("#text")
    await tab.type("/ask-claude why?")
    await tab.key("Enter")
    await tab.reads("click me", "#messages")
    await tab.click("#messages button", "Deny")
    await tab.click("dialog.confirm .primary")
    await tab.until("document.querySelector('dialog.view') !== null")
    await tab.key("Escape")
    await tab.until("document.querySelector('dialog') === null")
    assert not any("kit." in url for url in tab.requested)
    await slack.page.set_up(print)
    await tab.until("document.querySelector('#notice').hidden && document.querySelector('#messages #deny') !== null")
    assert tab.complaints == []


async def test_somebody_from_another_workspace_is_marked_and_the_app_can_be_added_to_a_channel(
    slack: SlackEmulator, page: Tab
) -> None:
    stranger = User("U0EVE", "eve", "Eve Elsewhere", team_id="T0OTHER")
    slack.team.users[stranger.id] = stranger
    random = slack.team.channels["C0RANDOM"]
    random.members.add(stranger.id)
    random.is_shared = True
    await slack.user("eve").say("hello there", "random")
    await page.click("#channels button", "random")
    await page.reads("from another workspace", "#messages .message")
    await page.click("#invite")
    await slack.wait_until(lambda: "U0BOT" in random.members or None)
    await page.until("document.querySelector('#invite').hidden")
    assert page.complaints == []


async def test_on_a_small_screen_there_is_one_pane_at_a_time_with_a_way_back(slack: SlackEmulator, page: Tab) -> None:
    panes = "['side', 'channel', 'thread'].filter((id) => document.getElementById(id).checkVisibility()).join()"
    root = await slack.user("bob").say("hello", "incidents")
    await slack.user("alice").reply("yes?", "incidents", root.ts)
    await page.size(400, 800)
    await page.until(f"{panes} === 'channel'")
    await page.click("#messages .replies")
    await page.reads("yes?", "#replies")
    await page.until(f"{panes} === 'thread'")
    await page.type("one")
    await page.key("Enter", shift=True)
    await page.type("two")
    await page.key("Enter")
    await slack.wait_for(lambda each: each.text == "one\ntwo" and each.thread_ts == root.ts)
    await page.key("Escape")
    await page.until(f"{panes} === 'channel'")
    await page.until("document.activeElement.className.includes('replies')")
    await page.run("window.first = document.activeElement")
    await slack.user("alice").reply("and?", "incidents", root.ts)
    await page.until("!window.first.isConnected")
    assert "replies" in await page.run("document.activeElement.className"), "the focus stays where it was"
    await page.click("#to-side")
    await page.until(f"{panes} === 'side'")
    await page.click("#channels button", "random")
    await page.until(f"{panes} === 'channel'")
    assert await page.run("document.documentElement.scrollWidth") == 400
    assert page.complaints == []
