"""What each model accepts: kinds of thinking, forced tools, a begun answer, and how much it reads and writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Abilities:
    """The rules of one model; the defaults are those of a current one that nobody described."""

    thinking: tuple[str, ...] = ("adaptive",)
    forced_tools: bool = False
    prefill: bool = False
    system_messages: bool = True
    context: int = 1_000_000
    most_output: int = 128_000


_OLDER = Abilities(("adaptive", "enabled", "disabled"), forced_tools=True, system_messages=False)
_OLD = Abilities(("enabled", "disabled"), True, True, False, 200_000, 64_000)

ABILITIES: Mapping[str, Abilities] = {
    "claude-sonnet-5-5": Abilities(("adaptive", "between_tools")),
    "claude-haiku-5-5": Abilities(context=200_000, most_output=64_000),
    "claude-opus-5-5": Abilities(),
    "claude-fable-5-2": Abilities(),
    "claude-opus-4-6": _OLDER,
    "claude-sonnet-4-6": _OLDER,
    "claude-sonnet-4-5": _OLD,
    "claude-haiku-4-5": _OLD,
}
MODELS = tuple(ABILITIES)

_SMALLEST_BUDGET = 1024
_EFFORTS_BETWEEN_TOOLS = ("low", "medium", "high")


def abilities(model: str) -> Abilities:
    """What a model can; one that is not in the table is a current one."""
    return ABILITIES.get(model, Abilities())


def complaint(body: JsonObject) -> str | None:
    """Why this model does not take this request, if it does not."""
    known = abilities(body["model"])
    if body["max_tokens"] > known.most_output:
        return f"max_tokens: {body['max_tokens']} > {known.most_output}, the maximum for {body['model']}"
    if not known.system_messages and any(each["role"] == "system" for each in body["messages"]):
        return "messages: role 'system' is not supported on this model"
    return _about_thinking(body, known) or _about_tool_choice(body, known)


def _about_thinking(body: JsonObject, known: Abilities) -> str | None:
    thinking = body.get("thinking") or {}
    kind = thinking.get("type")
    if kind is not None and kind not in known.thinking:
        return f"thinking.type: {kind} is not supported on this model"
    if kind == "enabled":
        budget = thinking.get("budget_tokens", 0)
        if budget < _SMALLEST_BUDGET:
            return f"thinking.enabled.budget_tokens: must be at least {_SMALLEST_BUDGET}"
        if budget >= body["max_tokens"]:
            return "max_tokens: must be greater than thinking.budget_tokens"
    effort = (body.get("output_config") or {}).get("effort")
    if kind == "between_tools" and effort not in (None, *_EFFORTS_BETWEEN_TOOLS):
        return f"output_config.effort: {effort} is not supported with thinking.type between_tools"
    return None


def _about_tool_choice(body: JsonObject, known: Abilities) -> str | None:
    if (body.get("tool_choice") or {}).get("type") not in ("any", "tool"):
        return None
    if not known.forced_tools:
        return "tool_choice: forced tool use is not supported on this model"
    if (body.get("thinking") or {}).get("type") in ("enabled", "adaptive"):
        return "tool_choice: thinking may not be enabled when tool use is forced"
    return None
