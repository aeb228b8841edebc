"""Times in which nothing is changed: a span between two moments, or one that comes back every week. All in UTC."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKLY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)[a-z]*\s+([01]\d|2[0-3]):([0-5]\d)", re.IGNORECASE)
_WEEK = timedelta(days=7)


def _moment(value: object) -> object:
    """``Fri 16:00`` (every week) or ``2026-12-20T00:00:00Z``; a time without a zone is refused."""
    if isinstance(value, str) and (found := _WEEKLY.fullmatch(value.strip())):
        return f"{found[1].lower()} {found[2]}:{found[3]}"
    if isinstance(value, str):
        value = _iso(value.strip())
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    raise ValueError("write a moment with its zone (2026-12-20T00:00:00Z), or a day and time in UTC (Fri 16:00)")


def _iso(text: str) -> object:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


# Normalised: either "fri 16:00" or an ISO time that ends in Z.
Moment = Annotated[str, BeforeValidator(_moment)]


class Freeze(BaseModel):
    """No change from ``from`` until ``until``; in the named environments, or in all when none is named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    begins: Moment = Field(alias="from")
    until: Moment
    reason: str = Field(min_length=1, max_length=200)
    environments: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _of_one_sort(self) -> Self:
        if _is_weekly(self.begins) != _is_weekly(self.until):
            raise ValueError("write both ends of a freeze alike: two moments, or two times of the week")
        if self.begins == self.until or (not _is_weekly(self.begins) and self.begins > self.until):
            raise ValueError("a freeze must end after it begins")
        return self

    def holds(self, now: datetime, environment: str | None) -> bool:
        """Whether it is in force at ``now`` (with a zone); an environment that is not known counts as frozen."""
        if self.environments and environment is not None and environment not in self.environments:
            return False
        if not _is_weekly(self.begins):
            return datetime.fromisoformat(self.begins) <= now < datetime.fromisoformat(self.until)
        begins, until, at = _of_week(self.begins), _of_week(self.until), _into_week(now)
        return (at - begins) % _WEEK < (until - begins) % _WEEK


def _is_weekly(moment: str) -> bool:
    return moment[0].isalpha()


def _of_week(moment: str) -> timedelta:
    day, _, clock = moment.partition(" ")
    hour, _, minute = clock.partition(":")
    return timedelta(days=_DAYS.index(day), hours=int(hour), minutes=int(minute))


def _into_week(now: datetime) -> timedelta:
    here = now.astimezone(UTC)
    return timedelta(
        days=here.weekday(), hours=here.hour, minutes=here.minute, seconds=here.second, microseconds=here.microsecond
    )
