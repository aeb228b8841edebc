"""How long something is, in the words that kubectl prints: 45s, 7m12s, 3h, 2d4h."""

from __future__ import annotations

from datetime import datetime

from bot.demo.cluster_emulator.objects import parse_stamp

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def human_duration(seconds: float) -> str:
    """A span with fewer units the longer it is."""
    total = int(seconds)
    if total < -1:
        return "<invalid>"
    total = max(total, 0)
    # (below this, the big unit, its letter, the small unit beside it or 0, its letter)
    steps = (
        (2 * _MINUTE, 1, "s", 0, ""),
        (10 * _MINUTE, _MINUTE, "m", 1, "s"),
        (3 * _HOUR, _MINUTE, "m", 0, ""),
        (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
        (2 * _DAY, _HOUR, "h", 0, ""),
        (8 * _DAY, _DAY, "d", _HOUR, "h"),
        (2 * _YEAR, _DAY, "d", 0, ""),
        (8 * _YEAR, _YEAR, "y", _DAY, "d"),
    )
    for below, big, letter, small, small_letter in steps:
        if total < below:
            rest = (total % big) // small if small else 0
            return f"{total // big}{letter}" + (f"{rest}{small_letter}" if rest else "")
    return f"{total // _YEAR}y"


def age_of(text: object, now: datetime) -> str:
    """How long ago a timestamp was; the word kubectl uses when there is none."""
    if not isinstance(text, str) or not text:
        return "<unknown>"
    return human_duration((now - parse_stamp(text)).total_seconds())
