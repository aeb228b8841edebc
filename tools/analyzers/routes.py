"""Ways in that lead nowhere: Ingresses, Gateways and their routes, and the rules of a mesh."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tools.analyzers.addresses import nearest_name
from tools.analyzers.interface import Claim, cited, finding_on, seen
from tools.evidence import Category, Evidence, Finding
from tools.objects import (
    annotations_of,
    at,
    created_at,
    items,
    labels_of,
    mapping,
    name_of,
    namespace_of,
    number,
    part,
    ref_of,
    template_of,
)
from tools.snapshot import Snapshot
from tools.world import JsonObject

# Lists of this kind are cut there; what is not in a cut list may exist.
_MOST = 300
_LEGACY_CLASS = "kubernetes.io/ingress.class"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a route, in words: the fact, what a person must change, and how sure."""

    category: Category
    fact: str
    advice: str
    confidence: float
    since: datetime | None = None


def ingresses(snapshot: Snapshot) -> Iterator[Finding]:
    """An Ingress names a Service, a port, a Secret or a class that does not exist."""
    for each in snapshot.of("Ingress"):
        if not _is_fresh(each, snapshot) and not name_of(each).startswith("cm-acme-http-solver-"):
            yield from _told(
                each, [*_backends(each, snapshot), *_class(each, snapshot), *_tls(each, snapshot)], snapshot
            )


def gateways(snapshot: Snapshot) -> Iterator[Finding]:
    """A Gateway is not accepted or programmed, or a route to it names what does not exist."""
    for each in snapshot.of("Gateway"):
        if not _is_fresh(each, snapshot):
            yield from _told(each, list(_refused(each, items(each, "status", "conditions"), snapshot)), snapshot)
    for each in snapshot.of("HTTPRoute"):
        if _is_fresh(each, snapshot):
            continue
        rows = [one for parent in items(each, "status", "parents") for one in items(parent, "conditions")]
        refs = [one for rule in items(each, "spec", "rules") for one in items(rule, "backendRefs")]
        named = [one for one in refs if one.get("kind", "Service") == "Service" and one.get("weight") != 0]
        lost = [_lost(one, one.get("namespace"), each, snapshot) for one in named]
        yield from _told(each, [*(one for one in lost if one), *_refused(each, rows, snapshot)], snapshot)


def meshes(snapshot: Snapshot) -> Iterator[Finding]:
    """A VirtualService sends traffic to a host or a subset that does not exist, or a subset selects no pods."""
    for each in snapshot.of("VirtualService"):
        if not _is_fresh(each, snapshot):
            yield from _told(each, list(_destinations(each, snapshot)), snapshot)
    for each in snapshot.of("DestinationRule"):
        if not _is_fresh(each, snapshot):
            yield from _told(each, list(_empty_subsets(each, snapshot)), snapshot)


def _told(route: JsonObject, faults: list[Fault], snapshot: Snapshot) -> Iterator[Finding]:
    if not faults:
        return
    worst = max(faults, key=lambda each: each.confidence)
    kind, name = str(route.get("kind")), name_of(route)
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    warned = [each for each in snapshot.events_of(ref_of(kind, route)) if each.kind == "Warning"]
    yield finding_on(
        ref_of(kind, route),
        Claim(
            category=worst.category,
            summary=f"{kind} {name} {worst.fact}{more}",
            explanation=f"{kind} {name} {worst.fact}. Requests that it should pass on get an error from the proxy at "
            f"the edge, though the programs behind may be well. {worst.advice}",
            evidence=cited(_shown(route, faults, snapshot), (each.evidence for each in warned)),
            confidence=worst.confidence,
            pods=(),
            since=worst.since,
        ),
    )


def _shown(route: JsonObject, faults: list[Fault], snapshot: Snapshot) -> list[Evidence]:
    return [seen(snapshot, route, each.fact, each.since, f":{index}") for index, each in enumerate(faults)]


def _is_fresh(obj: JsonObject, snapshot: Snapshot) -> bool:
    """Things that belong together are made one after another."""
    made = created_at(obj)
    return made is not None and snapshot.observed_at - made <= snapshot.thresholds.pending


def is_known(kind: str, snapshot: Snapshot) -> bool:
    """Whether all objects of a kind were read so that one which is not there is none."""
    is_denied = any(line.startswith(f"{kind}s of ") for line in snapshot.not_checked)
    is_whole = sum(1 for _ in snapshot.of(kind)) < _MOST
    return not is_denied and is_whole


def _lost(backend: JsonObject, space: str | None, route: JsonObject, snapshot: Snapshot) -> Fault | None:
    """What is wrong with a reference to a Service, by ``name`` and ``port`` (a number or a name)."""
    own = namespace_of(route)
    namespace, name, port = space or own, str(backend.get("name")), backend.get("port")
    category = Category.INGRESS_BACKEND_MISSING if route.get("kind") == "Ingress" else Category.GATEWAY_MISROUTE
    service = snapshot.find("Service", namespace, name)
    if service is None:
        is_read = namespace == own or any(True for _ in snapshot.of("Service", namespace))
        if not is_read or not is_known("Service", snapshot):
            return None
        meant = nearest_name(name, namespace, snapshot)
        hint = f" There is a Service {meant}; that may be what was meant." if meant else ""
        return Fault(
            category,
            f"sends requests to Service {name}, which does not exist in namespace {namespace}",
            f"Correct the name in it, or make the Service again.{hint}",
            0.93,
        )
    ports = items(service, "spec", "ports")
    known = {number(each.get("port")) for each in ports} | {str(each.get("name")) for each in ports}
    if port is None or not ports or port in known:
        return None
    shown = ", ".join(str(each.get("port")) for each in ports)
    return Fault(
        category,
        f"sends requests to port {port} of Service {name}, which has no such port (it has {shown})",
        "Correct the port in it, or in the Service if that was changed.",
        0.91,
    )


# ---- Ingress --------------------------------------------------------------------------------------------------------


def _backends(ingress: JsonObject, snapshot: Snapshot) -> Iterator[Fault]:
    paths = [path for rule in items(ingress, "spec", "rules") for path in items(rule, "http", "paths")]
    for backend in (part(ingress, "spec", "defaultBackend"), *(part(each, "backend") for each in paths)):
        named = mapping(backend, "service")
        port = mapping(named, "port")
        # Some controllers give a meaning of their own to this port's name; then the name is none of a Service.
        if named.get("name") and port.get("name") != "use-annotation":
            asked = {"name": named["name"], "port": port.get("number") or port.get("name")}
            found = _lost(asked, None, ingress, snapshot)
            if found is not None:
                yield found


def _class(ingress: JsonObject, snapshot: Snapshot) -> Iterator[Fault]:
    known = {name_of(each) for each in snapshot.of("IngressClass")}
    name = part(ingress, "spec", "ingressClassName")
    if not known or name in known or _LEGACY_CLASS in annotations_of(ingress):
        return
    is_served = bool(items(ingress, "status", "loadBalancer", "ingress"))
    shown = ", ".join(sorted(known))
    if name is not None:
        others = [each for each in snapshot.of("Ingress") if part(each, "spec", "ingressClassName") == name]
        if not is_served or len(others) == 1:
            yield Fault(
                Category.GATEWAY_MISROUTE,
                f"names the class {name}, and there is no IngressClass of that name (there are: {shown})",
                "No controller takes an Ingress whose class is not its own. Correct ingressClassName.",
                0.75 if is_served else 0.88,
            )
    elif not is_served and not any(_is_default(each) for each in snapshot.of("IngressClass")):
        yield Fault(
            Category.GATEWAY_MISROUTE,
            "names no class, and no IngressClass is the default, so no controller takes it",
            f"Give it an ingressClassName; there are: {shown}.",
            0.78,
        )


def _is_default(ingress_class: JsonObject) -> bool:
    return annotations_of(ingress_class).get("ingressclass.kubernetes.io/is-default-class") == "true"


def _tls(ingress: JsonObject, snapshot: Snapshot) -> Iterator[Fault]:
    """Secrets are read only where a file holds them; where there are none of the namespace, nothing is said."""
    space = namespace_of(ingress)
    if not any(True for _ in snapshot.of("Secret", space)):
        return
    for each in items(ingress, "spec", "tls"):
        name = each.get("secretName")
        if name and snapshot.find("Secret", space, str(name)) is None:
            yield Fault(
                Category.MISSING_SECRET,
                f"takes its certificate from Secret {name}, which does not exist in namespace {space}",
                "Browsers are shown the controller's own certificate and refuse it. Make the Secret, or see why "
                "what issues the certificate did not.",
                0.78,
            )


# ---- Gateway API ----------------------------------------------------------------------------------------------------


def _refused(route: JsonObject, rows: list[JsonObject], snapshot: Snapshot) -> Iterator[Fault]:
    """What the controller itself says of a Gateway or a route in its conditions."""
    for each in rows:
        since = at(each.get("lastTransitionTime"))
        is_new = since is not None and snapshot.observed_at - since <= snapshot.thresholds.pending
        if each.get("status") == "False" and each.get("type") in _HAVE_TO_BE_TRUE and not is_new:
            message = str(each.get("message") or "").strip().rstrip(".")
            yield Fault(
                Category.GATEWAY_MISROUTE,
                f"is refused by its controller: {each['type']} is False, {each.get('reason')}"
                + (f" ({message})" if message else ""),
                "Correct what the message names.",
                0.92 if each.get("reason") not in ("Pending", "AddressNotAssigned") else 0.6,
                since,
            )


_HAVE_TO_BE_TRUE = frozenset({"Accepted", "ResolvedRefs", "Programmed"})


# ---- mesh -----------------------------------------------------------------------------------------------------------


def _destinations(route: JsonObject, snapshot: Snapshot) -> Iterator[Fault]:
    rules = [one for key in ("http", "tcp", "tls") for one in items(route, "spec", key)]
    for each in (part(one, "destination") for rule in rules for one in items(rule, "route")):
        name, space = _host(str(part(each, "host") or ""), route)
        if name is None:
            continue
        port = part(each, "port", "number")
        lost = _lost({"name": name, **({"port": port} if port else {})}, space, route, snapshot)
        if lost is not None:
            yield lost
        subset, known = part(each, "subset"), _subsets(name, space, snapshot)
        if subset and subset not in known:
            yield Fault(
                Category.GATEWAY_MISROUTE,
                f"sends requests to subset {subset} of {name}, and no DestinationRule has such a subset",
                "The mesh answers such requests with 503. Add the subset to the DestinationRule, or correct its name.",
                # A rule may stand in the mesh's own namespace, which is not read with a single one.
                0.9 if known or snapshot.namespace is None else 0.68,
            )


def _host(host: str, route: JsonObject) -> tuple[str | None, str | None]:
    """The Service that a host of the mesh means, with its namespace; nothing for a host outside."""
    labels = host.split(".")
    if len(labels) == 1 and host:
        return host, namespace_of(route)
    return (labels[0], labels[1]) if "svc" in labels[2:3] else (None, None)


def _subsets(name: str, space: str | None, snapshot: Snapshot) -> set[str]:
    rules = [
        each for each in snapshot.of("DestinationRule") if _host(str(part(each, "spec", "host")), each) == (name, space)
    ]
    return {str(one.get("name")) for each in rules for one in items(each, "spec", "subsets")}


def _empty_subsets(rule: JsonObject, snapshot: Snapshot) -> Iterator[Fault]:
    """A subset without pods is usual until a route leads to it."""
    name, space = _host(str(part(rule, "spec", "host") or ""), rule)
    service = snapshot.find("Service", space, name) if name else None
    wanted = mapping(service, "spec", "selector")
    used = {
        str(part(one, "destination", "subset"))
        for each in snapshot.of("VirtualService")
        for row in items(each, "spec", "http")
        for one in items(row, "route")
        if _host(str(part(one, "destination", "host") or ""), each) == (name, space) and one.get("weight") != 0
    }
    for subset in items(rule, "spec", "subsets") if wanted else ():
        labels = {**wanted, **mapping(subset, "labels")}.items()
        pods = [labels_of(each.raw) for each in snapshot.pods if each.ref.namespace == space]
        templates = [labels_of(template_of(each.raw)) for each in snapshot.workloads if each.ref.namespace == space]
        if subset.get("name") in used and not any(labels <= each.items() for each in (*pods, *templates)):
            shown = ", ".join(f"{key}={value}" for key, value in mapping(subset, "labels").items())
            yield Fault(
                Category.GATEWAY_MISROUTE,
                f"has the subset {subset.get('name')} ({shown}), which is sent requests, and no pod has these labels",
                "The mesh answers such requests with 503. Correct the labels of the subset, or those of the pods.",
                0.88,
            )
