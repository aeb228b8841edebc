"""Reads the server's tables: one line per pod, deployment or node, without the objects behind them."""

import re
from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache

from tools.objects import condition, name_of, part
from tools.snapshot import NodeRow, PodRow, Thresholds, WorkloadRow
from tools.world import JsonObject, Table

_RESTARTS = re.compile(r"(\d+)(?:\s+\((\S+) ago\))?")
_SPAN = re.compile(r"(\d+)([smhdy])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "y": 365 * 86_400}

WELL = frozenset({"Running", "Completed", "Succeeded"})
STARTING = frozenset({"Pending", "ContainerCreating", "PodInitializing", "NotReady"})
PULLING = frozenset({"ErrImagePull", "ImagePullBackOff"})


@lru_cache(maxsize=4_096)
def span(text: str) -> timedelta:
    """kubectl's ages: 45s, 3m20s, 5h, 2d4h; zero for what is none."""
    return timedelta(seconds=sum(int(count) * _SECONDS[unit] for count, unit in _SPAN.findall(text)))


def pod_rows(table: Table, namespace: str | None) -> tuple[PodRow, ...]:
    return tuple(_pod_row(each, namespace) for each in table.records())


def _pod_row(cells: dict[str, str], namespace: str | None) -> PodRow:
    ready, _, wanted = cells.get("Ready", "0/0").partition("/")
    told = cells.get("Restarts", "0")
    restarts = _RESTARTS.match(told) if told != "0" else None
    return PodRow(
        namespace=namespace,
        name=cells.get("Name", ""),
        ready=int(ready) if ready.isdigit() else 0,
        wanted=int(wanted) if wanted.isdigit() else 0,
        status=cells.get("Status", ""),
        restarts=int(restarts[1]) if restarts else 0,
        restarted_ago=span(restarts[2]) if restarts and restarts[2] else None,
        age=span(cells.get("Age", "")),
    )


def workload_rows(table: Table, namespace: str | None) -> tuple[WorkloadRow, ...]:
    found = []
    for cells in table.records():
        ready, _, desired = cells.get("Ready", "0/0").partition("/")
        if ready.isdigit() and desired.isdigit():
            found.append(WorkloadRow(namespace, cells.get("Name", ""), int(ready), int(desired)))
    return tuple(found)


def node_rows_of(nodes: Iterable[JsonObject]) -> tuple[NodeRow, ...]:
    """Nodes as kubectl prints them: Ready, NotReady, and SchedulingDisabled behind a comma."""
    return tuple(NodeRow(name_of(each), _node_status(each)) for each in nodes)


def _node_status(node: JsonObject) -> str:
    ready = "Ready" if condition(node, "Ready").get("status") == "True" else "NotReady"
    return f"{ready},SchedulingDisabled" if part(node, "spec", "unschedulable") else ready


def is_failing(row: PodRow) -> bool:
    """In a state that does not pass by itself: crashing, a fault of image or configuration."""
    return _is_fault(row.status)


@lru_cache(maxsize=4_096)
def _is_fault(status: str) -> bool:
    word = status.removeprefix("Init:")
    return not (re.fullmatch(r"\d+/\d+", word) or word in WELL | STARTING | {"Terminating"})


def is_suspicious(row: PodRow, limits: Thresholds) -> bool:
    """Worth reading in full; the thresholds keep pods that only start, or that restarted long ago, out of it."""
    if row.status == "Running" and row.ready >= row.wanted and row.restarted_ago is None:
        return False  # nearly every pod of a large cluster
    word = row.status.removeprefix("Init:")
    if word in PULLING:
        return row.age >= limits.image_pull
    if is_failing(row):
        return True
    if word == "Running" and row.ready >= row.wanted:
        is_recent = row.restarted_ago is not None and row.restarted_ago <= limits.recent
        return is_recent and row.restarts > limits.restarts and row.age > limits.pod_age
    if word in {"Completed", "Succeeded", "Terminating"}:
        return False
    return row.age >= (limits.not_ready if word == "Running" else limits.pending)


def suspicion(row: PodRow) -> int:
    """How much a row stands out; when not all can be read, the higher ones are."""
    if is_failing(row):
        return 3
    return 2 if row.status == "Pending" else 1
