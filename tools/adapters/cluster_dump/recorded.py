"""Reads what lies beside the objects of a dump: changes, metrics, and the moment it was taken."""

import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from tools.adapters.cluster_dump.files import CHANGES, META, METRICS, BadDump, read_json
from tools.adapters.cluster_dump.shapes import FIRST_YEAR, LAST_YEAR
from tools.objects import at
from tools.world import JsonObject, RecordedChange, Series

_TIME = 'a time such as "2026-05-07T11:16:28Z"'


def moment(value: Any) -> datetime | None:
    """A time in ISO 8601, as YAML reads one, or in seconds since 1970; UTC where it names no zone."""
    if isinstance(value, datetime):
        found: datetime | None = value if value.tzinfo else value.replace(tzinfo=UTC)
    elif isinstance(value, date):
        found = datetime(value.year, value.month, value.day, tzinfo=UTC)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        # Beyond these a number is no time of a cluster, and may be too large for any.
        found = datetime.fromtimestamp(value, UTC) if 0 <= value < 7_000_000_000 else None
    else:
        found = at(value.strip() if isinstance(value, str) else value)
    return found if found is not None and FIRST_YEAR <= found.year < LAST_YEAR else None


def read_observed_at(folder: Path) -> datetime | None:
    """What meta.yaml says; None without one, or where it does not say."""
    path = folder / META
    found = _read_yaml(path) if path.is_file() else None
    if found is None:
        return None
    if not isinstance(found, dict):
        raise BadDump(f"{path}: must be a mapping; write observed_at: {_TIME}")
    wanted = found.get("observed_at")
    told = moment(wanted)
    if wanted is not None and told is None:
        raise BadDump(f"{path}: observed_at is {str(wanted)[:60]!r}; write {_TIME}")
    return told


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise BadDump(f"{path} cannot be read: {error.strerror}; check its rights") from None
    except yaml.MarkedYAMLError as error:
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise BadDump(f"{path}{where}: not YAML ({error.problem}); write observed_at: {_TIME}") from None
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError, KeyError):
        # The library's own constructors fail in many ways on values such as a 13th month.
        raise BadDump(f"{path}: not YAML that can be read; write observed_at: {_TIME}") from None


def read_changes(folder: Path) -> tuple[RecordedChange, ...] | None:
    """The changes, the newest first; None without a file of them."""
    entries = _entries(folder / CHANGES, "changes")
    if entries is None:
        return None
    made = [_Entry(folder / CHANGES, f"change {index}", each).change() for index, each in enumerate(entries, start=1)]
    oldest = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(made, key=lambda each: each.at or oldest, reverse=True))


def read_series(folder: Path) -> tuple[Series, ...] | None:
    """The series, each with its points by time; None without a file of them."""
    entries = _entries(folder / METRICS, "series")
    if entries is None:
        return None
    numbered = enumerate(entries, start=1)
    return tuple(_Entry(folder / METRICS, f"series {index}", each).series() for index, each in numbered)


def _entries(path: Path, key: str) -> list[Any] | None:
    if not path.is_file():
        return None
    found = read_json(path)
    if found is None:
        return []
    entries = found.get(key) if isinstance(found, dict) else None
    if entries is None and isinstance(found, dict) and key in found:
        return []
    if not isinstance(entries, list):
        raise BadDump(f'{path}: must be {{"{key}": [...]}}')
    return entries


class _Entry:
    """One entry of a file; every fault names it."""

    def __init__(self, path: Path, name: str, held: Any) -> None:
        self._path, self._name = path, name
        if not isinstance(held, dict):
            raise self._fault("must be an object")
        self._held: JsonObject = held

    def _fault(self, why: str) -> BadDump:
        return BadDump(f"{self._path}, {self._name}: {why}")

    def _text(self, key: str) -> str | None:
        value = self._held.get(key)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int | float):
            return str(value)
        raise self._fault(f"{key} must be text")

    def _required(self, key: str) -> str:
        value = self._text(key)
        if not value:
            raise self._fault(f"has no {key}")
        return value

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._held.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._fault(f"{key} must be a list of texts")
        return tuple(value)

    def change(self) -> RecordedChange:
        said = self._held.get("at")
        made_at = moment(said)
        if said is not None and made_at is None:
            raise self._fault(f"at must be {_TIME}")
        return RecordedChange(
            id=self._required("id"),
            kind=self._text("kind") or "change",
            at=made_at,
            title=self._text("title") or "",
            repo=self._text("repo"),
            author=self._text("author"),
            files=self._texts("files"),
            services=self._texts("services"),
            diff=self._text("diff") or "",
            deployed_by=self._text("deployed_by"),
            url=self._text("url"),
        )

    def series(self) -> Series:
        labels, points = self._held.get("labels"), self._held.get("points")
        if not isinstance(labels, dict | None):
            raise self._fault("labels must be an object")
        if not isinstance(points, list | None):
            raise self._fault("points must be a list of [time, value]")
        read = (self._point(index, each) for index, each in enumerate(points or (), start=1))
        return Series(
            metric=self._required("metric"),
            labels={str(key): str(value) for key, value in (labels or {}).items()},
            unit=self._text("unit") or "",
            points=tuple(sorted(each for each in read if each is not None)),
        )

    def _point(self, index: int, held: Any) -> tuple[datetime, float] | None:
        """A point; nothing for a gap, which is a null or not a finite number."""
        if not isinstance(held, list) or len(held) != 2:
            raise self._fault(f"point {index} must be [time, value]")
        when = moment(held[0])
        if when is None:
            raise self._fault(f"point {index}: the time must be {_TIME}")
        if held[1] is None:
            return None
        try:
            value = float(held[1])
        except (TypeError, ValueError, OverflowError):
            raise self._fault(f"point {index}: the value must be a number") from None
        return (when, value) if math.isfinite(value) else None


def within(span: tuple[datetime, datetime], when: datetime | None) -> bool:
    """Whether a time lies in a span, its ends included; what has no time may."""
    return when is None or span[0] <= when <= span[1]
