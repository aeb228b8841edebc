"""F17: what redaction leaves alone: lines as twenty-two kinds of programs write them, with nothing to hide."""

import random

from prove._log_lines import KINDS, Line, lines
from prove.figure import Figure, Proof
from safety.redaction import Redactor

MOST_CHANGED, MOST_LOST = 0.005, 0.001


def run(seed: int, cases: int) -> Figure:
    """``cases`` lines, as one log and each by itself; counted are lines that changed and ids that are gone."""
    redactor = Redactor()
    made = list(lines(random.Random(seed), cases))
    whole = redactor.text("\n".join(each.text for each in made)).split("\n")
    if len(whole) != len(made):
        return Figure(cases, "lines were lost", (f"{len(made)} lines became {len(whole)}",))
    changed = [(each, out) for each, out in zip(made, whole, strict=True) if each.text != out]
    changed += [(each, out) for each in made[: cases // 10] if (out := redactor.text(each.text)) != each.text]
    return _judged(made, changed)


def _judged(made: list[Line], changed: list[tuple[Line, str]]) -> Figure:
    ids = sum(len(each.ids) for each in made)
    lost = sum(one not in out for each, out in changed for one in each.ids)
    failures = [f"{each.kind}: {each.text!r} became {out!r}" for each, out in changed]
    seen = f"{len(changed)} of {len(made):,} lines of {len(KINDS)} kinds changed, {lost} of {ids:,} ids lost"
    is_kept = len(changed) <= MOST_CHANGED * len(made) and lost <= MOST_LOST * ids
    return Figure(len(made), seen, () if is_kept else tuple(failures))


PROOF = Proof(
    id="F17",
    claim="what triage needs stays",
    cases=(4400, 33000, 100000),
    run=run,
    not_covered="The lines are drawn from shapes that we know, not collected from running systems.",
)
