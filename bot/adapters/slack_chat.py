"""Says things in Slack through the outbox: stored first, then sent, once per key, even if the process dies between."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters import slack_blocks
from bot.adapters.store.outbox import Outbox, Parcel
from bot.messages import Message
from bot.ports import ChatFault, Clock, Place, Rendered, Saying

log = structlog.get_logger()

METADATA_TYPE = "ask_claude_message"
# Slack will answer these the same way next time; trying again would only be noise.
_FATAL = frozenset(
    (
        "account_inactive",
        "cannot_reply_to_message",
        "cant_update_message",
        "channel_not_found",
        "edit_window_closed",
        "invalid_auth",
        "is_archived",
        "messages_tab_disabled",
        "missing_scope",
        "no_permission",
        "not_in_channel",
        "restricted_action",
        "token_revoked",
        "user_not_found",
        "user_not_in_channel",
    )
)
_BAD_BLOCKS = frozenset(("invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"))
_GONE = frozenset(("message_not_found", "thread_not_found"))
_ELSEWHERE = frozenset(("not_in_channel", "channel_not_found", "user_not_in_channel", "is_archived"))
_MEND = {
    "not_in_channel": "I am not a member of that channel: type /invite there and pick ask-claude",
    "channel_not_found": "I cannot see that channel: type /invite there and pick ask-claude",
    "is_archived": "that channel is archived",
    "missing_scope": "a permission is missing: reinstall the app with the current manifest",
}
_UNREACHABLE = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError)
_MOST_TRIES = 5
_PATIENCE = timedelta(seconds=60)
_SHOWN_EVERY = timedelta(seconds=3)
# Slack's limits: posts about one a second in each channel, updates 50 a minute in the whole workspace. A full burst
# and a minute of filling up make 50, and half of the burst is kept for what must be shown.
_POSTS_BURST, _POSTS_PER_SECOND = 5, 1.0
_UPDATES_BURST, _UPDATES_PER_SECOND = 20, 0.5
_UPDATES_KEPT = 10


class Gate:
    """So many calls a second under one name, such as a channel, with a small burst."""

    def __init__(self, clock: Clock, burst: int, per_second: float) -> None:
        self._clock, self._burst, self._rate = clock, burst, per_second
        self._level: dict[str, tuple[float, datetime]] = {}

    def room(self, name: str) -> float:
        """How many calls may go at once now."""
        now = self._clock.now()
        level, at = self._level.get(name, (float(self._burst), now))
        return min(self._burst, level + (now - at).total_seconds() * self._rate)

    async def pass_through(self, name: str) -> None:
        # A little slack: filling up in small steps must not end a hair below one.
        while (room := self.room(name)) < 1 - 1e-6:
            await self._clock.sleep((1 - room) / self._rate)
        self._level[name] = (room - 1, self._clock.now())


class SlackChat:
    """``Chat`` over Slack's Web API. The client must not retry by itself: a repeated post would stand there twice."""

    def __init__(self, client: AsyncWebClient, outbox: Outbox, clock: Clock) -> None:
        self._client, self._outbox, self._clock = client, outbox, clock
        self._posts = Gate(clock, _POSTS_BURST, _POSTS_PER_SECOND)
        self._updates = Gate(clock, _UPDATES_BURST, _UPDATES_PER_SECOND)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._shown: dict[str, datetime] = {}

    def compose(self, message: Message) -> Rendered:
        return slack_blocks.compose(message)

    async def say(self, key: str, place: Place, message: Message) -> str:
        self._shown.pop(key, None)
        return await self._say(key, place, message)

    async def _say(self, key: str, place: Place, message: Message) -> str:
        await self._outbox.put(Saying(key, place, self.compose(message)), self._clock.now())
        ts = await self.deliver(key)
        if ts is None:
            parcel = await self._outbox.get(key)
            code = parcel.error if parcel and parcel.error else "unknown"
            raise ChatFault(code, _MEND.get(code, f"Slack refused the message ({code})"))
        return ts

    async def progress(self, key: str, place: Place, message: Message) -> None:
        now = self._clock.now()
        if self._free_at(key, now) > now or self._updates.room(place.team) < _UPDATES_KEPT:
            return
        known = await self._outbox.get(key)
        if known is not None and known.state == "sent" and known.message.text == self.compose(message).text:
            return
        self._shown[key] = now
        try:
            await self._say(key, place, message)
        except ChatFault as fault:
            log.warning("progress_not_shown", code=fault.code)

    async def soon(self, key: str, place: Place, message: Message) -> None:
        now = self._clock.now()
        at = self._free_at(key, now)
        self._shown[key] = at
        await self._outbox.put(Saying(key, place, self.compose(message)), at)
        if at <= now:
            await self._attempt(key)

    def _free_at(self, key: str, now: datetime) -> datetime:
        """When this message may be touched again; ``_shown`` has when it was, or when it is going to be."""
        self._shown = {each: at for each, at in self._shown.items() if now - at < _SHOWN_EVERY}
        last = self._shown.get(key)
        if last is None:
            return now
        return last if last > now else last + _SHOWN_EVERY

    async def whisper(self, key: str, place: Place, user: str, message: Message) -> None:
        await self._outbox.put(Saying(key, place, self.compose(message), user), self._clock.now())
        await self.deliver(key)

    async def deliver(self, key: str) -> str | None:
        deadline = self._clock.now() + _PATIENCE
        while True:
            parcel = await self._attempt(key)
            if parcel is None or parcel.state == "failed":
                return None
            if parcel.state == "sent":
                return parcel.ts or ""
            if self._clock.now() >= deadline:
                raise ChatFault("timeout", "Slack could not be reached for a minute; the message waits in the outbox")
            await self._clock.sleep(min(2.0**parcel.tries, 10.0))

    async def drain(self) -> int:
        """Send whatever is due, such as messages left by an earlier process; answers how many were looked at."""
        due = await self._outbox.due(self._clock.now())
        for parcel in due:
            await self._attempt(parcel.key)
        return len(due)

    async def _attempt(self, key: str) -> Parcel | None:
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            parcel = await self._outbox.get(key)
            if parcel is None or parcel.state in ("sent", "failed"):
                return parcel
            try:
                await self._send(parcel)
            except SlackApiError as error:
                await self._refused(parcel, error)
            except _UNREACHABLE as error:
                await self._lost(parcel, error)
            return await self._outbox.get(key)

    async def _send(self, parcel: Parcel) -> None:
        if parcel.in_doubt and parcel.user is None:
            arrived = await self._find(parcel)
            if arrived is not None and parcel.wanted == 1:
                await self._outbox.sent(parcel, arrived)
                return
            # What arrived may be an older wording of what is wanted by now.
            parcel = replace(parcel, ts=arrived)
        await self._wait_for_room(parcel)
        await self._outbox.sending(parcel.key)
        await self._outbox.sent(parcel, await self._call(parcel, with_blocks=True))

    async def _wait_for_room(self, parcel: Parcel) -> None:
        if parcel.ts is not None:
            await self._updates.pass_through(parcel.place.team)
            return
        # Slack counts whispers apart from posts: somebody who clicks again and again must not hold up the channel.
        crowd = f"{parcel.place.channel}/{parcel.user}" if parcel.user else parcel.place.channel
        await self._posts.pass_through(crowd)

    async def _call(self, parcel: Parcel, with_blocks: bool) -> str:
        message: dict[str, Any] = {"channel": parcel.place.channel, "text": str(parcel.message.text)}
        if with_blocks and parcel.message.blocks:
            message["blocks"] = list(parcel.message.blocks)
        if parcel.ts is not None:
            answer = await self._client.chat_update(ts=parcel.ts, **message)
            return str(answer["ts"])
        if parcel.place.thread_ts:
            message["thread_ts"] = parcel.place.thread_ts
        if parcel.user is not None:
            answer = await self._client.chat_postEphemeral(user=parcel.user, **message)
            return str(answer.get("message_ts", ""))
        metadata = {"event_type": METADATA_TYPE, "event_payload": {"nonce": parcel.nonce}}
        message |= {"metadata": metadata, "unfurl_links": False, "unfurl_media": False}
        answer = await self._client.chat_postMessage(**message)
        return str(answer["ts"])

    async def _refused(self, parcel: Parcel, error: SlackApiError) -> None:
        code = _code(error)
        log.warning("slack_refused", code=code, method=str(error.response.api_url).rsplit("/", 1)[-1])
        try:
            if await self._said_otherwise(parcel, code):
                return
        except SlackApiError as second:
            # The other way is the last one: what it meets is final, unless Slack only has no time for it now.
            if not _passes_by(second):
                await self._outbox.failed(parcel, _code(second), None)
                return
            error, code = second, _code(second)
        except _UNREACHABLE as second:
            await self._lost(parcel, second)
            return
        if code in _FATAL or code in _BAD_BLOCKS:
            await self._outbox.failed(parcel, code, None)
            return
        if not _passes_by(error) and parcel.tries >= _MOST_TRIES:
            # An answer that this code does not know, and that does not change: saying it for ever helps nobody.
            await self._outbox.failed(parcel, code, None)
            return
        wait = float(error.response.headers.get("Retry-After", 0) or 0)
        await self._later(parcel, code, wait, arrived_possible=error.response.status_code >= 500)

    async def _said_otherwise(self, parcel: Parcel, code: str) -> bool:
        """Say it in a form that Slack takes: without blocks, anew when message or thread is gone, or directly."""
        if code in _BAD_BLOCKS and parcel.message.blocks:
            ts: str | None = await self._call(parcel, with_blocks=False)
        elif code in _GONE and parcel.ts is not None:
            ts = await self._call(replace(parcel, ts=None), with_blocks=True)
        elif code in _GONE:
            channel = Place(parcel.place.team, parcel.place.channel)
            ts = await self._call(replace(parcel, place=channel), with_blocks=True)
        elif code in _ELSEWHERE and parcel.user is not None:
            about = f"<#{parcel.place.channel}>: {parcel.message.text}"
            await self._directly(parcel.user, about)
            ts = None
        else:
            return False
        await self._outbox.sent(parcel, ts)
        return True

    async def _directly(self, user: str, text: str) -> None:
        opened = await self._client.conversations_open(users=user)
        await self._client.chat_postMessage(channel=opened["channel"]["id"], text=text)

    async def _lost(self, parcel: Parcel, error: Exception) -> None:
        """It may have arrived: the row stays "sending", so that the next try looks first."""
        log.warning("slack_unreachable", error=type(error).__name__)
        await self._later(parcel, type(error).__name__)

    async def _later(self, parcel: Parcel, error: str, wait_seconds: float = 0, arrived_possible: bool = True) -> None:
        wait = max(wait_seconds, min(2.0**parcel.tries, 60.0))
        next_at = self._clock.now() + timedelta(seconds=wait)
        await self._outbox.failed(parcel, error, next_at)
        if arrived_possible and parcel.ts is None:
            await self._outbox.sending(parcel.key)
        if wait_seconds:
            await self._clock.sleep(wait_seconds)

    async def _find(self, parcel: Parcel) -> str | None:
        """The ts of a message that an interrupted send did post, found by the nonce in its metadata."""
        place = parcel.place
        if place.thread_ts:
            answer = await self._client.conversations_replies(
                channel=place.channel, ts=place.thread_ts, limit=200, include_all_metadata=True
            )
        else:
            answer = await self._client.conversations_history(
                channel=place.channel, limit=100, include_all_metadata=True
            )
        messages: list[Mapping[str, Any]] = answer.get("messages") or []
        for message in messages:
            if _nonce_of(message) == parcel.nonce:
                return str(message["ts"])
        return None


def _code(error: SlackApiError) -> str:
    return str(error.response.get("error", "")) or f"http_{error.response.status_code}"


def _passes_by(error: SlackApiError) -> bool:
    status: int = error.response.status_code
    return status == 429 or status >= 500


def _nonce_of(message: Mapping[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != METADATA_TYPE:
        return None
    return str((metadata.get("event_payload") or {}).get("nonce"))
