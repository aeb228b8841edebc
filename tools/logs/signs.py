"""Finds signs in entries, counts those that say the same, and judges whether they still stand."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tools.logs.client_rules import CLIENTS
from tools.logs.dependency_rules import DATABASES, REACH, TRUST
from tools.logs.program_rules import ENDS, SURROUNDINGS
from tools.logs.progress import Progress, families
from tools.logs.reading import Entry, Level, Sign, SignKind, clip
from tools.logs.rules import Rule, address_in, name_in
from tools.logs.setting_rules import SETTINGS
from tools.logs.tongues import in_english
from tools.logs.uncaught import uncaught_in

RULES = (*REACH, *TRUST, *DATABASES, *CLIENTS, *SURROUNDINGS, *SETTINGS, *ENDS)
MOST_SIGNS = 200
MOST_LINES = 40
MOST_MATCHES = 4
_FRAME = re.compile(
    r"\s{0,12}(?:at [\w$.<>/@ ]{1,300}\(|at (?:async )?(?:/|file:|node:)|File \"|from /|\.{3} \d|#\d{1,4} |\^|"
    r"goroutine \d|\t(?!details = |debug_error))"
)
# Words about a fault that say there is none, or what would be done about one.
_MENTION = re.compile(
    r"(?<!\w)(?:errors?|failures?|failed|timeouts?|retries|refused|dropped)[\"']?[=:] ?\"?0\b(?!\.\d)|\b(?:no|0|zero|"
    r"without(?: any)?) (?:\w{1,20} )?(?:errors?|failures?|failed|timeouts?|warnings?|problems?)\b|"
    r"\btimeout (?:is |was )?(?:set|configured|changed) (?:to|at|as)\b|\b(?:will|would) (?:be )?retr(?:y|ied) (?:on|"
    r"if|when)\b|\bretry policy\b|\bif (?:the )?connection\b.{0,60}\b(?:refused|reset|fails)|(?:\w|-)timeout[=:] ?\d",
    re.IGNORECASE,
)
_RETRIES = re.compile(
    r"\b(?:retry(?:ing)?|retries left|will (?:try|retry|reconnect)|try(?:ing)? again|reconnect(?:ing)?|attempt "
    r"\d{1,4}|backing off|back-?off|falling back|fallback|using cached|ignor(?:ed|ing)|skipp(?:ed|ing))\b",
    re.IGNORECASE,
)
_NEVER_A_FAULT = frozenset({SignKind.SHUTDOWN})
# A kind on the left says less than any on the right when both are in one entry.
_SAYS_LESS = {
    SignKind.CERTIFICATE_INVALID: {SignKind.CERTIFICATE_EXPIRED},
    SignKind.MISSING_FILE: {SignKind.CANNOT_EXECUTE},
    SignKind.SLOW: {SignKind.CONNECTION_TIMEOUT, SignKind.TOO_MANY_CONNECTIONS, SignKind.LOCK_TIMEOUT},
    SignKind.CONNECTION_REFUSED: {SignKind.DNS_FAILURE, SignKind.AUTHENTICATION_FAILED},
    SignKind.CONNECTION_TIMEOUT: {
        *(SignKind.DNS_FAILURE, SignKind.TOO_MANY_CONNECTIONS, SignKind.CONNECTION_REFUSED, SignKind.PROTOCOL_MISMATCH),
        *(SignKind.AUTHENTICATION_FAILED, SignKind.CERTIFICATE_EXPIRED, SignKind.CERTIFICATE_INVALID),
    },
    SignKind.READ_ONLY: {SignKind.PERMISSION_DENIED},
    SignKind.CONNECTION_RESET: {SignKind.PROTOCOL_MISMATCH},
    SignKind.UPSTREAM_ERROR: {
        *(SignKind.PROBE_FAILED, SignKind.CONNECTION_REFUSED, SignKind.CONNECTION_TIMEOUT, SignKind.DNS_FAILURE),
        *(SignKind.PROTOCOL_MISMATCH, SignKind.CERTIFICATE_EXPIRED),
    },
    SignKind.BAD_CONFIG: {SignKind.MISSING_VARIABLE, SignKind.MISSING_FILE, SignKind.MISSING_MODULE},
    SignKind.ACCESS_FORBIDDEN: {SignKind.AUTHENTICATION_FAILED, SignKind.PERMISSION_DENIED},
    SignKind.PERMISSION_DENIED: {SignKind.CANNOT_EXECUTE},
    SignKind.AUTHENTICATION_FAILED: {SignKind.CERTIFICATE_EXPIRED},
}
# A request that this program answered: its status says nothing about what the program depends on.
_ANSWERED = re.compile(
    r"\"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S{1,500} HTTP/|\b(?:path|uri)=\"?/|"
    r"^(?:\S{1,40} )?(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /"
)
_OF_ANSWERS = frozenset(
    {
        SignKind.AUTHENTICATION_FAILED,
        SignKind.ACCESS_FORBIDDEN,
        SignKind.RATE_LIMITED,
        SignKind.UPSTREAM_ERROR,
    }
)


@dataclass(frozen=True, slots=True)
class _Hit:
    kind: SignKind
    line: str
    told: Level
    target: str | None
    details: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Counted:
    sign: Sign
    retries: bool


def signs_of(entries: Sequence[Entry], progress: Progress) -> tuple[Sign, ...]:
    """The signs of a log in the order in which they were first seen, alike ones once."""
    counted: dict[tuple[SignKind, str | None, bool], _Counted] = {}
    known: dict[tuple[str, str], tuple[_Hit, ...]] = {}
    for entry in entries:
        if entry.level <= Level.DEBUG:
            continue
        key = (entry.message, entry.text) if "\n" in entry.text else (entry.message, "")
        if key not in known:
            known[key] = tuple(_hits(entry))
        for hit in known[key]:
            _count(counted, hit, entry, entry.number >= progress.run_began)
    return tuple(_judged(each, progress) for each in counted.values())


def _count(
    counted: dict[tuple[SignKind, str | None, bool], _Counted], hit: _Hit, entry: Entry, is_last_run: bool
) -> None:
    retries = _RETRIES.search(entry.message) is not None
    level = entry.level if entry.is_level_told else _untold(hit, entry, retries)
    before = counted.get((hit.kind, hit.target, is_last_run))
    if before is not None:
        sign = before.sign
        before.retries = retries
        before.sign = replace(
            sign,
            count=sign.count + 1,
            level=max(sign.level, level),
            last_number=entry.number,
            first_at=sign.first_at or entry.at,
            last_at=entry.at or sign.last_at,
        )
    elif len(counted) < MOST_SIGNS:
        sign = Sign(
            hit.kind, hit.line, 1, level, entry.number, entry.number, entry.at, entry.at, hit.target, hit.details,
            is_last_run,
        )  # fmt: skip
        counted[(hit.kind, hit.target, is_last_run)] = _Counted(sign, retries)


def _untold(hit: _Hit, entry: Entry, retries: bool) -> Level:
    """The level of a line that says none: what its sign usually is, and a warning where it is tried again."""
    if hit.kind in _NEVER_A_FAULT or entry.level > Level.ERROR:
        return max(hit.told, entry.level) if hit.kind not in _NEVER_A_FAULT else hit.told
    return min(hit.told, Level.WARN) if retries else hit.told


def _judged(counted: _Counted, progress: Progress) -> Sign:
    sign = counted.sign
    recovered = progress.works_again(sign.last_number, sign.target, families(sign.line), counted.retries)
    return replace(sign, recovered=recovered and sign.kind not in _NEVER_A_FAULT)


def _hits(entry: Entry) -> Iterator[_Hit]:
    """At most one sign of a kind and target for an entry, and none that only repeats another in weaker words."""
    found: dict[tuple[SignKind, str | None], _Hit] = {}
    head = clip(entry.headline)
    for line in _lines(entry):
        if _MENTION.search(line) is not None and entry.level < Level.FATAL:
            continue
        for hit in _hits_of_line(in_english(line)):
            shown = head if line in entry.message else clip(line)
            found.setdefault((hit.kind, hit.target), replace(hit, line=shown))
    uncaught = uncaught_in(entry)
    if uncaught is not None:
        found[(SignKind.UNCAUGHT, uncaught[0])] = _Hit(
            SignKind.UNCAUGHT, clip(entry.headline), Level.ERROR, uncaught[0], uncaught[1]
        )
    kinds = {kind for kind, _ in found}
    named = {kind for kind, target in found if target is not None}
    for (kind, target), hit in found.items():
        if not _SAYS_LESS.get(kind, set()) & kinds and (target is not None or kind not in named):
            yield hit


def _lines(entry: Entry) -> Iterator[str]:
    """What an entry says, without the frames of its trace."""
    yield from [each[:2_000] for each in entry.message.splitlines()[:MOST_LINES] if not _FRAME.match(each)]
    said = [each for each in entry.text.splitlines()[1:] if not _FRAME.match(each)]
    before = ""
    for each in (*said[: MOST_LINES // 2], *said[MOST_LINES // 2 :][-MOST_LINES:]):
        # Pydantic names the field on the line before.
        line = f"{before} {each.strip()}" if each.strip().lower().startswith("field required") else each.strip()
        yield line[:2_000]
        before = each.strip()


def _hits_of_line(line: str) -> Iterator[_Hit]:
    lowered = line.lower()
    answered = _ANSWERED.search(line) is not None
    for rule in RULES:
        if (answered and rule.kind in _OF_ANSWERS) or not any(word in lowered for word in rule.words):
            continue
        hit = _hit(rule, line)
        if hit is not None:
            yield hit


def _hit(rule: Rule, line: str) -> _Hit | None:
    matches = list(itertools.islice(rule.pattern.finditer(line), MOST_MATCHES))
    if not matches:
        return None
    # The words may stand twice, and only once with what they are about.
    match = next((each for each in matches if _names_a_target(each)), matches[0])
    groups = {name.rstrip("0123456789"): value for name, value in match.groupdict().items() if value}
    target = groups.pop("target", None)
    if target is None and rule.reaches:
        target = address_in(line) or groups.get("user")
    if target is None and rule.kind is SignKind.DNS_FAILURE:
        target = name_in(line)
    details = tuple(sorted({**rule.details, **groups}.items()))
    return _Hit(rule.kind, clip(line), rule.told, _trimmed(target), details)


def _names_a_target(match: re.Match[str]) -> bool:
    return any(value for name, value in match.groupdict().items() if name.startswith("target"))


def _trimmed(target: str | None) -> str | None:
    return (target.strip(" .,'\"`\\") or None) if target else None
