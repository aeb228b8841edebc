"""The worker over the inbox: lanes in order and side by side, nothing lost, nobody left without a word."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from bot.domain import Inbound, ThreadId
from bot.flows.inbox import Inbox, NotYet
from bot.ports import ChatFault, Place
from bot.stores import Arrival, Stores
from safety.redaction import Redactor
from tests.fakes import FakeChat, FixedClock

RED = Redactor()
THREAD = ThreadId("T", "C", "1.0")
Handler = Callable[[Inbound], Awaitable[None]]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Failures are logged with their traceback; here they are meant to happen."""
    with capture_logs():
        yield


@pytest.fixture
def fake_chat(clock: FixedClock) -> FakeChat:
    return FakeChat(clock)


@asynccontextmanager
async def working(
    stores: Stores, chat: FakeChat, clock: FixedClock, handler: Handler, parallel: int = 4
) -> AsyncIterator[Inbox]:
    inbox = Inbox(stores.inbox, chat, clock, RED, parallel)
    inbox.handlers = {"reply": handler}
    task = asyncio.create_task(inbox.run())
    yield inbox
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _put(
    stores: Stores, clock: FixedClock, event: str, lane: str = "a", thread: ThreadId | None = THREAD
) -> None:
    payload = RED.json({"text": event, "team": "T", "channel": "C", "user": "U0BOB"})
    await stores.inbox.put(Arrival(event, "reply", lane, f"{event}.0", payload, thread), clock.now())


class Seen:
    """A handler that notes what it got and how many were at work at once."""

    def __init__(self, fails: int = 0, error: Exception | None = None) -> None:
        self.order: list[str] = []
        self.at_once, self._now = 0, 0
        self._fails, self._error = fails, error or RuntimeError("boom")
        self._changed = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, inbound: Inbound) -> None:
        self._now += 1
        self.at_once = max(self.at_once, self._now)
        self.order.append(inbound.payload["text"])
        self._changed.set()
        try:
            await self.gate.wait()
            if self._fails:
                self._fails -= 1
                raise self._error
        finally:
            self._now -= 1

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.order) < count:
                self._changed.clear()
                await self._changed.wait()

    async def pushed_to(self, count: int, inbox: Inbox, clock: FixedClock) -> None:
        """Until so many tries, letting the time between two of them pass at once."""
        async with asyncio.timeout(10):
            while len(self.order) < count:
                self._changed.clear()
                clock.pass_by(seconds=30)
                inbox.wake()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await self._changed.wait()


async def test_one_lane_is_worked_on_in_order_and_one_at_a_time(
    stores: Stores, fake_chat: FakeChat, clock: FixedClock
) -> None:
    for event in ("3", "1", "2"):
        await _put(stores, clock, event)
    seen = Seen()
    async with working(stores, fake_chat, clock, seen):
        await seen.until(3)
    assert seen.order == ["1", "2", "3"]
    assert seen.at_once == 1


async def test_lanes_are_worked_on_side_by_side_up_to_the_limit(
    stores: Stores, fake_chat: FakeChat, clock: FixedClock
) -> None:
    for number in range(5):
        await _put(stores, clock, f"{number}", lane=f"{number}")
    seen = Seen()
    seen.gate.clear()
    async with working(stores, fake_chat, clock, seen, parallel=3):
        await seen.until(3)
        assert await stores.inbox.next(frozenset("012"), clock.now()) is not None
        seen.gate.set()
        await seen.until(4)
    assert seen.at_once == 3


async def test_what_comes_later_is_taken_when_somebody_wakes_the_worker(
    stores: Stores, fake_chat: FakeChat, clock: FixedClock
) -> None:
    seen = Seen()
    async with working(stores, fake_chat, clock, seen) as inbox:
        await asyncio.sleep(0)
        await _put(stores, clock, "1")
        inbox.wake()
        await seen.until(1)


async def test_what_is_too_early_is_taken_again_and_let_go_without_a_word_when_it_never_comes(
    stores: Stores, fake_chat: FakeChat, clock: FixedClock
) -> None:
    await _put(stores, clock, "1")
    seen = Seen(fails=99, error=NotYet())
    async with working(stores, fake_chat, clock, seen) as inbox:
        await seen.pushed_to(3, inbox, clock)
        await _put(stores, clock, "2", lane="b")
        await seen.pushed_to(6, inbox, clock)
    assert seen.order == ["1"] * 3 + ["2"] * 3
    assert fake_chat.history == []


async def test_what_an_earlier_process_had_taken_is_taken_first(
    stores: Stores, fake_chat: FakeChat, clock: FixedClock
) -> None:
    await _put(stores, clock, "1")
    assert await stores.inbox.next(frozenset(), clock.now()) is not None
    seen = Seen()
    async with working(stores, fake_chat, clock, seen):
        await seen.until(1)


async def test_a_fault_is_tried_again_later_and_says_nothing_when_it_then_works(
    stores: Stores, fake_chat: FakeChat, clock: FixedClock
) -> None:
    await _put(stores, clock, "1")
    seen = Seen(fails=2)
    async with working(stores, fake_chat, clock, seen) as inbox:
        await seen.pushed_to(3, inbox, clock)
    assert fake_chat.standing == {}


async def _exhausted(stores: Stores, chat: FakeChat, clock: FixedClock, seen: Seen, tries: int = 3) -> None:
    """Work until nothing is left to try and the apology stands there."""
    async with working(stores, chat, clock, seen) as inbox:
        await seen.pushed_to(tries, inbox, clock)
        async with asyncio.timeout(5):
            await chat.news.wait()
        clock.pass_by(hours=1)
        assert await stores.inbox.next(frozenset(), clock.now()) is None


async def test_after_three_faults_the_person_is_told_in_the_thread_and_without_a_traceback(
    stores: Stores, fake_chat: FakeChat, clock: FixedClock
) -> None:
    await _put(stores, clock, "1")
    seen = Seen(fails=9)
    await _exhausted(stores, fake_chat, clock, seen)
    assert seen.order == ["1"] * 3
    (text,) = fake_chat.texts(Place("T", "C", "1.0"))
    assert "<@U0BOB>" in text
    assert "could not finish this (reference 1)" in text
    assert "boom" not in text
    assert "Traceback" not in text


async def test_a_command_that_fails_is_answered_in_its_channel(
    stores: Stores, fake_chat: FakeChat, clock: FixedClock
) -> None:
    await _put(stores, clock, "1", thread=None)
    await _exhausted(stores, fake_chat, clock, Seen(fails=9))
    assert len(fake_chat.texts(Place("T", "C"))) == 1


async def test_what_the_chat_refuses_for_good_is_not_tried_again(
    stores: Stores, fake_chat: FakeChat, clock: FixedClock
) -> None:
    await _put(stores, clock, "1")
    seen = Seen(fails=9, error=ChatFault("not_in_channel", "not there"))
    await _exhausted(stores, fake_chat, clock, seen, tries=1)
    assert seen.order == ["1"]


async def test_a_chat_that_only_took_too_long_is_tried_again(
    stores: Stores, fake_chat: FakeChat, clock: FixedClock
) -> None:
    await _put(stores, clock, "1")
    seen = Seen(fails=9, error=ChatFault("timeout", "away"))
    await _exhausted(stores, fake_chat, clock, seen)
    assert seen.order == ["1"] * 3


async def test_an_apology_that_cannot_be_said_stops_nobody(
    stores: Stores, fake_chat: FakeChat, clock: FixedClock
) -> None:
    fake_chat.closed["C"] = "is_archived"
    await _put(stores, clock, "1")
    seen = Seen(fails=1, error=ChatFault("is_archived", "closed"))
    async with working(stores, fake_chat, clock, seen) as inbox:
        await seen.until(1)
        await _put(stores, clock, "2", lane="b")
        inbox.wake()
        await seen.until(2)


async def test_one_bad_item_does_not_stop_the_others(stores: Stores, fake_chat: FakeChat, clock: FixedClock) -> None:
    await _put(stores, clock, "1", lane="a")
    await _put(stores, clock, "2", lane="b")
    seen = Seen(fails=1)
    async with working(stores, fake_chat, clock, seen, parallel=1):
        await seen.until(2)
    assert seen.order == ["1", "2"]


async def test_a_kind_nobody_handles_does_not_stop_the_worker(
    stores: Stores, fake_chat: FakeChat, clock: FixedClock
) -> None:
    payload = RED.json({"team": "T", "channel": "C", "user": "U0BOB"})
    await stores.inbox.put(Arrival("odd", "of next year", "z", "0.0", payload, THREAD), clock.now())
    await _put(stores, clock, "1")
    seen = Seen()
    async with working(stores, fake_chat, clock, seen):
        await seen.until(1)
