"""Cron schedules: five fields with lists, ranges and steps, the usual @names, and the moments that they mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_FAR = timedelta(days=366 * 5)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The minutes, hours, days, months and weekdays that are meant."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def next_after(self, moment: datetime) -> datetime | None:
        """The first moment meant after this one, in its time zone; None when there is none in five years."""
        at = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        while at - moment < _FAR:
            if at.month not in self.months or not self._is_day(at):
                at = at.replace(hour=0, minute=0) + timedelta(days=1)
            elif at.hour not in self.hours:
                at = at.replace(minute=0) + timedelta(hours=1)
            elif at.minute not in self.minutes:
                at += timedelta(minutes=1)
            else:
                return at
        return None

    def _is_day(self, at: datetime) -> bool:
        day, weekday = at.day in self.days, at.isoweekday() % 7 in self.weekdays
        # When both are given, either will do.
        if self.any_day or self.any_weekday:
            return day and weekday
        return day or weekday


def parse_schedule(text: str) -> Schedule:
    """A schedule in words; ValueError when it is none."""
    fields = _NAMED.get(text.strip().lower(), text).split()
    if len(fields) != 5:
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{text}]")
    sets = [_values(field, *bounds) for field, bounds in zip(fields, _BOUNDS, strict=True)]
    weekdays = frozenset(each % 7 for each in sets[4])
    star = [field.startswith(("*", "?")) for field in fields]
    return Schedule(sets[0], sets[1], sets[2], sets[3], weekdays, star[2], star[4])


def _values(field: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span in ("*", "?"):
            start, end = low, high
        else:
            start = _number(first, field)
            end = _number(last, field) if last else (high if step else start)
        if not low <= start <= end <= high:
            raise ValueError(f"{field!r} is outside of {low}-{high}")
        found |= set(range(start, end + 1, int(step) if step else 1))
    return frozenset(found)


def _number(text: str, field: str) -> int:
    lowered = text.lower()
    if lowered in _MONTHS:
        return _MONTHS.index(lowered) + 1
    if lowered in _DAYS:
        return _DAYS.index(lowered)
    if not text.isdigit():
        raise ValueError(f"failed to parse int from {text}: {field!r}")
    return int(text)
