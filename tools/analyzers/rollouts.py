"""Rollouts that do not get on: stuck past their deadline."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

from tools.analyzers.interface import Claim, began_at, cited, find_blame, finding, logs_of, release_id, seen
from tools.evidence import Category, Evidence, Finding, Remedy
from tools.snapshot import Pod, Snapshot, Workload

LONG = timedelta(minutes=30)


def half_done(snapshot: Snapshot) -> Iterator[Finding]:
    """Two versions serve side by side for long, although all pods are well: the rollout was paused, or stopped."""
    for workload in snapshot.workloads:
        deployment, newest = workload.deployment, next(iter(workload.releases), None)
        if deployment is None or newest is None or workload.pods or not 0 < deployment.updated < deployment.desired:
            continue
        if newest.created_at is None or snapshot.observed_at - newest.created_at < LONG:
            continue
        held = "it is paused" if deployment.paused else "it does not get on"
        claim = Claim(
            category=Category.ROLLOUT_STUCK,
            summary=f"the rollout to revision {newest.number} stands half done since "
            f"{newest.created_at:%Y-%m-%d %H:%M} UTC: {deployment.updated} of {deployment.desired} pods replaced; "
            f"{held}",
            explanation="Two versions of the program serve at the same time, so answers depend on which one is met. "
            + (
                "Somebody paused the rollout (spec.paused is true) and did not resume it. Resume it, or go back."
                if deployment.paused
                else "All pods are well and no more are replaced. Look at the deployment's conditions and events."
            ),
            evidence=cited(
                [*_held_words(workload, snapshot), deployment.evidence, newest.evidence],
                (each.evidence for each in deployment.events),
            ),
            confidence=0.8 if deployment.paused else 0.6,
            pods=(),
            affected=(workload.ref,),
            since=newest.created_at,
        )
        yield finding(workload, claim)


def _held_words(workload: Workload, snapshot: Snapshot) -> list[Evidence]:
    """That the rollout is paused, where it is."""
    if workload.deployment is None or not workload.deployment.paused:
        return []
    return [seen(snapshot, workload.raw, "spec.paused is true: the rollout is paused", part=":paused")]


def held_by_an_old_pod(snapshot: Snapshot) -> Iterator[Finding]:
    """A StatefulSet waits for a broken pod of an earlier revision before it replaces any: somebody has to delete it."""
    for workload in snapshot.workloads:
        releases = workload.releases
        if workload.ref.kind != "StatefulSet" or len(releases) < 2 or not workload.pods:
            continue
        known = {each.template_hash: each for each in releases}
        old = [each for each in workload.pods if each.template_hash != releases[0].template_hash]
        bad = next((each for each in old if each.template_hash in known), None)
        if bad is None or len(old) != len(workload.pods) or not (_is_crashing(bad) or bad.unschedulable):
            continue
        release = known[str(bad.template_hash)]
        claim = Claim(
            category=Category.ROLLOUT_STUCK,
            summary=f"pod {bad.ref.name} of the earlier revision {release.number} is broken, and revision "
            f"{releases[0].number} waits for it",
            explanation=f"Revision {releases[0].number} is there, and the StatefulSet replaces pods one after the "
            f"other, each only when the one before is ready. Pod {bad.ref.name} still runs the broken revision "
            f"{release.number} and never gets ready, so nothing moves. Kubernetes does not solve this by itself: "
            "delete that pod, and it comes back with the new revision.",
            evidence=cited([bad.evidence, release.evidence, releases[0].evidence], logs_of([bad])),
            confidence=0.86,
            pods=(bad,),
            since=began_at([bad]),
            remedy=Remedy("delete-pod", bad.ref, snapshot.say("it comes back with the revision that is wanted")),
        )
        yield dataclasses.replace(finding(workload, claim), culprit=release_id(workload.ref, release))


def _is_crashing(pod: Pod) -> bool:
    return any(each.reason in ("CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull") for each in pod.containers)


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
            blame=find_blame(workload, pods, lambda _new, _old: False, snapshot.thresholds),
        )
        yield finding(workload, claim)
