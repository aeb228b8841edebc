"""One line of a log: its time, its level and what is left of it, in the forms that loggers write."""

import re
from dataclasses import dataclass
from datetime import datetime

from tools.logs.levels import level_of
from tools.logs.members import of_json, of_logfmt
from tools.logs.reading import Level
from tools.logs.stamps import access_moment, klog_moment, moment_of, stamp_at_head

MAX_LINE = 2_000
MAX_JSON = 32_000

_UPPER = (
    "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|CRIT|FATAL|PANIC|EMERG|ALERT|ERR|WRN|INF|DBG|FTL|LOG|"
    "FEHLER|WARNUNG|HINWEIS|ERREUR|AVERTISSEMENT|ERRORE|AVVISO|ERRO|AVISO|ADVERTENCIA|FOUT|WAARSCHUWING|FEL|VARNING|"
    "BŁĄD|ОШИБКА|KRITISCH|CRITIQUE|CRÍTICO|CRITICO"
)
_CAPITAL = re.compile(rf"(?<![\w./=\"'<-])(?P<level>{_UPPER})(?P<after>[\]:|>,) \t]|\[\d|/[A-Z]\w|$)")
_LOWER = (
    "trace|debug|info|notice|warn|warning|error|err|crit|critical|fatal|panic|emerg|alert|note|system|"
    "fehler|warnung|erreur|avertissement|errore|avviso|erro|aviso|fout|fel"
)
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
_RUBY = re.compile(
    r"(?P<level>[DIWEFA]), \[(?P<at>[\d:.T-]{19,26}Z?)(?: ?#\d{1,9})?\]\s{1,3}[A-Z]{3,7} -- [^:]{0,80}: "
)
_REDIS = re.compile(r"\d{1,9}:[MSCX] \d\d \w{3} (?:\d{4} )?[\d:.]{8,12} (?P<level>[.*#-]) ")
_LOGRUS = re.compile(r"(?P<level>DEBU|INFO|WARN|ERRO|FATA|PANI)\[\d{1,10}\] ")
_THREADS = re.compile(r"(?:\s{0,4}(?:\[[^\[\]]{0,80}\]|\d{1,9}(?= )|#\d{1,9}:?|---|-(?= )|\|)){1,6}\s{0,4}")
_LOGGER = re.compile(r"(?:[\w$]{1,40}[.:/]){1,12}[\w$\[\]/]{1,60}(?:\.\w{1,5}:\d{1,6})?\s{0,30}(?:(?::|-|\]:)\s|\t)")
_NAMES_A_FAULT = re.compile(r"(?:Error|Exception)\W{1,4}$")
_PROCESS = re.compile(r"^/[A-Za-z][\w-]{0,40}\]")
_SYSLOG_TAG = re.compile(r"[\w.-]{1,64} [\w./-]{1,48}(?:\[\d{1,9}\])?: ")
_REDIS_LEVELS = {".": Level.DEBUG, "-": Level.DEBUG, "*": Level.INFO, "#": Level.WARN}


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


def _from_json(raw: str, now: datetime | None) -> Line | None:
    found = of_json(raw, now)
    return Line(raw.strip()[:MAX_LINE], found.message, found.level, found.at, True) if found else None


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
    found = of_logfmt(text, now)
    return Line(text, found.message, found.level, found.at, True) if found else None


def _plain(text: str, now: datetime | None) -> Line:
    at, end = stamp_at_head(text, now)
    rest = text[end:].lstrip(" ]|-,:\t") if end else text
    level, after = _level_in_head(rest)
    message = _without_names(rest[after:]) if end or level is not None else text
    if end and level is None:
        tag = _SYSLOG_TAG.match(rest) if text[:3].isalpha() else None
        message = rest[tag.end() :] if tag else message
    asked_at = access_moment(text) if at is None and level is None else None
    is_header = bool(end) or asked_at is not None or (level is not None and not text[:1].isspace())
    at = at or asked_at
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
