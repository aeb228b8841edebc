"""Pods on a node whose runtime or network cannot make a place for them: no container is even begun."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tools.analyzers.interface import Claim, cited, count_words, events_about, finding, finding_on
from tools.evidence import Category, Finding, ObjectRef
from tools.snapshot import Event, Snapshot, Workload

_PLUGINS = ("aws-node", "antrea", "calico", "canal", "cilium", "cni", "flannel", "kindnet", "multus", "ovn", "weave")


@dataclass(frozen=True, slots=True)
class _Why:
    category: Category
    words: tuple[str, ...]
    advice: str


# In this order: a runtime that is down also fails to set up the network.
_WHYS = (
    _Why(
        Category.CONTAINER_RUNTIME_UNAVAILABLE,
        (".sock: connect", "code = unavailable", "container runtime is down", "unable to retrieve oci runtime error"),
        "The container runtime of the node (containerd, CRI-O) does not answer. Somebody with access to the node has "
        "to look at it.",
    ),
    _Why(
        Category.INSUFFICIENT_RESOURCES,
        ("failed to assign an ip address", "no ip addresses available", "no available ips", "ip pool exhausted"),
        "No address is left for pods on this node or in its subnet. Free some, give the network plugin a larger range, "
        "or use other nodes.",
    ),
    _Why(
        Category.BAD_ROLLOUT_CONFIG,
        ("runtimehandler", "no runtime for"),
        "The pod asks for a runtime class that this node does not have. Correct runtimeClassName, or set the runtime "
        "up there.",
    ),
    _Why(
        Category.IMAGE_REGISTRY_UNREACHABLE,
        ("failed to get sandbox image",),
        "The node cannot pull the small image (pause) that every pod begins with: look at its way to the registry.",
    ),
    _Why(
        Category.NODE_NOT_READY,
        ("failed to setup network", "network for pod", "plugin type=", "failed to find plugin", "cni"),
        "The network plugin (CNI) of the node fails. Look at the plugin's pod on that node, and its log.",
    ),
)


def no_sandbox(snapshot: Snapshot) -> Iterator[Finding]:
    """The kubelet tries again and again to make the pod's sandbox, and fails."""
    shared: dict[str, list[tuple[Workload, Claim]]] = defaultdict(list)
    for workload in snapshot.workloads:
        pods = tuple(each for each in workload.pods if each.phase == "Pending" and each.node and not each.going)
        told = [each for each in events_about(pods, "FailedCreatePodSandBox") if _repeats(each, snapshot)]
        found = next(((why, each) for why in _WHYS for each in told if _says(why, each)), None)
        if found is None:
            continue
        why, first = found
        pods = tuple(each for each in pods if any(one.subject == each.ref for one in told))
        nodes = tuple(dict.fromkeys(str(each.node) for each in pods))
        claim = Claim(
            category=why.category,
            summary=f"{count_words(workload, pods)} cannot be begun on {', '.join(nodes)}: {first.message}",
            explanation=f"The pods have a node, and there not even their sandbox (the frame with their network) can be "
            f"made, so no container starts. {why.advice} New pods on the same node fail in the same way.",
            evidence=cited((each.evidence for each in told), (each.evidence for each in pods)),
            confidence=0.85,
            pods=pods,
            since=min((each.first_at for each in told if each.first_at), default=None),
            because=(*(ObjectRef("Node", None, each) for each in nodes), *_plugins(why, snapshot)),
        )
        yield finding(workload, claim)
        if len(nodes) == 1 and why.category in _OF_NODE:
            shared[nodes[0]].append((workload, claim))
    for node, told_of in shared.items():
        if len(told_of) > 1:
            yield _on_node(node, told_of)


# Faults that lie with the node when more than one workload meets them there.
_OF_NODE = frozenset({Category.CONTAINER_RUNTIME_UNAVAILABLE, Category.NODE_NOT_READY})


def _on_node(node: str, told_of: list[tuple[Workload, Claim]]) -> Finding:
    first = told_of[0][1]
    names = ", ".join(workload.ref.name for workload, _ in told_of[:4])
    return finding_on(
        ObjectRef("Node", None, node),
        dataclasses.replace(
            first,
            summary=f"no pod can be begun on node {node}: {len(told_of)} workloads meet the same fault ({names})",
            evidence=cited(each for _, claim in told_of for each in claim.evidence[:2]),
            pods=tuple(pod for _, claim in told_of for pod in claim.pods),
            because=first.because[1:],
        ),
    )


def _repeats(event: Event, snapshot: Snapshot) -> bool:
    """Not the one failure of a plugin that has just begun."""
    is_now = event.last_at is None or snapshot.observed_at - event.last_at <= snapshot.thresholds.recent
    begun = event.first_at is not None and snapshot.observed_at - event.first_at >= snapshot.thresholds.pending
    return is_now and begun and event.count > 1


def _says(why: _Why, event: Event) -> bool:
    return any(word in event.message.lower() for word in why.words)


def _plugins(why: _Why, snapshot: Snapshot) -> Iterator[ObjectRef]:
    """The network plugin's own workload, if it is not well itself."""
    if why.category is Category.NODE_NOT_READY:
        for each in snapshot.workloads:
            if any(word in each.ref.name for word in _PLUGINS) and each.pods:
                yield each.ref
