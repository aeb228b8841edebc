"""A pod on its node: runs its containers, and writes what they do into the pod's status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.demo.cluster_emulator.controllers.events import Origin
from bot.demo.cluster_emulator.kubelet import references
from bot.demo.cluster_emulator.kubelet.containers import SYNC_SECONDS, Container
from bot.demo.cluster_emulator.kubelet.images import ImageProfile
from bot.demo.cluster_emulator.kubelet.podstatus import pod_status
from bot.demo.cluster_emulator.objects import Obj, dig, is_going, name_of, namespace_of, stamp, uid_of
from bot.demo.cluster_emulator.resources import PODS

if TYPE_CHECKING:
    from bot.demo.cluster_emulator.kubelet.node_agents import NodeAgents

SANDBOX_SECONDS = 0.6


class PodWorker:
    """One pod from the moment it is bound to a node until it is gone."""

    def __init__(self, agents: NodeAgents, pod: Obj) -> None:
        self.agents = agents
        self.clock = agents.clock
        self.pod = pod
        self.node = str(pod["spec"]["nodeName"])
        self.started_at = stamp(self.clock.now)
        self._ip = ""
        self.init = [Container(self, spec, is_init=True) for spec in pod["spec"].get("initContainers", [])]
        self.containers = [Container(self, spec) for spec in pod["spec"]["containers"]]
        self.is_over = False
        self._has_begun = False
        if self.init:
            for each in self.containers:
                each.state = {"waiting": {"reason": "PodInitializing"}}

    # What the containers ask of their host

    @property
    def pod_name(self) -> str:
        """The pod's name."""
        return name_of(self.pod)

    @property
    def pod_label(self) -> str:
        """The pod as the kubelet's messages name it."""
        return f"{name_of(self.pod)}_{namespace_of(self.pod)}({uid_of(self.pod)})"

    @property
    def ip(self) -> str:
        """The pod's address, empty before the sandbox is made."""
        return self._ip

    @property
    def restart_policy(self) -> str:
        """Always, OnFailure or Never."""
        return str(self.pod["spec"].get("restartPolicy", "Always"))

    @property
    def grace_seconds(self) -> float:
        """How long a container may take to stop."""
        return float(self.pod["spec"].get("terminationGracePeriodSeconds", 30))

    def profile(self, image: str) -> ImageProfile | None:
        """What the image is like; None when there is no such image."""
        return self.agents.images.get(image)

    def has_image(self, image: str) -> bool:
        """Whether the node has the image already."""
        return (self.node, image) in self.agents.pulled

    def keep_image(self, image: str) -> None:
        """The node has the image from now on."""
        self.agents.pulled.add((self.node, image))

    def complaint(self, container: Obj) -> str | None:
        """Why the container cannot be made."""
        return references.missing_for_env(self.agents.store, self.pod, container)

    def missing_env(self, container: Obj, profile: ImageProfile) -> tuple[str, ...]:
        """The variables that the program needs and does not get."""
        if not profile.needs_env:
            return ()
        given = references.env_names(self.agents.store, self.pod, container)
        return tuple(name for name in profile.needs_env if name not in given)

    def has_services(self, profile: ImageProfile) -> bool:
        """Whether the services that the program needs can be reached."""
        return references.has_services(self.agents.store, self.pod, profile.needs_services)

    def tell(self, severity: str, reason: str, message: str, container: str) -> None:
        """Record an event about the pod or one of its containers."""
        is_init = any(each.name == container for each in self.init)
        path = f"spec.{'initContainers' if is_init else 'containers'}{{{container}}}" if container else ""
        self.agents.events.record(self.pod, severity, reason, message, Origin("kubelet", self.node, path))

    def container_changed(self, name: str) -> None:
        """A container has something new to say."""
        done = [each for each in self.init if dig(each.state, "terminated", "exitCode") == 0]
        if self._has_begun and any(each.name == name for each in done):
            self._run_next(len(done))
        self.publish()

    # The pod's own life

    def begin(self) -> None:
        """Mount, make the sandbox, then run; on a node that is silent nothing is heard of."""
        if self.is_over or self._is_silent:
            return
        missing = references.missing_for_volumes(self.agents.store, self.pod)
        if missing is not None:
            volume, why = missing
            self.tell("Warning", "FailedMount", f'MountVolume.SetUp failed for volume "{volume}" : {why}', "")
            self.publish()
            self.clock.call_later(SYNC_SECONDS * 2, self.begin)
            return
        self.publish()
        self.clock.call_later(SANDBOX_SECONDS, self._sandbox_made)

    def stop(self) -> None:
        """Ask the containers to stop; the pod goes when they have."""
        if self.is_over or self._is_silent:
            return
        self.is_over = True
        wait = 0.3
        for each in [*self.init, *self.containers]:
            each.stop()
            if "running" in each.state and each.instance is not None:
                self.tell("Normal", "Killing", f"Stopping container {each.name}", each.name)
                wait = max(wait, each.instance.profile.stops_in)
        grace = dig(self.pod, "metadata", "deletionGracePeriodSeconds", default=self.grace_seconds)
        self.clock.call_later(min(wait, float(grace)), self._gone)

    def forget(self) -> None:
        """The pod is gone already."""
        self.is_over = True
        for each in [*self.init, *self.containers]:
            each.stop()

    def wake(self) -> None:
        """The node is heard of again: do what was asked of it meanwhile, and say what there is."""
        if is_going(self.pod):
            self.stop()
        elif not self._has_begun:
            self.begin()
        else:
            self.publish()

    def evict(self, why: str) -> None:
        """Put the pod out of its node at once; what is left of it says why."""
        self.is_over = True
        for each in [*self.init, *self.containers]:
            each.end_now()
        self.tell("Warning", "Evicted", why, "")
        now = stamp(self.clock.now)
        entry = {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet", "message": why}
        held = self.agents.store.get(PODS, namespace_of(self.pod), name_of(self.pod))
        if held is None or uid_of(held) != uid_of(self.pod):
            return
        status = pod_status(self, held, self.clock.now)
        target = {**entry, "lastProbeTime": None, "lastTransitionTime": now}
        ended: Obj = {"phase": "Failed", "reason": "Evicted", "message": why}
        self.agents.store.update(
            PODS, {**held, "status": {**status, **ended, "conditions": [target, *status["conditions"]]}}
        )

    @property
    def _is_silent(self) -> bool:
        return self.node in self.agents.silent

    def publish(self) -> None:
        """Write the status if it says anything new."""
        held = self.agents.store.get(PODS, namespace_of(self.pod), name_of(self.pod))
        if held is None or uid_of(held) != uid_of(self.pod) or self.is_over or self._is_silent:
            return
        changed = {**held, "status": pod_status(self, held, self.clock.now)}
        self.pod = self.agents.store.update(PODS, changed)

    def _sandbox_made(self) -> None:
        if self.is_over:
            return
        self._ip = self.agents.new_ip()
        self._has_begun = True
        self._run_next(0)
        self.publish()

    def _run_next(self, done: int) -> None:
        if done < len(self.init):
            self.init[done].begin()
            return
        for each in self.containers:
            if each.instance is None:
                each.state = {"waiting": {"reason": "ContainerCreating"}}
                each.begin()

    def _gone(self) -> None:
        self.agents.finish(self)
