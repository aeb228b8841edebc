"""Tickets from a YAML file; times are spans before the start (``created: 2d``), so that a file stays true."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class BadData(Exception):
    """The file cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket; ``category`` is that of its status: new, indeterminate or done."""

    key: str
    type: str
    summary: str
    status: str
    category: str
    reporter: str
    created: datetime
    updated: datetime
    resolved: datetime | None = None
    resolution: str | None = None
    assignee: str | None = None
    description: str = ""
    labels: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    comments: tuple[tuple[str, str], ...] = ()

    @property
    def project(self) -> str:
        return self.key.partition("-")[0]


def read_data(text: str, now: datetime | None = None) -> tuple[Ticket, ...]:
    """The tickets of a file. Raises ``BadData``."""
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as fault:
        raise BadData(f"not YAML: {fault}") from None
    told = found.get("tickets") if isinstance(found, dict) else None
    if not isinstance(told, list):
        raise BadData('must have "tickets", a list')
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    return tuple(_ticket(each, moment) for each in told)


def span(text: Any) -> timedelta:
    """Such as 90s, 40m, 3h, 2d or 1w."""
    parts = _SPAN.findall(str(text))
    if not parts:
        raise BadData(f"{text!r} is not a span such as 40m or 3d")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))


def _ticket(told: dict[str, Any], now: datetime) -> Ticket:
    try:
        key, summary, created = str(told["key"]), str(told["summary"]), now - span(told["created"])
    except (KeyError, TypeError):
        raise BadData(f"a ticket needs key, summary and created: {told!r}") from None
    resolved = now - span(told["resolved"]) if told.get("resolved") else None
    return Ticket(
        key=key,
        type=str(told.get("type") or "Task"),
        summary=summary,
        status=str(told.get("status") or ("Done" if resolved else "To Do")),
        category=str(told.get("category") or ("done" if resolved else "new")),
        reporter=str(told.get("reporter") or "Dana Reporter"),
        created=created,
        updated=now - span(told["updated"]) if told.get("updated") else resolved or created,
        resolved=resolved,
        resolution=told.get("resolution") or ("Done" if resolved else None),
        assignee=told.get("assignee"),
        description=str(told.get("description") or ""),
        labels=tuple(map(str, told.get("labels") or ())),
        components=tuple(map(str, told.get("components") or ())),
        comments=tuple((str(each["author"]), str(each["text"])) for each in told.get("comments") or ()),
    )
