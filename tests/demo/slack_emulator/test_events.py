"""The event feed: which events a happening makes, in which shape, and which are withheld."""

from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import Refused, SlackEmulator

ALERT = {"attachments": [{"title": "[FIRING:1] HighErrorRate", "text": "", "color": "danger"}]}


class Feed:
    """All event payloads the emulator sent since the test began."""

    def __init__(self, slack: SlackEmulator) -> None:
        self._slack = slack

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return self._slack.events()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [payload["event"] for payload in self.payloads]

    def only(self) -> dict[str, Any]:
        assert len(self.events) == 1, self.events
        return self.events[0]


@pytest.fixture
def feed(slack: SlackEmulator) -> Feed:
    return Feed(slack)


async def test_a_persons_message(slack: SlackEmulator, feed: Feed) -> None:
    message = await slack.user("bob").say(
        "is @alice in #alerts? 1 < 2 https://example.com/?a=1&b=2, @bob.", "incidents"
    )
    event = feed.only()
    assert (
        event["text"] == "is <@U0ALICE> in <#C0ALERTS|alerts>? 1 &lt; 2 <https://example.com/?a=1&amp;b=2>, <@U0BOB>."
    )
    assert (event["type"], event["user"], event["channel_type"]) == ("message", "U0BOB", "channel")
    assert event["ts"] == event["event_ts"] == message.ts
    assert event["client_msg_id"]
    kinds = [e["type"] for e in event["blocks"][0]["elements"][0]["elements"]]
    assert kinds == ["text", "user", "text", "channel", "text", "link", "text", "user", "text"]
    envelope = feed.payloads[0]
    assert (envelope["type"], envelope["team_id"], envelope["api_app_id"]) == ("event_callback", "T0DEMO", "A0DEMO")
    assert envelope["authorizations"][0]["user_id"] == "U0BOT"


async def test_a_mention_makes_two_events_with_one_ts(slack: SlackEmulator, feed: Feed) -> None:
    await slack.user("bob").mention("help", "incidents")
    assert [event["type"] for event in feed.events] == ["message", "app_mention"]
    assert len({event["ts"] for event in feed.events}) == 1
    assert len({payload["event_id"] for payload in feed.payloads}) == 2
    assert feed.events[0]["text"] == "<@U0BOT> help"


async def test_a_typed_name_of_the_app_is_a_mention(slack: SlackEmulator, feed: Feed) -> None:
    await slack.user("bob").say("@ask-claude help", "incidents")
    assert [event["type"] for event in feed.events] == ["message", "app_mention"]


async def test_a_direct_message_is_no_mention(slack: SlackEmulator, feed: Feed) -> None:
    await slack.user("bob").dm("<@U0BOT> help")
    assert feed.only()["channel_type"] == "im"


async def test_both_shapes_of_a_monitor(slack: SlackEmulator, feed: Feed) -> None:
    await slack.monitor("Alertmanager").post(ALERT)
    await slack.monitor("Grafana").post(ALERT)
    webhook, app = feed.events
    assert (webhook["subtype"], webhook["username"], webhook["bot_id"]) == ("bot_message", "Alertmanager", "B0ALERT")
    assert "user" not in webhook
    assert webhook["attachments"] == [{"title": "[FIRING:1] HighErrorRate", "color": "a30200", "id": 1}]
    assert "subtype" not in app
    assert (app["user"], app["bot_id"], app["app_id"]) == ("U0GRAF", "B0GRAF", "A0GRAF")
    assert app["bot_profile"]["name"] == "Grafana"


async def test_a_monitor_that_edits_its_alert(slack: SlackEmulator, feed: Feed) -> None:
    posted = await slack.monitor("Grafana").post(ALERT)
    await slack.monitor("Grafana").edit(
        "alerts", posted.ts, {"attachments": [{"title": "[RESOLVED]", "color": "good"}]}
    )
    changed = feed.events[1]
    assert (changed["subtype"], changed["hidden"]) == ("message_changed", True)
    assert changed["message"]["ts"] == posted.ts != changed["ts"]
    assert changed["message"]["attachments"][0]["color"] == "2eb886"
    assert changed["previous_message"]["attachments"][0]["title"] == "[FIRING:1] HighErrorRate"


async def test_the_apps_own_messages_come_back_as_events(
    slack: SlackEmulator, feed: Feed, client: AsyncWebClient
) -> None:
    metadata = {"event_type": "x", "event_payload": {}}
    ts = (await client.chat_postMessage(channel="C0INCIDENTS", text="a", metadata=metadata))["ts"]
    await client.chat_update(channel="C0INCIDENTS", ts=ts, text="b")
    await client.chat_delete(channel="C0INCIDENTS", ts=ts)
    posted, changed, deleted = feed.events
    assert (posted["user"], posted["bot_id"]) == ("U0BOT", "B0BOT")
    assert "metadata" not in posted
    assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("b", "a")
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", ts)


async def test_people_edit_delete_and_broadcast(slack: SlackEmulator, feed: Feed) -> None:
    bob = slack.user("bob")
    said = await bob.say("one", "incidents")
    await bob.reply("two", "incidents", said.ts, broadcast=True)
    await bob.edit("incidents", said.ts, "three")
    await bob.delete("incidents", said.ts)
    assert [e.get("subtype") for e in feed.events] == [None, "thread_broadcast", "message_changed", "message_deleted"]
    assert feed.events[1]["thread_ts"] == said.ts
    assert "reply_count" not in feed.events[2]["message"]
    with pytest.raises(Refused, match="cant_update_message"):
        await slack.user("alice").edit("incidents", feed.events[1]["ts"], "mine now")


async def test_joining_home_and_stop(slack: SlackEmulator, feed: Feed) -> None:
    alice = slack.user("alice")
    said = await alice.say("one", "incidents")
    await alice.invite("random")
    await alice.open_home("messages")
    await alice.stop("incidents", said.ts)
    _, joined, home, stopped = feed.events
    assert (joined["type"], joined["user"], joined["inviter"]) == ("member_joined_channel", "U0BOT", "U0ALICE")
    assert (home["type"], home["tab"], home["user"]) == ("app_home_opened", "messages", "U0ALICE")
    assert (stopped["type"], stopped["thread_ts"], stopped["user"]) == ("agent_session_stopped", said.ts, "U0ALICE")


async def test_events_from_channels_the_bot_is_not_in_are_withheld(slack: SlackEmulator, feed: Feed) -> None:
    await slack.user("bob").mention("hello?", "random")
    await slack.user("alice").say("hello", "secret")
    assert feed.events == []
    await slack.user("alice").say("hello", "war-room")
    assert feed.only()["channel_type"] == "group"


async def test_events_the_manifest_does_not_ask_for_are_withheld(manifest: dict[str, Any]) -> None:
    manifest["settings"]["event_subscriptions"]["bot_events"] = ["app_mention", "message.channels", "reaction_added"]
    manifest["oauth_config"]["scopes"]["bot"].remove("channels:history")
    async with SlackEmulator(manifest) as emulator:
        feed = Feed(emulator)
        said = await emulator.user("bob").mention("one", "incidents")
        await emulator.user("bob").dm("two")
        await emulator.user("bob").react("incidents", said.ts, "eyes")
        # No channels:history, no message events; no reactions:read, no reactions.
        assert [event["type"] for event in feed.events] == ["app_mention"]


async def test_a_reaction_is_an_event_when_it_was_asked_for(manifest: dict[str, Any]) -> None:
    manifest["settings"]["event_subscriptions"]["bot_events"] = ["reaction_added"]
    manifest["oauth_config"]["scopes"]["bot"].append("reactions:read")
    async with SlackEmulator(manifest) as emulator:
        feed = Feed(emulator)
        said = await emulator.user("bob").say("one", "incidents")
        await emulator.user("alice").react("incidents", said.ts, "eyes")
        event = feed.only()
    assert (event["type"], event["reaction"], event["item"]["ts"]) == ("reaction_added", "eyes", said.ts)


async def test_bolt_hears_both_events_of_a_mention(
    slack: SlackEmulator, app: AsyncApp, connect: Any, heard: Any
) -> None:
    app.event("message")(heard.__call__)
    app.event("app_mention")(heard.__call__)
    await connect()
    await slack.user("bob").mention("help", "incidents")
    await heard.wait(2)
    assert {event["type"] for event in heard.events} == {"message", "app_mention"}


async def test_bolt_does_not_hear_its_own_messages(
    slack: SlackEmulator, app: AsyncApp, connect: Any, heard: Any, client: AsyncWebClient
) -> None:
    app.event("message")(heard.__call__)
    await connect()
    await client.chat_postMessage(channel="C0INCIDENTS", text="I said")
    await slack.user("bob").say("you said", "incidents")
    await heard.wait()
    await slack.wait_until(lambda: len(slack.deliveries("events_api")) >= 2 or None)
    assert [event["text"] for event in heard.events] == ["you said"]


async def test_a_person_only_writes_where_they_are(slack: SlackEmulator) -> None:
    with pytest.raises(Refused, match="not_in_channel"):
        await slack.user("bob").say("hello", "war-room")
    with pytest.raises(KeyError, match="there are"):
        slack.user("carol")
