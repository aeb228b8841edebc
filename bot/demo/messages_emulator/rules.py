"""The API's rules about a request that its schema cannot say; a broken one is a 400 ``invalid_request_error``."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

JsonObject = dict[str, Any]

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_GONE = ("temperature", "top_p", "top_k")
_MOST_BREAKPOINTS = 4
_REQUIRED = ("model", "max_tokens", "messages")


class Invalid(Exception):
    """The request breaks a rule; the message is what the API would say."""


def check(body: JsonObject, bound: Mapping[str, str]) -> None:
    """Check a whole request. ``bound`` maps the signature of each thinking block ever sent to what it is bound to."""
    for name in _REQUIRED:
        if name not in body:
            raise Invalid(f"{name}: Field required")
    if not isinstance(body["max_tokens"], int) or body["max_tokens"] < 1:
        raise Invalid("max_tokens: must be at least 1")
    _check_settings(body)
    _check_tools(body)
    messages = body["messages"]
    _check_turns(messages)
    _check_blocks(messages)
    _check_calls(messages)
    _check_thinking(body, bound)


def _check_settings(body: JsonObject) -> None:
    for name in _GONE:
        if name in body:
            raise Invalid(f"{name}: Extra inputs are not permitted")
    if body.get("tool_choice", {}).get("type") in ("any", "tool"):
        raise Invalid("tool_choice: forced tool use is not supported on this model")
    if body.get("thinking", {}).get("type") in ("disabled", "enabled"):
        raise Invalid(f"thinking.type: {body['thinking']['type']} is not supported on this model")
    marked = json.dumps([body.get("tools"), body.get("system"), body["messages"]]).count('"cache_control"')
    if marked + ("cache_control" in body) > _MOST_BREAKPOINTS:
        raise Invalid("cache_control: at most 4 blocks may be marked")


def _check_tools(body: JsonObject) -> None:
    names = [each.get("name", "") for each in body.get("tools", ())]
    for name in names:
        if not _TOOL_NAME.fullmatch(name):
            raise Invalid(f"tools: {name!r} is not a tool name")
    if len(set(names)) != len(names):
        raise Invalid("tools: Tool names must be unique.")
    if not names and any(each["type"] in ("tool_use", "tool_result") for _, each in blocks(body["messages"])):
        raise Invalid("tools: required when messages hold tool_use or tool_result blocks")


def _check_turns(messages: Sequence[JsonObject]) -> None:
    if not messages:
        raise Invalid("messages: at least one message is required")
    if messages[0].get("role") != "user":
        raise Invalid("messages: first message must use the user role")
    for number, each in enumerate(messages):
        if each.get("role") not in ("user", "assistant", "system"):
            raise Invalid(f"messages.{number}.role: unknown role")
        if not each.get("content"):
            raise Invalid(f"messages.{number}: all messages must have non-empty content")


def _check_blocks(messages: Sequence[JsonObject]) -> None:
    for place, block in blocks(messages):
        if block.get("type") == "text" and not block.get("text", "").strip():
            raise Invalid(f"messages.{place}: text content blocks must be non-empty")


def _check_calls(messages: Sequence[JsonObject]) -> None:
    """Every call is answered in the next message, results first; every result answers a call just made."""
    asked: list[str] = []
    for number, message in enumerate(messages):
        content = _content(message)
        results = [each["tool_use_id"] for each in content if each["type"] == "tool_result"]
        if missing := [each for each in asked if each not in results]:
            raise Invalid(f"messages.{number}: tool_use ids without tool_result blocks right after: {missing}")
        if unknown := [each for each in results if each not in asked]:
            raise Invalid(f"messages.{number}: unexpected tool_use_id in tool_result blocks: {unknown}")
        if len(set(results)) != len(results):
            raise Invalid(f"messages.{number}: each tool_use must have a single result")
        kinds = [each["type"] == "tool_result" for each in content]
        if kinds != sorted(kinds, reverse=True):
            raise Invalid(f"messages.{number}: tool_result blocks must come first")
        asked = [each["id"] for each in content if each["type"] == "tool_use"]
        if message["role"] == "user" and asked:
            raise Invalid(f"messages.{number}: tool_use blocks belong to the assistant")
    if asked:
        raise Invalid(f"messages: tool_use ids without tool_result blocks right after: {asked}")


def _check_thinking(body: JsonObject, bound: Mapping[str, str]) -> None:
    before: list[Any] = []
    for message in body["messages"]:
        for block in _content(message):
            if block["type"] == "thinking":
                was = bound.get(block.get("signature", ""))
                if was is None:
                    raise Invalid("messages: Invalid `signature` in `thinking` block")
                if was != binding(body["model"], before, block.get("thinking", "")):
                    raise Invalid("messages: `thinking` blocks or what stands before them cannot be modified")
            before.append((message["role"], _bare(block)))


def binding(model: str, before: Sequence[Any], thinking: str) -> str:
    """What a thinking block is bound to: the model, everything before it, and its own text."""
    text = json.dumps([model, before, thinking], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def flattened(messages: Sequence[JsonObject]) -> list[Any]:
    """The talk as (role, block) pairs: how blocks are spread over messages of one role does not matter."""
    return [(message["role"], _bare(block)) for message in messages for block in _content(message)]


def blocks(messages: Sequence[JsonObject]) -> Iterator[tuple[str, JsonObject]]:
    """Every content block with its place, for messages."""
    for number, message in enumerate(messages):
        for position, block in enumerate(_content(message)):
            yield f"{number}.content.{position}", block


def _content(message: JsonObject) -> list[JsonObject]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _bare(block: JsonObject) -> JsonObject:
    """A block without what may differ between two sendings of the same thing."""
    return {key: value for key, value in block.items() if key != "cache_control" and value is not None}
