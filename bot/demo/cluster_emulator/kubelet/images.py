"""Image profiles: what a container of an image is like. Scenario data; everything else follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from bot.demo.cluster_emulator.quantities import MEBIBYTE


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that the program writes once, or again and again; `when` narrows it to one way of running."""

    text: str
    at: float = 0.0
    every: float | None = None
    when: str = "always"


@dataclass(frozen=True, slots=True)
class Served:
    """A port that the program listens on, and the paths that it answers."""

    port: int
    paths: tuple[str, ...] = ("/",)


@dataclass(frozen=True, slots=True)
class Exit:
    """The program ends by itself after so many seconds."""

    after: float
    code: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class ImageProfile:
    """What the program in an image does."""

    name: str
    pull_seconds: float = 1.2
    starts_in: float = 1.0
    stops_in: float = 1.0
    stop_code: int = 143
    serves: tuple[Served, ...] = ()
    hangs_after: float | None = None
    # Points of (seconds after start, mebibytes), joined by straight lines.
    memory: tuple[tuple[float, float], ...] = ((0.0, 64.0),)
    cpu_millicores: int = 25
    needs_env: tuple[str, ...] = ()
    exits: Exit | None = None
    logs: tuple[LogLine, ...] = ()
    size_bytes: int = 48_211_034
    command_codes: Mapping[str, int] = field(default_factory=dict)

    def memory_at(self, age: float) -> float:
        """Memory in bytes so long after the start."""
        points = self.memory
        if age <= points[0][0]:
            return points[0][1] * MEBIBYTE
        for (left, low), (right, high) in pairwise(points):
            if age <= right:
                return (low + (high - low) * (age - left) / (right - left)) * MEBIBYTE
        return points[-1][1] * MEBIBYTE

    def seconds_to_memory(self, limit_bytes: float) -> float | None:
        """How long after the start memory passes the limit, if ever."""
        limit = limit_bytes / MEBIBYTE
        if self.memory[0][1] > limit:
            return self.memory[0][0]
        for (left, low), (right, high) in pairwise(self.memory):
            if high > limit >= low:
                return left + (right - left) * (limit - low) / (high - low)
        return None

    def answer(self, port: int, path: str | None, age: float) -> str | None:
        """None when the port answers well at that age, otherwise what the prober sees."""
        served = next((each for each in self.serves if each.port == port), None)
        if served is None or age < self.starts_in:
            return "refused"
        if self.hangs_after is not None and age >= self.hangs_after:
            return "timeout"
        if path is not None and path.split("?")[0] not in served.paths:
            return "404"
        return None

    def next_change(self, age: float) -> float | None:
        """The next age at which a probe may be answered differently."""
        ages = [self.starts_in] if self.hangs_after is None else [self.starts_in, self.hangs_after]
        return next((each for each in ages if each > age), None)
