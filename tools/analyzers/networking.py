"""What stands between programs that ask and what would answer: network policies and the cluster's name service."""

import dataclasses
import re
from collections.abc import Iterator

from tools.analyzers import policies
from tools.analyzers.addresses import target_port
from tools.analyzers.certificates import holders
from tools.analyzers.dependencies import name_services, routers
from tools.analyzers.interface import Claim, cited, failing, finding_on, seen
from tools.analyzers.policies import Block, End
from tools.analyzers.selectors import Relabelling, relabelled
from tools.analyzers.troubles import Trouble, troubles
from tools.evidence import Category, Evidence, Finding, ObjectRef
from tools.logs.reading import SignKind
from tools.objects import condition, part, ref_of
from tools.snapshot import Pod, Snapshot, Workload

K = SignKind


# ---- network policies -----------------------------------------------------------------------------------------------


def policy_blocks(snapshot: Snapshot) -> Iterator[Finding]:
    """A policy keeps a program from what it needs, and the program complains; one that nobody misses is quiet."""
    found: dict[ObjectRef, list[tuple[Trouble, Block]]] = {}
    for trouble in troubles(snapshot, least=2):
        block = policies.behind_trouble(trouble.workload, trouble.kind, trouble.place, snapshot)
        if block is not None:
            found.setdefault(ref_of("NetworkPolicy", block.policies[0]), []).append((trouble, block))
    for ref, told in found.items():
        yield _blocked(ref, told, snapshot)


def _blocked(ref: ObjectRef, told: list[tuple[Trouble, Block]], snapshot: Snapshot) -> Finding:
    trouble, block = told[0]
    callers = tuple(dict.fromkeys(each.workload.ref for each, _ in told))
    names = ", ".join(each.name for each in callers[:3])
    target = "the name service (port 53)" if trouble.kind is K.DNS_FAILURE else trouble.target
    way = "lets in" if block.direction == "Ingress" else "lets out"
    others = ", ".join(str(each["metadata"]["name"]) for each in block.policies[1:3])
    besides = f" (and neither does {others})" if others else ""
    claim = Claim(
        category=Category.NETWORK_POLICY_BLOCK,
        summary=f"NetworkPolicy {ref.name} keeps {names} from {target}: its {block.direction.lower()} rules do not "
        "admit the connection",
        explanation=f"A pod that a NetworkPolicy selects {way} only what some policy admits, and all else is dropped "
        f"without an answer; {names} waits for {target} until its time is over. By the labels of both ends and the "
        f"port, {ref.name} does not admit this connection{besides}. Add a rule that does, or correct its labels or "
        "port; a restart does not help.",
        evidence=cited(
            [seen(snapshot, each, _rules_words(each, block)) for each in block.policies],
            [line for each, _ in told[:2] for line in each.lines(snapshot)],
        ),
        confidence=0.8 if all(each.kind is K.SLOW for each, _ in told) else 0.92,
        pods=(),
        since=min((each.since for each, _ in told if each.since), default=None),
        affected=callers,
    )
    made = finding_on(ref, claim)
    changed = _relabelled(trouble, snapshot)
    return changed.put_on(made) if changed is not None else made


def _rules_words(policy: dict[str, object], block: Block) -> str:
    spec = policy.get("spec")
    rules = spec.get(block.direction.lower()) if isinstance(spec, dict) else None
    selected = spec.get("podSelector") if isinstance(spec, dict) else None
    return f"selects {selected or 'every pod'}; {block.direction} rules: {rules or 'none, so nothing is admitted'}"


def _relabelled(trouble: Trouble, snapshot: Snapshot) -> Relabelling | None:
    """The release of the caller or of what it calls that took the label which the policies admit."""
    rules = tuple(snapshot.of("NetworkPolicy"))
    place = trouble.place
    if trouble.kind is K.DNS_FAILURE or place is None or place.behind is None:
        return None
    caller, there = policies.end_of(trouble.workload, snapshot), policies.end_of(place.behind, snapshot)
    port = target_port(place)

    def admits(one: End, other: End) -> bool:
        return policies.blocks(rules, one, other, port) is None

    return relabelled(
        trouble.workload, lambda labels: admits(policies.relabelled(caller, labels), there), snapshot
    ) or relabelled(place.behind, lambda labels: admits(caller, policies.relabelled(there, labels)), snapshot)


# ---- certificates ---------------------------------------------------------------------------------------------------


def shown_expired(snapshot: Snapshot) -> Iterator[Finding]:
    """Programs refuse what an Ingress or a workload of ours shows them, because its certificate's end is past."""
    found: dict[ObjectRef, list[Trouble]] = {}
    for each in troubles(snapshot):
        if each.kind is K.CERTIFICATE_EXPIRED and each.place is not None:
            held = holders(each.place, snapshot)
            behind = (each.place.behind.ref,) if each.place.behind else ()
            for ref in (*held, *behind)[:1]:
                found.setdefault(ref, []).append(each)
    for ref, told in found.items():
        callers = tuple(dict.fromkeys(each.workload.ref for each in told))
        if ref in callers:
            continue
        names = ", ".join(each.name for each in callers[:3])
        yield finding_on(
            ref,
            Claim(
                category=Category.CERTIFICATE_EXPIRED,
                summary=f"{ref.kind} {ref.name} shows a certificate that is past its end; {names} refuses it",
                explanation=f"{told[0].target} answers with a certificate whose end is past, and who checks it refuses "
                "the connection. Renew the certificate, see why that did not happen by itself, and make sure that "
                "what serves it reads the new one.",
                evidence=cited([line for each in told[:3] for line in each.lines(snapshot)]),
                confidence=0.85,
                pods=(),
                since=min((each.since for each in told if each.since), default=None),
                affected=callers,
            ),
        )


# ---- the name service -----------------------------------------------------------------------------------------------

_OWN_FAULTS = (
    "plugin/errors",
    "corefile",
    "plugin/loop",
    "error during parsing",
    "unknown directive",
    "plugin/forward",
    "plugin/kubernetes",
    "unreachable backend",
    "no healthy upstream",
)

# What its own configuration says against it stops it; of names it could not look up elsewhere several have to be told.
_STOPS = ("corefile", "plugin/loop", "error during parsing", "unknown directive", "plugin/kubernetes")
_SEVERAL = 3


def name_service(snapshot: Snapshot) -> Iterator[Finding]:
    """CoreDNS does not run, or does not get answers itself, or several programs at once get none from it."""
    servers = [
        each for each in snapshot.workloads if each.ref in name_services(snapshot) and each.ref.kind != "Service"
    ]
    missed = _missed_names(servers)
    told = [
        each
        for each in troubles(snapshot, least=1)
        if each.kind is K.DNS_FAILURE and (_is_its_fault(each, snapshot) or (each.sign.target or "").lower() in missed)
    ]
    told = [] if _is_of_one_node(told) else told
    named = False
    for each in servers:
        down = _down(each, snapshot, told)
        if down is not None:
            named = True
            yield down
    callers = {each.workload.ref for each in told} - {each.ref for each in servers}
    if named or len(callers) < 2:
        return
    ref = next((each.ref for each in servers), ObjectRef("Deployment", "kube-system", "coredns"))
    names = ", ".join(sorted(each.name for each in callers)[:4])
    yield finding_on(
        ref,
        Claim(
            category=Category.DNS_FAILURE,
            summary=f"{len(callers)} programs get no answer from the cluster's name service: {names}",
            explanation="Several programs that have little in common cannot resolve names at the same time, so the "
            "name service or the way to it is at fault rather than one of them. What is wrong with it was not seen. "
            "Look at the pods and the log of CoreDNS in kube-system, and at its ConfigMap.",
            evidence=cited([line for each in told[:4] for line in each.lines(snapshot)[:1]], most=4),
            confidence=0.68,
            pods=(),
            since=min((each.since for each in told if each.since), default=None),
            affected=tuple(sorted(callers)),
        ),
    )


_MISSED = re.compile(r"(?i)plugin/errors: \d{1,4} (?P<name>[a-z0-9_.-]{3,253})\. [A-Z]{1,10}: ")


def _missed_names(servers: list[Workload]) -> frozenset[str]:
    """Names that the name service says itself it got no answer for; whoever asks may be told that there are none."""
    logs = (tail.text for each in servers for pod in each.members for tail in pod.logs)
    return frozenset(found["name"].lower() for text in logs for found in _MISSED.finditer(text))


def _is_its_fault(trouble: Trouble, snapshot: Snapshot) -> bool:
    """No answer at all, or the answer that a Service which exists does not; a wrong name is the program's own."""
    if policies.behind_trouble(trouble.workload, trouble.kind, trouble.place, snapshot) is not None:
        return False
    # Where the node's own agent fails, nobody there reaches any Service.
    if routers(trouble, snapshot):
        return False
    service = trouble.place.service if trouble.place else None
    # A headless Service has a name only while pods stand behind it.
    is_there = service is not None and part(service, "spec", "clusterIP") not in (None, "None")
    return is_there or trouble.sign.detail("cause") == "unanswered"


def _is_of_one_node(told: list[Trouble]) -> bool:
    """Whether only pods of one node complain, and others of the same programs are well elsewhere.

    Then the name service answers, and something on that node keeps its pods from it.
    """
    nodes = {node for each in told for node in each.nodes}
    shared = [each for each in told if len(nodes) == 1 and _is_well_elsewhere(each)]
    return bool(shared)


def _is_well_elsewhere(trouble: Trouble) -> bool:
    complaining = {tail.pod for tail, _ in trouble.told}
    others = [each for each in trouble.workload.members if each.ref not in complaining and _is_ready(each)]
    sick = [each for each in trouble.workload.members if each.ref in complaining and not _is_ready(each)]
    return any(each.node not in trouble.nodes and (each.logs or sick) for each in others)


def _is_ready(pod: Pod) -> bool:
    return condition(pod.raw, "Ready").get("status") == "True"


def _down(server: Workload, snapshot: Snapshot, told: list[Trouble]) -> Finding | None:
    bad = failing(server, snapshot)
    lines = _own_faults(server, snapshot)
    asked = [each for each in told if each.workload.ref != server.ref]
    is_none_ready = (server.desired == 0 or bool(server.desired and not server.ready and (bad or asked))) and bool(
        server.raw
    )
    is_all_bad = bool(bad) and {pod.ref for pod, _ in bad} >= {each.ref for each in server.members}
    if not (is_none_ready or is_all_bad or ((bad or lines) and asked)):
        return None
    if is_none_ready or is_all_bad:
        state, sure = f"none of its pods is ready ({server.desired or 'no'} wanted)", 0.92
    elif bad:
        state, sure = f"{len({pod.ref for pod, _ in bad})} of its pods fail", 0.82
    else:
        state, sure = "it gets no answers from the servers it asks, or cannot use its configuration", 0.75
    callers = tuple(dict.fromkeys(each.workload.ref for each in asked))
    return finding_on(
        server.ref,
        Claim(
            category=Category.DNS_FAILURE,
            summary=f"The cluster's name service {server.ref.name} does not answer as it should: {state}",
            explanation="Every program that looks for another by name asks CoreDNS first, so while it fails, "
            "connections fail before they begin. Its log says why; most often its ConfigMap (the Corefile) or the "
            "servers it forwards to were changed. Correct that, then let its pods start again.",
            evidence=cited(
                lines,
                [seen(snapshot, server.raw, state)] if server.raw else [],
                [pod.evidence for pod, _ in bad],
                [line for each in asked[:2] for line in each.lines(snapshot)[:1]],
            ),
            confidence=sure if lines or bad or asked else 0.85,
            pods=tuple({pod.ref: pod for pod, _ in bad}.values()),
            since=min((each.since for each in asked if each.since), default=None),
            affected=callers,
        ),
    )


def _own_faults(server: Workload, snapshot: Snapshot) -> list[Evidence]:
    """The lines in which it says itself what is wrong, as evidence."""
    found = []
    for tail in (tail for pod in server.members for tail in pod.logs):
        told = [line for line in tail.text.splitlines() if _says_fault(line)]
        # One name that a server elsewhere did not answer says nothing: it may be old, as these lines carry no time.
        if len(told) >= _SEVERAL or any(word in each.lower() for each in told for word in _STOPS):
            found.append(_line(tail.evidence, snapshot, told[-1], len(told)))
    return found


def _says_fault(line: str) -> bool:
    lowered = line.lower()
    is_bad = any(word in lowered for word in ("error", "fatal", "unknown", "loop", "timeout", "refused", "parsing"))
    return is_bad and any(word in lowered for word in _OWN_FAULTS)


def _line(shown: Evidence, snapshot: Snapshot, line: str, count: int) -> Evidence:
    return dataclasses.replace(shown, text=snapshot.say(f"{line} ({count} lines like it)").clip(400))
