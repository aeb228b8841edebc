"""Scaling as the events tell it: by an autoscaler, or of a release that had long been rolled out."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tools.evidence import Change
from tools.snapshot import Event, Snapshot

# Of one object; an autoscaler that swings says the same again and again.
MOST_OF_ONE = 3
_OF_A_ROLLOUT = timedelta(minutes=2)
_SAME = timedelta(minutes=1)
_SCALED = re.compile(r"^Scaled (?:up|down) replica set (\S+) ")


def scalings(snapshot: Snapshot) -> Iterator[Change]:
    """As changes that nobody accuses; what a rollout does while it goes is the rollout's own."""
    events = sorted((each for each in snapshot.events if each.last_at), key=_when, reverse=True)
    by_autoscalers = [each for each in events if _is_autoscaler(each)]
    taken = [_when(each) for each in by_autoscalers]
    by_hand = [
        each
        for each in events
        if _is_of_a_release_at_rest(each, snapshot) and all(abs(_when(each) - one) > _SAME for one in taken)
    ]
    counted: dict[str, int] = {}
    for each in sorted([*by_autoscalers, *by_hand], key=_when, reverse=True):
        name = str(each.subject)
        counted[name] = counted.get(name, 0) + 1
        if counted[name] <= MOST_OF_ONE:
            yield _change(each, snapshot)


def _when(event: Event) -> datetime:
    assert event.last_at is not None
    return event.last_at


def _is_autoscaler(event: Event) -> bool:
    return event.reason == "SuccessfulRescale" and event.subject.kind == "HorizontalPodAutoscaler"


def _is_of_a_release_at_rest(event: Event, snapshot: Snapshot) -> bool:
    """Somebody scaled it: pods came or went of the running release, well after it was made."""
    named = _SCALED.match(event.message)
    if event.reason != "ScalingReplicaSet" or named is None:
        return False
    workload = snapshot.workload(event.subject)
    running = workload.releases[0] if workload is not None and workload.releases else None
    if running is None or running.replica_set != named[1] or running.created_at is None:
        return False
    return _when(event) - running.created_at > _OF_A_ROLLOUT


def _change(event: Event, snapshot: Snapshot) -> Change:
    by = "its autoscaler" if event.subject.kind == "HorizontalPodAutoscaler" else None
    times = f" ({event.count} times)" if event.count > 1 else ""
    return Change(
        id=f"{event.subject} scaled {_when(event):%Y-%m-%dT%H:%M:%SZ}",
        kind="scaling",
        title=snapshot.say(f"{event.subject}: {event.message}{times}").clip(200),
        at=event.last_at,
        by=snapshot.say(by) if by else None,
        why=snapshot.say("scaling is what follows from load or from a person; nothing ties it to the cause"),
        evidence=event.evidence,
        subject=event.subject,
    )
