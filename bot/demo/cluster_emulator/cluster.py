"""The cluster without its API: a store, a clock, the controllers and the nodes' agents."""

from __future__ import annotations

from collections.abc import Mapping

from bot.demo.cluster_emulator.clock import VirtualClock
from bot.demo.cluster_emulator.controllers.daemonsets import DaemonSetController
from bot.demo.cluster_emulator.controllers.deployments import DeploymentController
from bot.demo.cluster_emulator.controllers.endpoints import EndpointsController
from bot.demo.cluster_emulator.controllers.events import EventRecorder
from bot.demo.cluster_emulator.controllers.jobs import JobController
from bot.demo.cluster_emulator.controllers.quotas import QuotaCounter
from bot.demo.cluster_emulator.controllers.replicasets import ReplicaSetController
from bot.demo.cluster_emulator.controllers.scheduler import Scheduler
from bot.demo.cluster_emulator.controllers.serviceaccounts import ServiceAccountController
from bot.demo.cluster_emulator.controllers.statefulsets import StatefulSetController
from bot.demo.cluster_emulator.kubelet.images import ImageProfile
from bot.demo.cluster_emulator.kubelet.node_agents import NodeAgents
from bot.demo.cluster_emulator.store import Store


class Cluster:
    """Everything that happens by itself in a cluster, driven by one clock."""

    def __init__(self, clock: VirtualClock, images: Mapping[str, ImageProfile], seed: int = 1) -> None:
        self.clock = clock
        self.store = Store(clock, seed)
        self.events = EventRecorder(self.store)
        self.agents = NodeAgents(self.store, self.events, images)
        self.controllers = (
            DeploymentController(self.store, self.events),
            ReplicaSetController(self.store, self.events),
            StatefulSetController(self.store, self.events),
            DaemonSetController(self.store, self.events),
            JobController(self.store, self.events),
            Scheduler(self.store, self.events),
            EndpointsController(self.store),
            QuotaCounter(self.store),
            ServiceAccountController(self.store),
        )
