"""The DaemonSet controller: one pod on every node that takes it."""

from __future__ import annotations

from bot.demo.cluster_emulator.controllers.controller import Controller
from bot.demo.cluster_emulator.controllers.podmaking import create_pod, live_pods, pod_from
from bot.demo.cluster_emulator.controllers.revisions import HASH, keep_revision
from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.objects import (
    Obj,
    clone,
    dig,
    is_true,
    name_of,
    namespace_of,
    stamp,
)
from bot.demo.cluster_emulator.resources import DAEMONSETS, NODES, PODS
from bot.demo.cluster_emulator.store import Change

COMPONENT = "daemonset-controller"
# What the controller lets its pods stand, because they belong to the node: no taint of a sick node drives them away.
_STANDS = (
    *(("not-ready", "NoExecute"), ("unreachable", "NoExecute"), ("disk-pressure", "NoSchedule")),
    *(("memory-pressure", "NoSchedule"), ("pid-pressure", "NoSchedule"), ("unschedulable", "NoSchedule")),
)


class DaemonSetController(Controller):
    """Watches daemon sets, their pods and the nodes."""

    watched = DAEMONSETS
    owned = PODS

    def _noticed(self, change: Change) -> None:
        if change.resource is NODES and change.kind != "MODIFIED":
            for each in self._store.all_of(DAEMONSETS):
                self._queue.add(namespace_of(each), name_of(each))
        super()._noticed(change)

    def _reconcile(self, daemonset: Obj) -> None:
        code = keep_revision(self._store, daemonset, HASH)
        chosen = dig(daemonset, "spec", "template", "spec", "nodeSelector", default={})
        nodes = [
            name_of(node)
            for node in self._store.all_of(NODES)
            if chosen.items() <= dig(node, "metadata", "labels", default={}).items()
        ]
        pods = live_pods(self._store, daemonset)
        placed = {dig(pod, "spec", "nodeName"): pod for pod in pods}
        for node in nodes:
            if node not in placed:
                self._create(daemonset, node, code)
        self._replace_one(daemonset, pods, code)
        self._publish(daemonset, len(nodes), code)

    def _create(self, daemonset: Obj, node: str, code: str) -> None:
        pod = pod_from(daemonset["spec"]["template"], daemonset, labels={HASH: code})
        pod["spec"]["nodeName"] = node
        held = pod["spec"].setdefault("tolerations", [])
        held += [
            {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect} for key, effect in _STANDS
        ]
        entry = {"type": "PodScheduled", "status": "True", "lastProbeTime": None}
        pod["status"] = {"conditions": [{**entry, "lastTransitionTime": stamp(self._store.clock.now)}]}
        made = create_pod(self._store, pod)
        self._events.record(daemonset, "Normal", "SuccessfulCreate", f"Created pod: {name_of(made)}", COMPONENT)

    def _replace_one(self, daemonset: Obj, pods: list[Obj], code: str) -> None:
        # One at a time, as the default update strategy does: the next only when all others are ready.
        old = [pod for pod in pods if dig(pod, "metadata", "labels", HASH) != code]
        if old and all(is_true(pod, "Ready") for pod in pods if pod not in old):
            delete(self._store, PODS, old[0])
            self._events.record(daemonset, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(old[0])}", COMPONENT)

    def _publish(self, daemonset: Obj, wanted: int, code: str) -> None:
        pods = live_pods(self._store, daemonset)
        ready = sum(1 for pod in pods if is_true(pod, "Ready"))
        changed = clone(daemonset)
        changed["status"] = {
            "currentNumberScheduled": len(pods),
            "desiredNumberScheduled": wanted,
            "numberMisscheduled": 0,
            "numberReady": ready,
            "numberAvailable": ready,
            "numberUnavailable": wanted - ready,
            "updatedNumberScheduled": sum(1 for pod in pods if dig(pod, "metadata", "labels", HASH) == code),
            "observedGeneration": dig(daemonset, "metadata", "generation", default=1),
        }
        self._store.update(DAEMONSETS, changed)
