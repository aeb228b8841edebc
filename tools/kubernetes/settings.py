"""Which values of the cluster a finding is about: the limit, tag, port or variable that somebody set wrong."""

import re
from collections.abc import Iterator, Mapping

from tools.evidence import Category, Finding
from tools.kubernetes.templates import containers_of
from tools.objects import items, mapping, part
from tools.settings import Setting
from tools.snapshot import Difference, Release, Snapshot, Topic, Workload
from tools.world import JsonObject

C = Category
MOST = 3
# Shorter words, such as 20, stand in any text by chance.
_TELLING = 4
_TAG_KEYS = ("tag", "image", "newTag", "imageTag", "version", "appVersion")
_PORT_KEYS = ("port", "containerPort", "targetPort", "httpPort", "servicePort")
_RESOURCES: Mapping[Topic, tuple[str, str]] = {
    "memory limit": ("limits", "memory"),
    "memory request": ("requests", "memory"),
    "cpu limit": ("limits", "cpu"),
    "cpu request": ("requests", "cpu"),
}
# What kind of value each kind of trouble is about.
_TOPICS: Mapping[Category, tuple[Topic, ...]] = {
    C.OOM_KILLED: ("memory limit",),
    C.MEMORY_LEAK: ("memory limit",),
    C.CPU_THROTTLING: ("cpu limit",),
    C.INSUFFICIENT_RESOURCES: ("memory request", "cpu request"),
    C.QUOTA_EXCEEDED: ("memory limit", "memory request", "cpu request", "cpu limit"),
    C.IMAGE_NOT_FOUND: ("image",),
    C.IMAGE_AUTH: ("image",),
    C.IMAGE_REGISTRY_UNREACHABLE: ("image",),
    C.LIVENESS_PROBE_MISCONFIG: ("liveness probe", "startup probe"),
    C.LIVENESS_PROBE_FAILING: ("liveness probe",),
    C.READINESS_PROBE_MISCONFIG: ("readiness probe",),
    C.READINESS_PROBE_FAILING: ("readiness probe",),
}
_PROBES: Mapping[Topic, str] = {
    "liveness probe": "livenessProbe",
    "readiness probe": "readinessProbe",
    "startup probe": "startupProbe",
}


def settings_of(found: Finding, snapshot: Snapshot) -> tuple[Setting, ...]:
    """At most ``MOST``, the likeliest first: what its kind of trouble is about, then what the release changed."""
    workload = _workload(found, snapshot)
    topics = _TOPICS.get(found.category, ())
    made = [*_of_service(found, snapshot)]
    if workload is not None:
        changed = _changed(found, workload)
        made += [one for each in changed if each.topic in topics for one in _of_difference(each, workload)]
        made += [one for topic in topics for one in _of_template(topic, found, workload)]
        rest = [one for each in changed if each.topic not in topics for one in _of_difference(each, workload)]
        made += [each for each in rest if _is_spoken_of(each, found)]
    return tuple(dict.fromkeys(made))[:MOST]


def _is_spoken_of(setting: Setting, found: Finding) -> bool:
    """A release changes many things; a value is to blame where what was seen speaks of it, an image in any case."""
    if setting.what == "image tag":
        return True
    seen = (each.text for each in found.evidence if each.source not in ("rollout", "change"))
    told = "\n".join((found.summary, *seen))
    words = (*setting.keys, *re.split(r"[^\w.:-]+", setting.value))
    return any(len(each) >= _TELLING and each in told for each in words)


def _workload(found: Finding, snapshot: Snapshot) -> Workload | None:
    named = (snapshot.workload(each) for each in (found.subject, *found.affected))
    behind = (snapshot.workload_behind(each) for each in found.affected)
    return next((each for each in (*named, *behind) if each is not None), None)


def _changed(found: Finding, workload: Workload) -> tuple[Difference, ...]:
    """What the release changed that the finding came with; nothing where no change is tied to it."""
    newest: Release | None = workload.releases[0] if workload.releases else None
    return newest.differences if newest is not None and found.culprit is not None else ()


def _of_difference(changed: Difference, workload: Workload) -> Iterator[Setting]:
    after = str(changed.after)
    if "[" in after or "…" in after:
        return  # redacted or cut: not what stands in any file
    if changed.topic == "image":
        yield from _of_image(after)
    elif changed.topic in _RESOURCES:
        outer, key = _RESOURCES[changed.topic]
        yield Setting(str(changed.label), after, (key,), (outer,))
    elif changed.topic in _PROBES:
        for container in containers_of(workload.template).values():
            yield from _of_probe(changed.topic, container)
    else:
        yield from _of_words(changed, after)


def _of_words(changed: Difference, after: str) -> Iterator[Setting]:
    if changed.topic == "environment" and not after.startswith(("from ", "another value", "not set", "empty")):
        name = str(changed.label).rpartition("env ")[2]
        yield Setting(f"env {name}", after, (name,))
    elif changed.topic == "ports":
        for each in after.split(", "):
            yield Setting("container port", each.partition("/")[0], _PORT_KEYS)


def _of_template(topic: Topic, found: Finding, workload: Workload) -> Iterator[Setting]:
    containers = containers_of(workload.template)
    named = [each for name, each in containers.items() if f" {name} " in f" {found.summary} "]
    for container in named or list(containers.values())[:1]:
        if topic == "image":
            yield from _of_image(str(container.get("image") or ""))
        elif topic in _RESOURCES:
            outer, key = _RESOURCES[topic]
            value = part(container, "resources", outer, key)
            if value:
                yield Setting(topic, str(value), (key,), (outer,))
        elif topic in _PROBES:
            yield from _of_probe(topic, container)


def _of_image(image: str) -> Iterator[Setting]:
    name, colon, tag = image.rpartition("/")[2].partition("@")[0].partition(":")
    if colon and tag and name:
        yield Setting("image tag", tag, _TAG_KEYS)


def _of_probe(topic: Topic, container: JsonObject) -> Iterator[Setting]:
    probe = mapping(container, _PROBES[topic])
    within = (_PROBES[topic], topic.partition(" ")[0])
    for way in ("httpGet", "tcpSocket", "grpc"):
        asked = mapping(probe, way)
        if asked.get("port"):
            yield Setting(f"port of the {topic}", str(asked["port"]), ("port",), within)
        if asked.get("path"):
            yield Setting(f"path of the {topic}", str(asked["path"]), ("path",), within)


def _of_service(found: Finding, snapshot: Snapshot) -> Iterator[Setting]:
    if found.subject.kind != "Service":
        return
    service = snapshot.find("Service", found.subject.namespace, found.subject.name) or {}
    if found.category is C.SERVICE_PORT_MISMATCH:
        for each in items(service, "spec", "ports"):
            yield Setting("targetPort of the Service", str(each.get("targetPort") or each.get("port")), ("targetPort",))
    elif found.category is C.SERVICE_SELECTOR_MISMATCH:
        for key, value in sorted(mapping(service, "spec", "selector").items()):
            yield Setting(f"selector {key}", str(value), (str(key).rpartition("/")[2], str(key)), ("selector",))
