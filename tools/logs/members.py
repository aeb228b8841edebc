"""One line of a log whose parts have names, a JSON object or logfmt: which part is the level, the time, the text.

Every logger calls them otherwise. Where no usual name is found, a part is taken for what it looks like.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tools.logs.levels import level_of
from tools.logs.reading import Level
from tools.logs.stamps import moment_of

MOST = 4_000
_PARTS = 4
_LEVEL_KEYS = ("level", "severity", "lvl", "levelname", "loglevel", "log.level", "log_level", "LogLevel", "@l", "Level")
_LEVEL_LIKE = re.compile(r"(?i)(?:.*(?:level|lvl|lev|severity|sev|prio).*|lv|l|s|type|kind)$")
_TIME_KEYS = (
    "ts",
    "time",
    "timestamp",
    "@timestamp",
    "@t",
    "t",
    "asctime",
    "date",
    "datetime",
    "eventTime",
    "Timestamp",
)
_TEXT_KEYS = ("msg", "message", "event", "@m", "@mt", "Message", "short_message", "log", "body", "RenderedMessage")
_TEXT_LIKE = re.compile(r"(?i)(?:m|text|txt|what|note|summary|title|content|info|action|detail|details|description)$")
_FAULT_KEYS = (
    "error",
    "err",
    "exception",
    "@x",
    "exc_info",
    "error.message",
    "cause",
    "reason",
    "Exception",
    "exc",
    "errorVerbose",
)
_FAULT_LIKE = re.compile(
    r"(?i).*(?:err(?:or)?s?|exc(?:eption)?|fault|cause|reason|why|fail(?:ure)?|problem|trace|stack)(?:[_.]?(?:msg|"
    r"message|text|detail|details))?$"
)
# Where a call went to, in a member of its own; never a name that may be the program's own, such as "host".
_WHERE_KEYS = (
    *("url", "upstream", "uri", "endpoint", "peer", "target", "upstream_host", "upstream_cluster", "dependency"),
    *("broker", "peer.service", "net.peer.name", "server.address", "db.host", "req.url"),
)
_STACK_KEYS = (
    "stack",
    "stacktrace",
    "stack_trace",
    "stackTrace",
    "error.stack_trace",
    "error.stack",
    "traceback",
    "attr",
)
_HOLE = re.compile(r"\{[@$]?(?P<name>[A-Za-z_][\w.]{0,60})(?:[,:][^{}]{1,30})?\}")
_LOGFMT_LEVEL = re.compile(r"(?<![\w.])(?:level|lvl|lev|severity|sev|loglevel|prio)=\"?(?P<level>[A-Za-z]{1,11})\b")
_LOGFMT_TIME = re.compile(r"(?<![\w.])(?:time|ts|t|timestamp|at|when|date)=\"?(?P<at>[^\"\s]{8,40}(?: [\d:.]{8,18})?)")
_LOGFMT_TEXT = re.compile(
    r"(?<![\w.])(?:msg|message|what|text|note|event|err|error|reason|cause|why|detail|details|\w{1,20}_?err(?:or)?|"
    r"err(?:or)?_\w{1,20}|exception|fault|problem)="
    r"(?:\"(?P<quoted>(?:[^\"\\]|\\.){0,1500})\"|(?P<bare>[^\s\"]{1,500}))"
)
_LOGFMT_WHERE = re.compile(
    r"(?<![\w.])(?P<key>url|upstream|uri|endpoint|peer|target|dependency|broker|server|addr|address|remote|backend|"
    r"where|db|dst|dest|destination)=\"?(?P<value>[^\s\"]{1,200})"
)
# Fewer may be a sentence with an assignment in it.
_FEWEST_PAIRS = 4


@dataclass(frozen=True, slots=True)
class Parts:
    """What a line with named parts says; ``level`` and ``at`` where it tells them."""

    message: str
    level: Level | None
    at: datetime | None


def of_json(raw: str, now: datetime | None) -> Parts | None:
    """A logger's JSON object; None for text that is none, and for a body that was only printed."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    is_usual = any(key in found for key in (*_TEXT_KEYS, *_LEVEL_KEYS, "error", "err"))
    level, at = _level(found), _time(found, now)
    if not is_usual and level is None:
        return None
    parts = list(dict.fromkeys(each for each in (*_texts(found), *_faults(found)) if each))[:_PARTS]
    if level is not None and level >= Level.WARN:
        parts += [each for each in _sentences(found) if not any(each in one for one in parts)]
    message = ": ".join(parts[:_PARTS])
    if level is not None and level >= Level.WARN:
        message += _where(found, message)
    return Parts(message[:MOST], level, at)


def _level(found: Mapping[str, Any]) -> Level | None:
    known = next((level for key in _LEVEL_KEYS if (level := level_of(_inner(found, key))) is not None), None)
    if known is not None:
        return known
    like = (value for key, value in found.items() if _LEVEL_LIKE.match(key))
    return next((level for value in like if (level := level_of(value)) is not None), None)


def _time(found: Mapping[str, Any], now: datetime | None) -> datetime | None:
    known = next((at for key in _TIME_KEYS if (at := moment_of(_inner(found, key), now)) is not None), None)
    if known is not None:
        return known
    whole = (value for value in found.values() if isinstance(value, str) and len(value) >= len("2006-01-02 15:04:05"))
    return next((at for value in whole if value[:4].isdigit() and (at := moment_of(value, now)) is not None), None)


def _texts(found: Mapping[str, Any]) -> Iterator[str]:
    known = [said for key in _TEXT_KEYS if (said := _said(found.get(key)))]
    if not known:
        known = [said for key, value in found.items() if _TEXT_LIKE.match(key) and (said := _said(value))]
    if not known:
        # Of a logger that nobody knows: what reads like a sentence.
        known = list(_sentences(found))
    return (_filled(each, found) for each in known)


def _sentences(found: Mapping[str, Any]) -> Iterator[str]:
    return (value for value in found.values() if isinstance(value, str) and value.count(" ") > 1)


def _filled(text: str, found: Mapping[str, Any]) -> str:
    """A message template with the members that it names put in, as Serilog and others leave to the reader."""

    def put(hole: re.Match[str]) -> str:
        value = found.get(hole["name"])
        return str(value)[:200] if isinstance(value, str | int | float) else hole[0]

    return _HOLE.sub(put, text) if "{" in text else text


def _faults(found: Mapping[str, Any]) -> Iterator[str]:
    for key in (*_FAULT_KEYS, *_STACK_KEYS):
        yield _said(_inner(found, key))
    for key, value in found.items():
        if key not in _FAULT_KEYS and key not in _STACK_KEYS and _FAULT_LIKE.match(key):
            yield _said(value)


def _where(found: Mapping[str, Any], message: str) -> str:
    """What the line was about, where its text does not say so; a path alone names nobody."""
    told = {key: value for key in _WHERE_KEYS if isinstance(value := _inner(found, key), str) and value}
    # A member of whatever name that is an address with a port, or a URL, says where as well.
    told |= {key: value for key, value in found.items() if isinstance(value, str) and _PLACE.fullmatch(value)}
    named = [f" ({key} {value[:200]})" for key, value in told.items() if value not in message and value[0] != "/"]
    return "".join(named[:2])


_PLACE = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/]{1,200}(?:/\S{0,200})?|[a-z0-9][a-z0-9.-]{2,200}[a-z0-9]:\d{2,5}")


def _inner(found: Mapping[str, Any], key: str) -> object:
    if key in found or "." not in key:
        return found.get(key)
    outer, _, rest = key.partition(".")
    inner = found.get(outer)
    return inner.get(rest) if isinstance(inner, dict) else None


_OF_AN_ERROR = ("type", "name", "code", "message", "msg", "error", "errmsg", "url", "stack", "stacktrace")


def _said(value: object) -> str:
    """A member as text: of an error object its type, message and stack, or whatever texts it has."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        keys = [each for each in _OF_AN_ERROR if value.get(each)] or list(value)[:8]
        inner = [value[key] for key in keys]
        texts = (each if isinstance(each, str) else _said(each) for each in inner if each)
        return ": ".join(each for each in texts if each)[:MOST]
    return ""


def of_logfmt(text: str, now: datetime | None) -> Parts | None:
    """A line of ``key=value`` that has a level; its message is the whole rest where no part is called a text."""
    found = _LOGFMT_LEVEL.search(text, 0, 400)
    if found is None:
        return None
    parts = [each["quoted"] or each["bare"] or "" for each in _LOGFMT_TEXT.finditer(text)]
    stamp = _LOGFMT_TIME.search(text, 0, 400)
    at = moment_of(stamp["at"], now) if stamp else None
    level = level_of(found["level"])
    if not parts and text.count("=") < _FEWEST_PAIRS:
        return None
    message = ": ".join(parts).replace('\\"', '"') or text[found.end() :].strip()
    if level is not None and level >= Level.WARN:
        named = [(each["key"], each["value"]) for each in _LOGFMT_WHERE.finditer(text)]
        message += "".join([f" ({key} {value})" for key, value in named if value not in message][:2])
    return Parts(message, level, at)
