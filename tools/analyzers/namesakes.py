"""Asked in one environment and broken in another: what bears the same name next door, and what is only there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tools.analyzers.causes import Joined, about
from tools.analyzers.spoken import kinds_told, near_forms
from tools.evidence import Finding, ObjectRef
from tools.objects import name_of
from tools.snapshot import Pod, Snapshot

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
    of that name, or tells of a state that pods are in there and not here. Else, if the namespace asked about has the
    same and that is well, the fault is only mentioned.
    """
    asked = about(joined, snapshot.namespace)
    if snapshot.namespace is None or not beside:
        return Meant(asked)
    asked_about = (snapshot.namespace,)
    here = _names_in(snapshot, snapshot.namespace)
    strangers = [each for each in joined.roots if each not in asked.roots and each.confidence >= _SURE]
    near = [(each, names) for each in strangers if (names := _sufferers(each, joined, beside))]
    told = _told_of(snapshot.focus) - _states(each for each in snapshot.pods if each.ref.namespace in asked_about)
    wanted = [
        each
        for each, names in near
        if names & snapshot.focus - here
        or (names & here and told & _states(_pods_of(each, joined, snapshot)))
        or (_is_spoken_of(names, snapshot.focus, here) and each.category in kinds_told(snapshot.focus))
    ]
    if wanted and not any(each.confidence >= _SURE for each in asked.roots):
        roots = (*wanted, *asked.roots)
        kept = {each.subject for each in roots}
        return Meant(Joined(roots, tuple(each for each in joined.symptoms if each[1].subject in kept)))
    return Meant(asked, tuple(each for each, names in near if names & here or each in wanted))


def _is_spoken_of(names: frozenset[str], focus: frozenset[str], here: frozenset[str]) -> bool:
    """Whether a question speaks of one of the names in the singular or plural, and of nothing that is here."""
    said = {each.lower() for each in focus}
    return any(near_forms(each) & said and not near_forms(each) & here for each in names)


def _names_in(snapshot: Snapshot, namespace: str) -> frozenset[str]:
    read = {name_of(each) for kind in _CALLED for each in snapshot.of(kind, namespace)}
    return frozenset(read | {each.ref.name for each in snapshot.workloads if each.ref.namespace == namespace})


_SAID = {
    "crashloopbackoff": ("crash", "crashes", "crashed", "crashing", "crashloop", "crashlooping", "crash-looping"),
    "imagepullbackoff": ("errimagepull", "imagepull", "imagepullbackoff"),
    "oomkilled": ("oom", "oomkill", "oomkilled", "oom-killed"),
    "init": ("init", "podinitializing"),
    "pending": ("pending", "unschedulable"),
}


def _told_of(words: Iterable[str]) -> set[str]:
    """States of pods that the words of a question name, in the words of ``_states``."""
    said = {each.lower() for each in words}
    return {state for state, forms in _SAID.items() if said & {state, *forms}} | said & _OTHERS


_OTHERS = frozenset({"containercreating", "createcontainerconfigerror", "createcontainererror", "invalidimagename"})


def _states(pods: Iterable[Pod]) -> set[str]:
    found = set()
    for pod in pods:
        reasons = {each.reason.lower() for each in pod.containers} | {
            each.ended.reason.lower() for each in pod.containers if each.ended is not None
        }
        found |= {"imagepullbackoff" if each == "errimagepull" else each for each in reasons}
        found |= {"pending"} if pod.unschedulable else set()
        unfinished = any(each.is_init and each.state != "terminated" for each in pod.containers)
        found |= {"init"} if pod.phase == "Pending" and unfinished and not pod.unschedulable else set()
    return found


def _pods_of(found: Finding, joined: Joined, snapshot: Snapshot) -> Iterator[Pod]:
    symptoms = [each for each, cause in joined.symptoms if cause.subject == found.subject]
    suffering = {one for each in (found, *symptoms) for one in each.affected}
    return (each for each in snapshot.pods if each.ref in suffering)


def _sufferers(found: Finding, joined: Joined, places: Sequence[str]) -> frozenset[str]:
    """Names of the workloads and Services in ``places`` that a fault is about or makes suffer."""
    symptoms = [each for each, cause in joined.symptoms if cause.subject == found.subject]
    refs: list[ObjectRef] = [one for each in (found, *symptoms) for one in (each.subject, *each.affected)]
    return frozenset(each.name for each in refs if each.namespace in places and each.kind in _CALLED)
