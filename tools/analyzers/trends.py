"""Statistics of one measured line that hold against outliers and gaps: levels, when a level rose, steady growth.

All are pure functions of points, a time and a value each; points may come in any order, and values that are no
numbers are left out.
"""

import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

Points = Sequence[tuple[datetime, float]]
LATEST = timedelta(minutes=15)
FEWEST = 8
_FEW_OF_GROWTH = 5
_FAR = 2.0
_LEAST = 1e-9
_BUCKETS = 8
_STEPS_UP = 6
# A chart older than this says nothing of now; clocks of sources differ a little.
STALE = timedelta(hours=1)
_PAIRS = 120
# A median absolute deviation as a standard deviation of noise that is spread normally.
_NORMAL = 1.4826


@dataclass(frozen=True, slots=True)
class Shift:
    """A level that was ``before`` and is ``now``, since a time. Both are medians; ``noise`` is that of before."""

    before: float
    now: float
    since: datetime
    noise: float

    @property
    def ratio(self) -> float:
        return self.now / self.before if self.before > 0 else math.inf


def ordered(points: Iterable[tuple[datetime, float]]) -> Points:
    """By time, each time once, without what is no number."""
    return tuple(sorted({when: value for when, value in points if math.isfinite(value)}.items()))


def level(points: Points) -> float:
    """The level at the end: the median of the last while, and of at least three points."""
    return statistics.median(value for _, value in _latest(points))


def lowest_lately(points: Points) -> float:
    """The least of the last while: what was held all the time."""
    return min(value for _, value in _latest(points))


def _latest(points: Points) -> Points:
    last = points[-1][0]
    return [each for index, each in enumerate(points) if last - each[0] <= LATEST or index >= len(points) - 3]


def is_fresh(points: Points, now: datetime) -> bool:
    return len(points) >= 3 and now - points[-1][0] <= STALE


def rise(points: Points) -> Shift | None:
    """Whether the level at the end is clearly above the one before, and since when; a spike that is over is none.

    The level before is the part left of the best single step through the points; where there is no such part, as in
    a chart that only shows the trouble, nothing is said.
    """
    if len(points) < FEWEST:
        return _rise_of_few(points)
    smooth = _smoothed([value for _, value in points])
    split = _best_step(smooth)
    before = statistics.median(smooth[:split])
    noise = _NORMAL * statistics.median(abs(each - before) for each in smooth[:split])
    now = level(points)
    enough = before + max(4 * noise, 0.25 * (now - before))
    if now <= enough or now <= max(_most(smooth[:split]), before):
        return None
    onset = split
    while onset > 3 and smooth[onset - 1] > enough:
        onset -= 1
    while onset < len(smooth) - 1 and smooth[onset] <= enough:
        onset += 1
    return Shift(before, now, points[onset][0], noise)


def fall(points: Points) -> bool:
    """Whether the level at the end is clearly below the one before: less than two thirds of it, not by noise."""
    most = max((value for _, value in points), default=0.0)
    turned = rise([(when, most - value) for when, value in points])
    return turned is not None and most - turned.now < 2 / 3 * (most - turned.before)


def _rise_of_few(points: Points) -> Shift | None:
    """Of some four to seven points: all that come after a time lie far above all before it, two at least on each side.

    So few cannot tell a wave from a step by their sums; that none of them is between the two levels tells as much.
    """
    values = [value for _, value in points]
    if not values or min(values) < 0:
        return None
    ratios = {index: min(values[index:]) / max(*values[:index], _LEAST) for index in range(2, len(values) - 1)}
    split = max(ratios, key=lambda index: ratios[index], default=None)
    if split is None or ratios[split] < _FAR:
        return None
    before, now = statistics.median(values[:split]), level(points)
    if now <= before or now < min(values[split:]):
        return None
    noise = _NORMAL * statistics.median(abs(each - before) for each in values[:split])
    return Shift(before, now, points[split][0], noise)


def _most(values: Sequence[float]) -> float:
    """The highest but for one value in ten, which may be a spike that passed."""
    return sorted(values)[int(0.9 * (len(values) - 1))]


def _smoothed(values: Sequence[float]) -> list[float]:
    return [statistics.median(values[max(0, index - 1) : index + 2]) for index in range(len(values))]


def _best_step(values: Sequence[float]) -> int:
    """Where one step fits best: the least squares on both sides, by the gain of the sums. Three on each side."""
    total, count, left = sum(values), len(values), 0.0
    best, split = -1.0, 3
    for index, value in enumerate(values[:-3], start=1):
        left += value
        gain = (left / index - (total - left) / (count - index)) ** 2 * index * (count - index)
        if index >= 3 and gain > best:
            best, split = gain, index
    return split


def slope(points: Points) -> float:
    """The growth per hour after Theil and Sen: the median over pairs of points, of a part of them where many."""
    if len(points) < 2:
        return 0.0
    few = points[:: max(1, len(points) // _PAIRS)]
    rates = [
        (later - earlier) / ((end - begin).total_seconds() / 3600)
        for (begin, earlier), (end, later) in itertools.combinations(few, 2)
        if end > begin
    ]
    return statistics.median(rates) if rates else 0.0


def lives(points: Points) -> list[Points]:
    """The parts between falls to less than two thirds of the point before: what begins anew, as a process does."""
    parts: list[list[tuple[datetime, float]]] = []
    for each in points:
        if not parts or each[1] < parts[-1][-1][1] * 2 / 3:
            parts.append([])
        parts[-1].append(each)
    return list(parts)


def _all_grow(values: Sequence[float]) -> bool:
    steps = [later - earlier for earlier, later in itertools.pairwise(values)]
    whole = values[-1] - values[0]
    return min(steps) > 0 and max(steps) <= 0.5 * whole and sum(steps[-2:]) >= 0.2 * whole


def grows_steadily(points: Points) -> bool:
    """Whether it rises nearly all the time and still does at the end: no step, no warming up, no wave."""
    if len(points) < FEWEST:
        return len(points) >= _FEW_OF_GROWTH and _all_grow([value for _, value in points])
    size = len(points) / _BUCKETS
    buckets = [
        statistics.median(value for _, value in points[int(index * size) : int((index + 1) * size)])
        for index in range(_BUCKETS)
    ]
    steps = [later - earlier for earlier, later in itertools.pairwise(buckets)]
    whole = buckets[-1] - buckets[0]
    if whole <= 0 or sum(step > 0 for step in steps) < _STEPS_UP:
        return False
    # A single step up, or one that flattens out, is another level and no growth.
    return max(steps) <= 0.5 * whole and sum(steps[-3:]) >= 0.2 * whole
