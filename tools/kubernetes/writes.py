"""The changes that can be proposed. Their content is fixed by the order, so a repeat sends the same bytes.

Each names the version it was decided on: the resourceVersion of the last read, and where a patch can test them the uid
and the generation that people approved.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from safety.actions import (
    DeleteFailedPod,
    EvictPod,
    Restart,
    RestartDaemonSet,
    RestartDeployment,
    RestartStatefulSet,
    Rollback,
    RollbackDaemonSet,
    RollbackDeployment,
    RollbackStatefulSet,
    ScaleDeployment,
    Target,
)
from tools.kubernetes.controllers import DeploymentSeen, SetSeen, read_deployment, read_set
from tools.kubernetes.diff import template_to
from tools.kubernetes.facts import MARKER
from tools.kubernetes.objects import revision_of
from tools.kubernetes.rollout import revisions_of
from tools.kubernetes.templates import RESTARTED_AT, without_hash
from tools.objects import meta
from tools.tool import Outcome, tool
from tools.world import JsonObject, Order, Preconditions, Rejected, WriteOptions, Writer, Written

CHANGE_CAUSE = "kubernetes.io/change-cause"


@tool
async def restart_deployment(action: RestartDeployment, world: Writer) -> Outcome:
    """Replace every pod of a deployment, a few at a time, with the same settings.

    Helps when pods hang or hold a stale connection. Does not help when they die again the same way.
    """
    return await _restart(action, world)


@tool
async def restart_stateful_set(action: RestartStatefulSet, world: Writer) -> Outcome:
    """Replace every pod of a stateful set, one after the other, with the same settings.

    Helps when its pods hang. One that does not come up again stops the rest.
    """
    return await _restart(action, world)


@tool
async def restart_daemon_set(action: RestartDaemonSet, world: Writer) -> Outcome:
    """Replace every pod of a daemon set, node after node, with the same settings."""
    return await _restart(action, world)


@tool
async def rollback_deployment(action: RollbackDeployment, world: Writer) -> Outcome:
    """Give a deployment the pod template of one of its earlier revisions.

    Helps when a release brought the fault and the revision before it was good.
    """
    target = action.target
    seen = await read_deployment(world.reader, target.namespace, target.name)
    return await _rollback(action, world, seen)


@tool
async def rollback_stateful_set(action: RollbackStatefulSet, world: Writer) -> Outcome:
    """Give a stateful set the pod template of one of its earlier revisions. Data is not rolled back."""
    seen = await read_set(world.reader, "StatefulSet", action.target.namespace, action.target.name)
    return await _rollback(action, world, seen)


@tool
async def rollback_daemon_set(action: RollbackDaemonSet, world: Writer) -> Outcome:
    """Give a daemon set the pod template of one of its earlier revisions."""
    seen = await read_set(world.reader, "DaemonSet", action.target.namespace, action.target.name)
    return await _rollback(action, world, seen)


@tool
async def scale_deployment(action: ScaleDeployment, world: Writer) -> Outcome:
    """Set how many pods a deployment runs, a small step from now.

    Helps against load that more pods can share. Does not help pods that cannot start.
    """
    patch: list[Mapping[str, Any]] = [
        *_tests(action.target, world.order),
        {"op": "test", "path": "/spec/replicas", "value": action.from_replicas},
        {"op": "replace", "path": "/spec/replicas", "value": action.to_replicas},
        _marked(await world.reader.cluster.get("Deployment", action.target.namespace, action.target.name), world.order),
    ]
    return await _patch(action.target, patch, world, f"is being scaled to {action.to_replicas} replicas")


@tool
async def delete_failed_pod(action: DeleteFailedPod, world: Writer) -> Outcome:
    """Remove a pod that failed or was evicted. Its log goes with it, so read that first."""
    target, order = action.target, world.order
    only = Preconditions(target.uid, order.resource_version)
    gone = await world.cluster.delete("Pod", target.namespace, target.name, only, _options(order))
    return _outcome(target, "is removed", gone, order)


@tool
async def evict_pod(action: EvictPod, world: Writer) -> Outcome:
    """Replace one running pod by a new one, as far as the disruption budgets allow.

    Helps when a single pod is stuck and the others are well.
    """
    target, order = action.target, world.order
    only = Preconditions(target.uid, order.resource_version)
    gone = await world.cluster.evict(target.namespace, target.name, only, _options(order))
    return _outcome(target, "is leaving, and its controller makes a new one", gone, order)


async def _restart(action: Restart, world: Writer) -> Outcome:
    order = world.order
    patch = {
        "metadata": {"resourceVersion": order.resource_version, "annotations": {MARKER: order.proposal_id}},
        "spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: _stamp(order.approved_at)}}}},
    }
    return await _patch(action.target, patch, world, "is being restarted, a few pods at a time")


async def _rollback(action: Rollback, world: Writer, seen: DeploymentSeen | SetSeen) -> Outcome:
    template = template_to(action, seen)
    if template is None:
        raise Rejected(
            f"revision {action.to_revision} of {action.target} is not kept any more as the template that was approved,"
            " so it cannot be restored"
        )
    patch: list[Mapping[str, Any]] = [
        *_tests(action.target, world.order),
        {"op": "replace", "path": "/spec/template", "value": without_hash(template)},
        *_annotated(seen, action, world.order),
    ]
    return await _patch(action.target, patch, world, f"is going back to the template of revision {action.to_revision}")


def _tests(target: Target, order: Order) -> list[Mapping[str, Any]]:
    return [
        {"op": "test", "path": "/metadata/uid", "value": target.uid},
        {"op": "test", "path": "/metadata/generation", "value": target.generation},
        {"op": "test", "path": "/metadata/resourceVersion", "value": order.resource_version},
    ]


def _annotated(seen: DeploymentSeen | SetSeen, action: Rollback, order: Order) -> list[Mapping[str, Any]]:
    """The marker, and the earlier release's own title: the cluster would file the old template under the new one."""
    controller = seen.deployment if isinstance(seen, DeploymentSeen) else seen.controller
    made = [_marked(controller, order)]
    if isinstance(seen, DeploymentSeen) and CHANGE_CAUSE in (meta(controller).get("annotations") or {}):
        earlier = next(
            each for each in revisions_of(controller, seen.replica_sets) if revision_of(each) == action.to_revision
        )
        title = (meta(earlier).get("annotations") or {}).get(CHANGE_CAUSE)
        change = {"op": "replace", "value": title} if title else {"op": "remove"}
        made.append({**change, "path": _annotation(CHANGE_CAUSE)})
    return made


def _marked(obj: JsonObject, order: Order) -> Mapping[str, Any]:
    if not meta(obj).get("annotations"):
        return {"op": "add", "path": "/metadata/annotations", "value": {MARKER: order.proposal_id}}
    return {"op": "add", "path": _annotation(MARKER), "value": order.proposal_id}


def _annotation(key: str) -> str:
    return "/metadata/annotations/" + key.replace("~", "~0").replace("/", "~1")


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _options(order: Order) -> WriteOptions:
    return WriteOptions(audit_id=order.audit_id, dry_run=order.dry_run)


async def _patch(
    target: Target, patch: Mapping[str, Any] | list[Mapping[str, Any]], world: Writer, what: str
) -> Outcome:
    written = await world.cluster.patch(target.kind, target.namespace, target.name, patch, _options(world.order))
    return _outcome(target, what, written, world.order)


def _outcome(target: Target, what: str, written: Written, order: Order) -> Outcome:
    if order.dry_run:
        return Outcome(f"the cluster would accept this: {target} {what}", {})
    return Outcome(f"{target} {what}", written.stored, written.audit_id)
