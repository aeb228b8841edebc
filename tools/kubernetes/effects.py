"""Looks whether a change that ran had its effect: is it there, did the pods follow, are they well."""

from dataclasses import dataclass

from safety.redaction import Redacted
from safety.validator import AnyAction
from tools.kubernetes.facts import DeploymentSeen, marker_of, read_deployment
from tools.kubernetes.rollout import current_of, selector_of, template_hash_of
from tools.kubernetes.rows import is_failing, pod_rows
from tools.kubernetes.templates import TEMPLATE_HASH
from tools.objects import condition, meta, number
from tools.world import JsonObject, NotFound, Reader


@dataclass(frozen=True, slots=True)
class Effect:
    """``done``: the change is in place and every pod is well. ``worse``: it will not get there by itself."""

    done: bool
    worse: bool
    text: Redacted


async def effect(world: Reader, action: AnyAction, proposal_id: str) -> Effect:
    """Three requests. ``proposal_id`` must be what the deployment is marked with, else it is not this change."""
    target = action.target
    try:
        seen = await read_deployment(world, target.namespace, target.name)
    except NotFound:
        return Effect(False, True, world.redactor.text(f"{target} is not there any more"))
    deployment = seen.deployment
    if marker_of(deployment) != proposal_id or meta(deployment).get("uid") != target.uid:
        changed = f"{target} does not carry this change any more: somebody or something changed it since"
        return Effect(False, False, world.redactor.text(changed))
    if not _is_observed(deployment):
        # Until then the newest ReplicaSet is still the one from before the change.
        return Effect(False, False, world.redactor.text(f"{target}: the cluster has not begun yet"))
    troubles = await _troubles(world, seen)
    is_given_up = condition(deployment, "Progressing").get("reason") == "ProgressDeadlineExceeded"
    is_done = not troubles and _is_complete(deployment)
    is_worse = is_given_up or any(each.is_lasting for each in troubles)
    text = world.redactor.text(f"{target}: {_words(deployment, troubles)}")
    return Effect(is_done, is_worse and not is_done, text)


@dataclass(frozen=True, slots=True)
class _Trouble:
    words: str
    is_lasting: bool


async def _troubles(world: Reader, seen: DeploymentSeen) -> list[_Trouble]:
    """What is wrong with the pods of the newest revision; those before it may crash until they are replaced."""
    current = current_of(seen.deployment, seen.replica_sets)
    if current is None:
        return []
    selector = f"{selector_of(seen.deployment)},{TEMPLATE_HASH}={template_hash_of(current)}"
    namespace = str(meta(seen.deployment).get("namespace"))
    rows = pod_rows(await world.cluster.table("Pod", namespace, label_selector=selector, limit=200), namespace)
    found = [_Trouble(each.status, True) for each in rows if is_failing(each)]
    # Between two crashes a pod runs and is ready; one restart may still be a stumble at the start.
    found += [_Trouble(f"restarted {each.restarts}×", each.restarts > 1) for each in rows if each.restarts > 0]
    return found


def _is_observed(deployment: JsonObject) -> bool:
    observed = number((deployment.get("status") or {}).get("observedGeneration"))
    return observed >= number(meta(deployment).get("generation"), 1)


def _is_complete(deployment: JsonObject) -> bool:
    spec, status = deployment.get("spec") or {}, deployment.get("status") or {}
    desired = number(spec.get("replicas"), 1)
    counts = {number(status.get(each)) for each in ("replicas", "updatedReplicas", "availableReplicas")}
    return counts == {desired}


def _words(deployment: JsonObject, troubles: list[_Trouble]) -> str:
    spec, status = deployment.get("spec") or {}, deployment.get("status") or {}
    text = (
        f"{number(status.get('availableReplicas'))} of {number(spec.get('replicas'), 1)} pods available, "
        f"{number(status.get('updatedReplicas'))} with the new template"
    )
    words = ", ".join(sorted({each.words for each in troubles}))
    return text + (f"; of the new pods: {words}" if words else "")
