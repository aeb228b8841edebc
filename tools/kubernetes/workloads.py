"""Puts pods under the controller that a person would name, with the events about all that stands between them."""

import dataclasses
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from safety.redaction import Redactor
from tools.evidence import ObjectRef
from tools.kubernetes.objects import deployment_from
from tools.kubernetes.releases import releases_of, revisions_from
from tools.objects import condition, labels_of, mapping, matches, meta, owner_of, owner_uid, ref_of, template_of
from tools.snapshot import Deployment, Event, Pod, Release, Workload
from tools.world import JsonObject

CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet", "ReplicationController")
_BETWEEN = ("ReplicaSet", "Job")

Objects = Mapping[str, tuple[JsonObject, ...]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What is grouped; ``suspicious`` are the names of the pods that look wrong, read or not."""

    pods: Sequence[Pod]
    deployments: Sequence[Deployment]
    objects: Objects
    told: Sequence[Event]
    suspicious: frozenset[str]
    revisions: Mapping[ObjectRef, tuple[Release, ...]] = field(default_factory=dict)


def with_events(pod: Pod, events: Sequence[Event]) -> Pod:
    return dataclasses.replace(pod, events=tuple(each for each in events if each.subject == pod.ref))


def deployments_of(objects: Objects, told: Sequence[Event], redactor: Redactor) -> tuple[Deployment, ...]:
    """Every deployment that was listed, with its releases where its ReplicaSets were."""
    found = []
    sets_of: dict[str | None, list[JsonObject]] = defaultdict(list)
    for each in objects.get("ReplicaSet", ()):
        sets_of[owner_uid(each)].append(each)
    for each in objects.get("Deployment", ()):
        uid = meta(each).get("uid")
        releases = releases_of(each, sets_of[uid] if uid else objects.get("ReplicaSet", ()), redactor)
        deployment = dataclasses.replace(deployment_from(each, redactor), releases=releases)
        sets = {ObjectRef("ReplicaSet", deployment.ref.namespace, one.replica_set) for one in releases}
        own = tuple(one for one in told if one.subject in sets or one.subject == deployment.ref)
        found.append(dataclasses.replace(deployment, events=own))
    return tuple(found)


def revisions_of_sets(objects: Objects, redactor: Redactor) -> dict[ObjectRef, tuple[Release, ...]]:
    """The releases of the StatefulSets and DaemonSets that were listed."""
    kept = objects.get("ControllerRevision", ())
    return {
        ref_of(kind, each): revisions_from(each, kept, redactor)
        for kind in ("StatefulSet", "DaemonSet")
        for each in objects.get(kind, ())
    }


def group(parts: Parts) -> tuple[Workload, ...]:
    """Every top controller that was listed, and those that only the pods name; bare pods stand for themselves."""
    known = {
        ref_of(kind, each): each for kind in CONTROLLERS for each in parts.objects.get(kind, ()) if kind in CONTROLLERS
    }
    top = {ref: _top(ref, known) for ref in known}
    members: dict[ObjectRef, list[Pod]] = defaultdict(list)
    for pod in parts.pods:
        members[_above(pod, known, top)].append(pod)
    told: dict[ObjectRef, list[Event]] = defaultdict(list)
    for event in parts.told:
        if event.subject.kind in CONTROLLERS:
            told[top.get(event.subject) or _named_after(event.subject, known)].append(event)
    tops = sorted({*members, *(each for each in top.values() if each.kind != "ReplicaSet")})
    by_ref = {each.ref: each for each in parts.deployments}
    settled = settled_jobs(parts.objects.get("Job", ()))
    read = {each.ref.name for each in parts.pods}
    return tuple(
        Workload(
            ref=ref,
            pods=tuple(
                each for each in members[ref] if each.ref.name in parts.suspicious and each.owner not in settled
            ),
            deployment=by_ref.get(ref),
            unread=_unread(members[ref], parts.suspicious - read),
            members=tuple(members[ref]),
            told=tuple(told[ref]),
            revisions=parts.revisions.get(ref, ()),
            raw=known.get(ref, members[ref][0].raw if ref.kind == "Pod" else {}),
        )
        for ref in tops
    )


def settled_jobs(jobs: Sequence[JsonObject]) -> frozenset[ObjectRef]:
    """The Jobs whose failed pods are history: they succeeded in the end, or a later Job of the same CronJob did."""
    done = [each for each in jobs if condition(each, "Complete").get("status") == "True"]
    last = {owner: max(_made(each) for each in done if owner_uid(each) == owner) for owner in map(owner_uid, done)}
    settled = [each for each in jobs if owner_uid(each) in last and _made(each) < last[owner_uid(each)]]
    return frozenset(ref_of("Job", each) for each in (*done, *(each for each in settled if owner_uid(each))))


def _made(job: JsonObject) -> str:
    return str(meta(job).get("creationTimestamp") or "")


def _named_after(ref: ObjectRef, known: Mapping[ObjectRef, JsonObject]) -> ObjectRef:
    """The deployment that a ReplicaSet is named after which was not listed itself."""
    deployment = ObjectRef("Deployment", ref.namespace, ref.name.rpartition("-")[0])
    return deployment if ref.kind == "ReplicaSet" and deployment in known else ref


def _unread(members: Sequence[Pod], names: frozenset[str]) -> int:
    owners = {each.owner.name for each in members if each.owner}
    return sum(name.rsplit("-", 1)[0] in owners for name in names)


def _top(ref: ObjectRef, known: Mapping[ObjectRef, JsonObject]) -> ObjectRef:
    owner = owner_of(known[ref])
    if owner is None and ref.kind == "ReplicaSet":
        owner = _deployment_named(ref, labels_of(template_of(known[ref])), known)
    return _top(owner, known) if owner is not None and owner in known else owner or ref


def _above(pod: Pod, known: Mapping[ObjectRef, JsonObject], top: Mapping[ObjectRef, ObjectRef]) -> ObjectRef:
    if pod.owner is not None and pod.owner.kind == "Node":
        return pod.ref  # the kubelet runs a static pod itself
    if pod.owner is not None and pod.owner in known:
        return top[pod.owner]
    labels = labels_of(pod.raw)
    if pod.owner is None:
        return _selected_by(pod, labels, known) or pod.ref
    if pod.owner.kind == "ReplicaSet" and pod.template_hash:
        # A ReplicaSet that a deployment made is named after it and the hash of the pod's template; no request needed.
        name = pod.owner.name.removesuffix(f"-{pod.template_hash}")
        if name != pod.owner.name:
            return ObjectRef("Deployment", pod.ref.namespace, name)
    if (
        pod.owner.kind == "ReplicaSet"
        and (found := _HASHED.fullmatch(pod.owner.name))
        and not _has_any(known, pod.owner)
    ):
        # Nothing above pods was listed here: a name with a hash was made by a deployment.
        return ObjectRef("Deployment", pod.ref.namespace, found[1])
    return _deployment_named(pod.owner, labels, known) or pod.owner


_HASHED = re.compile(r"(.+)-(?=[a-z0-9]*\d)[bcdfghjklmnpqrstvwxz2456789]{8,10}")


def _has_any(known: Mapping[ObjectRef, JsonObject], owner: ObjectRef) -> bool:
    return any(each.kind in ("ReplicaSet", "Deployment") and each.namespace == owner.namespace for each in known)


def _deployment_named(
    owner: ObjectRef, labels: Mapping[str, str], known: Mapping[ObjectRef, JsonObject]
) -> ObjectRef | None:
    """The deployment after which a ReplicaSet is named, if it selects what that makes: where no reference says so."""
    ref = ObjectRef("Deployment", owner.namespace, owner.name.rpartition("-")[0])
    found = known.get(ref) if owner.kind == "ReplicaSet" else None
    return ref if found is not None and matches(mapping(found, "spec", "selector"), labels) else None


def _selected_by(pod: Pod, labels: Mapping[str, str], known: Mapping[ObjectRef, JsonObject]) -> ObjectRef | None:
    """The controller that selects a pod without an owner and after which it is named, as in files written by hand."""
    for ref, found in known.items():
        selector = mapping(found, "spec", "selector")
        is_named = ref.namespace == pod.ref.namespace and pod.ref.name.startswith(f"{ref.name}-")
        is_one = ref.kind in ("Deployment", "StatefulSet", "DaemonSet")
        if is_one and is_named and selector and matches(selector, labels):
            return ref
    return None
