"""Claims for storage that get no volume, and volumes that cannot be attached because somebody else has them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tools.analyzers.interface import Claim, cited, count_words, events_about, finding, finding_on, seen
from tools.analyzers.nodes import fault_of
from tools.evidence import Category, Evidence, Finding, ObjectRef
from tools.objects import (
    created_at,
    items,
    labels_of,
    mapping,
    matches,
    meta,
    name_of,
    namespace_of,
    part,
    quantity,
    ref_of,
)
from tools.snapshot import Event, Pod, Snapshot, Workload
from tools.world import JsonObject

C = Category
STATIC = "kubernetes.io/no-provisioner"
_NO_CLASS = re.compile(r"storageclass\.storage\.k8s\.io \"?([^\s\"]+)\"? not found", re.IGNORECASE)
_UNFIT = ("access mode", "accessmode", "capabilities not supported", "not supported. only", "selector is not supported")
_DETACHING = timedelta(minutes=6)  # after this the controller detaches by force
_COMMON = frozenset(
    {"com", "csi", "driver", "io", "k8s", "kubernetes", "org", "provisioner", "rancher", "sigs", "storage"}
)


@dataclass(frozen=True, slots=True)
class _Why:
    category: Category
    summary: str
    explanation: str
    confidence: float
    shown: tuple[Evidence, ...] = ()
    because: tuple[ObjectRef, ...] = ()


def claims(snapshot: Snapshot) -> Iterator[Finding]:
    """Claims that are not bound although they should be."""
    for claim in snapshot.of("PersistentVolumeClaim"):
        if meta(claim).get("deletionTimestamp") or part(claim, "status", "phase") not in ("Pending", "Lost"):
            continue
        made = created_at(claim)
        if made is not None and snapshot.observed_at - made < snapshot.thresholds.pending:
            continue
        ref = ref_of("PersistentVolumeClaim", claim)
        told = [each for each in snapshot.events_of(ref) if each.reason not in ("WaitForFirstConsumer",)]
        pods = _users(claim, snapshot)
        why = _why(claim, told, pods, snapshot)
        if why is None:
            continue
        asked = _words(claim)
        yield finding_on(
            ref,
            Claim(
                category=why.category,
                summary=f"claim {ref.name} ({asked}) gets no volume: {why.summary}",
                explanation=f"{why.explanation} Pods that use the claim go on by themselves once it is bound.",
                evidence=cited(
                    (each.evidence for each in sorted(told, key=lambda each: each.kind != "Warning")),
                    [seen(snapshot, claim, f"claim {part(claim, 'status', 'phase')}, asks for {asked}")],
                    why.shown,
                ),
                confidence=why.confidence,
                pods=pods,
                since=made,
                because=why.because,
            ),
        )


def _why(claim: JsonObject, told: Sequence[Event], pods: Sequence[Pod], snapshot: Snapshot) -> _Why | None:
    if part(claim, "status", "phase") == "Lost":
        lost = part(claim, "spec", "volumeName")
        return _Why(C.PVC_UNBOUND, f"its volume {lost} is gone", f"The volume {lost} was removed under it.", 0.92)
    if part(claim, "spec", "volumeName"):
        return _of_named(claim, snapshot)
    name = _class_of(claim, snapshot)
    found = snapshot.find("StorageClass", None, name) if name else None
    volumes = [
        each for each in snapshot.of("PersistentVolume") if (part(each, "spec", "storageClassName") or "") == name
    ]
    missing = next((match[1] for each in told if (match := _NO_CLASS.search(each.message))), None)
    is_missing = bool(name) and found is None and (missing == name or any(True for _ in snapshot.of("StorageClass")))
    if is_missing and not volumes:
        return _no_class(claim, name, snapshot)
    if name and found is None and not volumes:
        told_words = next((str(each.message) for each in told), "nothing says why")
        return _Why(C.PVC_UNBOUND, told_words, f"The StorageClass {name} could not be looked at. {told_words}.", 0.6)
    if found is None or part(found, "provisioner") == STATIC:
        waits = part(found, "volumeBindingMode") == "WaitForFirstConsumer" and not pods
        return None if waits else _of_static(claim, name, volumes, snapshot)
    return _of_provisioner(found, told, pods, snapshot)


def _no_class(claim: JsonObject, name: str, snapshot: Snapshot) -> _Why:
    known = ", ".join(sorted(name_of(each) for each in snapshot.of("StorageClass"))) or "none"
    default = next((name_of(each) for each in snapshot.of("StorageClass") if _is_default(each)), None)
    return _Why(
        C.STORAGE_CLASS_MISSING,
        f"there is no StorageClass {name} (there is: {known})",
        f"The claim asks for storage of the class {name}, and the cluster has no such class, so nobody makes a volume. "
        "A claim's class cannot be changed: create the class, or make the claim anew with one that exists"
        + (f" ({default} is the default)." if default else "."),
        0.95,
        tuple(seen(snapshot, each, f"StorageClass {name_of(each)}") for each in snapshot.of("StorageClass"))[:2],
    )


def _of_named(claim: JsonObject, snapshot: Snapshot) -> _Why | None:
    """The claim names its volume itself."""
    name = str(part(claim, "spec", "volumeName"))
    volume = snapshot.find("PersistentVolume", None, name)
    if volume is None:
        words = f"it names the volume {name}, which does not exist"
        return _Why(C.PVC_UNBOUND, words, f"The claim asks for one volume by name: {words}. Correct the name.", 0.9)
    return _unfit(claim, [volume], snapshot)


def _of_static(claim: JsonObject, name: str, volumes: list[JsonObject], snapshot: Snapshot) -> _Why | None:
    """Nobody makes volumes for it: one that an administrator made has to fit."""
    if volumes:
        return _unfit(claim, volumes, snapshot)
    others = [each for each in snapshot.of("PersistentVolume") if part(each, "status", "phase") == "Available"]
    near = [each for each in others if _misfits(claim, each) == [] or mapping(claim, "spec", "selector")]
    if near:
        kinds = ", ".join(sorted(f"{name_of(each)} of class {_class_words(each)}" for each in near))
        words = f"no volume has its class {name or '(none)'}; free are {kinds}"
        return _Why(
            C.PVC_MISMATCH,
            words,
            f"The claim and the volume must name the same class: {words}. Make the claim anew with the class of the "
            "volume, or correct the volume.",
            0.88,
            tuple(_volume(each, snapshot) for each in near[:2]),
        )
    what = "it names no class and there is no default one" if not name else f"nobody makes volumes of the class {name}"
    return _Why(
        C.PVC_UNBOUND,
        f"{what}, and no free volume fits",
        f"No volume can be bound: {what}, and no volume made by hand fits. Name a class that makes volumes (a "
        "StorageClass with a provisioner), mark one as the default, or create a volume that fits.",
        0.88,
    )


def _unfit(claim: JsonObject, volumes: Sequence[JsonObject], snapshot: Snapshot) -> _Why | None:
    reasons = {name_of(each): _misfits(claim, each) for each in volumes}
    taken = [each for each in volumes if not reasons[name_of(each)]]
    if any(part(each, "status", "phase") == "Available" for each in taken):
        return None  # one fits and is free: it is about to be bound, or waits for a pod
    shown = tuple(_volume(each, snapshot) for each in (taken or volumes)[:3])
    if taken:
        held = "; ".join(f"{name_of(each)} is {_holder(each)}" for each in taken[:3])
        return _Why(
            C.PV_BOUND_ELSEWHERE,
            f"the volume that fits belongs to somebody else: {held}",
            f"A volume would fit, but {held}. A volume that was released keeps its data and its old owner's name: if "
            "that data may be used or thrown away, somebody has to remove claimRef from the volume; else a new volume "
            "is needed.",
            0.9,
            shown,
        )
    words = "; ".join(f"{name}: {', '.join(each)}" for name, each in list(reasons.items())[:3])
    return _Why(
        C.PVC_MISMATCH,
        f"no volume fits it ({words})",
        f"There are volumes of its class, and none fits what the claim asks for: {words}. Make the claim anew so that "
        "it fits, or create a volume that does.",
        0.9,
        shown,
    )


def _of_provisioner(found: JsonObject, told: Sequence[Event], pods: Sequence[Pod], snapshot: Snapshot) -> _Why | None:
    """A provisioner should make the volume, once somebody uses the claim if it waits for that."""
    name, maker = name_of(found), str(part(found, "provisioner"))
    failed = next((str(each.message) for each in told if each.reason == "ProvisioningFailed"), None)
    if failed is not None:
        is_unfit = any(each in failed.lower() for each in _UNFIT)
        return _Why(
            C.PVC_MISMATCH if is_unfit else C.PVC_UNBOUND,
            failed,
            f"The provisioner {maker} of the class {name} tried to make a volume and failed. "
            + (
                "The class cannot give what the claim asks for (access mode or selector): make the claim anew."
                if is_unfit
                else "Its message, cited as evidence, says why; look at the provisioner, its rights and its limits."
            ),
            0.9,
            because=_makers(maker, snapshot),
        )
    is_asked = any(each.reason == "ExternalProvisioning" for each in told)
    is_waiting = part(found, "volumeBindingMode") == "WaitForFirstConsumer"
    if is_waiting and not is_asked:
        return None  # it waits for a pod, or for the pod's node: the pod's own finding says why
    return _Why(
        C.PVC_UNBOUND,
        f"the provisioner {maker} of class {name} has not made one",
        f"The volume should be made by {maker}, and it has neither made one nor said why not: it most likely does not "
        "run. Look at its pods (CSI controller) and their logs.",
        0.85,
        because=_makers(maker, snapshot),
    )


def _makers(provisioner: str, snapshot: Snapshot) -> tuple[ObjectRef, ...]:
    """Workloads that are named like the provisioner."""
    words = {each for each in re.split(r"[^a-z0-9]+", provisioner.lower()) if len(each) > 2} - _COMMON
    return tuple(
        each.ref
        for each in snapshot.workloads
        if words & set(each.ref.name.split("-")) and ("csi" in each.ref.name or "provisioner" in each.ref.name)
    )


# ---- how claims and volumes fit -------------------------------------------------------------------------------------


def _class_of(claim: JsonObject, snapshot: Snapshot) -> str:
    name = part(claim, "spec", "storageClassName")
    if name is not None:
        return str(name)
    return next((name_of(each) for each in snapshot.of("StorageClass") if _is_default(each)), "")


def _is_default(found: JsonObject) -> bool:
    return mapping(found, "metadata", "annotations").get("storageclass.kubernetes.io/is-default-class") == "true"


def _misfits(claim: JsonObject, volume: JsonObject) -> list[str]:
    """In what a volume does not fit a claim, whoever has it and whatever its class."""
    found = []
    asked = quantity(part(claim, "spec", "resources", "requests", "storage")) or 0.0
    offered = quantity(part(volume, "spec", "capacity", "storage")) or 0.0
    if offered < asked:
        words = part(claim, "spec", "resources", "requests", "storage")
        found.append(f"it has {part(volume, 'spec', 'capacity', 'storage')}, asked are {words}")
    modes, offers = set(items(claim, "spec", "accessModes")), set(items(volume, "spec", "accessModes"))
    if not modes <= offers:
        found.append(f"it offers {', '.join(sorted(offers))}, asked is {', '.join(sorted(modes))}")
    wanted, mode = (part(each, "spec", "volumeMode") or "Filesystem" for each in (claim, volume))
    if wanted != mode:
        found.append(f"its mode is {mode}, asked is {wanted}")
    selector = mapping(claim, "spec", "selector")
    if selector and not matches(selector, labels_of(volume)):
        found.append("its labels do not match the claim's selector")
    theirs, mine = part(volume, "spec", "storageClassName") or "", part(claim, "spec", "storageClassName")
    if part(claim, "spec", "volumeName") and mine is not None and theirs != mine:
        found.append(f"its class is {theirs or '(none)'}, asked is {mine or '(none)'}")
    return found


def _holder(volume: JsonObject) -> str:
    held = mapping(volume, "spec", "claimRef")
    phase = part(volume, "status", "phase") or "in an unknown state"
    if not held:
        return str(phase)
    return f"{phase}, for claim {held.get('namespace')}/{held.get('name')}"


def _volume(volume: JsonObject, snapshot: Snapshot) -> Evidence:
    text = (
        f"volume {name_of(volume)}: {part(volume, 'spec', 'capacity', 'storage')}, "
        f"{', '.join(items(volume, 'spec', 'accessModes'))}, class {_class_words(volume)}, {_holder(volume)}"
    )
    return seen(snapshot, volume, text)


def _class_words(volume: JsonObject) -> str:
    return str(part(volume, "spec", "storageClassName") or "(none)")


def _words(claim: JsonObject) -> str:
    name = part(claim, "spec", "storageClassName")
    modes = ", ".join(items(claim, "spec", "accessModes"))
    size = part(claim, "spec", "resources", "requests", "storage")
    return f"{size}, {modes}, class {'the default' if name is None else name or '(none)'}"


def _users(claim: JsonObject, snapshot: Snapshot) -> tuple[Pod, ...]:
    """The pods that name the claim."""
    return tuple(
        each
        for each in snapshot.pods
        if each.ref.namespace == namespace_of(claim) and name_of(claim) in claims_of(each) and not each.going
    )


def claims_of(pod: Pod) -> dict[str, str]:
    """The claims a pod uses, each with the name of its volume in the pod."""
    found = {}
    for each in items(pod.raw, "spec", "volumes"):
        name = part(each, "persistentVolumeClaim", "claimName")
        if name:
            found[str(name)] = str(each.get("name"))
    return found


# ---- volumes that somebody else has ---------------------------------------------------------------------------------

_HELD = ("multi-attach error", "already exclusively attached", "already used by pod", "volumeinuse", "is in use by")


def attached_elsewhere(snapshot: Snapshot) -> Iterator[Finding]:
    """A pod waits for a volume that may be on one node only, and is on another one."""
    for workload in snapshot.workloads:
        pods = tuple(each for each in workload.pods if each.phase == "Pending" and _waits(each, snapshot))
        told = [
            each
            for each in events_about(pods, "FailedAttachVolume", "FailedMount")
            if any(word in each.message.lower() for word in _HELD)
        ]
        if told:
            pods = tuple(each for each in pods if any(one.subject == each.ref for one in told))
            yield finding(workload, _held(workload, pods, told, snapshot))


def _held(workload: Workload, pods: tuple[Pod, ...], told: list[Event], snapshot: Snapshot) -> Claim:
    wanted = {(each.ref.namespace, name) for each in pods for name in claims_of(each)}
    holders = [
        each
        for each in snapshot.pods
        if each not in pods and each.node and any((each.ref.namespace, name) in wanted for name in claims_of(each))
    ]
    holders = [each for each in holders if each.phase not in ("Succeeded", "Failed") and each.node != pods[0].node]
    nodes = [node for each in holders if (node := snapshot.find("Node", None, str(each.node))) is not None]
    lost = [ref_of("Node", each) for each in nodes if fault_of(each, snapshot)]
    who = ", ".join(f"pod {each.ref.name} on node {each.node}" for each in holders[:2])
    own = any(snapshot.workload_behind(each.ref) == workload for each in holders)
    advice = "Whoever holds it has to let go: end that pod, or wait until it has ended."
    if lost:
        advice = "The node that holds it is lost: it is let go when that node is back, or removed from the cluster."
    elif own and workload.ref.kind == "Deployment":
        advice = (
            "A rolling update starts the new pod before the old one ends, and the two cannot share this volume: set "
            "the Deployment's strategy to Recreate (or run both on one node)."
        )
    elif own:
        advice = "Several replicas name one claim whose volume may be on one node only: use a claim for each."
    return Claim(
        category=C.PV_BOUND_ELSEWHERE,
        summary=f"{count_words(workload, pods)} wait for a volume that is attached elsewhere"
        + (f" ({who})" if who else "")
        + f": {told[0].message}",
        explanation="The volume can be used on one node at a time (ReadWriteOnce), and another node has it, so these "
        f"pods cannot start. {advice} A restart does not help.",
        evidence=cited(
            (each.evidence for each in told), (each.evidence for each in pods), (each.evidence for each in holders)
        ),
        confidence=0.9,
        pods=pods,
        since=min((each.first_at for each in told if each.first_at), default=None),
        because=(*lost, *(each.ref for each in holders if each.going)),
    )


def _waits(pod: Pod, snapshot: Snapshot) -> bool:
    """Longer than it takes to detach a volume from a pod that has just ended."""
    return pod.created_at is None or snapshot.observed_at - pod.created_at >= _DETACHING
