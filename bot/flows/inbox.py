"""Takes what was delivered, lane by lane: one lane in order, lanes side by side, nothing lost by a fault or crash."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog

from bot.domain import Inbound
from bot.messages import Notice, Tone
from bot.ports import Chat, ChatFault, Clock, Place
from bot.stores import InboxStore
from safety.redaction import Redactor

log = structlog.get_logger()

Handler = Callable[[Inbound], Awaitable[None]]

_ATTEMPTS = 3
_LOOK_EVERY = 2.0


class NotYet(Exception):
    """What this item is about may still come to be: take it again a little later, and let it go when it never does."""


class Inbox:
    """The worker over the inbox. ``wake`` after something was put in; it also looks by itself every two seconds."""

    def __init__(self, store: InboxStore, chat: Chat, clock: Clock, redactor: Redactor, parallel: int) -> None:
        self._store, self._chat, self._clock, self._redactor = store, chat, clock, redactor
        self._parallel = parallel
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self.handlers: Mapping[str, Handler] = {}
        self.gave_up: Handler | None = None

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled. What an earlier process had taken and not finished is taken again first."""
        recovered = await self._store.recover()
        if recovered:
            log.info("inbox_recovered", count=recovered)
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._woken.clear()
                while len(self._busy) < self._parallel and (taken := await self._next()) is not None:
                    inbound, lane = taken
                    task = tasks.create_task(self._handle(inbound))
                    self._busy[lane] = task
                    task.add_done_callback(lambda _done, lane=lane: self._free(lane))  # type: ignore[misc]
                try:
                    async with asyncio.timeout(_LOOK_EVERY):
                        await self._woken.wait()
                except TimeoutError:
                    continue  # a retry may have become due

    def _free(self, lane: str) -> None:
        self._busy.pop(lane, None)
        self._woken.set()

    async def _next(self) -> tuple[Inbound, str] | None:
        try:
            return await self._store.next(frozenset(self._busy), self._clock.now())
        except Exception:  # the outermost loop: what is being worked on goes on, the next look comes by itself
            log.exception("inbox_not_read")
            return None

    async def _handle(self, inbound: Inbound) -> None:
        structlog.contextvars.bind_contextvars(inbox=inbound.id, thread=str(inbound.thread) if inbound.thread else None)
        try:
            await self.handlers[inbound.kind](inbound)
        except NotYet:
            if inbound.attempts < _ATTEMPTS:
                await self._surely(lambda: self._store.retry(inbound.id, self._after_pause(inbound)))
            else:
                await self._surely(lambda: self._store.finish(inbound.id))
        except Exception as error:  # the outermost loop: one bad item must not stop the others
            log.exception("inbox_item_failed", kind=inbound.kind, attempt=inbound.attempts)
            await self._give_up_or_retry(inbound, error)
        else:
            await self._surely(lambda: self._store.finish(inbound.id))

    async def _give_up_or_retry(self, inbound: Inbound, error: Exception) -> None:
        if inbound.attempts < _ATTEMPTS and not (isinstance(error, ChatFault) and error.code != "timeout"):
            await self._surely(lambda: self._store.retry(inbound.id, self._after_pause(inbound)))
            return
        await self._surely(lambda: self._store.finish(inbound.id, failed=True))
        if (gave_up := self.gave_up) is not None:
            await self._surely(lambda: gave_up(inbound))
        await self._apologise(inbound)

    def _after_pause(self, inbound: Inbound) -> datetime:
        return self._clock.now() + timedelta(seconds=2**inbound.attempts)

    async def _surely(self, note: Callable[[], Awaitable[None]]) -> None:
        """Until it is noted: a fault here would end everybody else's work, and do this item's again."""
        pause = 0.5
        while True:
            try:
                return await note()
            except Exception:  # the outermost loop: it logs, waits and goes on
                log.exception("inbox_not_noted", again_in_seconds=pause)
                await self._clock.sleep(pause)
                pause = min(pause * 2, 30.0)

    async def _apologise(self, inbound: Inbound) -> None:
        """A thread is never left silent. No traceback leaves this process; the log has it under the same number."""
        thread = inbound.thread
        channel = inbound.payload.get("channel")
        if thread is None and channel is None:
            return
        place = (
            Place(thread.team, thread.channel, thread.thread_ts)
            if thread
            else Place(inbound.payload["team"], str(channel))
        )
        text = (
            f"Something went wrong on my side and I could not finish this (reference {inbound.id}). Please ask again."
        )
        try:
            notice = Notice(self._redactor.text(text), Tone.BAD, who=inbound.payload.get("user"))
            await self._chat.say(f"in:{inbound.id}:sorry", place, notice)
        except ChatFault as fault:
            log.warning("apology_not_shown", code=fault.code)
            await self._tell_privately(inbound, Place(place.team, place.channel), fault)

    async def _tell_privately(self, inbound: Inbound, place: Place, fault: ChatFault) -> None:
        """Where the bot may not write, such as a channel it was not invited to, only the one who asked is told."""
        user = inbound.payload.get("user")
        if not user or fault.code == "timeout":
            return  # what timed out waits in the outbox
        text = self._redactor.text(f"I could not answer there: {fault}. Then ask again.")
        try:
            await self._chat.whisper(f"in:{inbound.id}:aside", place, str(user), Notice(text, Tone.WARNING))
        except ChatFault as again:
            log.warning("apology_not_whispered", code=again.code)
