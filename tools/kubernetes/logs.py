"""Reads the tails of the logs that can tell something, with what they say."""

import asyncio
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from safety.redaction import Redacted, Redactor
from tools.evidence import EVIDENCE_LIMIT, ObjectRef, evidence
from tools.kubernetes.objects import pod_from
from tools.kubernetes.rollout import selector_of
from tools.kubernetes.rows import pod_rows, suspicion
from tools.logs.read import read_log
from tools.snapshot import Container, LogTail, Pod
from tools.tool import ToolError
from tools.world import JsonObject, LogOptions, NotFound, Reader, Rejected, WorldError

# The server takes the last lines and then cuts them at their end: a tail that fills its bytes has lost what was said
# last, and is read again with fewer lines.
TAIL_LINES = 200
FEWER_LINES = 30
TAIL_BYTES = 65_536
CONTAINERS_OF_ONE_POD = 2
_NEVER_RAN = frozenset(
    {"ContainerCreating", "PodInitializing", "ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError"}
    | {"InvalidImageName", "CreateContainerError"}
)


@dataclass(frozen=True, slots=True)
class Depth:
    """How much of logs is read: so many ``tails`` of so many ``lines``, of so many pods of one workload.

    ``failing`` counts the pods of one workload that are not well, ``running`` those that are, where none is unwell.
    """

    tails: int = 20
    lines: tuple[int, ...] = (TAIL_LINES, FEWER_LINES)
    failing: int = 2
    running: int = 1


async def read_logs(
    world: Reader, pods: Sequence[Pod], depth: Depth, now: datetime
) -> tuple[list[Pod], Redacted | None]:
    """The same pods with the log tails of those containers that ran and are not well; and why not all, if so."""
    faults: list[str] = []
    wanted = _wanted(pods, depth)[: depth.tails]
    tails = await asyncio.gather(*(_tail(world, each, depth.lines, now, faults) for each in wanted))
    found = [each for each in tails if each is not None]
    told = [dataclasses.replace(pod, logs=tuple(each for each in found if each.pod == pod.ref)) for pod in pods]
    return told, world.redactor.text(f"logs: {faults[0]}").clip(300) if faults else None


def _wanted(pods: Sequence[Pod], depth: Depth) -> list[tuple[ObjectRef, str, bool]]:
    """First the containers that are not well, then one pod of each workload that runs: its log may tell why others ail.

    Of a container that runs again after a crash both logs are wanted: how it ended, and how it is now.
    """
    taken: dict[ObjectRef, int] = {}
    found = []
    for pod in pods:
        owner = pod.owner or pod.ref
        container = next((each for each in pod.containers if _can_tell(each)), None)
        if container is None or taken.get(owner, 0) >= depth.failing:
            continue
        taken[owner] = taken.get(owner, 0) + 1
        if container.ended is not None and container.state != "terminated":
            found.append((pod.ref, container.name, True))
        if container.ended is None or container.state != "waiting":
            found.append((pod.ref, container.name, False))
    read = {pod for pod, _, _ in found}
    for pod in pods:
        owner = pod.owner or pod.ref
        running = [each for each in pod.containers if each.state == "running" and not each.is_init]
        if running and pod.ref not in read and taken.get(owner, 0) < depth.running:
            taken[owner] = taken.get(owner, 0) + 1
            found += [(pod.ref, each.name, False) for each in running[:CONTAINERS_OF_ONE_POD]]
    return found


def _can_tell(container: Container) -> bool:
    if container.reason in _NEVER_RAN and container.ended is None:
        return False
    if container.state == "unknown" or container.reason == "Completed":
        return False
    return container.ended is not None or not container.ready


async def _tail(
    world: Reader, which: tuple[ObjectRef, str, bool], lines: tuple[int, ...], now: datetime, faults: list[str]
) -> LogTail | None:
    pod, container, previous = which
    try:
        raw = await _end_of(world, pod, container, previous, lines)
    except (NotFound, Rejected):
        # Rotated away, or the container never wrote one: what it would tell is extra.
        return None
    except WorldError as error:
        faults.append(str(error))
        return None
    text = world.redactor.text(raw)
    if not text.strip():
        return None
    reading = read_log(text, now=now)
    picked = world.redactor.text("\n".join(reading.summary(room=EVIDENCE_LIMIT)))
    at = reading.first_error.at if reading.first_error else None
    part = f":{container}{':previous' if previous else ''}"
    return LogTail(pod, container, previous, text, evidence("log", pod, picked, at, part), reading)


async def _end_of(world: Reader, pod: ObjectRef, container: str, previous: bool, ways: tuple[int, ...]) -> str:
    raw = ""
    for lines in ways:
        options = LogOptions(previous=previous, tail_lines=lines, limit_bytes=TAIL_BYTES)
        raw = await world.cluster.log(str(pod.namespace), pod.name, container, options)
        if len(raw.encode()) < TAIL_BYTES:
            break
    return raw


def grep(text: Redacted, word: str, redactor: Redactor) -> Redacted:
    """The lines that contain ``word``, as plain text and never as a pattern."""
    lowered = word.lower()
    return redactor.text("\n".join(each for each in text.splitlines() if lowered in each.lower()))


async def find_container(world: Reader, namespace: str, name: str, container: str | None) -> tuple[str, str]:
    """The pod and container that a name means: a pod as it is, of a deployment the pod that looks worst."""
    try:
        found = await world.cluster.get("Pod", namespace, name)
    except NotFound:
        found = await _worst_pod(world, namespace, name)
    pod = pod_from(found, world.redactor)
    names = [each.name for each in pod.containers]
    if container is not None:
        if container not in names:
            raise ToolError(f"pod {pod.ref.name} has no container {container}; it has {', '.join(names)}")
        return pod.ref.name, container
    troubled = [each.name for each in pod.containers if _can_tell(each) and not (each.is_init and each.ready)]
    main = [each.name for each in pod.containers if not each.is_init]
    return pod.ref.name, (troubled or main or names)[0]


async def _worst_pod(world: Reader, namespace: str, name: str) -> JsonObject:
    deployment = await world.cluster.get("Deployment", namespace, name)
    table = await world.cluster.table("Pod", namespace, label_selector=selector_of(deployment), limit=500)
    rows = sorted(pod_rows(table, namespace), key=lambda each: (-suspicion(each), -each.restarts, each.age))
    if not rows:
        raise ToolError(f"deployment {name} in {namespace} has no pods")
    return await world.cluster.get("Pod", namespace, rows[0].name)
