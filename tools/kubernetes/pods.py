"""Reads what is true of one pod: what stands behind it, who else serves, and which disruption budgets count it."""

import asyncio
from dataclasses import dataclass

from safety.facts import Budget, PodFacts
from tools.objects import annotations_of, condition, items, labels_of, mapping, matches, meta, name_of, number, part
from tools.world import KINDS, JsonObject, Reader, WorldError

_MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True, slots=True)
class PodSeen:
    """A pod, its controller if it could be read, and the budgets that select it (``None`` when not read)."""

    pod: JsonObject
    owner: JsonObject | None
    budgets: tuple[JsonObject, ...] | None


async def read_pod(world: Reader, namespace: str, name: str) -> PodSeen:
    """Three requests. What besides the pod cannot be read is left open, and a rule that needs it says no."""
    pod = await world.cluster.get("Pod", namespace, name)
    owner, budgets = await asyncio.gather(_owner(world, namespace, pod), _budgets(world, namespace, pod))
    return PodSeen(pod, owner, budgets)


def controller_of(pod: JsonObject) -> JsonObject | None:
    """The owner reference that says it controls the pod; any other owner makes no new one."""
    return next((each for each in items(pod, "metadata", "ownerReferences") if each.get("controller")), None)


def pod_facts(seen: PodSeen) -> PodFacts:
    """The same as the rules want it. Pure."""
    pod, reference = seen.pod, controller_of(seen.pod) or {}
    kind = reference.get("kind")
    return PodFacts(
        phase=str(part(pod, "status", "phase") or "Unknown"),
        reason=str(part(pod, "status", "reason") or ""),
        node=str(part(pod, "spec", "nodeName") or ""),
        ready=_is_ready(pod),
        static=_MIRROR in annotations_of(pod) or kind == "Node",
        owner_kind=kind,
        owner_name=reference.get("name"),
        owner_uid=reference.get("uid"),
        peers_ready=None if seen.owner is None else max(0, ready_of(seen.owner) - _is_ready(pod)),
        budgets=None if seen.budgets is None else tuple(_budget(each) for each in seen.budgets),
    )


def ready_of(owner: JsonObject) -> int:
    """How many pods of a controller are ready; each kind has its own word for it."""
    status = mapping(owner, "status")
    return max(number(status.get(each)) for each in ("readyReplicas", "numberReady", "ready"))


def _is_ready(pod: JsonObject) -> bool:
    return condition(pod, "Ready").get("status") == "True"


async def _owner(world: Reader, namespace: str, pod: JsonObject) -> JsonObject | None:
    reference = controller_of(pod)
    if reference is None or reference.get("kind") not in KINDS:
        return None
    try:
        found = await world.cluster.get(str(reference["kind"]), namespace, str(reference.get("name")))
    except WorldError:
        return None
    return found if meta(found).get("uid") == reference.get("uid") else None


async def _budgets(world: Reader, namespace: str, pod: JsonObject) -> tuple[JsonObject, ...] | None:
    try:
        found = await world.cluster.list("PodDisruptionBudget", namespace, limit=500)
    except WorldError:
        return None
    return tuple(each for each in found if _selects(each, pod))


def _selects(budget: JsonObject, pod: JsonObject) -> bool:
    # No selector selects nothing, an empty one everything.
    selector = part(budget, "spec", "selector")
    return selector is not None and matches(selector, labels_of(pod))


def _budget(obj: JsonObject) -> Budget:
    is_counted = number(part(obj, "status", "observedGeneration")) >= number(meta(obj).get("generation"), 1)
    return Budget(name_of(obj), number(part(obj, "status", "disruptionsAllowed")) if is_counted else 0)
