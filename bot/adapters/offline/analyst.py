"""The analyst by rules: recognises what is asked, looks where that helps, and writes the answer."""

from collections.abc import Callable

from bot.adapters.offline import answers
from bot.adapters.offline.analysis import additions, analysis
from bot.adapters.offline.intents import Intent, recognise, revision_named
from bot.adapters.offline.lookups import plan, second_try, told
from bot.adapters.offline.subjects import Subjects, spoken
from bot.domain import IncidentReport, Usage
from bot.ports import ModelReply, ModelRequest, Stop, StreamSink, ToolCall

_ALONE = "No model is connected: this was written by rules from the evidence above."
_STANDING_IN = "This was written by rules from the evidence above."
_PROPOSE = "propose_remediation"
_FROM_REPORT: dict[Intent, Callable[[IncidentReport, str], str]] = {
    Intent.EVIDENCE: answers.evidence,
    Intent.IMPOSSIBLE: answers.impossible,
    Intent.EXPLAIN: answers.explanation,
    Intent.WHO: answers.who,
    Intent.CHANGES: answers.changes,
    Intent.NEXT: answers.next_step,
    Intent.DOUBT: answers.doubt,
    Intent.CAUSE: answers.cause,
    Intent.CRASH: answers.cause,
    Intent.LAST_DEPLOYMENT: answers.last_deployment,
    Intent.PODS: answers.pods,
    Intent.NODES: answers.nodes,
    Intent.DEPLOYMENTS: answers.pods,
    Intent.LOGS: answers.logs,
    Intent.EVENTS: answers.events,
    Intent.HELP: answers.help_text,
    Intent.THANKS: answers.thanks,
    Intent.HELLO: answers.hello,
    Intent.UNKNOWN: answers.unknown,
}
# Questions whose answer is the report's own line, with what a tool saw below it.
_REPORT_FIRST = (Intent.CRASH,)


class OfflineAnalyst:
    """Answers without a model. ``standing_in`` is for when one is connected but could not answer."""

    def __init__(self, standing_in: bool = False) -> None:
        self._closing = _STANDING_IN if standing_in else _ALONE

    @property
    def name(self) -> str:
        return "offline"

    @property
    def connected(self) -> bool:
        return False

    async def reply(self, request: ModelRequest, sink: StreamSink | None = None) -> ModelReply:
        """The answer, or one call for the tool that would know. Never fails and reaches nothing outside."""
        if request.first:
            report = request.report
            return _said(additions(report) if request.findings_shown else analysis(report, self._closing))
        intent = recognise(request.question)
        if request.steps:
            again = None if request.final else second_try(intent, request.steps[-1])
            return _asked(again) if again else _said(_from_tools(intent, request))
        if intent is Intent.OUTCOME:
            return _said(answers.outcome(request.history))
        subjects = Subjects(request.report, request.objects)
        if intent in (Intent.RESTART, Intent.ROLLBACK):
            return _proposal(intent, request, subjects)
        call = None if request.final else plan(intent, request, subjects)
        if call is not None:
            return _asked(call)
        return _said(_FROM_REPORT[intent](request.report, request.question))


def _said(text: str) -> ModelReply:
    return ModelReply(text, (), Stop.END, Usage())


def _asked(call: ToolCall) -> ModelReply:
    return ModelReply("", (call,), Stop.TOOLS, Usage())


def _from_tools(intent: Intent, request: ModelRequest) -> str:
    parts = [_FROM_REPORT[intent](request.report, request.question)] if intent in _REPORT_FIRST else []
    for step in request.steps[-1:]:  # an earlier one was only a first try
        for call, result in zip(step.reply.calls, step.results, strict=True):
            if call.name != _PROPOSE:
                parts.extend(told(call, result))
            elif result.is_error:
                parts.append(f"I could not propose that: {' '.join(result.content.split())}")
            else:
                parts.append(_proposed(intent, call, request))
    if intent is Intent.LAST_DEPLOYMENT:
        parts.extend(answers.tied_change(request.report))
    return "\n".join(parts)


def _proposed(intent: Intent, call: ToolCall, request: ModelRequest) -> str:
    target = next((each.ref for each in request.objects if each.handle == call.arguments["handle"]), None)
    to = f" to revision {call.arguments['to_revision']}" if "to_revision" in call.arguments else ""
    what = "roll back" if intent is Intent.ROLLBACK else "restart"
    return f"You asked to {what} `{target}`{to}. A card follows if the rules allow it; a person has to approve it."


def _proposal(intent: Intent, request: ModelRequest, subjects: Subjects) -> ModelReply:
    target = subjects.deployment(request.question)
    if target is None:
        return _said(_which(request, subjects))
    if all(each.name != _PROPOSE for each in request.tools) or request.final:
        return _said("Changes cannot be proposed here.")
    rollback = intent is Intent.ROLLBACK
    arguments = {
        "action": "rollback_deployment" if rollback else "restart_deployment",
        "handle": target.handle,
        "reason": answers.reason_for(request.report, intent.value),
    }
    revision = _revision(request, str(target.ref)) if rollback else None
    more = {"to_revision": revision} if revision is not None else {}
    return _asked(ToolCall("rules-1", _PROPOSE, {**arguments, **more}))


def _revision(request: ModelRequest, target: str) -> int | None:
    """The revision that was named; else the one the report would go back to, for the same object.

    Not after a change ran here: the report is older than it, and "undo it" means the change.
    """
    wanted = request.report.remediation
    if any(target in each.question for each in answers.carried_out(request.history)):
        return revision_named(request.question)
    suggested = wanted.to_revision if wanted.class_ == "rollback" and wanted.target == target else None
    return revision_named(request.question) or suggested


def _which(request: ModelRequest, subjects: Subjects) -> str:
    known = ", ".join(f"`{each.ref.name}`" for each in subjects.deployments)
    if not known:
        return "This investigation read no deployment, so there is none that a change could be proposed for."
    said = spoken(request.question)
    if said is not None:
        return f"This investigation did not read `{said}`. A change can be proposed for: {known}."
    return f"Which deployment? A change can be proposed for: {known}."
