"""Traffic to the wrong place: upstreams in a proxy's own configuration, and paths led to another's Service."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.analyzers.addresses import Place, behind, config_of, find_place, is_address, nearest, serves_port
from tools.analyzers.interface import Claim, cited, find_blame, finding, finding_on, seen
from tools.analyzers.troubles import Trouble, troubles
from tools.evidence import Category, Evidence, Finding, evidence
from tools.logs.reading import SignKind
from tools.objects import annotations_of, containers_of, items, mapping, name_of, namespace_of, part, ref_of
from tools.snapshot import Snapshot, Workload
from tools.world import JsonObject

K = SignKind
_PROXY = re.compile(r"(?:^|/)[\w.-]*(?:nginx|openresty|envoy|haproxy|traefik|caddy|httpd|apisix|kong)[\w.-]*(?::|@|$)")
_UPSTREAMS = (
    re.compile(r"\b(?:proxy|grpc|fastcgi|uwsgi|scgi)_pass\s+(?:[a-z]+://)?([\w.-]+(?::\d{1,5})?)(?![\w.-]|:/)"),
    re.compile(r"(?:^|[{;])\s*server\s+([\w.-]+:\d{1,5})", re.MULTILINE),
    re.compile(r"^\s*server\s+[\w.-]+\s+([\w.-]+:\d{1,5})", re.MULTILINE),
    re.compile(r"\breverse_proxy\s+(?:https?://|h2c://)?([\w.-]+(?::\d{1,5})?)(?![\w.-]|:/)"),
    re.compile(r"\bProxyPass\s+\S+\s+\"?https?://([\w.-]+(?::\d{1,5})?)"),
    re.compile(r"\burl:\s*[\"']?https?://([\w.-]+(?::\d{1,5})?)"),
)
_ENVOY = re.compile(r"\baddress:\s*[\"']?([\w.-]+)[\"']?\s*,?\s*port_value:\s*(\d{1,5})")
_UPSTREAM_BLOCK = re.compile(r"\bupstream\s+([\w.-]+)\s*\{")
_ENOUGH = 3


def wrong_upstreams(snapshot: Snapshot) -> Iterator[Finding]:
    """A proxy's configuration names a Service or a port that does not exist, and its log complains of it."""
    told = [each for each in troubles(snapshot, least=1) if each.kind in _OF_UPSTREAMS]
    for workload in snapshot.workloads:
        if not any(_PROXY.search(str(each.get("image"))) for each in containers_of(workload.template)):
            continue
        for config, key, place in _upstreams(workload, snapshot):
            own = [each for each in told if each.workload.ref == workload.ref and _is_about(each, place)]
            if own and _is_wrong(place, snapshot):
                yield _wrong(own, config, key, place, snapshot)
                break


_OF_UPSTREAMS = (K.DNS_FAILURE, K.CONNECTION_REFUSED, K.CONNECTION_TIMEOUT, K.UPSTREAM_ERROR)


def upstreams_in(text: str) -> list[str]:
    """The addresses to which a proxy's configuration passes requests; variables and names of its own are left out."""
    own = set(_UPSTREAM_BLOCK.findall(text))
    found = [each for pattern in _UPSTREAMS for each in pattern.findall(text)]
    found += [f"{host}:{port}" for host, port in _ENVOY.findall(text)]
    return [each for each in dict.fromkeys(found) if each not in own and each not in ("unix", "0.0.0.0")]


def _upstreams(workload: Workload, snapshot: Snapshot) -> Iterator[tuple[JsonObject, str, Place]]:
    for kind, name in config_of(workload):
        config = snapshot.find(kind, workload.ref.namespace, name) if kind == "ConfigMap" else None
        for key, text in mapping(config, "data").items() if config is not None else ():
            for each in upstreams_in(str(text)):
                place = find_place(each, workload.ref.namespace, snapshot)
                if place is not None and config is not None and not place.is_local:
                    yield config, key, place


def _is_wrong(place: Place, snapshot: Snapshot) -> bool:
    if place.service is not None:
        return not serves_port(place)
    return place.is_ours and place.behind is None and any(True for _ in snapshot.of("Service", place.namespace))


def _is_about(trouble: Trouble, place: Place) -> bool:
    other = trouble.place
    if other is not None and other.service is not None and place.service is not None:
        return other.service_ref == place.service_ref and other.port in (None, place.port)
    # The address of a Service that was not read, on a port that the configuration names too.
    is_unknown = other is not None and is_address(other.host) and not other.is_ours and place.port == other.port
    return is_unknown or place.host in (trouble.sign.target or "") or place.host in trouble.sign.line


def _wrong(told: list[Trouble], config: JsonObject, key: str, place: Place, snapshot: Snapshot) -> Finding:
    workload = told[0].workload
    meant = nearest(place, snapshot) if place.service is None else None
    fault = (
        f"port {place.port}, which that Service does not have" if place.service is not None else "which does not exist"
    )
    hint = f" There is a Service {meant}; that may be what was meant." if meant else ""
    pods = tuple(dict.fromkeys(pod for each in told for pod in each.pods))
    return finding(
        workload,
        Claim(
            category=Category.GATEWAY_MISROUTE,
            summary=f"{workload.ref.name} passes requests on to {place.words}: {fault}",
            explanation=f"The proxy's configuration (ConfigMap {name_of(config)}, key {key}) names {place.words} as "
            f"the place behind it, {fault}.{hint} Correct the address there; a proxy reads its configuration at its "
            "start or when it is told to.",
            evidence=cited(
                [seen(snapshot, config, f"key {key} passes requests on to {place.words}")],
                [line for each in told[:3] for line in each.lines(snapshot)],
            ),
            confidence=0.9,
            pods=pods,
            since=min((each.since for each in told if each.since), default=None),
            blame=find_blame(
                workload, pods, lambda release, _: "config source" in release.changed, snapshot.thresholds
            ),
        ),
    )


# ---- paths that lead to another's Service ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Path:
    """One rule of a route: a path, and the name of the Service that is asked for it."""

    route: JsonObject
    path: str
    service: str

    @property
    def word(self) -> str:
        return self.path.strip("/").partition("/")[0].lower()


def wrong_services(snapshot: Snapshot) -> Iterator[Finding]:
    """A path named after one Service leads to another, which answers that it does not know it."""
    for each in (*of_ingresses(snapshot), *of_routes(snapshot)):
        space = namespace_of(each.route)
        meant = next((one for one in snapshot.of("Service", space) if _is_named(each.word, name_of(one))), None)
        asked = snapshot.find("Service", space, each.service)
        if meant is None or asked is None or _is_alike(each.word, each.service):
            continue
        lines = [one for server in behind(asked, snapshot) for one in _unknown_there(server, each.path, snapshot)]
        before = _applied(each)
        if lines:
            yield _misled(each, name_of(meant), lines, before, snapshot)


def of_ingresses(snapshot: Snapshot) -> Iterator[Path]:
    for each in snapshot.of("Ingress"):
        for path in (one for rule in items(each, "spec", "rules") for one in items(rule, "http", "paths")):
            yield Path(each, str(path.get("path") or "/"), str(part(path, "backend", "service", "name")))


def of_routes(snapshot: Snapshot) -> Iterator[Path]:
    for each in snapshot.of("HTTPRoute"):
        for rule in items(each, "spec", "rules"):
            for match in items(rule, "matches"):
                for backend in items(rule, "backendRefs"):
                    yield Path(each, str(part(match, "path", "value") or "/"), str(backend.get("name")))


def _is_named(word: str, service: str) -> bool:
    return bool(word) and word.rstrip("s") == service.lower().rstrip("s")


def _is_alike(word: str, service: str) -> bool:
    return word.rstrip("s") in service.lower() or service.lower().rstrip("s") in word


def _unknown_there(server: Workload, path: str, snapshot: Snapshot) -> list[Evidence]:
    """The log of a program that answers 404 for a path again and again, as evidence."""
    asked = re.compile(rf"{re.escape(path.rstrip('/'))}(?:[/?\s\"]|$)")
    found = []
    for tail in (tail for pod in server.members for tail in pod.logs):
        lines = [line for line in tail.text.splitlines() if asked.search(line) and re.search(r"\b404\b", line)]
        if len(lines) >= _ENOUGH:
            text = snapshot.say(f"{lines[-1]} ({len(lines)} lines like it)")
            found.append(evidence("log", tail.pod, text, None, f":{tail.container}:404"))
    return found


def _applied(path: Path) -> str | None:
    """The Service that the route had when it was last applied from a file, where that is another one."""
    try:
        kept = json.loads(annotations_of(path.route).get("kubectl.kubernetes.io/last-applied-configuration", "{}"))
    except ValueError:
        return None
    for rule in items(kept, "spec", "rules"):
        for one in items(rule, "http", "paths"):
            name = part(one, "backend", "service", "name")
            if one.get("path") == path.path and name and name != path.service:
                return str(name)
    return None


def _misled(path: Path, meant: str, lines: list[Evidence], before: str | None, snapshot: Snapshot) -> Finding:
    kind, name = str(path.route["kind"]), name_of(path.route)
    drift = f" When it was last applied from a file, the path led to {before}." if before else ""
    return finding_on(
        ref_of(kind, path.route),
        Claim(
            category=Category.GATEWAY_MISROUTE,
            summary=f"{kind} {name} leads {path.path} to Service {path.service}, which does not know it",
            explanation=f"Requests for {path.path} go to {path.service}, and its log says that there is no such path. "
            f"There is a Service {meant}, which is most likely meant.{drift} Correct the name in the {kind}.",
            evidence=cited(
                [seen(snapshot, path.route, f"path {path.path} leads to Service {path.service}{drift}")], lines
            ),
            confidence=0.9 if before == meant else 0.82,
            pods=(),
        ),
    )


# ---- shares of one path that go to the wrong one of several ---------------------------------------------------------


def wrong_weights(snapshot: Snapshot) -> Iterator[Finding]:
    """Of several places behind one path the one that gets most answers that it does not know it; another one did."""
    for route, path, shares in _shared(snapshot):
        most = max(shares, key=lambda each: shares[each])
        others = [each for each in shares if each != most and shares[each] < shares[most]]
        asked, space = snapshot.find("Service", namespace_of(route), most), namespace_of(route)
        if asked is None or not others or shares[most] * 2 < sum(shares.values()):
            continue
        servers = tuple(behind(asked, snapshot))
        lines = [one for server in servers for one in _unknown_there(server, path, snapshot)]
        served = [each for each in others if _serves(each, space, snapshot)]
        if lines and served and not any(_answers(server) for server in servers):
            yield _misshared(route, path, most, served[0], shares, lines, snapshot)


def _shared(snapshot: Snapshot) -> Iterator[tuple[JsonObject, str, dict[str, int]]]:
    for route in snapshot.of("HTTPRoute"):
        for rule in items(route, "spec", "rules"):
            shares = {str(each.get("name")): int(each.get("weight", 1)) for each in items(rule, "backendRefs")}
            paths = [str(part(each, "path", "value") or "/") for each in items(rule, "matches")] or ["/"]
            if len(shares) > 1:
                yield route, paths[0], shares
    for route in snapshot.of("VirtualService"):
        for rule in items(route, "spec", "http"):
            ends = [(part(each, "destination", "host"), each.get("weight", 0)) for each in items(rule, "route")]
            shares = {str(host).partition(".")[0]: int(weight) for host, weight in ends}
            if len(shares) > 1:
                yield route, "/", shares


def _serves(service: str, space: str | None, snapshot: Snapshot) -> bool:
    found = snapshot.find("Service", space, service)
    return found is not None and any(_answers(server) for server in behind(found, snapshot))


_ANSWERED = re.compile(r"\bHTTP/[\d.]+\" 2\d\d\b|\"?status\"?[=:] ?2\d\d\b")


def _answers(server: Workload) -> bool:
    """Whether its log shows requests that went well, more than a few."""
    lines = [line for pod in server.members for tail in pod.logs for line in tail.text.splitlines()]
    return sum(bool(_ANSWERED.search(line)) for line in lines) >= _ENOUGH


def _misshared(  # noqa: PLR0913 - what was found out about one rule of a route
    route: JsonObject,
    path: str,
    most: str,
    served: str,
    shares: dict[str, int],
    lines: list[Evidence],
    snapshot: Snapshot,
) -> Finding:
    kind, name = str(route["kind"]), name_of(route)
    told = ", ".join(f"{each} {weight}" for each, weight in shares.items())
    return finding_on(
        ref_of(kind, route),
        Claim(
            category=Category.GATEWAY_MISROUTE,
            summary=f"{kind} {name} sends most of {path} to Service {most}, which does not know what is asked",
            explanation=f"Of the places behind {path} ({told}) {most} gets most requests, and its log says that there "
            f"is no such path; {served} has served them. Correct the weights in the {kind}.",
            evidence=cited([seen(snapshot, route, f"weights of {path}: {told}")], lines),
            confidence=0.8,
            pods=(),
        ),
    )
