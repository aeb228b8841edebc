"""Services that lead nowhere: a selector without pods, or with others' pods, and ports nobody listens on."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tools.analyzers.addresses import behind, has_endpoints, named_ports
from tools.analyzers.interface import Claim, cited, finding_on, release_id, seen
from tools.analyzers.listening import listening, ports_of, silent
from tools.analyzers.selectors import Near, near, relabelled, selector_of
from tools.analyzers.troubles import Trouble, troubles
from tools.evidence import Category, Evidence, Finding, ObjectRef, Remedy
from tools.logs.reading import SignKind
from tools.objects import (
    annotations_of,
    containers_of,
    created_at,
    items,
    labels_of,
    name_of,
    namespace_of,
    number,
    part,
    ref_of,
    template_of,
)
from tools.snapshot import Release, Snapshot, Workload
from tools.world import JsonObject

K = SignKind
_NO_ANSWER = (K.CONNECTION_REFUSED, K.CONNECTION_TIMEOUT, K.CONNECTION_RESET, K.DNS_FAILURE, K.UPSTREAM_ERROR)
_ERRORS = (*_NO_ANSWER, K.PROTOCOL_MISMATCH, K.AUTHENTICATION_FAILED, K.SLOW)


@dataclass(frozen=True, slots=True)
class Called:
    """A Service with what calls it: the programs that complain of it, and the routes that lead to it."""

    service: JsonObject
    complaints: tuple[Trouble, ...]
    routes: tuple[ObjectRef, ...]

    @property
    def ref(self) -> ObjectRef:
        return ref_of("Service", self.service)

    @property
    def callers(self) -> tuple[ObjectRef, ...]:
        return tuple(dict.fromkeys(each.workload.ref for each in self.complaints))

    @property
    def words(self) -> str:
        names = ", ".join(each.name for each in self.callers[:3])
        return f" ({names} cannot use it)" if names else ""


def called(snapshot: Snapshot, kinds: Sequence[SignKind]) -> Iterator[Called]:
    """Every Service with a selector that is not just being made, with the complaints of these kinds."""
    told = [each for each in troubles(snapshot, least=1) if each.kind in kinds and each.place is not None]
    fresh = snapshot.observed_at - snapshot.thresholds.pod_age
    for service in snapshot.of("Service"):
        made = created_at(service)
        if not selector_of(service) or part(service, "spec", "type") == "ExternalName":
            continue
        if made is not None and made > fresh:
            continue
        ref = ref_of("Service", service)
        ours = tuple(each for each in told if each.place is not None and each.place.service_ref == ref)
        yield Called(service, ours, tuple(routes_to(service, snapshot)))


def routes_to(service: JsonObject, snapshot: Snapshot) -> Iterator[ObjectRef]:
    """The Ingresses and routes of its namespace that lead to a Service."""
    name, space = name_of(service), namespace_of(service)
    for each in snapshot.of("Ingress", space):
        if annotations_of(each).get("nginx.ingress.kubernetes.io/canary") == "true":
            continue  # it gets requests only now and then, and its pods may be away until then
        paths = [path for rule in items(each, "spec", "rules") for path in items(rule, "http", "paths")]
        backends = [part(each, "spec", "defaultBackend"), *(part(path, "backend") for path in paths)]
        if any(part(one, "service", "name") == name for one in backends):
            yield ref_of("Ingress", each)
    for each in snapshot.of("HTTPRoute", space):
        if any(one.get("name") == name for rule in items(each, "spec", "rules") for one in items(rule, "backendRefs")):
            yield ref_of("HTTPRoute", each)


# ---- the selector ---------------------------------------------------------------------------------------------------


def selector_mismatch(snapshot: Snapshot) -> Iterator[Finding]:
    """A Service selects no pods though some were meant, or pods of another program beside the ones that were meant."""
    for each in called(snapshot, _ERRORS):
        if selects_nobody(each.service, snapshot):
            yield from _nobody(each, snapshot)
        else:
            yield from _others_too(each, snapshot)


def selects_nobody(service: JsonObject, snapshot: Snapshot) -> bool:
    """Whether neither a template nor a pod that was read fits the selector, and nobody else put endpoints there."""
    wanted, space = selector_of(service).items(), namespace_of(service)
    if has_endpoints(service, snapshot) or any(True for _ in behind(service, snapshot)):
        return False
    return not any(each.ref.namespace == space and wanted <= labels_of(each.raw).items() for each in snapshot.pods)


def _nobody(found: Called, snapshot: Snapshot) -> Iterator[Finding]:
    meant = near(found.service, snapshot, is_missed=bool(found.complaints))
    if meant is None:
        return
    changed = relabelled(meant.workload, lambda labels: _fits(found.service, labels), snapshot)
    is_headless = part(found.service, "spec", "clusterIP") == "None"
    is_namesake = meant.workload.ref.name == found.ref.name
    is_alone = is_namesake and not is_headless and not _is_served(meant.workload, found.service, snapshot)
    is_missed = bool(found.complaints or changed is not None or (found.routes and not is_headless))
    # A second Service for a canary or a preview that does not run now is usual, as long as nobody misses it.
    if not is_missed and not is_alone:
        return
    made = finding_on(
        found.ref,
        Claim(
            category=Category.SERVICE_SELECTOR_MISMATCH,
            summary=f"Service {found.ref.name} selects no pods{found.words}: {_wanted(found.service)}, and the pods of "
            f"{meant.workload.ref.name} have other labels",
            explanation=f"A Service passes traffic to the pods whose labels equal its selector, and no pod has these. "
            f"Most likely {meant.workload.ref.name} was meant: {meant.words}. Nothing that calls the Service gets an "
            "answer until the selector and the labels agree. Correct the selector, or the labels of the pods.",
            evidence=_shown(found, meant, snapshot),
            confidence=0.93 if found.complaints or changed else 0.85 if found.routes else 0.78,
            pods=(),
            since=min((each.since for each in found.complaints if each.since), default=None),
            affected=(*found.callers, *found.routes),
        ),
    )
    yield changed.put_on(made) if changed is not None else made


def _fits(service: JsonObject, labels: object) -> bool:
    return isinstance(labels, dict) and selector_of(service).items() <= labels.items()


def _is_served(workload: Workload, besides: JsonObject, snapshot: Snapshot) -> bool:
    labels = labels_of(workload.template).items()
    others = [each for each in snapshot.of("Service", workload.ref.namespace) if name_of(each) != name_of(besides)]
    return any(selector_of(each) and selector_of(each).items() <= labels for each in others)


def _wanted(service: JsonObject) -> str:
    return "it wants " + ", ".join(f"{key}={value}" for key, value in sorted(selector_of(service).items()))


def _shown(found: Called, meant: Near, snapshot: Snapshot) -> tuple[Evidence, ...]:
    labels = ", ".join(f"{key}={value}" for key, value in sorted(labels_of(meant.workload.template).items()))
    return cited(
        [
            seen(
                snapshot,
                found.service,
                f"selector: {_wanted(found.service)[9:]}; no pod has these labels, no endpoints",
            )
        ],
        [seen(snapshot, meant.workload.raw, f"labels of its pods: {labels}")] if meant.workload.raw else [],
        [line for each in found.complaints[:2] for line in each.lines(snapshot)],
    )


def _others_too(found: Called, snapshot: Snapshot) -> Iterator[Finding]:
    """Pods of another program behind the Service: they refuse the port that only the right ones listen on."""
    selected = [each for each in behind(found.service, snapshot) if each.desired != 0]
    own = [each for each in selected if all(_declares(each, port) for port in items(found.service, "spec", "ports"))]
    others = [each for each in selected if each not in own]
    complaints = [each for each in found.complaints if each.kind in (K.CONNECTION_REFUSED, *_NO_ANSWER)]
    if not own or not others or not complaints:
        return
    names = ", ".join(each.ref.name for each in others)
    labels = [seen(snapshot, each.raw, f"its pods have the labels {_labels(each)}") for each in others if each.raw]
    yield finding_on(
        found.ref,
        Claim(
            category=Category.SERVICE_SELECTOR_MISMATCH,
            summary=f"Service {found.ref.name} also selects the pods of {names}, which do not serve its port"
            f"{found.words}",
            explanation=f"{_wanted(found.service)[:1].upper()}{_wanted(found.service)[1:]}, and {names} has these "
            f"labels as well as {own[0].ref.name}. A part of the connections therefore goes to pods where nobody "
            "listens, and fails. Give the selector a label that only the right pods have.",
            evidence=cited(
                [seen(snapshot, found.service, f"selector: {_wanted(found.service)[9:]}")],
                labels,
                [line for each in complaints[:2] for line in each.lines(snapshot)],
            ),
            confidence=0.85,
            pods=(),
            since=min((each.since for each in complaints if each.since), default=None),
            affected=found.callers,
        ),
    )


def _labels(workload: Workload) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(labels_of(workload.template).items()))


# ---- the port -------------------------------------------------------------------------------------------------------


def port_mismatch(snapshot: Snapshot) -> Iterator[Finding]:
    """A Service passes traffic to a port that the containers behind it do not have, or do not listen on."""
    for each in called(snapshot, (K.CONNECTION_REFUSED, K.CONNECTION_TIMEOUT, K.CONNECTION_RESET, K.UPSTREAM_ERROR)):
        servers = [one for one in behind(each.service, snapshot) if one.desired != 0 and one.template]
        if not servers:
            continue
        ports = items(each.service, "spec", "ports")
        yield from _lost_port(each, snapshot)
        for port in ports:
            claim = _wrong_port(each, port, servers, snapshot, is_only=len(ports) == 1)
            if claim is not None:
                yield _blamed(finding_on(each.ref, claim), servers[0], port, snapshot)
                break


def _lost_port(found: Called, snapshot: Snapshot) -> Iterator[Finding]:
    """Several programs call a port that the Service lacks: it was changed, rather than each of them wrongly set up."""
    known = {number(each.get("port")) for each in items(found.service, "spec", "ports")}
    lost = [each for each in found.complaints if each.place and each.place.port and each.place.port not in known]
    callers = tuple(dict.fromkeys(each.workload.ref for each in lost))
    asked = {each.place.port for each in lost if each.place}
    if len(callers) < 2 or len(asked) != 1:
        return
    port, shown = asked.pop(), ", ".join(map(str, sorted(known)))
    yield finding_on(
        found.ref,
        Claim(
            category=Category.SERVICE_PORT_MISMATCH,
            summary=f"Service {found.ref.name} has no port {port}, which {len(callers)} programs call (it has {shown})",
            explanation=f"{', '.join(each.name for each in callers[:3])} call port {port} of the Service, and it has "
            f"{shown}. As several programs agree on the port, the Service was most likely changed. Give it that port "
            "again, or change what calls it.",
            evidence=cited(
                [seen(snapshot, found.service, f"ports: {shown}")],
                [line for each in lost[:2] for line in each.lines(snapshot)],
            ),
            confidence=0.88,
            pods=(),
            since=min((each.since for each in lost if each.since), default=None),
            affected=callers,
        ),
    )


def _wrong_port(
    found: Called, port: JsonObject, servers: Sequence[Workload], snapshot: Snapshot, *, is_only: bool
) -> Claim | None:
    target = _target(port)
    if any(_declares(each, port) and target not in silent(each) for each in servers):
        return None
    refused = _of_port(found, port, servers, snapshot)
    heard = sorted({one for each in servers for one in listening(each)})
    if isinstance(target, str):
        sure = 0.93 if refused else 0.85 if is_only and not _is_unready(servers) else 0.0
        words = f"no container of {servers[0].ref.name} has a port of that name"
    else:
        sure = _sureness(target, refused, servers, heard if refused or is_only else [])
        sure = sure or (_UNANSWERED if is_only and found.routes and _leads_past(target, servers) else 0.0)
        words = f"{servers[0].ref.name} listens on {', '.join(map(str, heard or _declared(servers)))}"
    if not sure:
        return None
    declared = ", ".join(f"{name} {value}" for name, value in ports_of(servers[0])) or "none"
    server = servers[0]
    return Claim(
        category=Category.SERVICE_PORT_MISMATCH,
        summary=f"Service {found.ref.name} passes port {port.get('port')} to port {target} of its pods, and {words}"
        f"{found.words}",
        explanation=f"A Service's targetPort has to be a port on which the containers behind it listen. Here it is "
        f"{target}, and {words} (ports that the containers declare: {declared}), so connections are refused though "
        "the pods run. Correct targetPort in the Service, or the port in the workload.",
        evidence=cited(
            [seen(snapshot, found.service, f"port {port.get('port')}, targetPort {target}")],
            [seen(snapshot, server.raw, f"ports of its containers: {declared}")] if server.raw else [],
            [line for each in refused[:2] for line in each.lines(snapshot)],
            [tail.evidence for pod in server.members for tail in pod.logs if heard][:1],
        ),
        confidence=sure,
        pods=(),
        since=min((each.since for each in refused if each.since), default=None),
        affected=(*found.callers, *found.routes),
    )


def _sureness(target: int, refused: Sequence[Trouble], servers: Sequence[Workload], heard: Sequence[int]) -> float:
    """A port that is not declared proves nothing by itself: containers may listen where they do not say so."""
    if _is_unready(servers) or target in heard or target in _probed(servers):
        return 0.0
    if refused:
        return 0.92 if heard else 0.84 if _declared(servers) or _probed(servers) else 0.0
    return 0.7 if heard and _declared(servers) and target not in _declared(servers) else 0.0


# Nobody complains yet, and the port is one that nothing in the pods is known to have.
_UNANSWERED = 0.66


def _leads_past(target: int, servers: Sequence[Workload]) -> bool:
    """Whether the kubelet gets answers on a port that is declared, the target is none of these, and no log shows that
    anybody was served."""
    declared, probed = set(_declared(servers)), _probed(servers)
    is_served = any(tail.reading.served for each in servers for pod in each.members for tail in pod.logs)
    known = bool(probed) and probed <= declared and target not in declared
    return known and len(servers) == 1 and not is_served and not _is_unready(servers)


def _is_unready(servers: Sequence[Workload]) -> bool:
    return not any(each.ready for each in servers)


def _target(port: JsonObject) -> int | str:
    target = port.get("targetPort") or port.get("port")
    return target if isinstance(target, str) and not target.isdigit() else number(target)


def _declares(workload: Workload, port: JsonObject) -> bool:
    target = _target(port)
    if isinstance(target, str):
        return target in named_ports(workload)
    return any(value == target for _, value in ports_of(workload))


def _declared(servers: Sequence[Workload]) -> list[int]:
    return sorted({value for each in servers for _, value in ports_of(each)})


def _probed(servers: Sequence[Workload]) -> set[int]:
    """Numbers of the ports that the kubelet asks and that answer: the pods are ready."""
    found: set[int] = set()
    for workload in servers:
        names = named_ports(workload)
        for container in containers_of(workload.template):
            for kind in ("httpGet", "tcpSocket", "grpc"):
                port = part(container, "readinessProbe", kind, "port")
                found.add(names.get(str(port), number(port)))
    return found - {0}


def _of_port(found: Called, port: JsonObject, servers: Sequence[Workload], snapshot: Snapshot) -> list[Trouble]:
    """The complaints about this port: of the Service, or, from what asks the pods themselves, of its target."""
    direct = [each for each in found.complaints if each.place and each.place.port in (None, port.get("port"))]
    target, refs = _target(port), {each.ref for each in servers}
    around = [
        each
        for each in troubles(snapshot, least=1)
        if each.kind is K.CONNECTION_REFUSED and each.place and each.place.service is None and each.place.behind
        if each.place.behind.ref in refs and each.place.port == target
    ]
    return [each for each in [*direct, *around] if each.kind is K.CONNECTION_REFUSED] or (
        [*direct, *around] if isinstance(target, str) else []
    )


def _blamed(found: Finding, server: Workload, port: JsonObject, snapshot: Snapshot) -> Finding:
    """The release that took the port away, where the one before it still had it and it came not long before."""
    releases = server.deployment.releases if server.deployment else ()
    if len(releases) < 2 or not releases[0].changed & {"ports", "environment", "config source", "command"}:
        return found
    release, older = releases[0], releases[1]
    if not (_took_port(older, server, port, snapshot) or _came_before(release, found)):
        return found
    why = f"revision {release.number} moved the port, and revision {older.number} is still kept"
    return dataclasses.replace(
        found,
        explanation=snapshot.say(
            f"{found.explanation} Revision {release.number} of {server.ref.name} ({release.title}) changed the port on "
            "which its pods serve."
        ),
        evidence=(*found.evidence, release.evidence),
        culprit=release_id(server.ref, release),
        remedy=Remedy("rollback", server.ref, snapshot.say(why), to_revision=older.number),
    )


def _took_port(older: Release, server: Workload, port: JsonObject, snapshot: Snapshot) -> bool:
    kept = snapshot.find("ReplicaSet", server.ref.namespace, older.replica_set)
    if kept is None or _declares(server, port):
        return False
    return _declares(
        dataclasses.replace(server, raw={"kind": "Deployment", "spec": {"template": template_of(kept)}}), port
    )


def _came_before(release: Release, found: Finding) -> bool:
    if found.since is None or release.created_at is None:
        return False
    return timedelta(minutes=-1) <= found.since - release.created_at <= timedelta(hours=1)
