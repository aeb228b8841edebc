"""Which pods a selector was meant for: the workload that almost has its labels, and the release that took them."""

import dataclasses
import difflib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tools.analyzers.interface import release_id, say
from tools.evidence import Finding, Remedy
from tools.objects import labels_of, mapping, name_of, namespace_of, template_of
from tools.snapshot import Release, Snapshot, Workload
from tools.world import JsonObject

# Labels that say what a program is; the rest (instance, environment, team …) many programs share.
_IDENTITY = ("app", "app.kubernetes.io/name", "k8s-app", "name", "component", "app.kubernetes.io/component", "service")
# Labels that a controller or an operator puts on pods at run time; no template has them.
_AT_RUN_TIME = ("role", "pod-name", "pod-template-hash", "controller-revision-hash", "pod-index", "leader", "primary")
_SERVERS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod"})
_ALIKE = 0.75


@dataclass(frozen=True, slots=True)
class Near:
    """A workload that a selector almost selects, and in which labels they differ: key → (wanted, there)."""

    workload: Workload
    differs: Mapping[str, tuple[str, str | None]]

    @property
    def words(self) -> str:
        return ", ".join(
            f"{key} is {there} there, not {wanted}" if there is not None else f"the label {key} ({wanted}) is not there"
            for key, (wanted, there) in sorted(self.differs.items())
        )


def selector_of(service: JsonObject) -> dict[str, str]:
    return {str(key): str(value) for key, value in mapping(service, "spec", "selector").items()}


def near(service: JsonObject, snapshot: Snapshot, *, is_missed: bool = False) -> Near | None:
    """The running workload whose pods a Service that selects none was probably meant for.

    A label that is put on pods at run time may be on none of them for now; where somebody misses the Service and no
    pod has such a label at all, nobody puts it there.
    """
    wanted = selector_of(service)
    late = [key for key in wanted if any(mark in key.lower() for mark in _AT_RUN_TIME)]
    here = [each for each in snapshot.pods if each.ref.namespace == namespace_of(service)]
    if late and not (is_missed and here and not any(key in labels_of(each.raw) for each in here for key in late)):
        return None
    found = [
        (rank, each)
        for each in snapshot.workloads
        if each.ref.kind in _SERVERS and each.ref.namespace == namespace_of(service) and each.desired != 0
        if (rank := _rank(service, wanted, each)) is not None
    ]
    if not found:
        return None
    best = max(found, key=lambda each: each[0])[1]
    there = labels_of(best.template)
    return Near(best, {key: (value, there.get(key)) for key, value in wanted.items() if there.get(key) != value})


def _rank(service: JsonObject, wanted: Mapping[str, str], workload: Workload) -> tuple[float, ...] | None:
    """How near; None where it is not. One label may be off, unless the names say that they belong together."""
    labels = labels_of(workload.template)
    shared = [key for key, value in wanted.items() if labels.get(key) == value]
    off = len(wanted) - len(shared)
    is_named_alike = workload.ref.name == name_of(service)
    is_known = any(key in _IDENTITY for key in shared)
    alike = max((_alike(value, labels) for key, value in wanted.items() if key not in shared), default=0.0)
    if not labels or (off > 1 and not is_named_alike) or not (is_known or is_named_alike or alike >= _ALIKE):
        return None
    return is_named_alike, len(shared), alike


def _alike(value: str, labels: Mapping[str, str]) -> float:
    own = [there for key, there in labels.items() if key in _IDENTITY]
    return max((difflib.SequenceMatcher(None, value, each).ratio() for each in own), default=0.0)


@dataclass(frozen=True, slots=True)
class Relabelling:
    """The release that changed the labels of a workload's pods so that something no longer fits them."""

    workload: Workload
    release: Release
    before: Release
    is_running: bool

    def put_on(self, found: Finding) -> Finding:
        """The finding with this release as its culprit, and going back from it as its remedy where it runs now."""
        words = (
            f" Revision {self.release.number} of {self.workload.ref.name} ({self.release.title}) changed the labels of "
            "its pods."
        )
        why = f"revision {self.release.number} changed the labels, and revision {self.before.number} is still kept"
        remedy = Remedy("rollback", self.workload.ref, say(why), to_revision=self.before.number)
        return dataclasses.replace(
            found,
            explanation=say(found.explanation + words),
            evidence=(*found.evidence, self.release.evidence),
            since=found.since or self.release.created_at,
            culprit=release_id(self.workload.ref, self.release),
            remedy=remedy if self.is_running else None,
        )


def relabelled(
    workload: Workload, is_fine: Callable[[Mapping[str, str]], bool], snapshot: Snapshot
) -> Relabelling | None:
    """The newest release before which the labels of the pods were fine; those that are now are not."""
    releases = workload.deployment.releases if workload.deployment else ()
    for index, (release, older) in enumerate(itertools.pairwise(releases)):
        kept = snapshot.find("ReplicaSet", workload.ref.namespace, older.replica_set)
        if kept is not None and is_fine(labels_of(template_of(kept))):
            return Relabelling(workload, release, older, is_running=index == 0)
    return None
