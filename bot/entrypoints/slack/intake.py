"""Decides what a Slack delivery is, and stores it: a question, a reply, an alert, an answer to a proposal, or nothing.

Nothing else happens here: a delivery is acknowledged as soon as it is stored, and the flows take it from there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain import Origin, ThreadId
from bot.ports import Clock
from bot.sources import recognise
from bot.sources.flatten import flatten, plain
from bot.sources.interface import sender_names
from bot.stores import Arrival, Stores
from safety.redaction import Redactor

_HUMAN_SUBTYPES = (None, "thread_broadcast", "file_share")
# Far more than anybody reads, far less than would hurt the store; the flow clips again for the model.
_TEXT_LIMIT = 20_000

# What a card's other buttons ask for.
UNDO, SETTLE = "undo", "settle"

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are in the workspace."""

    team: str
    user: str
    bot: str
    name: str = "ask-claude"


@dataclass(frozen=True, slots=True)
class Answered:
    """A pressed button or a filled-in dialog, as Slack described it.

    ``verdict`` is one of ``safety.approval.Verdict``, ``UNDO`` or ``SETTLE``.
    """

    delivery: str
    team: str
    channel: str
    thread_ts: str | None
    message_ts: str
    user: str
    user_team: str
    value: str
    verdict: str
    reason: str | None = None
    user_name: str | None = None


class Taken(StrEnum):
    """What became of a message that somebody pointed at."""

    NEW = "new"
    KNOWN = "known"
    EMPTY = "empty"


class Intake:
    """Stores deliveries, once each, and wakes whoever works on them."""

    def __init__(
        self,
        stores: Stores,
        clock: Clock,
        redactor: Redactor,
        identity: Identity,
        monitors: Mapping[str, tuple[str, ...]],
        wake: Callable[[], None],
    ) -> None:
        self._stores, self._clock, self._redactor = stores, clock, redactor
        self.identity, self._monitors, self._wake = identity, monitors, wake

    async def event(self, event: Event, event_id: str, team: str) -> bool:
        """One Events API delivery; True when it was stored, False when there is nothing to do or it was known."""
        arrival = await self._arrival(event, event_id, team)
        return arrival is not None and await self._put(arrival)

    async def command(self, trigger: str, team: str, channel: str, user: str, text: str) -> bool:
        """A question typed as a slash command."""
        payload = {"team": team, "channel": channel, "user": user, "text": plain(text)[:_TEXT_LIMIT]}
        key = f"cmd:{trigger}"
        # There is no thread yet whose masks these could be: they are of this command alone.
        told = self._redactor.within(key).json(payload)
        return await self._put(Arrival(key, "command", key, _as_ts(self._clock.now()), told))

    async def shortcut(self, trigger: str, team: str, channel: str, user: str, message: Event) -> Taken:
        """ "Investigate with Claude" on a message: that message is the question, its thread the place. Once each."""
        ts = str(message["ts"])
        thread = ThreadId(team, channel, str(message.get("thread_ts") or ts))
        text = flatten(message)
        if await self._stores.threads.get(thread) is not None:
            return Taken.KNOWN
        if not text.strip():
            return Taken.EMPTY
        payload = self._asked(team, channel, user, text, Origin.MENTION)
        key = f"short:{team}:{channel}:{thread.thread_ts}"
        stored = await self._put(self._talk(f"short:{trigger}", key, "question", thread, ts, payload))
        return Taken.NEW if stored else Taken.KNOWN

    async def answered(self, answered: Answered) -> bool:
        """Approve, Deny with its reason, Undo, or the note that settles what nobody knew."""
        payload = {
            "team": answered.team,
            "channel": answered.channel,
            "thread_ts": answered.thread_ts,
            "message_ts": answered.message_ts,
            "user": answered.user,
            "user_team": answered.user_team,
            "user_name": answered.user_name,
            "value": answered.value,
            "verdict": answered.verdict,
            "reason": answered.reason[:_TEXT_LIMIT] if answered.reason else None,
        }
        thread = ThreadId(answered.team, answered.channel, answered.thread_ts or answered.message_ts)
        lane = f"decide:{answered.value.partition(':')[0][:80]}"
        now = _as_ts(self._clock.now())
        told = self._redactor.within(str(thread)).json(payload)
        return await self._put(Arrival(answered.delivery, "answered", lane, now, told, thread))

    # ---- what a message is ----------------------------------------------------------------------------------------

    async def _arrival(self, event: Event, event_id: str, team: str) -> Arrival | None:
        match event.get("type"), event.get("subtype"):
            case "message", "message_changed":
                return await self._changed(event, event_id, team)
            case "message", subtype if self._is_ours(event) or self._is_foreign(event, team):
                return None
            case "message", subtype if event.get("bot_id"):
                return self._from_bot(event, event_id, team)
            case "message", subtype if subtype in _HUMAN_SUBTYPES:
                return await self._from_person(event, event_id, team, mentioned=False)
            case "app_mention", _ if not event.get("bot_id") and not self._is_foreign(event, team):
                return await self._from_person(event, event_id, team, mentioned=True)
            case "member_joined_channel", _ if event.get("user") == self.identity.user:
                return self._hello(event, event_id, team)
            case "app_home_opened", _ if event.get("tab") == "messages":
                # Slack tells of every look at the tab; somebody is greeted at the first.
                return self._hello(event, f"greet:{team}:{event['user']}", team)
            case _:
                return None

    def _is_ours(self, event: Event) -> bool:
        return event.get("bot_id") == self.identity.bot or event.get("user") == self.identity.user

    @staticmethod
    def _is_foreign(event: Event, team: str) -> bool:
        """People from another workspace in a shared channel have no say here."""
        return any(event.get(each) not in (None, team) for each in ("user_team", "source_team"))

    async def _from_person(self, event: Event, event_id: str, team: str, *, mentioned: bool) -> Arrival | None:
        channel, ts, user = str(event["channel"]), str(event["ts"]), str(event.get("user", ""))
        thread = ThreadId(team, channel, str(event.get("thread_ts") or ts))
        text = self._without_our_name(str(event.get("text") or ""))
        direct = event.get("channel_type") == "im"
        # A thread that our own message has only just opened may not be noted yet.
        may_be_new = event.get("parent_user_id") == self.identity.user and not (direct or mentioned)
        if may_be_new or await self._stores.threads.get(thread) is not None:
            payload = self._asked(team, channel, user, text, None)
            return self._talk(event_id, f"{team}:{channel}:{ts}", "reply", thread, ts, payload)
        if not (direct or mentioned):
            return None
        origin = Origin.DIRECT if direct else Origin.MENTION
        payload = self._asked(team, channel, user, text, origin)
        return self._talk(event_id, f"{team}:{channel}:{ts}", "question", thread, ts, payload)

    def _from_bot(self, event: Event, event_id: str, team: str) -> Arrival | None:
        """Only a monitor on the channel's list, never any bot; and never a bot's reply in a thread."""
        channel, ts = str(event["channel"]), str(event["ts"])
        if event.get("thread_ts") or not self._is_monitor(channel, event):
            return None
        return self._alert(event, event_id, ThreadId(team, channel, ts), f"{team}:{channel}:{ts}")

    async def _changed(self, event: Event, event_id: str, team: str) -> Arrival | None:
        message, before = event.get("message") or {}, event.get("previous_message") or {}
        channel, ts = str(event["channel"]), str(message.get("ts"))
        if self._is_ours(message) or self._is_foreign(message, team):
            return None
        if message.get("text") == before.get("text") and not message.get("bot_id"):
            return None
        thread = ThreadId(team, channel, ts)
        if message.get("bot_id"):
            # A monitor that edits its message when the alert resolves; an alert that fires on is no news.
            found = recognise(message)
            if found is None or found.firing or not self._is_monitor(channel, message):
                return None
            return self._alert(message, event_id, thread, None)
        if not message.get("user") or not await self._stores.inbox.has(f"{team}:{channel}:{ts}"):
            return None
        root = ThreadId(team, channel, str(message.get("thread_ts") or ts))
        payload = self._asked(team, channel, str(message["user"]), "", None)
        return self._talk(event_id, None, "edited", root, ts, payload)

    def _alert(self, event: Event, event_id: str, message: ThreadId, message_key: str | None) -> Arrival | None:
        found = recognise(event)
        if found is None:
            return None
        payload = {
            "team": message.team,
            "channel": message.channel,
            "fingerprint": found.fingerprint,
            "monitor": found.monitor,
            "firing": found.firing,
            "title": found.title,
            "text": found.text,
            "severity": found.severity,
        }
        lane = f"alert:{message.channel}:{found.fingerprint}"
        told = self._redactor.within(str(message)).json(payload)
        return Arrival(event_id, "alert", lane, message.thread_ts, told, message, message_key)

    def _hello(self, event: Event, event_id: str, team: str) -> Arrival:
        payload = {"team": team, "channel": str(event["channel"])}
        now = _as_ts(self._clock.now())
        return Arrival(event_id, "invited", f"invited:{event['channel']}", now, self._redactor.json(payload))

    def _is_monitor(self, channel: str, event: Event) -> bool:
        allowed = {each.casefold() for each in self._monitors.get(channel, ())}
        return any(each.casefold() in allowed for each in sender_names(event))

    def _without_our_name(self, text: str) -> str:
        return plain(text.replace(f"<@{self.identity.user}>", " ")).strip()[:_TEXT_LIMIT]

    @staticmethod
    def _asked(team: str, channel: str, user: str, text: str, origin: Origin | None) -> dict[str, Any]:
        return {
            "team": team,
            "channel": channel,
            "user": user,
            "text": text,
            "origin": origin.value if origin else None,
        }

    def _talk(
        self, event_key: str, message_key: str | None, kind: str, thread: ThreadId, ts: str, payload: dict[str, Any]
    ) -> Arrival:
        lane = f"talk:{thread}"
        told = self._redactor.within(str(thread)).json(payload)
        return Arrival(event_key, kind, lane, ts, told, thread, message_key)

    async def _put(self, arrival: Arrival) -> bool:
        stored = await self._stores.inbox.put(arrival, self._clock.now())
        if stored:
            self._wake()
        return stored


def _as_ts(at: datetime) -> str:
    return f"{at.timestamp():.6f}"
