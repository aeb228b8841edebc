"""The emulator itself: an HTTP server that answers from a script and keeps a record of what it was sent."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Any

from aiohttp import web

from bot.demo.messages_emulator.cache import Clock, prompt_tokens
from bot.demo.messages_emulator.claude_door import ClaudeDoor
from bot.demo.messages_emulator.doors import Answer, Check, Door, Ids, encoded
from bot.demo.messages_emulator.limits import RateLimits
from bot.demo.messages_emulator.models import MODELS
from bot.demo.messages_emulator.ollama_door import OllamaDoor
from bot.demo.messages_emulator.openai_door import OPENAI_MODELS, OpenAiDoor
from bot.demo.messages_emulator.turns import Broken, Damage, HttpError, NoAnswer, Reply, Turn, error
from bot.demo.messages_emulator.wire import Wire

JsonObject = dict[str, Any]
Decide = Callable[[JsonObject], Turn]

_BIGGEST = 32 * 1024 * 1024


class MessagesEmulator:
    """Answers from a script, one turn per request; ``decide`` takes over when the script is over.

    ``check`` says what in a request does not fit the API's schema. With ``ollama``, a mapping from models to what they
    can, /v1/messages behaves as Ollama's. /v1/chat/completions is always there.
    """

    def __init__(
        self,
        *turns: Turn,
        key: str = "emulator-key",
        decide: Decide | None = None,
        models: Collection[str] = MODELS,
        check: Check | None = None,
        clock: Clock = time.time,
        ollama: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._script = deque(turns)
        self._decide = decide
        self._models = models
        self._clock = clock
        self._runner: web.AppRunner | None = None
        self._released = asyncio.Event()
        ids = Ids()
        self._claude = ClaudeDoor(key, models, check, clock, ids)
        self._door: Door = self._claude if ollama is None else OllamaDoor(ollama, ids)
        self._openai = OpenAiDoor(key, (*OPENAI_MODELS, *(ollama or ())), clock, ids)
        self.url = ""
        self.requests: list[JsonObject] = []
        self.faults: list[str] = []

    def then(self, *turns: Turn) -> None:
        """Add to the script."""
        self._script.extend(turns)

    def limit(self, **most: int) -> None:
        """Allow only so much in a minute: ``requests``, ``input_tokens``, ``output_tokens``."""
        self._claude.limits = RateLimits(self._clock, **most)

    @property
    def turns_left(self) -> int:
        return len(self._script)

    async def start(self, port: int = 0) -> str:
        """Listen on this machine; answers the address."""
        app = web.Application(client_max_size=_BIGGEST)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/v1/chat/completions", self._chat)
        if self._door is self._claude:
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
        return await self._answer(request, self._door)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, self._openai)

    async def _answer(self, request: web.Request, door: Door) -> web.StreamResponse:
        wire = Wire(request, door, self._released)
        body = await _body(request)
        if isinstance(body, HttpError):
            return wire.whole(door.error(self._noted(body)))
        self.requests.append(body)
        fault = door.fault(request.headers, body)
        if fault is not None:
            return wire.whole(door.error(self._noted(fault)))
        return await self._turn(wire, door, body, door.at_once(body) or self._next(body))

    async def _turn(self, wire: Wire, door: Door, body: JsonObject, turn: Turn) -> web.StreamResponse:
        match turn:
            case HttpError():
                return wire.whole(door.error(turn))
            case NoAnswer():
                return wire.closed()
            case Broken():
                return await self._broken(wire, door, body, turn)
            case Reply():
                message = door.message(body, turn)
                if body.get("stream"):
                    return await wire.stream(door.frames(body, message))
                return wire.whole(Answer(200, encoded(message), door.headers()))

    async def _broken(self, wire: Wire, door: Door, body: JsonObject, turn: Broken) -> web.StreamResponse:
        message = door.message(body, turn.reply)
        if body.get("stream"):
            return await wire.damaged_stream(door.frames(body, message), turn.damage, turn.after, turn.error_type)
        if turn.damage is Damage.ERROR_EVENT:
            return wire.whole(door.error(error(529, "Overloaded")))
        return await wire.damaged_body(encoded(message), turn.damage)

    async def _count(self, request: web.Request) -> web.StreamResponse:
        wire = Wire(request, self._claude, self._released)
        body = await _body(request)
        fault = body if isinstance(body, HttpError) else self._claude.count_fault(request.headers, body)
        if isinstance(body, HttpError) or fault is not None:
            return wire.whole(self._claude.error(self._noted(fault or error(400))))
        return wire.whole(Answer(200, encoded({"input_tokens": prompt_tokens(body)}), self._claude.headers()))

    async def _model(self, request: web.Request) -> web.StreamResponse:
        wire, name = Wire(request, self._claude, self._released), request.match_info["id"]
        fault = self._claude.credentials_fault(request.headers)
        if fault is None and name not in self._models:
            fault = HttpError(404, "not_found_error", f"model: {name}")
        if fault is not None:
            return wire.whole(self._claude.error(fault))
        told = {"id": name, "type": "model", "display_name": name, "created_at": "2026-10-01T00:00:00Z"}
        return wire.whole(Answer(200, encoded({**told, "lifecycle": "active"}), self._claude.headers()))

    # ---- what is answered -----------------------------------------------------------------------------------------

    def _noted(self, fault: HttpError) -> HttpError:
        self.faults.append(fault.message)
        return fault

    def _next(self, body: JsonObject) -> Turn:
        if self._script:
            return self._script.popleft()
        if self._decide is not None:
            return self._decide(body)
        return HttpError(400, "invalid_request_error", "the emulator's script is over")


async def _body(request: web.Request) -> JsonObject | HttpError:
    """What was sent, or what is wrong with it."""
    try:
        found = json.loads(await request.read())
    except web.HTTPRequestEntityTooLarge:
        return error(413, "Request exceeds the maximum size")
    except ValueError as fault:
        return error(400, f"The request body is not valid JSON: {fault}")
    return found if isinstance(found, dict) else error(400, "The request body must be a JSON object")
