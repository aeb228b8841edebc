"""Takes secrets out of text before a model, a channel, a store or a log sees it.

``Redacted`` is the only text those sinks accept, and only a ``Redactor`` makes one. Rules come in three kinds: the
bot's own secrets by value, shapes that vendors publish for their tokens, and context (``password=…``, ``Bearer …``).
"""

import base64
import json
import re
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from typing import Any, final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

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


def _masked(kind: str) -> str:
    return f"[{kind}:redacted]"


# Each rule: a cheap keyword that must occur (lower case), the pattern, and what replaces the match.
# A group named "secret" is what goes; without it the whole match goes.
_Rule = tuple[tuple[str, ...], re.Pattern[str], str]

_PLACEHOLDER = re.compile(
    r"^(\*+|x{3,}|<[^>]*>|\$\{[^}]*\}|\$\([^)]*\)|\$[A-Z_]+|\{\{.*\}\}|\[[\w-]+:redacted\]|(?i:none|null|true|false|redacted|\[redacted\]))$"
)
_KEYS = (
    r"(?:[\w.-]*(?:password|passwd|passphrase|secret(?![-_]?(?:name|ref|key-?ref))|api[-_]?key|access[-_]?key|private[-_]?key"
    r"|auth[-_]?token|access[-_]?token|refresh[-_]?token|session[-_]?token|client[-_]?secret|credential|token)[\w-]*|pwd|pgpassword)"
)
RULES: tuple[tuple[str, _Rule], ...] = (
    ("PEM", (("-----begin",), re.compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:(?!-----END)[\s\S]){0,20000}(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)"), "")),
    ("BEARER", (("bearer", "basic", "token "), re.compile(
        r"(?i)\b(?:authorization\s*[:=]\s*[\"']?(?:bearer|basic|token)|bearer)\s+(?P<secret>[A-Za-z0-9._~+/=-]{8,})"), "")),
    ("SLACK", (("xox", "xapp-"), re.compile(r"\b(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{8,}"), "")),
    ("SLACK_WEBHOOK", (("hooks.slack.com",), re.compile(r"hooks\.slack\.com/(?P<secret>[A-Za-z]+/[A-Za-z0-9/_-]{8,})"), "")),
    ("ANTHROPIC", (("sk-ant-",), re.compile(r"\bsk-ant-[A-Za-z0-9_-]{8,}"), "")),
    ("API_KEY", (("sk-", "sk_", "rk_"), re.compile(r"\b(?:sk-(?:proj-)?[A-Za-z0-9_-]{20,}|[sr]k_(?:live|test)_[A-Za-z0-9]{10,})"), "")),
    ("GITHUB", (("gh", "github_pat_"), re.compile(r"\b(?:gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,})"), "")),
    ("GITLAB", (("glpat-",), re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"), "")),
    ("AWS_KEY", (("akia", "asia"), re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), "")),
    ("GOOGLE", (("aiza", "ya29."), re.compile(r"\b(?:AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,})"), "")),
    ("NPM", (("npm_",), re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"), "")),
    ("PYPI", (("pypi-",), re.compile(r"\bpypi-[A-Za-z0-9_-]{50,}"), "")),
    ("JWT", (("eyj",), re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}"), "")),
    ("URL_PASSWORD", (("://",), re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"']{0,128}:(?P<secret>[^\s/@\"']{1,256})@"), "")),
    ("COOKIE", (("cookie",), re.compile(r"(?i)\b(?:set-)?cookie\s*[:=]\s*[\"']?(?P<secret>[^\s\"'][^\r\n\"']{6,})"), "")),
    ("SECRET", (("pass", "pwd", "secret", "key", "token", "credential"), re.compile(
        rf"(?i)(?<![\w]){_KEYS}[\"']?\s*(?::=|=>|[:=])\s*(?:(?P<quote>\\?[\"'])(?P<quoted>.{{1,512}}?)(?P=quote)|(?P<secret>[^\s,;&\"'\\)}}\]]{{1,512}}))"), "")),
)  # fmt: skip

_SECRET_KEY = re.compile(rf"(?i)^{_KEYS}$")


def _replacement(kind: str) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        groups = match.groupdict()
        name = next((each for each in ("secret", "quoted") if groups.get(each) is not None), None)
        if name is None:
            return _masked(kind)
        if _PLACEHOLDER.match(groups[name]):
            return match[0]
        start, end = match.start(name) - match.start(), match.end(name) - match.start()
        return match[0][:start] + _masked(kind) + match[0][end:]

    return replace


_COMPILED = tuple((keywords, pattern, _replacement(kind)) for kind, (keywords, pattern, _) in RULES)


def _spellings(secret: str) -> set[str]:
    """A secret as it may appear: raw, URL-encoded, base64 (without its padding), and in the middle of longer base64."""
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, urllib.parse.quote(secret, safe=""), encoded, json.dumps(secret)[1:-1]}


class Redactor:
    """The one choke point. ``own_secrets`` are values this process holds itself; they go wherever they turn up."""

    def __init__(self, own_secrets: Iterable[str] = ()) -> None:
        spelled = {form for secret in own_secrets if len(secret) >= 6 for form in _spellings(secret)}
        longest_first = sorted(spelled, key=len, reverse=True)
        self._own = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, value: str) -> Redacted:
        """Redact one text. Idempotent: what is already redacted comes back unchanged."""
        if isinstance(value, Redacted):
            return value
        if self._own is not None:
            value = self._own.sub(_masked("OWN_SECRET"), value)
        lowered = value.lower()
        for keywords, pattern, replace in _COMPILED:
            if any(each in lowered for each in keywords):
                value = pattern.sub(replace, value)
        return Redacted(value, _SEAL)

    def tree(self, value: Any) -> Any:
        """The same structure with every string redacted; the value under a key such as ``password`` goes whole."""
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {str(self.text(str(key))): self._member(str(key), each) for key, each in value.items()}
            case list() | tuple():
                return [self.tree(each) for each in value]
            case _:
                return value

    def json(self, value: Any) -> RedactedJson:
        """A redacted tree as one JSON text with sorted keys."""
        return RedactedJson(json.dumps(self.tree(value), sort_keys=True, ensure_ascii=False, default=str), _SEAL)

    def _member(self, key: str, value: Any) -> Any:
        if isinstance(value, str) and _SECRET_KEY.match(key) and value and not _PLACEHOLDER.match(value):
            return Redacted(_masked("SECRET"), _SEAL)
        return self.tree(value)


_GENERAL = Redactor()
