"""The releases of a deployment, read from its ReplicaSets: when, what changed, who, and whether it came back."""

import itertools
from collections.abc import Iterable

from safety.redaction import Redacted, Redactor
from tools.evidence import ObjectRef, evidence
from tools.kubernetes.objects import REVISION, revision_of
from tools.kubernetes.rollout import revisions_of, template_hash_of
from tools.kubernetes.templates import TEMPLATE_HASH, config_names, differences, images_of
from tools.objects import (
    REVISION_HASH,
    at,
    labels_of,
    mapping,
    matches,
    meta,
    name_of,
    namespace_of,
    number,
    owner_uid,
    ref_of,
    template_of,
)
from tools.snapshot import Difference, Release
from tools.world import JsonObject

MOST_RELEASES = 10
CHANGE_CAUSE = "kubernetes.io/change-cause"
CAME_BACK = "deployment.kubernetes.io/revision-history"
_WHO = ("deployed-by", "released-by", "changed-by", "triggered-by")


def releases_of(deployment: JsonObject, replica_sets: Iterable[JsonObject], redactor: Redactor) -> tuple[Release, ...]:
    """The newest first; each is compared with the one before it."""
    ref = ref_of("Deployment", deployment)
    found = _of(deployment, tuple(replica_sets))[: MOST_RELEASES + 1]
    pairs = itertools.pairwise([*found, None])
    made = [_release(ref, newer, older, redactor) for newer, older in pairs if newer is not None]
    return tuple(made[:MOST_RELEASES])


def _of(deployment: JsonObject, replica_sets: tuple[JsonObject, ...]) -> list[JsonObject]:
    """Its ReplicaSets; by name and labels where files were written by hand and hold no uids. Only for looking."""
    if meta(deployment).get("uid"):
        return revisions_of(deployment, replica_sets)
    selector, prefix = mapping(deployment, "spec", "selector"), f"{name_of(deployment)}-"
    alike = [
        each
        for each in replica_sets
        if namespace_of(each) == namespace_of(deployment)
        and name_of(each).startswith(prefix)
        and matches(selector, labels_of(template_of(each)))
    ]
    return sorted(alike, key=revision_of, reverse=True)


def revisions_from(controller: JsonObject, revisions: Iterable[JsonObject], redactor: Redactor) -> tuple[Release, ...]:
    """The releases of a StatefulSet or DaemonSet, read from its ControllerRevisions; the newest first."""
    uid = meta(controller).get("uid")
    owned = sorted(
        (each for each in revisions if owner_uid(each) == uid), key=lambda each: -number(each.get("revision"))
    )
    ref = ref_of(str(controller.get("kind")), controller)
    shaped = [_as_replica_set(each) for each in owned[: MOST_RELEASES + 1]]
    pairs = itertools.pairwise([*shaped, None])
    return tuple(_release(ref, newer, older, redactor) for newer, older in pairs if newer is not None)[:MOST_RELEASES]


def _as_replica_set(revision: JsonObject) -> JsonObject:
    """A ControllerRevision in the shape in which a ReplicaSet keeps the same things."""
    known = meta(revision)
    mark = (known.get("labels") or {}).get(REVISION_HASH) or known.get("name")
    annotations = {**(known.get("annotations") or {}), REVISION: str(revision.get("revision"))}
    return {
        "metadata": {
            **known,
            "labels": {**(known.get("labels") or {}), TEMPLATE_HASH: mark},
            "annotations": annotations,
        },
        "spec": {"template": mapping(revision, "data", "spec", "template")},
    }


def change_words(changes: tuple[Difference, ...], most: int = 4) -> str:
    """What a release changed, in a line."""
    words = [str(each) for each in changes[:most]]
    more = f" and {len(changes) - most} more" if len(changes) > most else ""
    return "; ".join(words) + more if words else "nothing that can be seen"


def _release(ref: ObjectRef, obj: JsonObject, older: JsonObject | None, redactor: Redactor) -> Release:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    template = spec.get("template") or {}
    annotations = {**(meta(template).get("annotations") or {}), **(meta(obj).get("annotations") or {})}
    changed: tuple[Difference, ...] = ()
    if older is not None:
        changed = differences((older.get("spec") or {}).get("template") or {}, template, redactor)
    revision, images, created = revision_of(obj), images_of(template), at(meta(obj).get("creationTimestamp"))
    title = redactor.text(str(annotations.get(CHANGE_CAUSE) or f"revision {revision}, image {', '.join(images)}"))
    what = f" changed: {change_words(changed)}" if older is not None else " is the oldest that is kept"
    when = f", created {created:%Y-%m-%d %H:%M} UTC" if created else ""
    text = redactor.text(f"revision {revision} ({title}){when}{what}")
    return Release(
        number=revision,
        replica_set=str(meta(obj).get("name")),
        template_hash=template_hash_of(obj),
        created_at=created,
        images=images,
        title=title.clip(160),
        by=_who(annotations, redactor),
        desired=number(spec.get("replicas")),
        current=number(status.get("replicas")),
        ready=number(status.get("readyReplicas")),
        came_back=bool(annotations.get(CAME_BACK)),
        config_names=config_names(template),
        differences=changed,
        evidence=evidence("rollout", ref, text, created, f"@{revision}"),
    )


def _who(annotations: JsonObject, redactor: Redactor) -> Redacted | None:
    for key, value in sorted(annotations.items()):
        if key.rpartition("/")[2] in _WHO and value:
            return redactor.text(str(value)).clip(80)
    return None
