"""The times that programs write at the head of a line, and in JSON."""

import re
from datetime import UTC, datetime, timedelta

_OFFSET = r"(?: ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d))?"
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?"
_ISO = re.compile(rf"(?P<year>\d{{4}})[-/.](?P<month>\d\d)[-/.](?P<day>\d\d)(?:T|,? ){_CLOCK}{_OFFSET}(?![\d])")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NAME = "(?P<name>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_SYSLOG = re.compile(
    rf"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?{_NAME} {{1,2}}(?P<day>\d{{1,2}}) {_CLOCK}(?: (?P<year>\d{{4}}))?"
)
_COMMON = re.compile(rf"(?P<day>\d\d?)[/ -]{_NAME}[/ -](?P<year>\d{{4}})[: ]{_CLOCK}{_OFFSET}")
_HOUR = re.compile(rf"{_CLOCK}(?!\d)")
_KITCHEN = re.compile(r"\d{1,2}:\d\d[AP]M(?=\s)")
_EPOCH = re.compile(r"(?P<epoch>1\d{9}(?:\.\d{1,9}|\d{3})?)(?=\s)")
_SHAPES = (_ISO, _COMMON, _SYSLOG, _EPOCH, _HOUR, _KITCHEN)
_ACCESS = re.compile(rf"[\w.:,-]{{1,80}} \S{{1,80}} \S{{1,80}} \[{_COMMON.pattern}\]")
KUBELET = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ")


def stamp_at_head(line: str, now: datetime | None) -> tuple[datetime | None, int]:
    """The time a line begins with, and where the rest begins: 0 if it begins with none.

    A time without a date is a time without a day: it is stepped over and not answered.
    """
    start = 1 if line[:1] == "[" else 0
    for shape in _SHAPES:
        found = shape.match(line, start)
        if found is not None:
            return _moment(found.groupdict(), now), found.end()
    return None, 0


def access_moment(line: str) -> datetime | None:
    """The time of a line of an access log, which gives it after who asked: ``ip - - [02/Nov/2026:15:04:10 +0000]``."""
    found = _ACCESS.match(line)
    return _moment(found.groupdict(), None) if found is not None else None


def moment_of(value: object, now: datetime | None) -> datetime | None:
    """The time in a JSON member: a text in a known form, or seconds, milli-, micro- or nanoseconds since 1970."""
    if isinstance(value, dict):
        value = value.get("$date")
    if isinstance(value, str):
        return stamp_at_head(f"{value} ", now)[0]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = value
    for _ in range(3):
        seconds = seconds / 1000 if abs(seconds) > 1e11 else seconds
    return _since_epoch(seconds)


def klog_moment(month_day: str, clock: str, now: datetime | None) -> datetime | None:
    """``0412`` and ``10:11:12.123456``: klog leaves the year to the reader."""
    found = _HOUR.match(clock)
    if found is None or len(month_day) != 4:
        return None
    return _moment({**found.groupdict(), "month": month_day[:2], "day": month_day[2:]}, now)


def _since_epoch(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _moment(parts: dict[str, str | None], now: datetime | None) -> datetime | None:
    if epoch := parts.get("epoch"):
        return _since_epoch(float(epoch) / (1000 if len(epoch) == 13 and "." not in epoch else 1))
    if parts.get("day") is None or (parts.get("year") is None and now is None):
        return None
    name = parts.get("name")
    month = _MONTHS.index(name.lower()) + 1 if name else int(parts["month"] or 0)
    year = parts.get("year")
    try:
        at = datetime(
            int(year) if year else _year(now),
            month,
            int(parts["day"] or 0),
            int(parts["hour"] or 0),
            int(parts["minute"] or 0),
            int(parts["second"] or 0),
            int((parts.get("part") or "0")[:6].ljust(6, "0")),
            UTC,
        )
        at -= _offset(parts.get("zone"))
        # A year that nobody wrote: December read in January was last year's.
        return at.replace(year=at.year - 1) if not year and now and at > now + timedelta(days=2) else at
    except (ValueError, OverflowError):
        return None


def _year(now: datetime | None) -> int:
    return now.year if now is not None else 1970


def _offset(zone: str | None) -> timedelta:
    """How far a written zone is ahead of UTC; a time without one is taken for UTC, as containers run in it."""
    if zone is None or zone[0] not in "+-":
        return timedelta()
    digits = zone[1:].replace(":", "")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -span if zone[0] == "-" else span
