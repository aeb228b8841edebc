"""The same address as Ollama answers it: no key, no rules about the talk, and much that is ignored."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from bot.demo.messages_emulator import claude_door
from bot.demo.messages_emulator.cache import prompt_tokens, tokens
from bot.demo.messages_emulator.doors import Answer, Frame, Ids, plain
from bot.demo.messages_emulator.turns import HttpError, Reply

JsonObject = dict[str, Any]

# What each model's template can: without "tools" a request that offers some is refused.
OLLAMA_MODELS: Mapping[str, Collection[str]] = {
    "llama3:70b": (),
    "llama3.3:70b": ("tools",),
    "qwen3:32b": ("tools", "thinking"),
}


class OllamaDoor:
    """Refuses only what Ollama cannot do at all."""

    def __init__(self, models: Mapping[str, Collection[str]], ids: Ids) -> None:
        self._models = models
        self._ids = ids

    def fault(self, headers: Mapping[str, str], body: JsonObject) -> HttpError | None:
        name = body.get("model")
        if not name:
            return HttpError(400, "invalid_request_error", "model is required")
        if not body.get("max_tokens"):
            return HttpError(400, "invalid_request_error", "max_tokens is required and must be positive")
        if not body.get("messages"):
            return HttpError(400, "invalid_request_error", "messages is required")
        if name not in self._models:
            return HttpError(404, "not_found_error", f"model '{name}' not found")
        return self._inability(name, body)

    def _inability(self, name: str, body: JsonObject) -> HttpError | None:
        can = self._models[name]
        if body.get("tools") and "tools" not in can:
            told = f"registry.ollama.ai/library/{name} does not support tools"
            return HttpError(400, "invalid_request_error", told)
        effort = (body.get("output_config") or {}).get("effort")
        enabled = (body.get("thinking") or {}).get("type") == "enabled"
        if (effort or enabled) and "thinking" not in can:
            return HttpError(400, "invalid_request_error", f'"{name}" does not support thinking')
        return None

    def at_once(self, body: JsonObject) -> Reply | None:
        return None

    def message(self, body: JsonObject, reply: Reply) -> JsonObject:
        content = [claude_door.block(each, self._ids, sign=False) for each in reply.blocks]
        used = {"input_tokens": prompt_tokens(body), "output_tokens": sum(tokens(each) for each in content)}
        made = claude_door.whole(body, reply, content, self._ids("msg_"), used)
        del made["stop_details"]
        return made

    def frames(self, body: JsonObject, message: JsonObject) -> Iterator[Frame]:
        return claude_door.frames(message)

    def error(self, fault: HttpError) -> Answer:
        if fault.error_type is None:
            return plain(fault, {})
        return Answer(fault.status, claude_door.error_text(fault, None), fault.headers)

    def error_frame(self, error_type: str) -> bytes:
        """Ollama's stream just ends."""
        return b""

    def stray_frame(self) -> bytes:
        return b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 7}\n\n'

    def headers(self) -> dict[str, str]:
        return {}
