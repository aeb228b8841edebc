"""Which tool answers a question, with which arguments, and what its result says in words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.adapters.offline.intents import Intent
from bot.adapters.offline.subjects import Subjects
from bot.ports import ModelRequest, ToolCall, ToolResult, ToolSpec

_TOOLS = {
    Intent.LAST_DEPLOYMENT: "rollout_history",
    Intent.LOGS: "pod_logs",
    Intent.CRASH: "pod_logs",
    Intent.EVENTS: "list_events",
    Intent.PODS: "list_pods",
}
_TITLES = {
    "rollout_history": "Rollout history",
    "pod_logs": "The end of the log",
    "list_events": "Events",
    "list_pods": "Pods",
}
_WORKLOADS = ("deployment", "workload", "name")
_TELLING = re.compile(
    r"(?i)\b(?:error|fatal|panic|exception|traceback|refused|denied|killed|out of memory|cannot|failed)\b"
)
_LINES = 15
_CHARS = 2_000


def plan(intent: Intent, request: ModelRequest, subjects: Subjects) -> ToolCall | None:
    """The call that would answer the question, if its tool is offered and its arguments are known."""
    spec = next((each for each in request.tools if each.name == _TOOLS.get(intent)), None)
    if spec is None:
        return None
    arguments = _arguments(spec, intent, request.question, subjects)
    return ToolCall("rules-1", spec.name, arguments) if arguments is not None else None


def _arguments(spec: ToolSpec, intent: Intent, question: str, subjects: Subjects) -> dict[str, Any] | None:
    """Fill what the tool asks for, by the names of its parameters."""
    asked = spec.input_schema.get("properties", {})
    filled: dict[str, Any] = {}
    pod = subjects.pod(question) if "pod" in asked else None
    workload = subjects.workload(question) if any(each in asked for each in _WORKLOADS) else None
    namespace = subjects.namespace(question)
    if pod is not None:
        filled["pod"], namespace = pod.name, pod.namespace
    elif workload is not None:
        name = next(each for each in _WORKLOADS if each in asked)
        filled[name], namespace = workload.name, workload.namespace
    if "namespace" in asked and namespace is not None:
        filled["namespace"] = namespace
    if intent is Intent.CRASH and asked.get("previous", {}).get("type") == "boolean":
        filled["previous"] = True
    return filled if _enough(spec, filled) else None


def _enough(spec: ToolSpec, filled: Mapping[str, Any]) -> bool:
    """Whether nothing required is missing. A tool about one pod or workload is useless without either."""
    asked = spec.input_schema.get("properties", {})
    about_one = "pod" in asked or any(each in asked for each in _WORKLOADS)
    has_one = "pod" in filled or any(each in filled for each in _WORKLOADS)
    return all(each in filled for each in spec.input_schema.get("required", ())) and (has_one or not about_one)


def told(call: ToolCall, result: ToolResult) -> Iterator[str]:
    """What one result says: what stands out, then the text itself."""
    about = "/".join(str(each) for each in _in_order(call.arguments))
    title = f"{_TITLES.get(call.name, call.name)} of `{about}`" if about else _TITLES.get(call.name, call.name)
    if result.is_error:
        yield f"I could not read this ({title[0].lower()}{title[1:]}): {' '.join(result.content.split())}"
        return
    lines = [each.rstrip() for each in result.content.splitlines() if each.strip()]
    newest_last = call.name == "pod_logs"
    shown = lines[-_LINES:] if newest_last else lines[:_LINES]
    if newest_last and (telling := [each for each in lines if _TELLING.search(each)]):
        yield f"What stands out: `{_quoted(telling[-1], 300)}`"
    left = len(lines) - len(shown)
    yield f"{title}{f' ({left} more lines are left out)' if left else ''}:"
    yield f"```\n{_block(shown, newest_last)}\n```"


def _in_order(arguments: Mapping[str, Any]) -> Sequence[Any]:
    names = ("namespace", *_WORKLOADS, "pod")
    return [arguments[each] for each in names if each in arguments]


def _block(lines: Sequence[str], newest_last: bool) -> str:
    text = "\n".join(_quoted(each, 240) for each in lines)
    return text[-_CHARS:] if newest_last else text[:_CHARS]


def _quoted(line: str, limit: int) -> str:
    """A line from outside that cannot end the code it stands in."""
    plain = line.replace("`", "ʼ")
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"
