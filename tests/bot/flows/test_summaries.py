"""The summary of the day: once, not too early, and with the head of the audit log in it."""

from datetime import timedelta

from bot.flows.summaries import Summaries
from bot.ports import Place
from bot.stores import AuditEntry, Stores
from safety.redaction import Redactor
from tests.fakes import START, FakeChat, FixedClock

PLACE = Place("T0TOWN", "C0OPS")
RED = Redactor()


def _summaries(stores: Stores, chat: FakeChat, clock: FixedClock, hour: int = 7) -> Summaries:
    return Summaries(stores, chat, clock, RED, PLACE, hour)


async def _ended(stores: Stores, clock: FixedClock, state: str) -> None:
    await stores.audit.append(AuditEntry("execution.result", RED.json({"proposal": "p1", "state": state})), clock.now())


async def test_it_counts_the_changes_of_the_last_day_and_ends_with_the_head(stores: Stores, clock: FixedClock) -> None:
    chat = FakeChat(clock)
    await _ended(stores, clock, "FAILED")
    clock.pass_by(hours=25)
    await _ended(stores, clock, "SUCCEEDED")
    await _ended(stores, clock, "UNKNOWN")
    assert await _summaries(stores, chat, clock).say_if_due()
    (said,) = chat.standing.values()
    lines = str(said.message.text).splitlines()
    count, head = await stores.audit.head()
    assert said.place == PLACE
    assert "1 succeeded, 1 unknown" in lines[0]
    assert lines[-1].endswith(f"Audit log: {count} records, head {head}")


async def test_it_is_said_once_a_day_also_by_a_bot_that_was_started_again(stores: Stores, clock: FixedClock) -> None:
    chat = FakeChat(clock)
    summaries = _summaries(stores, chat, clock)
    assert await summaries.say_if_due()
    assert not await summaries.say_if_due()
    await _summaries(stores, chat, clock).say_if_due()
    assert len(chat.standing) == 1
    clock.pass_by(days=1)
    assert await summaries.say_if_due()
    assert len(chat.standing) == 2


async def test_it_waits_for_its_hour(stores: Stores, clock: FixedClock) -> None:
    chat = FakeChat(clock)
    summaries = _summaries(stores, chat, clock, hour=START.hour + 1)
    assert not await summaries.say_if_due()
    clock.pass_by(seconds=timedelta(hours=1).total_seconds())
    assert await summaries.say_if_due()


async def test_a_channel_that_refuses_is_asked_again(stores: Stores, clock: FixedClock) -> None:
    chat = FakeChat(clock)
    chat.closed["C0OPS"] = "not_in_channel"
    summaries = _summaries(stores, chat, clock)
    assert not await summaries.say_if_due()
    chat.closed.clear()
    assert await summaries.say_if_due()
