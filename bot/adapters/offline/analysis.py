"""Writes what the report knows as sentences for people. Nothing is said that the report does not hold."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from bot.domain import EvidenceRecord, IncidentReport, Remediation, ReportedChange

_PIECE = 160
_ACTS = {"restart": "restart", "rollback": "roll back", "scale": "scale", "delete-pod": "delete a pod of"}


def analysis(report: IncidentReport, closing: str) -> str:
    """The first answer: cause, what it means, evidence, what is left open, what to do, and who wrote this."""
    told = report.root_cause is not None and report.explanation
    parts = [
        cause(report),
        *_symptom(report),
        *([f"*What it means:* {sentence(report.explanation)}"] if told else []),
        *evidence_lines(report, 3),
        *others(report),
        changed(report),
        *set_in(report),
        *([str(report.recurrence.text)] if report.recurrence else []),
        *open_points(report),
        *([f"*Next:* {advice(report)}"] if report.verdict != "healthy" else []),
        f"_{closing}_",
    ]
    return "\n".join(_folded(each) for each in parts)


def additions(report: IncidentReport) -> str:
    """What the first findings, which stand above it, leave out: what it means, what was ruled out or not looked at."""
    found = report.root_cause is not None and report.explanation
    meaning = f"*What it means:* {sentence(report.explanation)}" if found else cause(report)
    return "\n".join(_folded(each) for each in (meaning, *open_points(report)))


def _folded(part: str) -> str:
    """One line: a line break in a name or a reason could make words from outside look like a part of their own."""
    return " ".join(part.split())


def _symptom(report: IncidentReport) -> Iterator[str]:
    """How it shows, unless the line above has said just that."""
    found = report.root_cause
    if report.symptom and not (found is not None and found.summary in report.symptom):
        yield _unmarked(report.symptom)


def cause(report: IncidentReport) -> str:
    """The cause in one line, with its evidence and how sure the rules are."""
    found = report.root_cause
    if found is not None:
        return f"*{sentence(found.summary)}* {ids(found.evidence)} ({round(found.confidence * 100)} % sure)"
    if report.verdict == "healthy":
        return f"*No incident was found.* {sentence(report.explanation)}"
    return f"*The cause is not clear from the evidence.* {sentence(report.explanation)}"


def evidence_lines(report: IncidentReport, most: int) -> Iterator[str]:
    """The evidence that the cause and the issues rest on: one piece of every source before a second of any."""
    cited = list(report.root_cause.evidence) if report.root_cause else []
    cited += [each for issue in report.issues_found for each in issue.evidence]
    known = {each.id: each for each in report.evidence}
    pieces = [known[each] for each in dict.fromkeys(cited or known)]
    turn: Counter[str] = Counter()
    ranked = []
    for position, each in enumerate(pieces):
        ranked.append((turn[each.source], position, each))
        turn[each.source] += 1
    chosen = sorted(ranked, key=lambda one: one[:2])[:most]
    yield from (evidence_line(each) for _, _, each in sorted(chosen, key=lambda one: one[1]))


def evidence_line(piece: EvidenceRecord) -> str:
    return f"• [{piece.id}] `{piece.ref or piece.source}`: {short(piece.telling(), _PIECE)}"


def others(report: IncidentReport) -> Iterator[str]:
    """What else is wrong, besides the cause."""
    about = (report.root_cause.category, report.root_cause.subject) if report.root_cause else None
    rest = [each for each in report.issues_found if (each.category, each.subject) != about]
    if rest:
        named = "; ".join(f"{short(each.summary, 120)} {ids(each.evidence)}" for each in rest[:3])
        more = f" and {len(rest) - 3} more" if len(rest) > 3 else ""
        yield f"*Also seen:* {named}{more}"


def changed(report: IncidentReport) -> str:
    """The change behind it, or those that came before without a tie to it."""
    culprit = culprit_of(report)
    if culprit is not None:
        return f"*What changed:* {change_line(culprit, report.observed_at)} The evidence ties it to the cause."
    if report.changes:
        listed = "; ".join(change_line(each, report.observed_at).rstrip(".") for each in report.changes[:3])
        return f"*What changed before:* {listed}. Nothing ties {_them(len(report.changes))} to the cause."
    return "*What changed:* no change was found."


def set_in(report: IncidentReport) -> Iterator[str]:
    """The file and the line that set what failed."""
    found = report.where_set
    if found is not None:
        page = f" ({found.url})" if found.url else ""
        yield f"*Set in:* `{found.place}` of {found.repository}{page}: {short(found.text, 100)}"


def _them(count: int) -> str:
    return "it" if count == 1 else "them"


def culprit_of(report: IncidentReport) -> ReportedChange | None:
    return next((each for each in report.changes if each.id == report.culprit_change), None)


def change_line(change: ReportedChange, observed_at: datetime) -> str:
    who = f" by {change.by}" if change.by else ""
    when = f" {ago(change.at, observed_at)}" if change.at else ""
    return sentence(f"{short(change.title, _PIECE).rstrip('.')}{who}{when}")


def blamed(change: ReportedChange, observed_at: datetime) -> str:
    """The change behind it and what ties it to the cause."""
    why = f" — {sentence(change.why)}" if change.why else ""
    return change_line(change, observed_at).rstrip(".") + (why or ".")


def open_points(report: IncidentReport) -> Iterator[str]:
    """What was ruled out and what nobody looked at."""
    for title, points in (("Ruled out", report.ruled_out), ("Not checked", report.not_checked)):
        if points:
            more = f" (and {len(points) - 4} more)" if len(points) > 4 else ""
            yield f"*{title}:* {'; '.join(short(each, 160) for each in points[:4])}{more}"


def advice(report: IncidentReport) -> str:
    """What would remove the cause, and whether it may be done from here."""
    wanted = report.remediation
    if wanted.class_ == "none" or wanted.target is None:
        return sentence(wanted.why) or "nothing that can be run from here; see the evidence."
    to = f" to revision {wanted.to_revision}" if wanted.to_revision else ""
    what = f"{_ACTS[wanted.class_]} `{wanted.target}`{to} — {sentence(wanted.why)}"
    return f"{what} {_permission(wanted)}"


def _permission(wanted: Remediation) -> str:
    if wanted.allowed:
        return "A person has to approve it first."
    reasons = "; ".join(wanted.reasons) or "the policy does not allow it"
    return f"Not allowed from here: {reasons}."


def ids(evidence: tuple[str, ...]) -> str:
    return "".join(f"[{each}]" for each in evidence[:4])


# How this program cites its evidence. In a text from outside it would cite what does not exist, or something else.
_A_MARK = re.compile(r"\[(E\d{1,6})\]")


def _unmarked(text: str) -> str:
    return _A_MARK.sub(r"(\1)", text)


def sentence(text: str) -> str:
    """The text as a sentence, which ends with a stop and in which nothing looks like a mark of evidence."""
    text = " ".join(_unmarked(text).split())
    return text if not text or text[-1] in ".!?…" else f"{text}."


def short(text: str, limit: int) -> str:
    """One line of at most ``limit`` characters, in which nothing looks like a mark of evidence."""
    line = " ".join(_unmarked(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def ago(at: datetime, now: datetime) -> str:
    """How long before ``now`` something was, in words."""
    minutes = round((now - at).total_seconds() / 60)
    if minutes < 1:
        return "just before the check"
    for size, word in ((60 * 24, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = round(minutes / size)
            return f"{count} {word}{'s' if count != 1 else ''} before the check"
    raise AssertionError("a minute or more is at least one minute")
