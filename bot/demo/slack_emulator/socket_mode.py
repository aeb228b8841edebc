"""Socket Mode: hands out WebSocket addresses, sends envelopes round-robin, waits for acks, sends again.

Assumed about the real Slack: the spacing of redeliveries is that of its HTTP events (at once, one minute,
five minutes); an ack counts whichever socket it arrives on; what happens while no socket is open is sent
as a redelivery once one opens; a socket is closed ten seconds after its `warning`, and after two when a
refresh was requested; with Socket Mode switched off apps.connections.open says `forbidden_team`.
"""

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from bot.demo.slack_emulator.faults import Faults
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Change, Json
from bot.demo.slack_emulator.team import Team

MOST_SOCKETS = 10
REASONS = ("warning", "refresh_requested", "too_many_websockets", "link_disabled")


@dataclass(frozen=True, slots=True)
class SocketTiming:
    """Seconds: how long an ack may take, and the pauses before each of the three redeliveries."""

    ack_deadline: float = 3.0
    redelivery: tuple[float, ...] = (0.0, 60.0, 300.0)
    heartbeat: float = 30.0
    warning_grace: float = 10.0
    refresh_grace: float = 2.0

    def grace(self, reason: str) -> float:
        """How long a socket stays open after it was told to go."""
        return {"warning": self.warning_grace, "refresh_requested": self.refresh_grace}.get(reason, 0.0)


@dataclass(frozen=True, slots=True)
class Ack:
    """The answer to an envelope; the payload is empty unless the app answered through the ack."""

    payload: Json


@dataclass(frozen=True, slots=True)
class Delivery:
    """One envelope that was sent, for tests that look at redelivery."""

    kind: str
    envelope: Json
    is_acked: bool


class SocketMode:
    """All open sockets of the app, and what is on its way through them."""

    def __init__(self, team: Team, faults: Faults, timing: SocketTiming) -> None:
        self.timing = timing
        self.deliveries: list[Delivery] = []
        self.is_enabled = True
        self._team = team
        self._faults = faults
        self._tickets: set[str] = set()
        self._sockets: list[web.WebSocketResponse] = []
        self._opened = asyncio.Event()
        self._turn = 0
        self._waiting: dict[str, asyncio.Future[Ack]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # -- connections -------------------------------------------------------------------------------

    def issue_ticket(self) -> str:
        if not self.is_enabled:
            raise Refused("forbidden_team")
        ticket = self._team.new_id("ticket-")
        self._tickets.add(ticket)
        return ticket

    @property
    def connections(self) -> int:
        return sum(not socket.closed for socket in self._sockets)

    async def link(self, request: web.Request) -> web.StreamResponse:
        """One socket, from its hello to its end. A ticket opens one socket only."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="this ticket is unknown or was used")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=self.timing.heartbeat, timeout=1.0)
        await socket.prepare(request)
        if self.connections >= MOST_SOCKETS:
            await socket.send_json(self._goodbye("too_many_websockets"))
            await socket.close()
            return socket
        await socket.send_json(self._hello())
        self._sockets.append(socket)
        self._opened.set()
        self._team.announce(Change("connection"))
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._take_ack(frame.data)
        finally:
            self._forget(socket)
        return socket

    def _forget(self, socket: web.WebSocketResponse) -> None:
        self._sockets = [other for other in self._sockets if other is not socket]
        if not self._sockets:
            self._opened.clear()
        self._team.announce(Change("connection"))

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": self.connections + 1,
            "debug_info": {"host": "slack-emulator", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._team.app.id},
        }

    def _goodbye(self, reason: str) -> Json:
        return {
            "type": "disconnect",
            "reason": reason,
            "num_connections": self.connections,
            "debug_info": {"host": "slack-emulator"},
            "connection_info": {"app_id": self._team.app.id},
        }

    async def disconnect(self, reason: str = "refresh_requested", count: int | None = None) -> None:
        """Say goodbye to all sockets or to some, and close them when their grace has passed.

        `link_disabled` means that Socket Mode was switched off: all sockets go, and no new one opens.
        """
        if reason not in REASONS:
            raise ValueError(f"{reason!r} is not a reason of Slack's; there are {REASONS}")
        if reason == "link_disabled":
            self.is_enabled, count = False, None
            self._tickets.clear()
        leaving = list(self._sockets)[:count]
        grace = self.timing.grace(reason)
        for socket in leaving:
            await socket.send_json(self._goodbye(reason))
            if grace:
                self._start(self._close_later(socket, grace))
            else:
                await socket.close()

    @staticmethod
    async def _close_later(socket: web.WebSocketResponse, grace: float) -> None:
        await asyncio.sleep(grace)
        await socket.close()

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in list(self._sockets):
            await socket.close(code=1001)

    # -- sending -----------------------------------------------------------------------------------

    def send_event(self, payload: Json) -> None:
        """Deliver an event in the background, again and again until it is acknowledged."""
        delay = self._faults.next_event_delay()
        copies = 2 if self._faults.doubles_event() else 1

        def send() -> None:
            for _ in range(copies):
                self._start(self._deliver_after(delay, payload))

        if self._faults.holds_back_event(send):
            return
        send()
        # Tasks begin in the order they are made in: what was held back comes after this event.
        self._faults.let_held_events_go()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_after(self, delay: float, payload: Json) -> None:
        if delay:
            await asyncio.sleep(delay)
        await self._deliver(payload)

    async def _deliver(self, payload: Json) -> None:
        attempts = len(self.timing.redelivery)
        for attempt in range(attempts + 1):
            if attempt and self._sockets:
                await asyncio.sleep(self.timing.redelivery[attempt - 1])
            if attempt:
                await self._opened.wait()
            retry = {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
            if await self.ask("events_api", payload, retry) is not None:
                return

    async def ask(self, kind: str, payload: Json, retry: Json | None = None) -> Ack | None:
        """Send one envelope and wait for its ack; None when nobody is connected or nobody answers in time."""
        socket = self._next_socket()
        if socket is None:
            return None
        envelope_id = self._team.new_id("envelope-")
        envelope: Json = {"envelope_id": envelope_id, "payload": payload, "type": kind}
        envelope |= {"accepts_response_payload": kind != "events_api", **(retry or {})}
        answer: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = answer
        ack: Ack | None = None
        try:
            await socket.send_json(envelope)
            async with asyncio.timeout(self.timing.ack_deadline):
                ack = await answer
        except (TimeoutError, ConnectionError):
            ack = None
        finally:
            del self._waiting[envelope_id]
            self.deliveries.append(Delivery(kind, envelope, ack is not None))
            self._team.beat()
        return ack

    def _next_socket(self) -> web.WebSocketResponse | None:
        usable = [socket for socket in self._sockets if not socket.closed]
        if not usable:
            return None
        self._turn += 1
        return usable[self._turn % len(usable)]

    def _take_ack(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except json.JSONDecodeError:
            return
        answer = self._waiting.get(str(frame.get("envelope_id"))) if isinstance(frame, dict) else None
        if answer is None or answer.done() or self._faults.takes_ack():
            return
        answer.set_result(Ack(dict(frame.get("payload") or {})))
