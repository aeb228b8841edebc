"""Keeps everything that runs in the background running, and ends it in order when it is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.flows.execution import Executor
from bot.flows.inbox import Inbox
from bot.flows.lapsing import Lapses
from bot.flows.sealing import Sealing
from bot.flows.summaries import Summaries
from bot.ports import Clock

log = structlog.get_logger()

_DRAIN_EVERY = 2.0
_EXPIRE_EVERY = 5.0
_GRACE = 8.0


Loop = Callable[[], Awaitable[None]]


class Drains(Protocol):
    """A chat whose outbox can be emptied."""

    async def drain(self) -> int: ...


class Opens(Protocol):
    """Connections that bring deliveries."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Running:
    """The parts that run. ``executor`` is None when remediation is off, ``sealing`` where no log is
    kept on disk, ``summaries`` where no channel is named for them.
    """

    clock: Clock
    chat: Drains
    inbox: Inbox
    lapses: Lapses
    executor: Executor | None
    sealing: Sealing | None = None
    summaries: Summaries | None = None

    def optional_loops(self) -> dict[str, Loop]:
        """Those of the parts that are there."""
        parts = {"executor": self.executor, "sealing": self.sealing, "summaries": self.summaries}
        return {name: part.run for name, part in parts.items() if part is not None}


async def serve(parts: Running, sockets: Opens, stop: asyncio.Event) -> None:
    """Run until ``stop`` is set. Left-over work first, then the sockets; the other way round at the end."""

    async def drain() -> None:
        while True:
            await parts.chat.drain()
            await parts.clock.sleep(_DRAIN_EVERY)

    async def expire() -> None:
        while True:
            await parts.lapses.expire()
            await parts.clock.sleep(_EXPIRE_EVERY)

    loops: dict[str, Loop] = {"outbox": drain, "expiry": expire, "inbox": parts.inbox.run, **parts.optional_loops()}
    tasks: list[asyncio.Task[None]] = []
    try:
        # What waited too long while nobody was running must expire before anything is claimed.
        await parts.lapses.expire()
        tasks += [asyncio.create_task(_kept_alive(name, loop, parts.clock), name=name) for name, loop in loops.items()]
        await sockets.open()
        await stop.wait()
    finally:
        log.info("stopping")
        await sockets.close()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE)
        if parts.sealing is not None:
            await parts.sealing.sign(at_once=True)


async def _kept_alive(name: str, loop: Loop, clock: Clock) -> None:
    pause = 1.0
    while True:
        try:
            await loop()
        except Exception:  # the outermost loop: it logs, waits and goes on; what it held is taken up again
            log.exception("background_loop_failed", loop=name, again_in_seconds=pause)
            await clock.sleep(pause)
            pause = min(pause * 2, 30.0)
