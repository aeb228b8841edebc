"""What the API remembers of its replies: what their thinking is bound to, and which of them were only paused."""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.demo.messages_emulator.models import abilities
from bot.demo.messages_emulator.talk import bare, content, digest, flattened

JsonObject = dict[str, Any]

_THOUGHTS = ("thinking", "redacted_thinking")


def signed_as(block: JsonObject) -> str:
    """What names a thinking block, whatever was done to it."""
    return str(block.get("signature") or block.get("data") or "")


def _signatures(blocks: Sequence[JsonObject]) -> list[str]:
    return [signed_as(each) for each in blocks if each["type"] in _THOUGHTS]


class Memory:
    """Keeps what was answered, so that what comes back can be compared."""

    def __init__(self) -> None:
        self._bound: dict[str, str] = {}
        self._settings: dict[str, tuple[str, Any]] = {}
        self._paused: set[str] = set()
        self._beside: dict[str, list[str]] = {}

    def keep(self, body: JsonObject, answered: list[JsonObject], stop_reason: str) -> None:
        """Remember one reply."""
        for position, block in enumerate(answered):
            if block["type"] in _THOUGHTS:
                talk = [*body["messages"], {"role": "assistant", "content": answered[:position]}]
                self._bound[signed_as(block)] = _binding(body["model"], flattened(talk), block)
                self._settings[signed_as(block)] = _setting(body)
            if block["type"] == "tool_use":
                self._beside[block["id"]] = _signatures(answered)
        if stop_reason == "pause_turn":
            talk = [*body["messages"], {"role": "assistant", "content": answered}]
            self._paused.add(digest(flattened(talk)))

    def complaint(self, body: JsonObject) -> str | None:
        """What does not fit what was answered before, if anything."""
        return next(self._complaints(body), None)

    def _complaints(self, body: JsonObject) -> Iterator[str]:
        yield from self._about_blocks(body)
        yield from self._about_the_open_turn(body["messages"])
        yield from self._about_the_end(body)

    def _about_blocks(self, body: JsonObject) -> Iterator[str]:
        before: list[Any] = []
        for number, message in enumerate(body["messages"]):
            for position, block in enumerate(content(message)):
                if block["type"] in _THOUGHTS:
                    yield from self._about_block(f"messages.{number}.content.{position}", body, before, block)
                before.append((message["role"], bare(block)))

    def _about_block(self, place: str, body: JsonObject, before: list[Any], block: JsonObject) -> Iterator[str]:
        was = self._bound.get(signed_as(block))
        if was is None:
            yield f"{place}: Invalid `signature` in `{block['type']}` block"
        elif was != _binding(body["model"], before, block):
            yield f"{place}: `{block['type']}` blocks or what stands before them cannot be modified"
        else:
            kind, effort = self._settings[signed_as(block)]
            now, wanted = _setting(body)
            if kind == now == "between_tools" and effort != wanted:
                yield "output_config.effort: cannot change within a conversation with thinking.type between_tools"

    def _about_the_open_turn(self, messages: Sequence[JsonObject]) -> Iterator[str]:
        """Calls just answered must stand beside the thinking that made them."""
        answered = [each["tool_use_id"] for each in content(messages[-1]) if each["type"] == "tool_result"]
        if not answered:
            return
        returned = _signatures(content(messages[-2]))
        missing = [each for call in answered for each in self._beside.get(call, ()) if each not in returned]
        if missing:
            yield f"messages.{len(messages) - 2}: the `thinking` blocks of a turn with tool_use must be returned"

    def _about_the_end(self, body: JsonObject) -> Iterator[str]:
        ends = body["messages"][-1]["role"] == "assistant"
        if not ends or abilities(body["model"]).prefill:
            return
        if digest(flattened(body["messages"])) not in self._paused:
            yield "messages: this model does not support a begun answer: the conversation must end with a user message"


def _setting(body: JsonObject) -> tuple[str, Any]:
    return (body.get("thinking") or {}).get("type", ""), (body.get("output_config") or {}).get("effort")


def _binding(model: str, before: Sequence[Any], block: JsonObject) -> str:
    return digest([model, before, bare(block)])
