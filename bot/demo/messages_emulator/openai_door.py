"""The shape of another vendor: POST /v1/chat/completions, scripted by the same turns."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from bot.demo.messages_emulator import openai_rules
from bot.demo.messages_emulator.cache import Clock, tokens
from bot.demo.messages_emulator.doors import Answer, Frame, Ids, bearer, encoded, plain
from bot.demo.messages_emulator.stream import pieces
from bot.demo.messages_emulator.turns import HttpError, Reply, Text, ToolUse

JsonObject = dict[str, Any]

OPENAI_MODELS = ("gpt-4-turbo", "gpt-4o", "gpt-4.1", "gpt-4.1-mini")

_REASONS = {
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
_TYPES = {401: "invalid_request_error", 429: "requests", 500: "server_error", 503: "server_error", 529: "server_error"}
_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}


class OpenAiDoor:
    """Chat completions: JSON, or chunks that end with [DONE]."""

    def __init__(self, key: str, models: Collection[str], clock: Clock, ids: Ids) -> None:
        self._key = key
        self._models = models
        self._clock = clock
        self._ids = ids

    def fault(self, headers: Mapping[str, str], body: JsonObject) -> HttpError | None:
        if not bearer(headers, self._key):
            return HttpError(401, "authentication_error", "Incorrect API key provided.")
        found = openai_rules.fault(body)
        if found is None and body["model"] not in self._models:
            told = f"The model `{body['model']}` does not exist or you do not have access to it."
            details = {"param": None, "code": "model_not_found"}
            return HttpError(404, "invalid_request_error", told, details=details)
        return found

    def at_once(self, body: JsonObject) -> Reply | None:
        return None

    def message(self, body: JsonObject, reply: Reply) -> JsonObject:
        text = "".join(each.text for each in reply.blocks if isinstance(each, Text))
        calls = [self._call(each) for each in reply.blocks if isinstance(each, ToolUse)]
        message: JsonObject = {"role": "assistant", "content": text or None, "refusal": None}
        if calls:
            message["tool_calls"] = calls
        reason = _REASONS.get(str(reply.stop_reason), "stop")
        return {
            **self._head("chat.completion", body),
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
            "usage": _usage(body, message),
        }

    def _call(self, made: ToolUse) -> JsonObject:
        arguments = {"name": made.name, "arguments": encoded(dict(made.input))}
        return {"id": made.id or self._ids("call_"), "type": "function", "function": arguments}

    def _head(self, kind: str, body: JsonObject) -> JsonObject:
        name = self._ids("chatcmpl-")
        return {"id": name, "object": kind, "created": int(self._clock()), "model": body["model"]}

    def frames(self, body: JsonObject, message: JsonObject) -> Iterator[Frame]:
        head = {**message, "object": "chat.completion.chunk"}
        usage = head.pop("usage")
        counted = bool((body.get("stream_options") or {}).get("include_usage"))
        choice = message["choices"][0]
        ends: list[tuple[JsonObject, str | None]] = [({}, choice["finish_reason"])]
        for delta, reason in [*((each, None) for each in _deltas(choice["message"])), *ends]:
            choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]
            chunk = {**head, "choices": choices, **({"usage": None} if counted else {})}
            yield Frame(_line(encoded(chunk)), bool(delta) and "role" not in delta)
        if counted:
            yield Frame(_line(encoded({**head, "choices": [], "usage": usage})))
        yield Frame(_line("[DONE]"))

    def error(self, fault: HttpError) -> Answer:
        if fault.error_type is None:
            return plain(fault, self.headers())
        error = {
            "message": fault.message,
            "type": _TYPES.get(fault.status, "invalid_request_error"),
            "param": None,
            "code": _CODES.get(fault.status),
            **(fault.details or {}),
        }
        return Answer(fault.status, encoded({"error": error}), {**self.headers(), **fault.headers})

    def error_frame(self, error_type: str) -> bytes:
        error = {"message": "scripted", "type": "server_error", "param": None, "code": error_type}
        return _line(encoded({"error": error}))

    def stray_frame(self) -> bytes:
        delta = {"tool_calls": [{"index": 7, "function": {"arguments": "{"}}]}
        head = {"id": "chatcmpl-0", "object": "chat.completion.chunk", "created": 0, "model": "?"}
        return _line(encoded({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}))

    def headers(self) -> dict[str, str]:
        return {"x-request-id": self._ids("req_"), "openai-version": "2020-10-01"}


def _deltas(message: JsonObject) -> Iterator[JsonObject]:
    yield {"role": "assistant", "content": None if "tool_calls" in message else ""}
    for piece in pieces(message["content"] or ""):
        yield {"content": piece}
    for index, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        yield {"tool_calls": [{"index": index, **call, "function": {"name": function["name"], "arguments": ""}}]}
        for piece in pieces(function["arguments"]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _line(text: str) -> bytes:
    return f"data: {text}\n\n".encode()


def _usage(body: JsonObject, message: JsonObject) -> JsonObject:
    prompt = sum(tokens(each) for each in (*body["messages"], *(body.get("tools") or ())))
    written = tokens(message["content"] or "") + sum(tokens(each) for each in message.get("tool_calls", ()))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": written,
        "total_tokens": prompt + written,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
