"""Answers that come late: because of one dependency that is slow, of the network, or for a reason not known."""

from collections.abc import Iterator
from dataclasses import dataclass

from tools.analyzers.addresses import find_place, setting_with
from tools.analyzers.interface import Claim, cited, finding, finding_on
from tools.analyzers.load import Load, Rise, is_slower, loads, released, rises, shown_rise
from tools.analyzers.metrics import Measure, Reading, by_workload, readings
from tools.analyzers.stores import is_store
from tools.evidence import Category, Finding, ObjectRef
from tools.objects import name_of
from tools.snapshot import Pod, Snapshot, Workload

M = Measure
_LEAST_LOSS = 0.01
_LEAST_PACKETS = 5.0
_MOST_PEERS = 0.6


@dataclass(frozen=True, slots=True)
class _Slow:
    """The calls of one workload to one dependency that take longer than before."""

    caller: Workload
    peer: str
    rise: Rise


def slow(snapshot: Snapshot) -> Iterator[Finding]:
    """The calls to one dependency take longer; where it is in the cluster and slow itself, it is named."""
    slower = list(_slower_calls(snapshot))
    late = {each.workload.ref: each for each in loads(snapshot) if each.latency}
    blamed: dict[ObjectRef, list[_Slow]] = {}
    for each in slower:
        place = find_place(each.peer, each.caller.ref.namespace, snapshot)
        refs = place.refs if place else ()
        if place is not None and place.behind is not None and place.behind.ref in late:
            blamed.setdefault(place.behind.ref, []).append(each)
        yield finding(each.caller, _claim(each, [each], refs, snapshot))
    for ref, calls in blamed.items():
        load = late[ref]
        own = [shown_rise(one, snapshot) for one in load.latency]
        claim = _claim(calls[0], calls, (), snapshot)
        yield finding_on(
            ref,
            Claim(
                category=claim.category,
                summary=f"{ref.name} answers slowly: {claim.summary}",
                explanation=claim.explanation,
                evidence=cited(own, claim.evidence),
                confidence=0.75,
                pods=load.workload.members,
                since=claim.since,
                affected=tuple(each.caller.ref for each in calls),
            ),
        )


def _claim(one: _Slow, calls: list[_Slow], because: tuple[ObjectRef, ...], snapshot: Snapshot) -> Claim:
    shift = one.rise[1]
    return Claim(
        category=Category.SLOW_DEPENDENCY,
        summary=f"calls of {one.caller.ref.name} to {one.peer} take {shift.now:.0f} ms, {shift.before:.0f} ms before",
        explanation=f"Since {shift.since:%H:%M} UTC {one.peer} answers slowly, and {one.caller.ref.name} waits for it; "
        "its other calls and its traffic are as before. Look at the load, the locks and the changes there. A restart "
        "of the caller does not help.",
        evidence=cited(shown_rise(each.rise, snapshot) for each in calls),
        confidence=0.7,
        pods=one.caller.members,
        since=shift.since,
        because=because,
    )


def _slower_calls(snapshot: Snapshot) -> Iterator[_Slow]:
    asked = {each.workload.ref for each in loads(snapshot) if each.is_asked_more}
    for ref, mine in by_workload(snapshot).items():
        workload = snapshot.workload(ref)
        calls = [each for each in mine if each.measure is M.LATENCY and each.peer]
        slower = {each[0].peer: each for each in rises(calls, M.LATENCY) if is_slower(each[1], 20)}
        peers = {each.peer for each in calls}
        # When all of several are slow, it is not them.
        if workload is None or ref in asked or (len(peers) > 2 and len(slower) > _MOST_PEERS * len(peers)):
            continue
        for peer, risen in slower.items():
            yield _Slow(workload, str(peer), risen)


def late(snapshot: Snapshot) -> Iterator[Finding]:
    """Answers take longer, and neither traffic nor CPU explains it: where to look next is all that can be said."""
    for each in loads(snapshot):
        if not each.latency or each.is_asked_more or each.is_held_back:
            continue
        risen = max(each.latency, key=lambda one: one[1].ratio)
        shift = risen[1]
        blame = released(each.workload, shift.since, lambda _release, _older: False, snapshot)
        claim = Claim(
            # Who asks a store and waits calls it a slow dependency.
            category=Category.SLOW_DEPENDENCY if is_store(each.workload) else Category.HIGH_LATENCY,
            summary=f"{each.workload.ref.name} answers in {shift.now:.0f} ms instead of {shift.before:.0f} ms "
            f"since {shift.since:%H:%M} UTC",
            explanation="Answers take longer than before. The traffic is as before and the containers are not held at "
            "their CPU limit. Look at what the program waits for (locks, queries, calls) and at what changed then.",
            evidence=cited(each.shown(snapshot), most=4),
            confidence=0.66 if blame else 0.55,
            pods=each.workload.members,
            since=shift.since,
            blame=blame,
            because=_called_by(each, snapshot),
        )
        yield finding(each.workload, claim)


def _called_by(load: Load, snapshot: Snapshot) -> tuple[ObjectRef, ...]:
    """What the settings of the workload name, and the nodes of its slow pods."""
    found: list[ObjectRef] = []
    for service in snapshot.of("Service"):
        if name_of(service) != load.workload.ref.name and setting_with(load.workload, name_of(service), snapshot):
            place = find_place(name_of(service), load.workload.ref.namespace, snapshot)
            found += place.refs if place else ()
    named = {each.pod for each, _ in load.latency}
    nodes = {each.node for each in load.workload.members if each.ref.name in named and each.node}
    return (*found, *(ObjectRef("Node", None, each) for each in sorted(nodes)))


# ---- the network ----------------------------------------------------------------------------------------------------


def bad_nodes(snapshot: Snapshot) -> frozenset[str]:
    """The nodes of which alone it is measured that packets get lost or take longer there."""
    return frozenset(ref.name for ref in _places(snapshot) if ref.kind == "Node")


def degraded(snapshot: Snapshot) -> Iterator[Finding]:
    """Packets get lost or take longer: on one node, or between the pods of a workload and others."""
    for ref, lines in _places(snapshot).items():
        yield finding_on(ref, _network_claim(ref, lines, snapshot))


def _places(snapshot: Snapshot) -> dict[ObjectRef, list[Rise]]:
    places: dict[ObjectRef, list[Rise]] = {}
    worse = [each for each in rises(list(readings(snapshot)), M.LOSS, M.RETRANSMITS, M.ROUND_TRIP) if _is_bad(each)]
    nodes = {node for each, _ in worse if (node := _node(each, snapshot))}
    is_one_node = len(nodes) == 1 and len(snapshot.nodes) > 1 and all(_node(each, snapshot) for each, _ in worse)
    for each in worse:
        node = _node(each[0], snapshot)
        if each[0].workload is not None and not is_one_node:
            places.setdefault(each[0].workload.ref, []).append(each)
        elif node is not None:
            places.setdefault(ObjectRef("Node", None, node), []).append(each)
    return places


def _is_bad(risen: Rise) -> bool:
    reading, shift = risen
    if reading.measure is M.LOSS:
        least = _LEAST_LOSS if reading.is_share else _LEAST_PACKETS
        return shift.now >= least and shift.ratio >= 3
    least = 10.0 if reading.measure is M.ROUND_TRIP else 1.0
    return shift.ratio >= 3 and shift.now - shift.before >= least


def _node(reading: Reading, snapshot: Snapshot) -> str | None:
    known = {each.name for each in snapshot.nodes}
    if reading.pod is not None:
        return next((each.node for each in snapshot.pods if each.ref.name == reading.pod), None)
    return reading.node if reading.node in known else None


def _network_claim(ref: ObjectRef, lines: list[Rise], snapshot: Snapshot) -> Claim:
    first = min(lines, key=lambda each: each[1].since)
    shown = [shown_rise(each, snapshot) for each in lines]
    where = f"on node {ref.name}" if ref.kind == "Node" else f"between {ref.name} and others"
    names = {each.pod for each, _ in lines}
    pods: tuple[Pod, ...] = tuple(
        each for each in snapshot.pods if each.ref.name in names or (ref.kind == "Node" and each.node == ref.name)
    )
    return Claim(
        category=Category.NETWORK_DEGRADED,
        summary=f"the network {where} is bad since {first[1].since:%H:%M} UTC: {shown[0].text}",
        explanation=f"Packets get lost or take much longer {where} than before ({len(lines)} lines show it). Programs "
        "there get slow or see timeouts although they are well. Look at the node's network card and plugin, at the "
        "links between zones, and at traffic shaping. A restart does not help.",
        evidence=cited(shown, most=5),
        confidence=0.75,
        pods=pods,
        since=first[1].since,
    )
