"""Which object an address in a log or in a setting means: a Service, and the workload behind it."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.evidence import ObjectRef
from tools.objects import containers_of, items, labels_of, mapping, name_of, namespace_of, number, part, ref_of
from tools.snapshot import Snapshot, Workload
from tools.world import JsonObject

_SPLIT = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^@/]*@)?\[?([A-Za-z0-9_.:-]*?[A-Za-z0-9_])\]?(?::(\d{1,5}))?(?:/.*)?$"
)
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_PRIVATE = re.compile(r"10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.")
_LOCAL = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1"})


@dataclass(frozen=True, slots=True)
class Place:
    """What an address means here. ``service`` where it is one that was read, ``behind`` the workload that serves it.

    ``is_ours``: it looks like a name inside the cluster. ``namespace`` is where such a Service would have to be.
    """

    host: str
    port: int | None
    is_local: bool = False
    is_ours: bool = False
    namespace: str | None = None
    name: str | None = None
    service: JsonObject | None = None
    behind: Workload | None = None

    @property
    def service_ref(self) -> ObjectRef | None:
        return ref_of("Service", self.service) if self.service is not None else None

    @property
    def refs(self) -> tuple[ObjectRef, ...]:
        """The objects whose own fault would explain that nobody answers here, the nearest first."""
        found = [self.service_ref, self.behind.ref if self.behind else None]
        return tuple(each for each in found if each is not None)

    @property
    def words(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


def find_place(target: str | None, caller: str | None, snapshot: Snapshot) -> Place | None:
    """What a target such as ``db.data.svc:5432`` means to a program in the namespace ``caller``."""
    found = _SPLIT.match(target.strip()) if target else None
    if found is None:
        return None
    host, port = found[1].rstrip("."), int(found[2]) if found[2] else None
    if host.lower() in _LOCAL:
        return Place(host, port, is_local=True)
    if _IP.fullmatch(host):
        return _by_address(host, port, snapshot)
    return _by_name(host, port, caller, snapshot)


def _by_address(host: str, port: int | None, snapshot: Snapshot) -> Place:
    for service in snapshot.of("Service"):
        if host in (part(service, "spec", "clusterIP"), *items(service, "spec", "clusterIPs")):
            return _at(host, port, service, snapshot)
    for pod in snapshot.pods:
        if part(pod.raw, "status", "podIP") == host:
            return Place(
                host, port, is_ours=True, namespace=pod.ref.namespace, behind=snapshot.workload_behind(pod.ref)
            )
    return Place(host, port)


def _by_name(host: str, port: int | None, caller: str | None, snapshot: Snapshot) -> Place:
    labels = host.lower().split(".")
    name, namespace = labels[0], labels[1] if len(labels) > 1 else caller
    is_ours = len(labels) == 1 or "svc" in labels[1:3] or labels[-1] == "local"
    service = snapshot.find("Service", namespace, name)
    if service is None and len(labels) > 2 and "svc" in labels:
        # A pod of a StatefulSet: pod.service.namespace.svc
        index = labels.index("svc")
        name, namespace = labels[index - 2] if index > 1 else name, labels[index - 1]
        service = snapshot.find("Service", namespace, name)
    if service is not None:
        return _at(host, port, service, snapshot)
    is_known = any(namespace_of(each) == namespace for each in snapshot.of("Service"))
    return Place(host, port, is_ours=is_ours or (len(labels) == 2 and is_known), namespace=namespace, name=name)


def _at(host: str, port: int | None, service: JsonObject, snapshot: Snapshot) -> Place:
    return Place(
        host,
        port,
        is_ours=True,
        namespace=namespace_of(service),
        name=name_of(service),
        service=service,
        behind=next(behind(service, snapshot), None),
    )


def behind(service: JsonObject, snapshot: Snapshot) -> Iterator[Workload]:
    """The workloads whose pods a Service selects, by their templates; a Service without selector has none."""
    selector = {str(key): str(value) for key, value in mapping(service, "spec", "selector").items()}
    for workload in snapshot.workloads if selector else ():
        labels = labels_of(workload.template)
        if workload.ref.namespace == namespace_of(service) and selector.items() <= labels.items():
            yield workload


def has_endpoints(service: JsonObject, snapshot: Snapshot) -> bool | None:
    """Whether anybody ready stands behind a Service; None where neither kind of endpoints was read."""
    space, name = namespace_of(service), name_of(service)
    slices = [
        each
        for each in snapshot.of("EndpointSlice", space)
        if labels_of(each).get("kubernetes.io/service-name") == name
    ]
    if slices:
        ends = [one for each in slices for one in items(each, "endpoints")]
        return any(part(one, "conditions", "ready") is not False and items(one, "addresses") for one in ends)
    old = snapshot.find("Endpoints", space, name)
    if old is not None:
        return any(items(each, "addresses") for each in items(old, "subsets"))
    is_read = any(True for _ in snapshot.of("EndpointSlice", space)) or any(
        True for _ in snapshot.of("Endpoints", space)
    )
    return False if is_read else None


def serves_port(place: Place) -> bool:
    """Whether the Service has the port that was asked for; a port that is not known is taken as served."""
    ports = [number(each.get("port")) for each in items(place.service, "spec", "ports")]
    return place.port is None or not ports or place.port in ports


def is_address(host: str) -> bool:
    """Whether a host is written as an IPv4 address."""
    return _IP.fullmatch(host) is not None


def is_private(host: str) -> bool:
    """Whether a host is an address of a private network, as those of pods and Services are."""
    return _PRIVATE.match(host) is not None and is_address(host)


def target_port(place: Place) -> int | None:
    """The port of the pods behind a place that is really called; None where that cannot be told."""
    if place.service is None:
        return place.port
    ports = items(place.service, "spec", "ports")
    asked = next(
        (each for each in ports if number(each.get("port")) == place.port), ports[0] if len(ports) == 1 else {}
    )
    target = asked.get("targetPort", asked.get("port"))
    if not isinstance(target, str) or target.isdigit():
        return number(target) or None
    return named_ports(place.behind).get(target) if place.behind is not None else None


def named_ports(workload: Workload) -> dict[str, int]:
    """The ports to which a workload's containers give names."""
    return {
        str(port.get("name")): number(port.get("containerPort"))
        for container in containers_of(workload.template)
        for port in items(container, "ports")
        if port.get("name")
    }


def nearest(place: Place, snapshot: Snapshot) -> str | None:
    """The Service that was probably meant by a name that does not exist, with its namespace where that differs."""
    known = {name_of(each): namespace_of(each) for each in snapshot.of("Service")}
    if place.name in known:
        return f"{place.name}.{known[place.name]}"
    near = difflib.get_close_matches(place.name or "", known, n=1, cutoff=0.6)
    return near[0] if near else None


def nearest_name(name: str, namespace: str | None, snapshot: Snapshot) -> str | None:
    """The Service of a namespace whose name is nearest to one that does not exist there."""
    known = [name_of(each) for each in snapshot.of("Service", namespace)]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return near[0] if near else None


def setting_with(workload: Workload, text: str, snapshot: Snapshot) -> str | None:
    """Where a workload's settings name this text: ``env DB_HOST``, or ``ConfigMap settings, key db.host``."""
    for container in containers_of(workload.template):
        for variable in items(container, "env"):
            if text in str(variable.get("value") or ""):
                return f"env {variable.get('name')}"
    for kind, name in config_of(workload):
        found = snapshot.find(kind, workload.ref.namespace, name) if kind == "ConfigMap" else None
        for key, value in mapping(found, "data").items():
            if text in str(value):
                return f"ConfigMap {name}, key {key}"
    return None


def config_of(workload: Workload) -> list[tuple[str, str]]:
    """The ConfigMaps and Secrets that a workload reads, as kind and name, each once."""
    sources: list[JsonObject] = []
    for container in containers_of(workload.template):
        sources += items(container, "envFrom")
        sources += [mapping(each, "valueFrom") for each in items(container, "env")]
    for volume in items(workload.template, "spec", "volumes"):
        sources += [volume, *items(volume, "projected", "sources")]
    found = [
        (kind, str(part(source, field, "name") or part(source, field, "secretName")))
        for source in sources
        for field, kind in _SOURCES
        if part(source, field, "name") or part(source, field, "secretName")
    ]
    return list(dict.fromkeys(found))


_SOURCES = (
    ("configMapRef", "ConfigMap"),
    ("secretRef", "Secret"),
    ("configMapKeyRef", "ConfigMap"),
    ("secretKeyRef", "Secret"),
    ("configMap", "ConfigMap"),
    ("secret", "Secret"),
)
