"""Threads, exchanges, investigations, alerts, flags and the audit chain, as the flows rely on them."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain import (
    Alert,
    Exchange,
    Fingerprint,
    Investigation,
    InvestigationId,
    InvestigationState,
    Origin,
    Thread,
    ThreadId,
)
from bot.stores import Sighting, Stores
from tests.bot.investigations import report, triaged
from tests.fakes import START, FixedClock
from tests.proposals import RED, entry, red

HERE = ThreadId("T", "C", "1.0")


def thread(id_: ThreadId = HERE) -> Thread:
    return Thread(id_, Origin.COMMAND, "U0BOB", red("why?"), START, START + timedelta(minutes=30))


def investigation(id_: str = "inv_1", id_of_thread: ThreadId = HERE) -> Investigation:
    running = InvestigationState.RUNNING
    return Investigation(InvestigationId(id_), id_of_thread, red("why?"), running, START, 1)


# ---- threads --------------------------------------------------------------------------------------------------------


async def test_a_thread_is_opened_once_and_keeps_its_first_question(stores: Stores) -> None:
    assert await stores.threads.open(thread()) == thread()
    again = await stores.threads.open(replace(thread(), question=red("another"), origin=Origin.MENTION))
    assert again == thread() == await stores.threads.get(HERE)


@pytest.mark.parametrize("other", [replace(HERE, team="U"), replace(HERE, channel="D"), replace(HERE, thread_ts="2.0")])
async def test_a_thread_is_known_by_team_channel_and_ts_together(stores: Stores, other: ThreadId) -> None:
    await stores.threads.open(thread())
    assert await stores.threads.get(other) is None


async def test_touching_a_thread_moves_its_end_and_keeps_the_summary_unless_there_is_a_new_one(stores: Stores) -> None:
    await stores.threads.open(thread())
    later = START + timedelta(hours=1)
    await stores.threads.touch(HERE, later, red("it was memory"))
    await stores.threads.touch(HERE, later + timedelta(hours=1), None)
    found = await stores.threads.get(HERE)
    assert found is not None
    assert (found.summary, found.expires_at) == ("it was memory", later + timedelta(hours=1))


async def test_an_exchange_is_remembered_once_per_key(stores: Stores) -> None:
    said = Exchange(red("logs?"), red("here"), "U0BOB", START)
    await stores.threads.remember("k", HERE, said)
    await stores.threads.remember("k", HERE, replace(said, answer=red("again")))
    assert list(await stores.threads.history(HERE, START)) == [said]


async def test_history_is_the_last_ten_of_this_thread_in_order_and_not_older_than_asked(stores: Stores) -> None:
    for number in range(12):
        at = START + timedelta(minutes=number)
        await stores.threads.remember(f"k{number}", HERE, Exchange(red(f"q{number}"), red("a"), None, at))
    await stores.threads.remember("other", replace(HERE, channel="D"), Exchange(red("q"), red("a"), None, START))
    assert [each.question for each in await stores.threads.history(HERE, START)] == [f"q{n}" for n in range(2, 12)]
    recent = await stores.threads.history(HERE, START + timedelta(minutes=10))
    assert [each.question for each in recent] == ["q10", "q11"]


async def test_only_threads_that_have_not_gone_cold_are_counted(stores: Stores, clock: FixedClock) -> None:
    await stores.threads.open(thread())
    assert await stores.threads.count(clock.now()) == 1
    clock.pass_by(minutes=30)
    assert await stores.threads.count(clock.now()) == 0


# ---- investigations -------------------------------------------------------------------------------------------------


async def test_a_picture_comes_back_as_it_was_taken(stores: Stores) -> None:
    await stores.investigations.begin(investigation())
    taken = triaged()
    await stores.investigations.triaged(InvestigationId("inv_1"), taken, START)
    found = await stores.investigations.latest(HERE)
    assert found is not None
    assert found.triaged == taken


async def test_a_picture_of_a_healthy_place_comes_back_too(stores: Stores) -> None:
    healthy = report(verdict="healthy", root_cause=None, issues_found=(), culprit_change=None, namespace=None)
    await stores.investigations.begin(investigation())
    await stores.investigations.triaged(InvestigationId("inv_1"), triaged(healthy), START)
    found = await stores.investigations.latest(HERE)
    assert found is not None
    assert found.triaged is not None
    assert found.triaged.report == healthy


async def test_beginning_again_counts_an_attempt_and_keeps_the_state(stores: Stores) -> None:
    assert (await stores.investigations.begin(investigation())).attempts == 1
    assert (await stores.investigations.begin(investigation())).attempts == 2
    await stores.investigations.done(InvestigationId("inv_1"))
    third = await stores.investigations.begin(investigation())
    assert (third.attempts, third.state) == (3, InvestigationState.DONE)


async def test_the_latest_is_the_newest_of_the_thread_that_has_a_picture(stores: Stores) -> None:
    for number in range(3):
        begun = replace(investigation(f"inv_{number}"), started_at=START + timedelta(minutes=number))
        await stores.investigations.begin(begun)
    assert await stores.investigations.latest(HERE) is None
    for number in (1, 0):
        await stores.investigations.triaged(InvestigationId(f"inv_{number}"), triaged(), START)
    found = await stores.investigations.latest(HERE)
    assert found is not None
    assert found.id == "inv_1"


async def test_running_ones_are_counted_until_they_end_well_or_badly(stores: Stores) -> None:
    for number in range(3):
        await stores.investigations.begin(investigation(f"inv_{number}"))
    await stores.investigations.done(InvestigationId("inv_0"))
    await stores.investigations.done(InvestigationId("inv_1"), failed=True)
    assert await stores.investigations.running() == 1


# ---- alerts ---------------------------------------------------------------------------------------------------------


def alert(firing: bool = True, fingerprint: str = "f") -> Alert:
    return Alert(Fingerprint(fingerprint), "Alertmanager", firing, red("HighErrorRate"), red("text"))


def message(ts: str, channel: str = "C") -> ThreadId:
    return ThreadId("T", channel, ts)


async def test_an_alert_opens_repeats_resolves_and_opens_anew(stores: Stores, clock: FixedClock) -> None:
    steps = [
        (True, "1.0", Sighting.OPENS, "1.0", 1),
        (True, "2.0", Sighting.REPEATS, "1.0", 2),
        (True, "3.0", Sighting.REPEATS, "1.0", 3),
        (False, "4.0", Sighting.RESOLVES, "1.0", 3),
        (False, "5.0", Sighting.SAYS_NOTHING_NEW, "1.0", 3),
        (True, "6.0", Sighting.OPENS, "6.0", 1),
    ]
    for firing, ts, sighting, leads_to, count in steps:
        clock.pass_by(seconds=10)
        seen, known = await stores.alerts.seen(alert(firing), message(ts), clock.now())
        assert (seen, known.thread.thread_ts, known.count) == (sighting, leads_to, count)
        assert known.last_at == clock.now()
        assert known.firing is firing


@pytest.mark.parametrize(("firing", "ts"), [(True, "2.0"), (False, "2.0")], ids=["a repeat", "a resolve"])
async def test_a_message_taken_up_again_after_a_crash_means_what_it_meant(
    stores: Stores, clock: FixedClock, firing: bool, ts: str
) -> None:
    await stores.alerts.seen(alert(), message("1.0"), clock.now())
    first = await stores.alerts.seen(alert(firing), message(ts), clock.now())
    clock.pass_by(seconds=10)
    assert await stores.alerts.seen(alert(firing), message(ts), clock.now()) == first


async def test_the_opening_message_again_after_a_crash_still_opens(stores: Stores, clock: FixedClock) -> None:
    for _ in range(2):
        seen, known = await stores.alerts.seen(alert(), message("1.0"), clock.now())
        assert (seen, known.count) == (Sighting.OPENS, 1)


async def test_the_end_of_an_alert_nobody_saw_begin_says_nothing_new(stores: Stores, clock: FixedClock) -> None:
    seen, _ = await stores.alerts.seen(alert(firing=False), message("1.0"), clock.now())
    assert seen is Sighting.SAYS_NOTHING_NEW


async def test_another_channel_or_fingerprint_is_another_alert(stores: Stores, clock: FixedClock) -> None:
    await stores.alerts.seen(alert(), message("1.0"), clock.now())
    assert (await stores.alerts.seen(alert(), message("2.0", "D"), clock.now()))[0] is Sighting.OPENS
    assert (await stores.alerts.seen(alert(fingerprint="g"), message("3.0"), clock.now()))[0] is Sighting.OPENS


async def test_how_long_an_alert_has_been_seen_counts_from_its_first_message(stores: Stores, clock: FixedClock) -> None:
    await stores.alerts.seen(alert(), message("1.0"), clock.now())
    clock.pass_by(minutes=7)
    _, known = await stores.alerts.seen(alert(), message("2.0"), clock.now())
    assert known.last_at - known.first_at == timedelta(minutes=7)


# ---- flags and audit ------------------------------------------------------------------------------------------------


async def test_a_flag_is_set_by_the_first_and_cleared_by_anybody_and_each_is_audited(
    stores: Stores, clock: FixedClock
) -> None:
    await stores.flags.set("paused", "U0BOB", clock.now(), entry("mode.changed"))
    await stores.flags.set("paused", "U0ALICE", clock.now(), entry("mode.changed"))
    flag = await stores.flags.get("paused")
    assert flag is not None
    assert (flag.by, flag.at) == ("U0BOB", clock.now())
    await stores.flags.clear("paused", clock.now(), entry("mode.changed"))
    assert await stores.flags.get("paused") is None
    assert await stores.audit.count() == 3


async def test_the_chain_holds_over_what_was_written_and_read_back(stores: Stores, clock: FixedClock) -> None:
    for number in range(5):
        clock.pass_by(seconds=0.123457)
        await stores.audit.append(entry(id_=f"p{number}", text="é 😀"), clock.now())
    verified = await stores.audit.verify()
    assert (verified.count, verified.fault) == (5, None)
    assert [each.seq for each in await stores.audit.records()] == [1, 2, 3, 4, 5]
    assert len(await stores.audit.records(entry(id_="p3").proposal)) == 1


@pytest.mark.parametrize(
    ("sql", "seq"),
    [
        ("UPDATE audit SET payload = replace(payload, 'p2', 'p9') WHERE seq = 3", 3),
        ("UPDATE audit SET type = 'other' WHERE seq = 2", 2),
        ("UPDATE audit SET at = '2020-01-01 00:00:00.000000' WHERE seq = 4", 4),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("UPDATE audit SET hash = prev WHERE seq = 5", 5),
    ],
)
async def test_a_row_changed_behind_the_triggers_back_is_found(
    stores: Stores, clock: FixedClock, database_file: Path, sql: str, seq: int
) -> None:
    for number in range(5):
        await stores.audit.append(entry(id_=f"p{number}"), clock.now())
    connection = sqlite3.connect(database_file)
    connection.execute("DROP TRIGGER audit_no_update")
    connection.execute("DROP TRIGGER audit_no_delete")
    connection.execute(sql)
    connection.commit()
    connection.close()
    fault = (await stores.audit.verify()).fault
    assert fault is not None
    assert fault.seq == seq


async def test_what_is_sealed_is_redacted(stores: Stores, clock: FixedClock) -> None:
    secret = "ghp_" + "Q7w6" * 9
    await stores.audit.append(entry(reason=f"because {secret}"), clock.now())
    (record,) = await stores.audit.records()
    assert secret not in record.payload
    assert RED.text(record.payload) == record.payload
