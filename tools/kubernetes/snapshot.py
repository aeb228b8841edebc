"""Takes one picture of a namespace or of all of them: a cheap scan, then only the places that matter in full.

A source that fails becomes a line in ``not_checked`` and never an exception. The number of requests is bounded by
``Caps``, whatever the size of the cluster: it grows neither with namespaces nor with pods that are well.
"""

import asyncio
import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.kubernetes.flags import flags_of
from tools.kubernetes.logs import Depth, read_logs
from tools.kubernetes.looks import Looks, flat
from tools.kubernetes.objects import event_from, pod_from
from tools.kubernetes.repositories import open_named
from tools.kubernetes.rollout import selector_of
from tools.kubernetes.rows import is_suspicious, node_rows_of
from tools.kubernetes.scan import AT_HAND, PLATFORM, Caps, Scan, choose, scan
from tools.kubernetes.scope import Scope
from tools.kubernetes.workloads import Parts, deployments_of, group, revisions_of_sets, with_events
from tools.logs.reading import SignKind
from tools.objects import condition, name_of, namespace_of
from tools.secrets_seen import seen_in
from tools.snapshot import Event, Pod, Snapshot, Thresholds
from tools.world import ChangeSource, JsonObject, Reader, RecordedChange, Series, WorldError

CHANGES = timedelta(days=14)
METRICS = timedelta(hours=24)
_NODES = 200
_SCALE_UPS = 2

# Listed whole in each place that matters.
IN_PLACE = (
    *("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"),
    *("Service", "Endpoints", "EndpointSlice", "Ingress", "NetworkPolicy", "HTTPRoute", "Gateway"),
    *("ConfigMap", "ServiceAccount", "PersistentVolumeClaim", "ResourceQuota", "LimitRange"),
    *("HorizontalPodAutoscaler", "PodDisruptionBudget"),
)
OF_CLUSTER = (
    *("Namespace", "PersistentVolume", "StorageClass", "IngressClass"),
    *("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"),
)
# Read only from files that hold them: a live cluster is not asked for these. Of Secrets no value is ever kept.
FROM_FILES = (
    *("Secret", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Certificate", "VirtualService"),
    *("DestinationRule", "Lease", "VolumeAttachment", "PriorityClass", "APIService", "PodMetrics", "NodeMetrics"),
    *("ReplicationController", "CSIDriver", "Issuer", "ClusterIssuer", "VerticalPodAutoscaler", "CiliumNetworkPolicy"),
)


@dataclass(frozen=True, slots=True)
class _Read:
    """What was listed, before it is put together."""

    objects: dict[str, tuple[JsonObject, ...]]
    events: list[JsonObject]
    pods: list[JsonObject]


async def take(
    world: Reader, scope: Scope, now: datetime, *, thresholds: Thresholds | None = None, caps: Caps | None = None
) -> Snapshot:
    """Workloads in the scope's ``focus`` are read in full even when they look well.

    Namespaces ``beside`` the one that was asked about are looked at where all is well in that one.
    """
    namespace, wanted = scope.namespace, scope.focus
    limits, looks = thresholds or Thresholds(), Looks(world)
    caps = caps or (AT_HAND if world.at_hand else Caps())
    less = dataclasses.replace(caps.logs, tails=caps.logs.tails // 3)
    seen, nodes, changes, metrics = await asyncio.gather(
        scan(looks, namespace, wanted, limits, caps),
        looks.listed("Node", None, limit=_NODES),
        _changes(looks, now, world.changes),
        _metrics(looks, namespace, now),
    )
    if seen.blind is not None:
        where = f"namespace {namespace}" if namespace else "all namespaces"
        looks.not_checked.insert(0, world.redactor.text(f"pods of {where}: {seen.blind}").clip(300))
    read = await _details(looks, seen, wanted, limits, caps)
    looks.learn(seen_in([*flat(read.objects.values()), *read.pods]))
    pods, told = await _with_logs(looks, seen, read, _Want(caps.logs, wanted), now)
    meant = () if any(is_suspicious(each, limits) for each in seen.rows) else scope.beside
    places = await _all_places(looks, seen) if world.at_hand else _elsewhere(pods, told, seen, limits, meant)
    if not world.at_hand:
        _note_callers(looks, (*seen.places, *places))
    for place in places:
        # The fault may lie where the programs here call, or in the platform under them.
        there = await scan(looks, place, wanted, limits, caps)
        more = await _details(looks, there, wanted, limits, caps)
        looks.learn(seen_in([*flat(more.objects.values()), *more.pods]))
        its_pods, its_events = await _with_logs(looks, there, more, _Want(less, wanted), now)
        known = {each.ref for each in its_pods}
        pods, told = [*(each for each in pods if each.ref not in known), *its_pods], [*told, *its_events]
        read, seen = _joined(read, more), dataclasses.replace(seen, platform=(*seen.platform, *there.rows))
    read.objects["Node"] = tuple(nodes)
    named = open_named(looks, read.objects, [each.name for each in seen.suspicious])
    changes = [*changes, *await _changes(looks, now, named)]
    picture = _assembled(looks, seen, read, _Rest(pods, told, changes, metrics), now, limits)
    return dataclasses.replace(picture, namespace=namespace, focus=wanted, repositories=named)


@dataclass(frozen=True, slots=True)
class _Want:
    """How much of logs, and of which workloads first."""

    depth: Depth
    focus: frozenset[str]


async def _with_logs(
    looks: Looks, seen: Scan, read: _Read, want: _Want, now: datetime
) -> tuple[list[Pod], list[Event]]:
    redactor = looks.world.redactor
    told = [event_from(each, redactor) for each in read.events]
    pods = [with_events(pod_from(each, redactor), told) for each in read.pods]
    pods, untold = await read_logs(looks.world, _by_need(pods, seen, want.focus), want.depth, now)
    if untold:
        looks.note(untold)
    return pods, told


def _joined(one: _Read, other: _Read) -> _Read:
    kinds = one.objects.keys() | other.objects.keys()
    objects = {kind: _once((*one.objects.get(kind, ()), *other.objects.get(kind, ()))) for kind in kinds}
    return _Read(objects, [*one.events, *other.events], [*one.pods, *other.pods])


def _once(objects: Iterable[JsonObject]) -> tuple[JsonObject, ...]:
    return tuple({(namespace_of(each), name_of(each)): each for each in objects}.values())


_WEBHOOK = re.compile(r"failed calling webhook .{0,200}https://[a-z0-9-]+\.([a-z0-9-]+)\.svc\b")
_OTHER_PLACE = re.compile(r"^[a-z0-9-]+(?:\.[a-z0-9-]+)?\.([a-z0-9-]+)\.svc\b|^[a-z0-9-]+\.([a-z0-9-]+)(?::\d+)?$")
_REACHING = (
    *(SignKind.CONNECTION_REFUSED, SignKind.CONNECTION_TIMEOUT, SignKind.CONNECTION_RESET, SignKind.DNS_FAILURE),
    *(SignKind.AUTHENTICATION_FAILED, SignKind.READ_ONLY, SignKind.TOO_MANY_CONNECTIONS, SignKind.UPSTREAM_ERROR),
    *(SignKind.SLOW, SignKind.CERTIFICATE_EXPIRED, SignKind.PROTOCOL_MISMATCH),
)
_MOST_PLACES = 2
_WORLD = frozenset({"com", "net", "org", "io", "dev", "cloud", "app", "local", "internal", "example", "test"})


async def _all_places(looks: Looks, seen: Scan) -> list[str]:
    """Every other namespace: who suffers from what is wrong in the one asked about may live in any of them."""
    if None in seen.places:
        return []
    found = await looks.attempt("Namespaces", looks.world.cluster.namespaces(), ())
    return [name for each in found if (name := name_of(each)) not in seen.places]


def _note_callers(looks: Looks, places: Sequence[str | None]) -> None:
    """A program that calls from afar may be all that shows a fault, and looking into every namespace is not bounded."""
    named = ", ".join(each for each in places if each is not None)
    if None not in places and named:
        looks.note(f"Programs in other namespaces that may call what fails here: read are pods and logs of {named}")


def _elsewhere(
    pods: Sequence[Pod], told: Sequence[Event], seen: Scan, limits: Thresholds, meant: Sequence[str]
) -> list[str]:
    """Namespaces outside the question that are worth a look: where programs complain of, and an unwell platform.

    After those the ones that may have been ``meant``.
    """
    if None in seen.places:
        return []
    found = [PLATFORM] if any(is_suspicious(each, limits) for each in seen.platform) else []
    found += [webhook[1] for each in told if (webhook := _WEBHOOK.search(each.message))][:1]
    for tail in (each for pod in pods for each in pod.logs):
        for sign in tail.reading.standing(*_REACHING):
            named = _OTHER_PLACE.match((sign.target or "").removeprefix("http://").removeprefix("https://"))
            found += [each for each in (named.groups() if named else ()) if each and each not in _WORLD]
            # Names are answered there.
            found += [PLATFORM] if sign.kind is SignKind.DNS_FAILURE else []
    return [each for each in dict.fromkeys([*found, *meant]) if each not in seen.places][:_MOST_PLACES]


@dataclass(frozen=True, slots=True)
class _Rest:
    pods: list[Pod]
    told: list[Event]
    changes: list[RecordedChange]
    metrics: list[Series]


def _assembled(looks: Looks, seen: Scan, read: _Read, rest: _Rest, now: datetime, limits: Thresholds) -> Snapshot:
    redactor = looks.world.redactor
    deployments = deployments_of(read.objects, rest.told, redactor)
    bad = frozenset(each.name for each in (*seen.rows, *seen.platform) if is_suspicious(each, limits))
    revisions = revisions_of_sets(read.objects, redactor)
    parts = Parts(rest.pods, deployments, read.objects, rest.told, bad, revisions)
    return Snapshot(
        cluster=looks.world.cluster.name,
        namespace=None,
        observed_at=now,
        rows=seen.rows,
        scanned=seen.scanned,
        workloads=group(parts),
        deployments=deployments,
        nodes=node_rows_of(read.objects["Node"]),
        pods=tuple(rest.pods),
        events=tuple(rest.told),
        objects=read.objects,
        metrics=tuple(rest.metrics),
        recorded=(*rest.changes, *flags_of(read.objects, now - CHANGES)),
        warnings=sum(each.kind == "Warning" for each in rest.told),
        not_checked=tuple(looks.not_checked),
        unconnected=looks.world.unconnected,
        blind=seen.blind is not None,
        truncated=seen.truncated,
        thresholds=limits,
        say=redactor.text,
    )


# ---- what lies outside the cluster ----------------------------------------------------------------------------------


async def _changes(looks: Looks, now: datetime, sources: Sequence[ChangeSource]) -> list[RecordedChange]:
    async def read(source: ChangeSource) -> Sequence[RecordedChange]:
        try:
            return await source.changes(now - CHANGES, now)
        except WorldError as error:
            looks.note(f"changes outside the cluster: {error}")
            return ()

    return flat(await asyncio.gather(*(read(each) for each in sources)))


async def _metrics(looks: Looks, namespace: str | None, now: datetime) -> list[Series]:
    found: list[Series] = []
    for source in looks.world.metrics:
        try:
            found += await source.series(namespace, now - METRICS, now)
        except WorldError as error:
            looks.note(f"metrics: {error}")
    return found


# ---- details --------------------------------------------------------------------------------------------------------


async def _details(looks: Looks, seen: Scan, focus: frozenset[str], limits: Thresholds, caps: Caps) -> _Read:
    kinds = [*IN_PLACE, *FROM_FILES]
    listed, cluster_wide, events, pods = await asyncio.gather(
        asyncio.gather(*(_in_places(looks, kind, seen, focus, caps) for kind in kinds)),
        asyncio.gather(*(looks.listed(kind, None, limit=caps.cluster_wide) for kind in OF_CLUSTER)),
        _events(looks, seen.places, caps),
        _pods(looks, seen, focus, limits, caps),
    )
    objects = {kind: tuple(found) for kind, found in zip(kinds, listed, strict=True) if found}
    objects |= {kind: tuple(found) for kind, found in zip(OF_CLUSTER, cluster_wide, strict=True) if found}
    revisions, helped = await asyncio.gather(
        _revisions(looks, objects, seen, focus, caps), _scale_ups(looks, pods, seen.places)
    )
    return _Read(objects | revisions, [*events, *helped], pods)


def _places_of(kind: str, places: Sequence[str | None]) -> Sequence[str | None]:
    """Whether the scheduler runs is told by its lease, which is not where pods wait for it."""
    is_beside = kind == "Lease" and None not in places and PLATFORM not in places
    return (*places, PLATFORM) if is_beside else places


async def _in_places(looks: Looks, kind: str, seen: Scan, focus: frozenset[str], caps: Caps) -> list[JsonObject]:
    """All of a kind where there are few; else the first of them, and by name those behind the pods that look wrong."""
    places = _places_of(kind, seen.places)
    is_large = len(seen.rows) > caps.small
    most = caps.many if is_large else caps.few
    found = flat(await asyncio.gather(*(looks.listed(kind, place, limit=most) for place in places)))
    if kind != "Deployment" or len(found) < most:
        return found
    known = {name_of(each) for each in found}
    named = {each.name.rsplit("-", 2)[0] for each in seen.rows} & focus
    behind = dict.fromkeys([*(each.name.rsplit("-", 2)[0] for each in seen.suspicious), *sorted(named)])
    names = [each for each in behind if each not in known][: caps.deployments]
    reads = [looks.listed(kind, place, fields=f"metadata.name={name}", limit=1) for place in places for name in names]
    return [*found, *flat(await asyncio.gather(*reads))]


async def _events(looks: Looks, places: Sequence[str | None], caps: Caps) -> list[JsonObject]:
    """Warnings and the rest apart, so that many of one kind cannot crowd out the other."""
    wanted = [(place, kind) for place in places for kind in ("Warning", "Normal")]
    # What happens to nodes is told in the namespace "default".
    wanted += [("default", "")] if None not in places and "default" not in places else []
    reads = [
        looks.listed("Event", place, fields=f"type={kind}" if kind else "involvedObject.kind=Node", limit=caps.events)
        for place, kind in wanted
    ]
    return flat(await asyncio.gather(*reads))


async def _pods(looks: Looks, seen: Scan, focus: frozenset[str], limits: Thresholds, caps: Caps) -> list[JsonObject]:
    """All pods of a small place at once; of a large one only those that look wrong, and one of what is asked about."""
    platform = [each for each in seen.platform if is_suspicious(each, limits)]
    reads = [looks.listed("Pod", PLATFORM, fields=f"metadata.name={each.name}", limit=1) for each in platform[:4]]
    if seen.pods:
        reads.append(_already(seen.pods))
    elif len(seen.rows) <= caps.small:
        reads += [looks.listed("Pod", place, limit=caps.small) for place in seen.places]
    else:
        asked = [each for each in seen.rows if any(each.name.startswith(f"{name}-") for name in focus)]
        chosen = dict.fromkeys(each.name for each in [*seen.suspicious, *choose(asked, caps)[:3]])
        place = seen.places[0] if seen.places else None
        reads += [looks.listed("Pod", place, fields=f"metadata.name={name}", limit=1) for name in chosen]
    return flat(await asyncio.gather(*reads))


async def _already(found: Sequence[JsonObject]) -> list[JsonObject]:
    return list(found)


async def _revisions(
    looks: Looks, objects: dict[str, tuple[JsonObject, ...]], seen: Scan, focus: frozenset[str], caps: Caps
) -> dict[str, tuple[JsonObject, ...]]:
    """The ReplicaSets of the deployments: of all where there are few, else of those that lack pods or are asked for."""
    deployments = objects.get("Deployment", ())
    suspicious = {each.name.rsplit("-", 2)[0] for each in seen.suspicious}
    if len(deployments) <= caps.deployments:
        reads = [looks.listed("ReplicaSet", place, limit=300) for place in seen.places] if deployments else []
    else:
        wanted = [each for each in deployments if name_of(each) in suspicious | focus or _lacks(each)]
        reads = [
            looks.listed("ReplicaSet", namespace_of(each), labels=selector_of(each), limit=100)
            for each in sorted(wanted, key=lambda one: name_of(one) not in suspicious)[: caps.deployments]
        ]
    stateful = [*objects.get("StatefulSet", ()), *objects.get("DaemonSet", ())]
    others = [looks.listed("ControllerRevision", place, limit=100) for place in seen.places] if stateful else []
    sets, revisions = await asyncio.gather(asyncio.gather(*reads), asyncio.gather(*others))
    return {"ReplicaSet": tuple(flat(sets)), "ControllerRevision": tuple(flat(revisions))}


def _lacks(deployment: JsonObject) -> bool:
    status = deployment.get("status") or {}
    desired = (deployment.get("spec") or {}).get("replicas", 1)
    return bool(status.get("availableReplicas", 0) < desired or status.get("updatedReplicas", 0) < desired)


async def _scale_ups(looks: Looks, pods: Sequence[JsonObject], places: Sequence[str | None]) -> list[JsonObject]:
    """Whether a node is on its way for pods that wait; an autoscaler says so in a normal event about the pod."""
    waiting = [each for each in pods if condition(each, "PodScheduled").get("reason") == "Unschedulable"]
    reads = [
        looks.listed("Event", namespace_of(each), fields=f"involvedObject.name={name_of(each)},type=Normal", limit=50)
        for each in waiting[:_SCALE_UPS]
        if namespace_of(each) not in places and None not in places
    ]
    return flat(await asyncio.gather(*reads))


def _by_need(pods: Sequence[Pod], seen: Scan, focus: frozenset[str]) -> list[Pod]:
    """Those whose logs are wanted most first: what looks wrong, what was asked about, then the rest."""
    bad = {each.name for each in seen.suspicious}

    def order(pod: Pod) -> tuple[bool, bool]:
        is_asked = any(pod.ref.name.startswith(f"{name}-") for name in focus)
        return pod.ref.name not in bad, not is_asked

    return sorted(pods, key=order)
