"""The metrics API: what pods and nodes use now, read from the profiles of the running images."""

from __future__ import annotations

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.api.requests import Request
from bot.demo.cluster_emulator.kubelet.node_agents import NodeAgents
from bot.demo.cluster_emulator.kubelet.pressure import SYSTEM_BYTES, SYSTEM_MILLICORES
from bot.demo.cluster_emulator.kubelet.usage import pod_usage
from bot.demo.cluster_emulator.objects import Obj, dig, name_of, namespace_of, stamp
from bot.demo.cluster_emulator.resources import NODES, POD_METRICS, PODS
from bot.demo.cluster_emulator.selectors import label_matcher

WINDOW = "15s"


def read_metrics(request: Request, agents: NodeAgents) -> Obj:
    """One entry or a list, of pods or nodes."""
    resource, target = request.target.resource, request.target
    source = PODS if resource is POD_METRICS else NODES
    make = pod_metrics if resource is POD_METRICS else node_metrics
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


def pod_metrics(agents: NodeAgents, pod: Obj) -> Obj | None:
    """The usage of a pod's running containers; None when none runs."""
    running = pod_usage(agents, pod)
    if not running:
        return None
    containers = [{"name": each.name, "usage": _usage(each.cpu_millicores, each.memory_bytes)} for each in running]
    return {**_envelope("PodMetrics", pod, agents), "containers": containers}


def node_metrics(agents: NodeAgents, node: Obj) -> Obj | None:
    """The usage of a node with everything on it; None of one that says nothing."""
    if name_of(node) in agents.silent:
        return None
    on_it = [pod for pod in agents.store.all_of(PODS) if dig(pod, "spec", "nodeName") == name_of(node)]
    running = [entry for pod in on_it for entry in pod_usage(agents, pod)]
    cpu = sum(each.cpu_millicores for each in running) + SYSTEM_MILLICORES
    memory = sum(each.memory_bytes for each in running) + SYSTEM_BYTES
    return {**_envelope("NodeMetrics", node, agents), "usage": _usage(cpu, memory)}
