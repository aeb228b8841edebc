"""What a rule is: words that have to be there, and a look at what stands around them.

Rules run only where one of their words was found (Aho-Corasick, one walk over the text), and what they then look at is
of bounded length, so the whole takes time in proportion to the text, whatever the text. Patterns are re2's, which never
goes back; the few of Python's ``re`` are bounded and start at a fixed place.
"""

import re
import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import ahocorasick
import re2

Find = Callable[[str, int, int], Iterable["Span"]]
"""Looks at a line around the word found there (its start and end) and says what has to go."""

# One character of these stands for each mask while rules run. Plane 16 is private: no font and no program uses it.
MARK_FIRST, MARK_LAST = 0x100000, 0x10FFFD
MARKS = f"{chr(MARK_FIRST)}-{chr(MARK_LAST)}"
WINDOW = 640
_RUN = re.compile(r"[A-Za-z0-9_.=+/~%|:-]*")
# Words shorter than this stand in so many lines that one pattern for all of them costs less.
RARE = 5
# For finding places a few characters of the body do: long repeats in one great pattern make more states than text.
_GOES_ON = "[A-Za-z0-9+/_=.$%:-]{6}"
_FIRST_CLASS = re.compile(r"(?P<class>\[[^\]]+\]|\\d)\{(?P<least>\d+)")
_MOST_OF_BODY = 12


# A span of this kind hides nothing: it says how far its rule has looked, so that no other word there calls it again.
SEEN = "SEEN"


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a line that has to go. Of two that overlap, the lower rank names the whole."""

    start: int
    end: int
    kind: str
    rank: int = 5


@dataclass(frozen=True, slots=True)
class Rule:
    """``words`` are in lower case, and matched whatever the case in the text.

    A rule whose words are so short that they stand everywhere has a ``shape`` instead: an re2 pattern that is looked
    for, together with those of all such rules, in one walk over the text.
    """

    kind: str
    words: tuple[str, ...]
    find: Find
    shape: str | None = None
    heads: tuple[str, ...] = ()
    is_for_line: bool = False  # looks at the whole line, so once is enough


class Found:
    """Where a pattern matched: groups by number."""

    __slots__ = ("_match", "_text")

    def __init__(self, text: str, match: Any) -> None:
        self._text, self._match = text, match

    def start(self, group: int = 0) -> int:
        return int(self._match.start(group))

    def end(self, group: int = 0) -> int:
        return int(self._match.end(group))

    def __getitem__(self, group: int) -> str:
        """The text of a group; empty where it took no part."""
        low = self._match.start(group)
        return self._text[low : self._match.end(group)] if low >= 0 else ""


class Linear:
    """An re2 pattern, which takes time in proportion to the text whatever the text.

    ASCII, which most text is, goes in as bytes: places need not be counted anew for every match.
    """

    __slots__ = ("_as_bytes", "_as_text", "groupindex", "groups")

    def __init__(self, pattern: str) -> None:
        options = re2.Options()
        options.max_mem = 64 << 20
        options.log_errors = False
        self._as_text, self._as_bytes = re2.compile(pattern, options), re2.compile(pattern.encode(), options)
        self.groups: int = self._as_text.groups
        self.groupindex: dict[str, int] = dict(self._as_text.groupindex)

    def match(self, text: str) -> Found | None:
        found = self._as_bytes.match(text.encode()) if text.isascii() else self._as_text.match(text)
        return None if found is None else Found(text, found)

    def fullmatch(self, text: str) -> Found | None:
        found = self._as_bytes.fullmatch(text.encode()) if text.isascii() else self._as_text.fullmatch(text)
        return None if found is None else Found(text, found)

    def search(self, text: str) -> Found | None:
        found = self._as_bytes.search(text.encode()) if text.isascii() else self._as_text.search(text)
        return None if found is None else Found(text, found)

    def finditer(self, text: str) -> Iterator[Found]:
        found = self._as_bytes.finditer(text.encode()) if text.isascii() else self._as_text.finditer(text)
        for each in found:
            yield Found(text, each)


def compiled(pattern: str) -> Linear:
    """An re2 pattern, with room enough for bounded repeats. Raises ``re2.error``."""
    return Linear(pattern)


_WORD = frozenset(string.ascii_letters + string.digits)


def begins(line: str, at: int, joins: str = "_") -> bool:
    """Whether a token can begin here: no letter or digit before it, except those of an escape such as ``\\n``."""
    if at == 0:
        return True
    before = line[at - 1]
    if before not in _WORD and before not in joins:
        return True
    return _after_escape(line, at)


def _after_escape(line: str, at: int) -> bool:
    two, three = line[max(0, at - 2) : at], line[max(0, at - 3) : at]
    if len(two) == 2 and two[0] == "\\" and two[1] in "nrtbf":
        return True
    if len(three) == 3 and three[0] == "%" and all(each in string.hexdigits for each in three[1:]):
        return True
    six = line[max(0, at - 6) : at]
    return len(six) == 6 and six.startswith("\\u00")


def run_on(line: str, end: int, window_end: int) -> int:
    """Where a token ends that reached the end of the window it was looked for in."""
    if end < window_end:
        return end
    run = _RUN.match(line, end)
    return run.end() if run else end


def looks_random(text: str, least: int = 3) -> bool:
    """Not a run of the same few characters, as in ``xxxxxxxx``, and no words in capitals."""
    body = text.rstrip("=")
    return len(set(body)) >= least


def has_digit(text: str) -> bool:
    return any(each in string.digits for each in text)


def is_mixed(text: str) -> bool:
    """Digits and letters, so that no word and no number is taken for a token."""
    return has_digit(text) and any(each in string.ascii_letters for each in text)


def has_capital(text: str) -> bool:
    """Names of objects in a cluster have no capitals, tokens mostly do."""
    return is_mixed(text) and any(each in string.ascii_uppercase for each in text)


Check = Callable[[str], bool]


def token(kind: str, prefixes: str, body: str, check: Check = looks_random, joins: str = "_") -> Rule:
    """A token that begins with one of the prefixes (separated by spaces), as vendors publish them."""
    starts = prefixes.split()
    longest = max(len(each) for each in starts)
    alternatives = "|".join(re.escape(each) for each in sorted(starts, key=len, reverse=True))
    # At a fixed place and of bounded length, a body is a run of one class or a few: Python's matcher is quicker there.
    pattern = re.compile(f"(?:{alternatives})(?P<body>{body})", re.ASCII)
    rare = min(len(each) for each in starts) >= RARE

    def find(line: str, start: int, _end: int) -> Iterator[Span]:
        if not begins(line, start, joins):
            return
        window_end = start + longest + WINDOW
        match = pattern.match(line, start, window_end)
        if match is not None and check(match["body"]):
            yield Span(start, run_on(line, match.end(), window_end), kind, 1)

    if not rare:
        heads = () if min(len(each) for each in starts) < 2 else tuple(dict.fromkeys(each[:2] for each in starts))
        return Rule(kind, (), find, f"(?:{alternatives}){_goes_on(body)}", heads)
    return Rule(kind, tuple(dict.fromkeys(each.lower() for each in starts)), find)


def _goes_on(body: str) -> str:
    """The first few characters of a body, by its own class where it begins with one: the narrower, the fewer places."""
    first = _FIRST_CLASS.match(body)
    if first is None:
        return _GOES_ON
    return f"{first['class']}{{{min(int(first['least']), _MOST_OF_BODY)}}}"


def shaped(kind: str, pattern: str, check: Check = looks_random, joins: str = "_") -> Rule:
    """A token without a mark of its own, known by its shape alone."""
    made = re.compile(pattern, re.ASCII)

    def find(line: str, start: int, _end: int) -> Iterator[Span]:
        match = made.match(line, start, start + WINDOW)
        if match is not None and begins(line, start, joins) and check(match[0]):
            yield Span(start, match.end(), kind, 2)

    return Rule(kind, (), find, pattern)


def around(kind: str, words: str, pattern: str, back: int, check: Check = looks_random) -> Rule:
    """A token known by something in its middle or end: the pattern is searched from ``back`` characters before it.

    What goes is the group ``secret`` where the pattern has one.
    """
    made = compiled(pattern)
    group = made.groupindex.get("secret", 0)  # its matches know places by number only

    def find(line: str, start: int, end: int) -> Iterator[Span]:
        low = max(0, start - back)
        for match in made.finditer(line[low : end + 1024]):
            if match.start(group) >= 0 and match.start() <= start - low < match.end() and check(match[group]):
                yield Span(low + match.start(group), low + match.end(group), kind, 2)
                return

    return Rule(kind, tuple(words.split()), find)


def automaton(words: Iterable[tuple[str, Any]]) -> Any:
    """One walk over a text finds all the words; each yields its end and what was stored with it."""
    made = ahocorasick.Automaton()
    stored: dict[str, list[Any]] = {}
    for word, value in words:
        stored.setdefault(word, []).append(value)
    for word, values in stored.items():
        made.add_word(word, (len(word), tuple(values)))
    made.make_automaton()
    return made


def merged(spans: Iterable[Span]) -> list[Span]:
    """Without overlaps, in order; parts that overlap go as one, under the name of the surest rule."""
    out: list[Span] = []
    for each in sorted(spans, key=lambda span: (span.start, -span.end)):
        if out and each.start < out[-1].end:
            last = out[-1]
            surest = min((last, each), key=lambda span: span.rank)
            out[-1] = Span(last.start, max(last.end, each.end), surest.kind, surest.rank)
        else:
            out.append(each)
    return out
