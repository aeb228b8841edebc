"""Trouble on demand: failing, slow, held and cut requests, for tests of what a client does about them."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from bot.demo.cluster_emulator.objects import Obj


@dataclass(slots=True)
class Match:
    """Which requests, and how many of them."""

    method: str
    path: re.Pattern[str]
    times: int | None = None

    def takes(self, method: str, path: str) -> bool:
        """Whether this request is one of them; counts it if so."""
        if self.times == 0 or self.method not in ("*", method) or not self.path.search(path):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Hold:
    """A request that is stopped at a known point until it is let go."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._released = asyncio.Event()

    async def reached(self) -> None:
        """Wait until a request has come to the point."""
        await self._reached.wait()

    def release(self) -> None:
        """Let it go on, and do not stop another."""
        self._released.set()

    async def pass_through(self) -> None:
        """Called by the server: be stopped here."""
        self._reached.set()
        await self._released.wait()


@dataclass(frozen=True, slots=True)
class Failure:
    """The answer that takes the place of the real one."""

    status: int
    retry_after: int | None
    message: str


@dataclass(slots=True)
class Faults:
    """All trouble that has been asked for. Paths are regular expressions, searched for in the path with its query."""

    _failures: list[tuple[Match, Failure]] = field(default_factory=list)
    _delays: list[tuple[Match, float]] = field(default_factory=list)
    _before: list[tuple[Match, Hold]] = field(default_factory=list)
    _after: list[tuple[Match, Hold]] = field(default_factory=list)
    _cuts: list[Match] = field(default_factory=list)

    def fail(
        self,
        method: str,
        path: str,
        status: int = 500,
        retry_after: int | None = None,
        times: int | None = None,
        message: str = "",
    ) -> None:
        """Answer with this status, and do not apply the request."""
        self._failures.append((_match(method, path, times), Failure(status, retry_after, message)))

    def delay(self, method: str, path: str, seconds: float, times: int | None = None) -> None:
        """Let real time pass before the request is looked at."""
        self._delays.append((_match(method, path, times), seconds))

    def hold(self, method: str, path: str, before: bool = True) -> Hold:
        """Stop one request before it is applied, or (before=False) when it is applied and not yet answered."""
        hold = Hold()
        (self._before if before else self._after).append((_match(method, path, 1), hold))
        return hold

    def cut(self, method: str, path: str, times: int | None = 1) -> None:
        """Apply the request, then close the connection without an answer."""
        self._cuts.append(_match(method, path, times))

    def clear(self) -> None:
        """No more trouble; requests that are held go on."""
        for _, hold in [*self._before, *self._after]:
            hold.release()
        for each in (self._failures, self._delays, self._before, self._after, self._cuts):
            each.clear()

    async def before(self, method: str, path: str) -> Failure | None:
        """Called by the server when a request has come in; a failure takes the place of the answer."""
        for match, seconds in self._delays:
            if match.takes(method, path):
                await asyncio.sleep(seconds)
        for match, hold in tuple(self._before):
            if match.takes(method, path):
                await hold.pass_through()
        return next((failure for match, failure in self._failures if match.takes(method, path)), None)

    async def after(self, method: str, path: str) -> bool:
        """Called by the server when a request has been applied; True when the connection is to be cut."""
        for match, hold in tuple(self._after):
            if match.takes(method, path):
                await hold.pass_through()
        return any(match.takes(method, path) for match in self._cuts)


def _match(method: str, path: str, times: int | None) -> Match:
    return Match(method.upper(), re.compile(path), times)


_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}
_TEXTS = {
    429: "the server has received too many requests and has asked us to try again later",
    500: "Internal error occurred: the server was asked to fail",
    503: "the server is currently unable to handle the request",
    504: "the server was unable to return a response in the time allotted",
}


def failure_body(failure: Failure) -> Obj:
    """The Status body of an injected failure."""
    reason = _REASONS.get(failure.status, "Unknown")
    body: Obj = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": failure.message or _TEXTS.get(failure.status, reason),
        "reason": reason,
        "code": failure.status,
    }
    if failure.retry_after is not None:
        body["details"] = {"retryAfterSeconds": failure.retry_after}
    return body
