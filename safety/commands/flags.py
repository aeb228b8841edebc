"""Takes the words of a program apart: flags with and without values, in any order, and the rest."""

from collections.abc import Iterable
from dataclasses import dataclass

from safety.shell import UNKNOWN


@dataclass(frozen=True, slots=True)
class Grammar:
    """Which flags take a value from the next word. ``valued`` holds names with their dashes.

    ``single_dash_long`` is for programs whose long flags begin with one dash. ``stops_early`` ends flags at the first
    word that is none, as programs that start other programs do.
    """

    valued: frozenset[str]
    single_dash_long: bool = False
    stops_early: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """``flags`` in order, each with its value (``""`` if none); ``words``; and ``rest``, what stood after ``--``."""

    flags: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    rest: tuple[str, ...]

    def has(self, *names: str) -> bool:
        return any(flag in names for flag, _ in self.flags)

    def value(self, *names: str) -> str | None:
        """The value that counts when a flag is given more than once: the last."""
        return next((value for flag, value in reversed(self.flags) if flag in names), None)

    def values(self, *names: str) -> list[str]:
        return [value for flag, value in self.flags if flag in names]

    def others(self, known: Iterable[str]) -> list[str]:
        """Flags outside a list."""
        allowed = frozenset(known)
        return [flag for flag, _ in self.flags if flag not in allowed]


class _Reader:
    def __init__(self, args: tuple[str, ...], grammar: Grammar) -> None:
        self.args, self.grammar, self.at = args, grammar, 0
        self.flags: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.rest: tuple[str, ...] = ()

    def run(self) -> Parsed:
        while self.at < len(self.args):
            word = self.args[self.at]
            self.at += 1
            if word == "--":
                self.rest = self.args[self.at :]
                break
            if word.startswith("--") or (self.grammar.single_dash_long and len(word) > 2 and word.startswith("-")):
                self._long(word)
            elif word.startswith("-") and len(word) > 1:
                self._short(word)
            elif self.grammar.stops_early:
                self.rest = self.args[self.at - 1 :]
                break
            else:
                self.words.append(word)
        return Parsed(tuple(self.flags), tuple(self.words), self.rest)

    def _long(self, word: str) -> None:
        name, equals, value = word.partition("=")
        if not equals and name in self.grammar.valued:
            value = self._next()
        self.flags.append((name, value))

    def _short(self, word: str) -> None:
        """``-abc`` is ``-a -b -c`` up to the first that takes a value, whose value the rest is."""
        for at, char in enumerate(word[1:], start=2):
            name = "-" + char
            if name in self.grammar.valued:
                value = word[at:].removeprefix("=") if at < len(word) else self._next()
                self.flags.append((name, value))
                return
            if char == "=":
                return
            self.flags.append((name, ""))

    def _next(self) -> str:
        value = self.args[self.at] if self.at < len(self.args) else ""
        self.at += 1
        return value


def take_apart(args: tuple[str, ...], grammar: Grammar) -> Parsed:
    """Flags and words of one program."""
    return _Reader(args, grammar).run()


def is_known(word: str) -> bool:
    """Whether a word is what it seems, with nothing in it that only the shell knows."""
    return UNKNOWN not in word
