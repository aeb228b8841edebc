"""Reads what is true of one deployment right now, for the validator and for the card that people approve."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from safety.redaction import Redacted
from safety.validator import AnyAction, Facts, Revision
from tools.kubernetes.diff import before_after
from tools.kubernetes.objects import revision_of
from tools.kubernetes.rollout import current_of, is_under_way, revisions_of, selector_of, template_hash_of
from tools.kubernetes.templates import images_of
from tools.objects import meta, number
from tools.world import JsonObject, NotFound, Reader

MARKER = "ask-claude.io/proposal"


@dataclass(frozen=True, slots=True)
class DeploymentSeen:
    """A deployment and the ReplicaSets that its selector matches."""

    deployment: JsonObject
    replica_sets: tuple[JsonObject, ...]


async def read_deployment(world: Reader, namespace: str, name: str) -> DeploymentSeen:
    """Two requests, the second bounded by the deployment's own selector."""
    deployment = await world.cluster.get("Deployment", namespace, name)
    replica_sets = await world.cluster.list("ReplicaSet", namespace, label_selector=selector_of(deployment), limit=200)
    return DeploymentSeen(deployment, tuple(replica_sets))


async def read_facts(world: Reader, namespace: str, name: str, now: datetime) -> Facts | None:
    """The facts as they are now; nothing when the deployment or its namespace is not there."""
    try:
        cluster, home, seen = await asyncio.gather(
            world.cluster.uid(),
            world.cluster.get("Namespace", None, namespace),
            read_deployment(world, namespace, name),
        )
    except NotFound:
        return None
    return facts_of(seen, home, cluster, world.cluster.name, now)


def facts_of(seen: DeploymentSeen, home: JsonObject, cluster: str, cluster_name: str, now: datetime) -> Facts:
    """The same from objects already read. Pure."""
    deployment = seen.deployment
    spec, status = deployment.get("spec") or {}, deployment.get("status") or {}
    current = current_of(deployment, seen.replica_sets)
    is_going = (home.get("status") or {}).get("phase") == "Terminating" or bool(meta(home).get("deletionTimestamp"))
    return Facts(
        observed_at=now,
        cluster=cluster,
        cluster_name=cluster_name,
        namespace=str(meta(deployment).get("namespace")),
        namespace_labels=dict(meta(home).get("labels") or {}),
        namespace_terminating=is_going,
        uid=str(meta(deployment).get("uid")),
        generation=number(meta(deployment).get("generation"), 1),
        observed_generation=number(status.get("observedGeneration")),
        resource_version=str(meta(deployment).get("resourceVersion")),
        desired=number(spec.get("replicas"), 1),
        ready=number(status.get("readyReplicas")),
        updated=number(status.get("updatedReplicas")),
        available=number(status.get("availableReplicas")),
        strategy=str((spec.get("strategy") or {}).get("type") or "RollingUpdate"),
        paused=bool(spec.get("paused")),
        deleting=bool(meta(deployment).get("deletionTimestamp")),
        rollout_under_way=is_under_way(deployment),
        revision=revision_of(deployment),
        template_hash=template_hash_of(current) if current else "",
        revisions=tuple(
            Revision(
                revision_of(each), template_hash_of(each), images_of((each.get("spec") or {}).get("template") or {})
            )
            for each in revisions_of(deployment, seen.replica_sets)
        ),
        marker=marker_of(deployment),
    )


def marker_of(deployment: JsonObject) -> str | None:
    """The proposal that changed this deployment last, if one of ours did."""
    return (meta(deployment).get("annotations") or {}).get(MARKER)


async def read_before_after(world: Reader, action: AnyAction) -> tuple[tuple[Redacted, Redacted, Redacted], ...]:
    """What the action would change, as rows of (label, before, after)."""
    seen = await read_deployment(world, action.target.namespace, action.target.name)
    return before_after(action, seen.deployment, seen.replica_sets, world.redactor)
