"""Turns the server's JSON into the types of tools.snapshot; whatever is missing or odd is read as absent."""

import re
from collections.abc import Iterator
from typing import Literal

from safety.redaction import Redacted, Redactor
from tools.evidence import ObjectRef, evidence
from tools.kubernetes.templates import probe_words
from tools.objects import REVISION_HASH, at, condition, meta, number, owner_of, ref_of
from tools.snapshot import Container, Deployment, Ended, Event, MissingThing, Pod, Probe
from tools.world import JsonObject

REVISION = "deployment.kubernetes.io/revision"

_MISSING = re.compile(r"(?i)\b(secret|configmap)s?\s+\"?([a-z0-9][-a-z0-9.]*)\"?\s+not found")
_MISSING_KEY = re.compile(
    r"(?i)couldn't find key (\S+) in (secret|configmap) (?:[a-z0-9][-a-z0-9]*/)?([a-z0-9][-a-z0-9.]*)"
)
_MISSING_ITEM = re.compile(
    r'(?i)for volume "([^"]+)"\s*: (secret|configmap) references non-existent (?:secret|config) key: (\S+)'
)


# How a container ends that could not even be started: the runtime's message says why, for there is no log.
_NEVER_STARTED = frozenset({"StartError", "ContainerCannotRun", "RunContainerError", "CreateContainerError"})


def revision_of(obj: JsonObject) -> int:
    return number((meta(obj).get("annotations") or {}).get(REVISION))


def missing_thing(message: str) -> MissingThing | None:
    """Read from the message before redaction, which may take a name such as api-token for a secret's key."""
    if found := _MISSING_KEY.search(message):
        return MissingThing(_config_kind(found[2]), found[3], found[1])
    if found := _MISSING_ITEM.search(message):
        return MissingThing(_config_kind(found[2]), "", found[3].rstrip(",."), found[1])
    if found := _MISSING.search(message):
        return MissingThing(_config_kind(found[1]), found[2].rstrip("."))
    return None


def _config_kind(word: str) -> Literal["Secret", "ConfigMap"]:
    return "Secret" if word.lower() == "secret" else "ConfigMap"


def event_from(obj: JsonObject, redactor: Redactor) -> Event:
    involved = obj.get("involvedObject") or {}
    subject = ObjectRef(str(involved.get("kind")), involved.get("namespace"), str(involved.get("name")))
    raw = str(obj.get("message") or "").strip()
    message = redactor.text(raw)
    first = at(obj.get("firstTimestamp")) or at(obj.get("eventTime")) or at(meta(obj).get("creationTimestamp"))
    series = obj.get("series") or {}
    last = at(series.get("lastObservedTime")) or at(obj.get("lastTimestamp")) or first
    count = number(series.get("count")) or number(obj.get("count"), 1)
    reason = str(obj.get("reason") or "")
    times = f" ({count} times)" if count > 1 else ""
    text = redactor.text(f"{reason}{times}: {message}")
    part = f":{meta(obj).get('uid') or reason}"
    return Event(
        subject=subject,
        kind=str(obj.get("type") or ""),
        reason=reason,
        message=message,
        count=count,
        first_at=first,
        last_at=last,
        missing=missing_thing(raw),
        evidence=evidence("event", subject, text, last, part),
    )


def pod_from(obj: JsonObject, redactor: Redactor) -> Pod:
    spec, status, ref = obj.get("spec") or {}, obj.get("status") or {}, ref_of("Pod", obj)
    containers = tuple(_containers(spec, status, redactor))
    scheduled = condition(obj, "PodScheduled")
    is_waiting = scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable"
    unschedulable = redactor.text(str(scheduled.get("message") or "no node fits")) if is_waiting else None
    phase, reason = str(status.get("phase") or "Unknown"), str(status.get("reason") or "")
    ended = [each.ended.finished_at for each in containers if each.ended and each.ended.finished_at]
    created, labels = at(meta(obj).get("creationTimestamp")), meta(obj).get("labels") or {}
    return Pod(
        ref=ref,
        created_at=created,
        phase=phase,
        reason=reason,
        message=redactor.text(str(status.get("message") or "")),
        node=spec.get("nodeName"),
        owner=owner_of(obj),
        template_hash=labels.get("pod-template-hash") or labels.get(REVISION_HASH),
        containers=containers,
        unschedulable=unschedulable,
        requests=redactor.text(_requests(spec)),
        going=bool(meta(obj).get("deletionTimestamp")),
        evidence=evidence(
            "pod", ref, redactor.text(_pod_words(phase, containers, unschedulable)), max(ended, default=created)
        ),
        raw=obj,
    )


def _pod_words(phase: str, containers: tuple[Container, ...], unschedulable: Redacted | None) -> str:
    words = "; ".join(container_words(each) for each in containers if each.state != "unknown")
    if words:
        return words  # the phase of a pod that crashes is Running: beside its containers it only misleads
    return f"phase {phase}" + (f"; not on any node: {unschedulable}" if unschedulable else "")


def container_words(container: Container) -> str:
    """One container in a line, the exit included: it is what evidence and summaries quote."""
    state = f"{container.state} ({container.reason})" if container.reason else container.state
    parts = [f"container {container.name} {state}"]
    if container.state == "running":
        parts.append("ready" if container.ready else "not ready")
    if container.restarts:
        parts.append(f"{container.restarts} restarts")
    if container.ended:
        ended = container.ended
        when = f" at {ended.finished_at:%Y-%m-%d %H:%M:%S} UTC" if ended.finished_at else ""
        parts.append(f"last exit {ended.exit_code} {ended.reason}{when}")
        if ended.message and ended.reason in _NEVER_STARTED:
            parts.append(str(ended.message))
    if container.memory_limit:
        parts.append(f"memory limit {container.memory_limit}")
    # What the kubelet says while it waits to start a container again repeats the reason and the pod's own name.
    if container.message and container.state == "waiting" and container.reason != "CrashLoopBackOff":
        parts.append(str(container.message))
    parts.append(f"image {container.image}")
    return ", ".join(parts)


def _requests(spec: JsonObject) -> str:
    asked = []
    for each in spec.get("containers") or ():
        requests = (each.get("resources") or {}).get("requests") or {}
        if requests:
            asked.append(f"{each.get('name')}: " + ", ".join(f"{key} {requests[key]}" for key in sorted(requests)))
    return "; ".join(asked) or "nothing"


def _containers(spec: JsonObject, status: JsonObject, redactor: Redactor) -> Iterator[Container]:
    for field, statuses, is_init in (
        ("initContainers", "initContainerStatuses", True),
        ("containers", "containerStatuses", False),
    ):
        seen = {str(each.get("name")): each for each in status.get(statuses) or ()}
        for each in spec.get(field) or ():
            yield _container(each, seen.get(str(each.get("name"))) or {}, is_init, redactor)


_State = Literal["waiting", "running", "terminated", "unknown"]
_STATES: tuple[_State, ...] = ("waiting", "running", "terminated")


def _container(spec: JsonObject, status: JsonObject, is_init: bool, redactor: Redactor) -> Container:
    states = status.get("state") or {}
    state: _State = next((each for each in _STATES if states.get(each) is not None), "unknown")
    detail = states.get(state) or {}
    ended = states.get("terminated") or (status.get("lastState") or {}).get("terminated")
    limits = (spec.get("resources") or {}).get("limits") or {}
    return Container(
        name=str(spec.get("name")),
        image=str(spec.get("image") or ""),
        is_init=is_init,
        state=state,
        reason=str(detail.get("reason") or ""),
        message=redactor.text(str(detail.get("message") or "")),
        ready=bool(status.get("ready")),
        restarts=number(status.get("restartCount")),
        running_since=at(detail.get("startedAt")) if state == "running" else None,
        ended=_ended(ended, redactor) if ended else None,
        memory_limit=str(limits["memory"]) if "memory" in limits else None,
        ports=tuple((str(each.get("name") or ""), str(each.get("containerPort"))) for each in spec.get("ports") or ()),
        liveness=probe_from(spec.get("livenessProbe")),
        readiness=probe_from(spec.get("readinessProbe")),
        startup=probe_from(spec.get("startupProbe")),
        missing=missing_thing(str(detail.get("message") or "")),
    )


def _ended(obj: JsonObject, redactor: Redactor) -> Ended:
    return Ended(
        reason=str(obj.get("reason") or ""),
        exit_code=number(obj.get("exitCode"), -1),
        started_at=at(obj.get("startedAt")),
        finished_at=at(obj.get("finishedAt")),
        message=redactor.text(str(obj.get("message") or "")).clip(300),
    )


def probe_from(obj: JsonObject | None) -> Probe | None:
    if not obj:
        return None
    asked = obj.get("httpGet") or obj.get("tcpSocket") or obj.get("grpc") or {}
    port = asked.get("port")
    return Probe(
        what=probe_words(obj),
        port=None if port is None else str(port),
        path=asked.get("path"),
        period=number(obj.get("periodSeconds"), 10),
        timeout=number(obj.get("timeoutSeconds"), 1),
        failures=number(obj.get("failureThreshold"), 3),
        delay=number(obj.get("initialDelaySeconds")),
    )


def deployment_from(obj: JsonObject, redactor: Redactor) -> Deployment:
    spec, status, ref = obj.get("spec") or {}, obj.get("status") or {}, ref_of("Deployment", obj)
    failure = condition(obj, "ReplicaFailure")
    progressing = condition(obj, "Progressing")
    desired, ready = number(spec.get("replicas"), 1), number(status.get("readyReplicas"))
    text = (
        f"{ready} of {desired} pods ready, {number(status.get('updatedReplicas'))} on the newest revision "
        f"{revision_of(obj)}, {number(status.get('availableReplicas'))} available"
        + (f"; rollout: {progressing.get('reason')}" if progressing.get("reason") else "")
        + (f"; {failure.get('reason')}: {failure.get('message')}" if failure.get("status") == "True" else "")
    )
    return Deployment(
        ref=ref,
        uid=str(meta(obj).get("uid")),
        generation=number(meta(obj).get("generation"), 1),
        observed_generation=number(status.get("observedGeneration")),
        created_at=at(meta(obj).get("creationTimestamp")),
        desired=desired,
        current=number(status.get("replicas")),
        ready=ready,
        updated=number(status.get("updatedReplicas")),
        available=number(status.get("availableReplicas")),
        paused=bool(spec.get("paused")),
        deleting=bool(meta(obj).get("deletionTimestamp")),
        deadline_exceeded=progressing.get("reason") == "ProgressDeadlineExceeded",
        replica_failure=redactor.text(str(failure.get("message"))) if failure.get("status") == "True" else None,
        evidence=evidence("deployment", ref, redactor.text(text), None),
    )
