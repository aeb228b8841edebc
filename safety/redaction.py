"""Takes secrets out of text before a model, a channel, a store or a log sees it.

``Redacted`` is the only text those sinks accept, and only a ``Redactor`` makes one. Rules come in three kinds: the
bot's own secrets by value, shapes that vendors publish for their tokens, and context (``password=…``, ``Bearer …``).
"""

import base64
import json
import math
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any, final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from safety.secret_shapes import (
    BASE64,
    MARK_FIRST,
    MARKS,
    PARTS,
    PEM_END,
    PLACEHOLDER,
    SECRET_KEY,
    SHAPES,
    Shape,
    decoded_text,
)

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


RULES = SHAPES
_KINDS = tuple(dict.fromkeys(("OWN_SECRET", "BASE64", "WITHHELD", *(each.kind for each in RULES))))
_MARK = {kind: chr(MARK_FIRST + at) for at, kind in enumerate(_KINDS)}
_MASK = {mark: f"[{kind}:redacted]" for kind, mark in _MARK.items()}
_A_MASK = re.compile(rf"\[({'|'.join(_KINDS)}):redacted\]")
_A_MARK = re.compile(f"[{''.join(_MASK)}]")
# Our marks must not come from outside; half a surrogate pair and NUL are text that no store or socket takes.
_UNWANTED = re.compile(f"[{MARKS}\ud800-\udfff\x00]")
_MAX_PASSES = 8
_MAX_DEPTH = 64
_PEM_LINE = re.compile(r"[A-Za-z0-9+/=]{32,80}")
_PEM_LAST_LINE = re.compile(r"[A-Za-z0-9+/=]{0,80}")


def names_a_secret(name: str) -> bool:
    """Whether what stands under this name is to be kept secret, such as ``DB_PASSWORD``."""
    return SECRET_KEY.fullmatch(name) is not None


class Redactor:
    """The one choke point. ``own_secrets`` are values this process holds itself; they go wherever they turn up."""

    def __init__(self, own_secrets: Iterable[str] = ()) -> None:
        self._secrets = frozenset(each for each in own_secrets if len(each) >= 6)
        spelled = {form for secret in self._secrets for form in _spellings(secret)}
        self._own = tuple(sorted(spelled, key=lambda form: (-len(form), form)))

    def learning(self, values: Iterable[str]) -> "Redactor":
        """The same, and values that were found to be secret go too, wherever they turn up."""
        return Redactor(self._secrets | set(values))

    def text(self, value: str) -> Redacted:
        """Redact one text. Idempotent: what is already redacted comes back unchanged."""
        if isinstance(value, Redacted):
            return self._without_own(value)
        marked = _A_MASK.sub(lambda match: _MARK[match[1]], _UNWANTED.sub("\ufffd", value))
        marked = self._settled(marked)
        return Redacted(_A_MARK.sub(lambda match: _MASK[match[0]], marked), _SEAL)

    def tree(self, value: Any, depth: int = 0) -> Any:
        """The same structure with every string redacted; the value under a key such as ``password`` goes whole.

        What JSON has no word for becomes redacted text.
        """
        if depth > _MAX_DEPTH:
            return _masked("WITHHELD")
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
        named = isinstance(value.get("name"), str) and SECRET_KEY.fullmatch(value["name"]) is not None
        members: dict[str, Any] = {}
        for key, each in value.items():
            name = str(key)
            hidden = (
                SECRET_KEY.fullmatch(name) is not None
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
            return _masked("WITHHELD")
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
            case str() if PLACEHOLDER.fullmatch(value) or _A_MASK.fullmatch(value):
                return self.text(value)
            case _:
                return _masked("SECRET")

    def _without_own(self, value: Redacted) -> Redacted:
        """Text that another redactor made (one that does not know our secrets) keeps its kind and loses them."""
        if not any(form in value for form in self._own):
            return value
        marked = _A_MASK.sub(lambda match: _MARK[match[1]], value)
        return type(value)(_A_MARK.sub(lambda match: _MASK[match[0]], self._own_gone(marked)), _SEAL)

    def _own_gone(self, marked: str) -> str:
        for form in self._own:
            if form in marked:
                marked = marked.replace(form, _MARK["OWN_SECRET"])
        return marked

    def _settled(self, marked: str) -> str:
        """Run the rules until they find nothing more, so that a second run over the result changes nothing."""
        for _ in range(_MAX_PASSES):
            after = self._one_pass(marked)
            if after == marked:
                return after
            marked = after
        return _MARK["WITHHELD"]

    def _one_pass(self, marked: str) -> str:
        marked = _cut_pem_gone(_shapes_gone(self._own_gone(marked)))
        return BASE64.sub(self._blob, marked)

    def _blob(self, match: re.Match[str]) -> str:
        """Base64 is looked into once: a secret does not become harmless by being encoded."""
        inside = decoded_text(match[0])
        if inside is None or _shapes_gone(self._own_gone(inside)) == inside:
            return match[0]
        return _MARK["BASE64"]


def _masked(kind: str) -> Redacted:
    return Redacted(f"[{kind}:redacted]", _SEAL)


def _shapes_gone(marked: str) -> str:
    lowered = marked.lower()
    for shape in RULES:
        if any(each in lowered for each in shape.keywords):
            marked = shape.pattern.sub(lambda match, shape=shape: _replaced(match, shape), marked)  # type: ignore[misc]
    return marked


def _replaced(match: re.Match[str], shape: Shape) -> str:
    groups = match.groupdict()
    part: str | int = next((each for each in PARTS if groups.get(each) is not None), 0)
    if shape.spares is not None and shape.spares(match, match[part]):
        return match[0]
    start, end = match.start(part) - match.start(), match.end(part) - match.start()
    return match[0][:start] + _MARK[shape.kind] + match[0][end:]


def _cut_pem_gone(marked: str) -> str:
    """The end of a private key whose beginning was cut off, as in the tail of a log."""
    if "-----END" not in marked:
        return marked
    kept: list[str] = []
    done = 0
    for match in PEM_END.finditer(marked):
        pieces = re.split(r"((?:\s|\\[nr])+)", marked[done : match.start()])
        line = _PEM_LAST_LINE
        while len(pieces) > 1 and (not pieces[-1] or line.fullmatch(pieces[-1])):
            line = _PEM_LINE if pieces[-1] else line
            del pieces[-2:]
        kept += [*pieces, _MARK["PEM"]]
        done = match.end()
    return "".join([*kept, marked[done:]])


def _spellings(secret: str) -> set[str]:
    """A secret as it may appear: raw, URL-encoded, in JSON, in hex, and anywhere inside longer base64."""
    quoted = urllib.parse.quote(secret, safe="")
    lower_hex = re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), quoted)
    in_json = json.dumps(secret)[1:-1]
    for_html = in_json.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    hexed = secret.encode().hex()
    forms = {secret, quoted, lower_hex, urllib.parse.quote_plus(secret), in_json, for_html, hexed, hexed.upper()}
    forms |= {json.dumps(secret, ensure_ascii=False)[1:-1]}
    forms |= {line for line in secret.splitlines() if len(line) >= 20 and not line.startswith("-----")}
    for offset in range(3):
        # Three bytes make four characters: what the neighbours of the secret do not touch is the same in any text.
        raw = b"\0" * offset + secret.encode()
        encoded = base64.b64encode(raw).decode()[(0, 2, 3)[offset] : len(raw) * 8 // 6]
        forms |= {encoded, encoded.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= 6}


_GENERAL = Redactor()
