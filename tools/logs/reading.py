"""What a log says, typed: entries, templates and signs; made by ``tools.logs.read.read_log``.

All text in here is a part of the text that was read: as redacted as that was, and always untrusted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

LINE_SHOWN = 400


class Level(IntEnum):
    """How bad a program says a line is; where it says nothing, judged by the line's words."""

    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40
    FATAL = 50


class SignKind(StrEnum):
    """What a line is a sign of. ``Sign.target`` holds what is named here in brackets; ``detail`` the rest.

    Reaching others:

    - ``connection_refused`` [``host:port`` or host]: nobody listens there.
    - ``connection_timeout`` [``host:port`` or host]: no answer to a connection that was to be opened.
    - ``connection_reset`` [``host:port`` or host]: a connection that was open broke off (reset, broken pipe, EOF).
    - ``dns_failure`` [the name]: a name that does not resolve, or a resolver that does not answer
      (detail ``cause``: ``unknown`` when the name does not exist, ``unanswered`` when the resolver failed).
    - ``authentication_failed`` [the address, else the user or account]: a dependency says the credentials are wrong.
    - ``access_forbidden`` [the resource]: authenticated, and not allowed. For the Kubernetes API the details
      ``account`` (``namespace:name`` of a service account), ``verb``, ``resource``, ``group`` and ``namespace``.
    - ``certificate_expired`` [host, if named]: a certificate's time is over or has not come (detail ``expired_at``).
    - ``certificate_invalid`` [host, if named]: an unknown authority, another name, self-signed.
    - ``protocol_mismatch`` [address, if named]: TLS spoken to plain text or the other way, HTTP/1 to HTTP/2.
    - ``too_many_connections`` [address or pool, if named]: no connection is left, at the server or in the own pool.
    - ``upstream_error`` [address or URL]: a dependency answered 5xx (detail ``status``).
    - ``rate_limited`` [address, if named]: a dependency answered 429 or throttles.
    - ``slow`` [address, if named]: it took too long (detail ``duration`` as written, such as ``12034ms``).

    Databases and coordination:

    - ``read_only`` [the statement or command, if named]: a write to a replica or a database that takes none.
    - ``lock_timeout``: a deadlock, or a lock that was not given in time.
    - ``schema_mismatch`` [relation or column]: the database lacks what the program asks for.
    - ``leadership_lost`` [the lease, if named]: leader election was lost.

    Its own surroundings:

    - ``disk_full`` [path, if named]: no space left.
    - ``permission_denied`` [path]: the file system says no.
    - ``missing_file`` [path]: a file or directory is not there.
    - ``address_in_use`` [``:port`` or ``host:port``]: the port it wants to listen on is taken.
    - ``missing_variable`` [the name]: an environment variable or required setting is not set.
    - ``bad_config`` [file, directive, flag or setting, if named]: a configuration it cannot read or does not accept.
    - ``missing_module`` [module, class or library]: code that is not in the image.
    - ``cannot_execute`` [path, if named]: the program cannot be started (wrong architecture, not there).

    How it goes or ends:

    - ``out_of_memory``: the program itself says that it has no memory left (heap, Metaspace, allocation).
    - ``uncaught`` [type of the exception, or ``panic``]: nobody caught it (detail ``frame``: ``file:line`` of the
      program's own code).
    - ``killed_by_signal`` [the signal]: a segmentation fault or abort.
    - ``probe_failed`` [path]: its own health endpoint answered an error (detail ``status``).
    - ``shutdown``: it was told to stop (SIGTERM) and stops in order; no fault by itself.
    """

    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_TIMEOUT = "connection_timeout"
    CONNECTION_RESET = "connection_reset"
    DNS_FAILURE = "dns_failure"
    AUTHENTICATION_FAILED = "authentication_failed"
    ACCESS_FORBIDDEN = "access_forbidden"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_INVALID = "certificate_invalid"
    PROTOCOL_MISMATCH = "protocol_mismatch"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    UPSTREAM_ERROR = "upstream_error"
    RATE_LIMITED = "rate_limited"
    SLOW = "slow"
    READ_ONLY = "read_only"
    LOCK_TIMEOUT = "lock_timeout"
    SCHEMA_MISMATCH = "schema_mismatch"
    LEADERSHIP_LOST = "leadership_lost"
    DISK_FULL = "disk_full"
    PERMISSION_DENIED = "permission_denied"
    MISSING_FILE = "missing_file"
    ADDRESS_IN_USE = "address_in_use"
    MISSING_VARIABLE = "missing_variable"
    BAD_CONFIG = "bad_config"
    MISSING_MODULE = "missing_module"
    CANNOT_EXECUTE = "cannot_execute"
    OUT_OF_MEMORY = "out_of_memory"
    UNCAUGHT = "uncaught"
    KILLED_BY_SIGNAL = "killed_by_signal"
    PROBE_FAILED = "probe_failed"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class Entry:
    """One message, with the stack trace that belongs to it.

    ``number`` counts entries from 0. ``text`` is whole up to a bound. ``message`` is the first line without time,
    level and logger. ``headline`` is the line that says most (of a Python traceback its last), ``root`` the
    innermost cause where the trace names another one.
    """

    number: int
    text: str
    first_line: str
    message: str
    headline: str
    level: Level
    is_level_told: bool
    at: datetime | None
    root: str | None = None
    is_trace: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """Lines that differ only in numbers, ids and names: ``pattern`` has ``<*>`` where they differ."""

    pattern: str
    count: int
    level: Level
    first_at: datetime | None
    last_at: datetime | None
    sample: str


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing a log shows, however often it says so.

    ``line`` is the first that showed it, at most 400 characters, and ``number`` the entry it is in (``last_number``
    the last one). ``is_last_run``: seen since the program last began to run or said that it runs. ``recovered``: a
    later line says that this works again. ``level`` is the worst it was said with; INFO has no weight.
    """

    kind: SignKind
    line: str
    count: int
    level: Level
    number: int
    last_number: int
    first_at: datetime | None
    last_at: datetime | None
    target: str | None = None
    details: tuple[tuple[str, str], ...] = ()
    is_last_run: bool = True
    recovered: bool = False

    def detail(self, name: str) -> str | None:
        """What the line says under this name (see ``SignKind``)."""
        return dict(self.details).get(name)

    @property
    def stands(self) -> bool:
        """Whether it has weight: said as a warning or worse, in the last run, and nothing says it works again."""
        return self.level >= Level.WARN and self.is_last_run and not self.recovered


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that the program answered, by the entry that tells of it.

    ``took`` and ``waited`` are milliseconds; ``waited`` for what is called ``waited_for``, where the line says so.
    """

    number: int
    at: datetime | None
    status: int | None
    took: float | None
    waited_for: str | None = None
    waited: float | None = None

    @property
    def is_error(self) -> bool:
        return self.status is not None and self.status >= 500


@dataclass(frozen=True, slots=True)
class LogReading:
    """All that one log says. ``lines`` counts lines that were read; entries, signs and answers are in its order.

    ``first_error`` is the first error of what led to the end (or to now), ``exit_line`` what was said on leaving.
    ``served`` counts the requests that it says it answered well, those of probes left out.
    """

    lines: int = 0
    entries: tuple[Entry, ...] = ()
    templates: tuple[Template, ...] = ()
    signs: tuple[Sign, ...] = ()
    first_error: Entry | None = None
    exit_line: Entry | None = None
    served: int = 0
    answers: tuple[Answered, ...] = ()

    def standing(self, *kinds: SignKind) -> tuple[Sign, ...]:
        """The signs that have weight, of these kinds or of any, in the log's order."""
        return tuple(each for each in self.signs if each.stands and (not kinds or each.kind in kinds))

    def summary(self, limit: int = 4, room: int = 4 * LINE_SHOWN) -> tuple[str, ...]:
        """The most telling lines in the log's order; the last ones if none tells.

        Each has at most 400 characters, and all together at most ``room`` with a line break after each.
        """
        chosen: dict[str, int] = {}
        for number, line in self._telling():
            if len(chosen) < limit and line not in chosen:
                chosen[line] = number
        if not chosen:
            chosen = {clip(each.headline): each.number for each in self.entries[-limit:]}
        width = min(LINE_SHOWN, room // max(1, len(chosen)) - 1)
        return tuple(clip(line, width) for line in sorted(chosen, key=lambda line: chosen[line]))

    def _telling(self) -> Iterator[tuple[int, str]]:
        first, last = self.first_error, self.exit_line
        standing = [each for each in self.standing() if each.kind is not SignKind.SHUTDOWN]
        if first is not None:
            yield first.number, clip(first.headline)
            if first.root is not None:
                yield first.number, clip(first.root)
        # A warning that led there may name what the error does not.
        before = [each for each in standing if first is None or each.number < first.number]
        yield from ((each.number, each.line) for each in before[:1])
        if last is not None:
            yield last.number, clip(last.headline)
        yield from ((each.number, each.line) for each in standing)


def clip(line: str, width: int = LINE_SHOWN) -> str:
    """As much of a line as evidence shows."""
    stripped = line.strip()
    return stripped if len(stripped) <= width else f"{stripped[: width - 1]}…"
