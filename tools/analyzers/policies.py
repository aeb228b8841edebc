"""What NetworkPolicies allow, as the API defines it: which of them keep a caller from a destination. Pure."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tools.analyzers.addresses import Place, is_address, named_ports, target_port
from tools.logs.reading import SignKind
from tools.objects import items, labels_of, mapping, matches, name_of, namespace_of, part
from tools.snapshot import Snapshot, Workload
from tools.world import JsonObject

Direction = Literal["Ingress", "Egress"]
_DIRECTIONS: tuple[Direction, ...] = ("Ingress", "Egress")


@dataclass(frozen=True, slots=True)
class End:
    """One end of a connection: pods by the labels they share, or something outside (``namespace`` is None).

    ``addresses`` are the IP addresses that are known of it, ``ports`` the named ports of its containers.
    """

    namespace: str | None
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    ports: Mapping[str, int] = field(default_factory=dict)
    is_host_network: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """The policies that together keep a connection from being made, in one direction; the likeliest at fault first.

    ``near`` are those with a rule for this other end that fails by the port alone.
    """

    direction: Direction
    policies: tuple[JsonObject, ...]
    near: frozenset[str] = frozenset()


def end_of(workload: Workload, snapshot: Snapshot) -> End:
    """The pods of a workload as one end of a connection."""
    found = [each.raw for each in workload.members]
    addresses = [str(part(each, "status", "podIP")) for each in found if part(each, "status", "podIP")]
    return End(
        namespace=workload.ref.namespace,
        labels=labels_of(workload.template),
        namespace_labels=namespace_labels(workload.ref.namespace, snapshot),
        addresses=tuple(addresses),
        ports=named_ports(workload),
        is_host_network=bool(part(workload.template, "spec", "hostNetwork")),
    )


def name_service_end(snapshot: Snapshot) -> End:
    """The cluster's name service, as every installer labels it."""
    space = "kube-system"
    ports = {"dns": 53, "dns-tcp": 53}
    return End(space, {"k8s-app": "kube-dns"}, namespace_labels(space, snapshot), ports=ports)


def namespace_labels(name: str | None, snapshot: Snapshot) -> dict[str, str]:
    """The labels of a namespace; the server itself puts its name on each."""
    found = snapshot.find("Namespace", None, str(name))
    return {"kubernetes.io/metadata.name": str(name), **(labels_of(found) if found is not None else {})}


def between(workload: Workload, place: Place | None, snapshot: Snapshot) -> Block | None:
    """What keeps a workload from a place: one whose pods are known, or one outside of the cluster."""
    policies = tuple(snapshot.of("NetworkPolicy"))
    if place is None or place.is_local or not policies:
        return None
    caller = end_of(workload, snapshot)
    if place.behind is not None:
        return _first_at_fault(blocks(policies, caller, end_of(place.behind, snapshot), target_port(place)), snapshot)
    if place.is_ours or place.service is not None:
        return None
    outside = End(None, addresses=(place.host,) if is_address(place.host) else ())
    return _first_at_fault(blocks(policies, caller, outside, place.port), snapshot)


def before_names(workload: Workload, snapshot: Snapshot) -> Block | None:
    """What keeps a workload from asking the cluster's name service."""
    policies = tuple(snapshot.of("NetworkPolicy"))
    found = blocks(policies, end_of(workload, snapshot), name_service_end(snapshot), 53, "UDP")
    return _first_at_fault(found, snapshot)


def behind_trouble(workload: Workload, kind: SignKind, place: Place | None, snapshot: Snapshot) -> Block | None:
    """What keeps a workload from what it complains of: only silence is a policy's doing, a refusal never is."""
    if kind is SignKind.DNS_FAILURE:
        return before_names(workload, snapshot)
    is_silence = kind in (SignKind.CONNECTION_TIMEOUT, SignKind.SLOW)
    return between(workload, place, snapshot) if is_silence else None


def relabelled(end: End, labels: Mapping[str, str]) -> End:
    """The same end with other labels: how it was before a release."""
    return replace(end, labels=labels)


def blocks(
    policies: Iterable[JsonObject], caller: End, destination: End, port: int | None, protocol: str = "TCP"
) -> Block | None:
    """What keeps the caller from the destination's pods at a port of theirs; None where it may connect.

    Policies add up: a pod that any policy selects for a direction is closed in it, but for what some policy admits.
    Where the caller or the port is not known well enough, it is taken as admitted.
    """
    known = tuple(policies)
    for direction in _DIRECTIONS:
        own, other = (destination, caller) if direction == "Ingress" else (caller, destination)
        if own.namespace is None or own.is_host_network or other.is_host_network:
            continue
        closing = [each for each in known if isolates(each, own, direction)]
        if closing and not any(_admits(each, direction, other, destination, port, protocol) for each in closing):
            near = frozenset(
                name_of(each) for each in closing if _admits(each, direction, other, destination, None, "")
            )
            ordered = sorted(closing, key=lambda each: _merit(each, direction), reverse=True)
            return Block(direction, tuple(ordered), near)
    return None


def _first_at_fault(block: Block | None, snapshot: Snapshot) -> Block | None:
    """The same with the policy first that has to be mended.

    A rule that misses this caller by the port, or finds nobody at all, was meant for somebody and is wrong. One that
    admits others does what it is for: then the policy at fault is that which admits nothing, if there is one.
    """
    if block is None:
        return None

    def merit(policy: JsonObject) -> tuple[bool, bool]:
        rules = _rules(policy, block.direction)
        peers = [each for rule in rules for each in items(rule, "from" if block.direction == "Ingress" else "to")]
        is_meant = name_of(policy) in block.near or any(not _finds(each, policy, snapshot) for each in peers)
        return is_meant, not rules

    return replace(block, policies=tuple(sorted(block.policies, key=merit, reverse=True)))


def _finds(peer: JsonObject, policy: JsonObject, snapshot: Snapshot) -> bool:
    """Whether a peer of a rule stands for anything that exists, as far as that was read."""
    if mapping(peer, "ipBlock"):
        return True
    spaces = part(peer, "namespaceSelector")
    own = str(namespace_of(policy))
    names = [own] if spaces is None else [name_of(each) for each in snapshot.of("Namespace")]
    if spaces is not None:
        names = [each for each in names if matches(mapping(spaces), namespace_labels(each, snapshot))]
    wanted = mapping(peer, "podSelector")
    if not wanted or not snapshot.of("Namespace"):
        return bool(names) or not snapshot.of("Namespace")
    read = {each.ref.namespace for each in snapshot.workloads}
    ends = [each for each in snapshot.workloads if each.ref.namespace in names]
    return any(each not in read for each in names) or any(matches(wanted, labels_of(each.template)) for each in ends)


def isolates(policy: JsonObject, end: End, direction: Direction) -> bool:
    """Whether a policy closes these pods in a direction, but for what it and others admit."""
    if namespace_of(policy) != end.namespace or not matches(mapping(policy, "spec", "podSelector"), end.labels):
        return False
    types = items(policy, "spec", "policyTypes")
    if types:
        return direction in types
    return direction == "Ingress" or bool(items(policy, "spec", "egress"))


def _merit(policy: JsonObject, direction: Direction) -> tuple[bool, str]:
    """Of several, the one with rules: it was made to admit somebody. Then the newest."""
    return bool(_rules(policy, direction)), str(part(policy, "metadata", "creationTimestamp"))


def _rules(policy: JsonObject, direction: Direction) -> list[Any]:
    return items(policy, "spec", direction.lower())


def _admits(
    policy: JsonObject, direction: Direction, other: End, destination: End, port: int | None, protocol: str
) -> bool:
    peers = "from" if direction == "Ingress" else "to"
    return any(
        _has_peer(items(rule, peers), policy, other) and _has_port(items(rule, "ports"), destination, port, protocol)
        for rule in _rules(policy, direction)
    )


def _has_peer(peers: list[Any], policy: JsonObject, other: End) -> bool:
    return not peers or any(_is_peer(each, policy, other) for each in peers)


def _is_peer(peer: JsonObject, policy: JsonObject, other: End) -> bool:
    block = mapping(peer, "ipBlock")
    if block:
        return _is_in(block, other)
    if other.namespace is None:
        return False
    spaces = part(peer, "namespaceSelector")
    here = (
        other.namespace == namespace_of(policy) if spaces is None else matches(mapping(spaces), other.namespace_labels)
    )
    return here and matches(mapping(peer, "podSelector"), other.labels)


def _is_in(block: JsonObject, other: End) -> bool:
    """Whether an address is in a block and not in its exceptions; one that is not known is taken to be."""
    if not other.addresses:
        # A name outside may have any address; pods are told by their labels, unless everything is admitted.
        return other.namespace is None or str(block.get("cidr")) in ("0.0.0.0/0", "::/0")
    return any(
        _holds(str(block.get("cidr")), each) and not any(_holds(str(one), each) for one in items(block, "except"))
        for each in other.addresses
    )


def _holds(cidr: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False


def _has_port(ports: list[Any], destination: End, port: int | None, protocol: str) -> bool:
    return not ports or any(_is_port(each, destination, port, protocol) for each in ports)


def _is_port(given: JsonObject, destination: End, port: int | None, protocol: str) -> bool:
    if protocol and str(given.get("protocol") or "TCP") != protocol:
        return False
    first = given.get("port")
    if first is None or port is None:
        return True
    if isinstance(first, str) and not first.isdigit():
        return destination.ports.get(first) == port
    last = given.get("endPort") or first
    return int(first) <= port <= int(last)
