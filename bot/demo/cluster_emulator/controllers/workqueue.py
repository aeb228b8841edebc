"""A queue of objects to look at again: each waits once, a moment after it was put in."""

from __future__ import annotations

from collections.abc import Callable

from bot.demo.cluster_emulator.clock import VirtualClock

Key = tuple[str, str]
REACTION_SECONDS = 0.05


class WorkQueue:
    """Calls the work for each key, after a delay in which further calls for it are swallowed."""

    def __init__(self, clock: VirtualClock, work: Callable[[str, str], None]) -> None:
        self._clock = clock
        self._work = work
        self._waiting: set[Key] = set()

    def add(self, namespace: str, name: str) -> None:
        """Look at this object soon."""
        key = (namespace, name)
        if key not in self._waiting:
            self._waiting.add(key)
            self._clock.call_later(REACTION_SECONDS, lambda: self._run(key))

    def add_later(self, namespace: str, name: str, seconds: float) -> None:
        """Look at this object after a longer while, however often it is looked at before."""
        self._clock.call_later(seconds, lambda: self.add(namespace, name))

    def _run(self, key: Key) -> None:
        self._waiting.discard(key)
        self._work(*key)
