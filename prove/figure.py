"""What a proof is, and what it says when it ran."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Size(StrEnum):
    """How much is run: in every test run, in CI, or for as long as it takes to be sure."""

    TEST = "test"
    SHORT = "short"
    LONG = "long"


class Lane(StrEnum):
    """Beside what a proof runs: those that compute, those that mostly wait, and those that print durations, alone."""

    BUSY = "busy"
    WAITING = "waiting"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Witnessed:
    """The effects in a cluster that a ledger saw meanwhile: how many, and which had no record yet."""

    effects: int
    unrecorded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """What was counted. ``failures`` has one line for each thing that did not hold; ``seen`` is for people."""

    cases: int
    seen: str
    failures: tuple[str, ...] = ()
    witnessed: Witnessed | None = None

    @property
    def held(self) -> bool:
        """A proof that ran nothing proves nothing."""
        return self.cases > 0 and not self.failures


@dataclass(frozen=True, slots=True)
class Share:
    """Which cases one process runs: every ``of``-th, from ``number`` on. What comes out does not depend on ``of``."""

    number: int = 0
    of: int = 1

    def of_cases(self, cases: int) -> range:
        """The numbers of the cases of this share."""
        return range(self.number, cases, self.of)


@dataclass(frozen=True, slots=True)
class Split:
    """How a proof is shared among processes, about ``each`` cases to a share.

    ``part(seed, cases, share)`` runs one share of all the ``cases``, and ``whole(cases, parts)`` judges them together.
    """

    each: int
    part: Callable[[int, int, Share], Any]
    whole: Callable[[int, Sequence[Any]], Figure]

    def shares(self, cases: int) -> list[Share]:
        """Every share of so many cases."""
        many = max(1, round(cases / self.each))
        return [Share(number, many) for number in range(many)]

    def run(self, seed: int, cases: int) -> Figure:
        """All of it in this process."""
        return self.whole(cases, [self.part(seed, cases, Share())])


@dataclass(frozen=True, slots=True)
class Over:
    """A proof that counts something else in what others did: their numbers, and what makes its figure of theirs."""

    proofs: tuple[str, ...]
    judge: Callable[[Sequence[Figure]], Figure]


@dataclass(frozen=True, slots=True)
class Proof:
    """One figure: its number and claim, how many cases each size runs, and what runs them.

    ``run(seed, cases)`` is deterministic but for the interleaving of processes. ``not_covered`` says what it leaves
    open, and goes into the paper beside the result. With a ``split`` it may run in several processes, and with ``over``
    it need not run at all where the others did.
    """

    id: str
    claim: str
    cases: tuple[int, int, int]
    run: Callable[[int, int], Figure]
    not_covered: str = ""
    split: Split | None = None
    lane: Lane = Lane.BUSY
    over: Over | None = None

    def cases_of(self, size: Size) -> int:
        """How many cases this size runs; 0 means that the size leaves the proof out."""
        return self.cases[list(Size).index(size)]
