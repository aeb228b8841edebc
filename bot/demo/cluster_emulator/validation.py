"""Whether an object may be stored: the checks of the API server whose refusals a client has to live with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.admission import check_admission
from bot.demo.cluster_emulator.objects import Obj, clone, dig, name_of, uid_of
from bot.demo.cluster_emulator.quantities import parse_quantity
from bot.demo.cluster_emulator.resources import ADMISSION_BINDINGS, ADMISSION_POLICIES, Resource
from bot.demo.cluster_emulator.selectors import selector_matches
from bot.demo.cluster_emulator.statuses import Cause

_NAME = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_WORKLOADS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")
_COUNTED = ("spec.replicas", "spec.revisionHistoryLimit", "spec.minReadySeconds", "spec.progressDeadlineSeconds")
_POLICIES = ("Always", "OnFailure", "Never")
_POD_RULE = (
    "pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, "
    "`spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to existing tolerations), "
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


_MAPPINGS: tuple[tuple[str, ...], ...] = (
    *(("metadata",), ("spec",), ("status",), ("metadata", "labels"), ("metadata", "annotations")),
    *(("spec", "template"), ("spec", "template", "metadata"), ("spec", "template", "spec"), ("spec", "strategy")),
    *(("spec", "selector"), ("data",)),
)
_LISTS: tuple[tuple[str, ...], ...] = (
    ("spec", "containers"),
    ("spec", "template", "spec", "containers"),
    ("metadata", "ownerReferences"),
)


def check_shape(obj: Obj) -> None:
    """400 when a part is not of the form that everything else relies on."""
    for path in _MAPPINGS:
        if not isinstance(dig(obj, *path, default={}), dict):
            raise statuses.bad_request(f"json: cannot unmarshal the value of field {'.'.join(path)} into an object")
    for path in _LISTS:
        held = dig(obj, *path, default=[])
        # A service's selector and the like share these names in other kinds; only what is there is looked at.
        if not isinstance(held, list) or not all(isinstance(each, dict) for each in held):
            raise statuses.bad_request(f"json: cannot unmarshal the value of field {'.'.join(path)} into a list")


def validate(resource: Resource, obj: Obj, before: Obj | None = None) -> None:
    """422 with every reason at once when the object may not be stored."""
    causes = list(_causes(resource, obj, before))
    if causes:
        raise statuses.invalid(resource.qualified_kind, name_of(obj), causes)


def _causes(resource: Resource, obj: Obj, before: Obj | None) -> Iterator[Cause]:
    yield from _metadata(obj, before)
    if resource.kind in _WORKLOADS:
        yield from _counts(obj)
        yield from _selector(obj, before)
        yield from _template(resource, obj)
    elif resource.kind == "Pod":
        yield from _containers(dig(obj, "spec", default={}), "spec")
        yield from _pod_change(obj, before)
    elif resource in (ADMISSION_POLICIES, ADMISSION_BINDINGS):
        yield from check_admission(resource, obj)
    elif resource.kind == "Job":
        yield from _containers(dig(obj, "spec", "template", "spec", default={}), "spec.template.spec")


def _metadata(obj: Obj, before: Obj | None) -> Iterator[Cause]:
    name = name_of(obj)
    if not name:
        yield Cause.required("metadata.name", "name or generateName is required")
    elif not _NAME.match(name) or len(name) > 253:
        yield Cause.invalid("metadata.name", f'"{name}"', _NAME_RULE)
    if before is not None and uid_of(obj) != uid_of(before):
        yield Cause.invalid("metadata.uid", f'"{uid_of(obj)}"', "field is immutable")
    for field in ("labels", "annotations"):
        for key, value in dig(obj, "metadata", field, default={}).items():
            if not isinstance(value, str):
                yield Cause.invalid(f"metadata.{field}", f'"{key}"', "must be a string")


def _counts(obj: Obj) -> Iterator[Cause]:
    for field in _COUNTED:
        value = dig(obj, *field.split("."))
        if value is not None and (not isinstance(value, int) or value < 0):
            yield Cause.invalid(field, str(value), "must be greater than or equal to 0")


def _selector(obj: Obj, before: Obj | None) -> Iterator[Cause]:
    selector = dig(obj, "spec", "selector", default={})
    labels = dig(obj, "spec", "template", "metadata", "labels", default={})
    if not selector:
        yield Cause.required("spec.selector")
    elif not selector_matches(selector, labels):
        yield Cause.invalid("spec.template.metadata.labels", str(labels), "`selector` does not match template `labels`")
    if before is not None and dig(before, "spec", "selector") != dig(obj, "spec", "selector"):
        yield Cause.invalid("spec.selector", str(selector), "field is immutable")


def _template(resource: Resource, obj: Obj) -> Iterator[Cause]:
    spec = dig(obj, "spec", "template", "spec", default={})
    yield from _containers(spec, "spec.template.spec")
    policy = spec.get("restartPolicy", "Always")
    if resource.kind != "Job" and policy != "Always":
        yield Cause(
            "FieldValueNotSupported",
            f'Unsupported value: "{policy}": supported values: "Always"',
            "spec.template.spec.restartPolicy",
        )


def _containers(spec: Obj, path: str) -> Iterator[Cause]:
    containers = spec.get("containers") or []
    if not containers:
        yield Cause.required(f"{path}.containers")
    names: set[str] = set()
    for index, container in enumerate(containers):
        place = f"{path}.containers[{index}]"
        name = container.get("name")
        if not name:
            yield Cause.required(f"{place}.name")
        elif name in names:
            yield Cause("FieldValueDuplicate", f'Duplicate value: "{name}"', f"{place}.name")
        names.add(str(name))
        if not container.get("image"):
            yield Cause.required(f"{place}.image")
        yield from _amounts(container, place)
    if spec.get("restartPolicy", "Always") not in _POLICIES:
        yield Cause.invalid(f"{path}.restartPolicy", f'"{spec["restartPolicy"]}"', "unknown restart policy")


def _amounts(container: Obj, place: str) -> Iterator[Cause]:
    requests = dig(container, "resources", "requests", default={})
    limits = dig(container, "resources", "limits", default={})
    for group, amounts in (("requests", requests), ("limits", limits)):
        for key, value in amounts.items():
            try:
                if parse_quantity(value) < 0:
                    yield Cause.invalid(f"{place}.resources.{group}[{key}]", f'"{value}"', "must be non-negative")
            except ValueError:
                yield Cause.invalid(f"{place}.resources.{group}[{key}]", f'"{value}"', "must be a quantity")
                return
    for key, value in requests.items():
        if key in limits and parse_quantity(value) > parse_quantity(limits[key]):
            why = f"must be less than or equal to {key} limit of {limits[key]}"
            yield Cause.invalid(f"{place}.resources.requests", f'"{value}"', why)


def _pod_change(obj: Obj, before: Obj | None) -> Iterator[Cause]:
    if before is None:
        return
    old, new = clone(before.get("spec", {})), clone(obj.get("spec", {}))
    for spec in (old, new):
        for field in ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName"):
            spec.pop(field, None)
        for container in [*spec.get("containers", []), *spec.get("initContainers", [])]:
            container.pop("image", None)
    if old != new:
        yield Cause.forbidden("spec", _POD_RULE)
