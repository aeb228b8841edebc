"""How answers go over the wire: streams in chunks that respect neither events nor characters, and broken ones."""

import asyncio
from collections.abc import Iterator

from aiohttp import web

from bot.demo.messages_emulator.doors import Answer, Door, Frame
from bot.demo.messages_emulator.turns import Damage

# Where each event is cut, so that a reader meets half events, half lines and half characters.
_CUTS = (1, 9, 40, 23, 71, 5)


class Wire:
    """The answer to one request."""

    def __init__(self, request: web.Request, door: Door, released: asyncio.Event) -> None:
        self._request = request
        self._door = door
        self._released = released

    def whole(self, answer: Answer) -> web.Response:
        """An answer in one piece."""
        kind = {"Content-Type": f"{answer.content_type}; charset=utf-8"}
        return web.Response(status=answer.status, body=answer.text.encode(), headers={**kind, **answer.headers})

    def closed(self) -> web.StreamResponse:
        """Nothing: the connection closes."""
        self._close()
        return web.Response()

    async def stream(self, frames: Iterator[Frame]) -> web.StreamResponse:
        """A whole stream."""
        response = await self._opened()
        for number, frame in enumerate(frames):
            await _write(response, frame.data, number)
        return response

    async def damaged_stream(
        self, frames: Iterator[Frame], damage: Damage, after: int, error: str
    ) -> web.StreamResponse:
        """A stream that goes wrong after some pieces of the reply."""
        response = await self._opened()
        if damage is Damage.SLOW_START:
            await self._released.wait()
        if damage in (Damage.SLOW_START, Damage.EMPTY):
            return response
        pieces = 0
        for number, frame in enumerate(frames):
            await _write(response, frame.data, number)
            pieces += frame.piece
            if pieces == after:
                break
        await self._damage(response, damage, error)
        return response

    async def damaged_body(self, text: str, damage: Damage) -> web.StreamResponse:
        """A body in one piece that goes wrong half way."""
        body = text.encode()
        promised = {"Content-Type": "application/json", "Content-Length": str(len(body)), **self._door.headers()}
        if damage in (Damage.DROPPED, Damage.STALLED, Damage.SLOW_START):
            response = web.StreamResponse(headers=promised)
            await response.prepare(self._request)
            await response.write(body[: len(body) // 2])
            if damage is not Damage.DROPPED:
                await self._released.wait()
            self._close()
            return response
        kept = 0 if damage is Damage.EMPTY else len(body) // 2
        return web.Response(body=body[:kept], headers={**promised, "Content-Length": str(kept)})

    async def _damage(self, response: web.StreamResponse, damage: Damage, error: str) -> None:
        match damage:
            case Damage.DROPPED:
                await response.write(b'event: content_block_delta\ndata: {"type": "con')
                self._close()
            case Damage.CORRUPT:
                await response.write(b'event: content_block_delta\ndata: {"type": \n\n')
            case Damage.ERROR_EVENT:
                await _write(response, self._door.error_frame(error), 0)
            case Damage.STALLED:
                await self._released.wait()
            case Damage.OUT_OF_ORDER:
                await _write(response, self._door.stray_frame(), 0)
            case _:
                pass  # TRUNCATED: the stream just ends here

    async def _opened(self) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        response = web.StreamResponse(headers={**headers, **self._door.headers()})
        response.enable_chunked_encoding()
        await response.prepare(self._request)
        return response

    def _close(self) -> None:
        if self._request.transport is not None:
            self._request.transport.close()


async def _write(response: web.StreamResponse, data: bytes, number: int) -> None:
    cut = len(data) - _CUTS[number % len(_CUTS)]
    for part in (data[:cut], data[cut:]) if cut > 0 else (data,):
        if part:
            await response.write(part)
