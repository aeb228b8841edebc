"""Reads fields of the server's JSON; what is missing or odd is read as absent. Pure, and shared by all who read it."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tools.evidence import ObjectRef
from tools.world import JsonObject

# The label on pods of a StatefulSet or DaemonSet that names the revision they are of.
REVISION_HASH = "controller-revision-hash"
_UNITS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}
_QUANTITY = re.compile(r"([0-9.]+(?:[eE][-+]?[0-9]+)?)([A-Za-z]*)")


def at(value: Any) -> datetime | None:
    """A time of the API, with a zone; nothing for anything else."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def number(value: Any, default: int = 0) -> int:
    return value if isinstance(value, int) else int(value) if isinstance(value, str) and value.isdigit() else default


def quantity(value: Any) -> float | None:
    """A resource quantity as a number: bytes, cores or a count. ``512Mi`` is 536870912.0, ``250m`` is 0.25."""
    if isinstance(value, int | float):
        return float(value)
    found = _QUANTITY.fullmatch(str(value).strip()) if value is not None else None
    if found is None:
        return None
    unit = _BINARY.get(found[2], _UNITS.get(found[2]))
    return None if unit is None else float(found[1]) * unit


def part(obj: Any, *path: str) -> Any:
    """The value at a path of keys, or None: ``part(pod, "spec", "nodeName")``."""
    for key in path:
        if not isinstance(obj, Mapping):
            return None
        obj = obj.get(key)
    return obj


def mapping(obj: Any, *path: str) -> JsonObject:
    """The object at a path, empty where there is none."""
    found = part(obj, *path)
    return found if isinstance(found, dict) else {}


def items(obj: Any, *path: str) -> list[Any]:
    """The list at a path, empty where there is none."""
    found = part(obj, *path)
    return found if isinstance(found, list) else []


def meta(obj: JsonObject) -> JsonObject:
    return mapping(obj, "metadata")


def name_of(obj: JsonObject) -> str:
    return str(meta(obj).get("name"))


def namespace_of(obj: JsonObject) -> str | None:
    return meta(obj).get("namespace")


def labels_of(obj: JsonObject) -> dict[str, str]:
    return {str(key): str(value) for key, value in mapping(obj, "metadata", "labels").items()}


def annotations_of(obj: JsonObject) -> dict[str, str]:
    return {str(key): str(value) for key, value in mapping(obj, "metadata", "annotations").items()}


def created_at(obj: JsonObject) -> datetime | None:
    return at(meta(obj).get("creationTimestamp"))


def ref_of(kind: str, obj: JsonObject) -> ObjectRef:
    return ObjectRef(kind, namespace_of(obj), name_of(obj))


def _controller(obj: JsonObject) -> JsonObject | None:
    """The reference to what controls it; a single one that does not say counts, as in files written by hand."""
    owners = [each for each in items(obj, "metadata", "ownerReferences") if isinstance(each, dict)]
    named = next((each for each in owners if each.get("controller")), None)
    return named or (owners[0] if len(owners) == 1 and "controller" not in owners[0] else None)


def owner_of(obj: JsonObject) -> ObjectRef | None:
    """The object that controls this one."""
    owner = _controller(obj)
    return ObjectRef(str(owner.get("kind")), namespace_of(obj), str(owner.get("name"))) if owner else None


def owner_uid(obj: JsonObject) -> str | None:
    owner = _controller(obj)
    return str(owner.get("uid")) if owner else None


def conditions(obj: JsonObject) -> Iterator[JsonObject]:
    yield from (each for each in items(obj, "status", "conditions") if isinstance(each, dict))


def condition(obj: JsonObject, kind: str) -> JsonObject:
    """One of the object's conditions, empty when it has none of that kind."""
    return next((each for each in conditions(obj) if each.get("type") == kind), {})


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector (``matchLabels`` and ``matchExpressions``) selects these labels; an empty one does."""
    wanted = mapping(selector, "matchLabels")
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_fits(each, labels) for each in items(selector, "matchExpressions"))


def _fits(expression: JsonObject, labels: Mapping[str, str]) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False


def template_of(workload: JsonObject) -> JsonObject:
    """The pod template of any controller; a bare pod is its own."""
    kind = workload.get("kind")
    if kind == "CronJob":
        return mapping(workload, "spec", "jobTemplate", "spec", "template")
    return workload if kind == "Pod" else mapping(workload, "spec", "template")


def containers_of(template: JsonObject) -> list[JsonObject]:
    """The containers of a pod or a template, those that run before the others included."""
    return [
        each
        for key in ("initContainers", "containers")
        for each in items(template, "spec", key)
        if isinstance(each, dict)
    ]
