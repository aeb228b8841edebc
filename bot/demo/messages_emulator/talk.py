"""How a talk is read: its blocks in order, without what may differ between two sendings of the same thing."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

JsonObject = dict[str, Any]


def content(message: JsonObject) -> list[JsonObject]:
    """A message's blocks; a plain string is one text block."""
    found = message["content"]
    return [{"type": "text", "text": found}] if isinstance(found, str) else found


def blocks(messages: Sequence[JsonObject]) -> Iterator[tuple[str, JsonObject]]:
    """Every content block with its place, for messages."""
    for number, message in enumerate(messages):
        for position, block in enumerate(content(message)):
            yield f"{number}.content.{position}", block


def flattened(messages: Sequence[JsonObject]) -> list[Any]:
    """The talk as (role, block) pairs: how blocks are spread over messages of one role does not matter."""
    return [(message["role"], bare(block)) for message in messages for block in content(message)]


def bare(value: Any) -> Any:
    """A block without cache marks and without keys that say nothing."""
    if isinstance(value, list):
        return [bare(each) for each in value]
    if isinstance(value, dict):
        return {key: bare(each) for key, each in value.items() if key != "cache_control" and each is not None}
    return value


def digest(value: Any) -> str:
    """A fingerprint of anything JSON can say."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def system_blocks(body: JsonObject) -> list[JsonObject]:
    """The instructions as blocks."""
    return content({"content": body.get("system") or []})
