"""Requests that a program says it answered: with which status, how long that took, and whom it waited for. Pure."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from tools.logs.reading import Answered, Entry
from tools.logs.stamps import stamp_at_head

MOST_ANSWERS = 5_000
_WIDTH = 1_000
_METHOD = r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)"
_STATUS = re.compile(
    r"\" (?P<access>[1-5]\d\d) (?:\d|-)|"
    r"\b(?:(?:http_?|response_?|resp_?|downstream)?status(?:_?code)?|code|(?:http|response|resp)_code|sc)"
    r"[\"']?\s?[=:]\s?[\"']?(?P<named>[1-5]\d\d)\b|"
    rf"{_METHOD} /\S{{0,300}}(?: HTTP/[\d.]{{1,3}})?\"? ?(?:->|=>|→|-|:|returned|responded|status|in)? ?"
    r"(?P<plain>[1-5]\d\d)\b(?! ?(?:ms|s|µs|us)\b)|"
    r"\b(?:Completed|HTTP(?:/[\d.]{1,3})?|[Rr]espon(?:ded|se)(?: with)?|[Rr]eturn(?:ed|ing)|[Aa]nswer(?:ed|ing)"
    r"(?: with)?|[Ff]inished(?: with)?|[Ss]ent) (?:an? )?(?P<said>[1-5]\d\d)\b(?! ?(?:ms|s|bytes|rows|items)\b)"
)
_CALLED = re.compile(r"(?i)grpc[._]code[\"']?\s?[=:]\s?[\"']?(?P<word>[a-z_]{2,20})")
_CODES = {
    **{"ok": 200, "unavailable": 503, "internal": 500, "unknown": 500, "resourceexhausted": 429},
    **{"deadlineexceeded": 504, "notfound": 404, "invalidargument": 400},
}
_IS_REQUEST = re.compile(
    rf"{_METHOD} |(?i:\b(?:path|uri|route|url|request|req|http|grpc|method|handler|rejecting|limiter)\b)|\bCompleted \d"
)
# A call of somebody else is no answer of this program.
_CALLS_OUT = re.compile(rf"{_METHOD} [a-z]{{2,8}}://|(?i:\b(?:upstream|backend) (?:returned|answered|responded))")
_PROBE = re.compile(
    r"[ \"=]/(?:[\w.-]{1,40}/){0,3}(?:-/)?(?:health\w{0,8}|ready\w{0,4}|livez?|liveness|readiness|ping|metrics|up)"
    r"(?=[\s\"?,]|$)"
)
_KEYED = re.compile(
    r"(?<![\w.-])[\"']?(?P<label>[A-Za-z_][\w.-]{0,48})[\"']?\s?[=:]\s?[\"']?(?P<value>\d{1,12}(?:\.\d{1,9})?)\s?"
    r"(?P<unit>ns|us|µs|ms|s|sec|seconds)?(?![\w.:/-])"
)
_SPOKEN = re.compile(
    r"(?<![\w.-])(?P<label>[A-Za-z][\w./-]{0,48}(?: [A-Za-z][\w./-]{0,48})?) (?P<value>\d{1,9}(?:\.\d{1,9})?) ?"
    r"(?P<unit>ms|s|sec|seconds)\b"
)
# What comes behind: "7.1 s waiting for ledger".
_BEHIND = re.compile(
    r"(?<![\w.-])(?P<value>\d{1,9}(?:\.\d{1,9})?) ?(?P<unit>ms|s|sec|seconds) "
    r"(?:(?P<waits>waiting|waited|spent|blocked) )?(?:for|on|in|at|by) (?:the )?(?P<label>[A-Za-z][\w.-]{0,48})"
)
_BARE = re.compile(r"[ (](?P<value>\d{1,9}(?:\.\d{1,9})?) ?(?P<unit>ms|s|us|µs)(?![\w/])")
_TIMINGS = re.compile(
    r"\"(?:timings?|durations?|spans|latenc(?:y|ies)|times)(?:_?(?P<unit>ms|s))?\":\s?\{(?P<inside>[^{}]{1,300})\}"
)
_TIMING = re.compile(r"\"(?P<label>[A-Za-z_][\w.-]{0,48})\":\s?(?P<value>\d{1,9}(?:\.\d{1,9})?)")
_STAMP = re.compile(r"\[(?=\d\d?/[A-Z][a-z]{2}/\d{4}:)")
_UNITS = {"ns": 1e-6, "us": 0.001, "µs": 0.001, "ms": 1.0, "s": 1000.0, "sec": 1000.0, "seconds": 1000.0}
_UNIT_AT_END = re.compile(
    r"(?:[_.-]|(?<=[a-z]))(?P<unit>ns|us|ms|s|sec|secs|seconds|millis|milliseconds|micros|nanos|Ms|Millis|Seconds)$"
)
_LONG_UNITS = {
    **{"secs": "s", "millis": "ms", "milliseconds": "ms", "micros": "us", "nanos": "ns"},
    **{"Ms": "ms", "Millis": "ms", "Seconds": "s"},
}
# What some servers write without a unit.
_KNOWN_UNITS = {
    **{"rt": "s", "urt": "s", "uct": "s", "uht": "s", "request_time": "s", "upstream_response_time": "s"},
    **{"Duration": "ns", "OriginDuration": "ns", "Overhead": "ns", "responseTime": "ms", "response_time": "ms"},
    **{"took": "ms", "elapsed": "ms"},
}
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_WHOLE = frozenset(
    {
        "in",
        "took",
        "total",
        "duration",
        "dur",
        "elapsed",
        "latency",
        "rt",
        "request",
        "response",
        "time",
        "cost",
        "spent",
    }
    | {"overall", "lat", "resptime", "reqtime", "ok", "done", "finished", "completed", "served", "after"}
)
_ELSEWHERE = frozenset(
    {
        "upstream",
        "backend",
        "origin",
        "downstream",
        "db",
        "database",
        "sql",
        "query",
        "queries",
        "activerecord",
        "redis",
    }
    | {"cache", "mongo", "mongodb", "postgres", "pg", "mysql", "elastic", "external", "remote", "client", "dependency"}
    | {"dep", "provider", "partner", "rpc", "grpc", "urt", "wait", "waiting", "waited", "fetch", "peer", "kafka", "orm"}
    | {"outbound", "ext", "thirdparty", "repo", "jdbc", "store"}
)
_OWN = frozenset(
    {"own", "self", "render", "view", "views", "app", "cpu", "handler", "compute", "local", "serialize", "serialise"}
    | {"overhead", "code", "parse", "encode", "decode", "template", "here", "internal"}
)
_NO_SPAN = frozenset(
    {"threshold", "timeout", "limit", "budget", "max", "min", "interval", "backoff", "every", "ttl", "age"}
    | {
        "uptime",
        "retry",
        "slo",
        "target",
        "deadline",
        "allocations",
        "p50",
        "p90",
        "p95",
        "p99",
        "avg",
        "mean",
        "delay",
    }
)


def answered_in(entries: Sequence[Entry]) -> tuple[Answered, ...]:
    """What the entries tell of requests that were answered, of health checks nothing, in the log's order."""
    found = (one for each in entries[-MOST_ANSWERS:] if (one := _answer(each)) is not None)
    return tuple(found)


def _answer(entry: Entry) -> Answered | None:
    line = entry.first_line[:_WIDTH]
    if _PROBE.search(line) or _CALLS_OUT.search(line):
        return None
    status = _status(line)
    spans = list(_spans(line))
    took = max((value for words, value in spans if words and words <= _WHOLE), default=None)
    waited = _waited(spans, took)
    if status is None and waited is None:
        return None
    bare = _BARE.search(line) if took is None else None
    took = float(bare["value"]) * _UNITS[bare["unit"]] if bare is not None else took
    return Answered(entry.number, entry.at or _stamp(line), status, took, *(waited or (None, None)))


def _stamp(line: str) -> datetime | None:
    """The time in an access log, which begins with who asked."""
    found = _STAMP.search(line)
    return stamp_at_head(line[found.start() :], None)[0] if found is not None else None


def _status(line: str) -> int | None:
    called = _CALLED.search(line)
    if called is not None:
        return _CODES.get(called["word"].lower().replace("_", ""))
    if _IS_REQUEST.search(line) is None and '" ' not in line:
        return None
    found = _STATUS.search(line)
    return int(next(each for each in found.groups() if each)) if found is not None else None


def _spans(line: str) -> Iterator[tuple[frozenset[str], float]]:
    """Every length of time that a line names: the words it is named with, and milliseconds."""
    for found in _KEYED.finditer(line):
        label, unit = _with_unit(found["label"], found["unit"])
        if unit is not None:
            yield _words(label), float(found["value"]) * _UNITS[unit]
    for held in _TIMINGS.finditer(line):
        yield frozenset({"own"}), 0.0
        for found in _TIMING.finditer(held["inside"]):
            yield _words(found["label"]), float(found["value"]) * _UNITS[held["unit"] or "ms"]
    for found in (*_SPOKEN.finditer(line), *_BEHIND.finditer(line)):
        waits = {"waiting"} if found.groupdict().get("waits") else set()
        yield _words(found["label"]) | waits, float(found["value"]) * _UNITS[found["unit"]]


def _with_unit(label: str, unit: str | None) -> tuple[str, str | None]:
    """A name without the unit at its end, and the unit: the one behind the value, in the name, or known."""
    if unit is not None or label in _KNOWN_UNITS:
        return label, unit or _KNOWN_UNITS[label]
    if label in ("ms", "s"):
        return "time", label
    at_end = _UNIT_AT_END.search(label)
    return (label[: at_end.start()], _LONG_UNITS.get(at_end["unit"], at_end["unit"])) if at_end else (label, None)


def _words(label: str) -> frozenset[str]:
    return frozenset(each.lower() for each in _WORD.findall(label))


def _waited(spans: list[tuple[frozenset[str], float]], took: float | None) -> tuple[str, float] | None:
    """Whom it waited for longest and how long, where a line takes the whole apart."""
    if took is None:
        return None
    parts = [
        (words, value)
        for words, value in spans
        if words and not words <= _WHOLE and not words & (_OWN | _NO_SPAN) and value <= 1.02 * took
    ]
    is_split = any(words & _OWN for words, _ in spans)
    named = [each for each in parts if is_split or each[0] & _ELSEWHERE]
    words, value = max(named, key=lambda each: each[1], default=(frozenset(), 0.0))
    name = " ".join(sorted(words - _WHOLE - _ELSEWHERE)) or " ".join(sorted(words & _ELSEWHERE))
    return (name, value) if words else None
