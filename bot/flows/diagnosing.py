"""From a model's reply to what is shown: read it part by part, take out what nothing bears, say it in a few lines."""

from collections.abc import Iterator, Sequence

from bot.diagnosis import ACTS, Claim, Diagnosis, NotADiagnosis, Remedy, read_diagnosis
from bot.domain import IncidentReport
from bot.flows.grounding import Ground, disagreement, grounded, removed_line, without_unfounded
from bot.ports import ModelRequest
from safety.redaction import Redacted, Redactor

_MOST_CLAIMS = 4
_MOST_OF_A_KIND = 3
MOST_LINES = 12
_UNREADABLE = "The model's answer was in no form that can be read; the findings above stand."
_EMPTY = "Nothing of the model's answer rests on what was seen; the findings above stand."


def told(
    text: str, request: ModelRequest, on: Ground, redactor: Redactor, *, cut_off: bool = False
) -> tuple[Redacted, int]:
    """A reply to a first question as people read it, and how many statements were taken out.

    One that is not in the agreed form is taken as prose, sentence by sentence.
    """
    try:
        diagnosis, broken = read_diagnosis(text, redactor, cut_off=cut_off)
    except NotADiagnosis:
        return (redactor.text(_UNREADABLE), 1) if text.lstrip().startswith(("{", "[")) else prose(text, on, redactor)
    checked = grounded(diagnosis, on, redactor)
    remedy, unfit = _remedy(checked.diagnosis.remediation, request)
    removed = (*checked.removed, *unfit, *("what is in no agreed form",) * broken)
    lines = _few([*_lines(checked.diagnosis, request.report), remedy, removed_line(removed)])
    return redactor.text("\n".join(lines)), len(removed)


def _few(lines: Sequence[str]) -> list[str]:
    """At most twelve lines: first goes what was ruled out, then the later claims."""
    kept = [each for each in lines if each]
    for beginning in ("Ruled out: ", "• ", "• ", "Changed: "):
        if len(kept) > MOST_LINES:
            last = next((at for at in range(len(kept) - 1, 0, -1) if kept[at].startswith(beginning)), None)
            kept = [each for at, each in enumerate(kept) if at != last]
    return kept


def prose(text: str, on: Ground, redactor: Redactor) -> tuple[Redacted, int]:
    """A reply in words, such as the answer to a later question."""
    left, removed = without_unfounded(redactor.text(text.strip()), on, redactor)
    lines = [left or _EMPTY, removed_line(removed)]
    return redactor.text("\n".join(each for each in lines if each)), len(removed)


def _remedy(wanted: Remedy | None, request: ModelRequest) -> tuple[str, tuple[str, ...]]:
    """What the model would do, as words: a card comes only from the rules, or when a person asks for the change.

    A first answer is written from text of unknown origin alone, and that must never raise a proposal.
    """
    if wanted is None:
        return "", ()
    target = next((each.ref for each in request.objects if each.handle == wanted.handle), None)
    if target is None or (target.kind == "Pod") != (wanted.class_ == "delete-pod"):
        return "", (f"an object {wanted.handle} to {ACTS[wanted.class_]}",)
    ours = request.report.remediation
    if (ours.class_, ours.target) == (wanted.class_, str(target)):
        return "", ()  # the rules' own card says it
    act = f"The model would {ACTS[wanted.class_]} {target}: {_flat(wanted.reason)}"
    return f"{act} To have it proposed, ask for it in a reply.", ()


def _lines(diagnosis: Diagnosis, report: IncidentReport) -> Iterator[str]:
    """The answer first, then what it rests on, then what is open."""
    yield diagnosis.summary or _EMPTY
    yield from _cause(diagnosis, report)
    yield from (f"• {_cited(each)}" for each in diagnosis.claims[:_MOST_CLAIMS])
    for name, claims in (("Impact", diagnosis.impact), ("Changed", diagnosis.what_changed)):
        if claims:
            yield f"{name}: {' '.join(_cited(each) for each in claims[:_MOST_OF_A_KIND])}"
    for name, lines in (
        ("Ruled out", diagnosis.ruled_out),
        ("Not checked", diagnosis.not_checked),
        ("Look at next", diagnosis.next_checks),
    ):
        if lines:
            yield f"{name}: {'; '.join(_flat(each).rstrip('.;') for each in lines[:_MOST_OF_A_KIND])}"
    if diagnosis.explanation.strip():
        yield f"In plain words: {_flat(diagnosis.explanation)}"


def _cause(diagnosis: Diagnosis, report: IncidentReport) -> Iterator[str]:
    theirs, ours = diagnosis.root_cause, report.root_cause
    differ = disagreement(report, diagnosis)
    if differ is not None:
        why = f", because {ours.summary} {_ids(ours.evidence)}" if ours is not None else ""
        yield f"*The rules and the model differ.* Rules: {differ['rules']}{why}"
        because = (
            f" ({theirs.confidence:.0%} sure), because {_flat(theirs.why)} {_ids(theirs.evidence)}" if theirs else ""
        )
        yield f"Model: {differ['model']}{because}"
    elif theirs is not None:
        why = f"{_flat(theirs.why)} {_ids(theirs.evidence)}"
        yield f"The model agrees with the rules ({theirs.confidence:.0%} sure): {why}"


def _cited(claim: Claim) -> str:
    ids = _ids([each for each in claim.evidence if f"[{each}]" not in claim.text])
    return f"{_flat(claim.text)} {ids}".rstrip()


def _ids(ids: Sequence[str]) -> str:
    return "".join(f"[{each.strip('[] ')}]" for each in ids[:4])


def _flat(text: str) -> str:
    return " ".join(text.split())
