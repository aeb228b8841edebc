"""The words every floor speaks: an action, and the one object it is aimed at.

An action is a closed union of typed records. There is no shell line, selector or wildcard: what cannot be
spelled here cannot be approved and cannot run.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NewType, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Digest = NewType("Digest", str)

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


def _dns_label(value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise ValueError("not an RFC 1123 label")
    return value


def _dns_subdomain(value: str) -> str:
    if not _SUBDOMAIN.fullmatch(value):
        raise ValueError("not an RFC 1123 subdomain")
    return value


NamespaceName = Annotated[str, AfterValidator(_dns_label)]
ObjectName = Annotated[str, AfterValidator(_dns_subdomain)]
TemplateHash = Annotated[str, Field(pattern=r"^[a-z0-9]{1,63}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


TargetKind = Literal["Deployment", "StatefulSet", "DaemonSet", "Pod"]

# A pod's spec is as good as fixed, and many servers give it no generation: only its uid tells one from the next.
POD_GENERATION = 1


class Target(_Frozen):
    """One object as it was when the proposal was made.

    ``cluster`` is the uid of the cluster's ``kube-system`` namespace. ``uid`` and ``generation`` bind an approval to
    this object and this spec (the resourceVersion moves with every status write, so it cannot). A pod is bound by its
    uid alone: its generation is always ``POD_GENERATION`` here.
    """

    cluster: str = Field(min_length=1, max_length=64)
    namespace: NamespaceName
    kind: TargetKind = "Deployment"
    name: ObjectName
    uid: str = Field(min_length=1, max_length=64)
    generation: int = Field(ge=1)

    @model_validator(mode="after")
    def _pods_are_bound_by_uid(self) -> Self:
        if self.kind == "Pod" and self.generation != POD_GENERATION:
            raise ValueError(f"a pod is bound by its uid: its generation here is {POD_GENERATION}")
        return self

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


class _Of(_Frozen):
    """An action on one object of one kind; the kind of its target is checked, so no two can be confused."""

    on: ClassVar[TargetKind]
    target: Target

    @model_validator(mode="after")
    def _aimed_at_its_kind(self) -> Self:
        if self.target.kind != self.on:
            raise ValueError(f"this action is for a {self.on}, not for a {self.target.kind}")
        return self


class _Back(_Of):
    """A way back to an earlier pod template, named by the revision's number and by the hash of its template."""

    from_revision: int = Field(ge=1)
    to_revision: int = Field(ge=1)
    to_template_hash: TemplateHash


class RestartDeployment(_Of):
    """Replace every pod of a deployment, a few at a time, with the same template."""

    on = "Deployment"
    kind: Literal["restart_deployment"] = "restart_deployment"


class RollbackDeployment(_Back):
    """Give a deployment the pod template of one of its earlier ReplicaSets."""

    on = "Deployment"
    kind: Literal["rollback_deployment"] = "rollback_deployment"


class ScaleDeployment(_Of):
    """Set a deployment to a number of replicas. The target is absolute, so that a repeat changes nothing more."""

    on = "Deployment"
    kind: Literal["scale_deployment"] = "scale_deployment"
    from_replicas: int = Field(ge=0, le=10_000)
    to_replicas: int = Field(ge=0, le=10_000)


class DeleteFailedPod(_Of):
    """Remove one pod that failed or was evicted and will never run again."""

    on = "Pod"
    kind: Literal["delete_failed_pod"] = "delete_failed_pod"


class EvictPod(_Of):
    """Ask the cluster to replace one running pod, as far as its disruption budgets allow.

    ``owner_uid`` is the controller that makes a new one.
    """

    on = "Pod"
    kind: Literal["evict_pod"] = "evict_pod"
    owner_uid: str = Field(min_length=1, max_length=64)


class RestartStatefulSet(_Of):
    """Replace every pod of a stateful set, one after the other, with the same template."""

    on = "StatefulSet"
    kind: Literal["restart_stateful_set"] = "restart_stateful_set"


class RestartDaemonSet(_Of):
    """Replace every pod of a daemon set, a few nodes at a time, with the same template."""

    on = "DaemonSet"
    kind: Literal["restart_daemon_set"] = "restart_daemon_set"


class RollbackStatefulSet(_Back):
    """Give a stateful set the pod template of one of its ControllerRevisions, named by its revision and hash."""

    on = "StatefulSet"
    kind: Literal["rollback_stateful_set"] = "rollback_stateful_set"


class RollbackDaemonSet(_Back):
    """Give a daemon set the pod template of one of its ControllerRevisions, named by its revision and hash."""

    on = "DaemonSet"
    kind: Literal["rollback_daemon_set"] = "rollback_daemon_set"


Restart = RestartDeployment | RestartStatefulSet | RestartDaemonSet
Rollback = RollbackDeployment | RollbackStatefulSet | RollbackDaemonSet
AnyAction = Restart | Rollback | ScaleDeployment | DeleteFailedPod | EvictPod
Action = Annotated[AnyAction, Field(discriminator="kind")]
ActionKind = Literal[
    "restart_deployment",
    "rollback_deployment",
    "scale_deployment",
    "delete_failed_pod",
    "evict_pod",
    "restart_stateful_set",
    "restart_daemon_set",
    "rollback_stateful_set",
    "rollback_daemon_set",
]
ACTION_KINDS: tuple[ActionKind, ...] = get_args(ActionKind)
ACTIONS: Mapping[ActionKind, type[AnyAction]] = {
    each.model_fields["kind"].default: each for each in get_args(AnyAction)
}
# The kind of object that each kind of action is aimed at.
TARGET_KINDS: Mapping[ActionKind, TargetKind] = {kind: each.on for kind, each in ACTIONS.items()}


def in_words(action: AnyAction) -> str:
    """What would be done, as a headline: "Scale web from 3 to 5 replicas"."""
    name = action.target.name
    match action:
        case RestartDeployment() | RestartStatefulSet() | RestartDaemonSet():
            return f"Restart {name}"
        case RollbackDeployment() | RollbackStatefulSet() | RollbackDaemonSet():
            return f"Roll back {name} to revision {action.to_revision}"
        case ScaleDeployment():
            return f"Scale {name} from {action.from_replicas} to {action.to_replicas} replicas"
        case DeleteFailedPod():
            return f"Delete the failed pod {name}"
        case EvictPod():
            return f"Replace the pod {name}"


def same_change(one: AnyAction, other: AnyAction) -> bool:
    """Whether two actions would bring the same object to the same end, whatever it looked like before."""
    return _end_of(one) == _end_of(other)


def _end_of(action: AnyAction) -> tuple[Any, ...]:
    target = action.target
    where = (action.kind, target.cluster, target.namespace, target.name)
    match action:
        case RollbackDeployment() | RollbackStatefulSet() | RollbackDaemonSet():
            return (*where, action.to_template_hash)
        case ScaleDeployment():
            return (*where, action.to_replicas)
        case _:
            return where


def canonical_json(value: Mapping[str, Any]) -> str:
    """The one spelling of a JSON object that is hashed: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(action: AnyAction, policy_sha256: str) -> Digest:
    """What a person approves: a hash over the whole action (its cluster included) and the policy it was shown under."""
    body = {"action": action.model_dump(mode="json"), "policy": policy_sha256}
    text = "ask-claude/action/v1\n" + canonical_json(body)
    return Digest("sha256:" + hashlib.sha256(text.encode()).hexdigest())
