"""Scale and eviction: the doors beside an object's own."""

from __future__ import annotations

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.admission import admit
from bot.demo.cluster_emulator.api import writing
from bot.demo.cluster_emulator.api.requests import Request
from bot.demo.cluster_emulator.controllers.budgets import counts_of, covers
from bot.demo.cluster_emulator.deletion import check_preconditions, delete
from bot.demo.cluster_emulator.objects import Obj, clone, dig, is_true, name_of, namespace_of
from bot.demo.cluster_emulator.resources import BUDGETS, PODS, Resource
from bot.demo.cluster_emulator.selectors import selector_text
from bot.demo.cluster_emulator.statuses import Cause
from bot.demo.cluster_emulator.store import Store
from bot.demo.cluster_emulator.validation import validate


def scale_of(resource: Resource, obj: Obj) -> Obj:
    """The Scale of a workload."""
    meta = obj["metadata"]
    fields = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    selector = selector_text(dig(obj, "spec", "selector", default={}))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {field: meta[field] for field in fields},
        "spec": {"replicas": dig(obj, "spec", "replicas", default=0)},
        "status": {"replicas": dig(obj, "status", "replicas", default=0), "selector": selector},
    }


def write_scale(request: Request, store: Store) -> Obj:
    """Change how many pods a workload has, through its Scale."""
    resource, target = request.target.resource, request.target
    before = store.require(resource, target.namespace, target.name)
    scale = scale_of(resource, before)
    is_patch = request.method == "PATCH"
    values = [request.query["dryRun"]] if "dryRun" in request.query else []
    dry = writing.is_dry_run(values, "PatchOptions" if is_patch else "UpdateOptions")
    if is_patch:
        content_type = request.content_type.split(";")[0].strip()
        if content_type not in (writing.MERGE, writing.STRATEGIC, writing.JSON, writing.APPLY):
            raise statuses.unsupported_media()
        wanted = writing.patched(resource, scale, content_type, request.json())
    else:
        wanted = request.object_body()
    version = dig(wanted, "metadata", "resourceVersion")
    if version and version != before["metadata"]["resourceVersion"]:
        raise statuses.conflict(resource, target.name)
    replicas = dig(wanted, "spec", "replicas", default=0)
    if not isinstance(replicas, int) or replicas < 0:
        cause = Cause.invalid("spec.replicas", str(replicas), "must be greater than or equal to 0")
        raise statuses.invalid("Scale.autoscaling", target.name, [cause])
    changed = clone(before)
    changed["spec"]["replicas"] = replicas
    validate(resource, changed, before)
    admit(request, store, "UPDATE", scale, scale_of(resource, changed))
    after = store.amended(resource, before, changed) if dry else store.update(resource, changed)
    return scale_of(resource, after)


def evict(request: Request, store: Store) -> Obj:
    """Ask a pod to go, unless a disruption budget is against it (429)."""
    body = request.object_body()
    options = body.get("deleteOptions") or {}
    values = [str(value) for value in options.get("dryRun") or []]
    values += [request.query["dryRun"]] if "dryRun" in request.query else []
    dry = writing.is_dry_run(values, "CreateOptions")
    pod = store.require(PODS, request.target.namespace, request.target.name)
    admit(request, store, "CREATE", None, body)
    # The budget is asked first: with none left even a wrong uid is answered with 429.
    _ask_budgets(store, pod)
    check_preconditions(PODS, pod, options.get("preconditions") or {})
    if not dry:
        grace = options.get("gracePeriodSeconds")
        delete(store, PODS, pod, int(grace) if grace is not None else None)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _ask_budgets(store: Store, pod: Obj) -> None:
    for budget in store.all_of(BUDGETS, namespace_of(pod)):
        if not covers(budget, pod):
            continue
        _, healthy, wanted = counts_of(store, budget)
        if healthy <= wanted and is_true(pod, "Ready"):
            name = name_of(budget)
            message = f"The disruption budget {name} needs {wanted} healthy pods and has {healthy} currently"
            cause = {"reason": "DisruptionBudget", "message": message}
            text = "Cannot evict pod as it would violate the pod's disruption budget."
            raise statuses.too_many(text, {"causes": [cause]})
