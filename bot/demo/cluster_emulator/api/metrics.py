"""The metrics API: what pods and nodes use now, read from the profiles of the running images."""

from __future__ import annotations

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.api.requests import Request
from bot.demo.cluster_emulator.kubelet.node_agents import NodeAgents
from bot.demo.cluster_emulator.objects import Obj, dig, name_of, namespace_of, stamp
from bot.demo.cluster_emulator.resources import NODES, POD_METRICS, PODS
from bot.demo.cluster_emulator.selectors import label_matcher

WINDOW = "15s"
# What the system itself takes on every node, beside the pods.
_SYSTEM_MILLICORES, _SYSTEM_BYTES = 120, 600 * 2**20


def read_metrics(request: Request, agents: NodeAgents) -> Obj:
    """One entry or a list, of pods or nodes."""
    resource, target = request.target.resource, request.target
    source = PODS if resource is POD_METRICS else NODES
    make = pod_usage if resource is POD_METRICS else node_usage
    if target.name:
        obj = agents.store.get(source, target.namespace, target.name)
        entry = make(agents, obj) if obj is not None else None
        if entry is None:
            raise statuses.not_found(resource, target.name)
        return entry
    matches = label_matcher(request.query.get("labelSelector", ""))
    found = [make(agents, obj) for obj in agents.store.all_of(source, target.namespace) if matches(obj)]
    return {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": {},
        "items": [entry for entry in found if entry is not None],
    }


def _usage(cpu_millicores: float, memory_bytes: float) -> Obj:
    return {"cpu": f"{round(cpu_millicores * 1_000_000)}n", "memory": f"{round(memory_bytes / 1024)}Ki"}


def _envelope(kind: str, obj: Obj, agents: NodeAgents) -> Obj:
    meta = {"name": name_of(obj), "creationTimestamp": stamp(agents.clock.now)}
    if namespace_of(obj):
        meta["namespace"] = namespace_of(obj)
    if dig(obj, "metadata", "labels"):
        meta["labels"] = obj["metadata"]["labels"]
    times = {"timestamp": stamp(agents.clock.now), "window": WINDOW}
    return {"kind": kind, "apiVersion": "metrics.k8s.io/v1beta1", "metadata": meta, **times}


def _containers(agents: NodeAgents, pod: Obj) -> list[tuple[str, float, float]]:
    worker = agents.worker_of(pod)
    if worker is None:
        return []
    return [
        (each.name, each.instance.profile.cpu_millicores, each.instance.memory_bytes(agents.clock.seconds))
        for each in worker.containers
        if each.instance is not None and "running" in each.state
    ]


def pod_usage(agents: NodeAgents, pod: Obj) -> Obj | None:
    """The usage of a pod's running containers; None when none runs, as a metrics server has nothing to tell then."""
    running = _containers(agents, pod)
    if not running:
        return None
    containers = [{"name": name, "usage": _usage(cpu, memory)} for name, cpu, memory in running]
    return {**_envelope("PodMetrics", pod, agents), "containers": containers}


def node_usage(agents: NodeAgents, node: Obj) -> Obj:
    """The usage of a node with everything on it."""
    on_it = [pod for pod in agents.store.all_of(PODS) if dig(pod, "spec", "nodeName") == name_of(node)]
    running = [entry for pod in on_it for entry in _containers(agents, pod)]
    cpu = sum(each[1] for each in running) + _SYSTEM_MILLICORES
    memory = sum(each[2] for each in running) + _SYSTEM_BYTES
    return {**_envelope("NodeMetrics", node, agents), "usage": _usage(cpu, memory)}
