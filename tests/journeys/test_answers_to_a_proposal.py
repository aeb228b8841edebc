"""Clicks on a proposal: who may, how often it counts, and what the others are told."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.flows.conversations import asks_for_change
from tests.journeys.acting import CHANNEL, Town, button, reached, state_of
from tests.journeys.acting import town as a_town


async def test_twenty_clicks_of_two_approvers_make_one_change(town: Town) -> None:
    before = town.generation
    card = await town.propose(await town.ask())
    clicks = [town.click(card, user=user) for user in ("alice", "carol") for _ in range(10)]
    outcomes = await asyncio.gather(*clicks)
    assert all(each.is_acked for each in outcomes)
    assert await town.ended(card) == "SUCCEEDED"
    await town.slack.wait_until(
        lambda: len([*town.slack.ephemerals("alice"), *town.slack.ephemerals("carol")]) == 19 or None, 15
    )
    assert town.generation == before + 1
    assert len(town.writes()) == 1
    assert town.audit().count("vote.cast") == 1


async def test_a_click_counts_even_before_the_bot_heard_where_its_card_stands(town: Town) -> None:
    thread = await town.ask()
    answer = town.slack.faults.hold("chat.postMessage", "after")
    await town.slack.user("bob").reply("restart billing-api", CHANNEL, thread)
    await answer.reached()
    posting = town.slack.faults.hold("chat.postMessage", "after")
    answer.release()
    await posting.reached()
    card = await town.slack.wait_for(lambda each: button(each) is not None)
    await town.click(card)
    await town.recorded("vote.cast")
    posting.release()
    assert await town.ended(card) == "SUCCEEDED"
    assert len([each for each in town.slack.messages(CHANNEL, thread) if "Restart billing-api" in each.text]) == 1


async def test_approve_and_deny_at_once_is_one_decision(town: Town) -> None:
    before = town.generation
    card = await town.propose(await town.ask())
    opened = await town.click(card, "deny", "carol")
    assert opened.is_acked
    view = town.slack.views("carol")[0]
    reason = {"reason": {"text": "not during the migration"}}
    await asyncio.gather(town.click(card, user="alice"), town.slack.user("carol").submit(view.id, reason))
    state = await town.ended(card)
    assert town.audit().count("vote.cast") == 1
    loser = "carol" if state == "SUCCEEDED" else "alice"
    await town.told(loser, "your click changed nothing")
    assert town.generation == before + (1 if state == "SUCCEEDED" else 0)


async def test_a_denial_needs_a_reason_and_shows_it_in_place_of_the_buttons(town: Town) -> None:
    card = await town.propose(await town.ask())
    await town.click(card, "deny")
    view = town.slack.views("alice")[0]
    refused = await town.slack.user("alice").submit(view.id, {"reason": {"text": "   "}})
    assert refused.errors
    assert town.slack.views("alice"), "the dialog stays open"
    await town.slack.user("alice").submit(view.id, {"reason": {"text": "the invoices run right now"}})
    assert await town.ended(card) == "DENIED"
    shown = next(each for each in town.slack.messages(CHANNEL, str(card.thread_ts)) if each.ts == card.ts)
    assert button(shown) is None
    assert "the invoices run right now" in town.slack.as_text(shown)
    assert town.writes() == []


async def test_whoever_is_not_on_call_is_refused_and_the_buttons_stay(town: Town) -> None:
    card = await town.propose(await town.ask(), user="alice")
    await town.click(card, user="bob")
    told = await town.told("bob", "not approved")
    assert "only those named on the card" in told.text
    assert "vote.refused" in town.audit()
    assert button(await town.slack.wait_for(lambda each: each.ts == card.ts))


async def test_whoever_asked_for_a_change_in_words_may_not_approve_it(town: Town) -> None:
    card = await town.propose(await town.ask(), user="alice")
    await town.click(card, user="alice")
    await town.told("alice", "somebody else has to approve")
    await town.click(card, user="carol")
    assert await town.ended(card) == "SUCCEEDED"


async def test_whoever_asked_for_it_in_the_very_first_question_may_not_approve_it_either(tmp_path: Path) -> None:
    async with a_town(tmp_path, "oom-after-release") as town, town.serving():
        thread = await town.ask("please roll back proteus-api in proteus-dev", user="alice")
        card = await town.slack.wait_for(lambda each: button(each) is not None)
        assert card.thread_ts == thread
        await town.click(card, user="alice")
        await town.told("alice", "somebody else has to approve")
        await town.click(card, user="carol")
        assert await town.ended(card) == "SUCCEEDED"


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("restart billing-api", True),
        ("Could you restart billing-api in billing-dev?", True),
        ("billing-api hangs, roll it back", True),
        ("let\u2019s revert the last release", True),
        ("I want you to roll billing-api back", True),
        ("What's wrong with billing-dev?", False),
        ("why does billing-api restart so often?", False),
        ("restart loop in billing-dev", False),
        ("rollback of billing-api failed", False),
        ("pods crash and restart", False),
    ],
)
def test_a_wish_for_a_change_is_told_from_a_question_about_one(question: str, asks: bool) -> None:
    assert asks_for_change(question) is asks


async def test_a_dialog_that_could_not_open_in_time_is_explained(town: Town) -> None:
    card = await town.propose(await town.ask())
    town.slack.faults.fail("views.open", error="expired_trigger_id")
    await town.click(card, "deny")
    await town.told("alice", "Click the button again")
    assert button(await town.slack.wait_for(lambda each: each.ts == card.ts))


async def test_an_expired_proposal_loses_its_buttons_and_a_late_click_changes_nothing(town: Town) -> None:
    before = town.generation
    card = await town.propose(await town.ask())
    town.clock.skip(minutes=31)
    late = asyncio.create_task(town.click(card))
    assert await town.ended(card) == "EXPIRED"
    await late
    shown = await town.slack.wait_for(lambda each: each.ts == card.ts)
    assert button(shown) is None
    await town.slack.wait_until(lambda: town.slack.ephemerals("alice") or None)
    assert town.generation == before


async def test_a_click_that_is_looked_at_too_late_is_told_that_the_proposal_expired(town: Town) -> None:
    card = await town.propose(await town.ask())
    asked = town.slack.faults.hold("users.info")
    clicking = asyncio.create_task(town.click(card))
    await asked.reached()
    town.clock.skip(minutes=31)
    asked.release()
    told = await town.told("alice", "your click changed nothing")
    assert "expired" in told.text
    await clicking
    assert town.writes() == []


async def test_a_pause_cancels_what_waits_and_only_approvers_resume(town: Town) -> None:
    before = town.generation
    thread = await town.ask()
    card = await town.propose(thread)
    await town.slack.user("bob").slash("/ask-claude pause", CHANNEL)
    assert await town.ended(card) == "CANCELLED"
    (shown,) = [each for each in town.slack.messages(CHANNEL, thread) if each.ts == card.ts]
    assert "paused by" in town.slack.as_text(shown)
    refused = await town.slack.user("bob").slash("/ask-claude resume", CHANNEL)
    assert "Only those who may approve" in str(refused.shown)
    assert town.generation == before
    resumed = await town.slack.user("alice").slash("/ask-claude resume", CHANNEL)
    assert "Resumed" in str(resumed.shown)
    anew = await town.propose(thread)
    await town.click(anew)
    assert await town.ended(anew) == "SUCCEEDED"


async def test_a_pause_after_the_approval_stops_the_change(town: Town) -> None:
    before = town.generation
    card = await town.propose(await town.ask())
    hold = town.held("GET", "/deployments/billing-api$")
    await town.click(card)
    await reached(hold)
    await town.slack.user("bob").slash("/ask-claude pause", CHANNEL)
    hold.release()
    assert await town.ended(card) == "BLOCKED"
    assert town.generation == before
    assert town.writes() == []


async def test_a_deployment_that_changed_since_the_card_is_left_alone(town: Town) -> None:
    card = await town.propose(await town.ask())
    town.scaled(3)
    moved = town.generation
    await town.click(card)
    assert await town.ended(card) == "STALE"
    assert town.generation == moved
    assert town.writes() == []


async def test_a_single_replica_is_not_restarted_and_the_reason_is_said(town: Town) -> None:
    thread = await town.ask()
    await town.slack.user("bob").reply("restart mailer", CHANNEL, thread)
    said = await town.says("is not offered")
    text = town.slack.as_text(said)
    assert "mailer" in text
    assert "ready" in text or "replica" in text
    assert not any(button(each) for each in town.slack.messages(CHANNEL, thread))
    assert "proposal.rejected" in town.audit()


async def test_the_same_wish_again_is_not_a_second_card(town: Town) -> None:
    thread = await town.ask()
    card = await town.propose(thread)
    await town.slack.user("carol").reply("please restart billing-api", CHANNEL, thread)
    await town.says("proposed above already")
    cards = [each for each in town.slack.messages(CHANNEL, thread) if button(each)]
    assert [each.ts for each in cards] == [card.ts]
    assert state_of(cards[0]) not in ("SUCCEEDED",)


async def test_a_wish_in_the_first_question_does_not_go_without_a_word(town: Town) -> None:
    await town.ask("restart billing-api in billing-dev")
    await town.says("You also asked for a change")


async def test_a_rollback_can_be_undone_the_way_its_card_says(tmp_path: Path) -> None:
    async with a_town(tmp_path, "oom-after-release") as town, town.serving():
        thread = await town.ask("What's wrong with proteus-dev?")
        card = await town.slack.wait_for(lambda each: button(each) is not None, 15)
        await town.click(card)
        assert await town.ended(card) == "SUCCEEDED"
        await town.says("Verified after", 30)
        for _ in range(3):  # past the limit of one change an hour, in a thread that stays alive
            town.clock.skip(minutes=25)
            said = await town.slack.user("bob").reply("thanks", CHANNEL, thread)
            await town.answer(thread, after=said.ts)
        undo = await town.propose(thread, "undo it")
        assert "revision 3" in town.slack.as_text(undo)


async def test_a_slack_that_cannot_say_who_somebody_is_refuses_nobody_for_good(town: Town) -> None:
    card = await town.propose(await town.ask())
    town.slack.faults.fail("users.info", status=503)
    await town.click(card)
    told = await town.told("alice", "not approved")
    assert "Slack did not say who you are" in told.text
    assert "guests" not in told.text
    await town.click(card)
    assert await town.ended(card) == "SUCCEEDED"


async def test_a_report_carries_the_head_of_the_audit_log_as_it_was_when_it_was_made(town: Town) -> None:
    card = await town.propose(await town.ask())
    await town.click(card)
    assert await town.ended(card) == "SUCCEEDED"
    await town.recorded("execution.verified")
    await town.ask()
    await town.idle()
    *_, told = [json.loads(row) for (row,) in town.rows("SELECT triaged FROM investigations ORDER BY started_at")]
    head = told["report"]["audit_head"]
    [(hash_,)] = town.rows(f"SELECT hash FROM audit WHERE seq = {int(head['records'])}")
    assert head["head"] == hash_
    short = f"audit {head['records']}:{hash_[:8]}"
    assert [each for each in town.everything_said() if short in each]
