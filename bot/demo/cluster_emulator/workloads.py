"""The short form of a workload in a scenario, written out as the objects that it stands for."""

from __future__ import annotations

from typing import Any

from bot.demo.cluster_emulator.objects import Obj, clone


def written_out(short: Obj) -> list[Obj]:
    """The workload, and its service when it listens on a port."""
    objects = [_workload(short)]
    if short.get("port") and short.get("service", True):
        objects.append(_service(short))
    return objects


def _labels(short: Obj) -> dict[str, str]:
    return {"app.kubernetes.io/name": str(short["name"]), **short.get("labels", {})}


def _workload(short: Obj) -> Obj:
    labels = _labels(short)
    meta: Obj = {"name": short["name"], "namespace": short["namespace"], "labels": dict(labels)}
    if short.get("annotations"):
        meta["annotations"] = clone(short["annotations"])
    pod_meta: Obj = {"labels": dict(labels)}
    if short.get("podAnnotations"):
        pod_meta["annotations"] = clone(short["podAnnotations"])
    spec: Obj = {
        "selector": {"matchLabels": {"app.kubernetes.io/name": str(short["name"])}},
        "template": {"metadata": pod_meta, "spec": _pod_spec(short)},
    }
    kind = short.get("kind", "Deployment")
    if kind != "DaemonSet":
        spec["replicas"] = short.get("replicas", 1)
    if kind == "StatefulSet":
        spec["serviceName"] = short["name"]
    for key in ("progressDeadlineSeconds", "strategy", "revisionHistoryLimit", "paused"):
        if key in short:
            spec[key] = clone(short[key])
    return {"kind": kind, "metadata": meta, "spec": spec}


def _container(short: Obj) -> Obj:
    container: Obj = {"name": short["name"], "image": short["image"], "resources": {}}
    for key in ("requests", "limits"):
        if key in short:
            container["resources"][key] = dict(short[key])
    if short.get("port"):
        container["ports"] = [{"name": "http", "containerPort": short["port"]}]
    if short.get("env"):
        container["env"] = [_variable(name, value) for name, value in short["env"].items()]
    for key, field in (("readiness", "readinessProbe"), ("liveness", "livenessProbe"), ("startup", "startupProbe")):
        if key in short:
            container[field] = _probe(short[key])
    return container


def _pod_spec(short: Obj) -> Obj:
    spec: Obj = {"containers": [_container(short)]}
    for key in ("nodeSelector", "tolerations", "initContainers", "volumes"):
        if key in short:
            spec[key] = clone(short[key])
    if "serviceAccount" in short:
        spec["serviceAccountName"] = short["serviceAccount"]
    return spec


def _variable(name: str, value: Any) -> Obj:
    if not isinstance(value, dict):
        return {"name": name, "value": str(value)}
    source = "secretKeyRef" if "secret" in value else "configMapKeyRef"
    reference = {"name": value.get("secret", value.get("configMap")), "key": value["key"]}
    return {"name": name, "valueFrom": {source: reference}}


def _probe(short: Obj) -> Obj:
    rest = {key: value for key, value in short.items() if key not in ("path", "port")}
    if "path" in short:
        return {"httpGet": {"path": short["path"], "port": short.get("port", "http")}, **rest}
    if "port" in short:
        return {"tcpSocket": {"port": short["port"]}, **rest}
    return rest


def _service(short: Obj) -> Obj:
    return {
        "kind": "Service",
        "metadata": {"name": short["name"], "namespace": short["namespace"], "labels": _labels(short)},
        "spec": {
            "selector": {"app.kubernetes.io/name": str(short["name"])},
            "ports": [{"name": "http", "port": 80, "targetPort": short["port"]}],
        },
    }
