"""The two changes that can be proposed. Their content is fixed by the order, so a repeat sends the same bytes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from safety.actions import RestartDeployment, RollbackDeployment, Target
from tools.kubernetes.facts import MARKER, read_deployment
from tools.kubernetes.objects import revision_of
from tools.kubernetes.rollout import revisions_of, template_hash_of
from tools.kubernetes.templates import RESTARTED_AT, without_hash
from tools.objects import meta
from tools.tool import Outcome, tool
from tools.world import JsonObject, Order, Rejected, WriteOptions, Writer

CHANGE_CAUSE = "kubernetes.io/change-cause"


@tool
async def restart_deployment(action: RestartDeployment, world: Writer) -> Outcome:
    """Replace every pod of a deployment, a few at a time, with the same settings.

    Helps when pods hang or hold a stale connection. Does not help when they die again the same way.
    """
    target, order = action.target, world.order
    patch = {
        "metadata": {"resourceVersion": order.resource_version, "annotations": {MARKER: order.proposal_id}},
        "spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: _stamp(order.approved_at)}}}},
    }
    stored = await world.cluster.patch("Deployment", target.namespace, target.name, patch, _options(order))
    return _outcome(target, "is being restarted, a few pods at a time", stored, order)


@tool
async def rollback_deployment(action: RollbackDeployment, world: Writer) -> Outcome:
    """Give a deployment the pod template of one of its earlier revisions.

    Helps when a release brought the fault and the revision before it was good.
    """
    target, order = action.target, world.order
    seen = await read_deployment(world.reader, target.namespace, target.name)
    earlier = next(
        (each for each in revisions_of(seen.deployment, seen.replica_sets) if revision_of(each) == action.to_revision),
        None,
    )
    if earlier is None:
        raise Rejected(f"revision {action.to_revision} of {target} is not kept any more, so it cannot be restored")
    if template_hash_of(earlier) != action.to_template_hash:
        raise Rejected(f"revision {action.to_revision} of {target} is not the template that was approved")
    patch: list[Mapping[str, Any]] = [
        {"op": "test", "path": "/metadata/uid", "value": target.uid},
        {"op": "test", "path": "/metadata/generation", "value": target.generation},
        {"op": "test", "path": "/metadata/resourceVersion", "value": order.resource_version},
        {"op": "replace", "path": "/spec/template", "value": without_hash((earlier.get("spec") or {})["template"])},
        *_annotated(seen.deployment, earlier, order.proposal_id),
    ]
    stored = await world.cluster.patch("Deployment", target.namespace, target.name, patch, _options(order))
    return _outcome(target, f"is going back to the template of revision {action.to_revision}", stored, order)


def _annotated(deployment: JsonObject, earlier: JsonObject, proposal_id: str) -> list[Mapping[str, Any]]:
    """The marker, and the earlier release's own title: the cluster would file the old template under the new one."""
    held = meta(deployment).get("annotations")
    if not held:
        return [{"op": "add", "path": "/metadata/annotations", "value": {MARKER: proposal_id}}]
    made: list[Mapping[str, Any]] = [{"op": "add", "path": _annotation(MARKER), "value": proposal_id}]
    if CHANGE_CAUSE in held:
        title = (meta(earlier).get("annotations") or {}).get(CHANGE_CAUSE)
        change = {"op": "replace", "value": title} if title else {"op": "remove"}
        made.append({**change, "path": _annotation(CHANGE_CAUSE)})
    return made


def _annotation(key: str) -> str:
    return "/metadata/annotations/" + key.replace("~", "~0").replace("/", "~1")


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _options(order: Order) -> WriteOptions:
    return WriteOptions(audit_id=order.audit_id, dry_run=order.dry_run)


def _outcome(target: Target, what: str, stored: JsonObject, order: Order) -> Outcome:
    if order.dry_run:
        return Outcome(f"the cluster would accept this: {target} {what}", {})
    return Outcome(f"{target} {what}", stored)
