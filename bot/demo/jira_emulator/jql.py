"""The part of JQL that readers of tickets use: clauses joined by AND, and one ORDER BY."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.demo.jira_emulator.data import Ticket

_ORDER = re.compile(r"(?i)\s*\bORDER\s+BY\s+(\w+)(?:\s+(ASC|DESC))?\s*$")
_SET = re.compile(r'(?i)^(\w+)\s+(not\s+)?in\s*\(([^)]*)\)$|^(\w+)\s*(!?=)\s*("[^"]*"|[\w.-]+)$')
_TIME = re.compile(
    r'(?i)^(created|updated|resolved|resolutiondate)\s*(>=|<=|>|<)\s*"?(-\d+[mhdw]|[\d/-]+(?: [\d:]+)?)"?$'
)
_SPANS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FIELDS: dict[str, Callable[[Ticket], tuple[str, ...]]] = {
    "project": lambda each: (each.project,),
    "key": lambda each: (each.key,),
    "issuekey": lambda each: (each.key,),
    "issuetype": lambda each: (each.type,),
    "type": lambda each: (each.type,),
    "status": lambda each: (each.status,),
    "statuscategory": lambda each: (each.category,),
    "labels": lambda each: each.labels,
    "component": lambda each: each.components,
}


class BadQuery(Exception):
    """Jira's words for what it does not accept."""


def select(query: str, tickets: Sequence[Ticket], now: datetime) -> list[Ticket]:
    """The tickets a query finds, in its order. Raises ``BadQuery``."""
    order = _ORDER.search(query)
    clauses = [each.strip() for each in re.split(r"(?i)\s+AND\s+", _ORDER.sub("", query)) if each.strip()]
    known = {each.project for each in tickets}
    tests = [_test(each, known, now) for each in clauses]
    found = [each for each in tickets if all(test(each) for test in tests)]
    name = order[1].lower() if order else "created"
    if name not in ("created", "updated", "key"):
        raise BadQuery(f"Not able to sort using field '{name}'.")
    is_newest_first = not order or (order[2] or "").upper() == "DESC"
    return sorted(found, key=lambda each: getattr(each, name), reverse=is_newest_first)


def _test(clause: str, projects: set[str], now: datetime) -> Callable[[Ticket], bool]:
    timed = _TIME.match(clause)
    if timed:
        return _by_time(timed[1].lower(), timed[2], _moment(timed[3], now))
    chosen = _SET.match(clause)
    if not chosen:
        raise BadQuery(f"Error in the JQL Query: '{clause}' is not understood. (line 1, character 1)")
    name = (chosen[1] or chosen[4]).lower()
    if name not in _FIELDS:
        raise BadQuery(f"Field '{name}' does not exist or you do not have permission to view it.")
    wanted = {each.strip().strip('"').lower() for each in (chosen[3] or chosen[6]).split(",")}
    unknown = wanted - {each.lower() for each in projects}
    if name == "project" and unknown:
        raise BadQuery(f"The value '{min(unknown).upper()}' does not exist for the field 'project'.")
    is_denied, read = bool(chosen[2]) or chosen[5] == "!=", _FIELDS[name]
    return lambda each: bool(wanted & {text.lower() for text in read(each)}) != is_denied


def _by_time(name: str, sign: str, moment: datetime) -> Callable[[Ticket], bool]:
    key = "resolved" if name.startswith("resol") else name

    def test(each: Ticket) -> bool:
        at = getattr(each, key)
        if at is None:
            return False
        later = at >= moment if "=" in sign else at > moment
        earlier = at <= moment if "=" in sign else at < moment
        return bool(later if sign.startswith(">") else earlier)

    return test


def _moment(text: str, now: datetime) -> datetime:
    if text.startswith("-"):
        return now - timedelta(**{_SPANS[text[-1].lower()]: int(text[1:-1])})
    try:
        return datetime.fromisoformat(text.replace("/", "-")).replace(tzinfo=now.tzinfo)
    except ValueError:
        raise BadQuery(f"Date value '{text}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm'.") from None
