"""Pods for which there is no node: too little room, or rules that no node meets."""

import re
from collections.abc import Callable, Iterable, Iterator

from tools.analyzers.interface import Claim, cited, count_words, events_about, find_blame, finding, finding_on, seen
from tools.analyzers.placement import (
    OF_CONDITIONS,
    Reason,
    accepts,
    amount,
    asked_for,
    is_cordoned,
    is_unwell,
    largest,
    reasons_of,
    telling,
    untolerated,
)
from tools.evidence import Category, Finding, ObjectRef
from tools.objects import items, name_of, part, ref_of
from tools.snapshot import Event, Pod, Release, Snapshot, Topic, Workload
from tools.world import JsonObject

C = Category
_WHY: dict[Category, str] = {
    C.INSUFFICIENT_RESOURCES: "No node has as much room left as the pod asks for. Ask for less, add a node, or free "
    "some room. What counts is what pods ask for (requests), not what they use.",
    C.NODE_SELECTOR_MISMATCH: "The pod asks for nodes with certain labels, and no node has them: correct its node "
    "selector or affinity, or label a node.",
    C.TAINT_NOT_TOLERATED: "The nodes are reserved by taints that the pod does not tolerate. Either give it the "
    "toleration, if it is meant to run there, or take the taint away.",
    C.ANTI_AFFINITY_CONFLICT: "The pod's rules about which pods it may stand beside, or how evenly they must be "
    "spread, leave no node. Loosen the rule (preferred instead of required), run fewer replicas, or add nodes.",
    C.PORT_CONFLICT: "The pod asks for a port of the node itself (hostPort or hostNetwork), and on every node that "
    "fits another pod has it. Use a Service instead, another port, or fewer replicas than nodes.",
    C.NODE_CORDONED: "The nodes that could take it are cordoned: somebody marked them as not to be used, most often "
    "before maintenance. When that is over, uncordon them (kubectl uncordon).",
    C.PVC_UNBOUND: "Its volume claim is not bound to a volume yet: look at the claim and its storage class.",
}
_TOPICS: dict[Category, frozenset[Topic]] = {
    C.INSUFFICIENT_RESOURCES: frozenset({"memory request", "cpu request", "scheduling"}),
    C.PVC_UNBOUND: frozenset({"config source"}),
    C.PORT_CONFLICT: frozenset({"ports", "scheduling", "other"}),
}
_SCHEDULING: frozenset[Topic] = frozenset({"scheduling"})
_RESOURCE = re.compile(r"Insufficient ([\w./-]+[\w])")
_COMING = ("TriggeredScaleUp", "Nominated")


def no_node_fits(snapshot: Snapshot) -> Iterator[Finding]:
    """The pod waits for a node longer than a new node takes to come."""
    cordoned: list[tuple[Workload, tuple[Pod, ...]]] = []
    for workload in snapshot.workloads:
        pods = tuple(each for each in workload.pods if waits_for(each) and _waits_long(each, snapshot))
        if not pods:
            continue
        told = events_about(pods, "FailedScheduling")
        message = waits_for(pods[0])
        wanted = workload.deployment.desired if workload.deployment else workload.desired
        reasons = reasons_of(message) or reasons_of(" ".join(str(each.message) for each in told[:1]))
        reason = _newly_refused(reasons, workload) or telling(reasons, pods[0].raw, snapshot, wanted)
        if reason is None:
            continue
        if reason.category is C.NODE_CORDONED:
            cordoned.append((workload, pods))
        yield finding(workload, _claim(workload, pods, reason, message, snapshot))
    yield from _cordoned(cordoned, snapshot)


def _claim(workload: Workload, pods: tuple[Pod, ...], reason: Reason, message: str, snapshot: Snapshot) -> Claim:
    category = reason.category
    told = events_about(pods, "FailedScheduling", "NotTriggerScaleUp")
    topics = _TOPICS.get(category, _SCHEDULING)
    return Claim(
        category=category,
        summary=f"{count_words(workload, pods)} cannot be placed on any node: {message}",
        explanation=f"The scheduler finds no node for these pods, so they wait. Each asks for {pods[0].requests}. "
        f"{_room(reason, pods[0].raw, snapshot)}{_WHY[category]}{_autoscaler(pods)} "
        "Restarting does not help: a new pod waits as well.",
        evidence=cited((each.evidence for each in told), (each.evidence for each in pods)),
        confidence=0.9,
        pods=pods,
        since=min((each.created_at for each in pods if each.created_at), default=None),
        blame=find_blame(workload, pods, _changed(topics), snapshot.thresholds),
        may_roll_back=_is_by_release(workload.deployment.releases if workload.deployment else (), topics),
        because=tuple(_behind(reason, pods[0], snapshot)),
    )


def _newly_refused(reasons: Iterable[Reason], workload: Workload) -> Reason | None:
    """A taint that the release before still tolerated: what was taken away is what a person has to put back."""
    newest = next(iter(workload.releases), None)
    lost = newest is not None and any(str(each.label) == "tolerations" for each in newest.differences)
    return next((each for each in reasons if lost and each.category is C.TAINT_NOT_TOLERATED), None)


def waits_for(pod: Pod) -> str:
    """Why the scheduler has not placed the pod, in its words; empty when it has."""
    if pod.unschedulable:
        return str(pod.unschedulable)
    if pod.node or pod.phase != "Pending":
        return ""
    return next((str(each.message) for each in events_about([pod], "FailedScheduling")), "")


def _room(reason: Reason, pod: JsonObject, snapshot: Snapshot) -> str:
    """Whether the pod could fit at all, by what the nodes offer when they are empty."""
    found = _RESOURCE.search(reason.text) if reason.category is C.INSUFFICIENT_RESOURCES else None
    most = largest(snapshot, found[1]) if found else None
    if found is None or most is None:
        return ""
    asked = asked_for(pod, found[1])
    if most == 0:
        return f"No node offers any {found[1]} at all: its device plugin does not run, or there is no such node. "
    if asked > most:
        return (
            f"It asks for {amount(asked, found[1])}, and even the largest node offers only {amount(most, found[1])} "
            "when it is empty: it can never fit. "
        )
    return f"The largest node offers {amount(most, found[1])}, but other pods have asked for most of that. "


def _autoscaler(pods: tuple[Pod, ...]) -> str:
    told = next((str(each.message) for each in events_about(pods, "NotTriggerScaleUp")), "")
    if "max node group size reached" in told:
        return " The autoscaler may not add nodes: its group is at its largest size."
    return " The autoscaler says that a new node would not help either." if told else ""


def _behind(reason: Reason, pod: Pod, snapshot: Snapshot) -> Iterator[ObjectRef]:
    """Objects whose own fault may be why the pod waits: its claims, or nodes that are out of use."""
    if reason.category is C.PVC_UNBOUND:
        for volume in items(pod.raw, "spec", "volumes"):
            name = part(volume, "persistentVolumeClaim", "claimName")
            if name:
                yield ObjectRef("PersistentVolumeClaim", pod.ref.namespace, str(name))
        return
    nodes = [each for each in snapshot.of("Node") if accepts(pod.raw, each, snapshot)]
    if reason.category is C.NODE_CORDONED:
        yield from (ref_of("Node", each) for each in nodes if is_cordoned(each))
    lacks_room = reason.category in (C.INSUFFICIENT_RESOURCES, C.ANTI_AFFINITY_CONFLICT)
    keeps_away = reason.category is C.TAINT_NOT_TOLERATED and (
        not reason.taint or reason.taint.startswith(OF_CONDITIONS)
    )
    if (lacks_room and not _never_fits(reason, pod, snapshot)) or keeps_away:
        for each in nodes:
            keys = list(untolerated(pod.raw, each))
            if is_unwell(each) and all(key.startswith(OF_CONDITIONS) for key in keys):
                yield ref_of("Node", each)


def _never_fits(reason: Reason, pod: Pod, snapshot: Snapshot) -> bool:
    found = _RESOURCE.search(reason.text)
    most = largest(snapshot, found[1]) if found else None
    return found is not None and most is not None and asked_for(pod.raw, found[1]) > most


def _cordoned(waiting: list[tuple[Workload, tuple[Pod, ...]]], snapshot: Snapshot) -> Iterator[Finding]:
    """The nodes are what a person has to mend; one finding, however many were cordoned for one maintenance."""
    pods = tuple(pod for _, each in waiting for pod in each)
    nodes = [
        each
        for each in snapshot.of("Node")
        if is_cordoned(each) and any(accepts(pod.raw, each, snapshot) for pod in pods)
    ]
    if not nodes:
        return
    names = ", ".join(sorted(name_of(each) for each in nodes))
    verb = "is" if len(nodes) == 1 else "are"
    first = min(nodes, key=name_of)
    claim = Claim(
        category=C.NODE_CORDONED,
        summary=f"{names} {verb} cordoned, and {len(pods)} {'pod waits' if len(pods) == 1 else 'pods wait'} for a node",
        explanation=f"{names} {verb} marked as unschedulable (cordoned), so no new pod may start there, and the other "
        "nodes cannot take the pods that wait. Pods that already run there are not touched. If the maintenance is "
        "over, uncordon (kubectl uncordon); if not, more nodes are needed meanwhile.",
        evidence=cited(
            (seen(snapshot, each, f"node {name_of(each)}: spec.unschedulable is true") for each in nodes),
            (each.evidence for each in events_about(pods, "FailedScheduling")),
        ),
        confidence=0.92,
        pods=pods,
        affected=tuple(workload.ref for workload, _ in waiting),
    )
    yield finding_on(ref_of("Node", first), claim)


def _changed(topics: frozenset[Topic]) -> Callable[[Release, Release], bool]:
    return lambda release, _older: bool(release.changed & topics)


def _is_by_release(releases: tuple[Release, ...], topics: frozenset[Topic]) -> bool:
    """Nodes fill up by themselves too: going back helps only when the release asked for more."""
    return bool(releases and releases[0].changed & topics)


def _waits_long(pod: Pod, snapshot: Snapshot) -> bool:
    limits = snapshot.thresholds
    # A pod that a lower one makes room for has its node already, and waits for that one to end.
    is_helped = any(each.subject.namespace == pod.ref.namespace for each in _scale_ups(snapshot))
    is_nominated = bool(part(pod.raw, "status", "nominatedNodeName"))
    patience = limits.scaling_up if is_helped or is_nominated else limits.pending
    return pod.created_at is None or snapshot.observed_at - pod.created_at >= patience


def _scale_ups(snapshot: Snapshot) -> Iterator[Event]:
    """An autoscaler names only some of the pods for which it adds a node."""
    for pod in (each for workload in snapshot.workloads for each in workload.pods):
        yield from events_about([pod], *_COMING)
