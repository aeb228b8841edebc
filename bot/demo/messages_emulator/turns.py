"""What the emulator can be told to answer: replies made of content blocks, errors, and streams that break."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """A text block."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call; without an id the emulator gives it one."""

    name: str
    input: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Thinking:
    """A thinking block; the emulator signs it and insists on getting it back as it was."""

    thinking: str = ""


@dataclass(frozen=True, slots=True)
class Redacted:
    """Thinking nobody may read; it has to come back as it was, too."""


Block = Text | ToolUse | Thinking | Redacted


@dataclass(frozen=True, slots=True, init=False)
class Reply:
    """A reply. Without a stop reason it is ``tool_use`` when a tool is called, else ``end_turn``."""

    blocks: tuple[Block, ...]
    stop_reason: str | None
    category: str | None

    def __init__(self, *blocks: Block | str, stop_reason: str | None = None, category: str | None = None) -> None:
        made = tuple(Text(each) if isinstance(each, str) else each for each in blocks)
        calls = any(isinstance(each, ToolUse) for each in made)
        object.__setattr__(self, "blocks", made)
        object.__setattr__(self, "stop_reason", stop_reason or ("tool_use" if calls else "end_turn"))
        object.__setattr__(self, "category", category)


def Refuse(category: str = "cyber") -> Reply:  # noqa: N802 - reads like the records beside it
    """The model declines; nothing is written."""
    return Reply(stop_reason="refusal", category=category)


def Pause(*blocks: Block | str) -> Reply:  # noqa: N802
    """A long turn that wants to be sent back and go on."""
    return Reply(*blocks, stop_reason="pause_turn")


class Damage(StrEnum):
    """How a stream goes wrong after it began."""

    DROPPED = "the connection closes in the middle of a chunk"
    TRUNCATED = "the stream ends in good order, but without message_stop and stop reason"
    CORRUPT = "a chunk holds broken JSON"
    ERROR_EVENT = "an error event comes instead of the rest"
    STALLED = "nothing comes any more"
    SLOW_START = "the headers come, but not the first event"
    EMPTY = "the stream holds nothing at all"
    OUT_OF_ORDER = "a delta comes for a block that never began"


@dataclass(frozen=True, slots=True)
class Broken:
    """A reply whose stream is damaged after ``after`` pieces of its text."""

    damage: Damage
    reply: Reply = Reply("It begins well and then")
    after: int = 2
    error_type: str = "overloaded_error"


@dataclass(frozen=True, slots=True)
class HttpError:
    """An answer that is no reply. ``error_type`` None answers a body that is not the API's, as a proxy does."""

    status: int
    error_type: str | None
    message: str = "scripted"
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The connection closes before anything is answered."""


Turn = Reply | Broken | HttpError | NoAnswer

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error(status: int, message: str = "scripted", **headers: str) -> HttpError:
    """The API's error for a status; headers are written with underscores: ``retry_after="1"``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpError(status, _TYPES.get(status, "api_error"), message, named)


def overloaded() -> HttpError:
    """529: too much to do for everybody."""
    return error(529, "Overloaded")


def rate_limited(retry_after: str) -> HttpError:
    """429 with the time to wait."""
    return error(429, "Too many requests", retry_after=retry_after)
