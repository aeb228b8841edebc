"""One object in a few lines: what a person would read off it first, never the values of its data."""

import json
from typing import Any

from safety.redaction import Redactor
from tools.kubernetes.objects import container_words, deployment_from, pod_from
from tools.kubernetes.templates import containers_of, probe_words
from tools.objects import meta
from tools.world import JsonObject

_NOISE = frozenset({"managedFields", "selfLink", "resourceVersion", "uid", "generation"})
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_REST_LIMIT = 3_000


def describe(kind: str, obj: JsonObject, redactor: Redactor) -> str:
    """A summary of any object; what has no words of its own is its JSON without the noise."""
    match kind:
        case "Pod":
            lines = _pod(obj, redactor)
        case "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job":
            lines = _workload(kind, obj, redactor)
        case "ConfigMap":
            lines = [_sizes(field, obj.get(field) or {}) for field in ("data", "binaryData") if obj.get(field)]
        case "Node":
            lines = _node(obj)
        case _:
            lines = [_rest(obj, redactor)]
    created = meta(obj).get("creationTimestamp") or "unknown"
    going = ", is being deleted" if meta(obj).get("deletionTimestamp") else ""
    labels = json.dumps(redactor.tree(meta(obj).get("labels") or {}), sort_keys=True)
    return "\n".join([f"{kind} {meta(obj).get('name')}, created {created}{going}, labels {labels}", *lines])


def _pod(obj: JsonObject, redactor: Redactor) -> list[str]:
    pod = pod_from(obj, redactor)
    placed = f"on node {pod.node}" if pod.node else f"on no node: {pod.unschedulable or 'not placed yet'}"
    owner = f", owned by {pod.owner}" if pod.owner else ""
    lines = [f"phase {pod.phase} {pod.reason}, {placed}{owner}, asks for {pod.requests}"]
    for each in pod.containers:
        lines.append(("init " if each.is_init else "") + container_words(each))
        if each.ended and each.ended.message:
            lines.append(f"  its last words: {each.ended.message}")
        probes = (("liveness", each.liveness), ("readiness", each.readiness), ("startup", each.startup))
        lines += [f"  {name} probe: {probe.what}" for name, probe in probes if probe]
    return [*lines, *_conditions(obj)]


def _workload(kind: str, obj: JsonObject, redactor: Redactor) -> list[str]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    if kind == "Deployment":
        lines = [str(deployment_from(obj, redactor).evidence.text)]
    else:
        lines = ["status " + json.dumps(_plain(status), sort_keys=True)]
    for name, each in containers_of(spec.get("template") or {}).items():
        resources = json.dumps(each.get("resources") or {}, sort_keys=True)
        lines.append(f"container {name}: image {each.get('image')}, resources {resources}")
        names = ", ".join(str(variable.get("name")) for variable in each.get("env") or ())
        lines += [f"  environment: {names}"] if names else []
        for field in ("livenessProbe", "readinessProbe", "startupProbe"):
            lines += [f"  {field}: {probe_words(each[field])}"] if each.get(field) else []
    return [*lines, *_conditions(obj)]


def _node(obj: JsonObject) -> list[str]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    taints = ", ".join(f"{each.get('key')}:{each.get('effect')}" for each in spec.get("taints") or ())
    room = json.dumps(status.get("allocatable") or {}, sort_keys=True)
    cordoned = ", takes no new pods" if spec.get("unschedulable") else ""
    return [f"has room for {room}{cordoned}, taints: {taints or 'none'}", *_conditions(obj)]


def _conditions(obj: JsonObject) -> list[str]:
    fields = ("reason", "message")
    return [
        " ".join(
            [f"condition {each.get('type')}={each.get('status')}", *(each[key] for key in fields if each.get(key))]
        )
        for each in (obj.get("status") or {}).get("conditions") or ()
    ]


def _sizes(field: str, data: JsonObject) -> str:
    return f"{field}: " + ", ".join(f"{key} ({len(str(value))} characters)" for key, value in sorted(data.items()))


def _plain(status: JsonObject) -> JsonObject:
    return {key: value for key, value in status.items() if isinstance(value, int | str)}


def _rest(obj: JsonObject, redactor: Redactor) -> str:
    kept: dict[str, Any] = {key: value for key, value in obj.items() if key not in {"apiVersion", "kind", "metadata"}}
    kept["metadata"] = {
        key: value for key, value in meta(obj).items() if key not in _NOISE and key not in {"annotations", "labels"}
    }
    annotations = {key: value for key, value in (meta(obj).get("annotations") or {}).items() if key != _LAST_APPLIED}
    if annotations:
        kept["annotations"] = annotations
    return str(redactor.json(_without_values(kept)).clip(_REST_LIMIT))


def _without_values(value: Any) -> Any:
    """The same without the values of environment variables, which stand beside their names and not under them."""
    match value:
        case dict():
            return {
                key: [str(one.get("name")) for one in each] if key == "env" else _without_values(each)
                for key, each in value.items()
            }
        case list():
            return [_without_values(each) for each in value]
        case _:
            return value
