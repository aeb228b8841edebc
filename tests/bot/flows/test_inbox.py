"""The inbox at work: a store that fails for a moment must not end what others are doing, nor do anything twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from bot.adapters.store.database import Busy, Database
from bot.adapters.store.inbox import SqlInbox
from bot.domain import Inbound, InboxId, ThreadId
from bot.flows.inbox import Inbox
from bot.stores import Arrival
from safety.redaction import Redactor
from tests.fakes import FakeChat, FixedClock

RED = Redactor()


class Stumbling(SqlInbox):
    """Some of its writes fail, as they do when the file is locked for too long."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.faults = Counter[str]()

    async def finish(self, inbox_id: InboxId, failed: bool = False) -> None:
        self._stumble("finish")
        await super().finish(inbox_id, failed)

    async def next(self, busy_lanes: frozenset[str], now: datetime) -> tuple[Inbound, str] | None:
        self._stumble("next")
        return await super().next(busy_lanes, now)

    def _stumble(self, where: str) -> None:
        if self.faults[where]:
            self.faults[where] -= 1
            raise Busy("the database stayed locked")


def arrival(lane: str) -> Arrival:
    return Arrival(
        f"event-{lane}", "reply", lane, "1.0", RED.json({"channel": "C", "team": "T"}), ThreadId("T", "C", lane)
    )


@asynccontextmanager
async def at_work(inbox: Inbox) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(inbox.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("where", ["finish", "next"])
async def test_a_write_that_fails_for_a_moment_disturbs_nobody_else(
    where: str, database: Database, clock: FixedClock
) -> None:
    store, done = Stumbling(database), []
    slow_is_at_work, slow_may_end, both_done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(inbound: Inbound) -> None:
        assert inbound.thread is not None
        if inbound.thread.thread_ts == "slow":
            slow_is_at_work.set()
            await slow_may_end.wait()
        done.append(inbound.thread.thread_ts)
        if len(done) == 2:
            both_done.set()

    inbox = Inbox(store, FakeChat(clock), clock, RED, parallel=4)
    inbox.handlers = {"reply": handle}
    await store.put(arrival("slow"), clock.now())
    async with at_work(inbox) as task, asyncio.timeout(10):
        await slow_is_at_work.wait()
        store.faults[where] = 2
        await store.put(arrival("quick"), clock.now())
        while store.faults[where] or not done:
            assert not task.done()
            inbox.wake()
            await asyncio.sleep(0)
        slow_may_end.set()
        await both_done.wait()
    assert done == ["quick", "slow"]
