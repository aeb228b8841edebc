"""What an analyzer is: a pure function from a snapshot to findings; and the words all of them share.

Also here, because every family asks it: which release brought a fault, and whether going back would remove it.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from safety.redaction import Redactor
from tools.analyzers.bringing import can_bring
from tools.evidence import Category, Evidence, EvidenceId, Finding, ObjectRef, Remedy, evidence
from tools.logs.reading import Sign
from tools.objects import condition, owner_of, part, ref_of
from tools.snapshot import Container, Difference, Event, LogTail, Pod, Release, Snapshot, Thresholds, Workload
from tools.world import JsonObject

Analyzer = Callable[[Snapshot], Iterator[Finding]]

# What the snapshot holds was redacted with the bot's own secrets; here only sentences are put together.
say = Redactor().text


@dataclass(frozen=True, slots=True)
class Blame:
    """The release that brought a fault and the one before it. ``is_direct``: it changed the very thing at fault."""

    release: Release
    last_good: Release
    is_direct: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """What an analyzer says about one object, before it is made a finding.

    ``confidence``: 0.9 and more where the cluster itself names the cause, 0.7 where several signs agree, below 0.5 a
    guess that is listed and never called the cause. ``affected`` besides ``pods``; ``because`` and ``remedy`` as in
    ``Finding``; a blamed release suggests a rollback by itself, unless ``may_roll_back`` is false.
    """

    category: Category
    summary: str
    explanation: str
    evidence: tuple[Evidence, ...]
    confidence: float
    pods: tuple[Pod, ...]
    since: datetime | None = None
    blame: Blame | None = None
    may_roll_back: bool = True
    affected: tuple[ObjectRef, ...] = ()
    because: tuple[ObjectRef, ...] = ()
    remedy: Remedy | None = None


def finding(workload: Workload, claim: Claim) -> Finding:
    """Make a finding of a claim: a blamed release is cited, and suggested for a rollback where that would help."""
    blame = claim.blame
    if blame is not None and not blame.is_direct and not can_bring(blame.release, claim.category):
        blame = None
    shown = list(claim.evidence)
    explanation = claim.explanation
    if blame is not None:
        shown.append(blame.release.evidence)
        explanation += " " + _blame_words(blame)
    remedy = _rollback(workload, blame) if blame is not None and claim.may_roll_back else None
    if remedy is not None and blame is not None:
        explanation += f" Going back to revision {blame.last_good.number} undoes exactly that."
    return Finding(
        id=f"{claim.category}:{workload.ref}",
        category=claim.category,
        subject=workload.ref,
        summary=say(claim.summary).clip(300),
        explanation=say(explanation),
        evidence=cited(shown, most=len(shown)),
        confidence=round(min(0.97, claim.confidence + (0.05 if blame and blame.is_direct else 0.0)), 2),
        since=claim.since,
        affected=(*(each.ref for each in claim.pods), *claim.affected),
        because=claim.because,
        culprit=release_id(workload.ref, blame.release) if blame else None,
        remedy=claim.remedy or remedy,
    )


def finding_on(subject: ObjectRef, claim: Claim) -> Finding:
    """A finding about an object that has no releases: a Service, a node, a claim for storage …"""
    return finding(Workload(subject, claim.pods, None), claim)


def seen(snapshot: Snapshot, obj: JsonObject, text: str, when: datetime | None = None, part: str = "") -> Evidence:
    """Evidence of what an object says of itself; ``part`` tells apart several pieces of one object."""
    kind = str(obj.get("kind"))
    return evidence(kind.lower(), ref_of(kind, obj), snapshot.say(text), when, part)


def release_id(deployment: ObjectRef, release: Release) -> str:
    """The id of the change that a release is."""
    return f"{deployment}@{release.number}"


def find_blame(
    workload: Workload,
    pods: Iterable[Pod],
    is_direct: Callable[[Release, Release], bool],
    limits: Thresholds,
    concerns: Callable[[Difference], bool] = lambda _: True,
) -> Blame | None:
    """The release that brought the fault, if evidence ties one to it.

    All failing pods must run the newest release, which either changed the very thing at fault, or came shortly before
    the trouble began, after one that had lived for long. A release that only restarted the pods is looked through to
    the one before it, and one that ran before and was brought back is not blamed: what it went back from may be worse.
    A release with nothing in it that ``concerns`` the fault is none: going back would bring the same again.
    """
    failing = tuple(pods)
    releases = workload.releases
    if not releases or {each.template_hash for each in failing} != {releases[0].template_hash}:
        return None
    for release, older in itertools.pairwise(releases):
        if release.came_back:
            return None
        if release.changed <= {"restart"}:
            continue
        if not any(map(concerns, release.differences)):
            return None
        direct = is_direct(release, older)
        if direct or (_came_just_before(release, began_at(failing), limits) and _lived(older, release)):
            return Blame(release, older, direct)
        return None
    return None


def speaks_for(workload: Workload, failing: Iterable[Pod], began: datetime | None) -> bool:
    """Whether a pod of the very revision that fails has run well since long before: then something else changed."""
    pods = tuple(failing)
    hashes = {each.template_hash for each in pods}
    return began is not None and any(
        each.template_hash in hashes
        and each.created_at is not None
        and began - each.created_at >= LIVED
        and bool(each.containers)
        and all(one.is_init or (one.state == "running" and not one.restarts) for one in each.containers)
        for each in workload.members
        if each not in pods and each.ref not in {one.ref for one in pods}
    )


# What ran for less has not shown that it would have gone on well.
LIVED = timedelta(minutes=30)


def _lived(older: Release, newer: Release) -> bool:
    """Whether the earlier revision was in force long enough to speak for it, as far as the times are known."""
    if older.created_at is None or newer.created_at is None:
        return True
    return newer.created_at - older.created_at >= LIVED


def _came_just_before(release: Release, began: datetime | None, limits: Thresholds) -> bool:
    if began is None or release.created_at is None:
        return False
    # Clocks of nodes and of the server differ a little.
    return -timedelta(minutes=1) <= began - release.created_at <= limits.after_release


def began_at(pods: Iterable[Pod], *reasons: str) -> datetime | None:
    """When the trouble began: the first warning with these reasons (or with any), else the first known crash.

    A crash loop of so many restarts cannot be older than they take: an event's first time may be that of another one.
    """
    failing = tuple(pods)
    told = [
        each
        for pod in failing
        for each in pod.events
        if (each.reason in reasons if reasons else each.kind == "Warning")
    ]
    warned = min((each.first_at for each in told if each.first_at is not None), default=None)
    oldest = min((each for pod in failing for one in pod.containers if (each := _crashing_since(one))), default=None)
    if warned is not None:
        return max(warned, oldest) if oldest is not None else warned
    ended = [
        each.ended.finished_at
        for pod in failing
        for each in pod.containers
        if each.ended is not None and each.ended.finished_at is not None
    ]
    return min(ended, default=None)


LONGEST_BACK_OFF = timedelta(minutes=5)


def _crashing_since(container: Container) -> datetime | None:
    """The earliest time at which as many restarts as these can have begun, if each run took as long as the last."""
    ended = container.ended
    if ended is None or ended.started_at is None or ended.finished_at is None or not container.restarts:
        return None
    one_round = ended.finished_at - ended.started_at + LONGEST_BACK_OFF
    try:
        return ended.finished_at - (container.restarts + 1) * one_round
    except OverflowError:
        # No container has run for as long as that.
        return None


def _blame_words(blame: Blame) -> str:
    changes = [each for each in blame.release.differences if each.topic != "restart"][:3]
    what = "; ".join(map(str, changes))
    when = f" at {blame.release.created_at:%Y-%m-%d %H:%M} UTC" if blame.release.created_at else ""
    tie = "It changed the very thing at fault" if blame.is_direct else "The trouble began shortly after it"
    return f"Revision {blame.release.number} was released{when} ({blame.release.title}). {tie}: {what}."


def _rollback(workload: Workload, blame: Blame) -> Remedy | None:
    deployment = workload.deployment
    if deployment is not None and (deployment.paused or deployment.deleting):
        return None
    why = (
        f"revision {blame.release.number} brought the fault; revision {blame.last_good.number} is the one before it"
        " and is still kept"
    )
    return Remedy("rollback", workload.ref, say(why), to_revision=blame.last_good.number)


def is_failing_now(container: Container, pod: Pod, now: datetime, limits: Thresholds) -> bool:
    """Whether a container crashes now: in back-off, just ended badly, or again and again in the last while."""
    if container.ended is None:
        return False
    if container.reason == "CrashLoopBackOff":
        return True
    finished = container.ended.finished_at
    is_recent = finished is not None and now - finished <= limits.recent
    if container.state == "terminated":
        # A pod that failed for good stays in the list until somebody removes it; only a fresh one is news.
        return container.ended.exit_code != 0 and (is_recent or pod.phase != "Failed")
    is_old_enough = pod.created_at is not None and now - pod.created_at > limits.pod_age
    return is_recent and is_old_enough and container.restarts > limits.restarts


def failing(workload: Workload, snapshot: Snapshot) -> list[tuple[Pod, Container]]:
    """The containers of the workload that crash now, each with its pod.

    Evicted pods are not crashes, and neither are those whose Job succeeded in another try.
    """
    return [
        (pod, container)
        for pod in workload.pods
        if pod.reason != "Evicted" and not _is_made_up_for(pod, workload, snapshot)
        for container in pod.containers
        if is_failing_now(container, pod, snapshot.observed_at, snapshot.thresholds)
    ]


def _is_made_up_for(pod: Pod, workload: Workload, snapshot: Snapshot) -> bool:
    """Whether its Job is done after all or at work on another try, or a later Job of the same CronJob is done."""
    if pod.owner is None or pod.owner.kind != "Job":
        return False
    job = snapshot.find("Job", pod.ref.namespace, pod.owner.name) or {}
    made = str(part(job, "metadata", "creationTimestamp") or "")
    later = [
        each
        for each in snapshot.of("Job", pod.ref.namespace)
        if workload.ref.kind == "CronJob" and owner_of(each) == workload.ref
        if str(part(each, "metadata", "creationTimestamp") or "") > made
    ]
    tries = [each for each in workload.members if each.owner == pod.owner and each.ref != pod.ref]
    is_tried_again = any(
        each.phase == "Running" and all(one.state == "running" for one in each.containers if not one.is_init)
        for each in tries
    )
    return is_tried_again or any(condition(each, "Complete").get("status") == "True" for each in (job, *later))


def is_superseded(pod: Pod, workload: Workload) -> bool:
    """Whether a pod of a StatefulSet still runs an earlier revision than the one that is wanted now."""
    known = [each.template_hash for each in workload.releases]
    return workload.ref.kind == "StatefulSet" and pod.template_hash in known[1:]


def logs_of(pods: Iterable[Pod]) -> list[Evidence]:
    """What the logs of these pods show, the log of how a container ended before the log of how it is now."""
    tails = [each for pod in pods for each in pod.logs]
    return [each.evidence for each in sorted(tails, key=lambda each: not each.previous)]


def said(tail: LogTail, sign: Sign, snapshot: Snapshot) -> Evidence:
    """The very line of a log that shows something, as evidence of its own."""
    times = f" ({sign.count} times)" if sign.count > 1 else ""
    part = f":{tail.container}:{sign.kind}:{sign.number}"
    return evidence("log", tail.pod, snapshot.say(f"{sign.line}{times}"), sign.last_at, part)


def is_proven(pods: Iterable[Pod], limits: Thresholds) -> bool:
    """Whether it crashed often enough to change something because of it."""
    return any(each.restarts > limits.crash_loops for pod in pods for each in pod.containers)


def count_words(workload: Workload, pods: tuple[Pod, ...]) -> str:
    """``2 of 3 pods``, ``1 new pod`` beside the wanted ones, or ``2 pods`` where that number is not known."""
    failing = len(pods) + workload.unread
    if workload.deployment is not None and workload.deployment.available >= workload.deployment.desired:
        return f"{failing} new {'pod' if failing == 1 else 'pods'}"
    if workload.deployment is not None and workload.deployment.desired >= failing:
        return f"{failing} of {workload.deployment.desired} pods"
    return "1 pod" if failing == 1 else f"{failing} pods"


def events_about(pods: Iterable[Pod], *reasons: str) -> tuple[Event, ...]:
    """The events with these reasons, those that happened most often first."""
    found = [each for pod in pods for each in pod.events if each.reason in reasons]
    return tuple(sorted(found, key=lambda each: -each.count))


def cited(*groups: Iterable[Evidence], most: int = 3) -> tuple[Evidence, ...]:
    """A few of each group, in order and once: a claim with thirty citations proves no more than one with six."""
    taken: dict[EvidenceId, Evidence] = {}
    for group in groups:
        for each in list(group)[:most]:
            taken.setdefault(each.id, each)
    return tuple(taken.values())
