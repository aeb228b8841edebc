"""F3: faults in how changes are approved and carried out, planted one at a time; each has to turn a test red."""

import random
from collections.abc import Sequence
from pathlib import Path

from prove.figure import Figure, Proof, Share, Split
from tests.mutations.planting import ROOT, Fault, Misplanted, catchers, check_green, read_faults

LIST = ROOT / "tests" / "mutations" / "approvals.toml"
# Fewer on the list than this would be no proof, however many of them are caught.
LEAST = 25


def part(seed: int, cases: int, share: Share) -> list[str]:
    """Plant those of this share, drawn at random, and run the tests named for each; the faults that nobody noticed."""
    drawn = _drawn(seed, cases)
    return missed([drawn[number] for number in share.of_cases(len(drawn))])


def missed(faults: Sequence[Fault], root: Path = ROOT) -> list[str]:
    """Which of these no test notices, each planted in a copy of its own. Tests that are red anyway notice nothing."""
    try:
        check_green(list(faults), root)
    except Misplanted as red:
        return [f"without a fault the tests fail: {red}"]
    return [why for each in faults if (why := _missed(each, root)) is not None]


def whole(cases: int, parts: Sequence[list[str]]) -> Figure:
    """How many were caught. A short list would be no proof, however many of it are."""
    listed, failures = len(read_faults(LIST)), [why for each in parts for why in each]
    planted = min(cases, listed)
    seen = f"{planted - len(failures)} of {planted} caught; {listed} are on the list"
    few = () if listed >= LEAST else (f"the list has {listed} faults; {LEAST} are wanted",)
    return Figure(planted, seen, (*few, *failures))


def _drawn(seed: int, cases: int) -> list[Fault]:
    listed = read_faults(LIST)
    return random.Random(seed).sample(listed, min(cases, len(listed)))


def _missed(fault: Fault, root: Path) -> str | None:
    try:
        return None if catchers(fault, root) else f"no test noticed: {fault.title}"
    except Misplanted as why:
        return str(why)


SPLIT = Split(6, part, whole)
PROOF = Proof(
    id="F3",
    claim="a fault planted in approval or execution turns a test red",
    cases=(0, 6, 34),
    run=SPLIT.run,
    split=SPLIT,
    not_covered="the short run draws six faults of the list; `make mutants` plants those of the emulators as well.",
)
