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


def _statefulset(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, {"replicas": 1, "revisionHistoryLimit": 10, "podManagementPolicy": "OrderedReady"})
    _fill(spec, {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}})
    _template(spec)


def _daemonset(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, {"revisionHistoryLimit": 10})
    _fill(spec, {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}})
    _template(spec)


def _pod(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    default_pod_spec(spec)
    _fill(
        spec, {"serviceAccountName": "default", "enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority"}
    )
    _bear_lost_nodes(spec.setdefault("tolerations", []))
    status = obj.setdefault("status", {})
    _fill(status, {"phase": "Pending", "qosClass": _quality(spec)})


def _bear_lost_nodes(held: list[Obj]) -> None:
    # Five minutes on a node that is lost, unless the pod says itself how long.
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(
            each.get("key") in (None, "", key) and each.get("effect") in (None, "", "NoExecute") for each in held
        ):
            held.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})


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
    _fill(spec, {"completionMode": "NonIndexed"})
    _template(spec)
    uid = obj["metadata"].get("uid")
    if uid and not spec.get("selector"):
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
        own = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name_of(obj)}
        old = {"controller-uid": uid, "job-name": name_of(obj)}
        labels = spec["template"]["metadata"].setdefault("labels", {})
        labels.update({**own, **old})


def _cronjob(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, {"concurrencyPolicy": "Allow", "suspend": False})
    _fill(spec, {"successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1})
    _template(spec.setdefault("jobTemplate", {}).setdefault("spec", {}))


def _autoscaler(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    usual = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    }
    _fill(spec, {"minReplicas": 1})
    if not spec.get("metrics"):
        spec["metrics"] = [usual]


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
    "StatefulSet": _statefulset,
    "DaemonSet": _daemonset,
    "Pod": _pod,
    "Job": _job,
    "CronJob": _cronjob,
    "HorizontalPodAutoscaler": _autoscaler,
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
