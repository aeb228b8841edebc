"""Rollouts that do not get on: stuck past their deadline."""

from collections.abc import Iterator

from tools.analyzers.interface import Claim, cited, find_blame, finding
from tools.evidence import Category, Finding
from tools.snapshot import Snapshot


def stuck(snapshot: Snapshot) -> Iterator[Finding]:
    """The rollout passed its deadline; a symptom, unless nothing else explains it."""
    for workload in snapshot.workloads:
        deployment = workload.deployment
        if deployment is None or not deployment.deadline_exceeded:
            continue
        pods = tuple(
            each
            for each in workload.pods
            if deployment.running and each.template_hash == deployment.running.template_hash
        )
        claim = Claim(
            category=Category.ROLLOUT_STUCK,
            summary=f"the rollout is stuck: {deployment.updated} of {deployment.desired} pods replaced, "
            f"{deployment.available} available",
            explanation="The rollout did not get on within its deadline, because the new pods do not become ready. "
            "Nothing that was looked at says why; look at the new pods' events and logs.",
            evidence=cited([deployment.evidence], (each.evidence for each in pods)),
            confidence=0.5,
            pods=pods,
            blame=find_blame(workload, pods, lambda _new, _old: True, snapshot.thresholds),
        )
        yield finding(workload, claim)
