"""A cluster, a Slack or a database that fails: people get clear words, nothing is lost, nothing is said twice."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.store.database import StoreUnusable
from bot.entrypoints.slack.runtime import CannotStart
from tests.journeys.acting import CHANNEL, QUESTION, Town, no_traceback, until
from tests.journeys.acting import town as a_town


async def test_an_unreachable_cluster_is_named_in_the_answer(quiet_town: Town) -> None:
    await quiet_town.cluster.stop()
    async with quiet_town.serving():
        thread = await quiet_town.ask()
        text = quiet_town.slack.thread_as_text(CHANNEL, thread)
        assert "cannot reach the cluster" in text
        assert no_traceback(quiet_town.everything_said())


async def test_a_cluster_that_comes_back_is_looked_at_on_the_next_question(town: Town) -> None:
    town.cluster.faults.fail("GET", ".", status=503)
    thread = await town.ask()
    assert "503" in town.slack.thread_as_text(CHANNEL, thread)
    town.cluster.faults.clear()
    asked = await town.slack.user("bob").reply("which pods are failing now?", CHANNEL, thread)
    answer = await town.answer(thread, after=asked.ts)
    assert "503" not in town.slack.as_text(answer)


async def test_a_403_says_which_right_is_missing(town: Town) -> None:
    town.cluster.faults.fail("GET", "/pods", status=403, message='pods is forbidden: User "ask-claude" cannot list')
    thread = await town.ask()
    assert "pods is forbidden" in town.slack.thread_as_text(CHANNEL, thread)
    assert no_traceback(town.everything_said())


async def test_a_change_the_cluster_refuses_at_the_last_moment_failed_and_says_why(town: Town) -> None:
    before = town.generation
    card = await town.propose(await town.ask())
    town.cluster.faults.fail("PATCH", "/deployments/billing-api", status=403, message="a new admission rule says no")
    await town.click(card)
    assert await town.ended(card) == "FAILED"
    await town.says("a new admission rule says no")
    assert town.generation == before


async def test_a_cluster_that_stops_answering_after_the_change_was_sent_is_told_as_unknown(town: Town) -> None:
    card = await town.propose(await town.ask())
    sent = town.held("PATCH", r"/deployments/billing-api(?!.*dryRun)")
    await town.click(card)
    await sent.reached()
    town.cluster.faults.fail("*", ".", status=503)
    sent.release()
    assert await town.ended(card) == "UNKNOWN"
    await town.says("Look at the cluster, then say on the card")


@pytest.mark.parametrize("status", [429, 500])
async def test_a_slack_that_refuses_for_a_while_gets_every_message_once(town: Town, status: int) -> None:
    town.slack.faults.fail("chat.postMessage", status=status, retry_after=2, times=2)
    thread = await town.ask()
    await town.idle()
    ours = [each.text for each in town.slack.messages(CHANNEL, thread) if each.bot_id == "B0BOT"]
    assert len(ours) == len(set(ours)) == 3


async def test_a_thread_that_opens_minutes_late_is_answered_all_the_same(town: Town) -> None:
    town.clock.speed = 60
    town.slack.faults.fail("chat.postMessage", status=500, times=10**6)
    outcome = await town.slack.user("bob").slash(f"/ask-claude {QUESTION}", CHANNEL)
    assert outcome.is_acked
    began = town.clock.now()
    await until(lambda: town.clock.now() - began > timedelta(seconds=75))
    town.slack.faults.clear()
    answer = await town.answer()
    root = next(each for each in town.slack.messages(CHANNEL) if each.ts == answer.thread_ts)
    assert QUESTION in root.text


async def test_a_shortcut_in_a_channel_without_the_bot_is_answered_to_the_person(town: Town) -> None:
    asked = await town.slack.user("bob").say("billing-dev is slow", "random")
    outcome = await town.slack.user("bob").shortcut("investigate_message", "random", asked.ts)
    assert outcome.is_acked
    told = await town.told("bob", "/invite")
    assert told.channel == "C0RANDOM"
    assert town.rows("SELECT 1 FROM inbox") == [], "after an invitation it may be tried again"
    await town.slack.user("bob").invite("random")
    await town.slack.user("bob").shortcut("investigate_message", "random", asked.ts)
    await town.answer(asked.ts)


async def test_blocks_that_slack_refuses_are_left_out_and_the_words_arrive(town: Town) -> None:
    town.slack.faults.fail("chat.postMessage", error="invalid_blocks", times=1)
    outcome = await town.slack.user("bob").slash(f"/ask-claude {QUESTION}", CHANNEL)
    assert outcome.is_acked
    findings = await town.says("First findings")
    root = next(each for each in town.slack.messages(CHANNEL) if each.ts == findings.thread_ts)
    assert QUESTION in root.text


async def test_a_card_whose_update_is_refused_for_a_while_still_loses_its_buttons(town: Town) -> None:
    card = await town.propose(await town.ask())
    town.slack.faults.fail("chat.update", status=500, times=3)
    await town.click(card)
    assert await town.ended(card) == "SUCCEEDED"


def _is_taken(lock: sqlite3.Connection) -> bool:
    """Whether the lock is ours; the bot may be writing, and can go on only while nobody waits in its own loop."""
    try:
        lock.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True


async def test_while_the_database_is_locked_people_are_told_and_what_slack_sends_again_is_answered(town: Town) -> None:
    lock = sqlite3.connect(town.database, isolation_level=None, timeout=0)
    await until(lambda: _is_taken(lock))
    try:
        asked = await town.slack.user("alice").mention(QUESTION, CHANNEL)
        refused = await town.slack.user("bob").slash(f"/ask-claude {QUESTION}", CHANNEL)
        await town.slack.wait_until(lambda: [each for each in town.slack.deliveries() if not each.is_acked] or None)
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert "busy" in str(refused.shown), "told by us, before Slack says that we are silent"
    await town.answer(asked.ts)
    await town.idle()
    assert len(town.answers(asked.ts)) == 1


async def test_a_second_copy_on_the_same_database_is_refused_in_one_line(town: Town) -> None:
    with pytest.raises(StoreUnusable, match="another Ask Claude is running on this database"):
        async with town.serving():
            pass


async def test_a_database_from_a_newer_version_is_refused_in_one_line(quiet_town: Town) -> None:
    async with quiet_town.serving():
        pass
    with sqlite3.connect(quiet_town.database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreUnusable, match="newer version"):
        async with quiet_town.serving():
            pass


async def test_what_expired_while_nobody_ran_does_not_hold_up_the_start_when_slack_refuses_updates(
    quiet_town: Town,
) -> None:
    async with quiet_town.serving():
        card = await quiet_town.propose(await quiet_town.ask())
    quiet_town.clock.skip(minutes=31)
    quiet_town.slack.faults.fail("chat.update", status=500, times=1000)
    async with quiet_town.serving():
        thread = await quiet_town.ask("Is everything fine in billing-dev now?")
        assert thread
        quiet_town.slack.faults.clear()
        quiet_town.clock.skip(minutes=2)
        assert await quiet_town.ended(card) == "EXPIRED"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"slack_api_url": "http://127.0.0.1:9/api/"}, "Slack cannot be reached"),
        ({"slack_bot_token": "xoxb-wrong"}, "SLACK_BOT_TOKEN: Slack says invalid_auth"),
        ({"slack_app_token": "xapp-wrong"}, "SLACK_APP_TOKEN: Slack says invalid_auth"),
        ({"slack_app_token": "xoxb-demo-bot"}, "SLACK_APP_TOKEN: Slack says not_allowed_token_type"),
        ({"slack_app_token": ""}, "SLACK_APP_TOKEN"),
    ],
)
async def test_what_is_wrong_with_the_way_to_slack_is_said_at_the_start(
    changed: dict[str, str], words: str, tmp_path: Path
) -> None:
    async with a_town(tmp_path, **changed) as made:
        with pytest.raises(CannotStart) as refused:
            async with made.serving():
                pass
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_a_connection_that_slack_renews_or_cuts_loses_nothing(town: Town) -> None:
    thread = await town.ask()
    await town.slack.disconnect("refresh_requested")
    asked = await town.slack.user("bob").reply("show the events", CHANNEL, thread)
    await town.answer(thread, after=asked.ts)


async def test_a_click_while_the_database_is_locked_is_not_swallowed(town: Town) -> None:
    card = await town.propose(await town.ask())
    lock = sqlite3.connect(town.database, isolation_level=None, timeout=0)
    await until(lambda: _is_taken(lock))
    try:
        refused = await town.click(card)
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert "Try again" in str(refused.shown), "not acknowledged, so Slack tells whoever clicked"
    assert "vote.cast" not in town.audit()
    await town.click(card)
    assert await town.ended(card) == "SUCCEEDED"
    assert town.audit().count("vote.cast") == 1
