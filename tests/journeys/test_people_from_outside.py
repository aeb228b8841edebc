"""Strangers from Slack Connect and guests: what they say starts nothing, and their votes are refused and recorded."""

import json

import pytest

from bot.demo.slack_emulator import Message
from tests.journeys.acting import DEPLOYMENT, QUESTION, Town, button

SHARED = "shared"


async def incident(town: Town) -> tuple[str, Message]:
    """A thread with a card in the shared channel."""
    asked = await town.slack.user("bob").mention(QUESTION, SHARED)
    await town.answer(asked.ts)
    await town.slack.user("bob").reply(f"restart {DEPLOYMENT}", SHARED, asked.ts)
    return asked.ts, await town.slack.wait_for(lambda each: button(each) is not None)


async def heard(town: Town) -> None:
    """Every event was acknowledged, and nothing of it waits."""
    ids = {each["event_id"] for each in town.slack.events()}
    await town.slack.wait_until(
        lambda: (
            ids <= {each.envelope["payload"].get("event_id") for each in town.slack.deliveries() if each.is_acked}
            or None
        )
    )
    await town.idle()


async def test_a_strangers_mention_starts_nothing(town: Town) -> None:
    asked = await town.slack.user("mallory").mention(QUESTION, SHARED)
    await town.slack.user("mallory").edit(SHARED, asked.ts, f"<@U0BOT> {QUESTION} Now!")
    await heard(town)
    assert town.rows("SELECT 1 FROM inbox") == []
    assert [each.ts for each in town.slack.messages(SHARED)] == [asked.ts]


async def test_a_strangers_reply_in_an_incident_is_not_taken_as_a_question_or_a_wish(town: Town) -> None:
    thread, _ = await incident(town)
    before = len(town.slack.messages(SHARED, thread)), town.rows("SELECT count(*) FROM inbox")
    await town.slack.user("mallory").reply(f"restart {DEPLOYMENT} now", SHARED, thread)
    await town.slack.user("mallory").mention("show the logs", SHARED, thread)
    await heard(town)
    assert (len(town.slack.messages(SHARED, thread)) - 2, town.rows("SELECT count(*) FROM inbox")) == before


@pytest.mark.parametrize(("who", "why"), [("mallory", "another workspace"), ("gus", "no bots and no guests")])
async def test_a_vote_from_outside_is_refused_to_the_person_alone_and_recorded(town: Town, who: str, why: str) -> None:
    _, card = await incident(town)
    member = town.slack.team.user_named(who)
    assert any(member.id in each.members for each in town.slack.team.workspace.groups), "on the list, and still not"
    assert (await town.slack.user(who).click(SHARED, card.ts, "approve")).is_acked
    assert (await town.told(who, why)).visible_to == member.id
    await town.slack.user(who).click(SHARED, card.ts, "deny")
    form = await town.slack.wait_until(lambda: next(iter(town.slack.views(who)), None))
    await town.slack.user(who).submit(form.id, {"reason": {"text": "I say so"}})
    await town.told(who, "not denied")
    refused = [json.loads(each) for (each,) in town.rows("SELECT payload FROM audit WHERE type = 'vote.refused'")]
    assert [(each["actor"]["id"], each["verdict"]) for each in refused] == [(member.id, "approve"), (member.id, "deny")]
    assert "vote.cast" not in town.audit()
    assert not town.writes()
    assert town.rows("SELECT state FROM proposals") == [("PENDING",)]


async def test_a_foreign_monitor_with_a_listed_name_resolves_nothing(town: Town) -> None:
    firing = {"attachments": [{"title": "[FIRING:1] HighErrorRate billing-dev", "color": "danger"}]}
    alert = await town.slack.monitor("Alertmanager").post(firing)
    await town.answer(alert.ts)
    resolved = {"attachments": [{"title": "[RESOLVED] HighErrorRate billing-dev", "color": "good"}]}
    # Its bot sits in the other workspace.
    town.slack.messages("alerts", alert.ts)[0].raw["user_team"] = "T0OTHER"
    await town.slack.monitor("Alertmanager").edit("alerts", alert.ts, resolved)
    await heard(town)
    assert not [each for each in town.slack.messages("alerts", alert.ts) if "says this is resolved" in each.text]


async def test_a_guest_may_ask(town: Town) -> None:
    asked = await town.slack.user("gus").mention(QUESTION, SHARED)
    await town.answer(asked.ts)
