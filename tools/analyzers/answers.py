"""What logs tell of the requests that a workload answered, as lines over time: the share of errors, and how long."""

import math
import statistics
from collections.abc import Sequence
from datetime import datetime, timedelta

from tools.analyzers.metrics import Measure, Reading
from tools.analyzers.trends import Points, rise
from tools.logs.reading import Answered
from tools.snapshot import LogTail, Snapshot, Workload
from tools.world import Series

LATELY = timedelta(minutes=15)
STILL = timedelta(minutes=6)
# Fewer requests show no share, and fewer errors are an accident.
_FEWEST, _FEWEST_ERRORS = 12, 5
_LEAST_SHARE = 0.05
_SLOWER, _SLOW = 3.0, 1000.0
_PARTS = 16
_NARROWEST = timedelta(seconds=30)


def logged(workload: Workload, snapshot: Snapshot) -> list[Reading]:
    """Lines counted in the logs of a workload that rose and are high now; each log alone, as their lengths differ."""
    found = []
    for pod in workload.members:
        for tail in (each for each in pod.logs if not each.previous and each.reading.answers):
            dated = [each for each in tail.reading.answers if each.at is not None]
            if len(dated) >= _FEWEST and _is_late(dated[-1].at, snapshot):
                found += _lines(workload, tail, dated)
    return found


def _is_late(when: datetime | None, snapshot: Snapshot) -> bool:
    return when is not None and snapshot.observed_at - when <= LATELY


def _lines(workload: Workload, tail: LogTail, answers: Sequence[Answered]) -> list[Reading]:
    parts = _parted(answers)
    shares = tuple((when, sum(each.is_error for each in some) / len(some)) for when, some in parts)
    times = tuple((when, statistics.median(took)) for when, some in parts if (took := _times(some)))
    found = []
    up = rise(shares)
    if up is not None and up.now >= _LEAST_SHARE and _fails_still(answers, up.now):
        found.append(_reading("answers with a 5xx, by the log", Measure.ERROR_SHARE, shares, workload, tail))
    slower = rise(times)
    last = _times(answers)[-_FEWEST_ERRORS:]
    if slower is not None and statistics.median([*last, slower.now]) >= max(_SLOW, _SLOWER * slower.before):
        found.append(_reading("time of answers, by the log", Measure.LATENCY, times, workload, tail))
    return found


def _fails_still(answers: Sequence[Answered], share: float) -> bool:
    """Whether there are enough errors, and among the last answers as well: so many of them would hold some."""
    bad = [each for each in answers if each.is_error]
    if len(bad) < _FEWEST_ERRORS or not any(each.is_error for each in answers[-math.ceil(_FEWEST_ERRORS / share) :]):
        return False
    last, end = bad[-1].at, answers[-1].at
    return last is not None and end is not None and end - last <= STILL


def _times(answers: Sequence[Answered]) -> list[float]:
    return [each.took for each in answers if each.took is not None]


def _parted(answers: Sequence[Answered]) -> list[tuple[datetime, list[Answered]]]:
    """The answers of equal spans of time, by the last of each."""
    times = [each.at for each in answers if each.at is not None]
    width = max(_NARROWEST, (max(times) - min(times)) / _PARTS)
    parts: dict[int, list[Answered]] = {}
    for each in answers:
        if each.at is not None:
            parts.setdefault(int((each.at - min(times)) / width), []).append(each)
    return [(max(one.at for one in some if one.at), some) for _, some in sorted(parts.items())]


def _reading(name: str, measure: Measure, points: Points, workload: Workload, tail: LogTail) -> Reading:
    series = Series(name, {"pod": tail.pod.name}, "", tuple(points))
    return Reading(series, measure, points, workload, tail.pod.name, tail.container, None, None, "log")
