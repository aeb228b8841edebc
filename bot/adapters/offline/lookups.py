"""Which tool answers a question, with which arguments, and what its result says in words."""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.adapters.offline.intents import Intent
from bot.adapters.offline.subjects import Subjects
from bot.domain import FAULT
from bot.ports import ModelRequest, Step, ToolCall, ToolResult

_TOOLS = {
    Intent.LAST_DEPLOYMENT: "rollout_history",
    Intent.LOGS: "pod_logs",
    Intent.CRASH: "pod_logs",
    Intent.EVENTS: "list_events",
    Intent.PODS: "list_pods",
    Intent.DEPLOYMENTS: "list_deployments",
    Intent.NODES: "list_nodes",
}
_TITLES = {
    "rollout_history": "Rollout history",
    "pod_logs": "The end of the log",
    "list_events": "Events",
    "list_pods": "Pods",
    "list_deployments": "Deployments",
    "list_nodes": "Nodes",
}
_LINES = 15
_CHARS = 2_000


def plan(intent: Intent, request: ModelRequest, subjects: Subjects) -> ToolCall | None:
    """The call that would answer the question, if its tool is offered and its arguments are known."""
    name = _TOOLS.get(intent)
    if name is None or all(each.name != name for each in request.tools):
        return None
    arguments = _arguments(intent, request.question, subjects)
    return ToolCall("rules-1", name, arguments) if arguments is not None else None


def second_try(intent: Intent, step: Step) -> ToolCall | None:
    """A container that never died has no earlier log: then the one it writes now is asked for."""
    call, result = step.reply.calls[0], step.results[0]
    if intent is not Intent.CRASH or not result.is_error or "previous" not in call.arguments:
        return None
    now = {name: value for name, value in call.arguments.items() if name != "previous"}
    return ToolCall("rules-2", call.name, now)


def _arguments(intent: Intent, question: str, subjects: Subjects) -> dict[str, Any] | None:
    match intent:
        case Intent.LAST_DEPLOYMENT:
            workload = subjects.workload(question)
            return {"namespace": workload.namespace, "deployment": workload.name} if workload else None
        case Intent.LOGS | Intent.CRASH:
            return _whose_log(intent, question, subjects)
        case Intent.NODES:
            return {}
        case _:
            namespace = subjects.namespace(question)
            if namespace is None and intent is Intent.EVENTS:
                return None
            return {"namespace": namespace} if namespace else {}


def _whose_log(intent: Intent, question: str, subjects: Subjects) -> dict[str, Any] | None:
    """A pod that is named; else a deployment, of which the tool takes the pod that looks worst."""
    about = subjects.pod_named(question) or subjects.workload(question) or subjects.failing_pod()
    if about is None:
        return None
    whose = {"namespace": about.namespace, "name": about.name}
    return {**whose, "previous": True} if intent is Intent.CRASH else whose


def told(call: ToolCall, result: ToolResult) -> Iterator[str]:
    """What one result says: what stands out, then the text itself."""
    title = _title(call)
    if result.is_error:
        yield f"I could not read this ({title[0].lower()}{title[1:]}): {' '.join(result.content.split())}"
        return
    lines = [each.rstrip() for each in result.content.splitlines() if each.strip()]
    newest_last = call.name == "pod_logs"
    if newest_last and (telling := [each for each in lines if FAULT.search(each)]):
        yield f"What stands out: `{_quoted(telling[-1], 300)}`"
    if call.name == "rollout_history":
        yield from _history(call, lines)
        return
    # The first line of a result says what it is; it stays when a log is cut from its beginning.
    shown = [lines[0], *lines[1:][-_LINES:]] if newest_last and lines else lines[:_LINES]
    left = len(lines) - len(shown)
    yield f"{title}{f' ({left} more lines are left out)' if left else ''}:"
    yield f"```\n{_block(shown, newest_last)}\n```"


def _history(call: ToolCall, lines: Sequence[str]) -> Iterator[str]:
    """The newest revision in a sentence and the earlier ones below; the first line only says how many there are."""
    if len(lines) < 2:
        yield f"{_title(call)}: {' '.join(lines) or 'nothing was found'}"
        return
    yield f"The last deployment of `{_about(call)}`: {_quoted(lines[1], 500)}."
    if len(lines) > 2:
        yield "Before that:"
        yield f"```\n{_block(lines[2:6], False)}\n```"


def _title(call: ToolCall) -> str:
    title, about = _TITLES.get(call.name, call.name), _about(call)
    return f"{title} of `{about}`" if about else title


def _about(call: ToolCall) -> str:
    names = ("namespace", "deployment", "name")
    return "/".join(str(call.arguments[each]) for each in names if each in call.arguments)


def _block(shown: Sequence[str], newest_last: bool) -> str:
    text = "\n".join(_quoted(each, 240) for each in shown)
    return text[-_CHARS:] if newest_last else text[:_CHARS]


def _quoted(line: str, limit: int) -> str:
    """A line from outside that cannot end the code it stands in."""
    plain = line.replace("`", "ʼ")
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"
