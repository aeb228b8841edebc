"""Bolt's two socket clients on asyncio, aiohttp's and that of websockets, live in the emulator as in Slack."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode import aiohttp, websockets
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import Limits, SlackEmulator, SocketTiming

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
PATIENCE = 20.0
HANDLERS = {"aiohttp": aiohttp.AsyncSocketModeHandler, "websockets": websockets.AsyncSocketModeHandler}
ROW = {
    "type": "actions",
    "elements": [{"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}],
}
FORM: dict[str, Any] = {
    "type": "modal",
    "callback_id": "why",
    "title": {"type": "plain_text", "text": "Why?"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "b",
            "label": {"type": "plain_text", "text": "Why"},
            "element": {"type": "plain_text_input", "action_id": "a"},
        }
    ],
}
# The client of websockets reads on from the socket that it has just replaced, and calls its end a failure.
FALSE_ALARM = "Failed to receive or enqueue a message: ConnectionClosed"
# What either says while Slack lets no socket open.
SHUT_OUT = ("forbidden_team", "Failed to check the current session", "Failed to retrieve WSS URL", FALSE_ALARM)


def built(client: AsyncWebClient) -> AsyncApp:
    app = AsyncApp(client=client)

    @app.command("/ask-claude")
    async def ask(ack: Any, command: dict[str, Any]) -> None:
        await ack("on it")
        await client.chat_postMessage(channel=command["channel_id"], text=f"asked: {command['text']}", blocks=[ROW])

    @app.event("message")
    async def message(event: dict[str, Any]) -> None:
        if str(event.get("text")).startswith("hello"):
            await client.chat_postMessage(
                channel=event["channel"], thread_ts=event["ts"], text=f"heard {event['text']}"
            )

    @app.action("go")
    async def go(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.view("why")
    async def why(ack: Any, view: dict[str, Any]) -> None:
        typed = view["state"]["values"]["b"]["a"]["value"]
        if typed == "no":
            await ack(response_action="errors", errors={"b": "Say more."})
            return
        await ack()
        await client.chat_postMessage(channel="C0INCIDENTS", text=typed)

    @app.shortcut("investigate_message")
    async def shortcut(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await client.chat_postMessage(channel=body["channel"]["id"], thread_ts=body["message_ts"], text="looking")

    return app


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    timing = SocketTiming(warning_grace=0.5, refresh_grace=0.3, redelivery=(0.0, 0.2, 1.0))
    async with SlackEmulator(MANIFEST, timing=timing, limits=Limits(rate_limits=True)) as emulator:
        yield emulator


@pytest.fixture(params=sorted(HANDLERS))
async def handler(request: pytest.FixtureRequest, slack: SlackEmulator) -> AsyncIterator[Any]:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    made = HANDLERS[request.param](built(client), slack.app_token, ping_interval=0.5)
    await made.connect_async()
    await slack.wait_connected()
    yield made
    await made.close_async()


@pytest.mark.usefixtures("handler")
async def test_command_message_click_form_and_shortcut_work(slack: SlackEmulator) -> None:
    bob = slack.user("bob")
    outcome = await bob.slash("/ask-claude why", "incidents")
    assert (outcome.is_acked, outcome.shown) == (True, "on it")
    asked = await slack.wait_for(lambda m: m.text == "asked: why")
    said = await bob.say("hello", "incidents")
    assert (await slack.wait_for(lambda m: m.text == "heard hello")).thread_ts == said.ts
    assert (await bob.click("incidents", asked.ts, "go")).is_acked
    form = await slack.wait_until(lambda: next(iter(slack.views("bob")), None))
    assert (await bob.submit(form.id, {"b": {"a": "no"}})).errors == {"b": "Say more."}
    assert (await bob.submit(form.id, {"b": {"a": "because"}})).is_acked
    await slack.wait_for(lambda m: m.text == "because")
    assert slack.views("bob") == []
    assert (await bob.shortcut("investigate_message", "incidents", said.ts)).is_acked
    assert (await slack.wait_for(lambda m: m.text == "looking")).thread_ts == said.ts
    assert all(call.is_ok for call in slack.calls())


async def test_it_stops_and_leaves_no_socket(slack: SlackEmulator, handler: Any) -> None:
    await handler.close_async()
    await slack.wait_until(lambda: slack.connections == 0 or None)
    outcome = await slack.user("bob").slash("/ask-claude anybody?", "incidents")
    assert not outcome.is_acked


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "too_many_websockets"])
@pytest.mark.usefixtures("handler")
async def test_told_to_reconnect_it_comes_back_and_hears_everything(
    slack: SlackEmulator, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    opened = len(slack.calls("apps.connections.open"))
    await slack.disconnect(reason)
    for number in range(3):
        await slack.user("bob").say(f"hello {number}", "incidents")
    await slack.wait_until(lambda: len(slack.calls("apps.connections.open")) > opened or None, PATIENCE)
    for number in range(3):
        await slack.wait_for(lambda m, text=f"heard hello {number}": m.text == text, PATIENCE)  # type: ignore[misc]
    await slack.wait_connected(1, PATIENCE)
    heard = [m.text for m in slack.team.all_messages() if m.text.startswith("heard")]
    assert sorted(set(heard)) == [f"heard hello {number}" for number in range(3)]
    assert complaints(caplog, FALSE_ALARM) == []


@pytest.mark.usefixtures("handler")
async def test_shut_out_it_hears_nothing_and_let_in_again_it_hears_what_waited(
    slack: SlackEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    await slack.disconnect("link_disabled")
    await slack.wait_until(lambda: slack.connections == 0 or None)
    await slack.user("bob").say("hello", "incidents")
    refused = await slack.wait_until(
        lambda: next((call for call in slack.calls("apps.connections.open") if call.answer and not call.is_ok), None),
        PATIENCE,
    )
    assert refused.answer == {"ok": False, "error": "forbidden_team"}
    assert not [m for m in slack.team.all_messages() if m.text == "heard hello"]
    slack.enable_socket_mode()
    await slack.wait_for(lambda m: m.text == "heard hello", PATIENCE)
    assert complaints(caplog, *SHUT_OUT) == []


def complaints(caplog: pytest.LogCaptureFixture, *known: str) -> list[str]:
    """What was logged as an error and is not among the known words."""
    errors = [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR]
    return [each for each in errors if not any(part in each for part in known)]
