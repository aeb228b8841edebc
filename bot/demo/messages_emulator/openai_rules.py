"""What the chat-completions API refuses: unknown arguments, calls without results, results without calls."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.demo.messages_emulator.turns import HttpError

JsonObject = dict[str, Any]

_KNOWN = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "modalities",
        "model",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    }
)
_ROLES = ("developer", "system", "user", "assistant", "tool", "function")


def invalid(message: str, param: str | None = None, code: str | None = None) -> HttpError:
    """A 400 that names what is wrong."""
    return HttpError(400, "invalid_request_error", message, details={"param": param, "code": code})


def fault(body: JsonObject) -> HttpError | None:
    """What is wrong with a request, if anything."""
    for name in body:
        if name not in _KNOWN:
            return invalid(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    for name in ("model", "messages"):
        if not body.get(name):
            return invalid(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")
    if "stream_options" in body and not body.get("stream"):
        return invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    return _messages_fault(body["messages"]) or _tools_fault(body)


def _messages_fault(messages: Sequence[JsonObject]) -> HttpError | None:
    open_calls: list[str] = []
    for number, message in enumerate(messages):
        place, role = f"messages.[{number}]", message.get("role")
        if role not in _ROLES:
            return invalid(f"Invalid value: '{role}'.", f"{place}.role", "invalid_value")
        if role == "tool":
            if message.get("tool_call_id") not in open_calls:
                told = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
                return invalid(f"Invalid parameter: {told}", f"{place}.role")
            open_calls.remove(message["tool_call_id"])
            continue
        if open_calls:
            return _unanswered(open_calls)
        open_calls = [each["id"] for each in message.get("tool_calls") or ()]
        if message.get("content") is None and not open_calls:
            told = f"Invalid value for 'content': expected a string, got null. ({place}.content)"
            return invalid(told, f"{place}.content")
    return _unanswered(open_calls) if open_calls else None


def _unanswered(calls: Sequence[str]) -> HttpError:
    told = (
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
        f"The following tool_call_ids did not have response messages: {', '.join(calls)}"
    )
    return invalid(told, "messages")


def _tools_fault(body: JsonObject) -> HttpError | None:
    tools = body.get("tools")
    if tools == []:
        return invalid("[] is too short - 'tools'", "tools", "empty_array")
    for number, each in enumerate(tools or ()):
        if each.get("type") != "function" or not isinstance(each.get("function"), Mapping):
            return invalid("Missing required parameter: 'tools[0].function'.", f"tools[{number}].function")
        if not each["function"].get("name"):
            return invalid("Missing required parameter.", f"tools[{number}].function.name")
    if body.get("tool_choice") and not tools:
        return invalid("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")
    return None
