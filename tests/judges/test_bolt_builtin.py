"""A third socket client of Slack's own: the one without asyncio, which brings a WebSocket implementation of its own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_sdk import WebClient

from bot.demo.slack_emulator import SlackEmulator

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
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


def built(client: WebClient) -> App:
    app = App(client=client)

    @app.command("/ask-claude")
    def ask(ack: Any, command: dict[str, Any]) -> None:
        ack()
        client.chat_postMessage(channel=command["channel_id"], text=f"asked: {command['text']}", blocks=[ROW])

    @app.event("message")
    def message(event: dict[str, Any]) -> None:
        if event.get("text") == "hello":
            client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text="heard")

    @app.action("go")
    def go(ack: Any, body: dict[str, Any]) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.view("why")
    def why(ack: Any, view: dict[str, Any]) -> None:
        ack()
        client.chat_postMessage(channel="C0INCIDENTS", text=view["state"]["values"]["b"]["a"]["value"])

    return app


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator(MANIFEST) as emulator:
        client = WebClient(token=emulator.bot_token, base_url=emulator.api_url)
        app = await asyncio.to_thread(built, client)
        handler = SocketModeHandler(app, emulator.app_token)
        await asyncio.to_thread(handler.connect)
        await emulator.wait_connected()
        yield emulator
        await asyncio.to_thread(handler.close)


async def test_command_message_click_and_form_work_without_asyncio(slack: SlackEmulator) -> None:
    bob = slack.user("bob")
    assert (await bob.slash("/ask-claude why", "incidents")).is_acked
    asked = await slack.wait_for(lambda m: m.text == "asked: why")
    said = await bob.say("hello", "incidents")
    assert (await slack.wait_for(lambda m: m.text == "heard")).thread_ts == said.ts
    assert (await bob.click("incidents", asked.ts, "go")).is_acked
    form = await slack.wait_until(lambda: next(iter(slack.views("bob")), None))
    assert (await bob.submit(form.id, {"b": {"a": "because"}})).is_acked
    await slack.wait_for(lambda m: m.text == "because")


async def test_it_connects_again_when_it_is_told_to(slack: SlackEmulator) -> None:
    opened = len(slack.calls("apps.connections.open"))
    await slack.disconnect("refresh_requested")
    await slack.wait_until(lambda: len(slack.calls("apps.connections.open")) > opened or None, timeout=20)
    await slack.wait_connected(timeout=20)
    await slack.user("bob").say("hello", "incidents")
    await slack.wait_for(lambda m: m.text == "heard", timeout=20)
