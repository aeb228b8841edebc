"""The kubelets of all nodes together: one worker for each pod that is bound to a node."""

from __future__ import annotations

from collections.abc import Mapping

from bot.demo.cluster_emulator.controllers.events import EventRecorder
from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.kubelet.images import ImageProfile
from bot.demo.cluster_emulator.kubelet.pods import PodWorker
from bot.demo.cluster_emulator.objects import Obj, dig, is_going, name_of, namespace_of, uid_of
from bot.demo.cluster_emulator.resources import ENDPOINTS, NODES, PODS
from bot.demo.cluster_emulator.store import Change, Store

LogKey = tuple[str, str, str, bool]


class NodeAgents:
    """Starts, stops and forgets the workers as pods come and go."""

    def __init__(self, store: Store, events: EventRecorder, images: Mapping[str, ImageProfile]) -> None:
        self.store = store
        self.clock = store.clock
        self.events = events
        self.images = images
        self.pulled: set[tuple[str, str]] = set()
        self.workers: dict[str, PodWorker] = {}
        # Nodes that say nothing, and do not hear what they are asked.
        self.silent: set[str] = set()
        # What containers of a picture wrote, which no worker runs.
        self.recorded: dict[LogKey, str] = {}
        self._addresses = 0
        store.listeners.append(self._noticed)

    def worker_of(self, pod: Obj) -> PodWorker | None:
        """The worker of a pod, once it has a node."""
        return self.workers.get(uid_of(pod))

    def new_ip(self) -> str:
        """A pod address that nobody has had."""
        self._addresses += 1
        return f"10.42.{self._addresses // 250}.{self._addresses % 250 + 2}"

    def host_ip(self, node: str) -> str:
        """The address of a node."""
        held = self.store.get(NODES, "", node)
        addresses = dig(held, "status", "addresses", default=[])
        return next((each["address"] for each in addresses if each["type"] == "InternalIP"), "")

    def running(self, image: str) -> int:
        """How many containers of an image run."""
        return sum(
            1
            for worker in self.workers.values()
            for each in worker.containers
            if each.image == image and "running" in each.state and not worker.is_over
        )

    def wake(self, node: str) -> None:
        """A silent node is heard of again."""
        self.silent.discard(node)
        for worker in list(self.workers.values()):
            if worker.node == node:
                worker.wake()

    def finish(self, worker: PodWorker) -> None:
        """Everything in the pod has stopped: it may go."""
        held = self.store.get(PODS, namespace_of(worker.pod), name_of(worker.pod))
        if held is not None and uid_of(held) == uid_of(worker.pod):
            delete(self.store, PODS, held, grace=0)

    def _noticed(self, change: Change) -> None:
        if change.resource is ENDPOINTS:
            self.clock.call_later(0.0, lambda: self._services_changed(namespace_of(change.obj)))
        if change.resource is not PODS or not dig(change.obj, "spec", "nodeName"):
            return
        uid = uid_of(change.obj)
        # Reactions wait for the clock, so that everybody hears of this change before hearing of what it causes.
        if change.kind == "DELETED":
            worker = self.workers.pop(uid, None)
            if worker is not None:
                worker.forget()
        elif uid not in self.workers:
            worker = self.workers[uid] = PodWorker(self, change.obj)
            self.clock.call_later(0.05, worker.stop if is_going(change.obj) else worker.begin)
        else:
            self.workers[uid].pod = change.obj
            if is_going(change.obj) and not self.workers[uid].is_over:
                self.clock.call_later(0.0, self.workers[uid].stop)

    def _services_changed(self, namespace: str) -> None:
        for worker in list(self.workers.values()):
            if namespace_of(worker.pod) == namespace:
                for each in worker.containers:
                    each.look_at_services()
