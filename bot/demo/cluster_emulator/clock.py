"""The virtual clock: a queue of things due, run at once for the past and in real time from then on."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Timer:
    """One thing due at one moment; cancelling it is free."""

    __slots__ = ("action", "due")

    def __init__(self, due: float, action: Callable[[], None]) -> None:
        self.due = due
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Forget the thing that was due."""
        self.action = None


class VirtualClock:
    """Time as the emulated cluster knows it.

    `speed` is virtual seconds per real second once the clock follows real time; 0 makes a clock that moves only
    when it is told to, which tests use.
    """

    def __init__(self, start: datetime | None = None, speed: float = 1.0) -> None:
        self.start = start or datetime.now(UTC).replace(microsecond=0)
        self.speed = speed
        self._time = self.start.timestamp()
        self._queue: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._wake: asyncio.Event | None = None
        self._anchor: tuple[float, float] | None = None

    @property
    def now(self) -> datetime:
        """The present moment of the cluster."""
        return datetime.fromtimestamp(self._time, UTC)

    @property
    def seconds(self) -> float:
        """The present moment as seconds since 1970."""
        return self._time

    def begin_at(self, moment: datetime) -> None:
        """Set the clock before anything has been scheduled."""
        self._time = moment.timestamp()

    def call_later(self, delay: float, action: Callable[[], None]) -> Timer:
        """Run the action after a delay in virtual seconds."""
        timer = Timer(self._time + max(delay, 0.0), action)
        heapq.heappush(self._queue, (timer.due, next(self._order), timer))
        if self._wake is not None:
            self._wake.set()
        return timer

    def run_until(self, moment: datetime) -> None:
        """Run everything due up to the moment, in order, then stand at it."""
        self._run_to(moment.timestamp())

    def advance(self, seconds: float) -> None:
        """Move on by that many virtual seconds."""
        self.run_until(self.now + timedelta(seconds=seconds))

    def catch_up(self) -> None:
        """Move to where real time has got to; nothing on a clock that is moved by hand."""
        if self._anchor is not None:
            real, virtual = self._anchor
            self._run_to(virtual + (time.monotonic() - real) * self.speed)

    def skip(self, seconds: float) -> None:
        """Jump ahead, also while following real time: what was due in between happens now, in order."""
        if self._anchor is None:
            self.advance(seconds)
        else:
            real, virtual = self._anchor
            self._anchor = (real, virtual + seconds)
            self.catch_up()
        if self._wake is not None:
            self._wake.set()

    async def follow(self) -> None:
        """Keep up with real time until cancelled."""
        if self.speed <= 0:
            return
        self._anchor = (time.monotonic(), self._time)
        self._wake = asyncio.Event()
        try:
            while True:
                self._wake.clear()
                self.catch_up()
                wait = (self._queue[0][0] - self._time) / self.speed if self._queue else 3600.0
                # Not wait_for: it loses a cancellation that comes in the moment in which it is woken.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(wait, 0.001)):
                        await self._wake.wait()
        finally:
            self._wake = None
            self._anchor = None

    def _run_to(self, until: float) -> None:
        while self._queue and self._queue[0][0] <= until:
            due, _, timer = heapq.heappop(self._queue)
            self._time = max(self._time, due)
            action, timer.action = timer.action, None
            if action is not None:
                action()
        self._time = max(self._time, until)
