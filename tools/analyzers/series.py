"""Which recorded changes belong together: those of one feature branch or one ticket. Pure."""

import re
from collections.abc import Mapping, Sequence

from tools.world import RecordedChange

_SHOWN = 2
# A source puts the branch of a merged pull request in front of its diff; hosts write it into the titles of merges.
_HEAD = re.compile(r"\Abranch: (\S{1,200})")
_MERGE = re.compile(r"^Merge (?:pull request #\d+ from [\w.-]+/(\S{1,200})|branch '([^']{1,200})')")
_TICKET = re.compile(r"(?<![A-Za-z0-9-])([A-Z][A-Z0-9]{1,9}-\d{1,6})(?![\w.]|-\d)")
# Everybody works on these, so two changes of them have nothing in common.
_SHARED = re.compile(
    r"(?i)^(?:main|master|trunk|head|develop(?:ment)?|dev|staging|stage|production|prod|next|(?:release|hotfix|revert)s?"
    r"[/-].*|v?\d[\d.x]*)$"
)
_STANDARDS = frozenset(
    [
        *("UTF", "UCS", "SHA", "MD", "RFC", "CVE", "CWE", "ISO", "IEC", "IEEE"),
        *("TLS", "SSL", "HTTP", "AES", "RSA", "DES", "EC", "ECDSA", "HMAC", "BASE"),
        *("IPV", "X", "P", "LATIN", "CP", "GPT", "ARM", "AMD", "POSIX", "SQL"),
        *("ES", "JDK", "JRE", "PEP", "TCP", "UDP", "SOC", "PCI", "GB", "MB"),
    ]
)


def series_of(change: RecordedChange) -> tuple[str, ...]:
    """What it is a part of, in words: ``branch feature/x of owner/name``, ``ticket PAY-12``.

    A branch counts within its repository; without one two of the same name may be strangers.
    """
    branch = _branch(change)
    text = " ".join((change.title, branch, change.id if _TICKET.fullmatch(change.id) else ""))
    found = [f"branch {branch} of {change.repo}"] if branch and change.repo and not _SHARED.match(branch) else []
    keys = (each[1] for each in _TICKET.finditer(text))
    found += [f"ticket {each}" for each in keys if each.partition("-")[0] not in _STANDARDS]
    return tuple(dict.fromkeys(found))


def _branch(change: RecordedChange) -> str:
    head, merge = _HEAD.match(change.diff), _MERGE.match(change.title)
    if head is not None:
        return head[1]
    return (merge[1] or merge[2]) if merge is not None else ""


def grouped(recorded: Sequence[RecordedChange]) -> Mapping[str, Sequence[RecordedChange]]:
    """The changes of each branch and ticket by its name, the newest first."""
    found: dict[str, list[RecordedChange]] = {}
    for each in sorted(recorded, key=lambda one: one.at.timestamp() if one.at else 0, reverse=True):
        for name in series_of(each):
            found.setdefault(name, []).append(each)
    return found


def told_together(change: RecordedChange, series: Sequence[str], groups: Mapping[str, Sequence[RecordedChange]]) -> str:
    """Which others are of the same branch or ticket, the newest first; empty where none is."""
    for name in series:
        if others := [each for each in groups[name] if each.id != change.id]:
            more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
            return f"of {name}, as {', '.join(map(_dated, others[:_SHOWN]))}{more}"
    return ""


def _dated(change: RecordedChange) -> str:
    return f"{change.id} of {change.at:%Y-%m-%d}" if change.at else change.id
