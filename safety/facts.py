"""What the rules judge by: what is true of one object now, and what counts besides it.

What was not read is ``None``, and a rule that needs it says no.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from safety.actions import TargetKind
from safety.policy import Mode


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision a workload can go back to: its number, the hash of its pod template, and its images."""

    number: int
    template_hash: str
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """A PodDisruptionBudget that selects the pod. ``allowed`` is 0 as well while the cluster has not counted yet."""

    name: str
    allowed: int


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What is true of one pod. ``owner_kind`` is its controller's (a ReplicaSet's for a deployment's pod).

    ``static``: the kubelet runs it from a file and no API call can replace it. ``peers_ready`` counts the other pods of
    the same controller that are ready; ``budgets`` are all that select the pod. Both are ``None`` when not read.
    """

    phase: str
    reason: str
    node: str
    ready: bool
    static: bool
    owner_kind: str | None
    owner_name: str | None
    owner_uid: str | None
    peers_ready: int | None
    budgets: tuple[Budget, ...] | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of one object and its namespace, read at ``observed_at``. ``cluster`` is the cluster's uid.

    ``rollout_under_way`` means that the controller is still replacing pods; a rollout that it gave up (its progress
    deadline passed) is not under way any more. ``revisions`` include the current one. ``marker`` is the id of the
    proposal that changed the object last, as our own annotation says. ``strategy`` is how pods are replaced, and
    ``partition`` how many of a stateful set's pods its strategy leaves alone. ``autoscalers`` are the names of those
    that set its replicas; ``None`` when not read. Of a pod only ``pod`` counts; its counts and revisions are empty.
    """

    observed_at: datetime
    cluster: str
    cluster_name: str
    namespace: str
    namespace_labels: Mapping[str, str]
    namespace_terminating: bool
    uid: str
    generation: int
    observed_generation: int
    resource_version: str
    desired: int
    ready: int
    updated: int
    available: int
    strategy: str
    paused: bool
    deleting: bool
    rollout_under_way: bool
    revision: int
    template_hash: str
    revisions: tuple[Revision, ...]
    marker: str | None
    kind: TargetKind = "Deployment"
    partition: int = 0
    autoscalers: tuple[str, ...] | None = None
    pod: PodFacts | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What counts besides the object. Every count and ``in_flight`` are about other proposals than this one.

    ``recent_on_target`` and ``recent_in_namespace``: changes sent within the last hour. ``in_incident``: proposals this
    incident has had, the open ones included. ``pending``: proposals that wait for an answer now, everywhere (0
    once this one has its answer).
    ``recent_failures``: changes that ended FAILED or UNKNOWN within the policy's ``limits.breaker.cooldown``.
    ``drift_24h``: the sum of ``to_replicas - from_replicas`` of all scalings of this object sent within 24 hours.
    ``denied_recently``: a person denied the same change (``safety.actions.same_change``) within the last hour.
    ``approved_by_policy``: no person approves this one, the policy's ``auto`` does. ``undo_of``: the id of the proposal
    whose change this one takes back; it may follow at once, where another change would have to wait.
    """

    now: datetime
    mode_switch: Mode
    paused_by: str | None
    in_flight: bool
    recent_on_target: int
    recent_in_namespace: int
    in_incident: int
    pending: int | None = None
    recent_failures: int | None = None
    drift_24h: int | None = None
    denied_recently: bool | None = None
    approved_by_policy: bool = False
    undo_of: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason against: the rule's name for the record, and words for a person."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Every reason against, at once."""

    reasons: tuple[Reason, ...]

    def __str__(self) -> str:
        return "; ".join(each.text for each in self.reasons)
