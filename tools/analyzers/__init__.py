"""Analyzers: each looks for one family of faults in a snapshot; together they name causes and symptoms."""

from tools.analyzers import (
    admission,
    autoscaling,
    config,
    control_plane,
    crashes,
    dependencies,
    drift,
    images,
    jobs,
    mutation,
    networking,
    nodes,
    pods,
    probes,
    rights,
    rollouts,
    routes,
    sandboxes,
    scheduling,
    services,
    storage,
    terminating,
    volumes,
)
from tools.analyzers.causes import Joined, join
from tools.analyzers.interface import Analyzer
from tools.snapshot import Snapshot

ANALYZERS: tuple[Analyzer, ...] = (
    images.image_cannot_be_pulled,
    config.missing_config,
    pods.out_of_memory,
    crashes.crashed,
    jobs.failed,
    jobs.not_completing,
    jobs.suspended,
    dependencies.unmet,
    services.selector_mismatch,
    services.port_mismatch,
    routes.ingresses,
    routes.gateways,
    routes.meshes,
    networking.policy_blocks,
    networking.name_service,
    probes.liveness,
    probes.readiness,
    nodes.unwell,
    nodes.evicted,
    nodes.service_routing,
    sandboxes.no_sandbox,
    scheduling.no_node_fits,
    control_plane.scheduler,
    control_plane.controllers,
    admission.refused,
    rights.forbidden,
    mutation.mutated,
    storage.claims,
    storage.attached_elsewhere,
    volumes.full,
    volumes.denied,
    volumes.not_mounted,
    terminating.stuck,
    autoscaling.cannot_scale,
    autoscaling.scaled_to_zero,
    rollouts.stuck,
    rollouts.half_done,
    rollouts.held_by_an_old_pod,
    drift.drifted,
    drift.orphaned,
)


def analyze(snapshot: Snapshot, analyzers: tuple[Analyzer, ...] = ANALYZERS) -> Joined:
    """What is wrong: causes, the one that explains most first, and under them their symptoms."""
    return join(found for analyzer in analyzers for found in analyzer(snapshot))
