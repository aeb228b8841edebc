"""What a report closes with: what was ruled out, and what nobody looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.evidence import Finding
from tools.kubernetes.rows import is_failing
from tools.kubernetes.scope import Scope
from tools.snapshot import Snapshot

_OUTSIDE = ("source code", "cloud services", "dashboards")


@dataclass(frozen=True, slots=True)
class Remains:
    """What was seen, what is claimed of it, and what fails (``Kind/namespace/name``)."""

    snapshot: Snapshot
    findings: tuple[Finding, ...]
    failing: frozenset[str]


def ruled_out(remains: Remains) -> Iterator[str]:
    """Only what was really looked at and is well."""
    snapshot = remains.snapshot
    if snapshot.blind:
        return
    suffering = {each.name for found in remains.findings for each in found.affected if each.kind == "Pod"}
    well = [each for each in snapshot.rows if each.name not in suffering and not is_failing(each)]
    if well:
        yield f"{'The other ' if suffering else ''}{len(well)} pods: running, finished or just starting"
    if snapshot.nodes and all(each.status == "Ready" for each in snapshot.nodes):
        yield f"The nodes: all {len(snapshot.nodes)} are Ready"
    others = [each for each in snapshot.deployments if str(each.ref) not in remains.failing]
    if others and all(each.available >= each.desired for each in others):
        yield f"{len(others)} {'other ' if remains.failing else ''}deployments: all have the pods they want"
    yield from _families(snapshot)


def _families(snapshot: Snapshot) -> Iterator[str]:
    """Causes that a person would think of next, said only where every failing pod was read."""
    pods = [pod for each in snapshot.workloads for pod in each.pods]
    if not pods:
        return
    if not any(each.unschedulable for each in pods):
        yield "Room on the nodes: no pod waits for one"
    if not any("Image" in container.reason for pod in pods for container in pod.containers):
        yield "Images: all were pulled"
    if not any(each.missing for workload in snapshot.workloads for each in workload.events()):
        yield "Configuration: no missing Secret or ConfigMap is reported"


def next_door(namesakes: Sequence[Finding]) -> str:
    """What fails elsewhere under a name that is well where it was asked about; empty if nothing does."""
    told = [f"{each.subject} is failing: {str(each.summary).rstrip('.')}." for each in namesakes[:2]]
    where = " or ".join(dict.fromkeys(str(each.subject.namespace) for each in namesakes[:2]))
    return f" But elsewhere {' And '.join(told)} If that was meant, ask about namespace {where}." if told else ""


def not_checked(remains: Remains, scope: Scope) -> Iterator[str]:
    """Everything that a person might think was looked at, and was not."""
    snapshot = remains.snapshot
    if scope.not_found:
        yield f"{scope.not_found}: no namespace and no deployment has that name."
    yield from snapshot.not_checked
    if snapshot.truncated:
        yield "The rest of the pods: there are more than are listed in one scan."
    for each in scope.also_named:
        yield f"Namespace {each}: the question names more than one; ask about it on its own."
    told = {each.subject.name for each in remains.findings if each.subject.kind == "Node"}
    odd = [each for each in snapshot.nodes if each.status != "Ready" and each.name not in told]
    if odd:
        named = ", ".join(f"{each.name} ({each.status})" for each in odd)
        yield f"Why these nodes are not plainly Ready: {named}"
    if not snapshot.metrics:
        yield "Traffic, errors and latency over time: no measurements were read; of autoscalers only what they say."
    yield f"Anything outside the cluster: {', '.join(snapshot.unconnected or _OUTSIDE)}."
