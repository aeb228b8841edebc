"""Takes secrets out of text before a model, a channel, a store or a log sees it.

``Redacted`` is the only text those sinks accept, and only a ``Redactor`` makes one. Rules come in three kinds: the
bot's own secrets by value, shapes that vendors publish for their tokens, and context (``password=…``, ``Bearer …``).
"""

import copy
import hashlib
import hmac
import json
import math
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from safety.detection.line import RuleFault
from safety.detection.marks import Marks, is_mask, mask
from safety.detection.names import names_a_secret
from safety.detection.passage import Open, Passage
from safety.detection.rule import Span, automaton, merged
from safety.detection.spellings import spellings
from safety.detection.values import is_placeholder
from safety.withheld import LINES, WITHHELD, Withheld

_SEAL = object()


class Redacted(str):
    """Text that went through the rules. Made only in ``safety``: anything else raises ``TypeError``."""

    __slots__ = ()

    def __new__(cls, value: str, seal: object = None) -> "Redacted":
        if seal is not _SEAL:
            raise TypeError("Redacted text is made by a Redactor, never directly")
        return super().__new__(cls, value)

    # str.__reduce_ex__ would call __new__ without the seal; copies share the immutable text instead.
    def __copy__(self) -> "Redacted":
        return self

    def __deepcopy__(self, _memo: object) -> "Redacted":
        return self

    def clip(self, limit: int) -> "Redacted":
        """At most ``limit`` characters; what was cut is said. Safe because the text is already redacted."""
        if len(self) <= limit:
            return self
        return Redacted(f"{self[: max(0, limit - 1)]}…", _SEAL)

    def shorten(self, limit: int) -> "Redacted":
        """At most ``limit`` characters, beginning and end kept: a long message often says last why it failed."""
        if len(self) <= limit or limit < 3:
            return self.clip(limit)
        head = (limit - 1) // 3
        return Redacted(f"{self[:head]}…{self[len(self) - (limit - 1 - head) :]}", _SEAL)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Python callers must hand over ``Redacted``; text that comes from JSON goes through the general rules."""
        from_json = core_schema.no_info_after_validator_function(_GENERAL.text, core_schema.str_schema())
        return core_schema.json_or_python_schema(
            json_schema=from_json,
            python_schema=core_schema.is_instance_schema(Redacted),
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
        )


@final
class RedactedJson(Redacted):
    """A JSON document all of whose strings went through the rules."""

    __slots__ = ()


def seal(cls: type[Redacted], value: str) -> Redacted:
    """For ``safety.untrusted`` alone: its wrappers are composed of redacted parts and fixed templates."""
    return cls(value, _SEAL)


def stored(text: str) -> Redacted:
    """Text that comes back out of our own store. For the store adapter alone.

    Sound because the store's columns take only ``Redacted``: what comes out went through the rules when it went in.
    Running them again could only hide that somebody else wrote to the file.
    """
    return Redacted(text, _SEAL)


def stored_json(text: str) -> RedactedJson:
    """JSON that comes back out of our own store, as it is: the audit chain is checked on its very characters."""
    return RedactedJson(text, _SEAL)


_MAX_DEPTH = 64
# Of the lines of a key, those that are a mask and nothing else say no more than the one before.
_MORE_OF_A_KEY = re.compile(r"(?<=\])((?:\r?\n[ \t]*\[PEM:[0-9a-f]{4}\][ \t]*(?=\r?\n))+)")
_PROCESS_KEY = secrets.token_bytes(32)


class Redactor:
    """The one choke point. ``own_secrets`` are values this process holds itself; they go wherever they turn up."""

    def __init__(
        self, own_secrets: Iterable[str] = (), key: bytes | None = None, withheld: Withheld = WITHHELD
    ) -> None:
        """``key`` (at least 16 bytes) makes the masks. Without one it is drawn from the secrets, so that masks outlive
        a restart, and without secrets at random. ``withheld`` counts what a fault kept back.
        """
        self._withheld = withheld
        self._secrets = frozenset(each for each in own_secrets if len(each) >= 6)
        self._own = automaton((form, None) for form in spellings(self._secrets)) if self._secrets else None
        self._key = key or (_key_from(self._secrets) if self._secrets else _PROCESS_KEY)

    def learning(self, values: Iterable[str]) -> "Redactor":
        """The same, and values that were found to be secret go too, wherever they turn up."""
        return Redactor(self._secrets | set(values), self._key, self._withheld)

    def within(self, incident: str) -> "Redactor":
        """The same with the masks of one incident: equal in it for equal values, also after a restart, and not to be
        linked to those of another.
        """
        made = copy.copy(self)
        made._key = hmac.digest(self._key, f"incident\0{incident}".encode(errors="replace"), hashlib.sha256)
        return made

    def holds_own(self, text: str) -> bool:
        """Whether a secret that is known by value stands in the text, in any spelling."""
        return self._own is not None and next(self._own.iter(text), None) is not None

    def text(self, value: str) -> Redacted:
        """Redact one text. Idempotent: what is already redacted comes back unchanged."""
        if isinstance(value, Redacted):
            return self._without_own(value)
        shown = "\n".join(self._shown(value.split("\n"), Open()))
        if "[PEM:" in shown:
            shown = _MORE_OF_A_KEY.sub("", shown)
        return Redacted(shown, _SEAL)

    def lines(self, lines: Sequence[str], state: Open) -> list[Redacted]:
        """As many lines as were given. ``state`` is what is still open from the lines before; it is brought up to date.

        Whatever goes wrong inside, no line comes out that was not looked through: all of them are withheld.
        """
        return [Redacted(each, _SEAL) for each in self._shown(lines, state)]

    def _shown(self, lines: Sequence[str], state: Open) -> list[str]:
        has_returns = any(each.endswith("\r") for each in lines)
        marks = Marks(self._key)
        try:
            taken = marks.taken_up_all([each.removesuffix("\r") for each in lines] if has_returns else lines)
            shown = marks.shown_all(Passage(self._own, marks, self._withheld).run(taken, state))
        except RuleFault as fault:
            self._withheld.note(str(fault))
            shown = [mask("WITHHELD", each, self._key) for each in lines]
        except Exception:  # noqa: BLE001 - a fault of a rule must not let a secret through, nor stop an incident's flow
            self._withheld.note(LINES)
            shown = [mask("WITHHELD", each, self._key) for each in lines]
        if not has_returns:
            return shown
        return [each + "\r" if was.endswith("\r") else each for each, was in zip(shown, lines, strict=True)]

    def tree(self, value: Any, depth: int = 0) -> Any:
        """The same structure with every string redacted; the value under a key such as ``password`` goes whole.

        What JSON has no word for becomes redacted text.
        """
        if depth > _MAX_DEPTH:
            return self._masked("WITHHELD", "")
        match value:
            case None | bool() | int():
                return value
            case float():
                return value if math.isfinite(value) else self.text(str(value))
            case Mapping():
                return self._members(value, depth)
            case list() | tuple() | set() | frozenset():
                return [self.tree(each, depth + 1) for each in value]
            case bytes():
                return self.text(value.decode(errors="replace"))
            case _:
                return self.text(value if isinstance(value, str) else str(value))

    def json(self, value: Any) -> RedactedJson:
        """A redacted tree as one JSON text with sorted keys."""
        return RedactedJson(json.dumps(self.tree(value), sort_keys=True, ensure_ascii=False), _SEAL)

    def _members(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        # A Kubernetes Secret may call its keys anything, and {"name": "DB_PASSWORD", "value": …} names its own value.
        is_secret = value.get("kind") == "Secret"
        named = isinstance(value.get("name"), str) and names_a_secret(value["name"])
        members: dict[str, Any] = {}
        for key, each in value.items():
            name = str(key)
            hidden = (
                names_a_secret(name)
                or (is_secret and name in ("data", "stringData", "annotations"))
                or (named and name == "value")
            )
            if is_secret and name == "metadata" and isinstance(each, Mapping):
                each = {**each, "annotations": None}
            members[str(self.text(name))] = (
                self._hidden(each, name, depth + 1) if hidden else self.tree(each, depth + 1)
            )
        return members

    def _hidden(self, value: Any, key: str, depth: int) -> Any:
        """Everything under a secret's key, its structure kept so that a reader still sees what was there."""
        if depth > _MAX_DEPTH:
            return self._masked("WITHHELD", "")
        match value:
            case None | bool() | "":
                return value
            case int() | float() if key.lower().endswith("tokens"):
                return value  # a count: input_tokens, max_tokens
            case Mapping():
                return {
                    str(self.text(str(name))): self._hidden(each, str(name), depth + 1) for name, each in value.items()
                }
            case list() | tuple() | set() | frozenset():
                return [self._hidden(each, key, depth + 1) for each in value]
            case str() if is_placeholder(value) or is_mask(value):
                return self.text(value)
            case _:
                return self._masked("SECRET", str(value))

    def _masked(self, kind: str, value: str) -> Redacted:
        return Redacted(mask(kind, value, self._key), _SEAL)

    def _without_own(self, value: Redacted) -> Redacted:
        """Text that another redactor made (one that does not know our secrets) keeps its kind and loses them."""
        if self._own is None or not self.holds_own(value):
            return value
        spans = merged(Span(end + 1 - size, end + 1, "OWN_SECRET") for end, (size, _) in self._own.iter(value))
        pieces, done = [], 0
        for each in spans:
            pieces += [value[done : each.start], mask(each.kind, value[each.start : each.end], self._key)]
            done = each.end
        return type(value)("".join([*pieces, value[done:]]), _SEAL)


def _key_from(known: frozenset[str]) -> bytes:
    return hashlib.sha256("\0".join(["ask-claude/masks", *sorted(known)]).encode(errors="replace")).digest()


_GENERAL = Redactor()
