"""A container's life on its node: pulled, made, started, probed, killed, and started again after a back-off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from bot.demo.cluster_emulator.clock import Timer, VirtualClock
from bot.demo.cluster_emulator.kubelet.backoff import Backoff
from bot.demo.cluster_emulator.kubelet.images import ImageProfile
from bot.demo.cluster_emulator.kubelet.instances import Instance
from bot.demo.cluster_emulator.kubelet.probes import Probe, ask_container
from bot.demo.cluster_emulator.objects import Obj, dig, digest_number, stamp
from bot.demo.cluster_emulator.quantities import bytes_of

SYNC_SECONDS = 12.0
MAKE_SECONDS = 0.5
NOTICE_SECONDS = 1.0
_PROBES = {"startupProbe": "Startup", "livenessProbe": "Liveness", "readinessProbe": "Readiness"}


class Host(Protocol):
    """What a container needs from the pod that it is part of."""

    clock: VirtualClock
    is_over: bool

    @property
    def pod_name(self) -> str: ...
    @property
    def pod_label(self) -> str: ...
    @property
    def ip(self) -> str: ...
    @property
    def restart_policy(self) -> str: ...
    @property
    def grace_seconds(self) -> float: ...
    def profile(self, image: str) -> ImageProfile | None: ...
    def has_image(self, image: str) -> bool: ...
    def keep_image(self, image: str) -> None: ...
    def complaint(self, container: Obj) -> str | None: ...
    def missing_env(self, container: Obj, profile: ImageProfile) -> tuple[str, ...]: ...
    def has_services(self, profile: ImageProfile) -> bool: ...
    def tell(self, severity: str, reason: str, message: str, container: str) -> None: ...
    def container_changed(self, name: str) -> None: ...


def _moment(seconds: float) -> str:
    return stamp(datetime.fromtimestamp(seconds, UTC))


class Container:
    """The state machine of one container; its host publishes what it says."""

    def __init__(self, host: Host, spec: Obj, is_init: bool = False) -> None:
        self.host = host
        self.spec = spec
        self.name = str(spec["name"])
        self.image = str(spec["image"])
        self.is_init = is_init
        self.state: Obj = {"waiting": {"reason": "ContainerCreating"}}
        self.last_state: Obj = {}
        self.restarts = 0
        self.ready = False
        self.started = False
        self.instance: Instance | None = None
        self.previous: Instance | None = None
        self._crashes = Backoff()
        self._pulls = Backoff()
        self._timer: Timer | None = None
        self._ends: list[Timer] = []
        self._probes: dict[str, Probe] = {}
        self._is_being_killed = False

    def begin(self) -> None:
        """Get the image and go on from there."""
        always = self.spec.get("imagePullPolicy") == "Always"
        if self.host.has_image(self.image) and not always:
            text = f'Container image "{self.image}" already present on machine and can be accessed by the pod'
            self.host.tell("Normal", "Pulled", text, self.name)
            self._make()
            return
        self.host.tell("Normal", "Pulling", f'Pulling image "{self.image}"', self.name)
        profile = self.host.profile(self.image)
        self._later(profile.pull_seconds if profile else NOTICE_SECONDS, self._pulled)

    def stop(self) -> None:
        """Let go of everything that is due; the pod is going."""
        for timer in [*self._ends, *([self._timer] if self._timer else [])]:
            timer.cancel()
        for probe in self._probes.values():
            probe.stop()
        self._ends, self._probes = [], {}

    def look_at_services(self) -> None:
        """A service may have come or gone: note it, and let the probes see."""
        if self.instance is None or "running" not in self.state or not self.instance.profile.needs_services:
            return
        was_cut_off = self.instance.is_cut_off
        self.instance.connect(self.host.has_services(self.instance.profile), self.host.clock.seconds)
        if self.instance.is_cut_off != was_cut_off:
            for each in self._probes.values():
                each.wake()

    def end_now(self) -> None:
        """Killed with its pod, which is put out of its node."""
        if "running" in self.state:
            self._finish(137, "Error")
        self.stop()

    def status(self) -> Obj:
        """The container's entry in the pod's status."""
        running = self.instance
        identity = f"containerd://{running.container_id}" if running else ""
        digest = f"{digest_number(self.image):016x}" * 4
        entry: Obj = {
            "name": self.name,
            "image": self.image,
            "imageID": f"{self.image.rsplit(':', 1)[0]}@sha256:{digest}" if running else "",
            "ready": self.ready,
            "restartCount": self.restarts,
            "started": self.started,
            "state": self.state,
            "lastState": self.last_state,
        }
        if identity:
            entry["containerID"] = identity
        return entry

    def _later(self, delay: float, action: object) -> None:
        assert callable(action)
        self._timer = self.host.clock.call_later(delay, action)

    def _wait(self, reason: str, message: str = "") -> None:
        if "terminated" in self.state:
            self.last_state = self.state
        self.state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        self.host.container_changed(self.name)

    # Pulling

    def _pulled(self) -> None:
        profile = self.host.profile(self.image)
        if profile is None:
            self._pull_failed()
            return
        self.host.keep_image(self.image)
        took = f"{profile.pull_seconds:.3f}s"
        self.host.tell(
            "Normal",
            "Pulled",
            f'Successfully pulled image "{self.image}" in {took} ({took} including waiting). '
            f"Image size: {profile.size_bytes} bytes.",
            self.name,
        )
        self._make()

    def _pull_failed(self) -> None:
        why = (
            f'failed to pull and unpack image "{self.image}": failed to resolve reference '
            f'"{self.image}": {self.image}: not found'
        )
        text = f'Failed to pull image "{self.image}": rpc error: code = NotFound desc = {why}'
        self.host.tell("Warning", "Failed", text, self.name)
        self.host.tell("Warning", "Failed", "Error: ErrImagePull", self.name)
        self._wait("ErrImagePull", f"rpc error: code = NotFound desc = {why}")
        self._pulls.note_attempt(self.host.clock.seconds)
        failed_at = self.host.clock.seconds
        self._later(NOTICE_SECONDS * 2, lambda: self._wait_to_pull(failed_at, why))

    def _wait_to_pull(self, failed_at: float, why: str) -> None:
        left = self._pulls.remaining(failed_at, self.host.clock.seconds)
        if left <= 0:
            self.begin()
            return
        self.host.tell("Normal", "BackOff", f'Back-off pulling image "{self.image}"', self.name)
        self.host.tell("Warning", "Failed", "Error: ImagePullBackOff", self.name)
        text = f'Back-off pulling image "{self.image}": ErrImagePull: rpc error: code = NotFound desc = {why}'
        self._wait("ImagePullBackOff", text)
        self._later(min(left, SYNC_SECONDS), lambda: self._wait_to_pull(failed_at, why))

    # Making and starting

    def _make(self) -> None:
        complaint = self.host.complaint(self.spec)
        if complaint is not None:
            self.host.tell("Warning", "Failed", f"Error: {complaint}", self.name)
            self._wait("CreateContainerConfigError", complaint)
            self._later(SYNC_SECONDS, self.begin)
            return
        self.host.tell("Normal", "Created", f"Created container: {self.name}", self.name)
        self._later(MAKE_SECONDS, self._start)

    def _start(self) -> None:
        profile = self.host.profile(self.image)
        assert profile is not None
        now = self.host.clock.seconds
        number = digest_number([self.host.pod_label, self.name, self.restarts])
        if "terminated" in self.state:
            self.last_state = self.state
        self.previous = self.instance
        self.instance = Instance(
            profile=profile,
            pod=self.host.pod_name,
            container_id=f"{number:016x}" * 4,
            started_at=now,
            pace=0.99 + (number % 1000) / 50_000,
            missing_env=self.host.missing_env(self.spec, profile),
        )
        self.instance.connect(self.host.has_services(profile), now)
        self.host.tell("Normal", "Started", f"Started container {self.name}", self.name)
        self.state = {"running": {"startedAt": _moment(now)}}
        self._is_being_killed = False
        self.started = "startupProbe" not in self.spec
        self.ready = self.started and "readinessProbe" not in self.spec and not self.is_init
        self._plan_ends(self.instance)
        self._start_probes(("startupProbe",) if not self.started else ("livenessProbe", "readinessProbe"))
        self.host.container_changed(self.name)

    def _plan_ends(self, instance: Instance) -> None:
        profile, clock = instance.profile, self.host.clock
        if instance.missing_env:
            self._ends.append(clock.call_later(profile.starts_in, lambda: self._finish(1, "Error")))
        elif profile.exits is not None:
            code = profile.exits.code
            reason = "Completed" if code == 0 else "Error"
            self._ends.append(clock.call_later(profile.exits.after, lambda: self._finish(code, reason)))
        limit = dig(self.spec, "resources", "limits", "memory")
        crossing = profile.seconds_to_memory(bytes_of(limit)) if limit is not None else None
        if crossing is not None:
            self._ends.append(clock.call_later(crossing / instance.pace, lambda: self._finish(137, "OOMKilled")))

    def _start_probes(self, kinds: tuple[str, ...]) -> None:
        assert self.instance is not None
        for kind in kinds:
            if self.spec.get(kind):
                probe = self._probe(kind, self.spec[kind], self.instance)
                self._probes[kind] = probe
                probe.start(self.instance.started_at)

    def _probe(self, kind: str, spec: Obj, instance: Instance) -> Probe:
        def ask(age: float) -> str | None:
            return ask_container(spec, self.spec, instance, self.host.ip, age)

        def failed(complaint: str) -> None:
            self.host.tell("Warning", "Unhealthy", f"{_PROBES[kind]} probe failed: {complaint}", self.name)

        return Probe(self.host.clock, spec, instance.profile, ask, failed, lambda good: self._verdict(kind, good))

    def _verdict(self, kind: str, is_good: bool) -> None:
        if kind == "readinessProbe":
            if self.ready != is_good:
                self.ready = is_good
                self.host.container_changed(self.name)
        elif not is_good:
            self._kill(_PROBES[kind].lower())
        elif kind == "startupProbe" and not self.started:
            self.started = True
            self.ready = "readinessProbe" not in self.spec
            self._start_probes(("livenessProbe", "readinessProbe"))
            self.host.container_changed(self.name)

    # Ending

    def _kill(self, probe: str) -> None:
        if self._is_being_killed or self.instance is None:
            return
        self._is_being_killed = True
        text = f"Container {self.name} failed {probe} probe, will be restarted"
        self.host.tell("Normal", "Killing", text, self.name)
        # Readiness is asked on, so that the pod leaves its services while it is stopping.
        for kind, each in self._probes.items():
            if kind != "readinessProbe":
                each.stop()
        profile = self.instance.profile
        age = self.host.clock.seconds - self.instance.started_at
        # A program that hangs does not hear the request to stop and is killed when the grace period is over.
        if profile.hangs_after is not None and age >= profile.hangs_after:
            self._ends.append(self.host.clock.call_later(self.host.grace_seconds, lambda: self._finish(137, "Error")))
        else:
            code = profile.stop_code
            reason = "Completed" if code == 0 else "Error"
            self._ends.append(self.host.clock.call_later(profile.stops_in, lambda: self._finish(code, reason)))

    def _finish(self, code: int, reason: str) -> None:
        instance = self.instance
        assert instance is not None
        self.stop()
        now = self.host.clock.seconds
        instance.finished_at = now
        ended: Obj = {
            "exitCode": code,
            "reason": reason,
            "startedAt": _moment(instance.started_at),
            "finishedAt": _moment(now),
            "containerID": f"containerd://{instance.container_id}",
        }
        if instance.profile.exits is not None and instance.profile.exits.message and reason != "OOMKilled":
            ended["message"] = instance.profile.exits.message
        self.state = {"terminated": ended}
        self.ready = self.started = False
        self.host.container_changed(self.name)
        if self._starts_again(code) and not self.host.is_over:
            self._later(NOTICE_SECONDS, lambda: self._restart(now))

    def _starts_again(self, code: int) -> bool:
        policy = self.host.restart_policy
        if self.is_init and code == 0:
            return False
        return policy == "Always" or (policy == "OnFailure" and code != 0)

    def _restart(self, failed_at: float) -> None:
        now = self.host.clock.seconds
        left = self._crashes.remaining(failed_at, now)
        if left <= 0:
            self._crashes.note_attempt(now)
            self.restarts += 1
            self.begin()
            return
        label = self.host.pod_label
        self.host.tell(
            "Warning", "BackOff", f"Back-off restarting failed container {self.name} in pod {label}", self.name
        )
        span = f"{int(self._crashes.seconds)}s" if self._crashes.seconds < 60 else _minutes(self._crashes.seconds)
        text = f"back-off {span} restarting failed container={self.name} pod={label}"
        if dig(self.state, "waiting", "message") != text:
            self._wait("CrashLoopBackOff", text)
        self._later(min(left, SYNC_SECONDS), lambda: self._restart(failed_at))


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}m{int(seconds) % 60}s"
