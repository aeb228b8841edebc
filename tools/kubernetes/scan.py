"""The cheap first look: tables of the whole scope, and from them the places that are worth reading in full."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tools.kubernetes.logs import FEWER_LINES, TAIL_LINES, Depth
from tools.kubernetes.looks import Looks
from tools.kubernetes.rows import is_suspicious, pod_rows, suspicion, workload_rows
from tools.objects import namespace_of
from tools.snapshot import PodRow, Thresholds, WorkloadRow
from tools.world import JsonObject, Table, WorldError

PLATFORM = "kube-system"
# What the tables of these kinds say when something is wrong with an object; the places of those are read in full.
_SCANNED = ("StatefulSet", "DaemonSet", "Job", "PersistentVolumeClaim", "HorizontalPodAutoscaler")


@dataclass(frozen=True, slots=True)
class Caps:
    """How much is read in full. ``small`` pods in all can be read whole, whatever their state.

    Of a kind ``few`` objects are listed in a small place and ``many`` in one that is not small, of kinds that belong
    to no namespace ``cluster_wide``.
    """

    small: int = 60
    pods: int = 12
    pods_of_one_workload: int = 3
    deployments: int = 12
    namespaces: int = 3
    resolved: int = 6
    events: int = 500
    few: int = 300
    many: int = 60
    cluster_wide: int = 100
    logs: Depth = field(default_factory=Depth)


# Files cost no server anything: what is at hand is read whole.
AT_HAND = Caps(
    small=2_000,
    pods=300,
    pods_of_one_workload=10,
    deployments=500,
    namespaces=100,
    resolved=100,
    events=5_000,
    few=2_000,
    many=500,
    cluster_wide=1_000,
    logs=Depth(tails=400, lines=(1_000, TAIL_LINES, FEWER_LINES), failing=3, running=4),
)


@dataclass(frozen=True, slots=True)
class Scan:
    """``places`` are read in full; None stands for all namespaces, when there is little in them."""

    rows: tuple[PodRow, ...]
    platform: tuple[PodRow, ...]
    scanned: tuple[WorkloadRow, ...]
    places: tuple[str | None, ...]
    pods: tuple[JsonObject, ...]
    suspicious: tuple[PodRow, ...]
    truncated: bool
    blind: str | None


async def scan(looks: Looks, namespace: str | None, focus: frozenset[str], limits: Thresholds, caps: Caps) -> Scan:
    """At most a table for each kind; pods that stand out are found by name, and tell where to look."""
    pods, blind = await _pods(looks, namespace)
    rows = pod_rows(pods, namespace)
    suspicious = choose([each for each in rows if is_suspicious(each, limits)], caps)
    if namespace is not None:
        beside = pod_rows(await looks.table("Pod", PLATFORM), PLATFORM) if namespace != PLATFORM else ()
        return Scan(rows, beside, (), (namespace,), (), suspicious, pods.truncated, blind)
    if len(rows) <= caps.small and not pods.truncated:
        return Scan(rows, (), (), (None,), (), suspicious, False, blind)
    found, deployments, others = await asyncio.gather(
        looks.by_name("Pod", (each.name for each in suspicious)),
        looks.table("Deployment", None),
        asyncio.gather(*(looks.table(kind, None) for kind in _SCANNED)),
    )
    scanned = workload_rows(deployments, None)
    lacking = [each.name for each in scanned if each.ready < each.desired or each.name in focus]
    odd = [("Deployment", lacking[: caps.resolved])]
    odd += [(kind, _odd(kind, table)[: caps.resolved]) for kind, table in zip(_SCANNED, others, strict=True)]
    resolved = await asyncio.gather(*(looks.by_name(kind, names) for kind, names in odd if names))
    places = _places([found, *resolved], looks, caps)
    return Scan(rows, (), scanned, places, tuple(found), suspicious, pods.truncated, blind)


async def _pods(looks: Looks, namespace: str | None) -> tuple[Table, str | None]:
    try:
        return await looks.world.cluster.table("Pod", namespace), None
    except WorldError as error:
        return Table((), ()), str(error)


def choose(rows: Sequence[PodRow], caps: Caps) -> tuple[PodRow, ...]:
    """The worst first, and of pods that are named alike only a few: they tell the same story."""
    taken: dict[str, int] = {}
    chosen: list[PodRow] = []
    for row in sorted(rows, key=lambda each: (-suspicion(each), -each.restarts, each.name)):
        family = row.name.rsplit("-", 1)[0]
        if taken.get(family, 0) < caps.pods_of_one_workload:
            taken[family] = taken.get(family, 0) + 1
            chosen.append(row)
    return tuple(chosen[: caps.pods])


def _places(found: Iterable[Sequence[JsonObject]], looks: Looks, caps: Caps) -> tuple[str | None, ...]:
    """The namespaces of what stood out, those with the most of it first."""
    counted = Counter(str(namespace_of(each)) for one in found for each in one if namespace_of(each))
    ordered = [name for name, _ in sorted(counted.items(), key=lambda each: (-each[1], each[0]))]
    left = ordered[caps.namespaces :]
    if left:
        looks.note(f"Details of these namespaces, where something looks wrong too: {', '.join(left[:10])}")
    looks.note("Services, routes and storage of namespaces whose pods and workloads look well")
    return tuple(ordered[: caps.namespaces])


def _odd(kind: str, table: Table) -> list[str]:
    return [each.get("Name", "") for each in table.records() if _is_odd(kind, each)]


def _is_odd(kind: str, cells: dict[str, str]) -> bool:
    match kind:
        case "StatefulSet":
            ready, _, desired = cells.get("Ready", "").partition("/")
            return ready != desired
        case "DaemonSet":
            return cells.get("Ready") != cells.get("Desired")
        case "Job":
            return cells.get("Status") in {"Failed", "FailureTarget"}
        case "PersistentVolumeClaim":
            return cells.get("Status") != "Bound"
        case _:
            is_at_most = cells.get("Replicas", "") == cells.get("MaxPods", "-")
            return "<unknown>" in cells.get("Targets", "") or (is_at_most and _is_above(cells.get("Targets", "")))


_TARGET = re.compile(r"(\d+)%/(\d+)%")


def _is_above(targets: str) -> bool:
    return any(int(now) > int(wanted) for now, wanted in _TARGET.findall(targets))
