"""How many pods there should be: autoscalers that cannot say, and workloads that were scaled to nothing."""

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import timedelta

from tools.analyzers.interface import Claim, cited, finding, finding_on, release_id, said, say, seen
from tools.evidence import Category, Evidence, Finding, ObjectRef, Remedy
from tools.logs.reading import SignKind
from tools.objects import (
    annotations_of,
    at,
    condition,
    created_at,
    items,
    labels_of,
    mapping,
    name_of,
    namespace_of,
    number,
    part,
    ref_of,
)
from tools.snapshot import Event, Snapshot, Workload
from tools.world import JsonObject

SETTLES = timedelta(minutes=5)  # new pods have no metrics for a minute or two
_API_DOWN = (
    "metrics.k8s.io",
    "could not find the requested resource",
    "unable to handle the request",
    "no metrics returned",
)
_UNREADY = ("did not receive metrics for", "no ready pods", "pods might be unready", "any ready pods")
# Whoever set these wants the workload to rest.
_ON_PURPOSE = (
    "keda.sh",
    "downscaler",
    "knative.dev",
    "kube-green",
    "sleep",
    "idle",
    "hibernat",
    "suspend",
    "maintenance",
)
_TO_ZERO = re.compile(r"(?:to 0 from (\d+)|from (\d+) to 0)\b")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_UNREACHED = (SignKind.CONNECTION_REFUSED, SignKind.CONNECTION_TIMEOUT, SignKind.UPSTREAM_ERROR, SignKind.DNS_FAILURE)


def cannot_scale(snapshot: Snapshot) -> Iterator[Finding]:
    """The autoscaler says itself that it cannot compute or apply a number of replicas."""
    for scaler in snapshot.of("HorizontalPodAutoscaler"):
        told = _fault(scaler, snapshot)
        if told is None:
            continue
        reason, message = str(told.get("reason")), str(told.get("message"))
        target = _target(scaler)
        why, because = _meaning(reason, message, target, snapshot)
        ref = ref_of("HorizontalPodAutoscaler", scaler)
        status = mapping(scaler, "status")
        since = at(told.get("lastTransitionTime"))
        events = [each for each in snapshot.events_of(ref) if each.kind == "Warning"]
        found = finding_on(
            ref,
            Claim(
                category=Category.HPA_CANNOT_SCALE,
                summary=f"autoscaler {ref.name} cannot scale {target.kind} {target.name}: {reason}: {message}",
                explanation=f"The autoscaler should set how many pods {target.name} has, and cannot. {why} Until then "
                f"the number stays at {status.get('currentReplicas', 'what it is')}, whatever the load.",
                evidence=cited(
                    [seen(snapshot, scaler, f"{told.get('type')} is {told.get('status')}: {reason}: {message}", since)],
                    (each.evidence for each in events),
                ),
                confidence=0.9,
                pods=(),
                since=since,
                affected=(target,),
                because=because,
            ),
        )
        yield _blamed(found, message, snapshot.workload(target))


_ASKS_NOTHING = re.compile(r"missing request for (?P<what>\w+) in container (?P<container>\S+)")


def _blamed(found: Finding, message: str, target: Workload | None) -> Finding:
    """The release that brought the container which asks for nothing, or took away what it asked for."""
    told = _ASKS_NOTHING.search(message)
    releases = target.releases if target is not None else ()
    if told is None or target is None or len(releases) < 2 or releases[0].came_back:
        return found
    newest, last_good = releases[0], releases[1]
    named = (f"container {told['container']}", f"{told['what']} request")
    changed = [each for each in newest.differences if any(name in f"{each.topic} {each.label}" for name in named)]
    if not changed:
        return found
    why = say(f"revision {newest.number} brought it ({changed[0]}), revision {last_good.number} is the one before it")
    return dataclasses.replace(
        found,
        culprit=release_id(target.ref, newest),
        evidence=(*found.evidence, newest.evidence),
        explanation=say(f"{found.explanation} Revision {newest.number} of {target.ref.name} brought it: {changed[0]}."),
        remedy=Remedy("rollback", target.ref, why, to_revision=last_good.number),
    )


def _fault(scaler: JsonObject, snapshot: Snapshot) -> JsonObject | None:
    made = created_at(scaler)
    if made is not None and snapshot.observed_at - made < SETTLES:
        return None
    for kind in ("AbleToScale", "ScalingActive"):
        told = condition(scaler, kind)
        if told.get("status") != "False" or told.get("reason") == "ScalingDisabled":
            continue
        since = at(told.get("lastTransitionTime"))
        if since is None or snapshot.observed_at - since >= SETTLES:
            return told
    return None


def _target(scaler: JsonObject) -> ObjectRef:
    named = mapping(scaler, "spec", "scaleTargetRef")
    return ObjectRef(str(named.get("kind")), namespace_of(scaler), str(named.get("name")))


def _meaning(reason: str, message: str, target: ObjectRef, snapshot: Snapshot) -> tuple[str, tuple[ObjectRef, ...]]:
    text = message.lower()
    if reason == "FailedGetScale":
        return f"What it should scale, {target.kind} {target.name}, is not there: correct scaleTargetRef.", ()
    if "missing request for" in text:
        return (
            "It compares use with what the containers ask for, and one of them asks for nothing: give every container "
            "of the pods a request for that resource.",
            (),
        )
    if reason == "AmbiguousSelector" or "multiple hpas" in text:
        return "Several autoscalers claim the same pods: keep one.", ()
    if any(word in text for word in _UNREADY):
        return "Its pods have no metrics, most often because none of them is ready: look at the pods first.", (target,)
    if any(word in text for word in _API_DOWN):
        makers = tuple(
            each.ref for each in snapshot.workloads if "metrics-server" in each.ref.name or "adapter" in each.ref.name
        )
        return (
            "The metrics API does not answer: look whether metrics-server (or the adapter of custom metrics) runs.",
            (*makers, ObjectRef("Deployment", "kube-system", "metrics-server")),
        )
    if reason == "FailedUpdateScale":
        return "It knows the number, and may not or cannot set it: its message says why.", ()
    return "The metric it should follow cannot be read: its message says why.", ()


# ---- scaled to zero -------------------------------------------------------------------------------------------------


def scaled_to_zero(snapshot: Snapshot) -> Iterator[Finding]:
    """A workload has no pods because it is told to have none, and something needs it."""
    for workload in snapshot.workloads:
        if workload.ref.kind not in ("Deployment", "StatefulSet") or workload.desired != 0:
            continue
        # Whoever asks where it is does not think that it is off on purpose, whatever its annotations say.
        if _is_on_purpose(workload) and workload.ref.name not in snapshot.focus:
            continue
        if rests_until_called(workload, snapshot):
            continue
        if part(workload.raw, "metadata", "deletionTimestamp"):
            continue
        needs = list(_needs(workload, snapshot))
        told = _scaled_down(workload, snapshot)
        is_sure = sum(weight for weight, _ in needs) >= 2
        if not needs or not (told or is_sure):
            continue
        before = _count_before(workload, told, snapshot)
        shown = [each for _, each in sorted(needs, key=lambda each: -each[0])]
        is_called = any(weight >= 2 for weight, _ in needs)
        told_before = (
            f"it had {before} replicas before" if before else "how many it had is not known: one to begin with"
        )
        still = ", while something still counts on it" if is_called else ""
        why = say(f"nothing answers in its place while it has no replicas; {told_before}")
        remedy = Remedy("scale", workload.ref, why, replicas=before or 1)
        had = f", {before} before" if before else ""
        yield finding(
            workload,
            Claim(
                category=Category.SCALED_TO_ZERO,
                summary=f"{workload.ref.kind} {workload.ref.name} is scaled to 0 replicas{had}, and is needed",
                explanation=f"{workload.ref.name} is told to have no pods at all, so nothing does its work{still}. "
                "If that was not on purpose, scale it back"
                + (f" to {before}." if before else "; how many it had is not known.")
                + " A restart does not make pods where none are wanted.",
                evidence=cited(
                    [seen(snapshot, workload.raw, _told_of_itself(workload))], (each.evidence for each in told), shown
                ),
                confidence=0.9 if is_sure and told else 0.85 if is_sure else 0.7,
                pods=(),
                since=max((each.last_at for each in told if each.last_at), default=None),
                remedy=remedy,
            ),
        )


def _told_of_itself(workload: Workload) -> str:
    notes = [f"{key}: {value}" for key, value in sorted(annotations_of(workload.raw).items()) if _NOTED.search(key)]
    return "; ".join(["spec.replicas is 0", *notes])


def _is_on_purpose(workload: Workload) -> bool:
    notes = annotations_of(workload.raw)
    marks = {**notes, **labels_of(workload.raw)}
    keys = [key.lower() for key in marks if key != _LAST_APPLIED]
    names = [workload.ref.name.lower()]
    return any(word in text for word in _ON_PURPOSE for text in (*keys, *names))


def rests_until_called(workload: Workload, snapshot: Snapshot) -> bool:
    """Whether KEDA holds it at nothing because there is nothing to do, and is able to start it when there is."""
    where = workload.ref.namespace
    scalers = [
        each
        for each in snapshot.of("ScaledObject", where)
        if str(part(each, "spec", "scaleTargetRef", "name")) == workload.ref.name
        and str(part(each, "spec", "scaleTargetRef", "kind") or "Deployment") == workload.ref.kind
    ]
    if any(_is_stuck(each) for each in scalers):
        return False
    if scalers:
        return all(number(part(each, "spec", "minReplicaCount"), 0) == 0 for each in scalers)
    if any(key.startswith("autoscaling.keda.sh/paused") for key in annotations_of(workload.raw)):
        return False
    is_of_keda = any(
        _target(each) == workload.ref and name_of(each).startswith("keda-hpa-")
        for each in snapshot.of("HorizontalPodAutoscaler", where)
    )
    told = f"{where}/{workload.ref.name} "
    return (
        is_of_keda
        or "scaledobject.keda.sh/name" in labels_of(workload.raw)
        or any(each.reason == "KEDAScaleTargetDeactivated" and told in f"{each.message} " for each in snapshot.events)
    )


def _is_stuck(scaler: JsonObject) -> bool:
    """Somebody paused it, or its triggers cannot be read: then what is at rest stays so whatever comes."""
    held = [key for key in annotations_of(scaler) if key.startswith("autoscaling.keda.sh/paused")]
    ready = condition(scaler, "Ready")
    return bool(held) or (ready or {}).get("status") == "False"


def _needs(workload: Workload, snapshot: Snapshot) -> Iterator[tuple[int, Evidence]]:
    """What shows that the workload is needed, with its weight; a Service alone may be a leftover."""
    services = [
        each
        for each in snapshot.of("Service", workload.ref.namespace)
        if _selects(each, workload) and _is_alone(each, workload, snapshot)
    ]
    for service in services:
        yield 1, seen(snapshot, service, f"service {name_of(service)} sends its requests to {workload.ref.name} alone")
        for route in (
            *snapshot.of("Ingress", workload.ref.namespace),
            *snapshot.of("HTTPRoute", workload.ref.namespace),
        ):
            if name_of(service) in _backends(route):
                yield 2, seen(snapshot, route, f"{route['kind']} {name_of(route)} leads to service {name_of(service)}")
        yield from _callers(service, workload, snapshot)
    for scaler in snapshot.of("HorizontalPodAutoscaler", workload.ref.namespace):
        if _target(scaler) == workload.ref and not name_of(scaler).startswith("keda-hpa-"):
            least = number(part(scaler, "spec", "minReplicas"), 1)
            yield (
                2,
                seen(snapshot, scaler, f"autoscaler {name_of(scaler)} wants at least {least}, and rests at 0 replicas"),
            )
    if workload.ref.name in snapshot.focus:
        # Who asks may only wonder: it takes something else to show that somebody needs it.
        yield 1, seen(snapshot, workload.raw, "it was asked about", part=":asked")


def _callers(service: JsonObject, workload: Workload, snapshot: Snapshot) -> Iterator[tuple[int, Evidence]]:
    """Programs that say they cannot reach the Service, by its name or its address."""
    name, address = name_of(service), str(part(service, "spec", "clusterIP"))
    named = re.compile(rf"(?:^|[/@\s\"']){re.escape(name)}(?:\.[a-z0-9.-]+)?(?:[:/\s\"']|$)")
    for pod in snapshot.pods:
        for tail in pod.logs:
            for sign in tail.reading.standing(*_UNREACHED):
                told = f"{sign.target or ''} {sign.line}"
                if (named.search(told) or f"{address}:" in told) and snapshot.workload_behind(pod.ref) != workload:
                    yield 2, said(tail, sign, snapshot)


def _selects(service: JsonObject, workload: Workload) -> bool:
    selector = mapping(service, "spec", "selector")
    labels = mapping(workload.template, "metadata", "labels")
    return bool(selector) and selector.items() <= labels.items()


def _is_alone(service: JsonObject, workload: Workload, snapshot: Snapshot) -> bool:
    """Whether no other workload that has pods answers for the Service, as the other colour of a pair would."""
    return not any(
        other.ref != workload.ref
        and other.ref.namespace == workload.ref.namespace
        and other.desired != 0
        and _selects(service, other)
        for other in snapshot.workloads
    )


def _backends(route: JsonObject) -> set[str]:
    found = {str(part(route, "spec", "defaultBackend", "service", "name"))}
    for rule in items(route, "spec", "rules"):
        found |= {str(part(each, "backend", "service", "name")) for each in items(rule, "http", "paths")}
        found |= {str(each.get("name")) for each in items(rule, "backendRefs")}
    return found


def _scaled_down(workload: Workload, snapshot: Snapshot) -> list[Event]:
    """That it was scaled to nothing lately: of a Deployment its newest ReplicaSet, not one that a rollout replaced."""
    running = workload.deployment.running if workload.deployment else None
    found = [
        each
        for each in (*workload.told, *(workload.deployment.events if workload.deployment else ()))
        if each.reason in ("ScalingReplicaSet", "SuccessfulDelete", "SuccessfulRescale")
        and _TO_ZERO.search(each.message)
        and (running is None or running.replica_set in each.message)
    ]
    return [
        each
        for each in dict.fromkeys(found)
        if each.last_at and snapshot.observed_at - each.last_at <= timedelta(hours=24)
    ]


_NOTED = re.compile(r"(?i)(?:original|previous|saved|last|before)[-_./]?\w*replicas$")


def _count_before(workload: Workload, told: list[Event], snapshot: Snapshot) -> int:
    """How many it had, by the event, by a note of what scaled it, by what was applied last, or by its autoscaler."""
    for each in told:
        found = _TO_ZERO.search(each.message)
        if found:
            return int(found[1] or found[2])
    noted = [number(value) for key, value in annotations_of(workload.raw).items() if _NOTED.search(key)]
    if any(noted):
        return max(noted)
    try:
        applied = json.loads(annotations_of(workload.raw).get(_LAST_APPLIED, "{}"))
    except ValueError:
        applied = {}
    if number(part(applied, "spec", "replicas")):
        return number(part(applied, "spec", "replicas"))
    scalers = [each for each in snapshot.of("HorizontalPodAutoscaler") if _target(each) == workload.ref]
    return max((number(part(each, "spec", "minReplicas"), 1) for each in scalers), default=0)
