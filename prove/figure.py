"""What a proof is, and what it says when it ran."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Size(StrEnum):
    """How much is run: in every test run, in CI, or for as long as it takes to be sure."""

    TEST = "test"
    SHORT = "short"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was counted. ``failures`` has one line for each thing that did not hold; ``seen`` is for people."""

    cases: int
    seen: str
    failures: tuple[str, ...] = ()

    @property
    def held(self) -> bool:
        """A proof that ran nothing proves nothing."""
        return self.cases > 0 and not self.failures


@dataclass(frozen=True, slots=True)
class Proof:
    """One figure: its number and claim, how many cases each size runs, and what runs them.

    ``run(seed, cases)`` is deterministic but for the interleaving of processes. ``not_covered`` says what it leaves
    open, and goes into the paper beside the result.
    """

    id: str
    claim: str
    cases: tuple[int, int, int]
    run: Callable[[int, int], Figure]
    not_covered: str = ""

    def cases_of(self, size: Size) -> int:
        """How many cases this size runs; 0 means that the size leaves the proof out."""
        return self.cases[list(Size).index(size)]
