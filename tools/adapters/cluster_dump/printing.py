"""The columns and cells that an API server prints for objects, those that kubectl shows only when asked included."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from tools.adapters.cluster_dump.autoscaling import targets_of
from tools.adapters.cluster_dump.durations import human, since
from tools.adapters.cluster_dump.podwords import pod_words
from tools.objects import annotations_of, at, condition, items, labels_of, mapping, meta, name_of, part
from tools.world import JsonObject, Table

Cells = list[Any]
_NONE, _UNSET = "<none>", "<unset>"


def print_table(kind: str, objects: Sequence[JsonObject], now: datetime, *, truncated: bool = False) -> Table:
    """``now`` is when the ages are told."""
    columns, cells = _LAYOUTS.get(kind, _PLAIN)
    rows = (tuple("" if each is None else str(each) for each in cells(obj, now)) for obj in objects)
    return Table(tuple(columns), tuple(rows), truncated)


def _age(obj: JsonObject, now: datetime) -> str:
    return since(meta(obj).get("creationTimestamp"), now)


def _is_true(obj: JsonObject, kind: str) -> bool:
    return condition(obj, kind).get("status") == "True"


def _count(obj: JsonObject, *path: str) -> Any:
    found = part(obj, *path)
    return 0 if found is None else found


def _plain(obj: JsonObject, now: datetime) -> Cells:
    return [name_of(obj), _age(obj, now)]


def _namespace(obj: JsonObject, now: datetime) -> Cells:
    return [name_of(obj), part(obj, "status", "phase") or "", _age(obj, now)]


def _pod(obj: JsonObject, now: datetime) -> Cells:
    status, spec = mapping(obj, "status"), mapping(obj, "spec")
    addresses = [each.get("ip") for each in items(status, "podIPs") if isinstance(each, dict)]
    places = [
        (addresses[0] if addresses else status.get("podIP")) or _NONE,
        spec.get("nodeName") or _NONE,
        status.get("nominatedNodeName") or _NONE,
    ]
    gates = items(spec, "readinessGates")
    passed = sum(_is_true(obj, str(each.get("conditionType"))) for each in gates)
    return [
        name_of(obj),
        *pod_words(obj, now),
        _age(obj, now),
        *places,
        f"{passed}/{len(gates)}" if gates else _NONE,
    ]


def _images(workload: JsonObject) -> list[str]:
    containers = items(workload, "spec", "template", "spec", "containers")
    return [",".join(str(each.get(key) or "") for each in containers) for key in ("name", "image")]


def _selector(obj: JsonObject) -> str:
    selector = mapping(obj, "spec", "selector")
    terms = {str(key): f"{key}={value}" for key, value in mapping(selector, "matchLabels").items()}
    for each in items(selector, "matchExpressions"):
        key, values = str(each.get("key")), ",".join(sorted(map(str, items(each, "values"))))
        forms = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }
        terms[f"{key} {each.get('operator')}"] = forms.get(str(each.get("operator")), key)
    return ",".join(text for _, text in sorted(terms.items())) or _NONE


def _labels(labels: JsonObject) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or _NONE


def _deployment(obj: JsonObject, now: datetime) -> Cells:
    ready = f"{_count(obj, 'status', 'readyReplicas')}/{_count(obj, 'spec', 'replicas')}"
    counts = [_count(obj, "status", "updatedReplicas"), _count(obj, "status", "availableReplicas")]
    return [name_of(obj), ready, *counts, _age(obj, now), *_images(obj), _selector(obj)]


def _replica_set(obj: JsonObject, now: datetime) -> Cells:
    counts = [
        _count(obj, "spec", "replicas"),
        _count(obj, "status", "replicas"),
        _count(obj, "status", "readyReplicas"),
    ]
    return [name_of(obj), *counts, _age(obj, now), *_images(obj), _selector(obj)]


def _stateful_set(obj: JsonObject, now: datetime) -> Cells:
    ready = f"{_count(obj, 'status', 'readyReplicas')}/{_count(obj, 'spec', 'replicas')}"
    return [name_of(obj), ready, _age(obj, now), *_images(obj)]


def _daemon_set(obj: JsonObject, now: datetime) -> Cells:
    fields = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady")
    counts = [_count(obj, "status", each) for each in (*fields, "updatedNumberScheduled", "numberAvailable")]
    nodes = _labels(mapping(obj, "spec", "template", "spec", "nodeSelector"))
    return [name_of(obj), *counts, nodes, _age(obj, now), *_images(obj), _selector(obj)]


def _job(obj: JsonObject, now: datetime) -> Cells:
    done, spec = _count(obj, "status", "succeeded"), mapping(obj, "spec")
    if spec.get("completions") is not None:
        completions = f"{done}/{spec['completions']}"
    else:
        parallel = spec.get("parallelism") or 0
        completions = f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    started, ended = at(part(obj, "status", "startTime")), at(part(obj, "status", "completionTime"))
    lasted = human(((ended or now) - started).total_seconds()) if started else ""
    return [name_of(obj), _job_word(obj), completions, lasted, _age(obj, now), *_images(obj), _selector(obj)]


def _job_word(obj: JsonObject) -> str:
    if _is_true(obj, "Complete"):
        return "Complete"
    if _is_true(obj, "Failed"):
        return "Failed"
    if meta(obj).get("deletionTimestamp"):
        return "Terminating"
    words = ("Suspended", "FailureTarget", "SuccessCriteriaMet")
    return next((each for each in words if _is_true(obj, each)), "Running")


def _cron_job(obj: JsonObject, now: datetime) -> Cells:
    spec, last = mapping(obj, "spec"), part(obj, "status", "lastScheduleTime")
    suspended = spec.get("suspend")
    return [
        name_of(obj),
        spec.get("schedule") or "",
        spec.get("timeZone") or _NONE,
        _UNSET if suspended is None else str(bool(suspended)),
        len(items(obj, "status", "active")),
        since(last, now) if last else _NONE,
        _age(obj, now),
        *_images(mapping(spec, "jobTemplate")),
        _selector(mapping(spec, "jobTemplate")),
    ]


def _claim(obj: JsonObject, now: datetime) -> Cells:
    spec, status = mapping(obj, "spec"), mapping(obj, "status")
    is_bound = bool(spec.get("volumeName"))
    word = "Terminating" if meta(obj).get("deletionTimestamp") else status.get("phase") or ""
    class_ = annotations_of(obj).get("volume.beta.kubernetes.io/storage-class") or spec.get("storageClassName") or ""
    return [
        name_of(obj),
        word,
        spec.get("volumeName") or "",
        (part(status, "capacity", "storage") or "0") if is_bound else "",
        _modes(items(status, "accessModes")) if is_bound else "",
        class_,
        spec.get("volumeAttributesClassName") or _UNSET,
        _age(obj, now),
        spec.get("volumeMode") or _UNSET,
    ]


_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _modes(modes: Sequence[Any]) -> str:
    return ",".join(short for long, short in _MODES.items() if long in modes)


def _autoscaler(obj: JsonObject, now: datetime) -> Cells:
    of = mapping(obj, "spec", "scaleTargetRef")
    least = part(obj, "spec", "minReplicas")
    return [
        name_of(obj),
        f"{of.get('kind', '')}/{of.get('name', '')}",
        targets_of(obj),
        _UNSET if least is None else least,
        _count(obj, "spec", "maxReplicas"),
        _count(obj, "status", "currentReplicas"),
        _age(obj, now),
    ]


def _node(obj: JsonObject, now: datetime) -> Cells:
    ready = condition(obj, "Ready").get("status")
    word = "Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"
    if part(obj, "spec", "unschedulable"):
        word += ",SchedulingDisabled"
    info, prefix = mapping(obj, "status", "nodeInfo"), "node-role.kubernetes.io/"
    roles = {key.removeprefix(prefix) for key in labels_of(obj) if key.startswith(prefix) and key != prefix}
    roles |= {value for key, value in labels_of(obj).items() if key == "kubernetes.io/role" and value}
    addresses = {each.get("type"): each.get("address") for each in reversed(items(obj, "status", "addresses"))}
    return [
        name_of(obj),
        word,
        ",".join(sorted(roles)) or _NONE,
        _age(obj, now),
        info.get("kubeletVersion") or "",
        *(addresses.get(each) or _NONE for each in ("InternalIP", "ExternalIP")),
        *(info.get(each) or "<unknown>" for each in ("osImage", "kernelVersion", "containerRuntimeVersion")),
    ]


def _event(obj: JsonObject, now: datetime) -> Cells:
    subject, series = mapping(obj, "involvedObject"), mapping(obj, "series")
    first = since(obj.get("firstTimestamp") or obj.get("eventTime"), now)
    last = since(obj["lastTimestamp"], now) if obj.get("lastTimestamp") else first
    count = obj.get("count") or 1
    if series:
        last, count = since(series.get("lastObservedTime"), now), series.get("count") or 0
    component = part(obj, "source", "component") or obj.get("reportingComponent")
    host = part(obj, "source", "host") or (obj.get("reportingInstance") if not part(obj, "source", "component") else "")
    kind, name = str(subject.get("kind") or "").lower(), subject.get("name")
    return [
        last,
        obj.get("type") or "",
        obj.get("reason") or "",
        f"{kind}/{name}" if name else kind,
        subject.get("fieldPath") or "",
        ", ".join(str(each) for each in (component, host) if each),
        str(obj.get("message") or "").strip(),
        first,
        count,
        name_of(obj),
    ]


def _service(obj: JsonObject, now: datetime) -> Cells:
    spec = mapping(obj, "spec")
    ports = ",".join(map(_port, items(spec, "ports")))
    type_ = spec.get("type") or "ClusterIP"
    inside = spec.get("clusterIP") or _NONE
    return [
        name_of(obj),
        type_,
        inside,
        _outside(obj, type_),
        ports or _NONE,
        _age(obj, now),
        _labels(mapping(spec, "selector")),
    ]


def _port(port: JsonObject) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node}/{port.get('protocol') or 'TCP'}"


def _outside(obj: JsonObject, type_: str) -> str:
    given = [str(each) for each in items(obj, "spec", "externalIPs")]
    if type_ == "ExternalName":
        return str(part(obj, "spec", "externalName") or "")
    if type_ == "LoadBalancer":
        entries = items(obj, "status", "loadBalancer", "ingress")
        balanced = [str(each.get("ip") or each.get("hostname") or "") for each in entries]
        return ",".join([each for each in balanced if each] + given) or "<pending>"
    return ",".join(given) or _NONE


def _endpoints(obj: JsonObject, now: datetime) -> Cells:
    found = [
        f"{address.get('ip')}:{port.get('port')}"
        for subset in items(obj, "subsets")
        for port in items(subset, "ports")
        for address in items(subset, "addresses")
    ]
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""
    return [name_of(obj), ",".join(found[:3]) + more or _NONE, _age(obj, now)]


def _config_map(obj: JsonObject, now: datetime) -> Cells:
    return [name_of(obj), len(mapping(obj, "data")) + len(mapping(obj, "binaryData")), _age(obj, now)]


def _secret(obj: JsonObject, now: datetime) -> Cells:
    return [name_of(obj), obj.get("type"), len(mapping(obj, "data")), _age(obj, now)]


_TEMPLATE = ("Containers", "Images")
_PLAIN: tuple[Sequence[str], Callable[[JsonObject, datetime], Cells]] = (("Name", "Age"), _plain)
_LAYOUTS: dict[str, tuple[Sequence[str], Callable[[JsonObject, datetime], Cells]]] = {
    "Pod": (
        ("Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"),
        _pod,
    ),
    "Deployment": (("Name", "Ready", "Up-to-date", "Available", "Age", *_TEMPLATE, "Selector"), _deployment),
    "ReplicaSet": (("Name", "Desired", "Current", "Ready", "Age", *_TEMPLATE, "Selector"), _replica_set),
    "StatefulSet": (("Name", "Ready", "Age", *_TEMPLATE), _stateful_set),
    "DaemonSet": (
        (
            *("Name", "Desired", "Current", "Ready", "Up-to-date", "Available", "Node Selector", "Age"),
            *(*_TEMPLATE, "Selector"),
        ),
        _daemon_set,
    ),
    "Job": (("Name", "Status", "Completions", "Duration", "Age", *_TEMPLATE, "Selector"), _job),
    "CronJob": (
        ("Name", "Schedule", "Timezone", "Suspend", "Active", "Last Schedule", "Age", *_TEMPLATE, "Selector"),
        _cron_job,
    ),
    "PersistentVolumeClaim": (
        (
            *("Name", "Status", "Volume", "Capacity", "Access Modes", "StorageClass", "VolumeAttributesClass"),
            *("Age", "VolumeMode"),
        ),
        _claim,
    ),
    "HorizontalPodAutoscaler": (
        ("Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"),
        _autoscaler,
    ),
    "Node": (
        (
            *("Name", "Status", "Roles", "Age", "Version", "Internal-IP", "External-IP"),
            *("OS-Image", "Kernel-Version", "Container-Runtime"),
        ),
        _node,
    ),
    "Event": (
        (
            *("Last Seen", "Type", "Reason", "Object", "Subobject", "Source", "Message"),
            *("First Seen", "Count", "Name"),
        ),
        _event,
    ),
    "Namespace": (("Name", "Status", "Age"), _namespace),
    "Service": (("Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "Selector"), _service),
    "Endpoints": (("Name", "Endpoints", "Age"), _endpoints),
    "ConfigMap": (("Name", "Data", "Age"), _config_map),
    "Secret": (("Name", "Type", "Data", "Age"), _secret),
}
