"""Believable token counts: a prompt cache keyed by what stands before each block, as the API's is."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.demo.messages_emulator.talk import bare, content, system_blocks

JsonObject = dict[str, Any]
Clock = Callable[[], float]

_CHARS_PER_TOKEN = 2.2
_SMALLEST_PREFIX = 512
_LOOK_BACK = 20
_SECONDS = {"5m": 300.0, "1h": 3600.0}


def tokens(value: Any) -> int:
    """A rough count for JSON and log text."""
    return max(1, round(len(json.dumps(value, ensure_ascii=False)) / _CHARS_PER_TOKEN))


def prompt_tokens(body: JsonObject) -> int:
    """How long the prompt of a request is, cached or not."""
    return sum(tokens(part) for part, _ in _parts(body))


@dataclass(slots=True)
class _Prefix:
    """A prompt up to and with one block: its mark, its tokens, and how long a breakpoint there lasts."""

    mark: str
    size: int
    ttl: str | None


class PrefixCache:
    """Remembers the prefixes that requests marked, as long as their mark says."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[str, tuple[float, str]] = {}

    def usage(self, body: JsonObject, output: Sequence[JsonObject]) -> JsonObject:
        """What the API would say this request used; what it marked is remembered for the next."""
        prefixes = _prefixes(body)
        total = prefixes[-1].size
        read = self._longest_read(prefixes)
        long, written = self._write(prefixes, read)
        thinking = sum(tokens(each) for each in output if each["type"].endswith("thinking"))
        return {
            "input_tokens": total - max(read, written),
            "cache_creation_input_tokens": max(0, written - read),
            "cache_read_input_tokens": read,
            "cache_creation": {
                "ephemeral_1h_input_tokens": max(0, long - read),
                "ephemeral_5m_input_tokens": max(0, written - max(long, read)),
            },
            "output_tokens": sum(tokens(each) for each in output),
            "output_tokens_details": {"thinking_tokens": thinking},
            "service_tier": "standard",
        }

    def _longest_read(self, prefixes: Sequence[_Prefix]) -> int:
        """The tokens of the longest prefix at hand, looked for at each breakpoint and a little before it."""
        best = 0
        for position, each in enumerate(prefixes):
            if each.ttl is not None:
                near = prefixes[max(0, position + 1 - _LOOK_BACK) : position + 1]
                best = max([best, *(one.size for one in near if self._touch(one.mark))])
        return best

    def _touch(self, mark: str) -> bool:
        """Whether a prefix is still held; reading it makes it last anew."""
        until, ttl = self._held.get(mark, (0.0, "5m"))
        if until <= self._clock():
            return False
        self._held[mark] = (self._clock() + _SECONDS[ttl], ttl)
        return True

    def _write(self, prefixes: Sequence[_Prefix], read: int) -> tuple[int, int]:
        """Hold every marked prefix that is long enough; answers the longest for an hour, and the longest of all."""
        long = written = 0
        for each in prefixes:
            if each.ttl is not None and each.size >= _SMALLEST_PREFIX:
                if each.size > read:
                    self._held[each.mark] = (self._clock() + _SECONDS[each.ttl], each.ttl)
                written = max(written, each.size)
                long = max(long, each.size) if each.ttl == "1h" else long
        return long, written


def _prefixes(body: JsonObject) -> list[_Prefix]:
    mark, size = hashlib.sha256(body["model"].encode()), 0
    found = []
    settings = json.dumps([body.get("tool_choice"), body.get("thinking")], sort_keys=True).encode()
    for part, ttl in _parts(body):
        if settings and part[0] not in ("tool", "system"):
            mark.update(settings)  # another choice of tools or kind of thinking spoils what is held of the messages
            settings = b""
        mark.update(json.dumps(part, sort_keys=True).encode())
        size += tokens(part)
        found.append(_Prefix(mark.hexdigest(), size, ttl))
    if whole := body.get("cache_control"):
        found[-1].ttl = whole.get("ttl") or "5m"
    return found


def _parts(body: JsonObject) -> Iterator[tuple[Any, str | None]]:
    """The prompt piece by piece in the order the API reads it, with the lifetime of a mark that stands there."""
    for each in body.get("tools") or ():
        yield ["tool", bare(each)], _ttl(each)
    for each in system_blocks(body):
        yield ["system", bare(each)], _ttl(each)
    for message in body["messages"]:
        for block in content(message):
            yield [message["role"], bare(block)], _ttl(block)


def _ttl(part: JsonObject) -> str | None:
    inside = part.get("content")
    marked = [part, *(inside if isinstance(inside, list) else ())]
    found = [each["cache_control"] for each in marked if isinstance(each, dict) and each.get("cache_control")]
    return (found[-1].get("ttl") or "5m") if found else None
