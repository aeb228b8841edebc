"""The emulator itself: an HTTP server that speaks /v1/messages from a script and keeps a record of what it was sent."""

import asyncio
import itertools
import json
from collections import deque
from collections.abc import Callable, Collection
from typing import Any

from aiohttp import web

from bot.demo.messages_emulator import rules, stream
from bot.demo.messages_emulator.cache import PrefixCache, tokens
from bot.demo.messages_emulator.turns import Block, Broken, Damage, HttpError, Reply, Text, Thinking, ToolUse, Turn

JsonObject = dict[str, Any]
Decide = Callable[[JsonObject], Turn]

MODELS = ("claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5")


class MessagesEmulator:
    """Answers from a script, one turn per request; ``decide`` takes over when the script is over."""

    def __init__(
        self, *turns: Turn, key: str = "emulator-key", decide: Decide | None = None, models: Collection[str] = MODELS
    ) -> None:
        self._script = deque(turns)
        self._decide = decide
        self._key = key
        self._models = models
        self._runner: web.AppRunner | None = None
        self._released = asyncio.Event()
        self._ids = itertools.count(1)
        self._bound: dict[str, str] = {}
        self._cache = PrefixCache()
        self.url = ""
        self.requests: list[JsonObject] = []
        self.faults: list[str] = []

    def then(self, *turns: Turn) -> None:
        """Add to the script."""
        self._script.extend(turns)

    @property
    def turns_left(self) -> int:
        return len(self._script)

    async def start(self, port: int = 0) -> str:
        """Listen on this machine; answers the address."""
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/v1/messages/count_tokens", self._count)
        app.router.add_get("/v1/models/{id}", self._model)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        """Let go of streams that hang, and stop listening."""
        self._released.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> "MessagesEmulator":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # ---- the routes -----------------------------------------------------------------------------------------------

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        fault = self._credentials_fault(request) or self._body_fault(body)
        if fault is not None:
            self.faults.append(fault.message)
            return _error(fault)
        match self._next(body):
            case HttpError() as turn:
                return _error(turn)
            case Broken() as turn:
                return await self._broken(request, body, turn)
            case Reply() as turn:
                message = self._message(body, turn)
                return await self._streamed(request, message) if body.get("stream") else web.json_response(message)

    async def _count(self, request: web.Request) -> web.StreamResponse:
        fault = self._credentials_fault(request)
        return _error(fault) if fault else web.json_response({"input_tokens": tokens(await request.json())})

    async def _model(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["id"]
        fault = self._credentials_fault(request)
        if fault is None and name not in self._models:
            fault = HttpError(404, "not_found_error", f"model: {name}")
        if fault is not None:
            return _error(fault)
        return web.json_response(
            {
                "id": name,
                "type": "model",
                "display_name": name,
                "created_at": "2026-10-01T00:00:00Z",
                "lifecycle": "active",
            }
        )

    # ---- what is wrong with a request -----------------------------------------------------------------------------

    def _credentials_fault(self, request: web.Request) -> HttpError | None:
        if request.headers.get("Authorization") != f"Bearer {self._key}":
            return HttpError(401, "authentication_error", "invalid bearer token")
        if not request.headers.get("anthropic-version"):
            return HttpError(400, "invalid_request_error", "anthropic-version: header is required")
        return None

    def _body_fault(self, body: JsonObject) -> HttpError | None:
        try:
            rules.check(body, self._bound)
        except rules.Invalid as invalid:
            return HttpError(400, "invalid_request_error", str(invalid))
        if body["model"] not in self._models:
            return HttpError(404, "not_found_error", f"model: {body['model']}")
        return None

    # ---- what is answered -----------------------------------------------------------------------------------------

    def _next(self, body: JsonObject) -> Turn:
        if self._script:
            return self._script.popleft()
        if self._decide is not None:
            return self._decide(body)
        return HttpError(400, "invalid_request_error", "the emulator's script is over")

    def _message(self, body: JsonObject, reply: Reply) -> JsonObject:
        content: list[JsonObject] = []
        for block in reply.blocks:
            content.append(self._block(body, content, block))
        details = {"type": "refusal", "category": reply.category, "explanation": None}
        return {
            "id": f"msg_{next(self._ids):04}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": content,
            "stop_reason": reply.stop_reason,
            "stop_sequence": None,
            "stop_details": details if reply.stop_reason == "refusal" else None,
            "usage": self._cache.usage(body, content),
        }

    def _block(self, body: JsonObject, before: list[JsonObject], block: Block) -> JsonObject:
        match block:
            case Text():
                return {"type": "text", "text": block.text}
            case ToolUse():
                return {
                    "type": "tool_use",
                    "id": block.id or f"toolu_{next(self._ids):04}",
                    "name": block.name,
                    "input": dict(block.input),
                }
            case Thinking():
                signature = f"signature-{next(self._ids)}"
                talk = rules.flattened([*body["messages"], {"role": "assistant", "content": before}])
                self._bound[signature] = rules.binding(body["model"], talk, block.thinking)
                return {"type": "thinking", "thinking": block.thinking, "signature": signature}

    async def _streamed(self, request: web.Request, message: JsonObject) -> web.StreamResponse:
        response = await _opened(request)
        for name, data in stream.events(message):
            await response.write(stream.encoded(name, data))
        return response

    async def _broken(self, request: web.Request, body: JsonObject, turn: Broken) -> web.StreamResponse:
        response = await _opened(request)
        if turn.damage is Damage.SLOW_START:
            await self._released.wait()
        if turn.damage in (Damage.SLOW_START, Damage.EMPTY):
            return response
        await self._write_begin(response, body, turn)
        await self._damage(request, response, turn)
        return response

    async def _write_begin(self, response: web.StreamResponse, body: JsonObject, turn: Broken) -> None:
        pieces = 0
        for name, data in stream.events(self._message(body, turn.reply)):
            await response.write(stream.encoded(name, data))
            pieces += name == "content_block_delta"
            if pieces == turn.after:
                return

    async def _damage(self, request: web.Request, response: web.StreamResponse, turn: Broken) -> None:
        match turn.damage:
            case Damage.DROPPED:
                await response.write(b'event: content_block_delta\ndata: {"type": "con')
                if request.transport is not None:
                    request.transport.close()
            case Damage.CORRUPT:
                await response.write(b'event: content_block_delta\ndata: {"type": \n\n')
            case Damage.ERROR_EVENT:
                fault = {"type": "error", "error": {"type": turn.error_type, "message": "scripted"}}
                await response.write(stream.encoded("error", fault))
            case Damage.STALLED:
                await self._released.wait()
            case Damage.OUT_OF_ORDER:
                delta = {"type": "content_block_delta", "index": 7, "delta": {"type": "text_delta", "text": "?"}}
                await response.write(stream.encoded("content_block_delta", delta))
            case _:
                pass  # TRUNCATED: the stream just ends here


async def _opened(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "request-id": "req_emulated"})
    await response.prepare(request)
    return response


def _error(fault: HttpError) -> web.Response:
    if fault.error_type is None:
        return web.Response(status=fault.status, text=fault.message, headers=dict(fault.headers))
    error: JsonObject = {"type": fault.error_type, "message": fault.message}
    if fault.details is not None:
        error["details"] = dict(fault.details)
    text = json.dumps({"type": "error", "error": error, "request_id": "req_emulated"})
    headers = {"request-id": "req_emulated", **fault.headers}
    return web.Response(status=fault.status, text=text, content_type="application/json", headers=headers)
