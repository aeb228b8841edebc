"""Values that the API server fills in where a manifest leaves them out."""

from __future__ import annotations

from collections.abc import Callable

from bot.demo.cluster_emulator.objects import Obj, name_of
from bot.demo.cluster_emulator.resources import Resource

_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_CONTAINER = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_POD_SPEC = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}


def _fill(target: Obj, values: Obj) -> None:
    for key, value in values.items():
        if target.get(key) is None:
            target[key] = dict(value) if isinstance(value, dict) else value


def default_pod_spec(spec: Obj) -> None:
    """Fill in a pod's spec or that of a pod template."""
    _fill(spec, _POD_SPEC)
    for container in [*spec.get("initContainers", []), *spec.get("containers", [])]:
        _fill(container, _CONTAINER)
        last = str(container.get("image", "")).rsplit("/", 1)[-1]
        floating = ":" not in last or last.endswith(":latest")
        _fill(container, {"imagePullPolicy": "Always" if floating else "IfNotPresent"})
        _default_requests(container["resources"])
        for port in container.get("ports", []):
            _fill(port, {"protocol": "TCP"})
        for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(kind):
                _fill(container[kind], _PROBE)
                if "httpGet" in container[kind]:
                    _fill(container[kind]["httpGet"], {"path": "/", "scheme": "HTTP"})


def _default_requests(resources: Obj) -> None:
    # A limit without a request is the request too.
    limits = resources.get("limits") or {}
    if limits:
        requests = resources.setdefault("requests", {})
        for key, value in limits.items():
            requests.setdefault(key, value)


def _template(spec: Obj) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    default_pod_spec(template.setdefault("spec", {}))


def _deployment(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600, "strategy": {}})
    strategy = spec["strategy"]
    _fill(strategy, {"type": "RollingUpdate"})
    if strategy["type"] == "RollingUpdate":
        _fill(strategy, {"rollingUpdate": {}})
        _fill(strategy["rollingUpdate"], {"maxSurge": "25%", "maxUnavailable": "25%"})
    _template(spec)


def _replicas(obj: Obj) -> None:
    _fill(obj.setdefault("spec", {}), {"replicas": 1})
    _template(obj["spec"])


def _daemonset(obj: Obj) -> None:
    _fill(obj.setdefault("spec", {}), {"revisionHistoryLimit": 10})
    _template(obj["spec"])


def _pod(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    default_pod_spec(spec)
    _fill(
        spec, {"serviceAccountName": "default", "enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority"}
    )
    wait = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    usual = [{"key": f"node.kubernetes.io/{key}", **wait} for key in ("not-ready", "unreachable")]
    held = spec.setdefault("tolerations", [])
    held.extend(each for each in usual if each not in held)
    status = obj.setdefault("status", {})
    _fill(status, {"phase": "Pending", "qosClass": _quality(spec)})


def _quality(spec: Obj) -> str:
    amounts = [container.get("resources", {}) for container in spec.get("containers", [])]
    if not any(each.get("requests") or each.get("limits") for each in amounts):
        return "BestEffort"
    guaranteed = all(
        {"cpu", "memory"} <= set(each.get("limits", {})) and each.get("limits") == each.get("requests")
        for each in amounts
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _job(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, {"parallelism": 1, "completions": 1, "backoffLimit": 6, "suspend": False})
    _template(spec)


def _service(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, {"type": "ClusterIP", "sessionAffinity": "None"})
    for port in spec.get("ports", []):
        _fill(port, {"protocol": "TCP", "targetPort": port.get("port")})


def _namespace(obj: Obj) -> None:
    _fill(obj.setdefault("spec", {}), {"finalizers": ["kubernetes"]})
    _fill(obj.setdefault("status", {}), {"phase": "Active"})
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name_of(obj)


def _secret(obj: Obj) -> None:
    _fill(obj, {"type": "Opaque"})


def _event(obj: Obj) -> None:
    obj.setdefault("eventTime", None)
    _fill(obj, {"reportingComponent": "", "reportingInstance": ""})


_DEFAULTS: dict[str, Callable[[Obj], None]] = {
    "Deployment": _deployment,
    "ReplicaSet": _replicas,
    "StatefulSet": _replicas,
    "DaemonSet": _daemonset,
    "Pod": _pod,
    "Job": _job,
    "Service": _service,
    "Namespace": _namespace,
    "Secret": _secret,
    "Event": _event,
}


def apply_defaults(resource: Resource, obj: Obj) -> None:
    """Fill in, in place, what the manifest left out."""
    if "status" in resource.subresources:
        # Empty, and there: clients rely on it.
        obj.setdefault("status", {})
    fill = _DEFAULTS.get(resource.kind)
    if fill is not None:
        fill(obj)
