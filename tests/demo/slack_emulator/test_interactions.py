"""Commands, clicks, forms and response URLs, as the real Bolt sees them."""

from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.demo.slack_emulator import SlackEmulator


def text_object(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


BUTTONS: list[dict[str, Any]] = [
    {
        "type": "actions",
        "block_id": "row",
        "elements": [
            {"type": "button", "action_id": "go", "text": text_object("Go"), "value": "v1"},
            {
                "type": "static_select",
                "action_id": "pick",
                "options": [{"text": text_object("One"), "value": "1"}, {"text": text_object("Two"), "value": "2"}],
            },
        ],
    },
]


def modal(callback_id: str, **changes: Any) -> dict[str, Any]:
    field = {
        "type": "input",
        "block_id": "b",
        "optional": True,
        "label": text_object("L"),
        "element": {"type": "plain_text_input", "action_id": "a", "initial_value": "seed"},
    }
    view = {"type": "modal", "callback_id": callback_id, "title": text_object("T"), "submit": text_object("S")}
    return {**view, "blocks": [field], **changes}


async def error(client: AsyncWebClient, method: str, **args: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=args)
    return str(caught.value.response["error"])


# -- commands ------------------------------------------------------------------------------------------


async def test_a_command_carries_what_slack_sends(
    slack: SlackEmulator, app: AsyncApp, connect: Any, heard: Any
) -> None:
    @app.command("/ask-claude")
    async def ask(ack: Any, body: dict[str, Any]) -> None:
        await ack({"response_type": "ephemeral", "text": "On it"})
        await heard(body)

    await connect()
    line = "/ask-claude why did @bob break #alerts, see https://example.com"
    outcome = await slack.user("alice").slash(line, channel="incidents")
    body = heard.bodies[0]
    assert body["text"] == "why did <@U0BOB|bob> break <#C0ALERTS|alerts>, see <https://example.com>"
    assert (body["user_id"], body["channel_id"], body["channel_name"]) == ("U0ALICE", "C0INCIDENTS", "incidents")
    assert body["command"] == "/ask-claude"
    assert (outcome.is_acked, outcome.shown) == (True, "On it")
    assert [m.text for m in slack.ephemerals("alice")] == ["On it"]


async def test_commands_do_not_exist_in_threads(slack: SlackEmulator, app: AsyncApp, connect: Any) -> None:
    await connect()
    outcome = await slack.user("bob").slash("/ask-claude x", channel="incidents", thread_ts="1.000001")
    assert not outcome.is_acked
    assert "thread" in (outcome.shown or "")
    unknown = await slack.user("bob").slash("/deploy now", channel="incidents")
    assert unknown.shown == "/deploy is not a valid command."
    assert slack.deliveries() == []


# -- clicks --------------------------------------------------------------------------------------------


async def test_a_click_carries_what_slack_sends(
    slack: SlackEmulator, app: AsyncApp, connect: Any, heard: Any, client: AsyncWebClient
) -> None:
    @app.action("go")
    @app.action("pick")
    async def go(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await heard(body)

    await connect()
    ts = (await client.chat_postMessage(channel="C0INCIDENTS", text="x", blocks=BUTTONS))["ts"]
    await slack.user("bob").click("incidents", ts, "go")
    await slack.user("bob").click("incidents", ts, "pick", value="2")
    pressed, picked = heard.bodies
    assert pressed["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": "C0INCIDENTS",
        "is_ephemeral": False,
    }
    assert (pressed["user"]["id"], pressed["user"]["team_id"], pressed["team"]["id"]) == ("U0BOB", "T0DEMO", "T0DEMO")
    assert pressed["message"]["ts"] == ts
    action = pressed["actions"][0]
    assert (action["action_id"], action["block_id"], action["value"]) == ("go", "row", "v1")
    assert action["action_ts"]
    assert picked["actions"][0]["selected_option"]["value"] == "2"


async def test_what_is_not_there_cannot_be_clicked(slack: SlackEmulator, client: AsyncWebClient) -> None:
    ts = (await client.chat_postMessage(channel="C0INCIDENTS", text="x", blocks=BUTTONS))["ts"]
    with pytest.raises(LookupError, match=r"there is \['go', 'pick'\]"):
        await slack.user("bob").click("incidents", ts, "stop")
    theirs = await slack.monitor("Alertmanager").post({"text": "x", "blocks": BUTTONS}, "incidents")
    with pytest.raises(LookupError, match="not from this app"):
        await slack.user("bob").click("incidents", theirs.ts, "go")


async def test_a_click_without_ack_shows_an_error_and_is_not_repeated(
    slack: SlackEmulator, app: AsyncApp, connect: Any, client: AsyncWebClient
) -> None:
    await connect()
    ts = (await client.chat_postMessage(channel="C0INCIDENTS", text="x", blocks=BUTTONS))["ts"]
    outcome = await slack.user("bob").click("incidents", ts, "go")
    assert (outcome.is_acked, bool(outcome.shown)) == (False, True)
    assert len(slack.deliveries("interactive")) == 1
    assert [m.text for m in slack.ephemerals("bob")] == [outcome.shown]


async def test_an_ephemeral_button_has_no_message_in_its_payload(
    slack: SlackEmulator, app: AsyncApp, connect: Any, heard: Any, client: AsyncWebClient
) -> None:
    @app.action("go")
    async def go(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        await respond(text="done", replace_original=True)
        await heard(body)

    await connect()
    await client.chat_postEphemeral(channel="C0INCIDENTS", user="U0BOB", text="x", blocks=BUTTONS)
    await slack.user("bob").click("incidents", slack.ephemerals("bob")[0].ts, "go")
    await heard.wait()
    assert "message" not in heard.bodies[0]
    assert heard.bodies[0]["container"]["is_ephemeral"]
    assert [(m.text, m.blocks) for m in slack.ephemerals("bob")] == [("done", [])]


async def test_a_message_shortcut_carries_the_message(
    slack: SlackEmulator, app: AsyncApp, connect: Any, heard: Any
) -> None:
    @app.shortcut("investigate_message")
    async def investigate(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await heard(body)

    await connect()
    alert = await slack.monitor("Alertmanager").post({"text": "FIRING"})
    assert (await slack.user("bob").shortcut("investigate_message", "alerts", alert.ts)).is_acked
    assert heard.bodies[0]["message"]["text"] == "FIRING"
    with pytest.raises(LookupError, match="no message shortcut"):
        await slack.user("bob").shortcut("explode", "alerts", alert.ts)


# -- response URLs and webhooks ------------------------------------------------------------------------


async def response_url(slack: SlackEmulator, app: AsyncApp, connect: Any) -> str:
    found: list[str] = []

    @app.command("/ask-claude")
    async def ask(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        found.append(body["response_url"])

    await connect()
    await slack.user("bob").slash("/ask-claude x", channel="random")
    return found[0]


async def test_a_response_url_works_five_times(slack: SlackEmulator, app: AsyncApp, connect: Any) -> None:
    webhook = AsyncWebhookClient(await response_url(slack, app, connect))
    for number in range(4):
        assert (await webhook.send(text=str(number))).status_code == 200
    await webhook.send(text="for all", response_type="in_channel")
    refused = await webhook.send(text="one too many")
    assert refused.status_code == 404
    assert "used_url" in refused.body
    # The bot is not in #random: a response URL works there all the same.
    assert [m.text for m in slack.ephemerals("bob")] == ["0", "1", "2", "3"]
    assert [m.text for m in slack.messages("random")] == ["for all"]


async def test_a_response_url_lives_half_an_hour(slack: SlackEmulator, app: AsyncApp, connect: Any, clock: Any) -> None:
    webhook = AsyncWebhookClient(await response_url(slack, app, connect))
    clock.skip(minutes=29)
    assert (await webhook.send(text="in time")).status_code == 200
    clock.skip(minutes=2)
    assert "expired_url" in (await webhook.send(text="late")).body


async def test_a_response_url_can_replace_and_delete_the_original(
    slack: SlackEmulator, app: AsyncApp, connect: Any, client: AsyncWebClient
) -> None:
    found: list[str] = []

    @app.action("go")
    async def go(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        found.append(body["response_url"])

    await connect()
    ts = (await client.chat_postMessage(channel="C0INCIDENTS", text="x", blocks=BUTTONS))["ts"]
    await slack.user("bob").click("incidents", ts, "go")
    webhook = AsyncWebhookClient(found[0])
    await webhook.send(text="replaced", replace_original=True)
    assert [(m.text, m.blocks) for m in slack.messages("incidents")] == [("replaced", [])]
    await webhook.send(delete_original=True)
    assert slack.messages("incidents") == []


async def test_an_incoming_webhook_posts_an_alert(slack: SlackEmulator) -> None:
    webhook = AsyncWebhookClient(slack.webhook_url("Alertmanager"))
    payload = {"channel": "#alerts", "username": "Alertmanager", "attachments": [{"title": "t", "color": "good"}]}
    assert (await webhook.send_dict(payload)).body == "ok"
    posted = slack.messages("alerts")[0]
    assert (posted.subtype, posted.text, posted.attachments[0]["color"]) == ("bot_message", "", "2eb886")
    assert (await webhook.send_dict({"username": "x"})).body == "no_text"
    assert (await webhook.send_dict({"channel": "#nowhere", "text": "x"})).body == "channel_not_found"
    stranger = AsyncWebhookClient(slack.webhook_url("Alertmanager") + "x")
    refused = await stranger.send(text="x")
    assert (refused.status_code, refused.body) == (404, "no_service")
    assert (await webhook.send_dict({})).body == "invalid_payload"
    nowhere = AsyncWebhookClient(f"{slack.page_url}response/r0")
    assert "no_such_url" in (await nowhere.send(text="x")).body


# -- views ---------------------------------------------------------------------------------------------


async def trigger(slack: SlackEmulator, app: AsyncApp, connect: Any, user: str = "bob") -> str:
    found: list[str] = []

    @app.command("/ask-claude")
    async def ask(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        found.append(body["trigger_id"])

    await connect()
    await slack.user(user).slash("/ask-claude x", channel="incidents")
    return found[0]


async def test_a_trigger_opens_one_view_within_three_seconds(
    slack: SlackEmulator, app: AsyncApp, connect: Any, client: AsyncWebClient, clock: Any
) -> None:
    trigger_id = await trigger(slack, app, connect)
    await client.views_open(trigger_id=trigger_id, view=modal("m"))
    assert [v.callback_id for v in slack.views("bob")] == ["m"]
    assert await error(client, "views.open", trigger_id=trigger_id, view=modal("m")) == "exchanged_trigger_id"
    assert await error(client, "views.open", trigger_id="1.2.x", view=modal("m")) == "invalid_trigger_id"


async def test_a_trigger_expires(
    slack: SlackEmulator, app: AsyncApp, connect: Any, client: AsyncWebClient, clock: Any
) -> None:
    trigger_id = await trigger(slack, app, connect)
    clock.skip(seconds=4)
    assert await error(client, "views.open", trigger_id=trigger_id, view=modal("m")) == "expired_trigger_id"


async def test_views_are_checked(slack: SlackEmulator, app: AsyncApp, connect: Any, client: AsyncWebClient) -> None:
    trigger_id = await trigger(slack, app, connect)
    wrong = (
        modal("m", title=text_object("x" * 25)),
        modal("m", submit=text_object("x" * 25)),
        modal("m", private_metadata="x" * 3001),
        modal("m", blocks=[{"type": "divider"}] * 101),
        modal("m", type="popup"),
    )
    for view in wrong:
        assert await error(client, "views.open", trigger_id=trigger_id, view=view) == "invalid_arguments"
    assert await error(client, "views.update", view_id="V0GHOST", view=modal("m")) == "not_found"
    assert (
        await error(client, "views.publish", user_id="U0GHOST", view={"type": "home", "blocks": []}) == "user_not_found"
    )
    long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2_990}}
    huge = {"type": "modal", "title": text_object("T"), "blocks": [long] * 90}
    assert await error(client, "views.open", trigger_id=trigger_id, view=huge) == "view_too_large"
    # A refused view does not use the trigger up.
    opened = await client.views_open(trigger_id=trigger_id, view=modal("m"))
    stale = {"view_id": opened["view"]["id"], "hash": "old", "view": modal("m")}
    assert await error(client, "views.update", **stale) == "hash_conflict"
    updated = await client.views_update(view_id=opened["view"]["id"], view=modal("n"))
    assert updated["view"]["id"] == opened["view"]["id"]
    assert [v.callback_id for v in slack.views("bob")] == ["n"]


async def test_the_ack_of_a_form_can_update_push_and_clear(
    slack: SlackEmulator, app: AsyncApp, connect: Any, client: AsyncWebClient, heard: Any
) -> None:
    @app.view("first")
    async def first(ack: Any, body: dict[str, Any]) -> None:
        await ack(response_action="update", view=modal("second"))
        await heard(body)

    @app.view("second")
    async def second(ack: Any) -> None:
        await ack(response_action="push", view=modal("third"))

    @app.view("third")
    async def third(ack: Any) -> None:
        await ack(response_action="clear")

    bob = slack.user("bob")
    await client.views_open(trigger_id=await trigger(slack, app, connect), view=modal("first"))
    await bob.submit(slack.views("bob")[0].id)
    assert heard.bodies[0]["view"]["state"]["values"] == {"b": {"a": {"type": "plain_text_input", "value": "seed"}}}
    assert [v.callback_id for v in slack.views("bob")] == ["second"]
    await bob.submit(slack.views("bob")[0].id, {"b": {"a": "typed"}})
    assert [v.callback_id for v in slack.views("bob")] == ["second", "third"]
    with pytest.raises(LookupError, match="this form has no"):
        await bob.submit(slack.views("bob")[-1].id, {"c": {"a": "x"}})
    await bob.submit(slack.views("bob")[-1].id)
    assert slack.views("bob") == []


async def test_views_are_pushed_three_deep_at_most(
    slack: SlackEmulator, app: AsyncApp, connect: Any, client: AsyncWebClient, heard: Any
) -> None:
    @app.action("go")
    async def go(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await heard(body)

    with_button = modal("m", blocks=BUTTONS)
    await client.views_open(trigger_id=await trigger(slack, app, connect), view=with_button)
    for depth in (2, 3, 4):
        await slack.user("bob").click_in_view(slack.views("bob")[-1].id, "go")
        fresh = heard.bodies[-1]["trigger_id"]
        if depth < 4:
            await client.views_push(trigger_id=fresh, view=with_button)
        else:
            assert await error(client, "views.push", trigger_id=fresh, view=with_button) == "push_limit_reached"
    assert len(slack.views("bob")) == 3


async def test_closing_a_view_is_told_when_asked_for(
    slack: SlackEmulator, app: AsyncApp, connect: Any, client: AsyncWebClient, heard: Any
) -> None:
    @app.view_closed("m")
    async def closed(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await heard(body)

    await client.views_open(trigger_id=await trigger(slack, app, connect), view=modal("m", notify_on_close=True))
    assert (await slack.user("bob").close(slack.views("bob")[0].id)).is_acked
    assert heard.bodies[0]["type"] == "view_closed"
    assert slack.views("bob") == []


async def test_a_form_without_ack_stays_open(
    slack: SlackEmulator, app: AsyncApp, connect: Any, client: AsyncWebClient
) -> None:
    await client.views_open(trigger_id=await trigger(slack, app, connect), view=modal("nobody"))
    outcome = await slack.user("bob").submit(slack.views("bob")[0].id)
    assert not outcome.is_acked
    assert len(slack.views("bob")) == 1


async def test_a_home_tab_can_be_published_and_clicked(
    slack: SlackEmulator, app: AsyncApp, connect: Any, client: AsyncWebClient, heard: Any
) -> None:
    @app.action("go")
    async def go(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await heard(body)

    await connect()
    await client.views_publish(user_id="U0BOB", view={"type": "home", "blocks": BUTTONS})
    home = slack.home("bob")
    assert home is not None
    await slack.user("bob").click_in_view(home.id, "go")
    assert heard.bodies[0]["container"] == {"type": "view", "view_id": home.id}
