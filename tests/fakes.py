"""Stand-ins for the ports, each written once. They pass the same suites as the real adapters: ``tests/contracts``."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.adapters import slack_blocks
from bot.adapters.store.outbox import Outbox
from bot.messages import Message
from bot.ports import ChatFault, Place, Rendered

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PROGRESS_EVERY = timedelta(seconds=3)


class FixedClock:
    """Time that stands still until somebody sleeps or a test moves it."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_by(seconds=seconds)

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass(frozen=True, slots=True)
class Said:
    """A message as it stands in the chat. ``user`` is set when only one person sees it."""

    key: str
    place: Place
    message: Rendered
    ts: str
    user: str | None = None


class FakeChat:
    """``Chat`` in memory. ``closed`` are channels that refuse, ``members`` who can see a whisper where."""

    def __init__(self, clock: FixedClock, outbox: Outbox | None = None) -> None:
        self._clock, self._outbox = clock, outbox
        self.standing: dict[str, Said] = {}
        self.whispered: dict[str, Said] = {}
        self.closed: dict[str, str] = {}
        self.absent: set[tuple[str, str]] = set()
        self.history: list[Said] = []
        self.news = asyncio.Event()
        self._progressed: dict[str, datetime] = {}
        self._waiting: dict[str, tuple[datetime, Place, Message]] = {}

    def compose(self, message: Message) -> Rendered:
        return slack_blocks.compose(message)

    async def say(self, key: str, place: Place, message: Message) -> str:
        self._progressed.pop(key, None)
        return self._put(key, place, self.compose(message))

    async def progress(self, key: str, place: Place, message: Message) -> None:
        now = self._clock.now()
        if now - self._progressed.get(key, now - PROGRESS_EVERY) < PROGRESS_EVERY or place.channel in self.closed:
            return
        if key in self.standing and self.standing[key].message.text == self.compose(message).text:
            return
        self._progressed[key] = now
        self._put(key, place, self.compose(message))

    async def soon(self, key: str, place: Place, message: Message) -> None:
        now = self._clock.now()
        fresh = now - self._progressed.get(key, now - PROGRESS_EVERY) < PROGRESS_EVERY
        at = self._progressed[key] + PROGRESS_EVERY if fresh else now
        self._waiting[key] = (at, place, message)
        await self._show_waiting()

    async def _show_waiting(self) -> int:
        now = self._clock.now()
        due = [(key, *waiting[1:]) for key, waiting in self._waiting.items() if waiting[0] <= now]
        for key, place, message in due:
            del self._waiting[key]
            self._progressed[key] = now
            with contextlib.suppress(ChatFault):
                self._put(key, place, self.compose(message))
        return len(due)

    async def whisper(self, key: str, place: Place, user: str, message: Message) -> None:
        if key in self.whispered:
            return
        if (user, place.channel) in self.absent or place.channel in self.closed:
            place = Place(place.team, direct(user))
        self.whispered[key] = Said(key, place, self.compose(message), self._next_ts(), user)

    async def deliver(self, key: str) -> str | None:
        parcel = await self._outbox.get(key) if self._outbox else None
        if parcel is None:
            return self.standing[key].ts if key in self.standing else None
        if parcel.place.channel in self.closed:
            return None
        ts = self._put(key, parcel.place, parcel.message)
        await self._outbox.sent(parcel, ts) if self._outbox else None
        return ts

    async def drain(self) -> int:
        shown = await self._show_waiting()
        due = await self._outbox.due(self._clock.now()) if self._outbox else []
        for parcel in due:
            await self.deliver(parcel.key)
        return shown + len(due)

    def texts(self, place: Place) -> list[str]:
        """What stands at one place, in the order of time."""
        return [str(each.message.text) for each in self.standing.values() if each.place == place]

    def _put(self, key: str, place: Place, message: Rendered) -> str:
        if place.channel in self.closed:
            code = self.closed[place.channel]
            raise ChatFault(code, f"the channel refuses ({code})")
        known = self.standing.get(key)
        said = Said(key, known.place if known else place, message, known.ts if known else self._next_ts())
        self.standing[key] = said
        self.history.append(said)
        self.news.set()
        return said.ts

    def _next_ts(self) -> str:
        number = len(self.standing) + len(self.whispered) + 1
        return f"{int(self._clock.now().timestamp())}.{number:06d}"


def direct(user: str) -> str:
    """The direct channel of a person in the fake chat."""
    return f"D-{user}"


class FakePeople:
    """``People`` from a table. Groups listed in ``unreadable`` raise, as do those nobody knows."""

    def __init__(
        self, humans: Mapping[str, str] | None = None, groups: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.humans = dict(humans or {})
        self.groups = {name: tuple(users) for name, users in (groups or {}).items()}
        self.unreadable: set[str] = set()
        self.channels: dict[str, tuple[str, ...]] = {}

    async def is_active_human(self, user: str, team: str) -> bool:
        return self.humans.get(user) == team

    async def members(self, group: str) -> Sequence[str]:
        if group in self.unreadable or group not in self.groups:
            raise ChatFault("no_such_subteam", f"the members of {group} could not be read")
        return self.groups[group]

    async def in_channel(self, channel: str) -> Sequence[str]:
        if channel not in self.channels:
            raise ChatFault("channel_not_found", f"the members of {channel} could not be read")
        return self.channels[channel]
