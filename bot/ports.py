"""What the flows need from outside: a language model, a chat, people, a clock. Adapters carry vendor names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.domain import Exchange, IncidentReport, Usage
from bot.messages import Message
from bot.runbooks import Runbook
from safety.redaction import Redacted
from tools.evidence import SeenObject


class Clock(Protocol):
    """Time, so that tests can hold it still."""

    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...


# ---- the language model -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it; ``input_schema`` is JSON Schema."""

    name: str
    description: str
    input_schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool the model wants run, with the arguments it wrote (unchecked)."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The answer to one call. Every call gets one, refused and failed ones too (``is_error``)."""

    call_id: str
    name: str
    content: Redacted
    is_error: bool = False


class Stop(StrEnum):
    """Why a reply ended."""

    END = "end"
    TOOLS = "tools"
    LENGTH = "length"
    PAUSED = "paused"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ModelReply:
    """One reply. ``blocks`` are the vendor's content blocks verbatim, to be sent back unchanged within one question.

    ``prompt_sha256`` is the hash of the whole request that was answered, ``None`` where nothing was sent anywhere.
    """

    text: str
    calls: tuple[ToolCall, ...]
    stop: Stop
    usage: Usage
    blocks: tuple[Mapping[str, Any], ...] = ()
    refusal: str | None = None
    prompt_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A reply that asked for tools, and what they answered, in the order they were asked for."""

    reply: ModelReply
    results: tuple[ToolResult, ...]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """All a model is told for one reply: the evidence pack, the talk so far, the question, and the steps already taken.

    ``first`` marks the analysis of the pack (no tools); later questions carry ``tools``. ``findings_shown`` says that
    the people have the first findings before them, so that an analysis adds to them instead of repeating them.
    ``final`` asks for an answer with what is at hand: ``tools`` still describes what earlier steps used, but none may
    be called any more. ``form`` is the JSON Schema that the answer should keep to; whoever asks checks it.
    ``runbook`` is the team's own for such an incident.
    """

    report: IncidentReport
    objects: tuple[SeenObject, ...]
    question: Redacted
    history: tuple[Exchange, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    steps: tuple[Step, ...] = ()
    first: bool = False
    findings_shown: bool = False
    final: bool = False
    summary: Redacted | None = None
    form: Mapping[str, Any] | None = None
    runbook: Runbook | None = None


class StreamSink(Protocol):
    """Hears a reply while it is written. The pieces are raw: whoever shows them redacts them first."""

    def text(self, piece: str) -> None: ...

    def restart(self) -> None:
        """The reply broke off and is asked for again: forget every piece heard so far."""


class ModelFault(Exception):
    """The model gave no usable reply; the message is for people. ``retryable`` says whether trying again may help."""

    def __init__(self, message: str, *, kind: str, retryable: bool) -> None:
        super().__init__(message)
        self.kind = kind
        self.retryable = retryable


class LanguageModel(Protocol):
    """Whatever writes the analysis. ``connected`` is False for the stand-in that needs no network and no key."""

    @property
    def name(self) -> str: ...

    @property
    def connected(self) -> bool: ...

    async def reply(self, request: ModelRequest, sink: StreamSink | None = None) -> ModelReply:
        """One reply. ``sink`` hears it as it arrives. Raises ``ModelFault`` only; retries of one call are inside."""


# ---- the chat -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes: a channel, or a thread in it."""

    team: str
    channel: str
    thread_ts: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message ready to send: the plain text for notifications, and Block Kit blocks (dicts of redacted strings)."""

    text: Redacted
    blocks: tuple[Mapping[str, Any], ...] = ()


class ChatFault(Exception):
    """The chat refused for good (not invited, channel gone, message gone …); ``code`` is the chat's own error word."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Saying:
    """A message on its way. The key names it for ever: said again, it replaces what stands in the chat."""

    key: str
    place: Place
    message: Rendered
    user: str | None = None


class Chat(Protocol):
    """Says things in the chat. All goes through an outbox and is keyed: the same key never stands there twice."""

    def compose(self, message: Message) -> Rendered:
        """How a message looks, within every limit of the chat."""

    async def say(self, key: str, place: Place, message: Message) -> str:
        """Post once per key, or replace what the key posted; answers the message's ts. Raises ``ChatFault``."""

    async def progress(self, key: str, place: Place, message: Message) -> None:
        """Like ``say`` for intermediate states: dropped when the last is too fresh or the same, and never raises."""

    async def soon(self, key: str, place: Place, message: Message) -> None:
        """Like ``say`` for what changes often: seconds apart, the newest is shown in the end, and it never raises."""

    async def whisper(self, key: str, place: Place, user: str, message: Message) -> None:
        """Show something to one person only; falls back to a direct message where that is impossible."""

    async def deliver(self, key: str) -> str | None:
        """Send what a store's transaction put in the outbox; None when the chat refused it for good."""


class People(Protocol):
    """Who is who. All raise ``ChatFault`` when the chat cannot be asked; whoever asks takes that as a no."""

    async def is_active_human(self, user: str, team: str) -> bool:
        """A member of this team who is neither gone, a guest, a bot nor from elsewhere."""

    async def members(self, group: str) -> Sequence[str]:
        """User ids of a group."""

    async def in_channel(self, channel: str) -> Sequence[str]:
        """User ids of a channel's members, a thousand at most."""
