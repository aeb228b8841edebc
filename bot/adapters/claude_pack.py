"""The incident report as a model reads it: at most 1,650 tokens for any report, what matters most first.

A part never cites what is not in the pack, nothing stands in it twice, and what had no room is counted.
"""

import json
from collections.abc import Sequence
from typing import Any

from bot.domain import EvidenceRecord, IncidentReport, Issue, ReportedChange
from bot.runbooks import Runbook
from tools.evidence import SeenObject

# 1,650 tokens at 2.2 characters each; JSON as it is counted writes an umlaut with six characters. With the instructions
# and the form of the answer a first request stays within 4,300.
PACK_LIMIT = 3_630
# What stays free until the end: the names of the parts and the counts of what was left out.
_FRAME = 340
# Of it for the evidence of the cause.
_OF_CAUSE = 1_150
_ELLIPSIS = "…"


class _Pack:
    """A dict that grows only as long as it fits."""

    def __init__(self) -> None:
        self.parts: dict[str, Any] = {}
        self.left_out: dict[str, int] = {}
        self._room = PACK_LIMIT - _FRAME

    def put(self, name: str, value: Any) -> None:
        """One value; an empty one, or one that does not fit, stays out."""
        size = _size(name) + _size(value) + 4
        if value in (None, "", [], {}) or size > self._room:
            return
        self.parts[name] = value
        self._room -= size

    def add(self, name: str, value: Any, within: int) -> bool:
        """One more entry of a list that may grow to ``within`` characters; False when there is no room for it."""
        held = self.parts.get(name, [])
        size = _size(value) + 2
        if size > self._room or _size(held) + size > within:
            self.left_out[name] = self.left_out.get(name, 0) + 1
            return False
        self.parts[name] = [*held, value]
        self._room -= size
        return True

    def has(self, evidence: str) -> bool:
        return any(each["id"] == evidence for each in self.parts.get("evidence", []))

    def done(self) -> dict[str, Any]:
        return {**self.parts, "left_out": self.left_out} if self.left_out else self.parts


def pack(report: IncidentReport, objects: Sequence[SeenObject], runbook: Runbook | None = None) -> dict[str, Any]:
    """The report by weight: verdict, cause and its evidence, the change behind it, the remedy, then the rest."""
    made = _Pack()
    made.put("verdict", report.verdict)
    made.put("cluster", _fitting(report.cluster, 100))
    made.put("namespace", _fitting(report.namespace or "", 100))
    made.put("observed_at", f"{report.observed_at:%Y-%m-%dT%H:%M:%SZ}")
    made.put("symptom", _fitting(report.symptom, 180))
    _cause(made, report)
    for each in (one for one in report.changes if one.id == report.culprit_change):
        made.add("changes", _change(each, 200), 800)
    made.put("remediation", _remediation(report))
    made.put("recurrence", _fitting(report.recurrence.text, 200) if report.recurrence else "")
    if runbook is not None:
        made.put("runbook", {"title": _fitting(runbook.title, 80), "steps": _fitting(runbook.steps, 520)})
    _objects(made, report, objects)
    made.put("explanation", _fitting(report.explanation, 420))
    for issue in report.issues_found:
        if not _repeats_cause(report, issue):
            _issue(made, report, issue)
    for point in report.not_checked:
        made.add("not_checked", _fitting(point, 130), 420)
    for point in report.ruled_out:
        made.add("ruled_out", _fitting(point, 110), 330)
    for each in (one for one in report.changes if one.id != report.culprit_change):
        made.add("changes", _change(each, 120), 900)
    _rest_of_evidence(made, report)
    return made.done()


def _cause(made: _Pack, report: IncidentReport) -> None:
    """The cause with the evidence it rests on; it cites only what found room."""
    cause = report.root_cause
    if cause is None:
        return
    pieces = {each.id: each for each in report.evidence}
    wanted = list(dict.fromkeys(cause.evidence))
    share = _OF_CAUSE // max(1, min(len(wanted), 8))
    for each in wanted[:8]:
        # Its id, time and name take room as well.
        text = max(110, share - 110 - min(140, len(pieces[each].ref)))
        made.add("evidence", _piece(pieces[each], text), _OF_CAUSE)
    made.put(
        "root_cause",
        {
            "category": cause.category.value,
            "subject": _fitting(cause.subject, 170),
            "summary": _fitting(cause.summary, 300),
            "confidence": round(cause.confidence, 2),
            "evidence": [each for each in wanted if made.has(each)],
        },
    )


def _remediation(report: IncidentReport) -> dict[str, Any]:
    wanted = report.remediation
    told: dict[str, Any] = {"class": wanted.class_, "why": _fitting(wanted.why, 160)}
    if wanted.target is not None:
        told |= {"target": _fitting(wanted.target, 170), "allowed": wanted.allowed}
        told["reasons"] = [_fitting(each, 90) for each in wanted.reasons[:2]]
    if wanted.to_revision is not None:
        told["to_revision"] = wanted.to_revision
    return {key: value for key, value in told.items() if value not in ("", [])}


def _objects(made: _Pack, report: IncidentReport, objects: Sequence[SeenObject]) -> None:
    """Handles are the only way to name a target: those of the cause and the remedy come first."""
    first = {report.remediation.target, report.root_cause.subject if report.root_cause else None}
    for each in sorted(objects, key=lambda one: str(one.ref) not in first):
        made.add("objects", {"handle": each.handle, "is": str(each.ref)}, 420)


def _repeats_cause(report: IncidentReport, issue: Issue) -> bool:
    cause = report.root_cause
    return cause is not None and (issue.subject, issue.category) == (cause.subject, cause.category)


def _issue(made: _Pack, report: IncidentReport, issue: Issue) -> None:
    told: dict[str, Any] = {"subject": _fitting(issue.subject, 150), "summary": _fitting(issue.summary, 180)}
    if issue.category.value not in issue.summary:
        told["category"] = issue.category.value
    if issue.explained_by is not None:
        told["explained_by"] = _fitting(issue.explained_by, 150)
    known = [each for each in issue.evidence if made.has(each)]
    made.add("issues_found", {**told, "evidence": known[:2]} if known else told, 900)


def _rest_of_evidence(made: _Pack, report: IncidentReport) -> None:
    for each in report.evidence:
        if not made.has(each.id):
            made.add("evidence", _piece(each, 160), PACK_LIMIT)
    if "evidence" in made.left_out:
        # One that found no room with the cause may have found some here.
        left = sum(not made.has(each.id) for each in report.evidence)
        made.left_out = {**made.left_out, "evidence": left}
        if not left:
            del made.left_out["evidence"]


def _piece(each: EvidenceRecord, most: int) -> dict[str, str]:
    told = {"id": each.id, "ref": _fitting(each.ref, 140), "text": _fitting(_telling(each, most), most)}
    if each.source not in ("kubernetes", ""):
        told["source"] = _fitting(each.source, 40)
    return {**told, "at": f"{each.at:%Y-%m-%dT%H:%M:%SZ}"} if each.at else told


def _telling(each: EvidenceRecord, most: int) -> str:
    """The whole text, or of a longer one the line that tells most and what comes before it, as far as it fits."""
    if len(each.text) <= most:
        return str(each.text)
    line = each.telling()
    return line if len(line) >= most // 2 else f"{line} {_ELLIPSIS} {' '.join(each.text.split())}"


def _change(each: ReportedChange, most: int) -> dict[str, Any]:
    told: dict[str, Any] = {"id": each.id, "title": _fitting(each.title, most)}
    if each.at is not None:
        told["at"] = f"{each.at:%Y-%m-%dT%H:%M:%SZ}"
    if each.by is not None:
        told["by"] = _fitting(each.by, 60)
    if each.suspected:
        told |= {"suspected": True, "why": _fitting(each.why, 130)}
    return told


def _fitting(text: str, most: int) -> str:
    """The beginning of a text that takes at most about ``most`` characters of JSON."""
    if _size(text) - 2 <= most:
        return text
    low, high = 0, min(len(text), most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _size(text[:middle]) + 4 <= most else (low, middle - 1)
    return f"{text[:low]}{_ELLIPSIS}"


def _size(value: Any) -> int:
    return len(json.dumps(value))
