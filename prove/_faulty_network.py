"""A network between a client and an API server that does what networks do: it resets, stalls, lies and cuts short."""

import asyncio
import random
from collections import Counter
from enum import StrEnum

import aiohttp
from aiohttp import web


class Fault(StrEnum):
    """What may become of one call. Those of the second half happen after the server has done what it was asked."""

    RESET_BEFORE = "reset before it was sent on"
    THROTTLED = "429"
    CONFLICT = "409"
    BROKEN = "500"
    STALLED = "no answer, and not sent on"
    RESET_AFTER = "done, and the answer was lost"
    BROKEN_AFTER = "done, and 500 was answered"
    GATEWAY_AFTER = "done, and 504 was answered"
    CUT = "done, and the answer was cut short"


_STATUS = {Fault.THROTTLED: 429, Fault.CONFLICT: 409, Fault.BROKEN: 500}
_STATUS_AFTER = {Fault.BROKEN_AFTER: 500, Fault.GATEWAY_AFTER: 504}
_HOP = frozenset({"connection", "transfer-encoding", "content-length", "content-encoding", "keep-alive", "host"})


class FaultyNetwork:
    """A proxy on 127.0.0.1. Of the reads and of the other calls so many meet a fault, drawn from ``rng``.

    ``shares`` are those two, each between 0 and 1; ``stall`` is in seconds.
    """

    def __init__(self, server: str, rng: random.Random, shares: tuple[float, float], stall: float = 0.3) -> None:
        self._server, self._rng, self._shares, self._stall = server, rng, shares, stall
        self.calls = 0
        self.faults: Counter[Fault] = Counter()
        self.url = ""

    async def __aenter__(self) -> "FaultyNetwork":
        self._session = aiohttp.ClientSession(auto_decompress=False)
        app = web.Application(client_max_size=1 << 24)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = str(site.name)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        share = self._shares[0 if request.method == "GET" else 1]
        fault = self._rng.choice(list(Fault)) if self._rng.random() < share else None
        if fault is not None:
            self.faults[fault] += 1
        body = await request.read()
        if fault is Fault.RESET_BEFORE:
            return _reset(request)
        if fault is Fault.STALLED:
            await asyncio.sleep(self._stall)
            return _reset(request)
        if fault in _STATUS:
            return _status(_STATUS[fault])
        status, headers, data = await self._forward(request, body)
        if fault is Fault.RESET_AFTER:
            return _reset(request)
        if fault in _STATUS_AFTER:
            return _status(_STATUS_AFTER[fault])
        if fault is Fault.CUT and len(data) > 1:
            return await _cut(request, status, headers, data)
        return web.Response(status=status, headers=headers, body=data)

    async def _forward(self, request: web.Request, body: bytes) -> tuple[int, dict[str, str], bytes]:
        kept = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        url = self._server + request.raw_path
        async with self._session.request(request.method, url, headers=kept, data=body or None) as answer:
            data = await answer.read()
            headers = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            if "Content-Encoding" in answer.headers:
                headers["Content-Encoding"] = answer.headers["Content-Encoding"]
            return answer.status, headers, data


def _status(code: int) -> web.Response:
    told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": "the network says no"}
    headers = {"Retry-After": "1"} if code == 429 else {}
    return web.json_response(told, status=code, headers=headers)


def _reset(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)


async def _cut(request: web.Request, status: int, headers: dict[str, str], data: bytes) -> web.StreamResponse:
    answer = web.StreamResponse(status=status, headers=headers)
    answer.content_length = len(data)
    await answer.prepare(request)
    await answer.write(data[: len(data) // 2])
    _reset(request)
    return answer
