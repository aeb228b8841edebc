"""Pods for which there is no node: too little room, or rules that no node meets."""

from collections.abc import Callable, Iterator

from tools.analyzers.interface import Claim, cited, count_words, events_about, find_blame, finding
from tools.evidence import Category, Finding
from tools.snapshot import Event, Pod, Release, Snapshot, Topic

# The scheduler lists every reason at once; the first of these that it gives is what a person would have to change.
_TELLING: tuple[tuple[str, Category, str], ...] = (
    (
        "unbound immediate persistentvolumeclaims",
        Category.PVC_UNBOUND,
        "Its volume claim is not bound to a volume yet: look at the claim and its storage class.",
    ),
    (
        "insufficient ",
        Category.INSUFFICIENT_RESOURCES,
        "No node has as much room left as the pod asks for. Ask for less, add a node, or free some room. What counts "
        "is what pods ask for (requests), not what they use.",
    ),
    (
        "node affinity/selector",
        Category.NODE_SELECTOR_MISMATCH,
        "The pod names labels that no node has: look at its node selector and affinity.",
    ),
    (
        "taint",
        Category.TAINT_NOT_TOLERATED,
        "The nodes are reserved by taints that the pod does not tolerate.",
    ),
)
_TOPICS: dict[Category, frozenset[Topic]] = {
    Category.INSUFFICIENT_RESOURCES: frozenset({"memory request", "cpu request", "scheduling"}),
    Category.NODE_SELECTOR_MISMATCH: frozenset({"scheduling"}),
    Category.TAINT_NOT_TOLERATED: frozenset({"scheduling"}),
    Category.PVC_UNBOUND: frozenset({"config source"}),
}


def no_node_fits(snapshot: Snapshot) -> Iterator[Finding]:
    """The pod waits for a node longer than a new node takes to come."""
    for workload in snapshot.workloads:
        pods = tuple(each for each in workload.pods if each.unschedulable and _waits_long(each, snapshot))
        if not pods:
            continue
        told = events_about(pods, "FailedScheduling")
        text = f"{pods[0].unschedulable} {' '.join(told[0].message.split()) if told else ''}"
        found = next((each for each in _TELLING if each[0] in text.lower()), None)
        if found is None:
            continue
        _, category, why = found
        topics = _TOPICS[category]
        claim = Claim(
            category=category,
            summary=f"{count_words(workload, pods)} cannot be placed on any node: {pods[0].unschedulable}",
            explanation=f"The scheduler finds no node for these pods, so they wait. Each asks for {pods[0].requests}. "
            f"{why} A restart does not help: the new pod would wait as well.",
            evidence=cited((each.evidence for each in told), (each.evidence for each in pods)),
            confidence=0.9,
            pods=pods,
            since=min((each.created_at for each in pods if each.created_at), default=None),
            blame=find_blame(workload, pods, _changed(topics), snapshot.thresholds),
            may_roll_back=_is_by_release(workload.deployment.releases if workload.deployment else (), topics),
        )
        yield finding(workload, claim)


def _changed(topics: frozenset[Topic]) -> Callable[[Release, Release], bool]:
    return lambda release, _older: bool(release.changed & topics)


def _is_by_release(releases: tuple[Release, ...], topics: frozenset[Topic]) -> bool:
    """Nodes fill up by themselves too: going back helps only when the release asked for more."""
    return bool(releases and releases[0].changed & topics)


def _waits_long(pod: Pod, snapshot: Snapshot) -> bool:
    limits = snapshot.thresholds
    is_helped = any(each.subject.namespace == pod.ref.namespace for each in _scale_ups(snapshot))
    patience = limits.scaling_up if is_helped else limits.pending
    return pod.created_at is None or snapshot.observed_at - pod.created_at >= patience


def _scale_ups(snapshot: Snapshot) -> Iterator[Event]:
    """An autoscaler names only some of the pods for which it adds a node."""
    for pod in (each for workload in snapshot.workloads for each in workload.pods):
        yield from events_about([pod], "TriggeredScaleUp")
