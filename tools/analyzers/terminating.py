"""Objects that were deleted and do not go away: a finalizer that stays, a node that is lost, a pod that uses it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tools.analyzers.interface import Claim, cited, events_about, finding_on, seen
from tools.analyzers.nodes import fault_of
from tools.analyzers.storage import claims_of
from tools.evidence import Category, Evidence, Finding, ObjectRef
from tools.objects import at, conditions, items, meta, name_of, namespace_of, ref_of
from tools.snapshot import Pod, Snapshot
from tools.world import JsonObject

LONG = timedelta(minutes=5)
# Where something else is the subject, or going takes its time by nature.
_NOT_HERE = frozenset({"Event", "Pod", "ReplicaSet", "ControllerRevision", "Endpoints", "EndpointSlice", "Lease"})


def stuck(snapshot: Snapshot) -> Iterator[Finding]:
    """Pods past their grace period, and anything else that was deleted long ago."""
    for pod in snapshot.pods:
        gone = _deleted_at({"kind": "Pod", **pod.raw})
        if pod.going and gone is not None and snapshot.observed_at - gone >= LONG:
            yield finding_on(pod.ref, _of_pod(pod, gone, snapshot))
    for kind, found in snapshot.objects.items():
        for each in found if kind not in _NOT_HERE else ():
            gone = _deleted_at(each)
            if gone is not None and snapshot.observed_at - gone >= LONG:
                yield finding_on(ref_of(kind, each), _of_object(each, gone, snapshot))


def _deleted_at(obj: JsonObject) -> datetime | None:
    """When it should have been gone: the API server adds the grace period."""
    return at(meta(obj).get("deletionTimestamp"))


def _of_pod(pod: Pod, gone: datetime, snapshot: Snapshot) -> Claim:
    finalizers = [str(each) for each in items(pod.raw, "metadata", "finalizers")]
    node = snapshot.find("Node", None, str(pod.node)) if pod.node else None
    fault = fault_of(node, snapshot) if node is not None else None
    told = events_about([pod], "FailedKillPod", "FailedUnmount", "FailedUnMount", "ExceededGracePeriod")
    if fault is not None:
        why = f"its node {pod.node} {fault.words}"
        advice = (
            "Only the kubelet of that node can say that the pod has ended, and it does not. Bring the node back, or "
            "remove it from the cluster if it is gone for good. Deleting the pod again changes nothing; forcing it "
            "may let two copies run."
        )
    elif finalizers:
        why = f"the finalizer {finalizers[0]} is still on it"
        advice = (
            "Whoever set the finalizer has to do its work and take it off; find out why that program does not. "
            "Deleting the pod again changes nothing."
        )
    else:
        why = str(told[0].message) if told else "its containers do not end or its volumes are not given back"
        advice = "Look at the kubelet and the runtime on its node. Deleting it again changes nothing."
    since = f"{gone:%Y-%m-%d %H:%M:%S} UTC"
    return Claim(
        category=Category.STUCK_TERMINATING,
        summary=f"pod {pod.ref.name} should have been gone since {since}: {why}",
        explanation=f"The pod was deleted and should have ended by {since}, but {why}. {advice}",
        evidence=cited(
            [_evidence({"kind": "Pod", **pod.raw}, snapshot, f", on node {pod.node}" if pod.node else "")],
            (each.evidence for each in told),
            [seen(snapshot, node, f"node {pod.node} {fault.words}")] if node is not None and fault is not None else (),
        ),
        confidence=0.92 if fault or finalizers else 0.85,
        pods=(pod,),
        since=gone,
        because=(ObjectRef("Node", None, str(pod.node)),) if fault is not None else (),
    )


def _of_object(obj: JsonObject, gone: datetime, snapshot: Snapshot) -> Claim:
    kind, name = str(obj["kind"]), name_of(obj)
    finalizers = [str(each) for each in (*items(obj, "metadata", "finalizers"), *items(obj, "spec", "finalizers"))]
    remaining = [
        str(each.get("message"))
        for each in conditions(obj)
        if each.get("status") == "True" and kind == "Namespace" and each.get("message")
    ]
    users = _users(obj, snapshot)
    if users:
        why = f"{', '.join(sorted({each.ref.name for each in users}))} still use it"
        advice = "A claim is kept as long as a pod uses it. End those pods, or leave it: nothing is lost until then."
    elif remaining:
        why = "; ".join(remaining)
        advice = (
            "What is left in the namespace has to go first. Things with finalizers wait for the program that set them; "
            "an API service that does not answer keeps the whole namespace."
        )
    else:
        why = f"the finalizer {', '.join(finalizers)} is still on it" if finalizers else "something keeps it"
        advice = (
            "Whoever set the finalizer has to clean up and take it off: find out why that program does not (it may be "
            "gone). Taking it off by hand leaves behind what it was to clean up."
        )
    since = f"{gone:%Y-%m-%d %H:%M:%S} UTC"
    told = snapshot.events_of(ref_of(kind, obj))
    return Claim(
        category=Category.STUCK_TERMINATING,
        summary=f"{kind} {name} was deleted at {since} and is still there: {why}",
        explanation=f"{kind} {name} was deleted at {since} and is still there, as {why}. {advice} Deleting it again "
        "changes nothing.",
        evidence=cited(
            [_evidence(obj, snapshot, f"; {'; '.join(remaining)}" if remaining else "")],
            (each.evidence for each in told if each.kind == "Warning"),
        ),
        confidence=0.9,
        pods=users,
        since=gone,
    )


def _users(obj: JsonObject, snapshot: Snapshot) -> tuple[Pod, ...]:
    if obj["kind"] != "PersistentVolumeClaim":
        return ()
    return tuple(
        each
        for each in snapshot.pods
        if each.ref.namespace == namespace_of(obj)
        and name_of(obj) in claims_of(each)
        and each.phase not in ("Succeeded", "Failed")
    )


def _evidence(obj: JsonObject, snapshot: Snapshot, more: str) -> Evidence:
    finalizers = [str(each) for each in (*items(obj, "metadata", "finalizers"), *items(obj, "spec", "finalizers"))]
    when = _deleted_at(obj)
    text = f"deletionTimestamp {meta(obj).get('deletionTimestamp')}, finalizers {', '.join(finalizers) or 'none'}{more}"
    return seen(snapshot, obj, text, when, ":terminating")
