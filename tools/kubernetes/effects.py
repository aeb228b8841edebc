"""Looks whether a change that ran had its effect: is it there, did the pods follow, are they well."""

from dataclasses import dataclass

from safety.redaction import Redacted
from safety.validator import AnyAction
from tools.kubernetes.facts import marker_of, read_deployment
from tools.kubernetes.objects import condition, meta, number
from tools.kubernetes.rollout import current_of, selector_of, template_hash_of
from tools.kubernetes.rows import is_failing, pod_rows
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
        return Effect(False, False, world.redactor.text(f"{target} does not carry this change"))
    current = current_of(deployment, seen.replica_sets)
    failing: list[str] = []
    if current is not None:
        selector = f"{selector_of(deployment)},pod-template-hash={template_hash_of(current)}"
        rows = pod_rows(await world.cluster.table("Pod", target.namespace, label_selector=selector, limit=200), None)
        failing = sorted({each.status for each in rows if is_failing(each)})
    is_done = not failing and _is_complete(deployment)
    is_worse = bool(failing) or condition(deployment, "Progressing").get("reason") == "ProgressDeadlineExceeded"
    return Effect(is_done, is_worse and not is_done, world.redactor.text(f"{target}: {_words(deployment, failing)}"))


def _is_complete(deployment: JsonObject) -> bool:
    spec, status = deployment.get("spec") or {}, deployment.get("status") or {}
    desired = number(spec.get("replicas"), 1)
    counts = {number(status.get(each)) for each in ("replicas", "updatedReplicas", "availableReplicas")}
    is_observed = number(status.get("observedGeneration")) >= number(meta(deployment).get("generation"), 1)
    return is_observed and counts == {desired}


def _words(deployment: JsonObject, failing: list[str]) -> str:
    spec, status = deployment.get("spec") or {}, deployment.get("status") or {}
    text = (
        f"{number(status.get('availableReplicas'))} of {number(spec.get('replicas'), 1)} pods available, "
        f"{number(status.get('updatedReplicas'))} with the new template"
    )
    return text + (f"; new pods are in {', '.join(failing)}" if failing else "")
