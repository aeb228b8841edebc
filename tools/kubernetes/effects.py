"""Looks whether a change that ran had its effect: is it there, did the pods follow, are they well."""

from collections.abc import Sequence
from dataclasses import dataclass

from safety.actions import AnyAction, DeleteFailedPod, EvictPod, ScaleDeployment
from safety.redaction import Redacted
from tools.kubernetes.controllers import DeploymentSeen, SetSeen, hash_of
from tools.kubernetes.facts import marker_of, read_object
from tools.kubernetes.pods import ready_of
from tools.kubernetes.rollout import current_of, is_set_under_way, selector_of, template_hash_of
from tools.kubernetes.rows import is_failing, pod_rows
from tools.kubernetes.templates import TEMPLATE_HASH
from tools.objects import REVISION_HASH, condition, mapping, meta, number, part
from tools.world import JsonObject, NotFound, Reader, WorldError

# What can control a pod that may be evicted; the pod is named after it.
_MAKERS = ("ReplicaSet", "DaemonSet", "StatefulSet")


@dataclass(frozen=True, slots=True)
class Effect:
    """``done``: the change is in place and every pod is well. ``worse``: it will not get there by itself."""

    done: bool
    worse: bool
    text: Redacted


async def effect(world: Reader, action: AnyAction, proposal_id: str) -> Effect:
    """At most four requests. ``proposal_id`` must be what a controller is marked with, else it is not this change."""
    if isinstance(action, DeleteFailedPod | EvictPod):
        return await _on_pod(world, action)
    target = action.target
    try:
        seen = await read_object(world, target.kind, target.namespace, target.name)
    except NotFound:
        return Effect(False, True, world.redactor.text(f"{target} is not there any more"))
    assert isinstance(seen, DeploymentSeen | SetSeen)
    controller = seen.deployment if isinstance(seen, DeploymentSeen) else seen.controller
    if marker_of(controller) != proposal_id or meta(controller).get("uid") != target.uid:
        changed = f"{target} does not carry this change any more: somebody or something changed it since"
        return Effect(False, False, world.redactor.text(changed))
    if not _is_observed(controller):
        # Until then the newest revision is still the one from before the change.
        return Effect(False, False, world.redactor.text(f"{target}: the cluster has not begun yet"))
    return await _on_pods(world, action, seen, controller)


async def _on_pods(world: Reader, action: AnyAction, seen: DeploymentSeen | SetSeen, controller: JsonObject) -> Effect:
    # Pods that are only made more or fewer may well have restarted once, long before.
    troubles = await _troubles(world, seen, controller, count_restarts=not isinstance(action, ScaleDeployment))
    is_given_up = condition(controller, "Progressing").get("reason") == "ProgressDeadlineExceeded"
    is_done = not troubles and _is_complete(seen, controller)
    is_worse = is_given_up or any(each.is_lasting for each in troubles)
    text = world.redactor.text(f"{action.target}: {_words(seen, controller, troubles)}")
    return Effect(is_done, is_worse and not is_done, text)


@dataclass(frozen=True, slots=True)
class _Trouble:
    words: str
    is_lasting: bool


async def _troubles(
    world: Reader, seen: DeploymentSeen | SetSeen, controller: JsonObject, *, count_restarts: bool
) -> list[_Trouble]:
    """What is wrong with the pods of the newest revision; those before it may crash until they are replaced."""
    newest = _newest(seen)
    if newest is None:
        return []
    selector = f"{selector_of(controller)},{newest}"
    namespace = str(meta(controller).get("namespace"))
    rows = pod_rows(await world.cluster.table("Pod", namespace, label_selector=selector, limit=200), namespace)
    found = [_Trouble(each.status, True) for each in rows if is_failing(each)]
    if count_restarts:
        # Between two crashes a pod runs and is ready; one restart may still be a stumble at the start.
        found += [_Trouble(f"restarted {each.restarts}×", each.restarts > 1) for each in rows if each.restarts > 0]
    return found


def _newest(seen: DeploymentSeen | SetSeen) -> str | None:
    """The label that pods of the newest revision carry, as the API takes it in a query."""
    if isinstance(seen, DeploymentSeen):
        current = current_of(seen.deployment, seen.replica_sets)
        return None if current is None else f"{TEMPLATE_HASH}={template_hash_of(current)}"
    if seen.current is None:
        return None
    # A stateful set labels its pods with the revision's whole name, a daemon set with the hash.
    code = meta(seen.current).get("name") if seen.kind == "StatefulSet" else hash_of(seen.current)
    return f"{REVISION_HASH}={code}"


def _is_observed(controller: JsonObject) -> bool:
    observed = number(part(controller, "status", "observedGeneration"))
    return observed >= number(meta(controller).get("generation"), 1)


def _counts(seen: DeploymentSeen | SetSeen, controller: JsonObject) -> tuple[int, int, int, int]:
    """How many pods are wanted, there, of the newest template, and available."""
    status = mapping(controller, "status")
    if isinstance(seen, SetSeen) and seen.kind == "DaemonSet":
        keys = ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled", "numberAvailable")
        wanted, there, updated, available = (number(status.get(each)) for each in keys)
        return wanted, there, updated, available
    wanted = number(part(controller, "spec", "replicas"), 1)
    there, updated, available = (
        number(status.get(each)) for each in ("replicas", "updatedReplicas", "availableReplicas")
    )
    if isinstance(seen, SetSeen) and part(status, "updateRevision") == part(status, "currentRevision"):
        # A stateful set that has nothing left to update does not count what it updated.
        updated = there
    return wanted, there, updated, available


def _is_complete(seen: DeploymentSeen | SetSeen, controller: JsonObject) -> bool:
    if isinstance(seen, SetSeen) and is_set_under_way(seen.kind, controller):
        return False
    return len(set(_counts(seen, controller))) == 1


def _words(seen: DeploymentSeen | SetSeen, controller: JsonObject, troubles: Sequence[_Trouble]) -> str:
    wanted, _, updated, available = _counts(seen, controller)
    text = f"{available} of {wanted} pods available, {updated} with the new template"
    words = ", ".join(sorted({each.words for each in troubles}))
    return text + (f"; of the new pods: {words}" if words else "")


# ---- single pods ----------------------------------------------------------------------------------------------------


async def _on_pod(world: Reader, action: DeleteFailedPod | EvictPod) -> Effect:
    target = action.target
    try:
        pod = await world.cluster.get("Pod", target.namespace, target.name)
    except NotFound:
        pod = None
    if pod is not None and meta(pod).get("uid") == target.uid:
        is_going = bool(meta(pod).get("deletionTimestamp"))
        text = f"{target} is still {'ending' if is_going else 'there'}"
        return Effect(False, False, world.redactor.text(text))
    if isinstance(action, DeleteFailedPod):
        return Effect(True, False, world.redactor.text(f"{target} is gone"))
    return await _after_eviction(world, action)


async def _after_eviction(world: Reader, action: EvictPod) -> Effect:
    """The pod is gone; it helped when its controller has as many ready pods as it wants."""
    target = action.target
    owner = await _maker(world, action)
    if owner is None:
        return Effect(False, False, world.redactor.text(f"{target} is gone; its controller was not found"))
    ready, wanted = ready_of(owner), _wanted(owner)
    text = f"{target} is gone; {ready} of {wanted} pods of its controller are ready"
    return Effect(ready >= wanted, False, world.redactor.text(text))


async def _maker(world: Reader, action: EvictPod) -> JsonObject | None:
    name = action.target.name.rpartition("-")[0]
    for kind in _MAKERS if name else ():
        try:
            found = await world.cluster.get(kind, action.target.namespace, name)
        except WorldError:
            continue
        if meta(found).get("uid") == action.owner_uid:
            return found
    return None


def _wanted(owner: JsonObject) -> int:
    desired = part(owner, "status", "desiredNumberScheduled")
    return number(desired) if desired is not None else number(part(owner, "spec", "replicas"), 1)
