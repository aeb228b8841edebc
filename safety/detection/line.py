"""Finds what has to go in one line: runs the rules whose words are there, and keeps within a budget of looks."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from safety.detection.assignments import ASSIGNMENTS
from safety.detection.clouds import CLOUDS
from safety.detection.documents import DOCUMENTS
from safety.detection.encoded import LONG_BLOB, decoded_text
from safety.detection.headers import HEADERS
from safety.detection.personal import NUMBERS, PERSONAL, numbers_in
from safety.detection.programs import PROGRAMS
from safety.detection.prose import PROSE_RULES
from safety.detection.protocols import PROTOCOLS
from safety.detection.rule import MARKS, SEEN, Rule, Span, automaton, compiled, merged
from safety.detection.trades import TRADES
from safety.detection.vendors import VENDORS

RULES: tuple[Rule, ...] = (
    *DOCUMENTS, *CLOUDS, *PROGRAMS, *TRADES, *VENDORS, *HEADERS, *ASSIGNMENTS, *PROTOCOLS, *PROSE_RULES, *PERSONAL,
)  # fmt: skip
OTHER_KINDS = ("OWN_SECRET", "BASE64", "WITHHELD", "PEM", "CARD", "PHONE", "SSN", "IBAN", "PIN", "SESSION", "PASSWORD", "BASIC", "SECRET", "PGPASS")  # fmt: skip
KINDS = tuple(dict.fromkeys((*OTHER_KINDS, *(each.kind for each in RULES))))

# Wider than the rule itself, since letters of every script are letters to ``re`` and only Latin ones to RE2.
_PGPASS = r"[^\s:]{1,128}:(?:[0-9]{4,5}|\*):[^\s:]{1,64}:[^\s:]{1,64}:\S{3,128}"
_WORDS = automaton((word, rule) for rule in RULES for word in rule.words)
_SHAPED = tuple(rule for rule in RULES if rule.shape is not None)
_ANY_SHAPE = "|".join(f"(?:{rule.shape})" for rule in _SHAPED if rule.shape)
_SHAPES = compiled(_ANY_SHAPE)
# What ``begins`` asks for, as a pattern, so that the walk stops only where a token can begin.
_SHAPES_BEGUN = compiled(rf"(?:\A|[^A-Za-z0-9]|\\[nrtbf]|%[0-9A-Fa-f]{{2}}|\\u00[0-9A-Fa-f]{{2}})(?:{_ANY_SHAPE})")
# The beginning of a token at the end of a line, too short to be known for one yet.
BROKEN_OFF = (
    r"(?:gh[opsur]_|github_pat_|glpat-|xox[abeprs]-|sk-|sk_live_|eyJ|AKIA|ASIA|AIza|hvs\.|npm_|pypi-|dop_v1_|SG\.|ATATT3"
    r"|glsa_|dapi|hf_)[A-Za-z0-9_.-]{0,80}"
)
_NUMBERS_AND_BLOBS = compiled(rf"{NUMBERS}|[A-Za-z0-9+/_-]{{40,}}|(?m:^{_PGPASS}\r?$)|(?m:\b{BROKEN_OFF}\\?[ \t]*\r?$)")
_A_PGPASS = re.compile(
    r"(?P<where>[\w.*-]{1,128}:(?:[0-9]{4,5}|\*):[\w.*-]{1,64}:[\w.*-]{1,64}:)(?P<value>\S{3,128})\r?\Z"
)
_PLAIN_LOOKS, _CHARACTERS_A_LOOK = 1500, 100
# Signs of something that goes on in the lines below.
SIGNS = frozenset({"PEM_OPEN", "BLOCK", "FIELD", "FORM", "ITEM"})


class RuleFault(Exception):
    """A rule broke; the message is its kind, and nothing of the text."""


class TooMuch(Exception):
    """A line with so much to look at that it is withheld whole."""


def lowered(text: str) -> str:
    """In lower case, every character at its place: the few whose lower case is longer stay as they are."""
    low = text.lower()
    if len(low) != len(text):
        low = "".join(small if len(small := each.lower()) == 1 else each for each in text)
    return low


Hit = tuple[int, int, tuple[Rule, ...]]


@dataclass(slots=True)
class Look:
    """What the walk over a whole text found in one line: words, with their places, and whether there is more."""

    hits: list[Hit] = field(default_factory=list)
    has_shape: bool = False
    has_number: bool = False  # or a long piece of base64, or a token broken off
    has_own: bool = False


def looks_at(text: str, starts: Sequence[int], own: Any) -> dict[int, Look]:
    """The lines that rules have to look at; ``starts`` are where the lines begin."""
    looks: dict[int, Look] = {}
    at, low, high = -1, 0, -1
    look = Look()
    for end, (size, rules) in _WORDS.iter(lowered(text)):
        if end >= high:
            at = bisect_right(starts, end) - 1
            low, high = starts[at], starts[at + 1] if at + 1 < len(starts) else len(text) + 1
            look = looks.setdefault(at, Look())
        look.hits.append((end + 1 - size - low, end + 1 - low, rules))
    # Two patterns: one for both would have so many states that making them takes longer than the walk.
    # A match may begin with the end of the line before; its last character is always in its own.
    for match in _SHAPES_BEGUN.finditer(text):
        looks.setdefault(bisect_right(starts, match.end() - 1) - 1, Look()).has_shape = True
    for match in _NUMBERS_AND_BLOBS.finditer(text):
        looks.setdefault(bisect_right(starts, match.end() - 1) - 1, Look()).has_number = True
    if own is not None:
        for end, _ in own.iter(text):
            looks.setdefault(bisect_right(starts, end) - 1, Look()).has_own = True
    return looks


def spans_in(line: str, own: Any, look: Look | None = None) -> tuple[list[Span], set[str]]:
    """What has to go, in order and without overlaps, and which signs were seen. Raises ``TooMuch``."""
    found = list(_by_words(line, look.hits if look else _hits(line)))
    if look is None or look.has_own:
        found += _own(line, own)
    if look is None or look.has_shape:
        found += _by_shape(line)
    if look is None or look.has_number:
        found += [*numbers_in(line), *_pgpass(line), *_blobs(line, own)]
    if not found:
        return [], _NO_SIGNS
    signs = {each.kind for each in found if each.kind in SIGNS}
    return merged(each for each in found if each.kind not in SIGNS and each.end > each.start), signs


_NO_SIGNS: set[str] = set()
# Where something is masked, what follows directly may begin there now.
_BEGINS_ANEW = re.compile(rf"[{MARKS}][^\s\"',;:)\]}}<>{MARKS}]")


def look_again(line: str, before: Look) -> Look:
    """What there is to look at in a line that was looked at before, and of which something is masked since."""
    is_new = _BEGINS_ANEW.search(line) is not None
    return Look(
        hits=list(_hits(line)),
        has_shape=before.has_shape or is_new,
        has_number=before.has_number or is_new or line.count(":") == 4,
        has_own=before.has_own,
    )


def _hits(line: str) -> Iterator[Hit]:
    for end, (size, rules) in _WORDS.iter(lowered(line)):
        yield end + 1 - size, end + 1, rules


def _own(line: str, own: Any) -> Iterator[Span]:
    if own is not None:
        for end, (size, _) in own.iter(line):
            yield Span(end + 1 - size, end + 1, "OWN_SECRET", 0)


def _by_words(line: str, hits: Iterable[Hit]) -> Iterator[Span]:
    budget = _PLAIN_LOOKS + len(line) // _CHARACTERS_A_LOOK
    done: dict[str, int] = {}
    seen: dict[int, int] = {}
    sure = 0
    for start, end, rules in hits:
        for rule in rules:
            # What one rule has taken already, it need not look at again.
            if start < sure or start < done.get(rule.kind, 0) or start < seen.get(id(rule), 0):
                continue
            if rule.is_for_line:
                done[rule.kind] = len(line)
            budget -= 1
            if budget < 0:
                raise TooMuch
            for span in _found(rule, line, start, end):
                if span.kind == SEEN:
                    seen[id(rule)] = span.end
                    continue
                done[rule.kind] = max(done.get(rule.kind, 0), span.end if span.kind not in SIGNS else 0)
                sure = max(sure, span.end if span.rank <= 4 else 0)
                yield span


def _found(rule: Rule, line: str, start: int, end: int) -> list[Span]:
    try:
        return list(rule.find(line, start, end))
    except Exception:  # noqa: BLE001 - any fault of a rule means the same: what it looked at is not shown
        # Without the cause, whose message may hold a piece of the text.
        raise RuleFault(rule.kind) from None


def _by_shape(line: str) -> Iterator[Span]:
    budget = _PLAIN_LOOKS + len(line) // _CHARACTERS_A_LOOK
    for match in _SHAPES.finditer(line):
        budget -= 1
        if budget < 0:
            raise TooMuch
        head = line[match.start() : match.start() + 2]
        for rule in _BY_HEAD.get(head, _HEADLESS):
            yield from _found(rule, line, match.start(), match.end())


def _heads() -> tuple[dict[str, tuple[Rule, ...]], tuple[Rule, ...]]:
    """Rules by the two characters that their tokens begin with, so that few are tried at a place."""
    by_head: dict[str, list[Rule]] = {}
    headless: list[Rule] = []
    for rule in _SHAPED:
        if rule.heads:
            for head in rule.heads:
                by_head.setdefault(head, []).append(rule)
        else:
            headless.append(rule)
    return {head: (*rules, *headless) for head, rules in by_head.items()}, tuple(headless)


_BY_HEAD, _HEADLESS = _heads()


def _pgpass(line: str) -> Iterator[Span]:
    match = _A_PGPASS.match(line) if line.count(":") == 4 else None
    if match is not None:
        yield Span(match.start("value"), match.end("value"), "PGPASS", 4)


def _blobs(line: str, own: Any) -> Iterator[Span]:
    """Base64 is looked into once."""
    for match in LONG_BLOB.finditer(line):
        inside = decoded_text(match[0])
        if inside is None and match[0].startswith("LS0tLS1CRUdJT"):
            inside = decoded_text(match[0][: len(match[0]) // 4 * 4].replace("=", ""))
        if inside is not None and _holds_secret(inside, own):
            yield Span(match.start(), match.end(), "BASE64", 8)


def _holds_secret(text: str, own: Any) -> bool:
    lines: Iterable[str] = text.splitlines()
    return any(
        [*_own(each, own), *_by_words(each, _hits(each)), *_by_shape(each), *numbers_in(each), *_pgpass(each)]
        for each in lines
    )
