"""What a measured series is about and what it measures, read from the words of its metric, unit and labels.

Names of metrics are open: families of words are recognised, not single names. Values come out in one unit for each
measure: bytes, cores, milliseconds, requests per second, shares from 0 to 1, counts.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from tools.analyzers.addresses import behind, find_place
from tools.analyzers.trends import Points, fall, is_fresh, ordered
from tools.evidence import Evidence, ObjectRef, evidence
from tools.snapshot import Snapshot, Workload
from tools.world import Series


class Measure(StrEnum):
    """What a series measures, in the unit that its points are brought to."""

    POOL_ACTIVE = "pool active"
    POOL_MOST = "pool most"
    POOL_PENDING = "pool pending"
    THROTTLED = "throttled"
    LOSS = "loss"
    RETRANSMITS = "retransmits"
    ROUND_TRIP = "round trip"
    LATENCY = "latency"
    ERRORS = "errors"
    ERROR_SHARE = "error share"
    TURNED_AWAY = "turned away"
    TRAFFIC = "traffic"
    MEMORY = "memory"
    CPU = "cpu"
    CPU_SHARE = "cpu share"


M = Measure
# The first that fits decides: "http_request_errors" is about errors before it is about requests.
_FAMILIES: tuple[tuple[Measure, re.Pattern[str]], ...] = tuple(
    (measure, re.compile(pattern))
    for measure, pattern in (
        (M.POOL_PENDING, r"(?:pool|hikari|connections?).*(?:pending|wait|queue|acquir)"),
        (M.POOL_MOST, r"(?:pool|hikari|connections?).*(?:max|limit|capac|size|total$)"),
        (
            M.POOL_ACTIVE,
            r"(?:pool|hikari|db.*conn|(?:pg|mysql|postgres).*conn).*(?:active|use|busy|usage|borrow|open|$)",
        ),
        (M.THROTTLED, r"throttl(?!ed_?requests)"),
        (M.RETRANSMITS, r"retrans|retries.*tcp|tcp.*retry"),
        (
            M.LOSS,
            r"packet.*(?:loss|lost|drop)|(?:loss|dropped).*(?:packet|ratio|percent)|packet_?loss|"
            r"network.*(?:err|drop)|(?:^|_)(?:rx|tx|receive|transmit)_(?:err|drop)",
        ),
        (M.ROUND_TRIP, r"(?:^|_)rtt(?:_|$)|round_?trip|ping"),
        (M.ERROR_SHARE, r"(?:error|5xx|fail\w*)_?(?:rate|ratio|percent\w*|share|pct)"),
        (M.TURNED_AWAY, r"(?:^|_)429(?:_|$)|rate_?limited|throttled_?requests|too_many_requests"),
        (M.ERRORS, r"error|5xx|(?:^|_)5\d\d(?:_|$)|failures?|failed|exceptions?|reject"),
        (M.LATENCY, r"latenc|duration|response_?time|request_?time|(?:^|_)p(?:50|90|95|99)(?:_|$)"),
        (
            M.TRAFFIC,
            r"requests?(?:_|$)|(?:http|grpc|^)_?responses(?:_|$)|"
            r"(?:^|_)(?:rps|qps|rpm|traffic|throughput|hits|calls|messages_in)(?:_|$)",
        ),
        (M.MEMORY, r"memory|(?:^|_)(?:rss|heap|mem|working_set)(?:_|$)"),
        (M.CPU, r"cpu"),
    )
)
_NOT_USAGE = re.compile(
    r"limit|request(?:s|ed)?_(?:bytes|cores|memory|cpu)|resource_|alloc|capacity|quota|max_bytes|avail"
)
_NOT_LATENCY = re.compile(
    r"(?:_|^)gc(?:_|$)|pause|bucket|queue|uptime|sync|scrape|(?:^|_)count(?:$|_)|age|(?:^|_)sum(?:$|_)"
)
_TIMES = {"s": 1000.0, "sec": 1000.0, "second": 1000.0, "us": 0.001, "µs": 0.001, "microsecond": 0.001, "ns": 1e-6}
_BYTES = {"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_SHARES = frozenset({M.THROTTLED, M.LOSS, M.ERROR_SHARE, M.CPU_SHARE})
_SPACES = ("namespace", "exported_namespace", "kubernetes_namespace", "k8s_namespace", "k8s_namespace_name", "ns")
_PODS = ("pod", "pod_name", "kubernetes_pod_name", "k8s_pod_name", "exported_pod")
_OWNERS = (
    *("deployment", "statefulset", "daemonset", "workload", "workload_name", "owner_name", "created_by_name"),
    *("k8s_deployment_name", "service", "service_name", "app", "app_kubernetes_io_name", "application", "job_name"),
    *(
        "source_workload",
        "source_app",
        "source",
        "client",
        "caller",
        "destination_workload",
        "container",
        "name",
        "job",
    ),
    *(
        "exported_service",
        "ingress",
        "destination_service_name",
        "destination_service",
        "destination_app",
        "cluster_name",
    ),
)
_PEERS = (
    *("destination", "destination_service", "destination_service_name", "destination_workload", "destination_app"),
    *("peer", "peer_service", "upstream", "upstream_cluster", "dependency", "remote", "target", "server_address"),
    *("db", "database", "db_system", "callee", "downstream"),
)
_NODES = ("node", "node_name", "k8s_node_name", "kubernetes_node", "host", "hostname", "instance")


@dataclass(frozen=True, slots=True)
class Reading:
    """A series that is understood: what it measures, of what, and its points in the measure's unit.

    ``source`` is where the points come from: measured, or counted in a log.
    """

    series: Series
    measure: Measure
    points: Points
    workload: Workload | None
    pod: str | None
    container: str | None
    peer: str | None
    node: str | None
    source: str = "metric"

    @property
    def is_share(self) -> bool:
        return _is_share(re.sub(r"\W", "_", self.series.metric.lower()), self.series.unit.lower())

    def shown(self, snapshot: Snapshot, text: str, when: datetime | None) -> Evidence:
        """Evidence made of the series: the metric, of what, and a sentence about its values."""
        of = self.workload.ref if self.workload else ObjectRef("Node", None, self.node or "unknown")
        what = "" if self.pod is None else f" of pod {self.pod}"
        to = f" to {self.peer}" if self.peer else ""
        part = f":{self.series.metric}:{self.pod or ''}:{self.peer or ''}:{self.container or ''}"
        return evidence(self.source, of, snapshot.say(f"{self.series.metric}{what}{to}: {text}"), when, part)


def readings(snapshot: Snapshot, *measures: Measure) -> Iterator[Reading]:
    """The series that measure one of these (or anything known) and whose last point is fresh."""
    for series in snapshot.metrics:
        measure = measure_of(series)
        if measure is None or (measures and measure not in measures):
            continue
        points = brought(series, measure)
        if is_fresh(points, snapshot.observed_at):
            yield _reading(series, measure, points, snapshot)


def by_workload(snapshot: Snapshot) -> dict[ObjectRef, list[Reading]]:
    """The series about each workload, read once."""
    found: dict[ObjectRef, list[Reading]] = {}
    for each in readings(snapshot):
        if each.workload is not None:
            found.setdefault(each.workload.ref, []).append(each)
    return {ref: list(_with_errors(several)) for ref, several in found.items()}


def _with_errors(several: list[Reading]) -> Iterator[Reading]:
    """Requests that are turned away are errors where answers became fewer at the same time.

    Where these go on as before, a limit protects them from somebody who asks too much.
    """
    fewer = any(each.measure is M.TRAFFIC and fall(each.points) for each in several)
    for each in several:
        yield replace(each, measure=M.ERRORS) if fewer and each.measure is M.TURNED_AWAY else each


def _reading(series: Series, measure: Measure, points: Points, snapshot: Snapshot) -> Reading:
    labels = {re.sub(r"\W", "_", key.lower()): value for key, value in series.labels.items() if value}
    space = _first(labels, _SPACES) or snapshot.namespace
    pod = _first(labels, _PODS)
    workload = _workload(labels, pod, space, snapshot)
    peer = _first(labels, _PEERS)
    if workload is not None and peer is not None:
        place = find_place(peer, workload.ref.namespace, snapshot)
        if peer == workload.ref.name or (place is not None and place.behind == workload):
            peer = None
    return Reading(
        series,
        measure,
        points,
        workload,
        pod,
        _first(labels, ("container", "container_name", "k8s_container_name")),
        peer,
        _first(labels, _NODES),
    )


def _first(labels: Mapping[str, str], keys: tuple[str, ...]) -> str | None:
    return next((labels[key] for key in keys if key in labels), None)


def _workload(labels: Mapping[str, str], pod: str | None, space: str | None, snapshot: Snapshot) -> Workload | None:
    near = [each for each in snapshot.workloads if space is None or each.ref.namespace == space]
    if pod is not None:
        own = [each for each in near if any(one.ref.name == pod for one in each.members)]
        # Not every pod is read in full; its name begins with that of its controller.
        own = own or [each for each in near if pod.startswith(f"{each.ref.name}-")]
        if own:
            return max(own, key=lambda each: len(each.ref.name))
    for value in (_short(labels[key]) for key in _OWNERS if key in labels):
        same = [each for each in near if each.ref.name == value]
        served = [
            each
            for service in snapshot.of("Service", space)
            if service["metadata"]["name"] == value
            for each in behind(service, snapshot)
        ]
        if same or served:
            return (same or served)[0]
    return None


def _short(value: str) -> str:
    """The name of a Service that is written with its namespace and domain."""
    labels = value.split(".")
    return labels[0] if "svc" in labels[2:3] else value


def measure_of(series: Series) -> Measure | None:
    """What a series measures; nothing where its words are not known or where it is a bound and no usage."""
    name, unit = re.sub(r"\W", "_", series.metric.lower()), series.unit.lower()
    found = next((measure for measure, pattern in _FAMILIES if pattern.search(name)), None)
    is_share = _is_share(name, unit)
    match found:
        case Measure.MEMORY | Measure.CPU if _NOT_USAGE.search(name):
            return None
        case Measure.MEMORY | Measure.TRAFFIC if is_share:
            return None
        case Measure.LATENCY if _NOT_LATENCY.search(name):
            return None
        case Measure.TRAFFIC if "byte" in unit or "in_flight" in name:
            return None
        case Measure.TRAFFIC if re.match(r"5\d\d|5xx", _status(series)):
            return M.ERRORS
        case Measure.TRAFFIC if _status(series) == "429":
            return M.TURNED_AWAY
        case Measure.ERROR_SHARE if not is_share:
            return M.ERRORS
        case _:
            return _AS_SHARE.get(found, found) if found and is_share else found


# What is counted again as a share of all packets was lost on its way.
_AS_SHARE = {M.CPU: M.CPU_SHARE, M.ERRORS: M.ERROR_SHARE, M.RETRANSMITS: M.LOSS}


_STATUS = re.compile(r"(?i)(?:http_|response_|http_response_)*(?:code|status|status_code|code_class|status_class)")


def _status(series: Series) -> str:
    """The status of answers that a series counts, as its labels say it; several systems name it in several ways."""
    return next((value for key, value in series.labels.items() if _STATUS.fullmatch(key)), "")


def _is_share(name: str, unit: str) -> bool:
    return unit in ("%", "percent", "pct", "ratio", "share", "fraction") or name.endswith(("ratio", "percent", "pct"))


def brought(series: Series, measure: Measure) -> Points:
    """The points in the measure's unit and in the order of time; counters that only rise become rates per second."""
    unit = series.unit.lower().strip()
    points = ordered(series.points)
    if (
        series.metric.lower().endswith("_total")
        and _only_rises(points)
        and "/s" not in unit
        and measure is not M.POOL_MOST
    ):
        points = tuple(
            (later[0], (later[1] - earlier[1]) / (later[0] - earlier[0]).total_seconds())
            for earlier, later in itertools.pairwise(points)
            if later[1] >= earlier[1]
        )
    factor = _factor(unit, series.metric.lower(), measure)
    return tuple((when, value * factor) for when, value in points)


def _only_rises(points: Points) -> bool:
    steps = [later[1] - earlier[1] for earlier, later in itertools.pairwise(points)]
    return len(steps) >= 3 and sum(each >= 0 for each in steps) >= 0.95 * len(steps) and sum(steps) > 0


def _factor(unit: str, name: str, measure: Measure) -> float:
    if measure in _SHARES:
        return 0.01 if unit in ("%", "percent", "pct") or (not unit and name.endswith(("percent", "pct"))) else 1.0
    if measure in (M.LATENCY, M.ROUND_TRIP):
        written = unit or next((each for each in ("us", "ns") if name.endswith(f"_{each}")), "")
        known = _TIMES.get(written.removesuffix("s") if len(written) > 2 else written)
        return known if known is not None else 1000.0 if _in_seconds(unit, name) else 1.0
    if measure is M.MEMORY:
        return _BYTES.get(re.sub(r"b(?:ytes?)?$", "", unit), 1.0)
    if measure is M.CPU:
        return (
            0.001
            if unit in ("m", "millicores", "millicpu", "mcpu", "millicore") or name.endswith("millicores")
            else 1.0
        )
    return 1 / 60 if unit in ("rpm", "req/min", "requests/min", "/min") else 1.0


def _in_seconds(unit: str, name: str) -> bool:
    return not unit and "second" in name and "milli" not in name
