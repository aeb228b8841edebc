"""CREATE, PUT, PATCH and DELETE: preconditions, validation, dry runs, and what is stored in the end."""

from __future__ import annotations

from typing import Any

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.admission import admit
from bot.demo.cluster_emulator.api.requests import Request
from bot.demo.cluster_emulator.controllers.quotas import exceeded_quota
from bot.demo.cluster_emulator.defaults import apply_defaults
from bot.demo.cluster_emulator.deletion import check_preconditions, delete, finish_if_free
from bot.demo.cluster_emulator.managed_fields import manager_of, note_manager
from bot.demo.cluster_emulator.objects import Obj, clone, dig, name_of, namespace_of, uid_of
from bot.demo.cluster_emulator.patches import PatchFailure, json_patch, merge_patch, strategic_merge
from bot.demo.cluster_emulator.resources import NAMESPACES, PODS, Resource
from bot.demo.cluster_emulator.statuses import Cause
from bot.demo.cluster_emulator.store import Store
from bot.demo.cluster_emulator.validation import check_shape, validate

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
_PATCH_TYPES = (MERGE, STRATEGIC, JSON, APPLY)


def is_dry_run(values: list[str], options_kind: str) -> bool:
    """Whether nothing is to be kept; 422 for a value that is not All."""
    for value in values:
        if value and value != "All":
            raise statuses.bad_dry_run(options_kind, value)
    return "All" in values


def _query_dry_run(request: Request, options_kind: str) -> bool:
    return is_dry_run([request.query["dryRun"]] if "dryRun" in request.query else [], options_kind)


def create(request: Request, store: Store) -> Obj:
    """Store a new object."""
    dry = _query_dry_run(request, "CreateOptions")
    return create_from(request, store, request.object_body(), dry)


def create_from(request: Request, store: Store, body: Obj, dry: bool) -> Obj:
    """Store the object of the body."""
    target, resource = request.target, request.target.resource
    obj = clone(body)
    kind = obj.get("kind", resource.kind)
    if kind != resource.kind:
        raise statuses.bad_request(f"{kind} in version does not match the expected kind {resource.kind}")
    meta = obj.setdefault("metadata", {})
    if resource.namespaced:
        if meta.setdefault("namespace", target.namespace) != target.namespace:
            raise statuses.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        _check_namespace(store, resource, target.namespace, meta.get("name", ""))
    check_shape(obj)
    made = store.prepare(resource, obj)
    apply_defaults(resource, made)
    validate(resource, made)
    note_manager(None, made, _manager(request), "", store.clock.now)
    admit(request, store, "CREATE", None, made)
    complaint = exceeded_quota(store, made) if resource is PODS else None
    if complaint is not None:
        raise statuses.forbidden(resource, name_of(made), complaint)
    return made if dry else store.keep(resource, made)


def _check_namespace(store: Store, resource: Resource, namespace: str, name: str) -> None:
    held = store.get(NAMESPACES, "", namespace)
    if held is None:
        raise statuses.not_found(NAMESPACES, namespace)
    if dig(held, "status", "phase") == "Terminating":
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        cause = Cause("NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace")
        raise statuses.forbidden(resource, name, why, [cause])


def replace(request: Request, store: Store) -> Obj:
    """Store the object of the body in place of the one that is there."""
    dry = _query_dry_run(request, "UpdateOptions")
    resource, target = request.target.resource, request.target
    obj = clone(request.object_body())
    before = store.require(resource, target.namespace, target.name)
    meta = obj.setdefault("metadata", {})
    if meta.setdefault("name", target.name) != target.name:
        raise statuses.bad_request(
            f"the name of the object ({meta['name']}) does not match the name on the URL ({target.name})"
        )
    if resource.namespaced:
        meta.setdefault("namespace", target.namespace)
    if meta.get("uid") and meta["uid"] != uid_of(before):
        why = f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {uid_of(before)}"
        raise statuses.conflict(resource, target.name, why)
    meta["uid"] = uid_of(before)
    return _keep(request, store, before, obj, dry)


def patch(request: Request, store: Store) -> Obj:
    """Change the object that is there."""
    dry = _query_dry_run(request, "PatchOptions")
    resource, target = request.target.resource, request.target
    content_type = request.content_type.split(";")[0].strip()
    if content_type not in _PATCH_TYPES:
        raise statuses.unsupported_media()
    before = store.get(resource, target.namespace, target.name)
    if before is None and content_type == APPLY:
        body = request.object_body()
        body.setdefault("metadata", {})["name"] = target.name
        return create_from(request, store, body, dry)
    before = store.require(resource, target.namespace, target.name)
    after = patched(resource, before, content_type, request.json())
    if name_of(after) != target.name or namespace_of(after) != namespace_of(before):
        raise statuses.bad_request("the name of the object does not match the name on the URL")
    return _keep(request, store, before, after, dry)


def patched(resource: Resource, before: Obj, content_type: str, body: Any) -> Obj:
    """The object with the patch on it; nothing is stored."""
    try:
        if content_type == JSON:
            after = json_patch(before, body)
        elif content_type == MERGE:
            after = merge_patch(before, body)
        else:
            after = strategic_merge(before, body)
    except PatchFailure as failure:
        if failure.is_unprocessable:
            message = f"the server rejected our request due to an error in our request: {failure}"
            raise statuses.ApiFailure(422, "Invalid", message) from failure
        raise statuses.bad_request(str(failure)) from failure
    if not isinstance(after, dict) or not isinstance(after.get("metadata"), dict):
        raise statuses.invalid(resource.qualified_kind, name_of(before), [Cause.required("metadata")])
    return after


def _keep(request: Request, store: Store, before: Obj, obj: Obj, dry: bool) -> Obj:
    resource = request.target.resource
    version = dig(obj, "metadata", "resourceVersion")
    if version and version != before["metadata"]["resourceVersion"]:
        raise statuses.conflict(resource, name_of(before))
    _keep_apart(request, before, obj)
    for field in ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
        obj["metadata"].pop(field, None)
        if field in before["metadata"]:
            obj["metadata"][field] = before["metadata"][field]
    if "managedFields" in before["metadata"]:
        obj["metadata"]["managedFields"] = before["metadata"]["managedFields"]
    check_shape(obj)
    apply_defaults(resource, obj)
    validate(resource, obj, before)
    after = store.amended(resource, before, obj)
    admit(request, store, "UPDATE", before, after)
    if after == before:
        return before
    note_manager(before, after, _manager(request), request.target.subresource, store.clock.now)
    if dry:
        return after
    kept = store.update(resource, after)
    finish_if_free(store, resource, kept)
    return kept


def _manager(request: Request) -> str:
    return manager_of(request.query.get("fieldManager", ""), request.user_agent)


def _keep_apart(request: Request, before: Obj, obj: Obj) -> None:
    # Where there is a status subresource, each door changes its own half only.
    if "status" not in request.target.resource.subresources:
        return
    if request.target.subresource == "status":
        for field in [key for key in {*before, *obj} if key not in ("status", "metadata")]:
            obj.pop(field, None)
            if field in before:
                obj[field] = clone(before[field])
    else:
        obj.pop("status", None)
        if "status" in before:
            obj["status"] = clone(before["status"])


def remove(request: Request, store: Store) -> Obj:
    """Let the object go."""
    resource, target = request.target.resource, request.target
    options = delete_options(request)
    dry = is_dry_run([str(value) for value in options.get("dryRun") or []], "DeleteOptions")
    before = store.require(resource, target.namespace, target.name)
    check_preconditions(resource, before, options.get("preconditions") or {})
    grace = options.get("gracePeriodSeconds")
    if grace is not None and int(grace) < 0:
        raise statuses.invalid(
            "DeleteOptions.meta.k8s.io", "", [Cause.invalid("gracePeriodSeconds", str(grace), "must be positive")]
        )
    admit(request, store, "DELETE", before, None)
    if dry:
        return before if resource is PODS else success(resource, before)
    after = delete(store, resource, before, int(grace) if grace is not None else None, _policy(options))
    return after if resource in (PODS, NAMESPACES) else success(resource, before)


def remove_many(request: Request, store: Store, objects: list[Obj]) -> None:
    """Let all these objects go."""
    options = delete_options(request)
    for obj in objects:
        admit(request, store, "DELETE", obj, None)
    if is_dry_run([str(value) for value in options.get("dryRun") or []], "DeleteOptions"):
        return
    for obj in objects:
        delete(store, request.target.resource, obj, options.get("gracePeriodSeconds"), _policy(options))


def delete_options(request: Request) -> Obj:
    """The options of a delete. Any body at all, even an empty object, takes the place of the query."""
    if request.body:
        return request.object_body()
    options: Obj = {}
    if "dryRun" in request.query:
        options["dryRun"] = [request.query["dryRun"]]
    if request.query.get("gracePeriodSeconds"):
        options["gracePeriodSeconds"] = request.whole("gracePeriodSeconds")
    if request.query.get("propagationPolicy"):
        options["propagationPolicy"] = request.query["propagationPolicy"]
    return options


def _policy(options: Obj) -> str:
    return "Orphan" if options.get("orphanDependents") else str(options.get("propagationPolicy") or "Background")


def success(resource: Resource, obj: Obj) -> Obj:
    """The Status that answers a delete of something that is gone at once."""
    details: Obj = {"name": name_of(obj)}
    if resource.group:
        details["group"] = resource.group
    details.update({"kind": resource.plural, "uid": uid_of(obj)})
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
