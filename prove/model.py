"""F2: every state that two workers, a failing network and other people can reach, and no rule broken in any of them.

Then each guard of the design is taken away in turn, and each time a rule has to break: otherwise the model proves
nothing about that guard.
"""

from bot.lifecycle import STEPS, Point
from prove._model import Design, explore
from prove.figure import Figure, Proof

MOST = 5_000_000


def _probe_last() -> Design:
    """The marker is looked for only when the object is what was approved."""
    rest = [each for each in STEPS if each is not Point.PROBED]
    place = rest.index(Point.COMPARED) + 1
    return Design([*rest[:place], Point.PROBED, *rest[place:]])


ABLATIONS: dict[str, Design] = {
    "compare-and-swap on the state": Design(left_out=frozenset({"compare and swap"})),
    "resourceVersion on the write": Design(left_out=frozenset({"resourceVersion"})),
    "generation of the object": Design([each for each in STEPS if each is not Point.COMPARED]),
    "marker before staleness": _probe_last(),
    "abort marker before a no": Design(left_out=frozenset({"abort"})),
    "fence after the read": Design(left_out=frozenset({"fence"})),
}


def run(seed: int, cases: int) -> Figure:
    """Exhaustive: neither the seed nor the number of cases matters, as long as there is one."""
    count, why = explore(Design(), MOST)
    failures = [f"the design as it is breaks a rule: {why}"] if why else []
    told = []
    for name, design in ABLATIONS.items():
        _, broken = explore(design, MOST)
        told.append(f"without {name}: {broken}")
        if broken is None:
            failures.append(f"without {name} no rule breaks, so the model does not see what it is for")
    seen = f"{count:,} states, complete, {why or 'no rule broken'}; {'; '.join(told)}"
    return Figure(cases and count, seen, tuple(failures))


PROOF = Proof(
    id="F2",
    claim="no reachable state breaks a rule, and each guard taken away breaks one",
    cases=(0, 1, 1),
    run=run,
    not_covered=(
        "the model is bounded (1 crash, 1 change and 1 status write of others, 2 claims, 2 tries, 2 requests on their "
        "way) and knows safety only, not liveness; others keep our annotation when they change an object."
    ),
)
