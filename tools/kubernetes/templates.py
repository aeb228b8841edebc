"""Compares pod templates: what a release changed, in words, with the values of secrets left out."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from safety.redaction import Redactor
from tools.snapshot import Difference, Topic
from tools.world import JsonObject

NONE = "none"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
TEMPLATE_HASH = "pod-template-hash"

_PROBES: tuple[tuple[str, Topic], ...] = (
    ("livenessProbe", "liveness probe"),
    ("readinessProbe", "readiness probe"),
    ("startupProbe", "startup probe"),
)
_RESOURCES: tuple[tuple[str, str, Topic], ...] = (
    ("limits", "memory", "memory limit"),
    ("requests", "memory", "memory request"),
    ("limits", "cpu", "cpu limit"),
    ("requests", "cpu", "cpu request"),
)
_SCHEDULING = ("nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "priorityClassName", "nodeName")
_ORDER: tuple[Topic, ...] = (
    "image",
    "memory limit",
    "memory request",
    "cpu limit",
    "cpu request",
    "liveness probe",
    "readiness probe",
    "startup probe",
    "environment",
    "config source",
    "command",
    "ports",
    "scheduling",
    "other",
    "restart",
)

_Raw = tuple[Topic, str, str, str]


def without_hash(template: JsonObject) -> JsonObject:
    """The template as a deployment holds it: a ReplicaSet's copy carries one more label."""
    labels = {
        key: value
        for key, value in ((template.get("metadata") or {}).get("labels") or {}).items()
        if key != TEMPLATE_HASH
    }
    return {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}}


def differences(before: JsonObject, after: JsonObject, redactor: Redactor) -> tuple[Difference, ...]:
    """What turns one template into the other, the most telling first."""
    before, after = without_hash(before), without_hash(after)
    found = [*_of_containers(before, after, redactor), *_of_the_rest(before, after, redactor)]
    found.sort(key=lambda each: _ORDER.index(each[0]))
    return tuple(
        Difference(topic, redactor.text(label), redactor.text(old).clip(160), redactor.text(new).clip(160))
        for topic, label, old, new in found
    )


def containers_of(template: JsonObject) -> dict[str, JsonObject]:
    """Containers by name, the ones that run before the others included."""
    spec = template.get("spec") or {}
    return {str(each.get("name")): each for key in ("containers", "initContainers") for each in spec.get(key) or ()}


def images_of(template: JsonObject) -> tuple[str, ...]:
    return tuple(str(each.get("image") or "") for each in (template.get("spec") or {}).get("containers") or ())


def config_names(template: JsonObject) -> frozenset[str]:
    """Every Secret and ConfigMap that the template needs, as ``Kind/name``."""
    spec = template.get("spec") or {}
    found = {name for each in containers_of(template).values() for name in _named_by_container(each)}
    for volume in spec.get("volumes") or ():
        found |= set(_named_by_volume(volume))
    return frozenset(found)


def probe_words(probe: Mapping[str, Any] | None) -> str:
    """A probe as a person would say it."""
    if not probe:
        return NONE
    http, tcp, command = probe.get("httpGet"), probe.get("tcpSocket"), probe.get("exec")
    if http:
        asked = f"GET :{http.get('port')}{http.get('path') or '/'}"
    elif tcp:
        asked = f"connect to :{tcp.get('port')}"
    elif command:
        asked = "run " + " ".join(map(str, command.get("command") or ()))
    else:
        asked = f"gRPC :{(probe.get('grpc') or {}).get('port')}"
    return (
        f"{asked}, every {probe.get('periodSeconds', 10)}s, timeout {probe.get('timeoutSeconds', 1)}s,"
        f" {probe.get('failureThreshold', 3)} failures allowed, first after {probe.get('initialDelaySeconds', 0)}s"
    )


def _named_by_container(container: JsonObject) -> Iterator[str]:
    for source in container.get("envFrom") or ():
        yield from _named(source, (("secretRef", "Secret"), ("configMapRef", "ConfigMap")))
    for variable in container.get("env") or ():
        source = variable.get("valueFrom") or {}
        yield from _named(source, (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")))


def _named_by_volume(volume: JsonObject) -> Iterator[str]:
    if volume.get("secret"):
        yield f"Secret/{volume['secret'].get('secretName')}"
    yield from _named(volume, (("configMap", "ConfigMap"),))
    for source in (volume.get("projected") or {}).get("sources") or ():
        yield from _named(source, (("secret", "Secret"), ("configMap", "ConfigMap")))


def _named(source: JsonObject, fields: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for field, kind in fields:
        if (source.get(field) or {}).get("name"):
            yield f"{kind}/{source[field]['name']}"


def _of_containers(before: JsonObject, after: JsonObject, redactor: Redactor) -> Iterator[_Raw]:
    old, new = containers_of(before), containers_of(after)
    is_alone = len(old.keys() | new.keys()) == 1
    for name in sorted(old.keys() | new.keys()):
        place = "" if is_alone else f"{name}: "
        if name in old and name in new:
            for topic, label, was, now in _of_container(old[name], new[name], redactor):
                yield topic, place + label, was, now
        else:
            was, now = (str((each.get(name) or {}).get("image") or NONE) for each in (old, new))
            yield "image", f"container {name}", was, now


def _of_container(old: JsonObject, new: JsonObject, redactor: Redactor) -> Iterator[_Raw]:
    yield from _changed("image", "image", str(old.get("image")), str(new.get("image")))
    for group, resource, topic in _RESOURCES:
        was, now = (str(((each.get("resources") or {}).get(group) or {}).get(resource) or NONE) for each in (old, new))
        yield from _changed(topic, topic, was, now)
    for field, topic in _PROBES:
        yield from _changed(topic, topic, probe_words(old.get(field)), probe_words(new.get(field)))
    yield from _of_environment(old, new, redactor)
    yield from _changed("config source", "environment from", _sources(old), _sources(new))
    for field in ("command", "args"):
        yield from _changed("command", field, _text(old.get(field)), _text(new.get(field)))
    yield from _changed("ports", "ports", _ports(old), _ports(new))
    known = {"image", "resources", "env", "envFrom", "command", "args", "ports", *(field for field, _ in _PROBES)}
    for field in sorted((old.keys() | new.keys()) - known):
        yield from _changed("other", field, _text(old.get(field)), _text(new.get(field)))


def _of_environment(old: JsonObject, new: JsonObject, redactor: Redactor) -> Iterator[_Raw]:
    was, now = ({str(each.get("name")): each for each in side.get("env") or ()} for side in (old, new))
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) == now.get(name):
            continue
        shown = [_variable(name, each.get(name), redactor) for each in (was, now)]
        # Both sides may read the same once their secrets are out; that the value changed is still worth a line.
        after = "another value" if shown[0] == shown[1] else shown[1]
        yield "environment", f"env {name}", shown[0], after


def _variable(name: str, variable: JsonObject | None, redactor: Redactor) -> str:
    if variable is None:
        return "not set"
    source = variable.get("valueFrom")
    if not source:
        return str(redactor.tree({name: str(variable.get("value", ""))})[name]) or "empty"
    for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        if source.get(field):
            return f"from {kind} {source[field].get('name')}, item {source[field].get('key')}"
    return "from " + ", ".join(sorted(source))


def _sources(container: JsonObject) -> str:
    named = [
        next(_named(each, (("secretRef", "Secret"), ("configMapRef", "ConfigMap"))), "?")
        for each in container.get("envFrom") or ()
    ]
    return ", ".join(named) or NONE


def _ports(container: JsonObject) -> str:
    ports = [f"{each.get('containerPort')}/{each.get('protocol', 'TCP')}" for each in container.get("ports") or ()]
    return ", ".join(ports) or NONE


def _of_the_rest(before: JsonObject, after: JsonObject, redactor: Redactor) -> Iterator[_Raw]:
    old, new = before.get("spec") or {}, after.get("spec") or {}
    for field in sorted((old.keys() | new.keys()) - {"containers", "initContainers"}):
        topic: Topic = "scheduling" if field in _SCHEDULING else "config source" if field == "volumes" else "other"
        yield from _changed(topic, field, _text(old.get(field)), _text(new.get(field)))
    for part in ("labels", "annotations"):
        was, now = ((side.get("metadata") or {}).get(part) or {} for side in (before, after))
        for key in sorted(was.keys() | now.keys()):
            values = [str(redactor.tree({key: str(each.get(key, NONE))})[key]) for each in (was, now)]
            topic = "restart" if key == RESTARTED_AT else "other"
            yield from _changed(topic, "restarted at" if key == RESTARTED_AT else f"{part[:-1]} {key}", *values)


def _changed(topic: Topic, label: str, old: str, new: str) -> Iterator[_Raw]:
    if old != new:
        yield topic, label, old, new


def _text(value: Any) -> str:
    return NONE if value in (None, [], {}) else json.dumps(value, sort_keys=True, ensure_ascii=False)
