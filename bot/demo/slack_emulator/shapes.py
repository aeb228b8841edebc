"""The things a Slack workspace is made of: people, channels, monitors, messages and views."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Json = dict[str, Any]
Clock = Callable[[], datetime]
ChannelKind = Literal["channel", "group", "im", "mpim"]

# The manifest's scopes and events name a kind of channel in the plural.
SCOPE_PREFIX: dict[ChannelKind, str] = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


def utc_now() -> datetime:
    """The time of this machine; tests pass a clock of their own."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class User:
    """A member of the workspace: a person, or the user an app posts as.

    With a `team_id` of another workspace it is somebody met in a channel shared by Slack Connect; a guest
    belongs to this one and sees a few channels of it.
    """

    id: str
    name: str
    real_name: str
    bot_id: str | None = None
    title: str = ""
    email: str = ""
    team_id: str | None = None
    is_guest: bool = False


@dataclass(slots=True)
class Channel:
    """A public channel, a private one (group), a direct message (im) or one of several people (mpim).

    `is_shared` means shared with another workspace, by Slack Connect.
    """

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    kind: ChannelKind = "channel"
    topic: str = ""
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A named set of people, such as those on call."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Monitor:
    """A program that posts alerts.

    Without a `user_id` it posts through an incoming webhook (subtype bot_message, no user); with one
    it posts with a bot token of its own (user, bot_id, app_id and bot_profile, no subtype).
    """

    name: str
    bot_id: str
    channel: str
    hook: str
    user_id: str | None = None
    app_id: str = "A0MONITOR"


@dataclass(frozen=True, slots=True)
class App:
    """The app under test, as it is installed in the workspace."""

    id: str = "A0DEMO"
    name: str = "ask-claude"
    bot_id: str = "B0BOT"
    user_id: str = "U0BOT"
    bot_token: str = "xoxb-demo-bot"
    app_token: str = "xapp-demo-app"


def _default_users() -> list[User]:
    return [
        User("U0BOB", "bob", "Bob Example", title="Developer"),
        User("U0ALICE", "alice", "Alice Example", title="On call"),
    ]


def _default_channels() -> list[Channel]:
    people = {"U0ALICE", "U0BOB"}
    return [
        Channel("C0INCIDENTS", "incidents", people | {"U0BOT"}, topic="Ask here when something is on fire"),
        Channel("C0ALERTS", "alerts", people | {"U0BOT"}, topic="What the monitors say"),
        Channel("C0RANDOM", "random", set(people), topic="Everything else"),
    ]


def _default_groups() -> list[UserGroup]:
    return [UserGroup("S0ONCALL", "oncall", "On call", ("U0ALICE",))]


def _default_monitors() -> list[Monitor]:
    return [Monitor("Alertmanager", "B0ALERT", "C0ALERTS", "demo")]


@dataclass(slots=True)
class Workspace:
    """What exists before anything happens; a test adds what it needs and hands it to the emulator."""

    team_id: str = "T0DEMO"
    name: str = "Demo"
    domain: str = "demo"
    app: App = field(default_factory=App)
    users: list[User] = field(default_factory=_default_users)
    channels: list[Channel] = field(default_factory=_default_channels)
    groups: list[UserGroup] = field(default_factory=_default_groups)
    monitors: list[Monitor] = field(default_factory=_default_monitors)


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it stands now; `raw` is what the Web API would give. An edit makes a new one."""

    channel: str
    raw: Json
    visible_to: str | None = None

    @property
    def ts(self) -> str:
        return str(self.raw["ts"])

    @property
    def text(self) -> str:
        return str(self.raw.get("text") or "")

    @property
    def user(self) -> str | None:
        return self.raw.get("user")

    @property
    def bot_id(self) -> str | None:
        return self.raw.get("bot_id")

    @property
    def subtype(self) -> str | None:
        return self.raw.get("subtype")

    @property
    def thread_ts(self) -> str | None:
        return self.raw.get("thread_ts")

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def blocks(self) -> list[Json]:
        return list(self.raw.get("blocks") or [])

    @property
    def attachments(self) -> list[Json]:
        return list(self.raw.get("attachments") or [])

    @property
    def metadata(self) -> Json | None:
        return self.raw.get("metadata")


@dataclass(frozen=True, slots=True)
class View:
    """A modal somebody has open, or the Home tab somebody sees."""

    user: str
    raw: Json

    @property
    def id(self) -> str:
        return str(self.raw["id"])

    @property
    def callback_id(self) -> str:
        return str(self.raw.get("callback_id") or "")

    @property
    def blocks(self) -> list[Json]:
        return list(self.raw.get("blocks") or [])


@dataclass(frozen=True, slots=True)
class Change:
    """Something happened in the workspace; the event feed, the page and waiting tests look at these."""

    kind: str
    channel: str = ""
    message: Message | None = None
    previous: Message | None = None
    details: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command, a click or a submitted form: was it acknowledged, with what, what the person saw."""

    is_acked: bool
    ack: Json | None = None
    shown: str | None = None
    confirm: Json | None = None
    errors: Json | None = None
