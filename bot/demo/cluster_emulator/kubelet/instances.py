"""One life of one container: when it began and ended, and what it wrote meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from string import Template

from bot.demo.cluster_emulator.kubelet.images import ImageProfile, LogLine
from bot.demo.cluster_emulator.quantities import MEBIBYTE

MOST_REPEATS = 2000
_BY_SERVICE = ("connected", "disconnected")


@dataclass(slots=True)
class Instance:
    """From a start to an end; `pace` makes one life a little faster than another."""

    profile: ImageProfile
    pod: str
    container_id: str
    started_at: float
    pace: float = 1.0
    missing_env: tuple[str, ...] = ()
    finished_at: float | None = None
    # From when to when a service that the program needs had nobody behind it; the last may still last.
    outages: list[tuple[float, float | None]] = field(default_factory=list)

    @property
    def is_cut_off(self) -> bool:
        """Whether such a service is missing now."""
        return bool(self.outages) and self.outages[-1][1] is None

    def connect(self, is_connected: bool, now: float) -> None:
        """Note that the services that the program needs are there, or that one is not."""
        if is_connected and self.is_cut_off:
            self.outages[-1] = (self.outages[-1][0], now)
        elif not is_connected and not self.is_cut_off:
            self.outages.append((now, None))

    def memory_bytes(self, now: float) -> float:
        """Memory in use at a moment."""
        return self.profile.memory_at((now - self.started_at) * self.pace)

    def disk_bytes(self, now: float) -> float:
        """Disk in use at a moment."""
        return self.profile.disk_at((now - self.started_at) * self.pace)

    def lines(self, now: float) -> list[tuple[float, str]]:
        """What was written up to now, oldest first, with the moment of each line."""
        end = now if self.finished_at is None else min(now, self.finished_at)
        written = [
            entry
            for line in self.profile.logs
            if self._applies(line)
            for entry in self._repeat(line, end)
            if line.when not in _BY_SERVICE or (line.when == "disconnected") == self._was_cut_off(entry[0])
        ]
        return sorted(written, key=lambda entry: entry[0])

    def _was_cut_off(self, moment: float) -> bool:
        return any(start <= moment and (end is None or moment < end) for start, end in self.outages)

    def _applies(self, line: LogLine) -> bool:
        if line.when == "exit":
            return self.finished_at is not None
        return line.when in ("always", *_BY_SERVICE) or (line.when == "misconfigured") == bool(self.missing_env)

    def _repeat(self, line: LogLine, end: float) -> Iterator[tuple[float, str]]:
        if line.when == "exit":
            # Written in the last moments, in the order of `at`.
            yield max(self.started_at, end - 0.5 + line.at * 0.001), self._fill(line.text, end, 0)
            return
        first = self.started_at + line.at
        if first > end:
            return
        if line.every is None:
            yield first, self._fill(line.text, first, 0)
            return
        count = math.floor((end - first) / line.every)
        for number in range(max(0, count - MOST_REPEATS), count + 1):
            moment = first + number * line.every
            yield moment, self._fill(line.text, moment, number)

    def _fill(self, text: str, moment: float, number: int) -> str:
        if "$" not in text:
            return text
        return Template(text).safe_substitute(
            memory=round(self.memory_bytes(moment) / MEBIBYTE),
            pod=self.pod,
            n=number,
            missing=self.missing_env[0] if self.missing_env else "",
        )
