"""Believable token counts: a prompt cache keyed by what stands before each block, as the API's is."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from bot.demo.messages_emulator.rules import flattened

JsonObject = dict[str, Any]

_CHARS_PER_TOKEN = 2.2
_SMALLEST_PREFIX = 512


def tokens(value: Any) -> int:
    """A rough count for JSON and log text."""
    return max(1, round(len(json.dumps(value, ensure_ascii=False)) / _CHARS_PER_TOKEN))


class PrefixCache:
    """Remembers the prefixes of requests that asked for caching."""

    def __init__(self) -> None:
        self._held: set[str] = set()

    def usage(self, body: JsonObject, output: Any) -> JsonObject:
        """What the API would say this request used; the prefix is remembered for the next."""
        prefixes = list(_prefixes(body))
        total = prefixes[-1][1]
        read = max((size for mark, size in prefixes if mark in self._held), default=0)
        written = 0
        if "cache_control" in body and total >= _SMALLEST_PREFIX:
            written = total - read
            self._held.update(mark for mark, _ in prefixes)
        return {
            "input_tokens": total - read - written,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "output_tokens": tokens(output),
            "service_tier": "standard",
        }


def _prefixes(body: JsonObject) -> Iterator[tuple[str, int]]:
    """Each prefix of tools, instructions and blocks, as a mark and the tokens it holds."""
    mark, size = hashlib.sha256(body["model"].encode()), 0
    for part in (body.get("tools"), body.get("system"), *flattened(body["messages"])):
        if part:
            mark.update(json.dumps(part, sort_keys=True).encode())
            size += tokens(part)
            yield mark.hexdigest(), size
