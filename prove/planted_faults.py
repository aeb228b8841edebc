"""F3: faults in how changes are approved and carried out, planted one at a time; each has to turn a test red."""

import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from prove.figure import Figure, Proof
from tests.mutations.planting import ROOT, Fault, Misplanted, catchers, check_green, read_faults

LIST = ROOT / "tests" / "mutations" / "approvals.toml"
# Fewer on the list than this would be no proof, however many of them are caught.
LEAST = 25
_AT_ONCE = 2


def run(seed: int, cases: int) -> Figure:
    """Plant ``cases`` of the list, drawn at random, each in a copy of this checkout, and run the tests named for it."""
    whole = read_faults(LIST)
    drawn = random.Random(seed).sample(whole, min(cases, len(whole)))
    few = () if len(whole) >= LEAST else (f"the list has {len(whole)} faults; {LEAST} are wanted",)
    return judged(drawn, len(whole), few)


def judged(drawn: Sequence[Fault], listed: int, failures: tuple[str, ...] = (), root: Path = ROOT) -> Figure:
    """How many of these are caught. Tests that are red without a fault catch nothing."""
    try:
        check_green(list(drawn), root)
    except Misplanted as why:
        return Figure(len(drawn), "without a fault the tests fail", (*failures, str(why)))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        missed = [why for why in pool.map(partial(_missed, root=root), drawn) if why is not None]
    files = Counter(each.file for each in drawn)
    seen = f"{len(drawn) - len(missed)} of {len(drawn)} caught, in {len(files)} files; {listed} are on the list"
    return Figure(len(drawn), seen, (*failures, *missed))


def _missed(fault: Fault, root: Path) -> str | None:
    try:
        return None if catchers(fault, root) else f"no test noticed: {fault.title}"
    except Misplanted as why:
        return str(why)


PROOF = Proof(
    id="F3",
    claim="a fault planted in approval or execution turns a test red",
    cases=(0, 6, 30),
    run=run,
    not_covered="the short run draws six faults of the list; `make mutants` plants those of the emulators as well.",
)
