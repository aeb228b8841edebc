"""Autoscalers that want more pods than they may have, read from what they say of themselves: no series are needed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tools.analyzers.interface import Claim, cited, finding, logs_of, said, seen
from tools.analyzers.load import loads
from tools.analyzers.metrics import Measure, by_workload
from tools.evidence import Category, Evidence, Finding, ObjectRef
from tools.logs.reading import SignKind
from tools.objects import at, condition, items, mapping, name_of, namespace_of, number, part, quantity
from tools.snapshot import Snapshot, Workload
from tools.world import JsonObject

# Autoscalers leave a tenth alone; this far above the target all pods together lack a half more.
_FAR_ABOVE = 1.5
_ABOVE = 1.2
_SETTLES = timedelta(minutes=5)
_STRAINED = (
    *(SignKind.SLOW, SignKind.CONNECTION_TIMEOUT, SignKind.TOO_MANY_CONNECTIONS, SignKind.UPSTREAM_ERROR),
    *(SignKind.RATE_LIMITED, SignKind.CONNECTION_RESET, SignKind.PROBE_FAILED),
)
_REJECTS = ("queue full", "queue is full", "rejecting", "overload", "shedding", "too many requests", "backpressure")


def at_maximum(snapshot: Snapshot) -> Iterator[Finding]:
    """The autoscaler has as many pods as it may, and each is busier than it should be.

    Where answers are measured and are as fast and as good as before, that is a busy hour and nothing to mend.
    """
    harmed = {each.workload.ref for each in loads(snapshot) if each.harm}
    answers = {ref for ref, mine in by_workload(snapshot).items() if any(each.measure in _ANSWERS for each in mine)}
    for scaler in snapshot.of("HorizontalPodAutoscaler"):
        workload = _scaled(scaler, snapshot)
        above = above_target(scaler)
        since = _capped_since(scaler)
        if workload is None or since is None or above is None or snapshot.observed_at - since < _SETTLES:
            continue
        strained = _strained(workload, snapshot)
        # A busy hour, unless requests are turned away before they are counted.
        if workload.ref in answers and workload.ref not in harmed and not (strained and above[1] >= _FAR_ABOVE):
            continue
        if above[1] >= (_ABOVE if strained or workload.ref in harmed else _FAR_ABOVE):
            yield finding(workload, _claim(workload, scaler, above, since, strained, snapshot))


_ANSWERS = (Measure.LATENCY, Measure.ERRORS, Measure.ERROR_SHARE)


def _scaled(scaler: JsonObject, snapshot: Snapshot) -> Workload | None:
    named = mapping(scaler, "spec", "scaleTargetRef")
    return snapshot.workload(ObjectRef(str(named.get("kind")), namespace_of(scaler), str(named.get("name"))))


def _capped_since(scaler: JsonObject) -> datetime | None:
    """Since when it wants more than its maximum, where it has that many."""
    limited = condition(scaler, "ScalingLimited")
    is_capped = limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas"
    most, now = number(part(scaler, "spec", "maxReplicas")), number(part(scaler, "status", "currentReplicas"))
    return at(limited.get("lastTransitionTime")) if is_capped and now >= most > 0 else None


def above_target(scaler: JsonObject) -> tuple[str, float] | None:
    """What it measures in words, and how many times its target that is: of several metrics the highest."""
    found: list[tuple[str, float]] = []
    for wanted in items(scaler, "spec", "metrics"):
        kind = str(wanted.get("type") or "")
        field = kind[:1].lower() + kind[1:]
        what = mapping(wanted, field)
        name = str(what.get("name") or part(what, "metric", "name"))
        for told in items(scaler, "status", "currentMetrics"):
            measured = mapping(told, field)
            if told.get("type") == kind and str(measured.get("name") or part(measured, "metric", "name")) == name:
                found += _ratios(name, mapping(what, "target"), mapping(measured, "current"))
    return max(found, key=lambda each: each[1], default=None)


def _ratios(name: str, target: JsonObject, current: JsonObject) -> Iterator[tuple[str, float]]:
    for key, unit in (("averageUtilization", "%"), ("averageValue", ""), ("value", "")):
        wanted, now = quantity(target.get(key)), quantity(current.get(key))
        if wanted and now is not None:
            yield f"{name} is at {current[key]}{unit}, the target is {target[key]}{unit}", now / wanted


def _strained(workload: Workload, snapshot: Snapshot) -> list[Evidence]:
    """What shows that it cannot keep up: its own words, its probes, or pods that are not ready."""
    found = [
        said(tail, sign, snapshot)
        for pod in workload.members
        for tail in pod.logs
        for sign in tail.reading.standing(*_STRAINED)
        if sign.count >= 3
    ]
    for tail in (tail for pod in workload.members for tail in pod.logs):
        if any(word in each.pattern.lower() for each in tail.reading.templates for word in _REJECTS):
            found += logs_of(pod for pod in workload.members if pod.ref == tail.pod)
    events = [each for each in workload.events() if each.reason in ("Unhealthy", "BackOff") and each.count >= 3]
    return [*found, *(each.evidence for each in events)]


def _claim(
    workload: Workload,
    scaler: JsonObject,
    above: tuple[str, float],
    since: datetime,
    strained: list[Evidence],
    snapshot: Snapshot,
) -> Claim:
    most = part(scaler, "spec", "maxReplicas")
    return Claim(
        category=Category.TRAFFIC_OVERLOAD,
        summary=f"{workload.ref.name} has all of the {most} pods it may have, and needs about {above[1]:.1f} times as "
        f"many: {above[0]}",
        explanation=f"The autoscaler {name_of(scaler)} is at its maximum of {most} since {since:%H:%M} UTC and wants "
        f"more: {above[0]}. It would undo a scale by hand. Raise maxReplicas, if the nodes and what is behind can bear "
        "it, and see where the work comes from.",
        evidence=cited(
            [seen(snapshot, scaler, f"{most} replicas of at most {most}; {above[0]}", since)], strained, most=3
        ),
        confidence=0.72 if strained else 0.6,
        pods=workload.members,
        since=since,
    )
