"""The HorizontalPodAutoscaler controller: as many pods as their use of cpu or memory asks for, within bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bot.demo.cluster_emulator.controllers.events import EventRecorder
from bot.demo.cluster_emulator.controllers.workqueue import WorkQueue
from bot.demo.cluster_emulator.kubelet.node_agents import NodeAgents
from bot.demo.cluster_emulator.kubelet.usage import Usage, pod_usage
from bot.demo.cluster_emulator.objects import (
    Obj,
    clone,
    condition,
    dig,
    is_going,
    is_true,
    name_of,
    namespace_of,
    stamp,
)
from bot.demo.cluster_emulator.quantities import parse_quantity
from bot.demo.cluster_emulator.resources import AUTOSCALERS, PODS, resource_of_kind
from bot.demo.cluster_emulator.selectors import selector_matches
from bot.demo.cluster_emulator.store import Change, Store

COMPONENT = "horizontal-pod-autoscaler"
LOOK_SECONDS = 15.0
STEADY_SECONDS = 300.0
TOLERANCE = 0.1


class NoMetric(Exception):
    """The use of the pods cannot be told; the message says why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric: what its pods use on average, and how many pods that asks for."""

    wanted: int
    name: str
    used: float
    percent: int | None

    @property
    def what(self) -> str:
        """The metric in words."""
        return f"{self.name} resource" + (" utilization (percentage of request)" if self.percent is not None else "")

    def as_status(self) -> Obj:
        """The metric as the status shows it."""
        shown = f"{round(self.used * 1000)}m" if self.name == "cpu" else str(round(self.used))
        current: Obj = {"averageValue": shown}
        if self.percent is not None:
            current["averageUtilization"] = self.percent
        return {"type": "Resource", "resource": {"name": self.name, "current": current}}


class AutoscalerController:
    """Looks at an autoscaler a while after it or a pod of its namespace has changed."""

    def __init__(self, store: Store, events: EventRecorder, agents: NodeAgents) -> None:
        self._store = store
        self._events = events
        self._agents = agents
        self._lower_since: dict[str, float] = {}
        self._planned: set[tuple[str, str]] = set()
        self._queue = WorkQueue(store.clock, self._look)
        store.listeners.append(self._noticed)

    def _noticed(self, change: Change) -> None:
        if change.resource is AUTOSCALERS and change.kind != "DELETED":
            self._queue.add(namespace_of(change.obj), name_of(change.obj))
        elif change.resource is PODS:
            for each in self._store.all_of(AUTOSCALERS, namespace_of(change.obj)):
                self._later(namespace_of(each), name_of(each), LOOK_SECONDS)

    def _later(self, namespace: str, name: str, seconds: float) -> None:
        key = (namespace, name)
        if key not in self._planned:
            self._planned.add(key)
            self._store.clock.call_later(seconds, lambda: self._due(key))

    def _due(self, key: tuple[str, str]) -> None:
        self._planned.discard(key)
        self._look(*key)

    def _look(self, namespace: str, name: str) -> None:
        found = self._store.get(AUTOSCALERS, namespace, name)
        if found is not None and not is_going(found):
            changed = {**found, "status": self._reconcile(found)}
            self._store.update(AUTOSCALERS, changed)

    def _reconcile(self, scaler: Obj) -> Obj:
        reference = scaler["spec"]["scaleTargetRef"]
        resource = resource_of_kind(str(reference["kind"]))
        target = self._store.get(resource, namespace_of(scaler), str(reference["name"])) if resource else None
        if resource is None or target is None or "scale" not in resource.subresources:
            plural = resource.qualified if resource else str(reference["kind"])
            why = f'{plural} "{reference["name"]}" not found'
            self._tell(scaler, "Warning", "FailedGetScale", why)
            text = f"the HPA controller was unable to get the target's current scale: {why}"
            return self._status(scaler, 0, 0, [("AbleToScale", "False", "FailedGetScale", text)])
        current = int(dig(target, "spec", "replicas", default=1))
        got = (
            "AbleToScale",
            "True",
            "SucceededGetScale",
            "the HPA controller was able to get the target's current scale",
        )
        if current == 0:
            text = "scaling is disabled since the replica count of the target is zero"
            return self._status(scaler, 0, 0, [got, ("ScalingActive", "False", "ScalingDisabled", text)])
        try:
            readings = self._readings(scaler, target, current)
        except NoMetric as failure:
            return self._without_metric(scaler, current, got, str(failure))
        return self._scaled(scaler, target, current, readings)

    def _without_metric(self, scaler: Obj, current: int, got: tuple[str, str, str, str], why: str) -> Obj:
        metric = dig(scaler, "spec", "metrics", 0, "resource", "name", default="cpu")
        told = f"failed to get {metric} utilization: {why}"
        self._tell(scaler, "Warning", "FailedGetResourceMetric", told)
        first = "invalid metrics (1 invalid out of 1), first error is"
        text = f"{first}: failed to get {metric} resource metric value: {told}"
        self._tell(scaler, "Warning", "FailedComputeMetricsReplicas", text)
        text = f"the HPA was unable to compute the replica count: {told}"
        self._later(namespace_of(scaler), name_of(scaler), LOOK_SECONDS * 4)
        return self._status(
            scaler, current, current, [got, ("ScalingActive", "False", "FailedGetResourceMetric", text)]
        )

    def _readings(self, scaler: Obj, target: Obj, current: int) -> list[Reading]:
        selector = dig(target, "spec", "selector", default={})
        pods = [
            pod
            for pod in self._store.all_of(PODS, namespace_of(scaler))
            if selector_matches(selector, dig(pod, "metadata", "labels", default={}))
            and not is_going(pod)
            and dig(pod, "status", "phase") not in ("Succeeded", "Failed")
        ]
        return [
            self._reading(metric["resource"], pods, current)
            for metric in scaler["spec"]["metrics"]
            if "resource" in metric
        ]

    def _reading(self, metric: Obj, pods: list[Obj], current: int) -> Reading:
        name = str(metric["name"])
        asked = sum(_request(pod, name) for pod in pods) if "averageUtilization" in metric["target"] else 0.0
        ready = [pod for pod in pods if is_true(pod, "Ready")]
        used = [sum(_used(name, each) for each in pod_usage(self._agents, pod)) for pod in ready]
        if not used or not sum(used):
            raise NoMetric("did not receive metrics for targeted pods (pods might be unready)")
        average = sum(used) / len(used)
        if "averageUtilization" in metric["target"]:
            percent = round(100 * average / (asked / len(pods)))
            ratio = percent / int(metric["target"]["averageUtilization"])
        else:
            percent, ratio = None, average / parse_quantity(metric["target"]["averageValue"])
        wanted = current if abs(ratio - 1) <= TOLERANCE else math.ceil(ratio * len(used))
        return Reading(wanted, name, average, percent)

    def _scaled(self, scaler: Obj, target: Obj, current: int, readings: list[Reading]) -> Obj:
        top = max(readings, key=lambda each: each.wanted)
        raw = self._steadied(scaler, top.wanted, current)
        active = f"the HPA was able to successfully calculate a replica count from {top.what}"
        wanted, limited = _within(scaler, raw, current)
        able = ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size")
        if raw > top.wanted:
            text = "recent recommendations were higher than current one, applying the highest recent recommendation"
            able = ("AbleToScale", "True", "ScaleDownStabilized", text)
        if wanted != current:
            self._rescale(scaler, target, wanted, top, current)
            text = f"the HPA controller was able to update the target scale to {wanted}"
            able = ("AbleToScale", "True", "SucceededRescale", text)
        status = self._status(
            scaler, current, wanted, [able, ("ScalingActive", "True", "ValidMetricFound", active), limited]
        )
        status["currentMetrics"] = [each.as_status() for each in readings]
        if wanted != current:
            status["lastScaleTime"] = stamp(self._store.clock.now)
        return status

    def _steadied(self, scaler: Obj, wanted: int, current: int) -> int:
        """The size with haste taken out of it: down only after five minutes, up at most twofold or by four."""
        uid, now = str(scaler["metadata"]["uid"]), self._store.clock.seconds
        if wanted >= current:
            self._lower_since.pop(uid, None)
            return min(wanted, max(2 * current, current + 4))
        left = STEADY_SECONDS - (now - self._lower_since.setdefault(uid, now))
        if left > 0:
            self._store.clock.call_later(left + 1, lambda: self._look(namespace_of(scaler), name_of(scaler)))
            return current
        return wanted

    def _rescale(self, scaler: Obj, target: Obj, wanted: int, top: Reading, current: int) -> None:
        resource = resource_of_kind(str(target["kind"]))
        assert resource is not None
        changed = clone(target)
        changed["spec"]["replicas"] = wanted
        self._store.update(resource, changed)
        reason = f"{top.what} above target" if wanted > current else "All metrics below target"
        self._tell(scaler, "Normal", "SuccessfulRescale", f"New size: {wanted}; reason: {reason}")

    def _status(self, scaler: Obj, current: int, desired: int, entries: list[tuple[str, str, str, str]]) -> Obj:
        before = scaler.get("status", {})
        now = stamp(self._store.clock.now)
        conditions = []
        for kind, word, reason, message in entries:
            held = condition(scaler, kind)
            turned = held["lastTransitionTime"] if held is not None and held["status"] == word else now
            conditions.append(
                {"type": kind, "status": word, "lastTransitionTime": turned, "reason": reason, "message": message}
            )
        kept = {"lastScaleTime": before["lastScaleTime"]} if "lastScaleTime" in before else {}
        return {"currentReplicas": current, "desiredReplicas": desired, **kept, "conditions": conditions}

    def _tell(self, scaler: Obj, severity: str, reason: str, message: str) -> None:
        self._events.record(scaler, severity, reason, message, COMPONENT)


def _within(scaler: Obj, wanted: int, current: int) -> tuple[int, tuple[str, str, str, str]]:
    """The size within the bounds, and the condition that says whether they were felt."""
    least, most = int(scaler["spec"].get("minReplicas", 1)), int(scaler["spec"]["maxReplicas"])
    if wanted > most:
        text = "the desired replica count is more than the maximum replica count"
        return most, ("ScalingLimited", "True", "TooManyReplicas", text)
    if wanted < least:
        text = "the desired replica count is less than the minimum replica count"
        return least, ("ScalingLimited", "True", "TooFewReplicas", text)
    return wanted, ("ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the acceptable range")


def _used(name: str, usage: Usage) -> float:
    return usage.cpu_millicores / 1000 if name == "cpu" else usage.memory_bytes


def _request(pod: Obj, name: str) -> float:
    total = 0.0
    for container in dig(pod, "spec", "containers", default=[]):
        asked = dig(container, "resources", "requests", name)
        if asked is None:
            raise NoMetric(f"missing request for {name} in container {container['name']} of Pod {name_of(pod)}")
        total += parse_quantity(asked)
    return total
