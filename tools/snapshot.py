"""One picture of a cluster or a namespace at one moment: what analyzers read, typed, redacted, with its evidence.

Made by ``tools.kubernetes.snapshot``. Everything that can be cited carries its own ``Evidence``; the ids are
provisional here and are numbered when a report uses them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from safety.redaction import Redacted
from tools.evidence import Evidence, EvidenceId, ObjectRef


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
    """A ConfigMap or Secret (or a key of one) that a message says is not there."""

    kind: Literal["Secret", "ConfigMap"]
    name: str
    key: str | None = None


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
    """The last lines of one container's log."""

    pod: ObjectRef
    container: str
    previous: bool
    text: Redacted
    evidence: Evidence


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
    """Pods that look wrong, under the controller that a person would name; ``deployment`` when it is one."""

    ref: ObjectRef
    pods: tuple[Pod, ...]
    deployment: Deployment | None
    unread: int = 0

    def events(self) -> Iterator[Event]:
        for pod in self.pods:
            yield from pod.events
        if self.deployment is not None:
            yield from self.deployment.events


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A line of the node scan."""

    name: str
    status: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was seen. ``not_checked`` says what could not be; ``blind`` that not even the pods could be listed."""

    cluster: str
    namespace: str | None
    observed_at: datetime
    rows: tuple[PodRow, ...] = ()
    scanned: tuple[WorkloadRow, ...] = ()
    workloads: tuple[Workload, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    nodes: tuple[NodeRow, ...] = ()
    warnings: int = 0
    not_checked: tuple[Redacted, ...] = ()
    blind: bool = False
    truncated: bool = False
    thresholds: "Thresholds" = field(default_factory=lambda: Thresholds())

    def evidence(self) -> dict[EvidenceId, Evidence]:
        """All that can be cited, by provisional id."""
        found = [each.evidence for each in self.deployments]
        for deployment in self.deployments:
            found += [each.evidence for each in deployment.releases]
            found += [each.evidence for each in deployment.events]
        for pod in (each for workload in self.workloads for each in workload.pods):
            found += [pod.evidence, *(each.evidence for each in pod.events), *(each.evidence for each in pod.logs)]
        return {each.id: each for each in found}


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
