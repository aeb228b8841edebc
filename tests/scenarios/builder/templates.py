"""Pod templates with the defaults that the API server fills in."""

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

JsonObject = dict[str, Any]
LETTERS = "bcdfghjklmnpqrstvwxz2456789"
REGISTRY = "registry.example.com"


def name_suffix(seed: str, length: int) -> str:
    """Letters as Kubernetes draws them for generated names and template hashes, the same on every run."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:16], "big")
    drawn = ""
    for _ in range(length):
        number, turn = divmod(number, len(LETTERS))
        drawn += LETTERS[turn]
    return drawn


def template_hash(template: JsonObject) -> str:
    """The pod-template-hash: the same for the same template."""
    return name_suffix(json.dumps(template, sort_keys=True), 10)


def http_probe(path: str, port: int | str, *, scheme: str = "HTTP", **timing: int) -> JsonObject:
    """A probe by HTTP; ``timing`` takes initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold."""
    return _probe({"httpGet": {"path": path, "port": port, "scheme": scheme}}, timing)


def tcp_probe(port: int | str, **timing: int) -> JsonObject:
    return _probe({"tcpSocket": {"port": port}}, timing)


def exec_probe(command: Sequence[str], **timing: int) -> JsonObject:
    return _probe({"exec": {"command": list(command)}}, timing)


def grpc_probe(port: int, **timing: int) -> JsonObject:
    return _probe({"grpc": {"port": port, "service": ""}}, timing)


def _probe(action: JsonObject, timing: Mapping[str, int]) -> JsonObject:
    return {**action, "failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1, **timing}


def from_config_map(name: str, key: str, *, optional: bool = False) -> JsonObject:
    """The value of an environment variable that is read from a ConfigMap."""
    return {"configMapKeyRef": {"key": key, "name": name, **({"optional": True} if optional else {})}}


def from_secret(name: str, key: str, *, optional: bool = False) -> JsonObject:
    """The value of an environment variable that is read from a Secret."""
    return {"secretKeyRef": {"key": key, "name": name, **({"optional": True} if optional else {})}}


def container(
    name: str,
    image: str,
    *,
    port: int | Sequence[tuple[str, int]] | None = None,
    env: Mapping[str, str | JsonObject] | None = None,
    env_from: Sequence[JsonObject] = (),
    cpu: tuple[str, str] | str | None = "100m",
    memory: tuple[str, str] | str | None = "256Mi",
    mounts: Mapping[str, str] | None = None,
    **more: Any,
) -> JsonObject:
    """A container. ``cpu`` and ``memory`` are a request, or (request, limit; "" for none); ``mounts`` maps volume to
    path (``:ro`` at its end makes it read-only); ``more`` are further fields by their API names."""
    requests, limits = {}, {}
    for resource, given in (("cpu", cpu), ("memory", memory)):
        request, limit = given if isinstance(given, tuple) else (given, None)
        requests.update({resource: request} if request else {})
        limits.update({resource: limit} if limit else {})
    ports = [("http", port)] if isinstance(port, int) else list(port or ())
    made: JsonObject = {
        "name": name,
        "image": image,
        "imagePullPolicy": "Always"
        if image.endswith(":latest") or ":" not in image.rpartition("/")[2]
        else "IfNotPresent",
        "resources": {**({"limits": limits} if limits else {}), **({"requests": requests} if requests else {})},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    if ports:
        made["ports"] = [{"containerPort": number, "name": word, "protocol": "TCP"} for word, number in ports]
    if env:
        made["env"] = [
            {"name": key, **({"value": value} if isinstance(value, str) else {"valueFrom": value})}
            for key, value in env.items()
        ]
    if env_from:
        made["envFrom"] = list(env_from)
    if mounts:
        made["volumeMounts"] = [
            {
                "mountPath": path.removesuffix(":ro"),
                "name": volume,
                **({"readOnly": True} if path.endswith(":ro") else {}),
            }
            for volume, path in mounts.items()
        ]
    return {**made, **more}


def template(
    *containers: JsonObject,
    init: Sequence[JsonObject] = (),
    volumes: Mapping[str, JsonObject] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    service_account: str = "default",
    **spec: Any,
) -> JsonObject:
    """A pod template. ``volumes`` maps a name to its source, e.g. ``{"configMap": {"name": "x"}}``; ``labels`` are
    added to those of the workload; ``spec`` are further fields of the pod by their API names."""
    made: JsonObject = {
        "containers": list(containers),
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }
    if init:
        made["initContainers"] = list(init)
    if volumes:
        made["volumes"] = [{"name": name, **_volume(source)} for name, source in volumes.items()]
    if service_account != "default":
        made |= {"serviceAccount": service_account, "serviceAccountName": service_account}
    metadata: JsonObject = {"labels": dict(labels or {})}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"metadata": metadata, "spec": {**made, **spec}}


def _volume(source: JsonObject) -> JsonObject:
    kind, body = next(iter(source.items()))
    return {kind: {"defaultMode": 420, **body}} if kind in ("configMap", "secret") else {kind: body}


def changed(before: JsonObject, **fields: Any) -> JsonObject:
    """The template with fields of its first container replaced: ``changed(old, image="…:2")``; ``env`` is merged by
    name (a value of None takes the variable out)."""
    after = copy.deepcopy(before)
    first = after["spec"]["containers"][0]
    env = fields.pop("env", None)
    if env is not None:
        kept = {each["name"]: each for each in first.get("env", [])}
        for key, value in env.items():
            if value is None:
                kept.pop(key, None)
            else:
                kept[key] = {"name": key, **({"value": value} if isinstance(value, str) else {"valueFrom": value})}
        first["env"] = list(kept.values())
    first.update(fields)
    return after


def restarted(before: JsonObject, at: str) -> JsonObject:
    """The template after ``kubectl rollout restart`` at a time (RFC 3339)."""
    after = copy.deepcopy(before)
    after["metadata"].setdefault("annotations", {})["kubectl.kubernetes.io/restartedAt"] = at
    return after


def labelled(template: JsonObject, labels: Mapping[str, str]) -> JsonObject:
    """A copy of the template with the labels of its workload."""
    body = copy.deepcopy(template)
    body["metadata"]["labels"] = {**labels, **body["metadata"].get("labels", {})}
    return body
