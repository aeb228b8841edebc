"""What the logs of workloads complain of now: one kind of trouble with one dependency, and what that address means."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.analyzers.addresses import Place, find_place, is_address
from tools.analyzers.interface import said
from tools.analyzers.spoken import spoken_of
from tools.analyzers.stores import called, implied, is_store, missing_name, pooled
from tools.evidence import Evidence
from tools.logs.reading import Level, Sign, SignKind
from tools.logs.tongues import in_english
from tools.snapshot import LogTail, Pod, Snapshot, Workload

K = SignKind
# A program that serves is not called broken for one line: it has to say it again, and lately.
REPEATED = 3
LATELY = timedelta(minutes=15)
_REACH = (K.CONNECTION_REFUSED, K.CONNECTION_TIMEOUT, K.CONNECTION_RESET, K.DNS_FAILURE)
_KINDS = (
    *(K.AUTHENTICATION_FAILED, K.READ_ONLY, K.TOO_MANY_CONNECTIONS, K.PROTOCOL_MISMATCH, K.CERTIFICATE_EXPIRED),
    *(*_REACH, K.CERTIFICATE_INVALID, K.UPSTREAM_ERROR, K.SLOW),
)
_OF_CLIENTS = frozenset({K.AUTHENTICATION_FAILED, K.CONNECTION_RESET, K.PROTOCOL_MISMATCH})


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of trouble with one dependency, as the pods of one workload tell it."""

    workload: Workload
    kind: SignKind
    told: tuple[tuple[LogTail, Sign], ...]
    place: Place | None
    is_down: bool

    @property
    def sign(self) -> Sign:
        return self.told[0][1]

    @property
    def target(self) -> str:
        # Of a write that was refused the statement is told.
        is_named = self.sign.target != self.sign.detail("user") and self.kind is not K.READ_ONLY
        named = self.sign.target if is_named else None
        return self.place.words if self.place else (named or "its dependency")

    @property
    def since(self) -> datetime | None:
        return min((each.first_at for _, each in self.told if each.first_at), default=None)

    @property
    def pods(self) -> tuple[Pod, ...]:
        named = {tail.pod for tail, _ in self.told}
        return tuple(each for each in self.workload.members if each.ref in named or each in self.workload.pods)

    @property
    def nodes(self) -> frozenset[str]:
        """Where those run that complain."""
        named = {tail.pod for tail, _ in self.told}
        return frozenset(str(each.node) for each in self.workload.members if each.ref in named and each.node)

    def lines(self, snapshot: Snapshot) -> list[Evidence]:
        return [said(tail, sign, snapshot) for tail, sign in self.told[:3]]


def troubles(snapshot: Snapshot, *, least: int = REPEATED) -> Iterator[Trouble]:
    """What the logs of each workload complain of now, by kind and target, the weightiest kind first.

    A workload that serves has to say it ``least`` times; to support what objects show already, once is enough.
    """
    for workload in snapshot.workloads:
        failing = {each.ref for each in workload.pods}
        found: dict[tuple[SignKind, str | None], list[tuple[LogTail, Sign]]] = {}
        told_by_all = list(_told(workload))
        steady = _steady(told_by_all, snapshot, least)
        for tail, sign in told_by_all:
            if tail.pod in failing or sign.kind in steady or _counts(sign, tail, snapshot, least):
                found.setdefault((sign.kind, sign.target), []).append((tail, sign))
        for (kind, target), told in sorted(found.items(), key=lambda each: _KINDS.index(each[0][0])):
            address = None if target == told[0][1].detail("user") else target
            place = _place(kind, address, told[0][1].line, workload, snapshot)
            is_down = any(tail.pod in failing for tail, _ in told)
            if is_down or place is not None or not _is_of_clients(kind, told[0][1].line):
                yield Trouble(workload, kind, tuple(told), place, is_down)


def _told(workload: Workload) -> Iterator[tuple[LogTail, Sign]]:
    for tail in (each for pod in workload.members for each in pod.logs):
        for sign in tail.reading.standing(*_KINDS):
            # A server says there whom it turned away.
            is_of_others = (sign.kind in _OF_CLIENTS and is_store(workload)) or _is_of_callers(sign, tail)
            if not is_of_others and not _is_aside(sign, tail, workload):
                yield tail, sign


def _is_of_callers(sign: Sign, tail: LogTail) -> bool:
    """Whether it is told of some who came in another protocol than this program speaks, while others are served."""
    if sign.kind is not K.PROTOCOL_MISMATCH or _CAME_IN.search(sign.line) is None:
        return False
    others = [each for each in tail.reading.entries if each.number > sign.number and not _CAME_IN.search(each.message)]
    return len(others) >= max(1, sign.count // 2)


_CAME_IN = re.compile(r"(?i)handshake error from|\bfrom client\b")
# What a program sends of itself for others to look at. It serves as well without.
_TELEMETRY = re.compile(
    r"(?i)\b(?:otel\w*|otlp\w*|opentelemetry|traces|spans|tracing|telemetry|statsd|zipkin|jaeger|sentry|apm|"
    r"(?:trace|span|metrics?|logs?) (?:export|push|ship|upload|collector)\w*|pushgateway|loki|fluent\w*|logstash)\b|"
    r":(?:4317|4318|8125|9411|14268)\b"
)


def _is_aside(sign: Sign, tail: LogTail, workload: Workload) -> bool:
    """Whether a program that serves only cannot send its traces or figures; who does nothing else is another matter."""
    is_down = any(each.ref == tail.pod for each in workload.pods)
    told = f"{sign.target or ''} {sign.line}"
    return not is_down and _TELEMETRY.search(told) is not None and _TELEMETRY.search(workload.ref.name) is None


# These do not pass by themselves, so that the few lines of a program that is seldom used count together.
_LASTING = (K.READ_ONLY, K.AUTHENTICATION_FAILED, K.PROTOCOL_MISMATCH, K.CERTIFICATE_EXPIRED)
_NO_BLIP = timedelta(minutes=5)


def _steady(told: list[tuple[LogTail, Sign]], snapshot: Snapshot, least: int) -> frozenset[SignKind]:
    """The lasting kinds that all logs of a workload together tell often enough, over some minutes and lately."""
    found = set()
    for kind in _LASTING:
        signs = [sign for _, sign in told if sign.kind is kind and sign.level >= Level.ERROR]
        times = [at for each in signs for at in (each.first_at, each.last_at) if at is not None]
        if not times or sum(each.count for each in signs) < least:
            continue
        if max(times) - min(times) >= _NO_BLIP and snapshot.observed_at - max(times) <= LATELY:
            found.add(kind)
    return frozenset(found)


# Words of who asks somebody else to let it in; without them a line may be about those who ask this program.
_ASKS = re.compile(
    r"(?i)\b(?:connect\w*|dial|bind|broker|database|datasource|sasl|sqlstate|upstream|registry|pool|client|driver|"
    r"calling|request to|response from|returned)\b|[a-z]+://|28P01|Exception\b|\b(?:pq|psycopg2?|pymysql|"
    r"redis|mongo\w*|botocore|npgsql|sqlalchemy)\b|WRONGPASS|NOAUTH|ACCESS_REFUSED|password "
    r"authentication failed for user|Access denied for user|(?-i:[a-z](?:Token|KeyId)\b)"
)
_SERVERS_LOG = re.compile(r"^[\d-]+ [\d:.]+ [A-Z]{3,4} \[\d+\]")


def _is_of_clients(kind: SignKind, line: str) -> bool:
    """Whether a program that serves may only be telling of those who call it: no address, and no words of asking."""
    if kind is K.AUTHENTICATION_FAILED:
        return _SERVERS_LOG.search(line) is not None or _ASKS.search(line) is None
    if kind is K.CONNECTION_TIMEOUT:
        # Machines and people that do not answer are daily life; only words of the network tell of a dependency.
        return _OF_THE_NETWORK.search(in_english(line)) is None
    return kind is K.CONNECTION_RESET


_OF_THE_NETWORK = re.compile(
    r"(?i)connect|dial|timeout|timed ?out|ETIMEDOUT|EHOST|ENET|refused|route|socket|tcp|network|handshake|link failure|"
    r"upstream|broker|amqp|database|resolve|[a-z]+://|Exception\b"
)


def _place(kind: SignKind, target: str | None, line: str, caller: Workload, snapshot: Snapshot) -> Place | None:
    space = caller.ref.namespace
    if target is None and kind is K.DNS_FAILURE:
        return find_place(missing_name(caller, snapshot), space, snapshot)
    # Of a write that was refused the statement is told, not the address.
    place = find_place(target, space, snapshot) if kind is not K.READ_ONLY else None
    if place is not None and is_address(place.host) and not place.is_ours and not place.is_local:
        place = called(line, place.port, caller, snapshot) or place
    if place is None and target is None:
        place = pooled(line, caller, snapshot)
    if place is None and (target is None or kind is K.READ_ONLY):
        return implied(line, caller, snapshot) or (spoken_of(line, caller, snapshot) if kind in _REACH else None)
    return place


def _counts(sign: Sign, tail: LogTail, snapshot: Snapshot, least: int) -> bool:
    is_late = sign.last_at is None or snapshot.observed_at - sign.last_at <= LATELY or _lasts(sign, tail, snapshot)
    is_bad = sign.level >= (Level.ERROR if least >= REPEATED else Level.WARN)
    # Some clients only ever warn, and try again for ever.
    is_bad |= sign.kind in _REACH and sign.count >= _FOR_EVER * REPEATED and _is_at_the_end(sign, tail)
    # Two ends that do not understand each other never will, whatever the one that calls thinks of it.
    is_bad |= sign.kind in _NEVER_PASSES and "://" in sign.line and sign.target is not None
    return is_bad and sign.count >= least and is_late


_FOR_EVER = 4
_NEVER_PASSES = (K.PROTOCOL_MISMATCH, K.CERTIFICATE_EXPIRED)
# A log that ended with it a while ago, and has said nothing since.
_SILENT_SINCE = timedelta(minutes=30)
_LAST_ENTRIES = 3


def _lasts(sign: Sign, tail: LogTail, snapshot: Snapshot) -> bool:
    """Whether a log complains on and on up to its very end: then its clock may be behind, but the trouble is not over.

    Logs carry the clock of the program's node, which may be an hour or a time zone away from that of the cluster.
    """
    if sign.first_at is None or sign.last_at is None or not _is_at_the_end(sign, tail):
        return False
    if timedelta() <= snapshot.observed_at - sign.last_at <= _SILENT_SINCE and sign.count >= 2 * REPEATED:
        return True
    return sign.count >= _FOR_EVER * REPEATED and sign.last_at - sign.first_at >= LATELY


def _is_at_the_end(sign: Sign, tail: LogTail) -> bool:
    return len(tail.reading.entries) - sign.last_number <= _LAST_ENTRIES
