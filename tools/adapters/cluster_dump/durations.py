"""How long something is, in the words that kubectl prints: 45s, 7m12s, 3h, 2d4h."""

from datetime import datetime
from typing import Any

from tools.objects import at

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3_600, 86_400, 365 * 86_400
# Up to the first number of seconds it is told in the first unit, with the second one beside it if there is any rest.
_STEPS = (
    (2 * _MINUTE, (1, "s"), None),
    (10 * _MINUTE, (_MINUTE, "m"), (1, "s")),
    (3 * _HOUR, (_MINUTE, "m"), None),
    (8 * _HOUR, (_HOUR, "h"), (_MINUTE, "m")),
    (2 * _DAY, (_HOUR, "h"), None),
    (8 * _DAY, (_DAY, "d"), (_HOUR, "h")),
    (2 * _YEAR, (_DAY, "d"), None),
    (8 * _YEAR, (_YEAR, "y"), (_DAY, "d")),
)


def human(seconds: float) -> str:
    """A span with fewer units the longer it is."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    whole = max(whole, 0)
    for below, (size, letter), smaller in _STEPS:
        if whole < below:
            rest = (whole % size) // smaller[0] if smaller else 0
            return f"{whole // size}{letter}" + (f"{rest}{smaller[1]}" if smaller and rest else "")
    return f"{whole // _YEAR}y"


def since(stamp: Any, now: datetime) -> str:
    """How long ago a time of the API was; what kubectl says when there is none."""
    found = at(stamp)
    return "<unknown>" if found is None else human((now - found).total_seconds())
