"""What running containers use now, read from the profiles of their images."""

from __future__ import annotations

from dataclasses import dataclass

from bot.demo.cluster_emulator.kubelet.node_agents import NodeAgents
from bot.demo.cluster_emulator.objects import Obj, dig
from bot.demo.cluster_emulator.quantities import millicores


@dataclass(frozen=True, slots=True)
class Usage:
    """One running container, with cpu in thousandths of a core and sizes in bytes."""

    name: str
    cpu_millicores: float
    memory_bytes: float
    disk_bytes: float


def pod_usage(agents: NodeAgents, pod: Obj) -> list[Usage]:
    """The pod's running containers; none when its node says nothing, as a metrics server has nothing to tell then."""
    worker = agents.worker_of(pod)
    if worker is None or worker.node in agents.silent:
        return []
    now = agents.clock.seconds
    return [
        Usage(
            each.name,
            cpu_of(agents, each.spec, each.image),
            each.instance.memory_bytes(now),
            each.instance.disk_bytes(now),
        )
        for each in worker.containers
        if each.instance is not None and "running" in each.state
    ]


def cpu_of(agents: NodeAgents, container: Obj, image: str) -> float:
    """The cpu of one container: its own, or its part of the work that all of its image share."""
    profile = agents.images[image]
    if not profile.shared_cpu_millicores:
        return profile.cpu_millicores
    part = profile.shared_cpu_millicores / max(1, agents.running(image))
    limit = dig(container, "resources", "limits", "cpu")
    return part if limit is None else min(part, millicores(limit))
