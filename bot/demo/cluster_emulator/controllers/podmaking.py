"""Making pods from a template, and telling which of an owner's pods count."""

from __future__ import annotations

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.controllers.quotas import exceeded_quota
from bot.demo.cluster_emulator.defaults import apply_defaults
from bot.demo.cluster_emulator.objects import (
    Obj,
    clone,
    condition,
    dig,
    is_going,
    is_true,
    name_of,
    namespace_of,
    owner_reference,
    parse_stamp,
)
from bot.demo.cluster_emulator.resources import PODS
from bot.demo.cluster_emulator.store import Store


def pod_from(template: Obj, owner: Obj, name: str = "", labels: dict[str, str] | None = None) -> Obj:
    """A pod as the template wants it, owned by the owner; its name is generated unless one is given."""
    meta = clone(dig(template, "metadata", default={}))
    meta.pop("creationTimestamp", None)
    meta["namespace"] = namespace_of(owner)
    if name:
        meta["name"] = name
    else:
        meta["generateName"] = name_of(owner) + "-"
    meta["labels"] = {**meta.get("labels", {}), **(labels or {})}
    meta["ownerReferences"] = [owner_reference(owner)]
    return {"metadata": meta, "spec": clone(dig(template, "spec", default={}))}


def create_pod(store: Store, pod: Obj) -> Obj:
    """Keep the pod, unless a quota of its namespace is in the way (403)."""
    apply_defaults(PODS, pod)
    complaint = exceeded_quota(store, pod)
    if complaint is not None:
        name = name_of(pod) or pod["metadata"]["generateName"] + store.new_suffix()
        raise statuses.forbidden(PODS, name, complaint)
    return store.create(PODS, pod)


def live_pods(store: Store, owner: Obj) -> list[Obj]:
    """The owner's pods that are neither over nor going."""
    return [
        pod
        for pod in store.owned_by(PODS, owner)
        if not is_going(pod) and dig(pod, "status", "phase") not in ("Succeeded", "Failed")
    ]


def ready_seconds(pod: Obj, now: float) -> float | None:
    """How long a pod has been ready; None when it is not."""
    if not is_true(pod, "Ready"):
        return None
    entry = condition(pod, "Ready")
    assert entry is not None
    return now - parse_stamp(entry["lastTransitionTime"]).timestamp()
