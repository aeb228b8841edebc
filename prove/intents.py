"""F21: no change reaches the cluster before the disk says who approved it and that it is about to be sent.

It is counted over the same kills as F4 and the same faults of the network as F8. At each effect, before the cluster
answers, another connection reads the database: a record of the intent and one of the send must be there, both with
the digest that was approved.
"""

from prove import faulty_network, kills
from prove.figure import Figure, Proof

_CALLS = dict(zip(kills.PROOF.cases, faulty_network.PROOF.cases, strict=True))


def run(seed: int, cases: int) -> Figure:
    """Over ``cases`` kills, and as many calls through a faulty network as F8 has for that size."""
    killed = kills.campaign(seed, cases)
    sent = faulty_network.traffic(seed, _CALLS.get(cases) or faulty_network.PROOF.cases[1])
    effects = killed.effects + sent.effects
    failures = [*killed.unrecorded, *sent.unrecorded]
    if not (killed.effects and sent.effects):
        failures.append("one of the two had no effect at all, so nothing was shown of it")
    seen = f"{killed.effects} effects over F4 and {sent.effects} over F8, {len(failures)} without an earlier record"
    return Figure(effects, seen, tuple(failures))


PROOF = Proof(
    id="F21",
    claim="no change takes effect before its intent is on the disk",
    cases=(0, *kills.PROOF.cases[1:]),
    run=run,
    not_covered="F5: the same kills against a real API server; a record is on the disk as far as SQLite can tell.",
)
