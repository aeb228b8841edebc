"""Analyzers: each looks for one family of faults in a snapshot; together they name one cause per workload."""

from tools.analyzers import config, images, pods, probes, rollouts, scheduling
from tools.analyzers.interface import EXPLAINS, Analyzer
from tools.evidence import Finding, ObjectRef
from tools.snapshot import Snapshot

ANALYZERS: tuple[Analyzer, ...] = (
    images.image_cannot_be_pulled,
    config.missing_config,
    pods.out_of_memory,
    pods.crashed,
    pods.evicted,
    probes.liveness,
    probes.readiness,
    scheduling.no_node_fits,
    rollouts.not_allowed,
    rollouts.stuck,
)


def analyze(snapshot: Snapshot, analyzers: tuple[Analyzer, ...] = ANALYZERS) -> list[Finding]:
    """One finding per workload, the one that explains most; the surest and widest first."""
    by_subject: dict[ObjectRef, list[Finding]] = {}
    for analyzer in analyzers:
        for found in analyzer(snapshot):
            by_subject.setdefault(found.subject, []).append(found)
    causes = [
        min(each, key=lambda one: (EXPLAINS.index(one.category), -one.confidence)) for each in by_subject.values()
    ]
    return sorted(causes, key=lambda each: (-each.confidence, -len(each.affected), each.subject))
