"""Rollouts that do not get on: stuck past their deadline, or not allowed to make pods."""

from collections.abc import Iterator

from tools.analyzers.interface import Claim, cited, find_blame, finding
from tools.evidence import Category, Finding
from tools.snapshot import Snapshot


def not_allowed(snapshot: Snapshot) -> Iterator[Finding]:
    """The controller may not make the pods it wants: a quota is used up."""
    for workload in snapshot.workloads:
        deployment = workload.deployment
        if deployment is None or deployment.available >= deployment.desired:
            continue
        told = [each for each in deployment.events if each.reason == "FailedCreate" and "quota" in each.message]
        failure = deployment.replica_failure
        if not told and not (failure and "quota" in failure):
            continue
        claim = Claim(
            category=Category.QUOTA_EXCEEDED,
            summary=f"no new pods: the namespace's quota is used up ({deployment.available} of {deployment.desired})",
            explanation=f"The namespace {workload.ref.namespace} has a quota, and the pods this deployment wants would "
            "exceed it. Raise the quota, or free some of it. A restart would ask for the same and be refused.",
            evidence=cited((each.evidence for each in told), [deployment.evidence]),
            confidence=0.9,
            pods=(),
            since=min((each.first_at for each in told if each.first_at), default=None),
            may_roll_back=False,
        )
        yield finding(workload, claim)


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
