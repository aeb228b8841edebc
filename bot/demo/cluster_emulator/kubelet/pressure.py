"""Nodes that run out of memory or disk: the condition, the taint, and the pods that are put out to make room.

Use grows along straight lines, so a node can only run out at a moment in which a line ends. Those are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.demo.cluster_emulator.controllers.events import Origin
from bot.demo.cluster_emulator.kubelet.node_agents import NodeAgents
from bot.demo.cluster_emulator.kubelet.usage import Usage, pod_usage
from bot.demo.cluster_emulator.objects import Obj, clone, dig, is_going, is_true, name_of, stamp
from bot.demo.cluster_emulator.quantities import MEBIBYTE, bytes_of
from bot.demo.cluster_emulator.resources import NODES, PODS
from bot.demo.cluster_emulator.store import Change

# What the system itself takes on every node, beside the pods.
SYSTEM_MILLICORES, SYSTEM_BYTES = 120, 600 * MEBIBYTE
LOOK_SECONDS = 10.0
# A node has to be well for so long before it is called well.
CALM_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Strain:
    """One thing that a node can run out of, with the words of its kubelet."""

    resource: str
    capacity: str
    condition: str
    bad: tuple[str, str]
    good: tuple[str, str]
    taint: str

    def used(self, usage: Usage) -> float:
        """What a container takes of it, in bytes."""
        return usage.memory_bytes if self.resource == "memory" else usage.disk_bytes

    def threshold(self, capacity: int) -> int:
        """What has to be left, in bytes: the kubelet's defaults."""
        return 100 * MEBIBYTE if self.resource == "memory" else capacity // 10


STRAINS = (
    Strain(
        "memory",
        "memory",
        "MemoryPressure",
        ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
        ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        "node.kubernetes.io/memory-pressure",
    ),
    Strain(
        "ephemeral-storage",
        "ephemeral-storage",
        "DiskPressure",
        ("KubeletHasDiskPressure", "kubelet has disk pressure"),
        ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        "node.kubernetes.io/disk-pressure",
    ),
)


class PressureManager:
    """Looks at a node whenever what runs on it may have become too much."""

    def __init__(self, agents: NodeAgents) -> None:
        self._agents = agents
        self._clock = agents.clock
        self._seen: set[str] = set()
        self._waiting: set[str] = set()
        self._low_at: dict[tuple[str, str], float] = {}
        agents.store.listeners.append(self._noticed)

    def _noticed(self, change: Change) -> None:
        if change.resource is not PODS or change.kind == "DELETED":
            return
        node = dig(change.obj, "spec", "nodeName")
        for status in dig(change.obj, "status", "containerStatuses", default=[]):
            life = str(status.get("containerID", ""))
            if node and "running" in status["state"] and life not in self._seen:
                self._seen.add(life)
                profile = self._agents.images.get(str(status["image"]))
                for age in profile.turning_points() if profile else ():
                    self._clock.call_later(age / 0.99 + 1.0, lambda: self._look(str(node)))

    def _look(self, name: str) -> None:
        node = self._agents.store.get(NODES, "", name)
        if node is None or name in self._agents.silent:
            return
        pods = [pod for pod in self._agents.store.all_of(PODS) if dig(pod, "spec", "nodeName") == name]
        used = {name_of(pod): (pod, pod_usage(self._agents, pod)) for pod in pods}
        if any([self._weigh(name, strain, list(used.values())) for strain in STRAINS]) and name not in self._waiting:
            self._waiting.add(name)
            self._clock.call_later(LOOK_SECONDS, lambda: self._look_again(name))

    def _look_again(self, name: str) -> None:
        self._waiting.discard(name)
        self._look(name)

    def _weigh(self, name: str, strain: Strain, pods: list[tuple[Obj, list[Usage]]]) -> bool:
        """Whether this node has to be looked at again because of this strain."""
        node = self._agents.store.require(NODES, "", name)
        held = dig(node, "status", "capacity", strain.capacity)
        if held is None:
            return False
        capacity = bytes_of(held)
        system = SYSTEM_BYTES if strain.resource == "memory" else 0
        left = capacity - system - sum(strain.used(each) for _, usage in pods for each in usage)
        key = (name, strain.condition)
        if left < strain.threshold(capacity):
            self._low_at[key] = self._clock.seconds
            self._mark(node, strain, True)
            self._evict_one(node, strain, left, pods)
            return True
        if not is_true(node, strain.condition):
            return False
        if self._clock.seconds - self._low_at.get(key, 0.0) < CALM_SECONDS:
            return True
        self._mark(node, strain, False)
        return False

    def _mark(self, node: Obj, strain: Strain, is_bad: bool) -> None:
        if is_true(node, strain.condition) == is_bad:
            return
        now = stamp(self._clock.now)
        reason, message = strain.bad if is_bad else strain.good
        changed = clone(node)
        entry = {"type": strain.condition, "status": "True" if is_bad else "False", "reason": reason}
        entry |= {"message": message, "lastHeartbeatTime": now, "lastTransitionTime": now}
        others = [each for each in dig(changed, "status", "conditions", default=[]) if each["type"] != strain.condition]
        changed["status"]["conditions"] = [entry, *others]
        taints = [each for each in dig(changed, "spec", "taints", default=[]) if each["key"] != strain.taint]
        if is_bad:
            taints.append({"key": strain.taint, "effect": "NoSchedule", "timeAdded": now})
        changed.setdefault("spec", {})["taints"] = taints
        changed = self._agents.store.update(NODES, changed)
        word = reason.replace("Kubelet", "Node")
        self._tell(changed, "Normal", word, f"Node {name_of(node)} status is now: {word}")

    def _evict_one(self, node: Obj, strain: Strain, left: float, pods: list[tuple[Obj, list[Usage]]]) -> None:
        self._tell(node, "Warning", "EvictionThresholdMet", f"Attempting to reclaim {strain.resource}")
        found = [(pod, usage) for pod, usage in pods if usage and not is_going(pod) and not _belongs_to_node(pod)]
        if not found:
            return
        pod, usage = max(
            found, key=lambda each: (sum(_excess(strain, each[0], one) for one in each[1]), name_of(each[0]))
        )
        threshold = strain.threshold(bytes_of(dig(node, "status", "capacity", strain.capacity)))
        text = (
            f"The node was low on resource: {strain.resource}. Threshold quantity: {_amount(threshold)}, "
            f"available: {_amount(left)}. "
        )
        for each in usage:
            asked = _asked(strain, pod, each.name)
            if strain.used(each) > asked:
                text += (
                    f"Container {each.name} was using {_amount(strain.used(each))}, request is "
                    f"{_amount(asked) if asked else '0'}, has larger consumption of {strain.resource}. "
                )
        worker = self._agents.worker_of(pod)
        if worker is not None:
            worker.evict(text)

    def _tell(self, node: Obj, severity: str, reason: str, message: str) -> None:
        self._agents.events.record(node, severity, reason, message, Origin("kubelet", name_of(node)))


def _belongs_to_node(pod: Obj) -> bool:
    return any(each.get("kind") == "DaemonSet" for each in dig(pod, "metadata", "ownerReferences", default=[]))


def _asked(strain: Strain, pod: Obj, container: str) -> int:
    spec = next(each for each in pod["spec"]["containers"] if each["name"] == container)
    return bytes_of(dig(spec, "resources", "requests", strain.resource, default=0))


def _excess(strain: Strain, pod: Obj, usage: Usage) -> float:
    return strain.used(usage) - _asked(strain, pod, usage.name)


def _amount(size: float) -> str:
    return f"{int(size // 1024)}Ki" if size % MEBIBYTE else f"{int(size // MEBIBYTE)}Mi"
