"""The state of the workspace: channels, messages, threads, reactions; tells whoever listens what changed."""

import asyncio
import copy
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime

from bot.demo.slack_emulator.shapes import Change, Channel, Clock, Json, Message, Monitor, User, Workspace


class Team:
    """One workspace. It enforces no permissions: the Web API and the page decide who may do what."""

    def __init__(self, workspace: Workspace, clock: Clock) -> None:
        self.workspace = workspace
        self.app = workspace.app
        self.clock = clock
        bot = User(self.app.user_id, self.app.name, self.app.name, bot_id=self.app.bot_id)
        monitors = [User(m.user_id, m.name.lower(), m.name, m.bot_id) for m in workspace.monitors if m.user_id]
        self.users: dict[str, User] = {user.id: user for user in [*workspace.users, bot, *monitors]}
        self.channels: dict[str, Channel] = {channel.id: channel for channel in workspace.channels}
        self.ephemerals: list[Message] = []
        self.listeners: list[Callable[[Change], None]] = []
        self._messages: dict[str, dict[str, Message]] = {channel: {} for channel in self.channels}
        self._last_ts = 0
        self._pulse = asyncio.Event()

    # -- time, ids and waiting ---------------------------------------------------------------------

    def now(self) -> datetime:
        return self.clock()

    def next_ts(self) -> str:
        """Slack's timestamps are ids too: unique, increasing, six digits after the point."""
        self._last_ts = max(int(self.now().timestamp() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    @staticmethod
    def new_id(prefix: str) -> str:
        # Random and not counted: a bot remembers event ids across restarts of this emulator.
        return prefix + secrets.token_hex(5).upper()

    def beat(self) -> None:
        """Wake everybody who waits for something to become true."""
        pulse, self._pulse = self._pulse, asyncio.Event()
        pulse.set()

    async def next_beat(self) -> None:
        await self._pulse.wait()

    def announce(self, change: Change) -> None:
        for listener in list(self.listeners):
            listener(change)
        self.beat()

    # -- who and where -----------------------------------------------------------------------------

    def user_named(self, name: str) -> User:
        wanted = name.removeprefix("@")
        for user in self.users.values():
            if wanted in (user.id, user.name):
                return user
        raise KeyError(f"no user {name!r} in this workspace; there are {[u.name for u in self.users.values()]}")

    def home_of(self, user: User) -> str:
        """The id of the workspace somebody belongs to."""
        return user.team_id or self.workspace.team_id

    def is_stranger(self, user: User) -> bool:
        return self.home_of(user) != self.workspace.team_id

    def channel_named(self, name: str) -> Channel:
        found = self.find_channel(name)
        if found is None:
            raise KeyError(
                f"no channel {name!r} in this workspace; there are {[c.name for c in self.channels.values()]}"
            )
        return found

    def find_channel(self, name: str) -> Channel | None:
        if name in self.channels:
            return self.channels[name]
        wanted = name.removeprefix("#")
        return next((c for c in self.channels.values() if c.kind != "im" and c.name == wanted), None)

    def monitor_named(self, name: str) -> Monitor:
        for monitor in self.workspace.monitors:
            if name in (monitor.name, monitor.bot_id, monitor.user_id):
                return monitor
        raise KeyError(f"no monitor {name!r}; there are {[m.name for m in self.workspace.monitors]}")

    def open_dm(self, user: str) -> Channel:
        """The direct message channel between the app's bot and this person."""
        for channel in self.channels.values():
            if channel.kind == "im" and user in channel.members:
                return channel
        channel = Channel(f"D0{user.removeprefix('U0')}", user, {user, self.app.user_id}, kind="im")
        self.channels[channel.id] = channel
        self._messages[channel.id] = {}
        self.announce(Change("channel", channel.id))
        return channel

    def open_group_dm(self, users: set[str]) -> Channel:
        """The direct message channel of the app's bot and several people."""
        members = {*users, self.app.user_id}
        for channel in self.channels.values():
            if channel.kind == "mpim" and channel.members == members:
                return channel
        names = "--".join(sorted(self.users[user].name for user in members))
        channel = Channel(self.new_id("C"), f"mpdm-{names}-1", members, kind="mpim")
        self.channels[channel.id] = channel
        self._messages[channel.id] = {}
        self.announce(Change("channel", channel.id))
        return channel

    def add_member(self, channel: Channel, user: str, inviter: str | None = None) -> None:
        if user in channel.members:
            return
        channel.members.add(user)
        self.announce(Change("joined", channel.id, details={"user": user, "inviter": inviter}))

    # -- reading -----------------------------------------------------------------------------------

    def find_message(self, channel: str, ts: str) -> Message | None:
        return self._messages.get(channel, {}).get(ts)

    def all_messages(self) -> Iterator[Message]:
        for messages in self._messages.values():
            yield from messages.values()

    def history(self, channel: str) -> list[Message]:
        """What stands in the channel itself: no replies, except those also sent to the channel."""
        return [m for m in self._messages[channel].values() if not m.is_reply or m.subtype == "thread_broadcast"]

    def thread(self, channel: str, thread_ts: str) -> list[Message]:
        return [m for m in self._messages[channel].values() if thread_ts in (m.ts, m.thread_ts)]

    # -- writing -----------------------------------------------------------------------------------

    def post(self, channel: str, raw: Json) -> Message:
        """Put a message at the end of a channel or, with `thread_ts`, of a thread."""
        ts = self.next_ts()
        body: Json = {"type": "message", **copy.deepcopy(raw), "ts": ts}
        body.setdefault("team", self.workspace.team_id)
        if self.channels[channel].is_shared and body.get("user") in self.users:
            home = self.home_of(self.users[body["user"]])
            body |= {"team": home, "user_team": home, "source_team": home}
        parent = self.find_message(channel, body["thread_ts"]) if "thread_ts" in body else None
        if parent is not None and (parent.user or parent.bot_id):
            body["parent_user_id"] = parent.user or parent.bot_id
        message = Message(channel, body)
        self._messages[channel][ts] = message
        if parent is not None:
            self._note_reply(parent, message)
        self.announce(Change("posted", channel, message))
        return message

    def _note_reply(self, parent: Message, reply: Message) -> None:
        raw = dict(parent.raw)
        author = reply.user or reply.bot_id or ""
        authors = [*raw.get("reply_users", [])]
        if author not in authors:
            authors.append(author)
        raw.update(
            thread_ts=parent.ts,
            reply_count=int(raw.get("reply_count", 0)) + 1,
            reply_users=authors,
            reply_users_count=len(authors),
            latest_reply=reply.ts,
            is_locked=False,
            subscribed=False,
        )
        self._messages[parent.channel][parent.ts] = Message(parent.channel, raw)

    def edit(self, message: Message, changes: Json, *, is_quiet: bool = False) -> Message:
        """Change some fields; a None takes the field away. Quiet edits send no message_changed event."""
        raw = {**message.raw, **copy.deepcopy(changes)}
        edited = Message(message.channel, {key: value for key, value in raw.items() if value is not None})
        self._messages[message.channel][message.ts] = edited
        self.announce(Change("streamed" if is_quiet else "edited", message.channel, edited, previous=message))
        return edited

    def delete(self, message: Message) -> None:
        del self._messages[message.channel][message.ts]
        self.announce(Change("deleted", message.channel, previous=message))

    def whisper(self, channel: str, user: str, raw: Json) -> Message:
        """A message that only one person sees, and that Slack does not keep."""
        body: Json = {"type": "message", **copy.deepcopy(raw), "ts": self.next_ts(), "is_ephemeral": True}
        message = Message(channel, body, visible_to=user)
        self.ephemerals.append(message)
        self.announce(Change("whispered", channel, message))
        return message

    def replace_whisper(self, message: Message, changes: Json | None) -> None:
        """Change an ephemeral message or, with None, take it away."""
        position = self.ephemerals.index(message)
        if changes is None:
            del self.ephemerals[position]
        else:
            raw = {key: value for key, value in {**message.raw, **copy.deepcopy(changes)}.items() if value is not None}
            self.ephemerals[position] = Message(message.channel, raw, message.visible_to)
        self.announce(Change("whispered", message.channel))

    def react(self, message: Message, user: str, name: str, *, is_added: bool) -> None:
        reactions: list[Json] = copy.deepcopy(message.raw.get("reactions") or [])
        entry = next((r for r in reactions if r["name"] == name), None)
        if entry is None:
            entry = {"name": name, "users": [], "count": 0}
            reactions.append(entry)
        entry["users"] = [*entry["users"], user] if is_added else [u for u in entry["users"] if u != user]
        entry["count"] = len(entry["users"])
        kept = [r for r in reactions if r["count"]]
        self._messages[message.channel][message.ts] = Message(message.channel, {**message.raw, "reactions": kept})
        kind = "reaction_added" if is_added else "reaction_removed"
        self.announce(Change(kind, message.channel, message, details={"user": user, "reaction": name}))
