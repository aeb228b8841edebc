"""Ends an execution for good: touches the object, so that a request of ours that is still on its way comes too late."""

from safety.actions import Target
from tools.world import WriteOptions, Writer

ABORTED = "ask-claude.io/aborted"


async def abort(target: Target, world: Writer) -> None:
    """Write a marker under the resourceVersion just read: every write of ours names an older one and is refused.

    Raises ``Conflict`` when the object moved meanwhile: then read again, the earlier request may have landed.
    """
    order = world.order
    patch = {"metadata": {"resourceVersion": order.resource_version, "annotations": {ABORTED: order.proposal_id}}}
    options = WriteOptions(audit_id=order.audit_id, dry_run=order.dry_run)
    await world.cluster.patch(target.kind, target.namespace, target.name, patch, options)
