"""One picture of a cluster or a namespace at one moment: what analyzers read, typed, redacted, with its evidence.

Made by ``tools.kubernetes.snapshot``. Everything that can be cited carries its own ``Evidence``; the ids are
provisional here and are numbered when a report uses them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from safety.redaction import Redacted, Redactor
from tools.evidence import Evidence, ObjectRef
from tools.logs.reading import LogReading
from tools.objects import name_of, namespace_of, number, part, template_of
from tools.world import JsonObject, RecordedChange, Series, SettingSource


@dataclass(frozen=True, slots=True)
class PodRow:
    """A line of the pod scan; the namespace is unknown when all of them were asked for."""

    namespace: str | None
    name: str
    ready: int
    wanted: int
    status: str
    restarts: int
    restarted_ago: timedelta | None
    age: timedelta


@dataclass(frozen=True, slots=True)
class WorkloadRow:
    """A line of the deployment scan."""

    namespace: str | None
    name: str
    ready: int
    desired: int


@dataclass(frozen=True, slots=True)
class Probe:
    """How the kubelet asks a container whether it lives or is ready. ``port`` is a number or a port's name."""

    what: str
    port: str | None
    path: str | None
    period: int
    timeout: int
    failures: int
    delay: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a container ended."""

    reason: str
    exit_code: int
    started_at: datetime | None
    finished_at: datetime | None
    message: Redacted


@dataclass(frozen=True, slots=True)
class MissingThing:
    """A ConfigMap or Secret (or a key of one) that a message says is not there.

    Of a key that a mount lacks the message tells the ``volume`` and not the object: then ``name`` is empty.
    """

    kind: Literal["Secret", "ConfigMap"]
    name: str
    key: str | None = None
    volume: str | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """One container of one pod: what it was asked to run and how it is."""

    name: str
    image: str
    is_init: bool
    state: Literal["waiting", "running", "terminated", "unknown"]
    reason: str
    message: Redacted
    ready: bool
    restarts: int
    running_since: datetime | None
    ended: Ended | None
    memory_limit: str | None
    ports: tuple[tuple[str, str], ...]
    liveness: Probe | None
    readiness: Probe | None
    startup: Probe | None
    missing: MissingThing | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something the cluster said about an object."""

    subject: ObjectRef
    kind: str
    reason: str
    message: Redacted
    count: int
    first_at: datetime | None
    last_at: datetime | None
    missing: MissingThing | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class LogTail:
    """The last lines of one container's log, and what they say when they are read by rules."""

    pod: ObjectRef
    container: str
    previous: bool
    text: Redacted
    evidence: Evidence
    reading: LogReading = field(default=LogReading(), compare=False)


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that looked wrong in the scan, read in full."""

    ref: ObjectRef
    created_at: datetime | None
    phase: str
    reason: str
    message: Redacted
    node: str | None
    owner: ObjectRef | None
    template_hash: str | None
    containers: tuple[Container, ...]
    unschedulable: Redacted | None
    requests: Redacted
    going: bool
    evidence: Evidence
    events: tuple[Event, ...] = ()
    logs: tuple[LogTail, ...] = ()
    raw: JsonObject = field(default_factory=dict, compare=False, repr=False)


Topic = Literal[
    "image",
    "memory limit",
    "memory request",
    "cpu limit",
    "cpu request",
    "liveness probe",
    "readiness probe",
    "startup probe",
    "environment",
    "command",
    "ports",
    "config source",
    "scheduling",
    "restart",
    "other",
]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which two pod templates differ; values went through the redactor, each with the name it is under."""

    topic: Topic
    label: Redacted
    before: Redacted
    after: Redacted

    def __str__(self) -> str:
        # Without a colon: "env API_TOKEN: x" reads as a secret to the redactor, which would take the x.
        return f"{self.label} {self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class Release:
    """One revision of a deployment, as its ReplicaSet keeps it. ``differences`` are from the revision before it."""

    number: int
    replica_set: str
    template_hash: str
    created_at: datetime | None
    images: tuple[str, ...]
    title: Redacted
    by: Redacted | None
    desired: int
    current: int
    ready: int
    came_back: bool
    config_names: frozenset[str]
    differences: tuple[Difference, ...]
    evidence: Evidence

    @property
    def changed(self) -> frozenset[Topic]:
        return frozenset(each.topic for each in self.differences)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment and, when something about it looked wrong, its releases, the newest first."""

    ref: ObjectRef
    uid: str
    generation: int
    observed_generation: int
    created_at: datetime | None
    desired: int
    current: int
    ready: int
    updated: int
    available: int
    paused: bool
    deleting: bool
    deadline_exceeded: bool
    replica_failure: Redacted | None
    evidence: Evidence
    releases: tuple[Release, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def running(self) -> Release | None:
        """The release whose template the deployment has now."""
        return self.releases[0] if self.releases else None


@dataclass(frozen=True, slots=True)
class Workload:
    """A top controller (or a bare pod) with its pods: ``pods`` look wrong, ``members`` are all that were read.

    ``deployment`` where it is one; ``raw`` is the controller's own JSON where it was read; ``told`` are the events
    about the controller and about what it made to make pods (ReplicaSets, Jobs). ``unread`` pods look wrong as well.
    """

    ref: ObjectRef
    pods: tuple[Pod, ...]
    deployment: Deployment | None
    unread: int = 0
    members: tuple[Pod, ...] = ()
    told: tuple[Event, ...] = ()
    revisions: tuple[Release, ...] = ()
    raw: JsonObject = field(default_factory=dict, compare=False, repr=False)

    @property
    def releases(self) -> tuple[Release, ...]:
        """Its releases, the newest first, where it keeps any and they were read."""
        return self.deployment.releases if self.deployment is not None else self.revisions

    def events(self) -> Iterator[Event]:
        for pod in self.members or self.pods:
            yield from pod.events
        yield from self.told

    @property
    def template(self) -> JsonObject:
        """The pod template; empty where the controller was not read."""
        return template_of(self.raw)

    @property
    def desired(self) -> int | None:
        """How many pods it wants; None where that is not known or has no meaning, as for jobs."""
        match self.ref.kind:
            case "Deployment" | "StatefulSet" | "ReplicaSet" if self.raw:
                return number(part(self.raw, "spec", "replicas"), 1)
            case "DaemonSet" if self.raw:
                return number(part(self.raw, "status", "desiredNumberScheduled"))
            case _:
                return None

    @property
    def ready(self) -> int:
        """How many of its pods are ready, as the controller says."""
        if self.ref.kind == "DaemonSet":
            return number(part(self.raw, "status", "numberReady"))
        return number(part(self.raw, "status", "readyReplicas"))


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A line of the node scan."""

    name: str
    status: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was seen. ``not_checked`` says what could not be; ``blind`` that not even the pods could be listed.

    ``objects`` holds, by kind, the JSON of what was listed where the question is about: whole kinds of the places that
    matter, never all pods. ``pods`` are those read in full. ``focus`` are the words of the question. ``say`` redacts:
    every sentence that is made of this goes through it.
    """

    cluster: str
    namespace: str | None
    observed_at: datetime
    rows: tuple[PodRow, ...] = ()
    scanned: tuple[WorkloadRow, ...] = ()
    workloads: tuple[Workload, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    nodes: tuple[NodeRow, ...] = ()
    pods: tuple[Pod, ...] = ()
    events: tuple[Event, ...] = ()
    objects: Mapping[str, tuple[JsonObject, ...]] = field(default_factory=dict)
    metrics: tuple[Series, ...] = ()
    recorded: tuple[RecordedChange, ...] = ()
    repositories: tuple[SettingSource, ...] = ()
    focus: frozenset[str] = frozenset()
    warnings: int = 0
    not_checked: tuple[Redacted, ...] = ()
    unconnected: tuple[str, ...] = ()
    blind: bool = False
    truncated: bool = False
    thresholds: "Thresholds" = field(default_factory=lambda: Thresholds())
    say: Callable[[str], Redacted] = Redactor().text

    def of(self, kind: str, namespace: str | None = None) -> Iterator[JsonObject]:
        """The objects of a kind that were read, in one namespace or in all."""
        for each in self.objects.get(kind, ()):
            if namespace is None or namespace_of(each) == namespace:
                yield each

    def find(self, kind: str, namespace: str | None, name: str) -> JsonObject | None:
        """One object that was read, by name."""
        found = (each for each in self.of(kind) if name_of(each) == name and namespace_of(each) == namespace)
        return next(found, None)

    def events_of(self, subject: ObjectRef, *reasons: str) -> tuple[Event, ...]:
        """The events about one object, with one of these reasons or with any."""
        return tuple(
            each for each in self.events if each.subject == subject and (not reasons or each.reason in reasons)
        )

    def workload(self, ref: ObjectRef) -> Workload | None:
        return next((each for each in self.workloads if each.ref == ref), None)

    def workload_behind(self, pod: ObjectRef) -> Workload | None:
        """The workload one of whose pods this is, if that pod was read."""
        return next((each for each in self.workloads if any(one.ref == pod for one in each.members)), None)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Below these nothing is said: pods restart during rollouts, wait for new nodes and retry a pull."""

    restarts: int = 5
    pod_age: timedelta = timedelta(minutes=5)
    crash_loops: int = 3
    image_pull: timedelta = timedelta(seconds=60)
    pending: timedelta = timedelta(minutes=2)
    scaling_up: timedelta = timedelta(minutes=10)
    not_ready: timedelta = timedelta(minutes=2)
    recent: timedelta = timedelta(minutes=30)
    after_release: timedelta = timedelta(hours=1)
