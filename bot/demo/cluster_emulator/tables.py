"""Answers in the Table form: the columns and cells that kubectl prints for each kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from bot.demo.cluster_emulator.durations import age_of, human_duration
from bot.demo.cluster_emulator.objects import Obj, dig, is_going, is_true, name_of, owner_of, parse_stamp
from bot.demo.cluster_emulator.podwords import pod_words
from bot.demo.cluster_emulator.selectors import selector_text

Cells = list[Any]
# A column is "Name", "Name:integer", and ends in "+" when it is shown only in the wide form.
Layout = tuple[Sequence[str], Callable[[Obj, datetime], Cells]]


def _age(obj: Obj, now: datetime) -> str:
    return age_of(dig(obj, "metadata", "creationTimestamp"), now)


def _pod(obj: Obj, now: datetime) -> Cells:
    words, spec, status = pod_words(obj, now), obj["spec"], obj.get("status") or {}
    places = [status.get("podIP"), spec.get("nodeName"), status.get("nominatedNodeName"), None]
    return [
        name_of(obj),
        words.ready,
        words.status,
        words.restarts,
        _age(obj, now),
        *(each or "<none>" for each in places),
    ]


def _images(obj: Obj) -> tuple[str, str]:
    containers = dig(obj, "spec", "template", "spec", "containers", default=[])
    return ",".join(each["name"] for each in containers), ",".join(each.get("image", "") for each in containers)


def _deployment(obj: Obj, now: datetime) -> Cells:
    status = obj.get("status", {})
    ready = f"{status.get('readyReplicas', 0)}/{dig(obj, 'spec', 'replicas', default=0)}"
    counts = [status.get("updatedReplicas", 0), status.get("availableReplicas", 0)]
    selector = selector_text(dig(obj, "spec", "selector", default={})) or "<none>"
    return [name_of(obj), ready, *counts, _age(obj, now), *_images(obj), selector]


def _replicaset(obj: Obj, now: datetime) -> Cells:
    status = obj.get("status", {})
    counts = [dig(obj, "spec", "replicas", default=0), status.get("replicas", 0), status.get("readyReplicas", 0)]
    selector = selector_text(dig(obj, "spec", "selector", default={})) or "<none>"
    return [name_of(obj), *counts, _age(obj, now), *_images(obj), selector]


def _statefulset(obj: Obj, now: datetime) -> Cells:
    ready = f"{dig(obj, 'status', 'readyReplicas', default=0)}/{dig(obj, 'spec', 'replicas', default=0)}"
    return [name_of(obj), ready, _age(obj, now), *_images(obj)]


def _daemonset(obj: Obj, now: datetime) -> Cells:
    fields = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady")
    counts = [dig(obj, "status", field, default=0) for field in (*fields, "updatedNumberScheduled", "numberAvailable")]
    chosen = dig(obj, "spec", "template", "spec", "nodeSelector", default={})
    nodes = selector_text({"matchLabels": chosen}) or "<none>"
    selector = selector_text(dig(obj, "spec", "selector", default={})) or "<none>"
    return [name_of(obj), *counts, nodes, _age(obj, now), *_images(obj), selector]


def _job(obj: Obj, now: datetime) -> Cells:
    status = obj.get("status", {})
    word = "Running"
    for kind, name in (("Complete", "Complete"), ("Failed", "Failed"), ("Suspended", "Suspended")):
        word = name if is_true(obj, kind) else word
    duration = ""
    if status.get("startTime"):
        end = parse_stamp(status["completionTime"]) if status.get("completionTime") else now
        duration = human_duration((end - parse_stamp(status["startTime"])).total_seconds())
    completions = f"{status.get('succeeded', 0)}/{dig(obj, 'spec', 'completions', default=1)}"
    selector = selector_text(dig(obj, "spec", "selector", default={})) or "<none>"
    return [name_of(obj), word, completions, duration, _age(obj, now), *_images(obj), selector]


def _cronjob(obj: Obj, now: datetime) -> Cells:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    last = age_of(status["lastScheduleTime"], now) if status.get("lastScheduleTime") else "<none>"
    zone = spec.get("timeZone", "<none>")
    inner = {"spec": dig(spec, "jobTemplate", "spec", default={})}
    suspended = str(bool(spec.get("suspend")))
    active = len(status.get("active", []))
    selector = selector_text(dig(inner, "spec", "selector", default={})) or "<none>"
    words = [spec.get("schedule", ""), zone, suspended, active, last, _age(obj, now)]
    return [name_of(obj), *words, *_images(inner), selector]


def _autoscaler(obj: Obj, now: datetime) -> Cells:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    reference = f"{dig(spec, 'scaleTargetRef', 'kind')}/{dig(spec, 'scaleTargetRef', 'name')}"
    targets = [_target(each["resource"], status) for each in spec.get("metrics", []) if "resource" in each]
    bounds = [str(spec.get("minReplicas", "<unset>")), spec.get("maxReplicas", 0), status.get("currentReplicas", 0)]
    return [name_of(obj), reference, ", ".join(targets) or "<none>", *bounds, _age(obj, now)]


def _target(metric: Obj, status: Obj) -> str:
    found = [each["resource"] for each in status.get("currentMetrics", []) if "resource" in each]
    current: Obj = next((each["current"] for each in found if each["name"] == metric["name"]), {})
    wanted = metric["target"]
    if "averageUtilization" in wanted:
        shown = current.get("averageUtilization", "<unknown>")
        return f"{metric['name']}: {shown}{'%' if current else ''}/{wanted['averageUtilization']}%"
    return f"{metric['name']}: {current.get('averageValue', '<unknown>')}/{wanted.get('averageValue')}"


def _revision(obj: Obj, now: datetime) -> Cells:
    owner = owner_of(obj)
    name = f"{str(owner['kind']).lower()}.apps/{owner['name']}" if owner else "<none>"
    return [name_of(obj), name, obj.get("revision", 0), _age(obj, now)]


def _budget(obj: Obj, now: datetime) -> Cells:
    spec = obj.get("spec", {})
    bounds = [str(spec.get(field, "N/A")) for field in ("minAvailable", "maxUnavailable")]
    return [name_of(obj), *bounds, dig(obj, "status", "disruptionsAllowed", default=0), _age(obj, now)]


def _event(obj: Obj, now: datetime) -> Cells:
    involved = obj.get("involvedObject", {})
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    last = obj.get("lastTimestamp") or first
    source = obj.get("source", {})
    origin = ", ".join(part for part in (source.get("component", ""), source.get("host", "")) if part)
    subject = f"{str(involved.get('kind', '')).lower()}/{involved.get('name', '')}"
    message = str(obj.get("message", "")).strip()
    words = [obj.get("type", ""), obj.get("reason", ""), subject, involved.get("fieldPath", ""), origin, message]
    return [age_of(last, now), *words, age_of(first, now), obj.get("count", 1), name_of(obj)]


def _node(obj: Obj, now: datetime) -> Cells:
    word = "Ready" if is_true(obj, "Ready") else "NotReady"
    if dig(obj, "spec", "unschedulable"):
        word += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    labels = dig(obj, "metadata", "labels", default={})
    roles = ",".join(sorted(key[len(prefix) :] for key in labels if key.startswith(prefix))) or "<none>"
    info = dig(obj, "status", "nodeInfo", default={})
    addresses = {each["type"]: each["address"] for each in dig(obj, "status", "addresses", default=[])}
    places = [addresses.get("InternalIP", "<none>"), addresses.get("ExternalIP", "<none>")]
    system = [info.get(key, "<unknown>") for key in ("osImage", "kernelVersion", "containerRuntimeVersion")]
    return [name_of(obj), word, roles, _age(obj, now), info.get("kubeletVersion", ""), *places, *system]


def _namespace(obj: Obj, now: datetime) -> Cells:
    return [name_of(obj), dig(obj, "status", "phase", default="Active"), _age(obj, now)]


def _service(obj: Obj, now: datetime) -> Cells:
    spec = obj.get("spec", {})
    ports = ",".join(f"{port.get('port')}/{port.get('protocol', 'TCP')}" for port in spec.get("ports", []))
    selector = selector_text({"matchLabels": spec.get("selector", {})}) or "<none>"
    where = [spec.get("type", "ClusterIP"), spec.get("clusterIP", "<none>"), "<none>", ports or "<none>"]
    return [name_of(obj), *where, _age(obj, now), selector]


def _endpoints(obj: Obj, now: datetime) -> Cells:
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets", [])
        for port in subset.get("ports", [])
        for address in subset.get("addresses", [])
    ]
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""
    return [name_of(obj), (",".join(found[:3]) + more) or "<none>", _age(obj, now)]


def _slice(obj: Obj, now: datetime) -> Cells:
    ports = ",".join(str(each["port"]) for each in obj.get("ports") or []) or "<unset>"
    found = [address for each in obj.get("endpoints") or [] for address in each["addresses"]]
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""
    return [name_of(obj), obj.get("addressType"), ports, (",".join(found[:3]) + more) or "<unset>", _age(obj, now)]


def _counted(obj: Obj, now: datetime) -> Cells:
    return [name_of(obj), len(obj.get("data", {}) or {}), _age(obj, now)]


def _secret(obj: Obj, now: datetime) -> Cells:
    return [name_of(obj), obj.get("type", "Opaque"), len(obj.get("data", {}) or {}), _age(obj, now)]


def _claim(obj: Obj, now: datetime) -> Cells:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    modes = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
    access = ",".join(modes.get(mode, mode) for mode in spec.get("accessModes", []))
    word = "Terminating" if is_going(obj) else status.get("phase", "Pending")
    size = dig(status, "capacity", "storage", default="")
    volume = [spec.get("volumeName", ""), size, access, spec.get("storageClassName", ""), "<unset>"]
    return [name_of(obj), word, *volume, _age(obj, now), spec.get("volumeMode", "Filesystem")]


def _quota(obj: Obj, now: datetime) -> Cells:
    hard, used = dig(obj, "status", "hard", default={}), dig(obj, "status", "used", default={})
    rows = {key: f"{key}: {used.get(key, '0')}/{value}" for key, value in sorted(hard.items())}
    limits = ", ".join(text for key, text in rows.items() if key.startswith("limits."))
    requests = ", ".join(text for key, text in rows.items() if not key.startswith("limits."))
    return [name_of(obj), requests, limits, _age(obj, now)]


def _other(obj: Obj, _now: datetime) -> Cells:
    return [name_of(obj), dig(obj, "metadata", "creationTimestamp", default="")]


_WORKLOAD = ("Containers+", "Images+")
_LAYOUTS: dict[str, Layout] = {
    "Pod": (
        ("Name", "Ready", "Status", "Restarts", "Age", "IP+", "Node+", "Nominated Node+", "Readiness Gates+"),
        _pod,
    ),
    "Deployment": (
        ("Name", "Ready", "Up-to-date:integer", "Available:integer", "Age", *_WORKLOAD, "Selector+"),
        _deployment,
    ),
    "ReplicaSet": (
        ("Name", "Desired:integer", "Current:integer", "Ready:integer", "Age", *_WORKLOAD, "Selector+"),
        _replicaset,
    ),
    "StatefulSet": (("Name", "Ready", "Age", *_WORKLOAD), _statefulset),
    "DaemonSet": (
        (
            *("Name", "Desired:integer", "Current:integer", "Ready:integer", "Up-to-date:integer"),
            *("Available:integer", "Node Selector", "Age", *_WORKLOAD, "Selector+"),
        ),
        _daemonset,
    ),
    "Job": (("Name", "Status", "Completions", "Duration", "Age", *_WORKLOAD, "Selector+"), _job),
    "CronJob": (
        (
            *("Name", "Schedule", "Timezone", "Suspend", "Active:integer", "Last Schedule", "Age"),
            *(*_WORKLOAD, "Selector+"),
        ),
        _cronjob,
    ),
    "HorizontalPodAutoscaler": (
        ("Name", "Reference", "Targets", "MinPods", "MaxPods:integer", "Replicas:integer", "Age"),
        _autoscaler,
    ),
    "ControllerRevision": (("Name", "Controller", "Revision:integer", "Age"), _revision),
    "PodDisruptionBudget": (
        ("Name", "Min Available", "Max Unavailable", "Allowed Disruptions:integer", "Age"),
        _budget,
    ),
    "Event": (
        (
            *("Last Seen", "Type", "Reason", "Object", "Subobject+", "Source+", "Message"),
            *("First Seen+", "Count:integer+", "Name+"),
        ),
        _event,
    ),
    "Node": (
        (
            *("Name", "Status", "Roles", "Age", "Version", "Internal-IP+", "External-IP+"),
            *("OS-Image+", "Kernel-Version+", "Container-Runtime+"),
        ),
        _node,
    ),
    "Namespace": (("Name", "Status", "Age"), _namespace),
    "Service": (("Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "Selector+"), _service),
    "Endpoints": (("Name", "Endpoints", "Age"), _endpoints),
    "EndpointSlice": (("Name", "AddressType", "Ports", "Endpoints", "Age"), _slice),
    "ConfigMap": (("Name", "Data:integer", "Age"), _counted),
    "Secret": (("Name", "Type", "Data:integer", "Age"), _secret),
    "PersistentVolumeClaim": (
        (
            *("Name", "Status", "Volume", "Capacity", "Access Modes", "StorageClass"),
            *("VolumeAttributesClass", "Age", "VolumeMode+"),
        ),
        _claim,
    ),
    "ResourceQuota": (("Name", "Request", "Limit", "Age"), _quota),
}
_OTHER: Layout = (("Name", "Created At"), _other)


def as_table(kind: str, items: Sequence[Obj], include: str, now: datetime) -> Obj:
    """The items as rows; `include` says how much of each object comes along: None, Metadata or Object."""
    columns, cells = _LAYOUTS.get(kind, _OTHER)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": [_column(each) for each in columns],
        "rows": [_row(cells(item, now), item, include) for item in items],
    }


def _column(text: str) -> Obj:
    name, _, kind = text.removesuffix("+").partition(":")
    return {
        "name": name,
        "type": kind or "string",
        "format": "name" if name == "Name" else "",
        "description": "",
        "priority": 1 if text.endswith("+") else 0,
    }


def _row(cells: Cells, item: Obj, include: str) -> Obj:
    if include == "None":
        return {"cells": cells, "object": None}
    return {"cells": cells, "object": item if include == "Object" else partial_metadata(item)}


def partial_metadata(item: Obj) -> Obj:
    """Only an object's metadata, in the form that clients ask for by Accept header."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}
