"""Once a day, in one channel: what was changed, what waits, and the head of the audit log to hold it against later."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from bot.flows.audit_fields import payload_of
from bot.flows.audit_views import readable
from bot.messages import Notice, Tone
from bot.ports import Chat, ChatFault, Clock, Place
from bot.stores import Stores
from safety.audit import AuditRecord
from safety.redaction import Redactor

DAY = timedelta(days=1)
_LOOK_EVERY = 60.0
_MOST_LINES = 10


class Summaries:
    """Says one summary for each day, after ``hour`` (UTC). One that was missed is said at the next start that day."""

    def __init__(self, stores: Stores, chat: Chat, clock: Clock, redactor: Redactor, place: Place, hour: int) -> None:
        self._stores, self._chat, self._clock, self._redactor = stores, chat, clock, redactor
        self._place, self._hour = place, hour
        self._said_on = ""

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.say_if_due()
            await self._clock.sleep(_LOOK_EVERY)

    async def say_if_due(self) -> bool:
        """Say today's, unless it is too early or was said; a chat that refuses is asked again with the next look."""
        now = self._clock.now().astimezone(UTC)
        today = f"{now:%Y-%m-%d}"
        if now.hour < self._hour or self._said_on == today:
            return False
        try:
            # Keyed by the day: a bot that was started again does not say it twice.
            if await self._chat.deliver(f"summary:{today}") is None:
                await self._chat.say(f"summary:{today}", self._place, await self._summary(now))
        except ChatFault:
            return False
        self._said_on = today
        return True

    async def _summary(self, now: datetime) -> Notice:
        records = await self._stores.audit.since(now - DAY)
        count, head = await self._stores.audit.head()
        ends = Counter(_end(each) for each in records if each.type == "execution.result")
        lines = [
            f"Changes of the last 24 hours: {_in_words(ends)}",
            f"Proposals: {_count(records, 'proposal.created')} made, {_count(records, 'proposal.rejected')} not offered"
            f", {await self._stores.proposals.open_count()} open now",
            *_lines(records),
            f"Audit log: {count} records, head {head}",
        ]
        tone = Tone.WARNING if ends["UNKNOWN"] else Tone.INFO
        return Notice(self._redactor.text("\n".join(lines)), tone)


def _end(record: AuditRecord) -> str:
    return str(payload_of(record).get("state"))


def _in_words(ends: Counter[str]) -> str:
    return ", ".join(f"{count} {end.lower()}" for end, count in sorted(ends.items())) or "none"


def _count(records: Sequence[AuditRecord], type_: str) -> int:
    return sum(each.type == type_ for each in records)


def _lines(records: Sequence[AuditRecord]) -> Iterator[str]:
    """What a person would want to read line by line, the newest last."""
    told = [each for each in records if each.type in ("execution.result", "mode.changed")]
    if len(told) > _MOST_LINES:
        yield f"({len(told) - _MOST_LINES} earlier ones: `audit log` lists them)"
    yield from (readable(each) for each in told[-_MOST_LINES:])
