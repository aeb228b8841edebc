"""What the flows need from outside: a language model, a chat, stores, a clock. Plain nouns; adapters carry vendor names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.domain import Exchange, IncidentReport, Usage
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
    """One reply. ``blocks`` are the vendor's content blocks verbatim, to be sent back unchanged within one question."""

    text: str
    calls: tuple[ToolCall, ...]
    stop: Stop
    usage: Usage
    blocks: tuple[Mapping[str, Any], ...] = ()
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A reply that asked for tools, and what they answered, in the order they were asked for."""

    reply: ModelReply
    results: tuple[ToolResult, ...]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """All a model is told for one reply: the evidence pack, the talk so far, the question, and the steps already taken.

    ``first`` marks the analysis of the pack (no tools); later questions carry ``tools``. ``final`` asks for an answer
    with what is at hand, tools or not.
    """

    report: IncidentReport
    objects: tuple[SeenObject, ...]
    question: Redacted
    history: tuple[Exchange, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    steps: tuple[Step, ...] = ()
    first: bool = False
    final: bool = False
    summary: Redacted | None = None


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

    async def reply(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """One reply. ``on_text`` gets text as it arrives. Raises ``ModelFault`` only; retries of one call are inside."""


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


class Chat(Protocol):
    """Says things in the chat. Every call is durable (outbox) and keyed: the same key is never posted twice."""

    async def post(self, key: str, place: Place, message: Rendered) -> str:
        """Post once per key and answer the message's ts; a later call with the same key updates that message."""

    async def update(self, key: str, place: Place, ts: str, message: Rendered) -> None:
        """Replace a message."""

    async def whisper(self, key: str, place: Place, user: str, message: Rendered) -> None:
        """Show something to one person only; falls back to a direct message where that is impossible."""


class People(Protocol):
    """Who is who. Every answer fails closed: not known means no."""

    async def is_active_human(self, user: str, team: str) -> bool: ...

    async def members(self, group: str) -> Sequence[str]:
        """User ids of a group; raises ``ChatFault`` when it cannot be read."""
