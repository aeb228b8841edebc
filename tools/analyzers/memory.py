"""Memory that grows without bound: by its measured course, or by containers killed again after equal lives."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.analyzers.interface import Blame, Claim, cited, finding, logs_of
from tools.analyzers.metrics import Measure, Reading, by_workload
from tools.analyzers.trends import Points, grows_steadily, lives, rise, slope
from tools.evidence import Category, Evidence, Finding, Remedy
from tools.objects import quantity
from tools.snapshot import Container, Pod, Snapshot, Workload

# Shorter lives are those of a limit that is too low for the program's start or for its load.
SHORTEST_LIFE = timedelta(hours=1)
SHORTEST_GROWTH = timedelta(hours=2)
# What is killed each day at the same hour is met by work of that hour.
_DAILY = (timedelta(hours=23, minutes=30), timedelta(hours=24, minutes=30))
_NEAR_LIMIT = 0.85
_GROWING = re.compile(
    r"(?i)\b(?:heap|rss|memory|live ?set|old gen(?:eration)?|cache size|entries|sessions|listeners|goroutines)\b"
    r"[^\n]{0,80}?\b(\d[\d.,_]*)"
)


@dataclass(frozen=True, slots=True)
class Leak:
    """What shows that a workload's memory grows without bound, in words; ``began`` is when the growth did."""

    words: str
    evidence: tuple[Evidence, ...]
    confidence: float
    pods: tuple[Pod, ...]
    began: datetime | None
    life: timedelta


def leaking(snapshot: Snapshot) -> Iterator[Finding]:
    """Memory rises steadily in each life of a container until it is killed, or would be soon."""
    lines = by_workload(snapshot)
    for workload in snapshot.workloads:
        mine = lines.get(workload.ref, [])
        if any(each.measure is Measure.TRAFFIC and _is_more(each) for each in mine):
            continue  # there is more to do than before, which takes memory without a leak
        found = _measured(workload, mine, snapshot) or _by_lives(workload, snapshot)
        if found is None:
            continue
        blame = _released(workload, found, snapshot)
        restart = Remedy("restart", workload.ref, snapshot.say("a new process begins with little memory: it buys time"))
        claim = Claim(
            category=Category.MEMORY_LEAK,
            summary=f"memory of {workload.ref.name} grows without bound: {found.words}",
            explanation=f"The program takes more and more memory and gives none back ({found.words}). At its limit the "
            "kernel kills it and it begins anew. That is a leak or a cache without a bound in the program. A restart "
            "buys the time of one such life; a higher limit only makes it longer. Its authors have to mend it.",
            evidence=found.evidence,
            confidence=found.confidence,
            pods=found.pods,
            since=found.began,
            blame=blame,
            remedy=None if blame else restart,
        )
        yield finding(workload, claim)


# ---- by measured lines ----------------------------------------------------------------------------------------------


def _is_more(reading: Reading) -> bool:
    found = rise(reading.points)
    return found is not None and found.ratio >= 1.5


def _measured(workload: Workload, lines: list[Reading], snapshot: Snapshot) -> Leak | None:
    mine = [each for each in lines if each.measure is Measure.MEMORY and not each.peer]
    courses = [(each, found) for each in mine if (found := _course(each, workload))]
    if not courses:
        return None
    words, began, life, confidence = max((each for _, each in courses), key=lambda each: each[3])
    named = {each.pod for each, _ in courses}
    pods = tuple(each for each in workload.members if each.ref.name in named) or workload.pods
    shown = tuple(each.shown(snapshot, found[0], each.points[-1][0]) for each, found in courses[:3])
    return Leak(words, cited(shown, (each.evidence for each in pods)), confidence, pods, _first_life(pods, began), life)


def _first_life(pods: tuple[Pod, ...], began: datetime) -> datetime:
    """When the growth began, where the chart shows only the last of several lives: with the pod, or the life before."""
    earlier = [began]
    for pod in pods:
        for each in pod.containers:
            life = _life(each)
            if life is None or each.ended is None or each.ended.started_at is None or pod.created_at is None:
                continue
            regular = each.ended.finished_at is not None and _is_as_long(each.ended.finished_at, pod, each, life)
            earlier.append(pod.created_at if regular else each.ended.started_at)
    return min(earlier)


def _course(reading: Reading, workload: Workload) -> tuple[str, datetime, timedelta, float] | None:
    """In words how the memory went, when it began to grow, how long a life lasts, and how sure that is."""
    limit = _limit(reading, workload)
    parts = lives(reading.points)
    grown = [each for each in parts if grows_steadily(each) and _lasts(each) >= SHORTEST_LIFE]
    if limit and len(parts) > 1:
        ended = [each for each in parts[:-1] if each in grown and each[-1][1] >= _NEAR_LIMIT * limit]
        if len(ended) >= 2 or (ended and (parts[-1] in grown or _was_killed(reading, workload, ended[-1][-1][0]))):
            life = max(_lasts(each) for each in ended)
            words = f"from {_size(ended[-1][0][1])} to {_size(ended[-1][-1][1])} of {_size(limit)} within {_span(life)}"
            return f"{words}, then anew, {len(ended)} times", ended[0][0][0], life, 0.85
    return _one_life(_growing_part(parts[-1]), limit)


def _was_killed(reading: Reading, workload: Workload, when: datetime) -> bool:
    """Whether the one life that a chart shows whole is one of several that the kernel ended."""
    return any(
        each.restarts >= _SEVERAL
        and each.ended is not None
        and each.ended.reason == "OOMKilled"
        and each.ended.finished_at is not None
        and abs(each.ended.finished_at - when) <= SHORTEST_LIFE / 2
        for pod in workload.members
        if reading.pod in (None, pod.ref.name)
        for each in pod.containers
    )


_SEVERAL = 3
_LONG = timedelta(hours=12)


def _growing_part(points: Points) -> Points:
    """From where the growth began: a chart may show a flat time before."""
    found = rise(points)
    if found is None:
        return points
    later = tuple(each for each in points if each[0] >= found.since)
    return later if grows_steadily(later) else points


def _one_life(points: Points, limit: float | None) -> tuple[str, datetime, timedelta, float] | None:
    if not grows_steadily(points) or _lasts(points) < SHORTEST_GROWTH:
        return None
    first, last, per_hour = points[0], points[-1], slope(points)
    if per_hour <= 0 or (last[1] < 1.3 * first[1] and not _ends_soon(points, per_hour, limit)):
        return None
    words = f"from {_size(first[1])} at {first[0]:%H:%M} to {_size(last[1])} at {last[0]:%H:%M} UTC, "
    words += f"{_size(per_hour)} each hour"
    if limit is None:
        return (words, first[0], _lasts(points), 0.6) if last[1] >= 2 * first[1] else None
    left = (limit - last[1]) / per_hour
    if last[1] < 0.7 * limit and left > 12:
        return None
    return f"{words}, {last[1] / limit:.0%} of its limit of {_size(limit)}", first[0], _lasts(points), 0.75


def _ends_soon(points: Points, per_hour: float, limit: float | None) -> bool:
    """Whether slow growth, which only a chart of half a day or more can tell, reaches the limit within half a day."""
    first, last = points[0][1], points[-1][1]
    if limit is None or _lasts(points) < _LONG or last < 1.08 * first or last < 0.9 * limit:
        return False
    return (limit - last) / per_hour <= _LONG.total_seconds() / 3600


def _limit(reading: Reading, workload: Workload) -> float | None:
    found = [
        quantity(each.memory_limit)
        for pod in workload.members
        for each in pod.containers
        if not each.is_init and (reading.container is None or each.name == reading.container)
    ]
    return max((each for each in found if each), default=None)


def _lasts(points: Points) -> timedelta:
    return points[-1][0] - points[0][0]


def _size(value: float) -> str:
    return f"{value / 2**30:.1f} GiB" if value >= 2**30 else f"{value / 2**20:.0f} MiB"


def _span(value: timedelta) -> str:
    hours = value.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} h"


# ---- by lives that end alike ----------------------------------------------------------------------------------------


def _by_lives(workload: Workload, snapshot: Snapshot) -> Leak | None:
    killed = [
        (pod, each, life)
        for pod in workload.members
        for each in pod.containers
        if (life := _life(each)) is not None and _is_regular(pod, each, life, snapshot.observed_at)
    ]
    restarts = sum(each.restarts for _, each, _ in killed)
    if restarts < 3 or not killed:
        return None
    life = max(each for _, _, each in killed)
    if life < SHORTEST_LIFE or _DAILY[0] <= life <= _DAILY[1]:
        return None
    pods = tuple(dict.fromkeys(pod for pod, _, _ in killed))
    limit = killed[0][1].memory_limit
    growing = _told_growth(pods)
    words = f"killed at {limit or 'no limit of its own'} after {_span(life)} each time, {restarts} restarts in all"
    shown = cited((each.evidence for each in pods), logs_of(pods))
    began = min((each.created_at for each in pods if each.created_at), default=None)
    return Leak(words, shown, 0.8 if growing else 0.7, pods, began, life)


def _life(container: Container) -> timedelta | None:
    ended = container.ended
    if ended is None or ended.reason != "OOMKilled" or not ended.started_at or not ended.finished_at:
        return None
    return ended.finished_at - ended.started_at


def _is_regular(pod: Pod, container: Container, life: timedelta, now: datetime) -> bool:
    """Whether the lives before were about as long as the last: as many as were, together the age of the pod then.

    What has lived longer since than it did before does not grow any more.
    """
    ended = container.ended
    if ended is None or ended.finished_at is None or pod.created_at is None or not container.restarts:
        return False
    return _is_as_long(ended.finished_at, pod, container, life) and now - ended.finished_at <= 1.25 * life


def _is_as_long(finished: datetime, pod: Pod, container: Container, life: timedelta) -> bool:
    if pod.created_at is None or not container.restarts:
        return False
    return 0.6 * life <= (finished - pod.created_at) / container.restarts <= 1.6 * life


def _told_growth(pods: tuple[Pod, ...]) -> bool:
    """Whether a log names a memory figure that rises from line to line."""
    for tail in (each for pod in pods for each in pod.logs):
        told = [float(each.strip(".,_").replace(",", "").replace("_", "")) for each in _figures(tail.text)]
        steps = [later >= earlier for earlier, later in itertools.pairwise(told)]
        if len(told) >= 3 and told[-1] > 1.1 * told[0] and sum(steps) >= 0.8 * len(steps):
            return True
    return False


def _figures(text: str) -> Iterator[str]:
    for each in _GROWING.finditer(text):
        if re.fullmatch(r"\d[\d,_]*(?:\.\d+)?", each[1].strip(".,_")):
            yield each[1]


# ---- the release that brought it ------------------------------------------------------------------------------------


def _released(workload: Workload, found: Leak, snapshot: Snapshot) -> Blame | None:
    """The running release, where the growth began with it and the one before it ran long enough to have shown it."""
    if len(workload.releases) < 2 or found.began is None:
        return None
    newest, older = workload.releases[0], workload.releases[1]
    made, before = newest.created_at, older.created_at
    if made is None or before is None or newest.came_back or newest.changed <= {"restart"}:
        return None
    is_new = snapshot.observed_at - made <= max(timedelta(days=2), 12 * found.life)
    began_with_it = -timedelta(minutes=2) <= found.began - made <= timedelta(minutes=30)
    ran_well = made - before >= 3 * found.life
    return Blame(newest, older, is_direct=False) if is_new and began_with_it and ran_well else None
