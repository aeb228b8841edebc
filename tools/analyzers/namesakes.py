"""Asked in one environment and broken in another: what bears the same name next door, and what is only there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.analyzers.causes import Joined, about
from tools.evidence import Finding, ObjectRef
from tools.objects import name_of
from tools.snapshot import Snapshot

_CALLED = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Service")
# Below this a finding is a guess, and nobody is sent elsewhere because of a guess.
_SURE = 0.6


@dataclass(frozen=True, slots=True)
class Meant:
    """``asked`` is what concerns the question; ``namesakes`` are faults next door of what is well here."""

    asked: Joined
    namesakes: tuple[Finding, ...] = ()


def meant(joined: Joined, snapshot: Snapshot, beside: Sequence[str]) -> Meant:
    """What concerns the namespace that was asked about, and what somebody may have meant in those ``beside`` it.

    A fault next door is an answer only where the question names what fails and the namespace asked about has nothing
    of that name. Where it has, and that is well, the fault is only mentioned.
    """
    asked = about(joined, snapshot.namespace)
    if snapshot.namespace is None or not beside:
        return Meant(asked)
    here = _names_in(snapshot, snapshot.namespace)
    strangers = [each for each in joined.roots if each not in asked.roots and each.confidence >= _SURE]
    near = [(each, names) for each in strangers if (names := _sufferers(each, joined, beside))]
    wanted = [each for each, names in near if names & snapshot.focus - here]
    if wanted and not any(each.confidence >= _SURE for each in asked.roots):
        roots = (*wanted, *asked.roots)
        kept = {each.subject for each in roots}
        return Meant(Joined(roots, tuple(each for each in joined.symptoms if each[1].subject in kept)))
    return Meant(asked, tuple(each for each, names in near if names & here or each in wanted))


def _names_in(snapshot: Snapshot, namespace: str) -> frozenset[str]:
    read = {name_of(each) for kind in _CALLED for each in snapshot.of(kind, namespace)}
    return frozenset(read | {each.ref.name for each in snapshot.workloads if each.ref.namespace == namespace})


def _sufferers(found: Finding, joined: Joined, places: Iterable[str]) -> frozenset[str]:
    """Names of the workloads and Services in ``places`` that a fault is about or makes suffer."""
    symptoms = [each for each, cause in joined.symptoms if cause.subject == found.subject]
    refs: list[ObjectRef] = [one for each in (found, *symptoms) for one in (each.subject, *each.affected)]
    return frozenset(each.name for each in refs if each.namespace in places and each.kind in _CALLED)
