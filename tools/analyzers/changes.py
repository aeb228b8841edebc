"""What changed before, and which of it is tied to a cause. A change is innocent until evidence ties it to one."""

import dataclasses
from collections.abc import Iterator

from tools.analyzers.causes import Joined
from tools.analyzers.interface import release_id
from tools.evidence import Change
from tools.snapshot import Snapshot

RELEASES_OF_ONE = 3


def blame(joined: Joined, snapshot: Snapshot) -> tuple[Joined, tuple[Change, ...]]:
    """The same findings with the changes that brought them, and all changes, the suspected and the newest first."""
    culprits = {each.culprit for each in joined.roots}
    told = [dataclasses.replace(each, suspected=each.id in culprits) for each in _rollouts(snapshot)]
    told.sort(key=lambda each: (not each.suspected, -(each.at.timestamp() if each.at else 0)))
    return joined, tuple(told)


def _rollouts(snapshot: Snapshot) -> Iterator[Change]:
    for deployment in snapshot.deployments:
        for release in deployment.releases[:RELEASES_OF_ONE]:
            is_oldest = release is deployment.releases[-1] and not release.differences
            changed = "; ".join(map(str, release.differences[:3])) or "nothing that can be seen"
            more = f" and {len(release.differences) - 3} more" if len(release.differences) > 3 else ""
            yield Change(
                id=release_id(deployment.ref, release),
                kind="rollout",
                title=snapshot.say(f"{deployment.ref}: {release.title}").clip(200),
                at=release.created_at,
                by=release.by,
                why=snapshot.say("the oldest that is kept" if is_oldest else f"changed: {changed}{more}").clip(400),
                evidence=release.evidence,
                subject=deployment.ref,
            )
