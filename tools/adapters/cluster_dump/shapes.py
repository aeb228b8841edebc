"""Brings what was read from files into the shapes an API server would answer with, and leaves secrets behind.

Fields that no server could have sent (text where a number belongs, a list where an object does) are dropped, as are
nulls: code that reads a live cluster then meets nothing here that it could not meet there.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from kubernetes.aio import client

from tools.objects import at
from tools.world import KINDS, JsonObject

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
FIRST_YEAR, LAST_YEAR = 1971, 2200
# Groups that kinds lived in before they moved to where KINDS has them.
_FORMER = {"extensions"}


def tidied(obj: JsonObject) -> tuple[str, JsonObject] | None:
    """The kind under which an object is kept and the object in its shape; nothing for what is none."""
    kind, version = obj.get("kind"), obj.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(obj.get("metadata"), dict):
        return None
    group, _, version = version.rpartition("/") if isinstance(version, str) else ("", "", "")
    if kind.lower() == "secret":
        return _checked("Secret", _without_values(obj))
    if kind == "Event" and group == "events.k8s.io":
        obj, group = _as_core_event(obj), ""
    known = KINDS.get(kind)
    if known is not None and version and group not in {known.group, *_FORMER}:
        # Another group's kind of the same name, such as a Service of Knative.
        return _checked(f"{kind}.{group}", _shaped(obj, None))
    return _checked(kind, _shaped(obj, _model(kind, version) if known else None))


def _checked(kind: str, obj: JsonObject) -> tuple[str, JsonObject] | None:
    metadata = obj.get("metadata") or {}
    if not metadata.get("name"):
        return None
    known = KINDS.get(kind)
    if known is not None and not known.namespaced:
        metadata.pop("namespace", None)
    elif known is not None or kind == "Secret":
        metadata.setdefault("namespace", "default")
    return kind, obj


def _model(kind: str, version: str) -> Any:
    if kind == "Event":
        return client.CoreV1Event
    # Of a version that no server has any more, what it shares with today's is still to be in its shape.
    todays = getattr(client, f"{KINDS[kind].version.capitalize()}{kind}", None)
    return getattr(client, f"{version.capitalize()}{kind}", todays)


def _with_writes_only(metadata: JsonObject) -> JsonObject:
    """Of what the server keeps of every writer only who wrote and when: it dates changes that leave no other trace."""
    rest = {key: value for key, value in metadata.items() if key != "managedFields"}
    kept = metadata.get("managedFields")
    fields = ("manager", "operation", "time")
    writes = [
        {key: each[key] for key in fields if isinstance(each.get(key), str)}
        for each in (kept if isinstance(kept, list) else ())
        if isinstance(each, dict)
    ]
    return {**rest, "managedFields": writes} if writes else rest


def _shaped(obj: JsonObject, model: Any) -> JsonObject:
    metadata = _with_writes_only(obj["metadata"])
    trimmed = {**obj, "metadata": metadata}
    if model is not None:
        return _of_model(trimmed, model)
    plain = {key: value for key, value in trimmed.items() if value is not None}
    return {**plain, "metadata": _of_model(metadata, client.V1ObjectMeta)}


def _of_model(value: JsonObject, model: Any) -> JsonObject:
    types = _fields(model)
    shaped = ((key, _of_type(each, types.get(key, "object"))) for key, each in value.items())
    return {key: each for key, each in shaped if each is not None}


@cache
def _fields(model: Any) -> dict[str, str]:
    """The OpenAPI type of each field, by its name in JSON."""
    return {model.attribute_map[name]: wanted for name, wanted in model.openapi_types.items()}


@cache
def _identity(wanted: str) -> tuple[str, ...]:
    """What an entry of a list must have to be one: those of name, kind and type that its type requires."""
    fields = getattr(getattr(client, wanted, None), "model_fields", {})
    return tuple(each for each in ("name", "kind", "type") if each in fields and fields[each].is_required())


def _of_type(value: Any, wanted: str) -> Any:
    """The value if it is of an OpenAPI type or can be read as one, else None."""
    if value is None:
        return None
    if wanted.startswith("List["):
        return _list_of(value, wanted[5:-1])
    if wanted.startswith("Dict["):
        return _dict_of(value, wanted[5:-1].partition(", ")[2])
    if wanted in _PLAIN:
        return _PLAIN[wanted](value)
    model = getattr(client, wanted, None)
    if model is None or not hasattr(model, "openapi_types"):
        return value
    return _of_model(value, model) if isinstance(value, dict) else None


def _list_of(value: Any, wanted: str) -> list[Any] | None:
    if not isinstance(value, list):
        return None
    shaped = [found for each in value if (found := _of_type(each, wanted)) is not None]
    identity = _identity(wanted)
    return [each for each in shaped if all(each.get(key) for key in identity)] if identity else shaped


def _dict_of(value: Any, wanted: str) -> JsonObject | None:
    if not isinstance(value, dict):
        return None
    shaped = ((key, _of_type(each, wanted)) for key, each in value.items())
    return {key: each for key, each in shaped if each is not None}


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else None


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20 else None


def _real(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _moment(value: Any) -> str | None:
    found = at(value)
    return str(value) if found is not None and FIRST_YEAR <= found.year < LAST_YEAR else None


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "str": _text,
    "int": _whole,
    "float": _real,
    "bool": _flag,
    "datetime": _moment,
    "bytes": _text,
    "object": lambda value: value,
}


def _without_values(secret: JsonObject) -> JsonObject:
    """What a Secret is called and which keys it has; its values are never kept, not even in memory."""
    metadata = _of_model(secret["metadata"], client.V1ObjectMeta)
    metadata = _with_writes_only(metadata)
    annotations = metadata.get("annotations") or {}
    # An annotation may hold anything; that something was rotated at a time is worth keeping.
    metadata["annotations"] = {
        key: value if at(value) else "" for key, value in annotations.items() if key != LAST_APPLIED
    }
    keys = [key for part in ("data", "stringData") if isinstance(secret.get(part), dict) for key in secret[part]]
    type_ = secret.get("type")
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": type_ if isinstance(type_, str) else "Opaque",
        "data": dict.fromkeys(sorted(keys)),
    }


_NEW_EVENT = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedCount": "count",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedSource": "source",
}


def _as_core_event(event: JsonObject) -> JsonObject:
    """The same event as the core API answers it."""
    renamed = {_NEW_EVENT.get(key, key): value for key, value in event.items()}
    return {**renamed, "apiVersion": "v1"}
