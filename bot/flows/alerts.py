"""A message of a monitor becomes an alert; the same alert leads to the same thread, and a repeat only counts."""

import structlog

from bot.domain import Alert, Fingerprint, Inbound
from bot.flows.conversations import Conversations
from bot.flows.lapsing import Lapses
from bot.messages import AlertSeen, Notice, Tone
from bot.ports import Chat, Clock, Place
from bot.provenance import Actor
from bot.stores import KnownAlert, Sighting, Stores
from safety.redaction import Redacted, Redactor

log = structlog.get_logger()


class Alerts:
    """What to do with an alert that a source recognised."""

    def __init__(
        self, stores: Stores, chat: Chat, clock: Clock, redactor: Redactor, conversations: Conversations, lapses: Lapses
    ) -> None:
        self._stores, self._chat, self._clock = stores, chat, clock
        self._redactor, self._conversations, self._lapses = redactor, conversations, lapses

    async def take(self, inbound: Inbound) -> None:
        """One alert message. Only the first of an episode is investigated."""
        assert inbound.thread is not None
        alert = self._alert(inbound)
        sighting, known = await self._stores.alerts.seen(alert, inbound.thread, self._clock.now())
        match sighting:
            case Sighting.OPENS:
                question = self._words(f"{alert.title}\n{alert.text}".strip())
                await self._conversations.alert(inbound, question, known.thread)
            case Sighting.REPEATS:
                log.info("alert_repeated", fingerprint=alert.fingerprint, count=known.count)
                await self._count(alert, known)
            case Sighting.RESOLVES:
                await self._resolved(alert, known)
            case Sighting.SAYS_NOTHING_NEW:
                log.info("alert_says_nothing_new", fingerprint=alert.fingerprint)

    async def _count(self, alert: Alert, known: KnownAlert) -> None:
        # Not as progress: the last repeat may be the last for hours, and its number has to stand there.
        seen = AlertSeen(alert, known.count, known.first_at, known.last_at)
        await self._chat.soon(f"{self._key(alert, known)}:seen", self._place(known), seen)

    async def _resolved(self, alert: Alert, known: KnownAlert) -> None:
        by = Actor("monitor", alert.monitor, alert.monitor)
        await self._lapses.cancel(known.thread, f"{alert.monitor} says that the incident is over", by)
        text = self._words(f"{alert.monitor} says this is resolved. It was seen {known.count} times.")
        if known.count == 1:
            text = self._words(f"{alert.monitor} says this is resolved.")
        resolved_at = int(known.last_at.timestamp())
        key = f"{self._key(alert, known)}:resolved:{resolved_at}"
        await self._chat.say(key, self._place(known), Notice(text, Tone.GOOD))

    @staticmethod
    def _key(alert: Alert, known: KnownAlert) -> str:
        return f"alert:{alert.fingerprint}:{known.thread.thread_ts}"

    @staticmethod
    def _place(known: KnownAlert) -> Place:
        return Place(known.thread.team, known.thread.channel, known.thread.thread_ts)

    def _alert(self, inbound: Inbound) -> Alert:
        payload = inbound.payload
        return Alert(
            fingerprint=Fingerprint(payload["fingerprint"]),
            monitor=payload["monitor"],
            firing=bool(payload["firing"]),
            title=self._words(payload["title"]),
            text=self._words(payload["text"]),
            severity=payload.get("severity"),
        )

    def _words(self, text: str) -> Redacted:
        return self._redactor.text(text)
