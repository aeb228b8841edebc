"""Takes one picture of a namespace or of all of them: a few bulk scans, then only what looks wrong in full.

A source that fails becomes a line in ``not_checked`` and never an exception. The number of requests is bounded by
``Caps``, whatever the size of the cluster.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from safety.redaction import Redacted
from tools.evidence import ObjectRef
from tools.kubernetes.logs import read_logs
from tools.kubernetes.objects import deployment_from, event_from, pod_from
from tools.kubernetes.releases import releases_of
from tools.kubernetes.rollout import is_under_way, selector_of
from tools.kubernetes.rows import is_suspicious, node_rows, pod_rows, suspicion, workload_rows
from tools.objects import condition, meta, ref_of
from tools.snapshot import Deployment, Event, Pod, PodRow, Snapshot, Thresholds, Workload, WorkloadRow
from tools.world import JsonObject, NotFound, Reader, Rejected, Table, WorldError

T = TypeVar("T")
SCALE_UPS = 2


@dataclass(frozen=True, slots=True)
class Caps:
    """How much is read in full."""

    pods: int = 12
    pods_of_one_workload: int = 3
    deployments: int = 6
    namespaces: int = 4
    events: int = 500
    logs: int = 8


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the scans found, for the reads that follow from it."""

    namespace: str | None
    scanned: Sequence[WorkloadRow]
    objects: list[JsonObject]
    pods: Sequence[JsonObject]
    focus: frozenset[str]


class _Looks:
    """Runs reads and keeps what could not be read, as lines for a person."""

    def __init__(self, world: Reader) -> None:
        self.world = world
        self.not_checked: list[Redacted] = []

    async def attempt(self, what: str, read: Awaitable[T], otherwise: T) -> T:
        try:
            return await read
        except (NotFound, Rejected):
            # Gone since the scan, or never there: that is an answer, not a blind spot.
            return otherwise
        except WorldError as error:
            self.not_checked.append(self.world.redactor.text(f"{what}: {error}").clip(300))
            return otherwise


async def take(
    world: Reader,
    namespace: str | None,
    now: datetime,
    *,
    focus: Iterable[str] = (),
    thresholds: Thresholds | None = None,
    caps: Caps | None = None,
) -> Snapshot:
    """``focus`` names deployments whose releases are read even when they look well."""
    limits, caps = thresholds or Thresholds(), caps or Caps()
    looks = _Looks(world)
    where = f"namespace {namespace}" if namespace else "all namespaces"
    blind: list[Redacted] = []
    pods, listed, nodes, events = await asyncio.gather(
        _scan(world, namespace, blind),
        _deployments(looks, namespace),
        looks.attempt("nodes", world.cluster.table("Node", None), Table((), ())),
        _events(looks, [namespace] if namespace else [], caps),
    )
    if blind:
        looks.not_checked.insert(0, world.redactor.text(f"pods of {where}: {blind[0]}").clip(300))
    scanned, objects = listed
    rows = pod_rows(pods, namespace)
    chosen = _choose([each for each in rows if is_suspicious(each, limits)], caps)
    bodies = await _read_pods(looks, namespace, chosen)
    wanted = _Wanted(namespace, scanned, objects, bodies, frozenset(focus))
    later, built, (logged, untold) = await asyncio.gather(
        _later_events(looks, wanted, caps),
        _releases(looks, wanted, caps),
        read_logs(world, [pod_from(each, world.redactor) for each in bodies], caps.logs),
    )
    told = [event_from(each, world.redactor) for each in [*events, *later]]
    read = [_with_events(each, told) for each in logged]
    looks.not_checked += [untold] if untold else []
    deployments = tuple(_deployment_with_events(each, told) for each in built)
    return Snapshot(
        cluster=world.cluster.name,
        namespace=namespace,
        observed_at=now,
        rows=rows,
        scanned=scanned,
        workloads=_workloads(read, deployments, rows, limits),
        deployments=deployments,
        nodes=node_rows(nodes),
        warnings=sum(each.kind == "Warning" for each in told),
        not_checked=tuple(looks.not_checked),
        blind=bool(blind),
        truncated=pods.truncated,
        thresholds=limits,
    )


async def _scan(world: Reader, namespace: str | None, blind: list[Redacted]) -> Table:
    try:
        return await world.cluster.table("Pod", namespace)
    except WorldError as error:
        blind.append(world.redactor.text(str(error)))
        return Table((), ())


async def _deployments(looks: _Looks, namespace: str | None) -> tuple[tuple[WorkloadRow, ...], list[JsonObject]]:
    """Objects for one namespace; for all of them only the table, which is a hundredth of the size."""
    cluster, nothing = looks.world.cluster, list[JsonObject]()
    if namespace is None:
        table = await looks.attempt("deployments", cluster.table("Deployment", None), Table((), ()))
        return workload_rows(table, None), nothing
    return (), await looks.attempt(f"deployments of {namespace}", cluster.list("Deployment", namespace), nothing)


async def _events(looks: _Looks, namespaces: Sequence[str], caps: Caps) -> list[JsonObject]:
    cluster = looks.world.cluster
    found = await asyncio.gather(
        *(
            looks.attempt(
                f"events of {each}",
                cluster.list("Event", each, field_selector="type=Warning", limit=caps.events),
                list[JsonObject](),
            )
            for each in namespaces
        )
    )
    return [event for events in found for event in events]


async def _later_events(looks: _Looks, around: _Wanted, caps: Caps) -> list[JsonObject]:
    """What can be asked only when the pods are known: where they are, and whether help is on its way."""
    spaces = sorted({str(meta(each).get("namespace")) for each in around.pods}) if around.namespace is None else []
    warnings, helped = await asyncio.gather(
        _events(looks, spaces[: caps.namespaces], caps), _scale_ups(looks, around.pods)
    )
    return [*warnings, *helped]


async def _scale_ups(looks: _Looks, pods: Sequence[JsonObject]) -> list[JsonObject]:
    """Whether a node is on its way for pods that wait; an autoscaler says so in a normal event about the pod."""
    waiting = [each for each in pods if condition(each, "PodScheduled").get("reason") == "Unschedulable"]
    cluster = looks.world.cluster
    reads = [
        cluster.list(
            "Event",
            str(meta(each).get("namespace")),
            field_selector=f"involvedObject.name={meta(each).get('name')},type=Normal",
            limit=50,
        )
        for each in waiting[:SCALE_UPS]
    ]
    found = await asyncio.gather(*(looks.attempt("events of waiting pods", each, list[JsonObject]()) for each in reads))
    return [event for events in found for event in events]


def _choose(rows: Sequence[PodRow], caps: Caps) -> list[PodRow]:
    """The worst first, and of pods that are named alike only a few: they tell the same story."""
    taken: dict[str, int] = {}
    chosen: list[PodRow] = []
    for row in sorted(rows, key=lambda each: (-suspicion(each), -each.restarts, each.name)):
        family = row.name.rsplit("-", 1)[0]
        if taken.get(family, 0) < caps.pods_of_one_workload:
            taken[family] = taken.get(family, 0) + 1
            chosen.append(row)
    return chosen[: caps.pods]


async def _read_pods(looks: _Looks, namespace: str | None, rows: Sequence[PodRow]) -> list[JsonObject]:
    cluster = looks.world.cluster

    async def read(row: PodRow) -> list[JsonObject]:
        if namespace is not None:
            return [await cluster.get("Pod", namespace, row.name)]
        # A row of the whole cluster does not say its namespace: the server finds the pod by its name.
        return await cluster.list("Pod", None, field_selector=f"metadata.name={row.name}", limit=3)

    found = await asyncio.gather(*(looks.attempt(f"pod {row.name}", read(row), list[JsonObject]()) for row in rows))
    return [pod for pods in found for pod in pods]


async def _wanted_deployments(looks: _Looks, wanted: _Wanted, caps: Caps) -> list[JsonObject]:
    """For one namespace what was listed; for all of them those behind the pods, and those with pods missing."""
    if wanted.namespace is not None:
        return wanted.objects
    cluster = looks.world.cluster
    owners = sorted({owner for pod in wanted.pods if (owner := deployment_behind(pod)) is not None})
    behind = {each.name for each in owners}
    lacking = [each.name for each in wanted.scanned if each.ready < each.desired or each.name in wanted.focus]
    by_name = [each for each in lacking if each not in behind][: caps.deployments]
    reads: list[Awaitable[list[JsonObject]]] = [
        cluster.list("Deployment", each.namespace, field_selector=f"metadata.name={each.name}", limit=1)
        for each in owners[: caps.pods]
    ]
    reads += [cluster.list("Deployment", None, field_selector=f"metadata.name={name}", limit=3) for name in by_name]
    found = await asyncio.gather(*(looks.attempt("deployments", each, list[JsonObject]()) for each in reads))
    return [deployment for deployments in found for deployment in deployments]


def deployment_behind(pod: JsonObject) -> ObjectRef | None:
    """A ReplicaSet that a deployment made is named after it and the pod's template hash; no request needed."""
    owner = next((each for each in meta(pod).get("ownerReferences") or () if each.get("controller")), None)
    template_hash = (meta(pod).get("labels") or {}).get("pod-template-hash")
    if owner is None or owner.get("kind") != "ReplicaSet" or not template_hash:
        return None
    name = str(owner.get("name"))
    if not name.endswith(f"-{template_hash}"):
        return None
    return ObjectRef("Deployment", str(meta(pod).get("namespace")), name.removesuffix(f"-{template_hash}"))


async def _releases(looks: _Looks, around: _Wanted, caps: Caps) -> list[Deployment]:
    objects = await _wanted_deployments(looks, around, caps)
    focus, behind = around.focus, {deployment_behind(pod) for pod in around.pods}
    wanted = [each for each in objects if ref_of("Deployment", each) in behind]
    wanted += [each for each in objects if each not in wanted and (_lacks(each) or meta(each).get("name") in focus)]
    wanted = wanted[: caps.deployments]
    redactor, cluster = looks.world.redactor, looks.world.cluster
    sets = await asyncio.gather(
        *(
            looks.attempt(
                f"revisions of {meta(each).get('name')}",
                cluster.list(
                    "ReplicaSet", str(meta(each).get("namespace")), label_selector=selector_of(each), limit=100
                ),
                list[JsonObject](),
            )
            for each in wanted
        )
    )
    known = {id(each): replica_sets for each, replica_sets in zip(wanted, sets, strict=True)}
    return [
        dataclasses.replace(
            deployment_from(each, redactor), releases=releases_of(each, known.get(id(each), ()), redactor)
        )
        for each in objects
    ]


def _lacks(deployment: JsonObject) -> bool:
    status = deployment.get("status") or {}
    desired = (deployment.get("spec") or {}).get("replicas", 1)
    return bool(status.get("availableReplicas", 0) < desired or is_under_way(deployment))


def _with_events(pod: Pod, events: Sequence[Event]) -> Pod:
    return dataclasses.replace(pod, events=tuple(each for each in events if each.subject == pod.ref))


def _deployment_with_events(deployment: Deployment, events: Sequence[Event]) -> Deployment:
    sets = {ObjectRef("ReplicaSet", deployment.ref.namespace, each.replica_set) for each in deployment.releases}
    own = tuple(each for each in events if each.subject in sets or each.subject == deployment.ref)
    return dataclasses.replace(deployment, events=own)


def _workloads(
    pods: Sequence[Pod], deployments: Sequence[Deployment], rows: Sequence[PodRow], limits: Thresholds
) -> tuple[Workload, ...]:
    """Suspicious pods under their top controller; deployments that lack pods without any are workloads too."""
    by_ref = {each.ref: each for each in deployments}
    grouped: dict[ObjectRef, list[Pod]] = {each.ref: [] for each in deployments if each.releases}
    for pod in pods:
        grouped.setdefault(_top(pod, by_ref), []).append(pod)
    suspicious = [each.name for each in rows if is_suspicious(each, limits)]
    read = {each.ref.name for each in pods}
    made = []
    for ref, members in sorted(grouped.items()):
        sets = {each.owner.name for each in members if each.owner}
        unread = sum(name not in read and name.rsplit("-", 1)[0] in sets for name in suspicious)
        made.append(Workload(ref, tuple(members), by_ref.get(ref), unread))
    return tuple(made)


def _top(pod: Pod, deployments: dict[ObjectRef, Deployment]) -> ObjectRef:
    if pod.owner is None:
        return pod.ref
    if pod.owner.kind == "ReplicaSet" and pod.template_hash:
        name = pod.owner.name.removesuffix(f"-{pod.template_hash}")
        ref = ObjectRef("Deployment", pod.ref.namespace, name)
        return ref if ref in deployments else pod.owner
    return pod.owner
