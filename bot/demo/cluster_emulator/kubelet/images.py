"""Image profiles: what a container of an image is like. Scenario data; everything else follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from bot.demo.cluster_emulator.quantities import MEBIBYTE

# What grows by more may fill a node between two turning points.
STEEP_MEBIBYTES = 2048


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
    # The same for what the program writes to its node's disk.
    disk: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    cpu_millicores: int = 25
    # Work that all running containers of the image divide among themselves; takes the place of cpu_millicores.
    shared_cpu_millicores: int = 0
    needs_env: tuple[str, ...] = ()
    # Services of the same namespace without which the paths in `fails_without` are answered with 503.
    needs_services: tuple[str, ...] = ()
    fails_without: tuple[str, ...] = ()
    exits: Exit | None = None
    logs: tuple[LogLine, ...] = ()
    size_bytes: int = 48_211_034
    command_codes: Mapping[str, int] = field(default_factory=dict)

    def memory_at(self, age: float) -> float:
        """Memory in bytes so long after the start."""
        return _at(self.memory, age) * MEBIBYTE

    def disk_at(self, age: float) -> float:
        """Disk in bytes so long after the start."""
        return _at(self.disk, age) * MEBIBYTE

    def turning_points(self) -> tuple[float, ...]:
        """The ages at which its node has to be looked at: where use may be highest, and on the way up a steep line."""
        found = {age for points in (self.memory, self.disk) for age, size in points if size}
        for points in (self.memory, self.disk):
            for (left, low), (right, high) in pairwise(points):
                if high - low > STEEP_MEBIBYTES:
                    found |= {left + 10.0 * step for step in range(1, int((right - left) / 10))}
        return tuple(sorted(found))

    def seconds_to_memory(self, limit_bytes: float) -> float | None:
        """How long after the start memory passes the limit, if ever."""
        limit = limit_bytes / MEBIBYTE
        if self.memory[0][1] > limit:
            return self.memory[0][0]
        for (left, low), (right, high) in pairwise(self.memory):
            if high > limit >= low:
                return left + (right - left) * (limit - low) / (high - low)
        return None

    def answer(self, port: int, path: str | None, age: float, is_cut_off: bool = False) -> str | None:
        """None when the port answers well at that age, otherwise what the prober sees."""
        served = next((each for each in self.serves if each.port == port), None)
        if served is None or age < self.starts_in:
            return "refused"
        if self.hangs_after is not None and age >= self.hangs_after:
            return "timeout"
        if path is not None and path.split("?")[0] not in served.paths:
            return "404"
        if is_cut_off and path in self.fails_without:
            return "503"
        return None

    def next_change(self, age: float) -> float | None:
        """The next age at which a probe may be answered differently."""
        ages = [self.starts_in] if self.hangs_after is None else [self.starts_in, self.hangs_after]
        return next((each for each in ages if each > age), None)


def _at(points: tuple[tuple[float, float], ...], age: float) -> float:
    """The value at an age, on the straight lines between the points."""
    if age <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in pairwise(points):
        if age <= right:
            return low + (high - low) * (age - left) / (right - left)
    return points[-1][1]
