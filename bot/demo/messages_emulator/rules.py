"""The API's rules about a request that its schema cannot say; a broken one is a 400 ``invalid_request_error``."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot.demo.messages_emulator import models
from bot.demo.messages_emulator.cache import prompt_tokens
from bot.demo.messages_emulator.memory import Memory
from bot.demo.messages_emulator.talk import blocks, content, system_blocks

JsonObject = dict[str, Any]

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_CALL_ID = re.compile(r"[a-zA-Z0-9_-]+")
_GONE = ("temperature", "top_p", "top_k")
_MOST_BREAKPOINTS = 4
_REQUIRED = ("model", "max_tokens", "messages")
# What makes no sense when tokens are only counted.
_NOT_COUNTED = ("max_tokens", "metadata", "service_tier", "stop_sequences", "stream")


class Invalid(Exception):
    """The request breaks a rule; the message is what the API would say."""


def check(body: JsonObject, memory: Memory) -> None:
    """Check a whole request."""
    for name in _REQUIRED:
        if name not in body:
            raise Invalid(f"{name}: Field required")
    if type(body["max_tokens"]) is not int or body["max_tokens"] < 0:
        raise Invalid("max_tokens: must be a whole number, 0 or more")
    for name in _GONE:
        if name in body:
            raise Invalid(f"{name}: Extra inputs are not permitted")
    _check_turns(body["messages"])
    _check_tools(body)
    _check_blocks(body)
    _check_breakpoints(body)
    _check_calls(body["messages"])
    for told in (models.complaint(body), memory.complaint(body), _too_long(body)):
        if told is not None:
            raise Invalid(told)


def check_count(body: JsonObject, memory: Memory) -> None:
    """Check a request that only asks how long it is."""
    for name in _NOT_COUNTED:
        if name in body:
            raise Invalid(f"{name}: Extra inputs are not permitted")
    check({**body, "max_tokens": 1}, memory)


def _too_long(body: JsonObject) -> str | None:
    size, most = prompt_tokens(body), models.abilities(body["model"]).context
    return f"prompt is too long: {size} tokens > {most} maximum" if size > most else None


def _check_tools(body: JsonObject) -> None:
    names = [each.get("name", "") for each in body.get("tools") or ()]
    for number, name in enumerate(names):
        if not _TOOL_NAME.fullmatch(name):
            raise Invalid(f"tools.{number}.name: {name!r} is not a tool name")
    if len(set(names)) != len(names):
        raise Invalid("tools: Tool names must be unique.")
    if not names and any(each["type"] in ("tool_use", "tool_result") for _, each in blocks(body["messages"])):
        raise Invalid("tools: required when messages hold tool_use or tool_result blocks")
    choice = body.get("tool_choice")
    if choice and not names:
        raise Invalid("tool_choice: may only be specified while providing tools")
    if choice and choice.get("type") == "tool" and choice.get("name") not in names:
        raise Invalid(f"tool_choice: tool {choice.get('name')!r} not found in provided tools")


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


def _texts(body: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    for position, block in enumerate(system_blocks(body)):
        yield f"system.{position}", block
    for place, block in blocks(body["messages"]):
        yield f"messages.{place}", block
        for position, inner in enumerate(_inner(block)):
            yield f"messages.{place}.content.{position}", inner


def _inner(block: JsonObject) -> list[JsonObject]:
    """The blocks inside a tool's result."""
    inside = block.get("content") if block.get("type") == "tool_result" else None
    return inside if isinstance(inside, list) else []


def _check_blocks(body: JsonObject) -> None:
    for place, block in _texts(body):
        if block.get("type") == "text" and not block.get("text", "").strip():
            raise Invalid(f"{place}: text content blocks must be non-empty")


def _check_breakpoints(body: JsonObject) -> None:
    marked = [*(body.get("tools") or ()), *(block for _, block in _texts(body)), body]
    marks = [each["cache_control"] for each in marked if each.get("cache_control")]
    if len(marks) > _MOST_BREAKPOINTS:
        raise Invalid(f"cache_control: at most {_MOST_BREAKPOINTS} blocks may be marked, found {len(marks)}")
    short = False
    for each in marks:
        if short and each.get("ttl") == "1h":
            raise Invalid("cache_control.ttl: a block with ttl 1h must not come after one with ttl 5m")
        short = short or each.get("ttl", "5m") == "5m"


def _check_calls(messages: Sequence[JsonObject]) -> None:
    """Every call is answered in the next message, results first; every result answers a call just made."""
    asked: list[str] = []
    ever: set[str] = set()
    for number, message in enumerate(messages):
        _check_answers(number, content(message), asked)
        asked = [each["id"] for each in content(message) if each["type"] == "tool_use"]
        if message["role"] == "user" and asked:
            raise Invalid(f"messages.{number}: tool_use blocks belong to the assistant")
        if len({*ever, *asked}) != len(ever) + len(asked):
            raise Invalid(f"messages.{number}: `tool_use` ids must be unique")
        if wrong := [each for each in asked if not _CALL_ID.fullmatch(each)]:
            raise Invalid(f"messages.{number}: {wrong[0]!r} is not an id of a tool_use")
        ever.update(asked)
    if asked:
        raise Invalid(f"messages: tool_use ids without tool_result blocks right after: {asked}")


def _check_answers(number: int, found: Sequence[JsonObject], asked: Sequence[str]) -> None:
    results = [each["tool_use_id"] for each in found if each["type"] == "tool_result"]
    if missing := [each for each in asked if each not in results]:
        raise Invalid(f"messages.{number}: tool_use ids without tool_result blocks right after: {missing}")
    if unknown := [each for each in results if each not in asked]:
        raise Invalid(f"messages.{number}: unexpected tool_use_id in tool_result blocks: {unknown}")
    if len(set(results)) != len(results):
        raise Invalid(f"messages.{number}: each tool_use must have a single result")
    kinds = [each["type"] == "tool_result" for each in found]
    if kinds != sorted(kinds, reverse=True):
        raise Invalid(f"messages.{number}: tool_result blocks must come first")
