"""How objects go: the grace period of pods, the collection of what they owned, the end of a namespace."""

from __future__ import annotations

from datetime import timedelta

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.objects import Obj, clone, dig, is_going, name_of, namespace_of, stamp, uid_of
from bot.demo.cluster_emulator.resources import NAMESPACES, PODS, STORED, Resource
from bot.demo.cluster_emulator.store import Store

NAMESPACE_SECONDS = 6.0


def check_preconditions(resource: Resource, obj: Obj, preconditions: Obj) -> None:
    """409 when the object is not the one that the caller meant."""
    for field, title in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        wanted, held = preconditions.get(field), dig(obj, "metadata", field)
        if wanted and wanted != held:
            why = f"Precondition failed: {title} in precondition: {wanted}, {title} in object meta: {held}"
            raise statuses.conflict(resource, name_of(obj), why)


def delete(store: Store, resource: Resource, obj: Obj, grace: int | None = None, policy: str = "Background") -> Obj:
    """Start or finish the going of an object; what is left of it, or the object as it was last."""
    if resource is NAMESPACES:
        return _end_namespace(store, obj)
    if resource is PODS and _waits(obj, grace):
        return _mark(store, obj, grace)
    if store.get(resource, namespace_of(obj), name_of(obj)) is None:
        return obj
    if dig(obj, "metadata", "finalizers"):
        return _hold(store, resource, obj)
    gone = store.remove(resource, namespace_of(obj), name_of(obj))
    _collect(store, gone, policy)
    return gone


def finish_if_free(store: Store, resource: Resource, obj: Obj) -> None:
    """Remove an object that was held by finalizers alone, once the last of them is gone."""
    meta = obj["metadata"]
    if is_going(obj) and meta.get("deletionGracePeriodSeconds") == 0 and not meta.get("finalizers"):
        delete(store, resource, obj, 0)


def _hold(store: Store, resource: Resource, obj: Obj) -> Obj:
    if is_going(obj) and obj["metadata"].get("deletionGracePeriodSeconds") == 0:
        return obj
    held = clone(obj)
    held["metadata"].setdefault("deletionTimestamp", stamp(store.clock.now))
    held["metadata"]["deletionGracePeriodSeconds"] = 0
    return store.update(resource, held)


def _waits(pod: Obj, grace: int | None) -> bool:
    # Nobody has to stop a pod that no node has, or one that has ended.
    if grace == 0 or not dig(pod, "spec", "nodeName"):
        return False
    return dig(pod, "status", "phase") not in ("Succeeded", "Failed")


def _mark(store: Store, pod: Obj, grace: int | None) -> Obj:
    if is_going(pod):
        return pod
    seconds = grace if grace is not None else int(dig(pod, "spec", "terminationGracePeriodSeconds", default=30))
    marked = clone(pod)
    marked["metadata"]["deletionTimestamp"] = stamp(store.clock.now + timedelta(seconds=seconds))
    marked["metadata"]["deletionGracePeriodSeconds"] = seconds
    return store.update(PODS, marked)


def _collect(store: Store, owner: Obj, policy: str) -> None:
    uid = uid_of(owner)
    for resource in STORED:
        for obj in store.all_of(resource, namespace_of(owner)):
            references = dig(obj, "metadata", "ownerReferences", default=[])
            if not any(reference.get("uid") == uid for reference in references):
                continue
            if policy == "Orphan":
                freed = clone(obj)
                freed["metadata"]["ownerReferences"] = [each for each in references if each.get("uid") != uid]
                store.update(resource, freed)
            else:
                delete(store, resource, obj)


def _end_namespace(store: Store, namespace: Obj) -> Obj:
    if is_going(namespace):
        return namespace
    ending = clone(namespace)
    ending["metadata"]["deletionTimestamp"] = stamp(store.clock.now)
    ending.setdefault("status", {})["phase"] = "Terminating"
    ending = store.update(NAMESPACES, ending)
    name = name_of(namespace)
    store.clock.call_later(0.2, lambda: _empty_namespace(store, name))
    store.clock.call_later(NAMESPACE_SECONDS, lambda: _finish_namespace(store, name))
    return ending


def _empty_namespace(store: Store, name: str) -> None:
    for resource in STORED:
        if resource.namespaced:
            for obj in store.all_of(resource, name):
                delete(store, resource, obj)


def _finish_namespace(store: Store, name: str) -> None:
    _empty_namespace(store, name)
    if any(store.all_of(resource, name) for resource in STORED if resource.namespaced):
        store.clock.call_later(1.0, lambda: _finish_namespace(store, name))
    elif store.get(NAMESPACES, "", name) is not None:
        store.remove(NAMESPACES, "", name)
