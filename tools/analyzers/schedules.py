"""When a cron schedule was last due: the five fields that Kubernetes takes, and the names for common ones."""

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
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MONTHS = {
    name: str(n)
    for n, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_DAYS = {name: str(n) for n, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_LOOK_BACK = timedelta(days=62)


def last_due(schedule: str, now: datetime) -> datetime | None:
    """The last minute at or before ``now`` that the schedule names, in UTC; None if it cannot be read."""
    fields = _NAMED.get(schedule.strip().lower(), schedule).lower().split()
    if fields and fields[0].startswith(("tz=", "cron_tz=")):
        fields = fields[1:]
    if len(fields) != len(_RANGES):
        return None
    try:
        minutes, hours, days, months, weekdays = (
            _values(_without_names(each), *bounds) for each, bounds in zip(fields, _RANGES, strict=True)
        )
    except ValueError:
        return None
    weekdays |= {0} if 7 in weekdays else set()
    either = not fields[2].startswith(("*", "?")) and not fields[4].startswith(("*", "?"))
    day = now.replace(second=0, microsecond=0)
    for _ in range(_LOOK_BACK.days):
        in_month, in_week = day.day in days, day.isoweekday() % 7 in weekdays
        if day.month in months and ((in_month or in_week) if either else (in_month and in_week)):
            found = [(h, m) for h in hours for m in minutes if (h, m) <= (day.hour, day.minute)]
            if found:
                hour, minute = max(found)
                return day.replace(hour=hour, minute=minute)
        day = day.replace(hour=23, minute=59) - timedelta(days=1)
    return None


def _without_names(field: str) -> str:
    for name, value in (*_MONTHS.items(), *_DAYS.items()):
        field = field.replace(name, value)
    return field


def _values(field: str, low: int, high: int) -> set[int]:
    """The numbers that one field names; raises ``ValueError`` for what is no field."""
    found: set[int] = set()
    for part in field.replace("?", "*").split(","):
        span, _, step = part.partition("/")
        begin, _, end = (f"{low}-{high}" if span == "*" else span).partition("-")
        last = int(end) if end else high if step else int(begin)
        every = int(step) if step else 1
        if every < 1 or not low <= int(begin) <= last <= high:
            raise ValueError(field)
        found |= set(range(int(begin), last + 1, every))
    return found
