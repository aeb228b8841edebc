"""The page's side of the emulator: its files, what a person sees, and what they can do there."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import SlackEmulator
from bot.demo.slack_emulator.drawing_kit import DrawingKit
from bot.demo.slack_emulator.page_api import FILES
from tests.demo.slack_emulator.conftest import SteppingClock

BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}


class Browser:
    """Asks what the page's script asks."""

    def __init__(self, session: aiohttp.ClientSession, slack: SlackEmulator) -> None:
        self.session = session
        self._url = slack.page_url
        self._origin = {"Origin": slack.page_url.rstrip("/")}

    async def state(self, user: str) -> dict[str, Any]:
        async with self.session.get(f"{self._url}page-api/state", params={"user": user}) as response:
            body: dict[str, Any] = await response.json()
            return body

    async def act(self, deed: str, **body: Any) -> dict[str, Any]:
        url = f"{self._url}page-api/do/{deed}"
        async with self.session.post(url, json=body, headers=self._origin) as response:
            answer: dict[str, Any] = await response.json()
            return answer


@pytest.fixture
async def browser(slack: SlackEmulator) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession() as session:
        yield Browser(session, slack)


async def test_the_page_and_all_it_refers_to_are_served(slack: SlackEmulator, browser: Browser) -> None:
    wanted = ["", *(f"page/{path.name}" for path in FILES.iterdir() if path.suffix in {".js", ".css"})]
    texts = []
    for path in wanted:
        async with browser.session.get(slack.page_url + path) as response:
            assert response.status == 200
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]
            texts.append(await response.text())
    for reference in re.findall(r'["\'](/page/[\w.]+)["\']', "\n".join(texts)):
        # The kit is there only once it was built.
        assert reference.removeprefix("/") in [*wanted, "page/kit.js", "page/kit.css"]
    async with browser.session.get(slack.page_url + "page/..%2femulator.py") as response:
        assert response.status == 404


def test_the_page_puts_nothing_in_as_html_and_loads_nothing_from_elsewhere() -> None:
    for path in [*FILES.iterdir(), *(FILES / "kit").iterdir()]:
        if path.suffix in {".js", ".jsx", ".html", ".css"}:
            text = path.read_text(encoding="utf-8")
            for forbidden in (
                "innerHTML",
                "InnerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "//cdn",
                "@import",
            ):
                assert forbidden not in text, f"{forbidden} in {path.name}"
            assert not re.search(r'(src|href)="https?:', text), path.name


async def test_everybody_sees_what_is_theirs_to_see(
    slack: SlackEmulator, browser: Browser, client: AsyncWebClient
) -> None:
    await client.chat_postEphemeral(channel="C0INCIDENTS", user="U0BOB", text="for bob")
    await slack.user("alice").say("hush", "secret")
    alice, bob = await browser.state("U0ALICE"), await browser.state("U0BOB")
    assert [m["text"] for m in bob["ephemerals"]] == ["for bob"]
    assert alice["ephemerals"] == []
    assert "secret" in [c["name"] for c in alice["channels"]]
    assert "secret" not in [c["name"] for c in bob["channels"]]
    assert [c["name"] for c in alice["commands"]] == ["/ask-claude"]


async def test_people_act_through_the_page(
    slack: SlackEmulator, browser: Browser, app: AsyncApp, connect: Any, client: AsyncWebClient
) -> None:
    @app.action("go")
    async def go(ack: Any) -> None:
        await ack()

    @app.command("/ask-claude")
    async def ask(ack: Any) -> None:
        await ack("on it")

    app.event("message")(_nothing)
    await connect()
    here = {"user": "U0BOB", "channel": "C0INCIDENTS"}
    assert await browser.act("say", **here, text="hello") == {}
    said = slack.messages("incidents")[0]
    await browser.act("say", **here, text="again", thread_ts=said.ts)
    assert [m.text for m in slack.messages("incidents", said.ts)] == ["hello", "again"]
    assert (await browser.act("slash", **here, text="/ask-claude x"))["acked"]
    posted = await client.chat_postMessage(
        channel="C0INCIDENTS", text="x", blocks=[{"type": "actions", "elements": [BUTTON]}]
    )
    assert (await browser.act("click", **here, ts=posted["ts"], action_id="go"))["acked"]
    fired = await browser.act("alert", user="U0BOB", name="firing")
    assert slack.messages("alerts")[0].ts == fired["ts"]


async def _nothing() -> None:
    """A listener, so that events are acknowledged."""


async def test_a_control_is_found_by_its_block_where_two_share_an_action_id(
    slack: SlackEmulator, browser: Browser, app: AsyncApp, connect: Any, client: AsyncWebClient
) -> None:
    pressed: list[str] = []

    @app.action("go")
    async def go(ack: Any, action: dict[str, Any]) -> None:
        pressed.append(action["block_id"])
        await ack()

    await connect()
    blocks = [{"type": "actions", "block_id": name, "elements": [BUTTON]} for name in ("first", "second")]
    posted = await client.chat_postMessage(channel="C0INCIDENTS", text="x", blocks=blocks)
    here = {"user": "U0BOB", "channel": "C0INCIDENTS", "ts": posted["ts"], "action_id": "go"}
    assert (await browser.act("click", **here, block_id="second"))["acked"]
    assert (await browser.act("click", **here))["acked"]
    assert pressed == ["second", "first"]
    assert "no 'go'" in (await browser.act("click", **here, block_id="third"))["problem"]


async def test_what_draws_block_kit_is_served_once_it_is_there_and_until_then_there_is_plain_text(
    slack: SlackEmulator, browser: Browser, client: AsyncWebClient, tmp_path: Path
) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*hello* <@U0ALICE>"}}]
    attachment = {"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "inside"}}]}
    await client.chat_postMessage(channel="C0INCIDENTS", text="x", blocks=blocks, attachments=[attachment])

    async def message() -> dict[str, Any]:
        state = await browser.state("U0BOB")
        found: dict[str, Any] = next(c for c in state["channels"] if c["name"] == "incidents")["messages"][0]
        return found

    assert (await message())["blocks"][0]["plain"] == "*hello* @alice"
    assert "inside" in (await message())["attachments"][0]["blocks"][0]["plain"]
    state = await browser.state("U0BOB")
    assert state["kit"] == {"is_there": False, "problem": slack.page.kit.problem}
    assert "plain text" in slack.page.kit.problem
    async with browser.session.get(f"{slack.page_url}page/kit.js") as response:
        assert response.status == 404

    (tmp_path / "kit.js").write_text("export {};")
    slack.page.kit = DrawingKit(tmp_path)
    assert (await browser.state("U0BOB"))["kit"]["is_there"]
    assert "plain" not in (await message())["blocks"][0]
    async with browser.session.get(f"{slack.page_url}page/kit.js") as response:
        assert await response.text() == "export {};"


async def test_time_can_be_skipped_only_by_whoever_started_all_clocks(
    slack: SlackEmulator, browser: Browser, clock: SteppingClock
) -> None:
    assert (await browser.state("U0BOB"))["clock"]["can_skip"] is False
    assert (await browser.act("skip", user="U0BOB", minutes=10))["problem"] == "cannot_skip"

    async def skip(span: timedelta) -> None:
        clock.skip(seconds=span.total_seconds())

    slack.page.skip_time = skip
    before = await browser.state("U0BOB")
    assert before["clock"]["can_skip"]
    assert await browser.act("skip", user="U0BOB", minutes=10) == {}
    assert (await browser.state("U0BOB"))["clock"]["now"] - before["clock"]["now"] >= 600
    for minutes in (0, -5, 100_000):
        assert (await browser.act("skip", user="U0BOB", minutes=minutes))["problem"] == "cannot_skip"


async def test_what_cannot_be_done_is_explained(browser: Browser) -> None:
    here = {"user": "U0BOB", "channel": "C0INCIDENTS"}
    assert "unknown deed" in (await browser.act("explode", **here))["problem"]
    assert "no message" in (await browser.act("click", **here, ts="1.000001", action_id="go"))["problem"]
    assert "no user" in (await browser.act("say", user="U0GHOST", channel="C0INCIDENTS", text="x"))["problem"]
    assert (await browser.act("say", user="U0BOB", channel="G0WAR", text="x"))["problem"] == "not_in_channel"


async def test_a_form_from_another_page_is_not_obeyed(slack: SlackEmulator, browser: Browser) -> None:
    url = f"{slack.page_url}page-api/do/say"
    async with browser.session.post(url, data={"user": "U0BOB", "channel": "C0INCIDENTS", "text": "x"}) as response:
        assert response.status == 404
    async with browser.session.post(url, json={}, headers={"Origin": "null"}) as response:
        assert response.status == 403
    assert slack.messages("incidents") == []


async def test_the_feed_tells_of_every_change(slack: SlackEmulator, browser: Browser) -> None:
    async with browser.session.get(f"{slack.page_url}page-api/feed") as feed:
        assert await asyncio.wait_for(feed.content.readline(), 2) == b"data: hello\n"
        await feed.content.readline()
        await slack.user("bob").say("hello", "incidents")
        assert await asyncio.wait_for(feed.content.readline(), 2) == b"data: posted\n"


async def test_it_runs_alone_and_says_where_it_is() -> None:
    command = [sys.executable, "-m", "bot.demo.slack_emulator", "--port", "0", "--plain"]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, cwd=FILES.parents[3], env={"PYTHONDONTWRITEBYTECODE": "1"}
    )
    assert process.stdout is not None
    lines = [(await asyncio.wait_for(process.stdout.readline(), 10)).decode() for _ in range(3)]
    settings = dict(line.strip().split("=", 1) for line in lines)
    answer = await AsyncWebClient(token=settings["SLACK_BOT_TOKEN"], base_url=settings["SLACK_API_URL"]).auth_test()
    assert answer["ok"]
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 0
    await process.communicate()
