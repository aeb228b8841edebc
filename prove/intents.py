"""F21: no change reaches the cluster before the disk says who approved it and that it is about to be sent.

It is counted over the same kills as F4 and the same faults of the network as F8. At each effect, before the cluster
answers, another connection reads the database: a record of the intent and one of the send must be there, both with
the digest that was approved.
"""

from collections.abc import Sequence

from prove import faulty_network, kills
from prove.figure import Figure, Lane, Over, Proof

_CALLS = dict(zip(kills.PROOF.cases, faulty_network.PROOF.cases, strict=True))


def run(seed: int, cases: int) -> Figure:
    """Over ``cases`` kills, and as many calls through a faulty network as F8 has for that size."""
    calls = _CALLS.get(cases) or faulty_network.PROOF.cases[1]
    return judge([kills.run(seed, cases), faulty_network.run(seed, calls)])


def judge(figures: Sequence[Figure]) -> Figure:
    """What the two had effects with, and which of them were not on the disk before."""
    seen = [each.witnessed for each in figures if each.witnessed is not None]
    failures = [one for each in seen for one in each.unrecorded]
    if len(seen) < 2 or not all(each.effects for each in seen):
        return Figure(0, "one of the two had no effect at all", ("nothing was shown of it",))
    killed, sent = (each.effects for each in seen)
    told = f"{killed} effects over F4 and {sent} over F8, {len(failures)} without an earlier record"
    return Figure(killed + sent, told, tuple(failures))


PROOF = Proof(
    id="F21",
    claim="no change takes effect before its intent is on the disk",
    cases=(0, *kills.PROOF.cases[1:]),
    run=run,
    not_covered="a record is on the disk as far as SQLite can tell.",
    lane=Lane.WAITING,
    over=Over((kills.PROOF.id, faulty_network.PROOF.id), judge),
)
