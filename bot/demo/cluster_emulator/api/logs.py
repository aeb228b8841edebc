"""The log of a container: which life of it is meant, and which part of what it wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.api.requests import Request
from bot.demo.cluster_emulator.kubelet.containers import Container
from bot.demo.cluster_emulator.kubelet.instances import Instance
from bot.demo.cluster_emulator.kubelet.node_agents import NodeAgents
from bot.demo.cluster_emulator.objects import Obj, dig, name_of, parse_stamp
from bot.demo.cluster_emulator.resources import PODS

_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_PULLING = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


def read_log(request: Request, agents: NodeAgents) -> bytes:
    """The log's text, cut as the query says."""
    pod = agents.store.require(PODS, request.target.namespace, request.target.name)
    name = _container_name(pod, request.query.get("container", ""))
    _check_numbers(request.query)
    worker = agents.worker_of(pod)
    if worker is None:
        return _recorded(request, agents, pod, name)
    if worker.node in agents.silent:
        address = f"{agents.host_ip(worker.node)}:10250"
        place = f"https://{address}/containerLogs/{request.target.namespace}/{name_of(pod)}/{name}"
        raise statuses.ApiFailure(500, "InternalError", f'Get "{place}": dial tcp {address}: connect: no route to host')
    container = next(each for each in [*worker.init, *worker.containers] if each.name == name)
    instance = _instance(container, name_of(pod), request.query.get("previous") in ("true", "1"))
    now = agents.clock.seconds
    return _cut(request, instance.lines(now), now)


def _recorded(request: Request, agents: NodeAgents, pod: Obj, container: str) -> bytes:
    """What is kept of a container that nothing runs, by the kubelet's own rules."""
    place = (request.target.namespace, name_of(pod), container)
    wants_previous = request.query.get("previous") in ("true", "1")
    state = _status_of(pod, container)
    ways = (wants_previous, not wants_previous) if "waiting" in state else (wants_previous,)
    text = next((agents.recorded[(*place, way)] for way in ways if (*place, way) in agents.recorded), None)
    subject = f'container "{container}" in pod "{name_of(pod)}"'
    if text is None and wants_previous:
        raise statuses.bad_request(f"previous terminated {subject} not found")
    if text is None and "waiting" in state:
        reason = str(dig(state, "waiting", "reason", default="ContainerCreating"))
        raise statuses.bad_request(f"{subject} is waiting to start: {_PULLING.get(reason, reason)}")
    return _cut(request, list(_stamped(text or "")), agents.clock.seconds)


def _status_of(pod: Obj, container: str) -> Obj:
    groups = ("initContainerStatuses", "containerStatuses")
    told = (each for group in groups for each in dig(pod, "status", group, default=[]))
    return next((each.get("state") or {} for each in told if each.get("name") == container), {})


def _stamped(text: str) -> Iterator[tuple[float, str]]:
    """Lines with the time they carry; one without belongs to the line before it, and at the start to all times."""
    moment = float("inf")
    for line in text.splitlines():
        found = _STAMP.match(line)
        if found is not None:
            moment = parse_stamp(found[0].replace(" ", "T") + "Z").timestamp()
        yield moment, line


def _container_name(pod: Obj, wanted: str) -> str:
    spec = pod["spec"]
    main = [str(each["name"]) for each in spec["containers"]]
    init = [str(each["name"]) for each in spec.get("initContainers", [])]
    if wanted:
        if wanted not in main + init:
            raise statuses.bad_request(f"container {wanted} is not valid for pod {name_of(pod)}")
        return wanted
    if len(main) == 1 and not init:
        return main[0]
    default = dig(pod, "metadata", "annotations", "kubectl.kubernetes.io/default-container", default="")
    if default in main:
        return str(default)
    if len(main) == 1:
        choices = f"[{main[0]}] or one of the init containers: [{' '.join(init)}]"
    else:
        choices = f"[{' '.join(main)}]" + (f" or one of the init containers: [{' '.join(init)}]" if init else "")
    raise statuses.bad_request(f"a container name must be specified for pod {name_of(pod)}, choose one of: {choices}")


def _instance(container: Container, pod: str, previous: bool) -> Instance:
    held = container.instance
    subject = f'container "{container.name}" in pod "{pod}"'
    if previous:
        # After a crash the last dead container is the previous one, until the next one has started.
        dead = held if held is not None and "waiting" in container.state else container.previous
        if dead is None:
            raise statuses.bad_request(f"previous terminated {subject} not found")
        return dead
    if held is None:
        reason = str(dig(container.state, "waiting", "reason", default="ContainerCreating"))
        raise statuses.bad_request(f"{subject} is waiting to start: {_PULLING.get(reason, reason)}")
    return held


def _cut(request: Request, lines: list[tuple[float, str]], now: float) -> bytes:
    query = request.query
    since = _since(query, now)
    lines = [entry for entry in lines if entry[0] >= since]
    if query.get("tailLines"):
        count = _whole(query, "tailLines")
        lines = lines[-count:] if count else []
    stamps = query.get("timestamps") in ("true", "1")
    text = "".join(f"{_precise(moment)} {line}\n" if stamps else f"{line}\n" for moment, line in lines).encode()
    return text[: _whole(query, "limitBytes")] if query.get("limitBytes") else text


def _check_numbers(query: dict[str, str]) -> None:
    # Refused whether or not there is a log to cut.
    for key in ("tailLines", "limitBytes", "sinceSeconds"):
        if query.get(key):
            _whole(query, key)


def _since(query: dict[str, str], now: float) -> float:
    if query.get("sinceSeconds"):
        return now - _whole(query, "sinceSeconds")
    if query.get("sinceTime"):
        return parse_stamp(query["sinceTime"]).timestamp()
    return 0.0


def _whole(query: dict[str, str], key: str) -> int:
    try:
        number = int(query[key])
    except ValueError:
        raise statuses.bad_request(f'strconv.ParseInt: parsing "{query[key]}": invalid syntax') from None
    smallest = 0 if key == "tailLines" else 1
    if number < smallest:
        cause = statuses.Cause.invalid(key, str(number), f"must be greater than or equal to {smallest}")
        raise statuses.invalid("PodLogOptions", "", [cause])
    return number


def _precise(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
