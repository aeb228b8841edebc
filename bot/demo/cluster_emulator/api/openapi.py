"""The OpenAPI documents, as far as clients read them before a write: which kinds can be patched, with which query."""

from __future__ import annotations

from bot.demo.cluster_emulator.objects import Obj
from bot.demo.cluster_emulator.resources import SERVED, Resource

_ROOT = "/openapi/v3"
_QUERY = ("dryRun", "fieldManager", "fieldValidation")


def openapi(path: str) -> Obj | None:
    """The index, or the document of one group and version; None when the path is none of them."""
    path = path.rstrip("/")
    places = {_place(each) for each in SERVED}
    if path == _ROOT:
        return {"paths": {place: {"serverRelativeURL": f"{_ROOT}/{place}"} for place in sorted(places)}}
    place = path.removeprefix(f"{_ROOT}/")
    return _document(place) if path != place and place in places else None


def _place(resource: Resource) -> str:
    return f"apis/{resource.group}/{resource.version}" if resource.group else f"api/{resource.version}"


def _document(place: str) -> Obj:
    served = [each for each in SERVED if _place(each) == place]
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.2"},
        "paths": {_url(each): _operations(each) for each in served},
        "components": {"schemas": {}},
    }


def _url(resource: Resource) -> str:
    middle = "/namespaces/{namespace}" if resource.namespaced else ""
    return f"/{_place(resource)}{middle}/{resource.plural}/{{name}}"


def _operations(resource: Resource) -> Obj:
    verbs = [verb for verb in ("get", "patch", "delete") if verb in resource.verbs]
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    query = [{"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in _QUERY]
    made = {"responses": {"200": {"description": "OK"}}, "x-kubernetes-group-version-kind": kind}
    return {verb: {**made, "parameters": query if verb == "patch" else []} for verb in verbs}
