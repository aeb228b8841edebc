"""The door of the Messages API itself: /v1/messages and /v1/messages/count_tokens."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from bot.demo.messages_emulator import rules, stream
from bot.demo.messages_emulator.cache import Clock, PrefixCache
from bot.demo.messages_emulator.doors import Answer, Check, Frame, Ids, bearer, encoded, plain
from bot.demo.messages_emulator.limits import RateLimits
from bot.demo.messages_emulator.memory import Memory
from bot.demo.messages_emulator.turns import Block, HttpError, Redacted, Reply, Text, Thinking, ToolUse

JsonObject = dict[str, Any]


def block(made: Block, ids: Ids, sign: bool = True) -> JsonObject:
    """A content block as the API writes it."""
    match made:
        case Text():
            return {"type": "text", "text": made.text}
        case ToolUse():
            return {"type": "tool_use", "id": made.id or ids("toolu_"), "name": made.name, "input": dict(made.input)}
        case Thinking():
            return {"type": "thinking", "thinking": made.thinking, "signature": ids("signature-") if sign else ""}
        case Redacted():
            return {"type": "redacted_thinking", "data": ids("redacted-")}


def _shown(made: Block, body: JsonObject) -> Block:
    """Thinking is signed but empty unless the request wants to see it; where it has a budget it is always seen."""
    asked = body.get("thinking") or {}
    seen = asked.get("display", "summarized" if asked.get("type") == "enabled" else "omitted")
    return Thinking("") if isinstance(made, Thinking) and seen == "omitted" else made


def whole(body: JsonObject, reply: Reply, content: list[JsonObject], name: str, usage: JsonObject) -> JsonObject:
    """A message of the API."""
    refused = {"type": "refusal", "category": reply.category, "explanation": None}
    return {
        "id": name,
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": reply.stop_reason,
        "stop_sequence": None,
        "stop_details": refused if reply.stop_reason == "refusal" else None,
        "usage": usage,
    }


def frames(message: JsonObject) -> Iterator[Frame]:
    """A message as server-sent events."""
    for name, data in stream.events(message):
        yield Frame(stream.encoded(name, data), name == "content_block_delta")


def error_text(fault: HttpError, request_id: str | None) -> str:
    """The body of an error."""
    error: JsonObject = {"type": fault.error_type, "message": fault.message}
    if fault.details is not None:
        error["details"] = dict(fault.details)
    told = {"type": "error", "error": error}
    return encoded({**told, "request_id": request_id} if request_id else told)


class ClaudeDoor:
    """Insists on everything the API insists on, and counts what it would count."""

    def __init__(self, key: str, models: Collection[str], check: Check | None, clock: Clock, ids: Ids) -> None:
        self._key = key
        self._models = models
        self._check = check
        self._ids = ids
        self._memory = Memory()
        self._cache = PrefixCache(clock)
        self.limits = RateLimits(clock)

    def credentials_fault(self, headers: Mapping[str, str]) -> HttpError | None:
        if not bearer(headers, self._key):
            return HttpError(401, "authentication_error", "invalid bearer token")
        if not headers.get("anthropic-version"):
            return HttpError(400, "invalid_request_error", "anthropic-version: header is required")
        return None

    def fault(self, headers: Mapping[str, str], body: JsonObject) -> HttpError | None:
        return self.credentials_fault(headers) or self._body_fault(body) or self.limits.refusal()

    def count_fault(self, headers: Mapping[str, str], body: JsonObject) -> HttpError | None:
        """What is wrong with a request that asks for a count."""
        return self.credentials_fault(headers) or self._body_fault(body, counted=True)

    def _body_fault(self, body: JsonObject, counted: bool = False) -> HttpError | None:
        told = self._misfit({**body, "max_tokens": 1} if counted and "max_tokens" not in body else body)
        try:
            if told is None:
                (rules.check_count if counted else rules.check)(body, self._memory)
        except rules.Invalid as invalid:
            told = str(invalid)
        if told is not None:
            return HttpError(400, "invalid_request_error", told)
        if body["model"] not in self._models:
            return HttpError(404, "not_found_error", f"model: {body['model']}")
        return None

    def _misfit(self, body: JsonObject) -> str | None:
        return self._check(body) if self._check is not None else None

    def at_once(self, body: JsonObject) -> Reply | None:
        """A request for no tokens only fills the cache."""
        return Reply(stop_reason="max_tokens") if body["max_tokens"] == 0 else None

    def message(self, body: JsonObject, reply: Reply) -> JsonObject:
        content = [block(_shown(each, body), self._ids) for each in reply.blocks]
        self._memory.keep(body, content, str(reply.stop_reason))
        usage = self._cache.usage(body, content)
        self.limits.spend(usage["input_tokens"] + usage["cache_creation_input_tokens"], usage["output_tokens"])
        return whole(body, reply, content, self._ids("msg_"), usage)

    def frames(self, body: JsonObject, message: JsonObject) -> Iterator[Frame]:
        return frames(message)

    def error(self, fault: HttpError) -> Answer:
        headers = self.headers()
        if fault.error_type is None:
            return plain(fault, headers)
        return Answer(fault.status, error_text(fault, headers["request-id"]), {**headers, **fault.headers})

    def error_frame(self, error_type: str) -> bytes:
        fault = {"type": "error", "error": {"type": error_type, "message": "scripted"}}
        return stream.encoded("error", fault)

    def stray_frame(self) -> bytes:
        delta = {"type": "content_block_delta", "index": 7, "delta": {"type": "text_delta", "text": "?"}}
        return stream.encoded("content_block_delta", delta)

    def headers(self) -> dict[str, str]:
        return {"request-id": self._ids("req_"), **self.limits.headers()}
