"""What every shape of API has in common: what is wrong with a request, a reply, its stream, an error."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.demo.messages_emulator.turns import HttpError, Reply

JsonObject = dict[str, Any]
Check = Callable[[JsonObject], str | None]


@dataclass(frozen=True, slots=True)
class Frame:
    """One server-sent event; ``piece`` if it carries a part of the reply."""

    data: bytes
    piece: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is not a stream."""

    status: int
    text: str
    headers: Mapping[str, str]
    content_type: str = "application/json"


class Door(Protocol):
    """One API: it judges requests and shapes answers."""

    def fault(self, headers: Mapping[str, str], body: JsonObject) -> HttpError | None:
        """What is wrong with a request, if anything."""

    def at_once(self, body: JsonObject) -> Reply | None:
        """The reply to a request that no model has to see."""

    def message(self, body: JsonObject, reply: Reply) -> JsonObject:
        """A whole reply."""

    def frames(self, body: JsonObject, message: JsonObject) -> Iterator[Frame]:
        """The same as a stream."""

    def error(self, fault: HttpError) -> Answer:
        """An answer that is no reply."""

    def error_frame(self, error_type: str) -> bytes:
        """An error in the middle of a stream."""

    def stray_frame(self) -> bytes:
        """A piece of something that never began."""

    def headers(self) -> dict[str, str]:
        """The headers of every answer."""


class Ids:
    """Numbers for everything that needs one."""

    def __init__(self) -> None:
        self._count = itertools.count(1)

    def __call__(self, prefix: str) -> str:
        return f"{prefix}{next(self._count):04}"


def bearer(headers: Mapping[str, str], key: str) -> bool:
    """Whether a request carries the key."""
    return headers.get("Authorization") == f"Bearer {key}"


def plain(fault: HttpError, headers: Mapping[str, str]) -> Answer:
    """A body that is not the API's, as a proxy writes it."""
    return Answer(fault.status, fault.message, {**headers, **fault.headers}, "text/html")


def encoded(value: Any) -> str:
    """JSON as it goes over the wire."""
    return json.dumps(value, ensure_ascii=False)
