"""Configuration that a pod needs and does not find: a Secret, a ConfigMap, or a key in one."""

import dataclasses
import json
from collections.abc import Callable, Iterator

from tools.analyzers.interface import Claim, began_at, cited, count_words, find_blame, finding, speaks_for
from tools.evidence import Category, Finding
from tools.objects import items, part, template_of
from tools.snapshot import MissingThing, Pod, Release, Snapshot, Workload

_WAITING = frozenset({"CreateContainerConfigError", "ContainerCreating", "PodInitializing"})
_REASONS = frozenset({"Failed", "FailedMount"})


def missing_config(snapshot: Snapshot) -> Iterator[Finding]:
    """The container cannot be made because a Secret or ConfigMap it names is not there."""
    for workload in snapshot.workloads:
        pods = tuple(each for each in workload.pods if _waits_long(each, snapshot))
        told = [each for pod in pods for each in pod.events if each.missing and each.reason in _REASONS]
        # Events live for an hour and the back-off outlives them: the container's own words name it too.
        missing = next((each.missing for each in told if each.missing), None) or _from_state(pods)
        if missing is None:
            continue
        missing = _named(missing, workload)
        what = f"{missing.kind} {missing.name}"
        gap = f"has no key {missing.key}" if missing.key else "does not exist"
        since = began_at(pods, *_REASONS)
        asks = _asks_for(missing, workload, snapshot)
        claim = Claim(
            category=Category.MISSING_SECRET if missing.kind == "Secret" else Category.MISSING_CONFIGMAP,
            summary=f"{what} {gap}: {count_words(workload, pods)} cannot start",
            explanation=f"The pods need the {what} in namespace {workload.ref.namespace}, and it {gap}. "
            "Kubernetes waits for it and starts the container by itself once it is there. A restart changes nothing. "
            f"Either create it, or stop asking for it.{_still_serving(workload)}",
            evidence=cited((each.evidence for each in told), (each.evidence for each in pods)),
            confidence=0.92,
            pods=pods,
            since=since,
            # What ran with it for long found the thing then: it was taken away since.
            blame=None if speaks_for(workload, pods, since) else find_blame(workload, pods, asks, snapshot.thresholds),
        )
        yield finding(workload, claim)


def _named(missing: MissingThing, workload: Workload) -> MissingThing:
    """With the name of what the volume mounts, where the message tells only the volume."""
    if missing.name or missing.volume is None:
        return missing
    volumes = [each for each in items(workload.template, "spec", "volumes") if each.get("name") == missing.volume]
    sources = [*volumes, *(one for each in volumes for one in items(each, "projected", "sources"))]
    field, key = ("secret", "secretName") if missing.kind == "Secret" else ("configMap", "name")
    names = [str(part(each, field, key) or part(each, field, "name") or "") for each in sources if part(each, field)]
    asked = [
        name
        for name, each in zip(names, (each for each in sources if part(each, field)), strict=True)
        if any(one.get("key") == missing.key for one in items(each, field, "items"))
    ]
    found = next(iter([*asked, *names]), "")
    return dataclasses.replace(missing, name=found or f"of volume {missing.volume}")


def _asks_for(missing: MissingThing, workload: Workload, snapshot: Snapshot) -> Callable[[Release, Release], bool]:
    """Whether a release is the first to name the missing thing, or the missing key of a thing that was named before."""
    thing = f"{missing.kind}/{missing.name}"

    def asks(release: Release) -> bool:
        if thing not in release.config_names or missing.key is None:
            return thing in release.config_names
        kept = snapshot.find("ReplicaSet", workload.ref.namespace, release.replica_set)
        # A template that is not kept may have asked for it as well.
        return kept is None or missing.key in json.dumps(template_of(kept))

    return lambda release, older: asks(release) and not asks(older)


def _waits_long(pod: Pod, snapshot: Snapshot) -> bool:
    is_waiting = any(each.reason in _WAITING for each in pod.containers)
    is_old = pod.created_at is None or snapshot.observed_at - pod.created_at >= snapshot.thresholds.image_pull
    return is_waiting and is_old


def _from_state(pods: tuple[Pod, ...]) -> MissingThing | None:
    found = (each.missing for pod in pods for each in pod.containers if each.missing is not None)
    return next(found, None)


def _still_serving(workload: Workload) -> str:
    deployment = workload.deployment
    return f" Meanwhile {deployment.available} older pods still serve." if deployment and deployment.available else ""
