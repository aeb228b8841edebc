"""Counts what was withheld because a rule broke or a line asked for too much, and tells whoever wants to know."""

from collections import Counter
from collections.abc import Callable

BUDGET, LINES = "budget", "lines"
"""Not rules: a line with more to look at than is borne with, and a fault outside of any rule."""


class Withheld:
    """How often each rule made a block be withheld. Never what was in it."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.listener: Callable[[str], None] | None = None
        self._telling = False

    def note(self, rule: str) -> None:
        """Count one, and tell; what is told is redacted too, and a fault in that is counted alone."""
        self.counts[rule] += 1
        if self.listener is None or self._telling:
            return
        self._telling = True
        try:
            self.listener(rule)
        finally:
            self._telling = False

    def told(self) -> str:
        """Such as ``3 (SECRET 2, budget 1)``; empty while nothing was withheld."""
        if not self.counts:
            return ""
        each = ", ".join(f"{rule} {count}" for rule, count in self.counts.most_common(5))
        return f"{self.counts.total()} ({each})"


WITHHELD = Withheld()
"""That of this process: redactors are made in many places, and all of them tell here unless they are given another."""
