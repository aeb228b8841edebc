"""Finds a node for each pod, or says why none will do."""

from __future__ import annotations

from collections import Counter

from bot.demo.cluster_emulator.controllers.events import EventRecorder
from bot.demo.cluster_emulator.controllers.quotas import pod_amount
from bot.demo.cluster_emulator.controllers.workqueue import WorkQueue
from bot.demo.cluster_emulator.objects import Obj, clone, condition, dig, is_going, name_of, namespace_of, stamp
from bot.demo.cluster_emulator.quantities import parse_quantity
from bot.demo.cluster_emulator.resources import NODES, PODS
from bot.demo.cluster_emulator.store import Change, Store

COMPONENT = "default-scheduler"
RETRY_SECONDS = 300.0
_LIFTABLE = ("Insufficient", "Too many pods")


class Scheduler:
    """Binds pods to nodes; those that fit nowhere are tried again when room appears."""

    def __init__(self, store: Store, events: EventRecorder) -> None:
        self._store = store
        self._events = events
        self._queue = WorkQueue(store.clock, self._schedule)
        store.listeners.append(self._noticed)

    def _noticed(self, change: Change) -> None:
        if change.resource is PODS and change.kind == "ADDED":
            self._queue.add(namespace_of(change.obj), name_of(change.obj))
        elif (change.resource is PODS and change.kind == "DELETED") or change.resource is NODES:
            for pod in self._store.all_of(PODS):
                if not dig(pod, "spec", "nodeName"):
                    self._queue.add(namespace_of(pod), name_of(pod))

    def _schedule(self, namespace: str, name: str) -> None:
        pod = self._store.get(PODS, namespace, name)
        if pod is None or is_going(pod) or dig(pod, "spec", "nodeName"):
            return
        nodes = self._store.all_of(NODES)
        used = {name_of(node): self._pods_on(name_of(node)) for node in nodes}
        reasons = {name_of(node): why_not(pod, node, used[name_of(node)]) for node in nodes}
        fitting = [node for node in nodes if not reasons[name_of(node)]]
        if not fitting:
            self._refuse(pod, [why for each in reasons.values() for why in each], list(reasons.values()))
            return
        best = min(fitting, key=lambda node: (_load(used[name_of(node)]), len(used[name_of(node)]), name_of(node)))
        self._bind(pod, name_of(best))

    def _pods_on(self, node: str) -> list[Obj]:
        return [
            pod
            for pod in self._store.all_of(PODS)
            if dig(pod, "spec", "nodeName") == node and dig(pod, "status", "phase") not in ("Succeeded", "Failed")
        ]

    def _bind(self, pod: Obj, node: str) -> None:
        bound = clone(pod)
        bound["spec"]["nodeName"] = node
        entry = {"type": "PodScheduled", "status": "True", "lastProbeTime": None}
        bound.setdefault("status", {})["conditions"] = [{**entry, "lastTransitionTime": stamp(self._store.clock.now)}]
        bound = self._store.update(PODS, bound)
        text = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {node}"
        self._events.record(bound, "Normal", "Scheduled", text, COMPONENT)

    def _refuse(self, pod: Obj, reasons: list[str], by_node: list[list[str]]) -> None:
        total = len(by_node)
        counted = sorted(f"{count} {reason}" for reason, count in Counter(reasons).items())
        hopeless = sum(1 for each in by_node if any(not why.startswith(_LIFTABLE) for why in each))
        told = []
        if total - hopeless:
            told.append(f"{total - hopeless} No preemption victims found for incoming pod")
        if hopeless:
            told.append(f"{hopeless} Preemption is not helpful for scheduling")
        text = (
            f"0/{total} nodes are available: {', '.join(counted)}. "
            if total
            else "no nodes available to schedule pods. "
        )
        text += f"preemption: 0/{total} nodes are available: {', '.join(told)}." if total else ""
        self._events.record(pod, "Warning", "FailedScheduling", text.strip(), COMPONENT)
        marked = clone(pod)
        before = condition(pod, "PodScheduled")
        since = before["lastTransitionTime"] if before else stamp(self._store.clock.now)
        entry = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": text.strip()}
        marked["status"]["conditions"] = [{**entry, "lastProbeTime": None, "lastTransitionTime": since}]
        self._store.update(PODS, marked)
        self._queue.add_later(namespace_of(pod), name_of(pod), RETRY_SECONDS)


def _load(pods: list[Obj]) -> float:
    return sum(pod_amount(pod, "requests.cpu") + pod_amount(pod, "requests.memory") / 2**32 for pod in pods)


def why_not(pod: Obj, node: Obj, pods: list[Obj]) -> list[str]:
    """Every reason against the node; none when the pod fits."""
    if dig(node, "spec", "unschedulable"):
        return ["node(s) were unschedulable"]
    for taint in dig(node, "spec", "taints", default=[]):
        hard = taint.get("effect") in ("NoSchedule", "NoExecute")
        if hard and not any(tolerates(each, taint) for each in dig(pod, "spec", "tolerations", default=[])):
            return [f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"]
    labels = dig(node, "metadata", "labels", default={})
    wanted = dig(pod, "spec", "nodeSelector", default={})
    if any(labels.get(key) != value for key, value in wanted.items()):
        return ["node(s) didn't match Pod's node affinity/selector"]
    allocatable = dig(node, "status", "allocatable", default={})
    reasons = []
    if len(pods) + 1 > int(allocatable.get("pods", 110)):
        reasons.append("Too many pods")
    for key in ("cpu", "memory"):
        taken = sum(pod_amount(each, f"requests.{key}") for each in pods)
        asked = pod_amount(pod, f"requests.{key}")
        if asked and taken + asked > parse_quantity(allocatable.get(key, 0)):
            reasons.append(f"Insufficient {key}")
    return reasons


def tolerates(toleration: Obj, taint: Obj) -> bool:
    """Whether a toleration covers a taint."""
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if not toleration.get("key"):
        return toleration.get("operator") == "Exists"
    if toleration["key"] != taint["key"]:
        return False
    return toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get("value", "")
