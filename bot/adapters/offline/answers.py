"""Answers to later questions from the report alone, one function for each kind of question."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bot.adapters.offline import analysis
from bot.adapters.offline.primer import explain, term
from bot.domain import CARRIED_OUT, Exchange, IncidentReport
from tools.evidence import Category

_ID = re.compile(r"\be(\d+)\b", re.IGNORECASE)
_CAN = (
    "the cause and its evidence, the last deployment, what changed and by whom, logs, events, pods and nodes, "
    "what was not checked, what to do next, or an explanation for beginners. "
    "“restart” or “roll back” with a deployment's name puts a proposal up for approval"
)


def cause(report: IncidentReport, _question: str = "") -> str:
    """The cause, what it rests on, and the report's own explanation."""
    lines = [analysis.cause(report), *analysis.evidence_lines(report, 3)]
    if report.root_cause is not None and report.explanation:
        lines.append(analysis.sentence(report.explanation))
    return "\n".join(lines)


def outcome(history: Sequence[Exchange]) -> str:
    """What became of the changes that were approved here, as the thread remembers it; nothing is looked up anew."""
    done = carried_out(history)
    if not done:
        return "No change has run from this thread, as far as I remember. Ask for the pods to see how they are now."
    lines = [f"• {at_utc(each.at)} {each.question.strip('()')}: {' '.join(each.answer.split())}" for each in done[-4:]]
    closing = "The card above shows who decided. Ask for the pods to see how they are now."
    return "\n".join(["What was done here:", *lines, closing])


def carried_out(history: Sequence[Exchange]) -> list[Exchange]:
    """The changes that ran in this thread."""
    return [each for each in history if each.question.endswith(f"{CARRIED_OUT})")]


def impossible(_report: IncidentReport, _question: str = "") -> str:
    return (
        "I cannot do that, and cannot propose it: I can only put a restart or a rollback of a deployment up for "
        "approval. Anything else a person has to do in the cluster."
    )


def at_utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def evidence(report: IncidentReport, question: str) -> str:
    """The pieces a question names by id in full, or all of them in short."""
    wanted = {f"E{number}" for number in _ID.findall(question)}
    named = [each for each in report.evidence if each.id in wanted]
    if named:
        return "\n".join(
            f"[{each.id}] {each.source} `{each.ref}`:\n```\n{_block(each.text)}\n```" for each in named[:3]
        )
    if wanted:
        return f"There is no {', '.join(sorted(wanted))} in this investigation. {_pointer(report)}"
    if not report.evidence:
        return "This investigation holds no evidence."
    listed = [analysis.evidence_line(each) for each in report.evidence[:10]]
    more = len(report.evidence) - len(listed)
    return "\n".join([analysis.cause(report), *listed, *([f"… and {more} more"] if more > 0 else [])])


def explanation(report: IncidentReport, question: str) -> str:
    """For somebody who sees this for the first time: what the words mean, what is seen here, what helps."""
    meaning = term(question)
    found = report.root_cause
    if found is None and meaning is not None:
        return meaning
    if found is None:
        about = Category.HEALTHY if report.verdict == "healthy" else None
        bullets = explain(about) if about else ()
        return "\n".join([analysis.cause(report), *(f"• {each}" for each in bullets)])
    lines = [meaning] if meaning else []
    lines += [analysis.cause(report), "Here is what that means:"]
    lines += [f"• {each}" for each in explain(found.category)]
    lines += ["What it looks like here:", *analysis.evidence_lines(report, 2)]
    lines.append(f"*The fix:* {analysis.advice(report)}")
    return "\n".join(lines)


def who(report: IncidentReport, _question: str) -> str:
    """Who made the change behind it, as far as the evidence names anybody."""
    culprit = analysis.culprit_of(report)
    if culprit is None:
        return f"No change is tied to the cause, so nobody is. {analysis.changed(report)}"
    line = analysis.blamed(culprit, report.observed_at)
    return line if culprit.by else f"{line} The evidence does not say who made it."


def changes(report: IncidentReport, _question: str) -> str:
    """Every change the report knows, the one behind it marked."""
    if not report.changes:
        return "\n".join(["No change was found.", *analysis.open_points(report)])
    lines = ["What changed before this:"]
    for each in report.changes[:8]:
        if each.id == report.culprit_change:
            lines.append(f"• *Behind it:* {analysis.blamed(each, report.observed_at)}")
        else:
            lines.append(f"• {analysis.change_line(each, report.observed_at)}")
    if report.culprit_change is None:
        lines.append("Nothing ties any of these to the cause.")
    return "\n".join(lines)


def next_step(report: IncidentReport, _question: str) -> str:
    """What to do, and how to have it proposed."""
    wanted = report.remediation
    lines = [f"*Next:* {analysis.advice(report)}"]
    if wanted.allowed and wanted.target is not None and wanted.class_ in ("restart", "rollback"):
        verb = "roll back" if wanted.class_ == "rollback" else "restart"
        lines.append(f"Say “{verb} {wanted.target.split('/')[-1]}” here and it is put up for approval.")
    return "\n".join(lines)


def doubt(report: IncidentReport, _question: str) -> str:
    """How sure, what was ruled out, what nobody looked at."""
    points = list(analysis.open_points(report))
    return "\n".join([analysis.cause(report), *(points or ["The report lists nothing as ruled out or not checked."])])


def last_deployment(report: IncidentReport, _question: str) -> str:
    """Without the tool: the newest change the report knows."""
    dated = [each for each in report.changes if each.at is not None]
    if not dated:
        return "The evidence of this investigation names no deployment, and the rollout history cannot be read here."
    newest = max(dated, key=lambda each: each.at or report.observed_at)
    return "\n".join(
        [f"The newest change in the evidence: {analysis.change_line(newest, report.observed_at)}", *tied_change(report)]
    )


def tied_change(report: IncidentReport) -> Iterator[str]:
    """The change behind it, when there is one."""
    culprit = analysis.culprit_of(report)
    if culprit is not None:
        yield f"The change tied to this incident: {analysis.blamed(culprit, report.observed_at)}"


def pods(report: IncidentReport, _question: str) -> str:
    """Without the tool: what failed when the report was made."""
    if not report.failing:
        return f"When this was looked at, nothing was failing. {analysis.sentence(report.symptom)}"
    listed = ", ".join(f"`{each}`" for each in report.failing[:10])
    return f"Failing when this was looked at: {listed}. {analysis.sentence(report.symptom)}"


def logs(report: IncidentReport, _question: str) -> str:
    """Without the tool: the evidence that comes from logs."""
    return _of_source(report, "log", "Logs cannot be read here")


def events(report: IncidentReport, _question: str) -> str:
    """Without the tool: the evidence that comes from events."""
    return _of_source(report, "event", "Events cannot be read here")


def nodes(report: IncidentReport, _question: str) -> str:
    """Without the tool: the evidence that comes from nodes."""
    return _of_source(report, "node", "Nodes cannot be read here")


def _of_source(report: IncidentReport, word: str, otherwise: str) -> str:
    found = [each for each in report.evidence if word in f"{each.source} {each.ref}".lower()]
    if found:
        return "\n".join(["From the evidence of this investigation:", *map(analysis.evidence_line, found[:6])])
    return f"{otherwise}, and the evidence of this investigation holds none. {_pointer(report)}"


def help_text(_report: IncidentReport, _question: str) -> str:
    return f"Ask in this thread about {_CAN}."


def thanks(_report: IncidentReport, _question: str) -> str:
    return "You are welcome. Ask again whenever something is unclear."


def hello(report: IncidentReport, question: str) -> str:
    return f"Hello. {analysis.cause(report)}\n{help_text(report, question)}"


def unknown(report: IncidentReport, _question: str) -> str:
    """Says openly that the question was not understood, what can be asked, and where the evidence is."""
    return f"I answer by rules here and did not understand that. I can tell about {_CAN}.\n{_pointer(report)}"


def reason_for(report: IncidentReport, asked: str) -> str:
    """Why a change is proposed: because somebody asked, and what the report says about the cause."""
    if report.root_cause is None:
        return f"A {asked} was asked for in the thread."
    found = report.root_cause
    return f"A {asked} was asked for in the thread. {analysis.short(found.summary, 300)} {analysis.ids(found.evidence)}"


def _pointer(report: IncidentReport) -> str:
    if not report.evidence:
        return "This investigation holds no evidence."
    names = "; ".join(f"[{each.id}] `{each.ref or each.source}`" for each in report.evidence[:6])
    return f"The evidence at hand: {names}. Name an id to see it whole."


def _block(text: str) -> str:
    plain = text.replace("`", "ʼ")
    return plain if len(plain) <= 1_500 else f"{plain[:1_499]}…"
