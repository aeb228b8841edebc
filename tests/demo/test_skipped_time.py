"""The clock of the page's demo: it jumps, and whoever sleeps on it notices."""

import asyncio
from datetime import UTC, datetime, timedelta

from bot.demo.cluster_emulator import VirtualClock
from bot.demo.skipped_time import SkippedTime


async def test_whoever_sleeps_wakes_when_enough_is_skipped_and_not_before() -> None:
    clock = SkippedTime()
    began = clock.now()
    sleeping = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0)
    clock.skip(timedelta(minutes=59))
    await asyncio.sleep(0.01)
    assert not sleeping.done()
    clock.skip(timedelta(minutes=1))
    async with asyncio.timeout(5):
        await sleeping
    assert clock.now() - began >= timedelta(hours=1)


async def test_time_passes_by_itself_too() -> None:
    clock = SkippedTime()
    async with asyncio.timeout(5):
        await clock.sleep(0.01)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


async def test_a_cluster_that_follows_real_time_jumps_and_goes_on_from_there() -> None:
    clock = VirtualClock(speed=1.0)
    done: list[datetime] = []
    reached = asyncio.Event()
    following = asyncio.create_task(clock.follow())
    await asyncio.sleep(0)
    began = clock.now
    clock.call_later(600, lambda: done.append(clock.now))
    clock.call_later(1800.05, reached.set)
    clock.skip(1800)
    assert [at - began for at in done] == [timedelta(seconds=600)]
    async with asyncio.timeout(5):
        await reached.wait()
    assert clock.now - began >= timedelta(seconds=1800)
    following.cancel()
    await asyncio.wait([following])
