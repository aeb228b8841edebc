"""What a Slack delivery is: the whole table of decisions, shape by shape."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain import Inbound, Origin, Thread, ThreadId
from bot.entrypoints.slack.intake import Answered, Identity, Intake, Taken
from bot.stores import Stores
from safety.approval import Verdict
from safety.redaction import Redactor
from tests.fakes import START, FixedClock

TEAM, CHANNEL, ALERTS = "T0DEMO", "C0INCIDENTS", "C0ALERTS"
KNOWN, UNKNOWN = "1790000000.000100", "1780000000.000100"
US = Identity(TEAM, "U0BOT", "B0BOT")
RED = Redactor()
SAMPLES = Path(__file__).parents[2] / "samples" / "slack_alerts"


def sample(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["event"]
    return loaded


def said(text: str = "why?", **more: Any) -> dict[str, Any]:
    plain = {"type": "message", "channel": CHANNEL, "user": "U0BOB", "text": text, "ts": "1790000100.000200"}
    return {**plain, "team": TEAM, "channel_type": "channel", **more}


def mention(text: str = "<@U0BOT> why?", **more: Any) -> dict[str, Any]:
    return {**said(text, **more), "type": "app_mention"}


def changed(message: dict[str, Any], before: dict[str, Any], channel: str = CHANNEL) -> dict[str, Any]:
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": channel,
        "ts": "1790000200.000300",
        "message": message,
        "previous_message": before,
    }


@dataclass(slots=True)
class Door:
    """An intake, what it stored, and how often it woke the workers."""

    intake: Intake
    stores: Stores
    clock: FixedClock
    woken: list[int]

    async def event(self, event: dict[str, Any], event_id: str = "Ev1", team: str = TEAM) -> bool:
        return await self.intake.event(event, event_id, team)

    async def stored(self) -> list[Inbound]:
        found = []
        while (taken := await self.stores.inbox.next(frozenset(), self.clock.now())) is not None:
            found.append(taken[0])
            await self.stores.inbox.finish(taken[0].id)
        return found

    async def only(self) -> Inbound:
        (one,) = await self.stored()
        return one


@pytest.fixture
async def door(stores: Stores, clock: FixedClock) -> Door:
    woken: list[int] = []
    monitors = {ALERTS: ("alertmanager", "A0BLOCKS"), "C0OTHER": ("Grafana",)}
    intake = Intake(stores, clock, RED, US, monitors, lambda: woken.append(1))
    known = ThreadId(TEAM, CHANNEL, KNOWN)
    await stores.threads.open(
        Thread(known, Origin.MENTION, "U0BOB", RED.text("?"), START, START + timedelta(minutes=30))
    )
    return Door(intake, stores, clock, woken)


# ---- the table ------------------------------------------------------------------------------------------------------

FIRING, RESOLVED = sample("alertmanager_firing"), sample("alertmanager_resolved")
EDITED = sample("alertmanager_update_resolved")
OURS = {"user": "U0BOT", "bot_id": "B0BOT"}

TAKEN: dict[str, tuple[dict[str, Any], str, str]] = {
    "a reply in a known thread": (said(thread_ts=KNOWN), "reply", KNOWN),
    "a reply also sent to the channel": (said(thread_ts=KNOWN, subtype="thread_broadcast"), "reply", KNOWN),
    "a reply with a file": (said(thread_ts=KNOWN, subtype="file_share"), "reply", KNOWN),
    "a mention in a known thread": (mention(thread_ts=KNOWN), "reply", KNOWN),
    "a reply to a message of ours that is not known as a thread yet": (
        said(thread_ts=UNKNOWN, parent_user_id="U0BOT"),
        "reply",
        UNKNOWN,
    ),
    "a mention in an unknown thread": (mention(thread_ts=UNKNOWN), "question", UNKNOWN),
    "a mention under a message of ours that opened no thread": (
        mention(thread_ts=UNKNOWN, parent_user_id="U0BOT"),
        "question",
        UNKNOWN,
    ),
    "a mention at the top": (mention(), "question", "1790000100.000200"),
    "a direct message": (said(channel="D0BOB", channel_type="im"), "question", "1790000100.000200"),
    "a direct message in a thread nobody knows": (
        said(channel="D0BOB", channel_type="im", thread_ts=UNKNOWN),
        "question",
        UNKNOWN,
    ),
    "a monitor that fires": (FIRING, "alert", FIRING["ts"]),
    "a monitor that resolves with a new message": (RESOLVED, "alert", RESOLVED["ts"]),
    "a monitor that resolves by an edit": (
        {**EDITED, "channel": ALERTS, "message": {**EDITED["message"], "username": "Alertmanager"}},
        "alert",
        EDITED["message"]["ts"],
    ),
}

DROPPED: dict[str, dict[str, Any]] = {
    "our own message by bot id": said(thread_ts=KNOWN, bot_id="B0BOT"),
    "our own message by user": said(thread_ts=KNOWN, user="U0BOT"),
    "our own mention of ourselves": mention(**OURS),
    "our own edit": changed({**said(), **OURS, "text": "b"}, {**said(), **OURS, "text": "a"}),
    "our own edit that names only the bot": changed({"ts": "1.0", "bot_id": "B0BOT", "text": "b"}, {"text": "a"}),
    "talk in the channel without a mention": said(),
    "talk in an unknown thread without a mention": said(thread_ts=UNKNOWN),
    "talk in somebody else's thread without a mention": said(thread_ts=UNKNOWN, parent_user_id="U0ALICE"),
    "another bot in a known thread": said(thread_ts=KNOWN, bot_id="B0OTHER", user="U0OTHER"),
    "another bot that mentions us": mention(bot_id="B0OTHER", user="U0OTHER"),
    "a monitor's picture in the thread of its alert": sample("image_in_thread"),
    "an alert in a thread": {**FIRING, "thread_ts": KNOWN},
    "a monitor that is not on the list": {**FIRING, "username": "Grafana", "bot_id": "B0GRAF"},
    "a listed monitor in a channel that takes no alerts": {**FIRING, "channel": CHANNEL},
    "a listed monitor in a channel that lists another": {**FIRING, "channel": "C0OTHER"},
    "a listed monitor with a message no source knows": sample("blocks_and_nested_blocks"),
    "a monitor that edits a firing alert": changed(
        {**FIRING, "text": "now worse"}, {**FIRING, "text": "bad"}, channel=ALERTS
    ),
    "an edit by a monitor that is not listed": changed({**RESOLVED, "username": "X", "bot_id": "B0X"}, FIRING, ALERTS),
    "an edit of a message we never took": changed(said("b"), said("a")),
    "an unfurl": changed({**said("a"), "attachments": [{"title": "x"}]}, said("a")),
    "a deleted message": said(subtype="message_deleted", deleted_ts="1.0", hidden=True),
    "somebody who joins": said(subtype="channel_join", thread_ts=KNOWN),
    "a changed topic": said(subtype="channel_topic"),
    "a hidden message": said(subtype="message_replied", hidden=True),
    "a person of another workspace": said(thread_ts=KNOWN, user_team="T0OTHER"),
    "a mention by a person of another workspace": mention(source_team="T0OTHER", user_team="T0OTHER"),
    "somebody else who joins the channel": {"type": "member_joined_channel", "user": "U0BOB", "channel": CHANNEL},
    "an event nobody asked for": {"type": "reaction_added", "user": "U0BOB"},
    "an event without a type": {},
}


@pytest.mark.parametrize("case", TAKEN)
async def test_this_is_taken_for_what_it_is(door: Door, case: str) -> None:
    event, kind, thread_ts = TAKEN[case]
    assert await door.event(event)
    found = await door.only()
    assert found.thread is not None
    assert (found.kind, found.thread.thread_ts, found.thread.team) == (kind, thread_ts, TEAM)
    assert door.woken == [1]


@pytest.mark.parametrize("case", DROPPED)
async def test_this_is_dropped(door: Door, case: str) -> None:
    assert not await door.event(DROPPED[case])
    assert await door.stored() == []
    assert door.woken == []


async def test_the_same_event_delivered_again_is_dropped(door: Door) -> None:
    assert await door.event(said(thread_ts=KNOWN))
    assert not await door.event(said(thread_ts=KNOWN))
    assert len(await door.stored()) == 1


@pytest.mark.parametrize("first", ["message", "app_mention"])
async def test_a_mention_in_a_known_thread_arrives_twice_and_is_taken_once(door: Door, first: str) -> None:
    both = [said("<@U0BOT> why?", thread_ts=KNOWN), mention(thread_ts=KNOWN)]
    for number, event in enumerate(both if first == "message" else reversed(both)):
        await door.event(event, f"Ev{number}")
    assert [each.kind for each in await door.stored()] == ["reply"]


async def test_a_mention_at_the_top_arrives_twice_and_is_one_question(door: Door) -> None:
    await door.event(said("<@U0BOT> why?"), "Ev1")
    await door.event(mention(), "Ev2")
    assert [each.kind for each in await door.stored()] == ["question"]


async def test_our_name_is_no_part_of_the_question(door: Door) -> None:
    await door.event(mention("<@U0BOT>  what is wrong with <#C0X|orchard> &amp; co?"))
    assert (await door.only()).payload["text"] == "what is wrong with #orchard & co?"


async def test_a_question_far_too_long_is_cut_before_it_is_stored(door: Door) -> None:
    await door.event(mention("<@U0BOT> " + "x" * 40_000))
    assert len((await door.only()).payload["text"]) == 20_000


async def test_secrets_in_a_question_are_never_stored(door: Door) -> None:
    secret = "ghp_" + "k3J7" * 9
    await door.event(mention(f"<@U0BOT> why does {secret} not work?"))
    assert secret not in json.dumps((await door.only()).payload)


async def test_an_edit_of_a_question_that_was_taken_is_passed_on_with_its_thread(door: Door) -> None:
    await door.event(said("a", thread_ts=KNOWN), "Ev1")
    await door.event(changed(said("b", thread_ts=KNOWN), said("a", thread_ts=KNOWN)), "Ev2")
    first, second = await door.stored()
    assert (first.kind, second.kind) == ("reply", "edited")
    assert second.thread == ThreadId(TEAM, CHANNEL, KNOWN)
    assert second.payload["user"] == "U0BOB"


async def test_an_alert_carries_all_that_the_flow_needs(door: Door) -> None:
    await door.event(FIRING)
    payload = (await door.only()).payload
    assert (payload["monitor"], payload["firing"], payload["severity"]) == ("Alertmanager", True, "warning")
    assert payload["title"].startswith("PodRestartsOften")
    assert payload["fingerprint"]


async def test_firing_and_resolved_share_a_lane_so_that_one_follows_the_other(door: Door) -> None:
    await door.event(FIRING, "Ev1")
    await door.event(RESOLVED, "Ev2")
    first = await door.stores.inbox.next(frozenset(), door.clock.now())
    assert first is not None
    assert await door.stores.inbox.next(frozenset({first[1]}), door.clock.now()) is None


async def test_a_monitor_is_known_by_its_app_id_too(door: Door) -> None:
    event = {**sample("blocks_and_nested_blocks"), "text": "[FIRING:1] plum restarts"}
    assert await door.event(event)


async def test_an_invitation_is_answered_with_a_greeting(door: Door) -> None:
    assert await door.event({"type": "member_joined_channel", "user": "U0BOT", "channel": CHANNEL, "team": TEAM})
    found = await door.only()
    assert (found.kind, found.payload) == ("invited", {"team": TEAM, "channel": CHANNEL})


# ---- commands, shortcuts, answers -----------------------------------------------------------------------------------


async def test_a_command_is_stored_once_per_trigger(door: Door) -> None:
    for _ in range(2):
        await door.intake.command("13.37", TEAM, CHANNEL, "U0BOB", "what is wrong with <#C0X|orchard>?")
    found = await door.only()
    assert (found.kind, found.thread) == ("command", None)
    assert found.payload == {
        "team": TEAM,
        "channel": CHANNEL,
        "user": "U0BOB",
        "text": "what is wrong with #orchard?",
    }


async def test_a_shortcut_makes_the_message_the_question_and_its_thread_the_place(door: Door) -> None:
    await door.intake.shortcut("13.37", TEAM, ALERTS, "U0BOB", FIRING)
    found = await door.only()
    assert (found.kind, found.thread) == ("question", ThreadId(TEAM, ALERTS, FIRING["ts"]))
    assert "PodRestartsOften" in found.payload["text"]
    assert found.payload["user"] == "U0BOB"


async def test_a_shortcut_on_a_reply_answers_in_the_thread_of_the_reply(door: Door) -> None:
    await door.intake.shortcut("13.37", TEAM, CHANNEL, "U0BOB", said("look", thread_ts="1790000000.000900"))
    assert (await door.only()).thread == ThreadId(TEAM, CHANNEL, "1790000000.000900")


async def test_a_shortcut_on_a_thread_that_is_known_starts_nothing(door: Door) -> None:
    assert await door.intake.shortcut("13.37", TEAM, CHANNEL, "U0BOB", said("look", thread_ts=KNOWN)) is Taken.KNOWN
    assert await door.intake.shortcut("13.38", TEAM, CHANNEL, "U0BOB", said(" ")) is Taken.EMPTY
    assert await door.stores.inbox.next(frozenset(), door.clock.now()) is None


def answered(delivery: str = "act:1", verdict: Verdict = Verdict.APPROVE, **more: Any) -> Answered:
    fields = {"team": TEAM, "channel": CHANNEL, "thread_ts": KNOWN, "message_ts": "1790000300.000100", **more}
    return Answered(delivery, user="U0ALICE", user_team=TEAM, value="p1:abc", verdict=verdict, **fields)


async def test_an_answer_is_stored_once_per_delivery_and_carries_who_and_about_what(door: Door) -> None:
    for _ in range(2):
        await door.intake.answered(answered(user_name="alice"))
    found = await door.only()
    assert (found.kind, found.thread) == ("answered", ThreadId(TEAM, CHANNEL, KNOWN))
    kept = {name: found.payload[name] for name in ("user", "user_team", "value", "verdict", "reason", "user_name")}
    assert kept == {
        "user": "U0ALICE",
        "user_team": TEAM,
        "value": "p1:abc",
        "verdict": "approve",
        "reason": None,
        "user_name": "alice",
    }


async def test_two_answers_about_one_proposal_share_a_lane(door: Door) -> None:
    await door.intake.answered(answered("act:1"))
    await door.intake.answered(answered("act:2", Verdict.DENY, reason="not now"))
    first = await door.stores.inbox.next(frozenset(), door.clock.now())
    assert first is not None
    assert await door.stores.inbox.next(frozenset({first[1]}), door.clock.now()) is None


async def test_an_answer_on_a_card_at_the_top_of_a_channel_belongs_to_that_card(door: Door) -> None:
    await door.intake.answered(answered(thread_ts=None))
    assert (await door.only()).thread == ThreadId(TEAM, CHANNEL, "1790000300.000100")
