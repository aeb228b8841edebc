"""Reads a controller together with what keeps its earlier pod templates: ReplicaSets or ControllerRevisions."""

from dataclasses import dataclass
from typing import Literal

from tools.kubernetes.rollout import selector_of
from tools.objects import REVISION_HASH, mapping, meta, name_of, number, owner_uid
from tools.world import JsonObject, Reader

SetKind = Literal["StatefulSet", "DaemonSet"]
_HASH_OF_STATEFUL_SETS = "controller.kubernetes.io/hash"


@dataclass(frozen=True, slots=True)
class DeploymentSeen:
    """A deployment and the ReplicaSets that its selector matches."""

    deployment: JsonObject
    replica_sets: tuple[JsonObject, ...]


@dataclass(frozen=True, slots=True)
class SetSeen:
    """A stateful set or daemon set, and its own ControllerRevisions, the newest first."""

    kind: SetKind
    controller: JsonObject
    revisions: tuple[JsonObject, ...]

    @property
    def current(self) -> JsonObject | None:
        """The one of the template that the controller holds; going back to an earlier one makes that the newest."""
        return self.revisions[0] if self.revisions else None


async def read_deployment(world: Reader, namespace: str, name: str) -> DeploymentSeen:
    """Two requests, the second bounded by the deployment's own selector."""
    deployment = await world.cluster.get("Deployment", namespace, name)
    replica_sets = await world.cluster.list("ReplicaSet", namespace, label_selector=selector_of(deployment), limit=200)
    return DeploymentSeen(deployment, tuple(replica_sets))


async def read_set(world: Reader, kind: SetKind, namespace: str, name: str) -> SetSeen:
    """Two requests, the second bounded by the controller's own selector."""
    controller = await world.cluster.get(kind, namespace, name)
    found = await world.cluster.list("ControllerRevision", namespace, label_selector=selector_of(controller), limit=200)
    own = [each for each in found if owner_uid(each) == meta(controller).get("uid")]
    return SetSeen(kind, controller, tuple(sorted(own, key=lambda each: -number(each.get("revision")))))


def hash_of(revision: JsonObject) -> str:
    """The hash of a ControllerRevision's template: in a label, whose key differs by kind, or at the end of its name."""
    labels = meta(revision).get("labels") or {}
    found = labels.get(_HASH_OF_STATEFUL_SETS) or labels.get(REVISION_HASH) or name_of(revision)
    return str(found).rpartition("-")[2]


def template_in(revision: JsonObject) -> JsonObject:
    """The pod template that a ControllerRevision keeps, as a controller holds it."""
    return {key: value for key, value in mapping(revision, "data", "spec", "template").items() if key != "$patch"}
