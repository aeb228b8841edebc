"""Reads what is true of one object right now, for the validator and for the card that people approve."""

import asyncio
from datetime import datetime
from typing import Any

from safety.actions import POD_GENERATION, AnyAction, TargetKind
from safety.facts import Facts, Revision
from safety.redaction import Redacted
from tools.kubernetes.controllers import (
    DeploymentSeen,
    SetSeen,
    hash_of,
    read_deployment,
    read_set,
    template_in,
)
from tools.kubernetes.diff import before_after
from tools.kubernetes.objects import revision_of
from tools.kubernetes.pods import PodSeen, pod_facts, read_pod
from tools.kubernetes.rollout import current_of, is_set_under_way, is_under_way, revisions_of, template_hash_of
from tools.kubernetes.templates import images_of
from tools.objects import mapping, meta, name_of, number, part
from tools.world import JsonObject, NotFound, Reader, WorldError

MARKER = "ask-claude.io/proposal"
ObjectSeen = DeploymentSeen | SetSeen | PodSeen


async def read_facts(
    world: Reader, namespace: str, name: str, now: datetime, kind: TargetKind = "Deployment"
) -> Facts | None:
    """The facts as they are now; nothing when the object or its namespace is not there."""
    try:
        cluster, home, seen, autoscalers = await asyncio.gather(
            world.cluster.uid(),
            world.cluster.get("Namespace", None, namespace),
            read_object(world, kind, namespace, name),
            _autoscalers(world, kind, namespace, name),
        )
    except NotFound:
        return None
    return _facts_of(seen, home, cluster, world.cluster.name, now, autoscalers)


async def read_object(world: Reader, kind: TargetKind, namespace: str, name: str) -> ObjectSeen:
    """The object with what belongs to it. Raises ``NotFound``."""
    match kind:
        case "Deployment":
            return await read_deployment(world, namespace, name)
        case "StatefulSet" | "DaemonSet":
            return await read_set(world, kind, namespace, name)
        case "Pod":
            return await read_pod(world, namespace, name)


async def read_before_after(world: Reader, action: AnyAction) -> tuple[tuple[Redacted, Redacted, Redacted], ...]:
    """What the action would change, as rows of (label, before, after)."""
    target = action.target
    return before_after(action, await read_object(world, target.kind, target.namespace, target.name), world.redactor)


def marker_of(obj: JsonObject) -> str | None:
    """The proposal that changed this object last, if one of ours did."""
    return (meta(obj).get("annotations") or {}).get(MARKER)


async def _autoscalers(world: Reader, kind: TargetKind, namespace: str, name: str) -> tuple[str, ...] | None:
    """The names of those that set the replicas; ``None`` when they could not be read."""
    if kind != "Deployment":
        return ()
    try:
        found = await world.cluster.list("HorizontalPodAutoscaler", namespace, limit=500)
    except WorldError:
        return None
    aims = ((name_of(each), mapping(each, "spec", "scaleTargetRef")) for each in found)
    return tuple(own for own, aim in aims if (aim.get("kind"), aim.get("name")) == (kind, name))


def _facts_of(
    seen: ObjectSeen,
    home: JsonObject,
    cluster: str,
    cluster_name: str,
    now: datetime,
    autoscalers: tuple[str, ...] | None,
) -> Facts:
    is_going = part(home, "status", "phase") == "Terminating" or bool(meta(home).get("deletionTimestamp"))
    obj, own = _own_facts(seen)
    common: dict[str, Any] = {
        "observed_at": now,
        "cluster": cluster,
        "cluster_name": cluster_name,
        "namespace": str(meta(obj).get("namespace")),
        "namespace_labels": dict(meta(home).get("labels") or {}),
        "namespace_terminating": is_going,
        "uid": str(meta(obj).get("uid")),
        "resource_version": str(meta(obj).get("resourceVersion")),
        "deleting": bool(meta(obj).get("deletionTimestamp")),
        "marker": marker_of(obj),
        "autoscalers": autoscalers,
    }
    return Facts(**common, **own)


def _own_facts(seen: ObjectSeen) -> tuple[JsonObject, dict[str, Any]]:
    match seen:
        case DeploymentSeen():
            return seen.deployment, _of_deployment(seen)
        case SetSeen():
            return seen.controller, _of_set(seen)
        case PodSeen():
            return seen.pod, _of_pod(seen)


def _of_deployment(seen: DeploymentSeen) -> dict[str, Any]:
    deployment = seen.deployment
    spec, status = mapping(deployment, "spec"), mapping(deployment, "status")
    current = current_of(deployment, seen.replica_sets)
    return {
        "kind": "Deployment",
        "generation": number(meta(deployment).get("generation"), 1),
        "observed_generation": number(status.get("observedGeneration")),
        "desired": number(spec.get("replicas"), 1),
        "ready": number(status.get("readyReplicas")),
        "updated": number(status.get("updatedReplicas")),
        "available": number(status.get("availableReplicas")),
        "strategy": str(part(spec, "strategy", "type") or "RollingUpdate"),
        "paused": bool(spec.get("paused")),
        "rollout_under_way": is_under_way(deployment),
        "revision": revision_of(deployment),
        "template_hash": template_hash_of(current) if current else "",
        "revisions": tuple(
            Revision(revision_of(each), template_hash_of(each), images_of(mapping(each, "spec", "template")))
            for each in revisions_of(deployment, seen.replica_sets)
        ),
    }


def _of_set(seen: SetSeen) -> dict[str, Any]:
    spec, status = mapping(seen.controller, "spec"), mapping(seen.controller, "status")
    is_daemon = seen.kind == "DaemonSet"
    return {
        "kind": seen.kind,
        "generation": number(meta(seen.controller).get("generation"), 1),
        "observed_generation": number(status.get("observedGeneration")),
        "desired": number(status.get("desiredNumberScheduled")) if is_daemon else number(spec.get("replicas"), 1),
        "ready": number(status.get("numberReady" if is_daemon else "readyReplicas")),
        "updated": number(status.get("updatedNumberScheduled" if is_daemon else "updatedReplicas")),
        "available": number(status.get("numberAvailable" if is_daemon else "availableReplicas")),
        "strategy": str(part(spec, "updateStrategy", "type") or "RollingUpdate"),
        "paused": False,
        "rollout_under_way": is_set_under_way(seen.kind, seen.controller),
        "revision": number(seen.current.get("revision")) if seen.current else 0,
        "template_hash": hash_of(seen.current) if seen.current else "",
        "revisions": tuple(
            Revision(number(each.get("revision")), hash_of(each), images_of(template_in(each)))
            for each in seen.revisions
        ),
        "partition": number(part(spec, "updateStrategy", "rollingUpdate", "partition")),
    }


def _of_pod(seen: PodSeen) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "generation": POD_GENERATION,
        "observed_generation": POD_GENERATION,
        "desired": 0,
        "ready": 0,
        "updated": 0,
        "available": 0,
        "strategy": "",
        "paused": False,
        "rollout_under_way": False,
        "revision": 0,
        "template_hash": "",
        "revisions": (),
        "pod": pod_facts(seen),
    }
