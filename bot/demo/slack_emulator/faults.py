"""Knobs that make this Slack misbehave on purpose: errors, rate limits, delays, lost acks, held calls.

Events can come twice, late, or in another order than what they tell of.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Moment = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What the next call of a method gets instead of an answer."""

    error: str | None = None
    status: int | None = None
    retry_after: int = 1


class Hold:
    """A Web API call that waits at a defined point until the test lets it go.

    `before`: Slack has not done anything yet. `after`: it is done, but the bot does not know.
    """

    def __init__(self, method: str, moment: Moment) -> None:
        self.method = method
        self.moment = moment
        self.is_taken = False
        self._reached = asyncio.Event()
        self._released = asyncio.Event()

    async def reached(self, timeout: float = 5.0) -> None:
        async with asyncio.timeout(timeout):
            await self._reached.wait()

    def release(self) -> None:
        self._released.set()

    async def pass_through(self) -> None:
        self.is_taken = True
        self._reached.set()
        await self._released.wait()


class Faults:
    """The faults that are waiting to happen."""

    def __init__(self) -> None:
        self._planned: dict[str, deque[Fault]] = defaultdict(deque)
        self._delays: dict[str, float] = {}
        self._holds: list[Hold] = []
        self._acks_to_drop = 0
        self._events_to_double = 0
        self._events_to_hold_back = 0
        self._held_back: list[Callable[[], None]] = []
        self._event_delays: deque[float] = deque()

    def fail(
        self, method: str, *, error: str | None = None, status: int | None = None, retry_after: int = 1, times: int = 1
    ) -> None:
        """The next calls of `method` fail: with an error code, or with HTTP status 429 or 5xx."""
        self._planned[method].extend([Fault(error, status, retry_after)] * times)

    def delay(self, method: str, seconds: float) -> None:
        self._delays[method] = seconds

    def hold(self, method: str, moment: Moment = "before") -> Hold:
        """Stop the next call of `method` until it is released."""
        hold = Hold(method, moment)
        self._holds.append(hold)
        return hold

    def drop_ack(self, times: int = 1) -> None:
        """Pretend that the next acknowledgements never arrived."""
        self._acks_to_drop += times

    def duplicate_events(self, times: int = 1) -> None:
        """Send each of the next events twice, although the first was acknowledged."""
        self._events_to_double += times

    def reorder_events(self, times: int = 1) -> None:
        """Hold the next events back until one more has been sent."""
        self._events_to_hold_back += times

    def delay_events(self, seconds: float, times: int = 1) -> None:
        """Send each of the next events so much later; what happens after them overtakes them."""
        self._event_delays.extend([seconds] * times)

    def clear(self) -> None:
        """Let everything that is held go on, and forget what was planned."""
        for hold in self._holds:
            hold.release()
        self._holds = [hold for hold in self._holds if hold.is_taken]
        self._planned.clear()
        self._delays.clear()
        self._event_delays.clear()
        self._acks_to_drop = self._events_to_double = self._events_to_hold_back = 0
        self.let_held_events_go()

    # -- asked by the rest of the emulator ---------------------------------------------------------

    def next_failure(self, method: str) -> Fault | None:
        planned = self._planned[method]
        return planned.popleft() if planned else None

    async def wait_if_held(self, method: str, moment: Moment) -> None:
        if moment == "before" and method in self._delays:
            await asyncio.sleep(self._delays[method])
        hold = next((h for h in self._holds if h.method == method and h.moment == moment and not h.is_taken), None)
        if hold is not None:
            await hold.pass_through()
            self._holds.remove(hold)

    def takes_ack(self) -> bool:
        """Should an arriving acknowledgement be ignored?"""
        if self._acks_to_drop == 0:
            return False
        self._acks_to_drop -= 1
        return True

    def doubles_event(self) -> bool:
        if self._events_to_double == 0:
            return False
        self._events_to_double -= 1
        return True

    def holds_back_event(self, send: Callable[[], None]) -> bool:
        """Whether the next event has to wait; `send` is then called later."""
        if self._events_to_hold_back == 0:
            return False
        self._events_to_hold_back -= 1
        self._held_back.append(send)
        return True

    def let_held_events_go(self) -> None:
        held, self._held_back = self._held_back, []
        for send in held:
            send()

    def next_event_delay(self) -> float:
        return self._event_delays.popleft() if self._event_delays else 0.0
