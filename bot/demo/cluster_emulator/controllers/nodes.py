"""The node lifecycle and taint eviction controllers: what becomes of a node that falls silent, and of its pods."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.demo.cluster_emulator.controllers.events import EventRecorder, Origin
from bot.demo.cluster_emulator.controllers.scheduler import tolerates
from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.objects import Obj, clone, dig, is_going, name_of, namespace_of, stamp, uid_of
from bot.demo.cluster_emulator.resources import NODES, PODS
from bot.demo.cluster_emulator.store import Store

COMPONENT = "node-controller"
EVICTION = "taint-eviction-controller"
GRACE_SECONDS = 40.0
UNREACHABLE = "node.kubernetes.io/unreachable"
_CONDITIONS = ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
_GOOD = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
}


class NodeLifecycleController:
    """Is told when a node falls silent and when it is heard of again; the rest takes its time."""

    def __init__(self, store: Store, events: EventRecorder) -> None:
        self._store = store
        self._events = events
        self._silent_since: dict[str, float] = {}

    def fell_silent(self, name: str) -> None:
        """The node's last word was now."""
        now = self._store.clock.seconds
        self._silent_since[name] = now
        self._store.clock.call_later(GRACE_SECONDS, lambda: self._give_up(name, now))

    def came_back(self, name: str) -> None:
        """The node speaks again: its taints go, and whoever was to leave it may stay."""
        self._silent_since.pop(name, None)
        node = self._store.get(NODES, "", name)
        if node is None:
            return
        changed = clone(node)
        taints = [each for each in dig(changed, "spec", "taints", default=[]) if each["key"] != UNREACHABLE]
        changed.setdefault("spec", {})["taints"] = taints
        changed["status"]["conditions"] = [self._entry(node, kind, *_GOOD[kind]) for kind in _CONDITIONS]
        changed = self._store.update(NODES, changed)
        text = f"Node {name} status is now: NodeReady"
        self._events.record(changed, "Normal", "NodeReady", text, Origin("kubelet", name))

    def _give_up(self, name: str, since: float) -> None:
        node = self._store.get(NODES, "", name)
        if node is None or self._silent_since.get(name) != since:
            return
        changed = clone(node)
        why = ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
        changed["status"]["conditions"] = [self._entry(node, kind, *why) for kind in _CONDITIONS]
        now = stamp(self._store.clock.now)
        taints = [{"key": UNREACHABLE, "effect": effect, "timeAdded": now} for effect in ("NoSchedule", "NoExecute")]
        changed.setdefault("spec", {})["taints"] = [*dig(changed, "spec", "taints", default=[]), *taints]
        changed = self._store.update(NODES, changed)
        text = f"Node {name} status is now: NodeNotReady"
        self._events.record(changed, "Normal", "NodeNotReady", text, COMPONENT)
        for pod in self._store.all_of(PODS):
            if dig(pod, "spec", "nodeName") == name:
                self._mark(pod)
                self._plan_eviction(pod, taints[1], name, since)

    def _entry(self, node: Obj, kind: str, word: str, reason: str, message: str) -> Obj:
        now = stamp(self._store.clock.now)
        held = dig(node, "status", "conditions", default=[])
        before: Obj = next((each for each in held if each["type"] == kind), {})
        heard = stamp(datetime.fromtimestamp(self._silent_since.get(name_of(node), self._store.clock.seconds), UTC))
        turned = before.get("lastTransitionTime", now) if before.get("status") == word else now
        times = {"lastHeartbeatTime": heard, "lastTransitionTime": turned}
        return {"type": kind, "status": word, "reason": reason, "message": message, **times}

    def _mark(self, pod: Obj) -> None:
        # Nobody can ask the pod; that its node is silent is enough to send it no more requests.
        if dig(pod, "status", "phase") in ("Succeeded", "Failed"):
            return
        changed = clone(pod)
        for entry in dig(changed, "status", "conditions", default=[]):
            if entry["type"] == "Ready" and entry["status"] == "True":
                entry.update(status="False", lastTransitionTime=stamp(self._store.clock.now))
        changed = self._store.update(PODS, changed)
        self._events.record(changed, "Warning", "NodeNotReady", "Node is not ready", COMPONENT)

    def _plan_eviction(self, pod: Obj, taint: Obj, node: str, since: float) -> None:
        standing = [each for each in dig(pod, "spec", "tolerations", default=[]) if tolerates(each, taint)]
        waits = [float(each["tolerationSeconds"]) for each in standing if each.get("tolerationSeconds") is not None]
        if standing and not waits:
            return
        self._store.clock.call_later(min(waits, default=0.0), lambda: self._evict(pod, node, since))

    def _evict(self, pod: Obj, node: str, since: float) -> None:
        held = self._store.get(PODS, namespace_of(pod), name_of(pod))
        if self._silent_since.get(node) != since or held is None or uid_of(held) != uid_of(pod) or is_going(held):
            return
        text = f"Marking for deletion Pod {namespace_of(pod)}/{name_of(pod)}"
        self._events.record(held, "Normal", "TaintManagerEviction", text, EVICTION)
        delete(self._store, PODS, held)
