"""Lines that say the same, once: a template miner after Drain (He et al., ICWS 2017), over entries of one log.

Messages of as many words that begin alike are one group's candidates; the most similar group takes a message when
enough words are equal, and what differs becomes ``<*>``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tools.logs.reading import Entry, Level, Template, clip

WILD = "<*>"
MOST_WORDS = 60
MOST_GROUPS = 400
MOST_IN_A_LEAF = 40
ALIKE = 0.5
_VARIES = re.compile(
    r"https?://[^\s\"']{1,300}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|"
    r"(?<![\w])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?|"
    r"(?<![\w])0x[0-9a-fA-F]{1,32}|(?<![A-Za-z0-9])[0-9a-f]{12,64}(?![A-Za-z0-9])|(?<![A-Za-z_])\d[\d.,:]{0,40}"
)


@dataclass(slots=True)
class _Group:
    words: list[str]
    count: int
    level: Level
    first_at: datetime | None
    last_at: datetime | None
    sample: str


def mine(entries: Iterable[Entry]) -> tuple[Template, ...]:
    """The templates of a log, in the order in which they were first seen."""
    groups: list[_Group] = []
    leaves: dict[tuple[int, str], list[_Group]] = {}
    known: dict[str, _Group] = {}
    for entry in entries:
        group = known.get(entry.message)
        if group is None:
            words = _VARIES.sub(WILD, entry.message[:1_000]).split()[:MOST_WORDS] or [WILD]
            leaf = leaves.setdefault(_leaf(words), [])
            group = _closest(leaf, words)
            if group is None:
                # A log in which nothing repeats ends in one last group that holds anything.
                is_full = len(groups) >= MOST_GROUPS or len(leaf) >= MOST_IN_A_LEAF
                leaf = leaves.setdefault((0, WILD), []) if is_full else leaf
                group = leaf[0] if is_full and leaf else _new(groups, leaf, [WILD] if is_full else words, entry)
            else:
                group.words = [a if a == b else WILD for a, b in zip(group.words, words, strict=True)]
            known[entry.message] = group
        _count(group, entry)
    return tuple(
        Template(" ".join(each.words), each.count, each.level, each.first_at, each.last_at, each.sample)
        for each in groups
    )


def _leaf(words: list[str]) -> tuple[int, str]:
    """A word with a digit in it is no name to group by."""
    first = words[0]
    return len(words), WILD if any(each.isdigit() for each in first) or WILD in first else first


def _closest(leaf: list[_Group], words: list[str]) -> _Group | None:
    best, most = None, ALIKE
    for group in leaf:
        same = sum(mine == other for mine, other in zip(group.words, words, strict=True)) / len(words)
        if same >= most:
            best, most = group, same
    return best


def _new(groups: list[_Group], leaf: list[_Group], words: list[str], entry: Entry) -> _Group:
    group = _Group(words, 0, entry.level, entry.at, entry.at, clip(entry.headline))
    groups.append(group)
    leaf.append(group)
    return group


def _count(group: _Group, entry: Entry) -> None:
    group.count += 1
    group.level = max(group.level, entry.level)
    group.first_at = group.first_at or entry.at
    group.last_at = entry.at or group.last_at
