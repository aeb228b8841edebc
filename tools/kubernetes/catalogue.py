"""Every Kubernetes tool in one catalogue: the reads, and the writes that can only be proposed."""

from tools.kubernetes import reads, writes
from tools.tool import Catalogue


def catalogue() -> Catalogue:
    """A new catalogue of all of them."""
    return Catalogue(
        reads.describe_object,
        reads.list_deployments,
        reads.list_events,
        reads.list_nodes,
        reads.list_pods,
        reads.pod_logs,
        reads.rollout_history,
        writes.delete_failed_pod,
        writes.evict_pod,
        writes.restart_daemon_set,
        writes.restart_deployment,
        writes.restart_stateful_set,
        writes.rollback_daemon_set,
        writes.rollback_deployment,
        writes.rollback_stateful_set,
        writes.scale_deployment,
    )
