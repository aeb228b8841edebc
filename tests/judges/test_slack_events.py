"""The events the emulator sends have the fields that Slack's own types promise an app."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import SlackEmulator

pytestmark = [pytest.mark.outside, pytest.mark.timeout(400)]

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
Complaints = Callable[[Any], list[str]]


def as_typed(event: dict[str, Any]) -> dict[str, Any]:
    """A message inside an event has no channel of its own in Slack; the types say that it has."""
    outer = {key: event[key] for key in ("channel", "channel_type", "event_ts") if key in event}
    within = [key for key in ("message", "previous_message", "root") if key in event]
    inner: dict[str, Any] = {key: {**outer, **event[key]} for key in within}
    return {**event, **inner}


async def every_event() -> list[dict[str, Any]]:
    """One of each kind there is, and every shape of a message."""
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    manifest["oauth_config"]["scopes"]["bot"].append("reactions:read")
    manifest["settings"]["event_subscriptions"]["bot_events"].append("reaction_added")
    async with SlackEmulator(manifest) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        bob = slack.user("bob")
        said = await bob.say("hello", "incidents")
        await bob.mention("look", "incidents", said.ts)
        await bob.reply("all look", "incidents", said.ts, broadcast=True)
        await bob.react("incidents", said.ts, "eyes")
        await bob.edit("incidents", said.ts, "hello again")
        posted = await client.chat_postMessage(channel="C0INCIDENTS", text="one")
        await client.chat_update(channel="C0INCIDENTS", ts=posted["ts"], text="two")
        await client.chat_delete(channel="C0INCIDENTS", ts=posted["ts"])
        await slack.monitor("Alertmanager").post({"attachments": [{"color": "danger", "text": "down"}]})
        await bob.dm("between us")
        await bob.open_home()
        await bob.stop("incidents", said.ts)
        await bob.invite("random")
        return [payload["event"] for payload in slack.events()]


async def test_every_event_is_one_that_slack_types_know(of_event: Complaints) -> None:
    events = await every_event()
    kinds = {(event["type"], event.get("subtype")) for event in events}
    assert len(kinds) == 10, kinds
    assert [(event, found) for event in events if (found := of_event(as_typed(event)))] == []


async def test_the_judge_of_events_refuses_a_message_that_lacks_a_field(of_event: Complaints) -> None:
    messages = [as_typed(event) for event in await every_event() if event["type"] == "message"]
    for message in messages:
        for key in ("channel", "event_ts", "ts"):
            assert of_event({name: value for name, value in message.items() if name != key}), (message, key)
