"""What of an answer rests on something: evidence that exists, objects that were seen, numbers that stand somewhere.

Nothing here judges whether an answer is right. It takes out what cannot be, because nothing of this investigation
speaks of it, and says how much that was.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.diagnosis import Claim, Diagnosis, LikelyCause
from bot.domain import IncidentReport
from bot.flows.statements import (
    CITED,
    DENIES,
    clock_times,
    durations,
    names_in,
    numbers_in,
    plain_names,
    plain_numbers,
    sentences,
)
from safety.redaction import Redacted, Redactor
from tools.evidence import SeenObject


@dataclass(frozen=True, slots=True)
class Ground:
    """All that an answer may rest on: ids that may be cited, names and numbers that were seen, and when things were.

    ``sought`` are names that were looked for in vain: an answer may deny them, and claim nothing else of them.
    """

    ids: frozenset[str]
    names: frozenset[str]
    numbers: frozenset[str]
    times: tuple[datetime, ...]
    text: str
    sought: frozenset[str] = frozenset()

    def lacks(self, text: str) -> str | None:
        """The first thing that a text speaks of and nothing shows, or None."""
        for cited in CITED.findall(text):
            if cited not in self.ids and cited.lower() not in self.names:
                return f"evidence {cited}"
        for name in names_in(text):
            if name not in self.names and not (name in self.sought and DENIES.search(text)):
                return name
        spans = durations(text)
        for number in numbers_in(text):
            if number not in self.numbers and not self._lasted(spans.get(number)):
                return number
        return None

    def lacks_object(self, subject: str) -> str | None:
        """The subject where none of that name was seen in that place: ``Kind/namespace/name`` or ``Kind/name``."""
        kind, _, place = subject.lower().partition("/")
        where = place if "/" in place else f"{kind}/{place}"
        return None if place and where in self.text else subject

    def _lasted(self, seconds: tuple[float, float] | None) -> bool:
        """Whether a duration is the time between two things that were seen, as people round it."""
        if seconds is None:
            return False
        value, unit = seconds
        least, most = timedelta(seconds=value - unit / 2), timedelta(seconds=value + unit / 2)
        return any(bisect_left(self.times, each + least) < bisect_right(self.times, each + most) for each in self.times)


def ground(report: IncidentReport, objects: Iterable[SeenObject], *heard: str, missed: Iterable[str] = ()) -> Ground:
    """What a report, the objects read with it, and all else that was ``heard`` since give to stand on.

    ``missed`` are the errors of looks that failed: they may repeat what a model made up.
    """
    texts = [report.model_dump_json(by_alias=True, exclude={"usage"}), *(str(each.ref) for each in objects), *heard]
    ids = {each.id for each in report.evidence} | {each.id for each in report.changes}
    text = "\n".join(texts)
    return Ground(
        frozenset(ids),
        frozenset(plain_names(text)),
        frozenset(plain_numbers(text)) | _counted(report),
        tuple(sorted(set(clock_times(text)))),
        text.lower(),
        frozenset(plain_names("\n".join(missed))),
    )


def _counted(report: IncidentReport) -> frozenset[str]:
    """Numbers that stand nowhere and are true: how many of each there are, and how sure the rules are in percent."""
    counts = [len(report.failing), len(report.issues_found), len(report.changes), len(report.evidence), 0, 1]
    counts += [len(each.affected_pods) for each in report.issues_found]
    sure = [each.confidence for each in report.issues_found]
    sure += [report.root_cause.confidence] if report.root_cause else []
    return frozenset(map(str, [*counts, *(round(each * 100) for each in sure)]))


@dataclass(frozen=True, slots=True)
class Grounded:
    """A diagnosis without what nothing bears. ``removed`` says of each part that went what it lacked."""

    diagnosis: Diagnosis
    removed: tuple[str, ...]


def grounded(diagnosis: Diagnosis, on: Ground, redactor: Redactor) -> Grounded:
    """Part by part; whole claims go, and of running text the sentences."""
    removed: list[str] = []

    def kept(claim: Claim | LikelyCause) -> bool:
        why = _unfounded(claim, on)
        if why is not None:
            removed.append(why)
        return why is None

    def cleaned(text: Redacted) -> Redacted:
        left, gone = without_unfounded(text, on, redactor)
        removed.extend(gone)
        return left

    def lines(several: Iterable[Redacted]) -> tuple[Redacted, ...]:
        return tuple(each for each in map(cleaned, several) if each.strip())

    parts: dict[str, Any] = {
        "summary": cleaned(diagnosis.summary),
        "claims": tuple(filter(kept, diagnosis.claims)),
        "impact": tuple(filter(kept, diagnosis.impact)),
        "what_changed": tuple(filter(kept, diagnosis.what_changed)),
        "ruled_out": lines(diagnosis.ruled_out),
        "not_checked": lines(diagnosis.not_checked),
        "next_checks": lines(diagnosis.next_checks),
        "explanation": cleaned(diagnosis.explanation),
    }
    if diagnosis.root_cause is not None and not kept(diagnosis.root_cause):
        parts["root_cause"] = None
    return Grounded(diagnosis.model_copy(update=parts), tuple(removed))


def without_unfounded(text: Redacted, on: Ground, redactor: Redactor) -> tuple[Redacted, tuple[str, ...]]:
    """The text without the sentences that speak of what nothing shows, and what each of those lacked."""
    lacking: list[str] = []
    kept: list[str] = []
    for sentence, gap in sentences(text):
        why = on.lacks(sentence)
        if why is None:
            kept += [sentence, gap]
        else:
            lacking.append(why)
            if "\n" in gap and kept:
                kept[-1] = gap  # what comes next began a line and still does
    if not lacking:
        return text, ()
    return redactor.text("".join(kept).strip()), tuple(lacking)


def _unfounded(claim: Claim | LikelyCause, on: Ground) -> str | None:
    ids = [re.sub(r"[\[\]\s]", "", each) for each in claim.evidence]
    if not ids:
        return "no evidence"
    unknown = [each for each in ids if each not in on.ids]
    if unknown:
        return f"evidence {unknown[0]}"
    if isinstance(claim, LikelyCause):
        return on.lacks_object(claim.subject) or on.lacks(claim.why)
    return on.lacks(claim.text)


def disagreement(report: IncidentReport, diagnosis: Diagnosis) -> Mapping[str, str] | None:
    """Where the rules and the model name different causes: what each says, or None where they agree."""
    cause, theirs = report.root_cause, diagnosis.root_cause
    ours = f"{cause.category.value} in {cause.subject}" if cause is not None else _without_cause(report)
    if theirs is None:
        return None if cause is None else {"rules": ours, "model": "no cause that the evidence bears"}
    if cause is not None and (cause.category, cause.subject) == (theirs.category, theirs.subject):
        return None
    return {"rules": ours, "model": f"{theirs.category.value} in {theirs.subject}"}


def _without_cause(report: IncidentReport) -> str:
    return "nothing is wrong" if report.verdict == "healthy" else "no cause is sure"


def removed_line(removed: tuple[str, ...]) -> str:
    """One line on what was taken out, for people; empty when nothing was."""
    if not removed:
        return ""
    named = list(dict.fromkeys(removed))
    shown = ", ".join(named[:3]) + (" and more" if len(named) > 3 else "")
    many = "1 statement was" if len(removed) == 1 else f"{len(removed)} statements were"
    return f"{many} taken out of the model's answer; nothing here shows {shown}"
