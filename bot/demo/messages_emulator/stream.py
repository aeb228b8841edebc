"""A reply as the API puts it on the wire: one JSON message, or server-sent events in small pieces."""

import json
from collections.abc import Iterator
from typing import Any

JsonObject = dict[str, Any]

_PIECE = 12
# How each kind of block begins, before its deltas fill it.
_EMPTY: dict[str, JsonObject] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "redacted_thinking": {},
    "tool_use": {"input": {}},
}
_TOLD_AT_THE_END = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "output_tokens_details",
)


def events(message: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """The events of one whole message, in order."""
    usage = message["usage"]
    nothing: JsonObject = {
        "content": [],
        "stop_reason": None,
        "usage": {**usage, "output_tokens": min(1, usage["output_tokens"])},
    }
    if "stop_details" in message:
        nothing["stop_details"] = None
    start = {**message, **nothing}
    yield "message_start", {"type": "message_start", "message": start}
    yield "ping", {"type": "ping"}
    for index, block in enumerate(message["content"]):
        yield from _block_events(index, block)
    names = ("stop_reason", "stop_sequence", "stop_details")
    delta = {name: message[name] for name in names if name in message}
    told = {name: usage[name] for name in _TOLD_AT_THE_END if name in usage}
    yield "message_delta", {"type": "message_delta", "delta": delta, "usage": told}
    yield "message_stop", {"type": "message_stop"}


def _block_events(index: int, block: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    empty = _EMPTY[block["type"]]
    yield "content_block_start", {"type": "content_block_start", "index": index, "content_block": {**block, **empty}}
    for delta in _deltas(block):
        yield "content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta}
    yield "content_block_stop", {"type": "content_block_stop", "index": index}


def _deltas(block: JsonObject) -> Iterator[JsonObject]:
    match block["type"]:
        case "text":
            for piece in pieces(block["text"]):
                yield {"type": "text_delta", "text": piece}
        case "thinking":
            for piece in pieces(block["thinking"]):
                yield {"type": "thinking_delta", "thinking": piece}
            if block["signature"]:
                yield {"type": "signature_delta", "signature": block["signature"]}
        case "tool_use":
            for piece in pieces(json.dumps(block["input"], ensure_ascii=False)):
                yield {"type": "input_json_delta", "partial_json": piece}


def pieces(text: str) -> Iterator[str]:
    """A text as it comes, a few characters at a time."""
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]


def encoded(name: str, data: JsonObject) -> bytes:
    """One server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
