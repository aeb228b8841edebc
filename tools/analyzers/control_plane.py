"""The scheduler or the controllers do not work: pods that nobody places, controllers that nobody serves."""

from collections.abc import Iterator
from datetime import timedelta

from tools.analyzers.interface import Claim, cited, count_words, events_about, finding, finding_on, seen
from tools.evidence import Category, Evidence, Finding, ObjectRef
from tools.objects import at, condition, created_at, meta, name_of, namespace_of, number, part, ref_of
from tools.snapshot import Pod, Snapshot, Workload

PLATFORM = "kube-system"
SCHEDULER, CONTROLLERS = "kube-scheduler", "kube-controller-manager"
STALE = timedelta(minutes=1)  # both renew their lease every two seconds


def scheduler(snapshot: Snapshot) -> Iterator[Finding]:
    """Pods wait, and no scheduler has said a word about them."""
    waiting = []
    for workload in snapshot.workloads:
        pods = tuple(each for each in workload.pods if _is_unseen(each, snapshot))
        if pods:
            waiting.append((workload, pods))
    if not waiting:
        return
    broken = _broken(SCHEDULER, snapshot)
    signs = [each for _, each in broken]
    for workload, pods in waiting:
        wanted = str(part(pods[0].raw, "spec", "schedulerName") or "default-scheduler")
        is_default = wanted == "default-scheduler"
        claim = Claim(
            category=Category.SCHEDULER_UNAVAILABLE,
            summary=f"{count_words(workload, pods)} wait for a node, and the scheduler {wanted} has not looked at them",
            explanation=f"A new pod is given a node by a scheduler, here {wanted}, within a second, or told why not. "
            "These pods have neither a node nor a reason, so that scheduler does not run. Pods that already run are "
            "not touched, but none can be started or moved. "
            + (
                "Look at kube-scheduler on the control plane nodes (on managed clusters: ask the provider)."
                if is_default
                else "Look whether a scheduler of that name is installed, or correct schedulerName."
            ),
            evidence=cited((_unseen_words(each, snapshot) for each in pods), signs),
            confidence=0.95 if signs and is_default else 0.85,
            pods=pods,
            since=min((each.created_at for each in pods if each.created_at), default=None),
            because=tuple(ref for ref, _ in broken) if is_default else (),
        )
        yield finding(workload, claim)
    if broken:
        refs = tuple(workload.ref for workload, _ in waiting)
        yield from _on_part(SCHEDULER, broken, refs, "no new pod gets a node", snapshot)


def controllers(snapshot: Snapshot) -> Iterator[Finding]:
    """Controllers whose last change nobody has looked at: no pods are made, replaced or rolled out."""
    broken = _broken(CONTROLLERS, snapshot)
    signs = [each for _, each in broken]
    lagging = [each for each in snapshot.workloads if _lags(each, snapshot, bool(broken))]
    for workload in lagging:
        seen_by, wanted = _generations(workload)
        claim = Claim(
            category=Category.SCHEDULER_UNAVAILABLE,
            summary=f"the cluster has not acted on the last change of {workload.ref.name}: its generation is {wanted}, "
            f"and the controllers have seen {seen_by}",
            explanation="kube-controller-manager makes, replaces and counts the pods of all controllers, and notes "
            "which generation of each it has seen, within a second. It has not seen the newest one, so it does not "
            "run or cannot keep up: changes have no effect, and lost pods are not replaced. Look at it on the control "
            "plane nodes (on managed clusters: ask the provider).",
            evidence=cited(
                [
                    seen(
                        snapshot,
                        workload.raw,
                        f"generation {wanted}, observedGeneration {seen_by}, {workload.ready} pods ready of "
                        f"{workload.desired if workload.desired is not None else 'an unknown number'}",
                    )
                ],
                signs,
            ),
            confidence=0.92 if signs else 0.75,
            pods=(),
            because=tuple(ref for ref, _ in broken),
        )
        yield finding(workload, claim)
    if broken and lagging:
        refs = tuple(each.ref for each in lagging)
        yield from _on_part(CONTROLLERS, broken, refs, "pods are not made or replaced", snapshot)


def _on_part(
    name: str,
    broken: list[tuple[ObjectRef, Evidence]],
    affected: tuple[ObjectRef, ...],
    effect: str,
    snapshot: Snapshot,
) -> Iterator[Finding]:
    ref = broken[0][0]
    claim = Claim(
        category=Category.SCHEDULER_UNAVAILABLE,
        summary=f"{name} does not run: {effect}",
        explanation=f"{name} is a part of the control plane, and it does not work, so {effect}. What already runs is "
        "not touched. Look at its pod and log on the control plane nodes (on managed clusters: ask the provider).",
        evidence=cited(each for _, each in broken),
        confidence=0.95,
        pods=tuple(each for each in snapshot.pods if each.ref == ref),
        affected=affected,
    )
    yield finding_on(ref, claim)


def _is_unseen(pod: Pod, snapshot: Snapshot) -> bool:
    if pod.node or pod.phase != "Pending" or pod.going or condition(pod.raw, "PodScheduled"):
        return False
    if not pod.raw or part(pod.raw, "spec", "schedulingGates") or events_about([pod], "FailedScheduling", "Scheduled"):
        return False
    return pod.created_at is not None and snapshot.observed_at - pod.created_at >= snapshot.thresholds.pending


def _unseen_words(pod: Pod, snapshot: Snapshot) -> Evidence:
    since = f" since {pod.created_at:%Y-%m-%d %H:%M:%S} UTC" if pod.created_at else ""
    return seen(snapshot, {"kind": "Pod", **pod.raw}, f"phase Pending{since}, no node, no PodScheduled condition")


def _broken(name: str, snapshot: Snapshot) -> list[tuple[ObjectRef, Evidence]]:
    """What shows that a part of the control plane is down: its pods, or a lease that it does not renew."""
    pods = [each for each in snapshot.pods if each.ref.namespace == PLATFORM and each.ref.name.startswith(name)]
    unwell = [each for each in pods if each.phase != "Succeeded" and not _runs(each)]
    found = [(each.ref, each.evidence) for each in unwell] if len(unwell) == len(pods) else []
    for lease in snapshot.of("Lease"):
        renewed = at(part(lease, "spec", "renewTime"))
        is_its = namespace_of(lease) == PLATFORM and name_of(lease) == name
        if is_its and renewed is not None and snapshot.observed_at - renewed >= STALE:
            text = f"lease last renewed at {renewed:%Y-%m-%d %H:%M:%S} UTC, {_ago(snapshot.observed_at - renewed)}"
            found.append((ref_of("Lease", lease), seen(snapshot, lease, text, renewed)))
    return found


def _ago(span: timedelta) -> str:
    return f"{int(span.total_seconds()) // 60} minutes before this look"


def _runs(pod: Pod) -> bool:
    return pod.phase == "Running" and all(each.state == "running" and each.ready for each in pod.containers)


def _generations(workload: Workload) -> tuple[int, int]:
    return (
        number(part(workload.raw, "status", "observedGeneration")),
        number(meta(workload.raw).get("generation"), 0),
    )


def _lags(workload: Workload, snapshot: Snapshot, is_broken: bool) -> bool:
    if workload.ref.kind not in ("Deployment", "StatefulSet", "DaemonSet"):
        return False
    seen_by, wanted = _generations(workload)
    if seen_by >= wanted:
        return False
    changed = [
        at(each.get("time")) for each in meta(workload.raw).get("managedFields") or () if not each.get("subresource")
    ]
    last = max((each for each in changed if each), default=created_at(workload.raw) if seen_by == 0 else None)
    # When it was changed is often not kept; then only a controller manager that is known to be down tells enough.
    return is_broken if last is None else snapshot.observed_at - last >= snapshot.thresholds.pending
