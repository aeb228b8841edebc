"""What changed before, and which of it is tied to a cause. A change is innocent until evidence ties it to one."""

import dataclasses
from collections.abc import Iterator, Sequence

from tools.analyzers.causes import Joined
from tools.analyzers.interface import release_id
from tools.analyzers.series import grouped, series_of, told_together
from tools.analyzers.ties import Suspicion, Trail, suspect, trail_of
from tools.evidence import Change, Finding, ObjectRef, evidence
from tools.snapshot import Release, Snapshot, Workload
from tools.world import RecordedChange

RELEASES_OF_ONE = 3


def blame(joined: Joined, snapshot: Snapshot) -> tuple[Joined, tuple[Change, ...]]:
    """The same findings with the changes that brought them, and all changes, the suspected and the newest first.

    A change that somebody recorded (a pull request, a deployment) stands for the rollout it led to.
    """
    roots, suspicions = [], dict[str, str]()
    innocents = dict[str, str]()
    for found in joined.roots:
        culprit, judged = _culprit(found, snapshot)
        roots.append(dataclasses.replace(found, culprit=culprit))
        suspicions |= {each.change.id: each.why for each in judged if each.change.id == culprit}
        innocents |= {each.change.id: each.why for each in judged if each.change.id != culprit}
    suspected = {each.culprit for each in roots if each.culprit}
    told = [
        dataclasses.replace(each, suspected=each.id in suspected)
        for each in (
            *_rollouts(snapshot, suspected, {each.subject for each in joined.roots}),
            *_recorded(snapshot, suspicions, innocents),
        )
    ]
    told.sort(key=lambda each: (not each.suspected, -(each.at.timestamp() if each.at else 0)))
    return Joined(tuple(roots), joined.symptoms), tuple(told)


def _culprit(found: Finding, snapshot: Snapshot) -> tuple[str | None, list[Suspicion]]:
    trail = trail_of(found, snapshot)
    judged = [suspect(each, trail, snapshot) for each in snapshot.recorded]
    release = _release(found, snapshot)
    if release is not None:
        led = [each for each in judged if not each.alibi and led_to(each.change, release, trail)]
        best = _surest(led)
        return (best.change.id if best else found.culprit), judged
    best = _surest([each for each in judged if each.is_tied])
    return (best.change.id if best else None), judged


def _surest(judged: Sequence[Suspicion]) -> Suspicion | None:
    return max(judged, key=lambda each: (each.weight, _OF_ONE_DEED.get(each.change.kind, 0)), default=None)


# The same deed is often recorded more than once; the one that says what was meant is named.
_OF_ONE_DEED = {"pull_request": 3, "merge_request": 3, "commit": 2, "release": 1}


def _release(found: Finding, snapshot: Snapshot) -> Release | None:
    for workload in snapshot.workloads:
        for each in workload.releases:
            if release_id(workload.ref, each) == found.culprit:
                return each
    return None


def led_to(change: RecordedChange, release: Release, trail: Trail) -> bool:
    """Whether a recorded change is what a release brought: it names its image, or came just before to that service."""
    text = " ".join((change.id, change.title, change.diff, change.deployed_by or ""))
    tags = [each.rpartition(":")[2] for each in release.images if ":" in each.rpartition("/")[2]]
    if any(tag in text for tag in tags if any(letter.isdigit() for letter in tag)):
        return trail.touches(change) or any(
            each.rpartition(":")[0].rpartition("/")[2] in text for each in release.images
        )
    if change.at is None or release.created_at is None or not trail.touches(change):
        return False
    return -600 <= (release.created_at - change.at).total_seconds() <= 86_400


def _rollouts(snapshot: Snapshot, suspected: set[str], causes: set[ObjectRef]) -> Iterator[Change]:
    """The rollouts of the namespace that was asked about, and elsewhere those of the causes."""
    for workload in snapshot.workloads:
        if snapshot.namespace not in (None, workload.ref.namespace) and workload.ref not in causes:
            continue
        for index, release in enumerate(workload.releases):
            identity = release_id(workload.ref, release)
            if index < RELEASES_OF_ONE or identity in suspected:
                yield _rollout(workload, release, identity, snapshot)


def _rollout(workload: Workload, release: Release, identity: str, snapshot: Snapshot) -> Change:
    is_oldest = release is workload.releases[-1] and not release.differences
    changed = "; ".join(map(str, release.differences[:3])) or "nothing that can be seen"
    more = f" and {len(release.differences) - 3} more" if len(release.differences) > 3 else ""
    return Change(
        id=identity,
        kind="rollout",
        title=snapshot.say(f"{workload.ref}: {release.title}").clip(200),
        at=release.created_at,
        by=release.by,
        why=snapshot.say("the oldest that is kept" if is_oldest else f"changed: {changed}{more}").clip(400),
        evidence=release.evidence,
        subject=workload.ref,
    )


def _recorded(snapshot: Snapshot, tied: dict[str, str], innocent: dict[str, str]) -> Iterator[Change]:
    groups = grouped(snapshot.recorded)
    for each in snapshot.recorded:
        why = tied.get(each.id) or innocent.get(each.id) or "nothing that is wrong ties it to anything"
        series = series_of(each)
        together = told_together(each, series, groups)
        subject = ObjectRef("Change", None, each.id)
        deployed = f", deployed: {each.deployed_by}" if each.deployed_by else ""
        text = f"{each.kind} {each.id}: {each.title}{deployed}"
        yield Change(
            id=each.id,
            kind=each.kind,
            title=snapshot.say(each.title).clip(200),
            at=each.at,
            by=snapshot.say(each.author).clip(80) if each.author else None,
            why=snapshot.say(f"{why[:300]}; {together}" if together else why).clip(400),
            # What is remembered across incidents must not hold a mask, which is another one in each.
            series=tuple(one[:250] for one in series if str(snapshot.say(one)) == one),
            evidence=evidence("change", subject, snapshot.say(text), each.at),
        )
