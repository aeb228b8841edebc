"""Nodes that are not well, and what suffers from it: lost kubelets, stopped runtimes, pressure, evicted pods."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.analyzers.interface import (
    Claim,
    began_at,
    cited,
    count_words,
    events_about,
    find_blame,
    finding,
    finding_on,
    seen,
)
from tools.evidence import Category, Evidence, Finding, ObjectRef
from tools.objects import at, condition, conditions, created_at, items, name_of, part, ref_of
from tools.snapshot import Pod, Snapshot, Thresholds, Workload
from tools.world import JsonObject

C = Category
JOINING = timedelta(minutes=5)
OWN_LIMIT = ("exceeds the total limit of containers", "exceeds the limit", "exceeded its local ephemeral storage limit")
# Set by autoscalers on nodes that they take away; losing those is no accident.
_LEAVING = ("ToBeDeletedByClusterAutoscaler", "karpenter.sh/disruption", "karpenter.sh/disrupted")
_RUNTIME = ("container runtime is down", "runtime is not ready", "runtimeready=false", "failed to get runtime status")
_RUNTIME_TOO = ("pleg is not healthy", "container runtime not ready", "container runtime status check")
_NETWORK = ("networkready=false", "network plugin", "cni ", "networkpluginnotready")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a node: its condition, and what that means."""

    category: Category
    told: JsonObject
    words: str
    meaning: str


def unwell(snapshot: Snapshot) -> Iterator[Finding]:
    """A node that is not ready, or short of something, and the workloads that suffer from it."""
    for node in snapshot.of("Node"):
        fault = fault_of(node, snapshot)
        if fault is None:
            continue
        ref = ref_of("Node", node)
        pods = tuple(
            each for each in snapshot.pods if each.node == ref.name and each.phase not in ("Succeeded", "Failed")
        )
        told = [each for each in snapshot.events if each.subject.kind == "Node" and each.subject.name == ref.name]
        telling = [each for each in told if each.kind == "Warning" or each.reason.startswith("NodeNot")]
        claim = Claim(
            category=fault.category,
            summary=f"node {ref.name} {fault.words}: {fault.told.get('message') or fault.told.get('reason')}",
            explanation=f"{fault.meaning} {len(pods)} of the pods that were looked at are on this node.",
            evidence=cited([_evidence(node, fault, snapshot)], (each.evidence for each in reversed(telling))),
            confidence=_confidence(ref, pods, snapshot),
            pods=pods,
            since=at(fault.told.get("lastTransitionTime")),
        )
        yield finding_on(ref, claim)
        yield from _sufferers(ref, fault, snapshot)


def fault_of(node: JsonObject, snapshot: Snapshot) -> Fault | None:
    """The fault of a node that has lasted, if it has one. One that just joined or is being taken away has none."""
    made = created_at(node)
    if made is not None and snapshot.observed_at - made < JOINING:
        return None
    if any(str(each.get("key")) in _LEAVING for each in items(node, "spec", "taints")):
        return None
    ready = condition(node, "Ready")
    if ready.get("status") in ("False", "Unknown") and _lasts(ready, snapshot):
        return _not_ready(ready)
    for kind, category, words, meaning in _PRESSURES:
        found = condition(node, kind)
        if found.get("status") == "True":
            return Fault(category, found, words, meaning)
    return None


_PRESSURES = (
    (
        "DiskPressure",
        C.NODE_DISK_PRESSURE,
        "is under disk pressure",
        "The disk of the node is nearly full. The kubelet takes no new pods, removes images and puts pods out to free "
        "some. Find what fills the disk (images, logs, emptyDir volumes), remove it, or give the node a larger disk.",
    ),
    (
        "MemoryPressure",
        C.NODE_MEMORY_PRESSURE,
        "is under memory pressure",
        "The node has nearly no memory left. The kubelet puts pods out to save it, those first that use more than "
        "they asked for. Find what uses the memory, and give pods requests that match what they use.",
    ),
    (
        "PIDPressure",
        C.NODE_NOT_READY,
        "has nearly no process numbers left",
        "Some pod on the node makes very many processes or threads. Find it and limit it.",
    ),
    (
        "NetworkUnavailable",
        C.NODE_NOT_READY,
        "has no network for pods",
        "The network plugin has not set up this node. Look at the plugin's pod there.",
    ),
)


def _not_ready(ready: JsonObject) -> Fault:
    message = str(ready.get("message") or "").lower()
    if ready.get("status") == "Unknown":
        return Fault(
            C.KUBELET_UNAVAILABLE,
            ready,
            "does not report any more",
            "The kubelet, the agent on the node, has stopped telling the cluster how the node is: it stopped, or the "
            "whole node is down or cut off. Pods there are replaced elsewhere after five minutes, but those with a "
            "volume or of a StatefulSet stay until the node is back or removed. Look at the machine and its kubelet.",
        )
    # A runtime that is down has no network either: it is named first.
    if any(each in message for each in (*_RUNTIME, *_RUNTIME_TOO)) and not _is_only_network(message):
        return Fault(
            C.CONTAINER_RUNTIME_UNAVAILABLE,
            ready,
            "has no working container runtime",
            "The kubelet runs but cannot reach the container runtime (containerd, CRI-O), so no container can be "
            "started, stopped or looked at there. Somebody with access to the node has to look at the runtime.",
        )
    if any(each in message for each in _NETWORK):
        return Fault(
            C.NODE_NOT_READY,
            ready,
            "is not ready, as its network plugin is not",
            "The network plugin (CNI) of the node is not set up, so pods there get no network and do not start. Look "
            "at the plugin's pod on that node and its configuration.",
        )
    return Fault(
        C.NODE_NOT_READY,
        ready,
        "is not ready",
        "The kubelet says that the node cannot run pods. Look at the machine and at what the kubelet says.",
    )


def _is_only_network(message: str) -> bool:
    """``container runtime network not ready: NetworkReady=false`` is about the network alone."""
    rest = message.replace("container runtime network not ready", "")
    return "networkready=false" in message and not any(each in rest for each in (*_RUNTIME, *_RUNTIME_TOO))


def _lasts(told: JsonObject, snapshot: Snapshot) -> bool:
    since = at(told.get("lastTransitionTime"))
    return since is None or snapshot.observed_at - since >= snapshot.thresholds.not_ready


def _confidence(node: ObjectRef, pods: Sequence[Pod], snapshot: Snapshot) -> float:
    """A node that holds nothing of what is asked about is listed, and not called the cause of anything.

    A pod that was put out of it counts: it was there.
    """
    is_all_read = len(snapshot.pods) >= len(snapshot.rows) > 0
    thrown_out = [each for each in snapshot.pods if each.node == node.name and each.reason == "Evicted"]
    if any(each.ref.namespace == snapshot.namespace for each in thrown_out):
        return 0.9
    if snapshot.namespace is None or any(each.ref.namespace == snapshot.namespace for each in pods):
        return 0.95
    return 0.45 if is_all_read and not any(each.unschedulable for each in snapshot.pods) else 0.7


def _evidence(node: JsonObject, fault: Fault, snapshot: Snapshot) -> Evidence:
    told = fault.told
    since = at(told.get("lastTransitionTime"))
    heard = told.get("lastHeartbeatTime")
    text = (
        f"node {name_of(node)}: {told.get('type')} is {told.get('status')} ({told.get('reason')}: "
        f"{told.get('message')})" + (f" since {since:%Y-%m-%d %H:%M:%S} UTC" if since else "")
    )
    text += f"; last report {heard}" if heard and told.get("status") == "Unknown" else ""
    others = [
        f"{each.get('type')} {each.get('status')}"
        for each in conditions(node)
        if each is not told and (each.get("status") == "True") != (each.get("type") == "Ready")
    ]
    return seen(snapshot, node, text + (f"; also {', '.join(others)}" if others else ""), since)


def _sufferers(node: ObjectRef, fault: Fault, snapshot: Snapshot) -> Iterator[Finding]:
    """Workloads that lack pods because those on this node do not run, or cannot be started or ended there."""
    if fault.told.get("type") not in ("Ready", "NetworkUnavailable"):
        return  # under pressure the pods run on; those that are put out are told of as evicted
    for workload in snapshot.workloads:
        pods = tuple(
            each
            for each in workload.members or workload.pods
            if each.node == node.name and each.phase not in ("Succeeded", "Failed")
        )
        if not pods or not _lacks(workload, pods):
            continue
        claim = Claim(
            category=fault.category,
            summary=f"{count_words(workload, pods)} on node {node.name}, which {fault.words}",
            explanation=f"These pods are on node {node.name}, which {fault.words}: what they do there is unknown or "
            "stands still. The node is what has to be mended.",
            evidence=cited(each.evidence for each in pods),
            confidence=0.8,
            pods=pods,
            because=(node,),
        )
        yield finding(workload, claim)


def _lacks(workload: Workload, pods: Sequence[Pod]) -> bool:
    if any(each.going for each in pods):
        return True
    wanted = workload.desired
    if wanted is None:
        return any(condition(each.raw, "Ready").get("status") != "True" for each in pods)
    return workload.ready < wanted


# ---- evicted --------------------------------------------------------------------------------------------------------


def evicted(snapshot: Snapshot) -> Iterator[Finding]:
    """A node ran short, or the pod passed its own limit of storage, and the kubelet put it out."""
    for workload in snapshot.workloads:
        pods = tuple(each for each in workload.pods if each.reason == "Evicted")
        if not pods:
            continue
        own = any(word in str(each.message) for word in OWN_LIMIT for each in pods)
        # The pods of a controller are replaced elsewhere at once; their remains are no incident when it is complete,
        # unless one after another goes the same way.
        if _is_complete(workload) and not _repeats(pods, own, snapshot):
            continue
        why = (
            "The pods wrote more to their local disk (emptyDir, log, or the container's own files) than their limit "
            "allows. The next one will do the same: raise the limit, or have the program write less."
            if own
            else "The node ran short of memory or disk and put these pods out to save itself. They are not started "
            "again on it; a controller makes new ones where there is room. Look at what fills the node, and give the "
            "pods requests that match what they use."
        )
        nodes = tuple(dict.fromkeys(ObjectRef("Node", None, each.node) for each in pods if each.node))
        told = events_about(pods, "Evicted")
        claim = Claim(
            category=C.EVICTED,
            summary=f"{count_words(workload, pods)} evicted by the kubelet: {pods[0].message}",
            explanation=why,
            evidence=cited((each.evidence for each in told), (_of_evicted(each, snapshot) for each in pods)),
            confidence=0.85,
            pods=pods,
            since=began_at(pods),
            because=() if own else nodes,
            blame=find_blame(workload, pods, lambda _new, _old: False, _slowly(snapshot.thresholds)),
        )
        yield finding(workload, claim)


def _of_evicted(pod: Pod, snapshot: Snapshot) -> Evidence:
    if not pod.raw:
        return pod.evidence
    return seen(snapshot, {"kind": "Pod", **pod.raw}, f"phase Failed, Evicted: {pod.message}")


def _is_complete(workload: Workload) -> bool:
    deployment = workload.deployment
    if deployment is not None:
        return deployment.available >= deployment.desired
    return workload.desired is not None and workload.ready >= workload.desired


def _slowly(limits: Thresholds) -> Thresholds:
    """What fills a disk or the memory takes its time after the release that brought it."""
    return dataclasses.replace(limits, after_release=3 * limits.after_release)


OFTEN, LATELY = 3, timedelta(hours=6)


def _repeats(pods: Sequence[Pod], own: bool, snapshot: Snapshot) -> bool:
    """Whether several were put out lately; old remains say nothing of now. What passes its own limit does it again."""
    ages = [snapshot.observed_at - when for each in pods if (when := _evicted_at(each)) is not None]
    is_again = own and sum(each <= LATELY for each in ages) >= OFTEN
    return is_again or sum(each <= snapshot.thresholds.recent for each in ages) >= 2


def _evicted_at(pod: Pod) -> datetime | None:
    told = [each.last_at for each in events_about([pod], "Evicted") if each.last_at]
    return max(told, default=at(condition(pod.raw, "DisruptionTarget").get("lastTransitionTime")))


# ---- kube-proxy -----------------------------------------------------------------------------------------------------


def service_routing(snapshot: Snapshot) -> Iterator[Finding]:
    """kube-proxy does not run on a node: what is there reaches Services by old rules or not at all."""
    for workload in snapshot.workloads:
        if workload.ref.kind not in ("DaemonSet", "Pod") or not workload.ref.name.startswith("kube-proxy"):
            continue
        pods = tuple(each for each in workload.pods if not each.going and _node_is_well(each, snapshot))
        nodes = sum(1 for _ in snapshot.of("Node"))
        scheduled = part(workload.raw, "status", "desiredNumberScheduled")
        is_nowhere = scheduled == 0 and nodes > 0
        if not pods and not is_nowhere:
            continue
        where = ", ".join(sorted({str(each.node) for each in pods if each.node})) or "any node"
        claim = Claim(
            category=C.KUBE_PROXY_UNAVAILABLE,
            summary=f"kube-proxy does not run on {where}",
            explanation=f"kube-proxy keeps the rules by which pods reach Services. On {where} it does not run, so "
            "there the rules are old or missing: connections to Services fail or go to pods that are gone, while "
            "the pods themselves are well. Look at its log and its configuration (ConfigMap kube-proxy).",
            evidence=cited(
                (each.evidence for each in pods),
                (each.evidence for pod in pods for each in pod.logs),
                (each.evidence for pod in pods for each in pod.events if each.kind == "Warning"),
                [seen(snapshot, workload.raw, f"desiredNumberScheduled {scheduled}")] if workload.raw else (),
            ),
            confidence=0.9,
            pods=pods,
            since=began_at(pods),
        )
        yield finding(workload, claim)


def _node_is_well(pod: Pod, snapshot: Snapshot) -> bool:
    node = snapshot.find("Node", None, str(pod.node))
    return node is None or fault_of(node, snapshot) is None
