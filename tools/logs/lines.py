"""One line of a log: its time, its level and what is left of it, in the forms that loggers write."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tools.logs.reading import Level
from tools.logs.stamps import klog_moment, moment_of, stamp_at_head

MAX_LINE = 2_000
MAX_JSON = 32_000

_LEVELS = {
    Level.DEBUG: "trace trc debug dbg debu dbug verbose verb fine finer finest d debug1 debug2 debug3 debug4 debug5",
    Level.INFO: "info inf information informational notice note log i normal status system ok hint detail statement "
    "context deprecated",
    Level.WARN: "warn warning wrn w",
    Level.ERROR: "error err eror erro severe e fail failure exception",
    Level.FATAL: "fatal ftl fata critical crit crt panic pan emerg emergency alert f c dpanic crash",
}
_LEVEL_OF = {word: level for level, words in _LEVELS.items() for word in words.split()}
# Bunyan and pino write 10 to 60, syslog's severities are 0 to 7 with the worst first.
_BUNYAN_LEVELS = ((60, Level.FATAL), (50, Level.ERROR), (40, Level.WARN), (30, Level.INFO), (10, Level.DEBUG))
_SYSLOG_LEVELS = (*[Level.FATAL] * 3, Level.ERROR, Level.WARN, Level.INFO, Level.INFO, Level.DEBUG)

_UPPER = (
    "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|CRIT|FATAL|PANIC|EMERG|ALERT|ERR|WRN|INF|DBG|FTL|LOG"
)
_CAPITAL = re.compile(rf"(?<![\w./=\"'<-])(?P<level>{_UPPER})(?P<after>[\]:|>,) \t]|\[\d|/[A-Z]\w|$)")
_LOWER = "trace|debug|info|notice|warn|warning|error|err|crit|critical|fatal|panic|emerg|alert|note|system"
_BRACKETED = re.compile(rf"[\[<(](?P<level>{_LOWER})[\]>)]", re.IGNORECASE)
_LEADING = re.compile(
    r"(?P<level>trace|debug|info|notice|warn|warning|error|crit|critical|fatal|panic|fail|dbug|err|trce)"
    r"(?:(?=: )|(?=:$)|(?=\t)|(?=\[\d)|(?=:\t)| ?\|)",
    re.IGNORECASE,
)
_COLORS = re.compile(r"\x1b\[[0-9;]{0,12}[A-Za-z]")
_UNPRINTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_KLOG = re.compile(
    r"(?P<level>[IWEF])(?P<day>\d{0,4})\s{1,3}(?:(?P<clock>[\d:.]{8,16})\s{1,8}\d{1,9}\s)?[\w.-]{1,80}:\d{1,6}\] "
)
_RUBY = re.compile(r"(?P<level>[DIWEFA]), \[(?P<at>[\d:.T-]{19,26}) #\d{1,9}\]\s{1,3}[A-Z]{3,7} -- [^:]{0,80}: ")
_REDIS = re.compile(r"\d{1,9}:[MSCX] \d\d \w{3} (?:\d{4} )?[\d:.]{8,12} (?P<level>[.*#-]) ")
_LOGFMT_LEVEL = re.compile(r"(?<![\w.])(?:level|lvl|severity)=\"?(?P<level>[A-Za-z]{1,11})\b")
_LOGFMT_TIME = re.compile(r"(?<![\w.])(?:time|ts|t|timestamp)=\"?(?P<at>[^\"\s]{8,40}(?: [\d:.]{8,18})?)")
_LOGFMT_TEXT = re.compile(
    r"(?<![\w.])(?:msg|message|err|error|reason|cause)=(?:\"(?P<quoted>(?:[^\"\\]|\\.){0,1500})\"|"
    r"(?P<bare>[^\s\"]{1,500}))"
)
_LOGRUS = re.compile(r"(?P<level>DEBU|INFO|WARN|ERRO|FATA|PANI)\[\d{1,10}\] ")
_THREADS = re.compile(r"(?:\s{0,4}(?:\[[^\[\]]{0,80}\]|\d{1,9}(?= )|#\d{1,9}:?|---|-(?= )|\|)){1,6}\s{0,4}")
_LOGGER = re.compile(r"(?:[\w$]{1,40}[.:/]){1,12}[\w$\[\]/]{1,60}(?:\.\w{1,5}:\d{1,6})?\s{0,30}(?:(?::|-|\]:)\s|\t)")
_NAMES_A_FAULT = re.compile(r"(?:Error|Exception)\W{1,4}$")
_PROCESS = re.compile(r"^/[A-Za-z][\w-]{0,40}\]")
_SYSLOG_TAG = re.compile(r"[\w.-]{1,64} [\w./-]{1,48}(?:\[\d{1,9}\])?: ")
_REDIS_LEVELS = {".": Level.DEBUG, "-": Level.DEBUG, "*": Level.INFO, "#": Level.WARN}
_LEVEL_KEYS = ("level", "severity", "lvl", "levelname", "loglevel", "log.level", "log_level", "LogLevel", "@l", "Level")
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


@dataclass(frozen=True, slots=True)
class Line:
    """``message`` is the line without its head. ``is_header``: it has a head, so it begins an entry."""

    text: str
    message: str
    level: Level | None
    at: datetime | None
    is_header: bool


def read_line(raw: str, now: datetime | None) -> Line:
    """Take one line apart. Total: what has no known form is a message without a head."""
    raw = _UNPRINTED.sub("", _COLORS.sub("", raw[:MAX_JSON]))
    if raw.startswith("{"):
        found = _from_json(raw, now)
        if found is not None:
            return found
    text = raw[:MAX_LINE].rstrip()
    for form in (_from_klog, _from_ruby, _from_redis, _from_logfmt):
        found = form(text, now)
        if found is not None:
            return found
    return _plain(text, now)


def level_of(word: object) -> Level | None:
    """A level by its name, or by its number as bunyan, pino and syslog count."""
    if isinstance(word, bool):
        return None
    if isinstance(word, int):
        if 0 <= word < len(_SYSLOG_LEVELS):
            return _SYSLOG_LEVELS[word]
        return next((level for least, level in _BUNYAN_LEVELS if word >= least), None)
    return _LEVEL_OF.get(word.strip().lower()) if isinstance(word, str) else None


def _from_json(raw: str, now: datetime | None) -> Line | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    # A body that is printed is an object too; a logger's has a text or a level.
    if not isinstance(found, dict) or not any(key in found for key in (*_TEXT_KEYS, *_LEVEL_KEYS, "error", "err")):
        return None
    # MongoDB calls the level s and the time t.
    level = next((level for key in (*_LEVEL_KEYS, "s") if (level := level_of(_inner(found, key))) is not None), None)
    at = next((at for key in _TIME_KEYS if (at := moment_of(_inner(found, key), now)) is not None), None)
    said = [_said(found.get(key)) for key in _TEXT_KEYS]
    faults = [_said(_inner(found, key)) for key in (*_FAULT_KEYS, *_STACK_KEYS)]
    parts = list(dict.fromkeys(each for each in [*said[:], *faults] if each))
    message = ": ".join(parts[:4])
    if level is not None and level >= Level.WARN:
        message += _where(found, message)
    return Line(raw.strip()[:MAX_LINE], message[: 2 * MAX_LINE], level, at, True)


def _where(found: dict[str, Any], message: str) -> str:
    """What the line was about, where its text does not say so; a path alone names nobody."""
    told = {key: value for key in _WHERE_KEYS if isinstance(value := _inner(found, key), str) and value}
    named = [f" ({key} {value[:200]})" for key, value in told.items() if value not in message and value[0] != "/"]
    return "".join(named[:2])


def _inner(found: dict[str, Any], key: str) -> object:
    if key in found or "." not in key:
        return found.get(key)
    outer, _, rest = key.partition(".")
    inner = found.get(outer)
    return inner.get(rest) if isinstance(inner, dict) else None


def _said(value: object) -> str:
    """A member as text: of an error object its type, message and stack."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        keys = ("type", "name", "code", "message", "msg", "error", "errmsg", "url", "stack", "stacktrace")
        inner = [value.get(key) for key in keys]
        return ": ".join(each if isinstance(each, str) else _said(each) for each in inner if each)[: 2 * MAX_LINE]
    return ""


def _from_klog(text: str, now: datetime | None) -> Line | None:
    found = _KLOG.match(text)
    if found is None:
        return None
    at = klog_moment(found["day"], found["clock"] or "", now)
    return Line(text, text[found.end() :], level_of(found["level"]), at, True)


def _from_ruby(text: str, now: datetime | None) -> Line | None:
    found = _RUBY.match(text)
    return found and Line(text, text[found.end() :], level_of(found["level"]), moment_of(found["at"], now), True)


def _from_redis(text: str, now: datetime | None) -> Line | None:
    found = _REDIS.match(text)
    if found is None:
        return None
    at, _ = stamp_at_head(text[text.index(" ") + 1 :], now)
    return Line(text, text[found.end() :], _REDIS_LEVELS[found["level"]], at, True)


def _from_logfmt(text: str, now: datetime | None) -> Line | None:
    found = _LOGFMT_LEVEL.search(text, 0, 400)
    if found is None or "=" not in text[: found.end()]:
        return None
    parts = [each["quoted"] or each["bare"] or "" for each in _LOGFMT_TEXT.finditer(text)]
    if not parts:
        return None
    stamp = _LOGFMT_TIME.search(text, 0, 400)
    at = moment_of(stamp["at"], now) if stamp else None
    return Line(text, ": ".join(parts).replace('\\"', '"'), level_of(found["level"]), at, True)


def _plain(text: str, now: datetime | None) -> Line:
    at, end = stamp_at_head(text, now)
    rest = text[end:].lstrip(" ]|-,:\t") if end else text
    level, after = _level_in_head(rest)
    message = _without_names(rest[after:]) if end or level is not None else text
    if end and level is None:
        tag = _SYSLOG_TAG.match(rest) if text[:3].isalpha() else None
        message = rest[tag.end() :] if tag else message
    is_header = bool(end) or (level is not None and not text[:1].isspace())
    return Line(text, message.strip() or rest.strip(), level, at, is_header)


def _level_in_head(rest: str) -> tuple[Level | None, int]:
    """A level near the beginning, and where what follows it begins."""
    head = rest[:120]
    start = _LEADING.match(head) or _LOGRUS.match(head)
    found = start or _earliest(_CAPITAL.search(head), _BRACKETED.search(head))
    if found is None:
        return None, 0
    # In "Connection closed: ERROR" the word is part of a sentence; before a level stand names, never sentences.
    if found.start() > 0 and not _is_names(head[: found.start()]):
        return None, 0
    return level_of(found["level"]), found.end("level")


def _earliest(*found: re.Match[str] | None) -> re.Match[str] | None:
    return min((each for each in found if each is not None), key=lambda each: each.start(), default=None)


def _is_names(before: str) -> bool:
    plain = _THREADS.sub(" ", before)
    return len(plain.split()) <= 3 and not plain.rstrip().endswith((".", "!", "?", "="))


def _without_names(message: str) -> str:
    """Without thread, process and logger, which stand between the level and what is said."""
    message = _PROCESS.sub("", message).lstrip("]>):|, \t")
    if message.startswith(("/", "[")) or message[:1].isdigit() or message.startswith(("-", "#")):
        threads = _THREADS.match(message)
        message = message[threads.end() :] if threads else message
    logger = _LOGGER.match(message)
    if logger is not None and "//" not in logger[0] and not _NAMES_A_FAULT.search(logger[0]):
        message = message[logger.end() :]
    return message.lstrip("]:|- \t")
