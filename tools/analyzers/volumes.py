"""Volumes that are there and of no use: full, not allowed to be written, or impossible to mount."""

from collections.abc import Iterator
from dataclasses import dataclass

from tools.analyzers.interface import (
    Claim,
    cited,
    count_words,
    events_about,
    find_blame,
    finding,
    finding_on,
    said,
    seen,
)
from tools.analyzers.storage import claims_of
from tools.evidence import Category, Evidence, Finding, ObjectRef, evidence
from tools.logs.reading import Sign, SignKind
from tools.objects import containers_of, items, part
from tools.snapshot import Event, LogTail, Pod, Snapshot, Workload

C = Category
FULL = 0.97  # of a volume: below, programs still write
_CLAIM_LABELS = ("persistentvolumeclaim", "claim", "pvc")
_WAITING = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
_ELSEWHERE = ("multi-attach", "already exclusively attached", "already used by pod", "volumeinuse", "is in use by")
_DENIED = ("permission denied", "access denied by server", "operation not permitted")
_UNREACHABLE = ("connection timed out", "connection refused", "no route to host", "no such host", "i/o timeout")


@dataclass(frozen=True, slots=True)
class _Told:
    """A line of a log about a file, and where the file lies."""

    pod: Pod
    tail: LogTail
    sign: Sign
    volume: str | None
    path: str | None


def full(snapshot: Snapshot) -> Iterator[Finding]:
    """A program says that no space is left, or a volume is measured to be full."""
    measured = _measured(snapshot)
    told = {workload.ref: found for workload in snapshot.workloads if (found := _lines(workload, SignKind.DISK_FULL))}
    shown: dict[ObjectRef, list[_Told]] = {ref: [] for ref, (share, _) in measured.items() if share >= FULL}
    behind = {ref: _claim_of(lines[0], measured) for ref, lines in told.items()}
    for ref, claim in behind.items():
        if claim is not None:
            shown.setdefault(claim, []).extend(told[ref])
    for workload in snapshot.workloads:
        if workload.ref in told:
            claim = behind[workload.ref]
            yield finding(workload, _of_full(workload, told[workload.ref], claim, tuple(shown), snapshot))
    for ref, lines in shown.items():
        pods = tuple(
            each for each in snapshot.pods if each.ref.namespace == ref.namespace and ref.name in claims_of(each)
        )
        said_by = [said(each.tail, each.sign, snapshot) for each in lines]
        yield finding_on(ref, _of_claim(ref, pods, measured.get(ref), said_by, snapshot))


def _of_full(
    workload: Workload, told: list[_Told], claim: ObjectRef | None, others: tuple[ObjectRef, ...], snapshot: Snapshot
) -> Claim:
    pods = tuple(dict.fromkeys(each.pod for each in told))
    where = told[0].path or told[0].sign.target
    disk = f"the volume of claim {claim.name}" if claim else "the local disk of its node or its emptyDir volume"
    nodes = tuple(ObjectRef("Node", None, each.node) for each in pods if each.node)
    return Claim(
        category=C.STORAGE_FULL,
        summary=f"{count_words(workload, pods)} cannot write, no space is left"
        + (f" at {where}" if where else "")
        + (f" (claim {claim.name})" if claim else ""),
        explanation=f"The program's log says that no space is left; what is full is {disk}. Make room there (old data, "
        "logs, temporary files) or enlarge it. A restart does not free anything that is on a volume.",
        evidence=cited((said(each.tail, each.sign, snapshot) for each in told), (each.evidence for each in pods)),
        confidence=0.88 if claim else 0.75,
        pods=pods,
        since=told[0].sign.first_at,
        # A program without a volume may repeat what its database says about its own.
        because=(claim,) if claim else (*nodes, *others),
    )


def _of_claim(
    ref: ObjectRef,
    pods: tuple[Pod, ...],
    measure: tuple[float, Evidence] | None,
    shown: list[Evidence],
    snapshot: Snapshot,
) -> Claim:
    claim = snapshot.find("PersistentVolumeClaim", ref.namespace, ref.name)
    size = part(claim, "status", "capacity", "storage") or part(claim, "spec", "resources", "requests", "storage")
    share = f"{measure[0]:.0%} used" if measure else "no space left"
    own = [seen(snapshot, claim, f"claim of {size}")] if claim else []
    return Claim(
        category=C.STORAGE_FULL,
        summary=f"the volume of claim {ref.name}{f' ({size})' if size else ''} is full: {share}",
        explanation="Programs that write to this volume fail or stop. Remove what is not needed from it, or enlarge "
        "the claim if its class allows that (spec.resources.requests.storage). A restart does not make room.",
        evidence=cited(shown, [measure[1]] if measure else (), own),
        confidence=0.92 if shown and measure else 0.9 if shown else 0.75,
        pods=pods,
    )


def _claim_of(told: _Told, measured: dict[ObjectRef, tuple[float, Evidence]]) -> ObjectRef | None:
    """Which claim is full: the one behind the path; without a path the only one there is, or the one measured full."""
    claims = claims_of(told.pod)
    if told.volume is not None:
        name = next((name for name, volume in claims.items() if volume == told.volume), None)
        return ObjectRef("PersistentVolumeClaim", told.pod.ref.namespace, name) if name else None
    if told.path is not None:
        return None  # the path is known, and is on no volume
    refs = [ObjectRef("PersistentVolumeClaim", told.pod.ref.namespace, name) for name in claims]
    at_limit = [each for each in refs if each in measured and measured[each][0] >= FULL]
    return at_limit[0] if at_limit else refs[0] if len(refs) == 1 else None


def _measured(snapshot: Snapshot) -> dict[ObjectRef, tuple[float, Evidence]]:
    """How full volumes are by their newest measurement, where that was measured."""
    newest: dict[ObjectRef, dict[str, float]] = {}
    for each in snapshot.metrics:
        name = next((each.labels[key] for key in _CLAIM_LABELS if key in each.labels), None)
        if name and each.points:
            ref = ObjectRef("PersistentVolumeClaim", each.labels.get("namespace"), name)
            newest.setdefault(ref, {})[each.metric] = each.points[-1][1]
    found = {}
    for ref, values in newest.items():
        share = _share(values)
        if share is not None:
            text = snapshot.say(f"volume of claim {ref.name}: {share:.0%} used")
            found[ref] = share, evidence("metric", ref, text, snapshot.observed_at)
    return found


def _share(values: dict[str, float]) -> float | None:
    capacity = next((value for key, value in values.items() if key.endswith("capacity_bytes")), 0.0)
    if capacity <= 0:
        return None
    used = next((value for key, value in values.items() if key.endswith("used_bytes")), None)
    free = next((value for key, value in values.items() if key.endswith("available_bytes")), None)
    if free is not None:
        return 1 - free / capacity
    return used / capacity if used is not None else None


# ---- not allowed ----------------------------------------------------------------------------------------------------


def denied(snapshot: Snapshot) -> Iterator[Finding]:
    """A program may not read or write a volume that is mounted for it."""
    for workload in snapshot.workloads:
        told = [each for each in _lines(workload, SignKind.PERMISSION_DENIED) if each.volume is not None]
        if not told:
            continue
        pods = tuple(dict.fromkeys(each.pod for each in told))
        suffers = any(each in workload.pods for each in pods)
        claim = Claim(
            category=C.VOLUME_PERMISSION_DENIED,
            summary=f"{count_words(workload, pods)} may not use the volume {told[0].volume}: {told[0].sign.line}",
            explanation=f"Volume {told[0].volume} is mounted at {told[0].path}, and the file system refuses the "
            f"program's user there. {_identity(pods[0])}Either the volume is mounted for reading only, or its files "
            "belong to another user: set securityContext.fsGroup (or runAsUser) to fit, or change the owner of the "
            "files. A restart changes nothing.",
            evidence=cited((said(each.tail, each.sign, snapshot) for each in told), (each.evidence for each in pods)),
            confidence=0.9 if suffers else 0.7,
            pods=pods,
            since=told[0].sign.first_at,
            blame=find_blame(
                workload,
                pods,
                lambda release, _older: any(
                    word in each.label for each in release.differences for word in ("securityContext", "volume")
                ),
                snapshot.thresholds,
            )
            if suffers
            else None,
        )
        yield finding(workload, claim)


def _identity(pod: Pod) -> str:
    context = part(pod.raw, "spec", "securityContext") or {}
    own = [part(each, "securityContext") or {} for each in items(pod.raw, "spec", "containers")]
    user = next((each["runAsUser"] for each in (*own, context) if "runAsUser" in each), None)
    told = f"It runs as user {user}. " if user is not None else ""
    return told + ("" if "fsGroup" in context else "The pod sets no fsGroup. ")


def _lines(workload: Workload, kind: SignKind) -> list[_Told]:
    return [
        _Told(pod, tail, sign, *_mount_of(pod, tail.container, sign))
        for pod in workload.members or workload.pods
        for tail in pod.logs
        for sign in tail.reading.standing(kind)
    ]


def _mount_of(pod: Pod, container: str, sign: Sign) -> tuple[str | None, str | None]:
    """The volume on which the named file lies, and where it is mounted; the longest of several wins."""
    found = next((each for each in containers_of({"kind": "Pod", **pod.raw}) if each.get("name") == container), {})
    mounts = sorted(items(found, "volumeMounts"), key=lambda each: -len(str(each.get("mountPath"))))
    target = sign.target if sign.target and sign.target.startswith("/") else None
    for each in mounts:
        path = str(each.get("mountPath")).rstrip("/")
        inside = f"{target}/".startswith(f"{path}/") if target else path in sign.line
        if path and inside:
            return str(each.get("name")), path
    return None, target


# ---- cannot be mounted ----------------------------------------------------------------------------------------------


def not_mounted(snapshot: Snapshot) -> Iterator[Finding]:
    """The kubelet cannot mount a volume; where a Secret or ConfigMap is missing the analyzer of those says so."""
    for workload in snapshot.workloads:
        pods = tuple(each for each in workload.pods if each.phase == "Pending" and each.node and _waits(each, snapshot))
        told = [
            each
            for each in events_about(pods, *_WAITING)
            if each.missing is None and not any(word in each.message.lower() for word in _ELSEWHERE)
        ]
        if not told or any(each.missing for each in events_about(pods, *_WAITING)):
            continue
        # "timed out waiting for the condition" repeats without the reason that another event gives.
        told.sort(key=lambda each: "waiting for the condition" in each.message or "deadline exceeded" in each.message)
        pods = tuple(each for each in pods if any(one.subject == each.ref for one in told))
        yield finding(workload, _of_mount(workload, pods, told))


def _of_mount(workload: Workload, pods: tuple[Pod, ...], told: list[Event]) -> Claim:
    message = str(told[0].message)
    category, confidence, advice = _mount_fault(message.lower(), any(claims_of(each) for each in pods))
    nodes = tuple(dict.fromkeys(ObjectRef("Node", None, str(each.node)) for each in pods))
    claims = tuple(
        ObjectRef("PersistentVolumeClaim", each.ref.namespace, name) for each in pods for name in claims_of(each)
    )
    return Claim(
        category=category,
        summary=f"{count_words(workload, pods)} wait for a volume that cannot be mounted: {message}",
        explanation=f"The node cannot mount a volume of these pods, so their containers are not started. {advice} The "
        "kubelet tries again by itself; a restart changes nothing.",
        evidence=cited((each.evidence for each in told), (each.evidence for each in pods)),
        confidence=confidence,
        pods=pods,
        since=min((each.first_at for each in told if each.first_at), default=None),
        because=(*claims, *nodes),
    )


_OF_SECRETS = ("secretproviderclass", "secrets-store", "failed to mount secrets store objects")


def _mount_fault(message: str, has_claims: bool) -> tuple[Category, float, str]:
    if any(word in message for word in _DENIED):
        return (
            C.VOLUME_PERMISSION_DENIED,
            0.88,
            "The server of the volume, or the node, refuses it: look at the export's rules and the credentials.",
        )
    if "no space left" in message:
        return C.STORAGE_FULL, 0.88, "No space is left where the volume is prepared, most likely on the node's disk."
    if any(word in message for word in _UNREACHABLE):
        return (
            C.DEPENDENCY_UNREACHABLE,
            0.8,
            "The server of the volume does not answer: look whether it runs, and whether its address is right.",
        )
    if any(word in message for word in _OF_SECRETS):
        return (
            C.MISSING_SECRET,
            0.75,
            "The volume holds secrets from a store outside the cluster, and its driver does not get them: look at the "
            "SecretProviderClass that it names and at what that may read.",
        )
    advice = "The message, cited as evidence, says what fails; look at the driver of the volume."
    return C.PVC_UNBOUND, 0.5 if has_claims else 0.4, advice


def _waits(pod: Pod, snapshot: Snapshot) -> bool:
    return pod.created_at is None or snapshot.observed_at - pod.created_at >= snapshot.thresholds.pending
