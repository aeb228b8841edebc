"""Whether credentials were replaced under a program that still uses the old ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.analyzers.addresses import config_of
from tools.analyzers.interface import seen
from tools.evidence import Evidence, ObjectRef, evidence
from tools.objects import annotations_of, at, created_at, items
from tools.snapshot import Snapshot, Workload
from tools.world import JsonObject, RecordedChange

_BEFORE_TROUBLE = timedelta(hours=24)
_WORDS = ("rotat", "credential", "password", "secret", "token", "api key", "vault")


@dataclass(frozen=True, slots=True)
class Rotation:
    """What shows that credentials were replaced after the pods had started."""

    at: datetime
    words: str
    evidence: tuple[Evidence, ...]


def rotated(workload: Workload, since: datetime | None, snapshot: Snapshot) -> Rotation | None:
    """The last replacement of a Secret that the workload reads, if its pods are older than that."""
    started = [each for pod in workload.members for one in pod.containers if (each := one.running_since)]
    if not started:
        return None
    oldest = min(started)
    found = [each for each in _rotations(workload, snapshot) if oldest < each.at <= snapshot.observed_at]
    if since is not None:
        found = [each for each in found if since - _BEFORE_TROUBLE <= each.at <= since + timedelta(minutes=10)]
    return max(found, key=lambda each: each.at, default=None)


def _rotations(workload: Workload, snapshot: Snapshot) -> Iterator[Rotation]:
    for kind, name in config_of(workload):
        secret = snapshot.find("Secret", workload.ref.namespace, name) if kind == "Secret" else None
        when = changed_at(secret) if secret is not None else None
        if secret is not None and when is not None:
            words = f"Secret {name} was last changed at {when:%Y-%m-%d %H:%M} UTC."
            yield Rotation(when, words, (seen(snapshot, secret, words, when),))
    names = {name for _, name in config_of(workload)} | {workload.ref.name}
    for change in snapshot.recorded:
        if change.at is not None and _is_rotation(change) and _concerns(change, names):
            subject = ObjectRef("Change", workload.ref.namespace, change.id)
            shown = evidence("change", subject, snapshot.say(f"{change.kind}: {change.title}"), change.at)
            yield Rotation(change.at, f"At {change.at:%Y-%m-%d %H:%M} UTC: {change.title}.", (shown,))


def changed_at(obj: JsonObject) -> datetime | None:
    """When an object was last written: by its managed fields, a rotation's annotation, or its creation."""
    times = [at(each.get("time")) for each in items(obj, "metadata", "managedFields")]
    times += [at(value) for key, value in annotations_of(obj).items() if "rotat" in key.lower() or "updated" in key]
    return max((each for each in times if each is not None), default=created_at(obj))


def _is_rotation(change: RecordedChange) -> bool:
    text = f"{change.kind} {change.title}".lower()
    return any(word in text for word in _WORDS)


def _concerns(change: RecordedChange, names: set[str]) -> bool:
    text = " ".join((change.title, change.diff, *change.services, *change.files)).lower()
    return any(name.lower() in text for name in names)
