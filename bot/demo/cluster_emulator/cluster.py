"""The cluster without its API: a store, a clock, the controllers and the nodes' agents."""

from __future__ import annotations

from collections.abc import Mapping

from bot.demo.cluster_emulator.clock import VirtualClock
from bot.demo.cluster_emulator.controllers.autoscalers import AutoscalerController
from bot.demo.cluster_emulator.controllers.budgets import BudgetController
from bot.demo.cluster_emulator.controllers.cronjobs import CronJobController
from bot.demo.cluster_emulator.controllers.daemonsets import DaemonSetController
from bot.demo.cluster_emulator.controllers.deployments import DeploymentController
from bot.demo.cluster_emulator.controllers.endpoints import EndpointsController
from bot.demo.cluster_emulator.controllers.events import EventRecorder
from bot.demo.cluster_emulator.controllers.furnishing import NamespaceFurnisher
from bot.demo.cluster_emulator.controllers.jobs import JobController
from bot.demo.cluster_emulator.controllers.nodes import NodeLifecycleController
from bot.demo.cluster_emulator.controllers.quotas import QuotaCounter
from bot.demo.cluster_emulator.controllers.replicasets import ReplicaSetController
from bot.demo.cluster_emulator.controllers.scheduler import Scheduler
from bot.demo.cluster_emulator.controllers.statefulsets import StatefulSetController
from bot.demo.cluster_emulator.kubelet.images import ImageProfile
from bot.demo.cluster_emulator.kubelet.node_agents import NodeAgents
from bot.demo.cluster_emulator.kubelet.pressure import PressureManager
from bot.demo.cluster_emulator.store import Store


class Cluster:
    """Everything that happens by itself in a cluster, driven by one clock."""

    def __init__(self, clock: VirtualClock, images: Mapping[str, ImageProfile], seed: int = 1) -> None:
        self.clock = clock
        self.store = Store(clock, seed)
        self.events = EventRecorder(self.store)
        self.agents = NodeAgents(self.store, self.events, images)
        self.lifecycle = NodeLifecycleController(self.store, self.events)
        self.controllers = (
            PressureManager(self.agents),
            AutoscalerController(self.store, self.events, self.agents),
            DeploymentController(self.store, self.events),
            ReplicaSetController(self.store, self.events),
            StatefulSetController(self.store, self.events),
            DaemonSetController(self.store, self.events),
            CronJobController(self.store, self.events),
            JobController(self.store, self.events),
            Scheduler(self.store, self.events),
            EndpointsController(self.store),
            QuotaCounter(self.store),
            BudgetController(self.store),
            NamespaceFurnisher(self.store),
        )

    def silence(self, node: str) -> None:
        """A node stops: its kubelet says and hears nothing more."""
        self.agents.silent.add(node)
        self.lifecycle.fell_silent(node)

    def revive(self, node: str) -> None:
        """A node that was silent is back, with what ran on it."""
        self.lifecycle.came_back(node)
        self.agents.wake(node)
