"""GET and LIST: one object or many, selected, in pages, as objects, metadata or tables."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.api.requests import Request
from bot.demo.cluster_emulator.objects import Obj, name_of, namespace_of
from bot.demo.cluster_emulator.resources import Resource
from bot.demo.cluster_emulator.selectors import Matcher, field_matcher, label_matcher
from bot.demo.cluster_emulator.store import Store
from bot.demo.cluster_emulator.tables import as_table, partial_metadata

_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter."
)
_BAD_TOKEN = "continue key is not valid: "


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the objects that were asked for."""

    items: list[Obj]
    version: int
    token: str = ""
    remaining: int = 0


def form_of(accept: str) -> str:
    """Which form the client prefers among those served: Table, PartialObjectMetadata(List) or plain."""
    for choice in accept.split(","):
        parts = dict(part.strip().partition("=")[::2] for part in choice.split(";")[1:])
        kind = parts.get("as", "")
        if kind in ("Table", "PartialObjectMetadataList", "PartialObjectMetadata") and parts.get("v") == "v1":
            return kind
        if not kind and choice.split(";")[0].strip() in ("application/json", "*/*"):
            return ""
    return ""


def matcher_of(request: Request, resource: Resource) -> Matcher:
    """The test that the request's selectors make."""
    by_label = label_matcher(request.query.get("labelSelector", ""))
    by_field = field_matcher(resource, request.query.get("fieldSelector", ""))
    return lambda obj: by_label(obj) and by_field(obj)


def show(request: Request, store: Store, obj: Obj) -> Obj:
    """One object in the form that was asked for."""
    form = form_of(request.accept)
    if form == "Table":
        include = request.query.get("includeObject", "Metadata")
        table = as_table(request.target.resource.kind, [obj], include, store.clock.now)
        table["metadata"] = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return table
    return partial_metadata(obj) if form == "PartialObjectMetadata" else obj


def list_objects(request: Request, store: Store) -> Obj:
    """A list in the form that was asked for."""
    resource = request.target.resource
    page = _page(request, store, matcher_of(request, resource))
    meta: Obj = {"resourceVersion": str(page.version)}
    if page.token:
        meta["continue"] = page.token
        if not request.query.get("labelSelector") and not request.query.get("fieldSelector"):
            meta["remainingItemCount"] = page.remaining
    form = form_of(request.accept)
    if form == "Table":
        include = request.query.get("includeObject", "Metadata")
        if include not in ("None", "Metadata", "Object"):
            raise statuses.bad_request(f'unrecognized includeObject value: "{include}"')
        return {**as_table(resource.kind, page.items, include, store.clock.now), "metadata": meta}
    if form == "PartialObjectMetadataList":
        items = [partial_metadata(item) for item in page.items]
        return {"kind": form, "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": items}
    items = [{key: value for key, value in item.items() if key not in ("kind", "apiVersion")} for item in page.items]
    return {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": meta, "items": items}


def _page(request: Request, store: Store, matches: Matcher) -> Page:
    token = request.query.get("continue", "")
    limit = request.whole("limit")
    if token:
        version, number = _read_token(token)
        held = store.snapshot(number)
        if held is None:
            raise statuses.expired(_EXPIRED)
        items = held
    else:
        version = store.version
        items = store.all_of(request.target.resource, request.target.namespace)
        if request.query.get("labelSelector") or request.query.get("fieldSelector"):
            items = [obj for obj in items if matches(obj)]
    # Version 0 asks for whatever the server has at hand, and then pages are not cut.
    if limit <= 0 or limit >= len(items) or (not token and request.query.get("resourceVersion") == "0"):
        return Page(items, version)
    rest = items[limit:]
    start = f"{namespace_of(rest[0])}/{name_of(rest[0])}"
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "page": store.keep_snapshot(rest), "start": start})
    return Page(items[:limit], version, base64.urlsafe_b64encode(text.encode()).decode(), len(rest))


def _read_token(token: str) -> tuple[int, int]:
    try:
        held = json.loads(base64.urlsafe_b64decode(token.encode()))
        return int(held["rv"]), int(held["page"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise statuses.bad_request(f"{_BAD_TOKEN}{error}") from error
