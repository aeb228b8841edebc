"""Pods that were ended from outside: by the kernel, for memory."""

from collections.abc import Iterator

from tools.analyzers.bringing import read_by
from tools.analyzers.interface import (
    Claim,
    began_at,
    cited,
    count_words,
    events_about,
    failing,
    find_blame,
    finding,
    is_proven,
    logs_of,
)
from tools.analyzers.metrics import Measure, readings
from tools.evidence import Category, Evidence, Finding
from tools.snapshot import Container, Pod, Release, Snapshot, Workload

KILLED = 137
_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "": 1}


def out_of_memory(snapshot: Snapshot) -> Iterator[Finding]:
    """The kernel kills the container because it uses more memory than its limit."""
    for workload in snapshot.workloads:
        pairs = [(pod, container) for pod, container in failing(workload, snapshot) if is_out_of_memory(pod, container)]
        if not pairs:
            continue
        pods = tuple(dict.fromkeys(pod for pod, _ in pairs))
        container = pairs[0][1]
        is_certain = any(each.ended is not None and each.ended.reason == "OOMKilled" for _, each in pairs)
        limit = container.memory_limit
        bound = f"its limit of {limit}" if limit else "what its node had left (it has no limit of its own)"
        restarts = max(each.restarts for _, each in pairs)
        measured, peak = _peak(workload, container, snapshot)
        claim = Claim(
            category=Category.OOM_KILLED,
            summary=f"container {container.name} runs out of memory (limit {limit or 'none'}{measured}): "
            f"{count_words(workload, pods)} killed, up to {restarts} restarts",
            explanation=f"The program in container {container.name} used more memory than {bound}, so the kernel "
            f"killed it (exit code 137). Kubernetes starts it again, it grows again and is killed again. "
            "Restarting does not help: the same program meets the same limit. Either the limit must be raised or the "
            "program must use less.",
            evidence=cited((each.evidence for each in pods), peak, logs_of(pods)),
            confidence=0.9 if is_certain else 0.55,
            pods=pods,
            since=began_at(pods, "BackOff"),
            blame=find_blame(workload, pods, _lowered_memory, snapshot.thresholds, read_by(pods[0], container.name)),
            may_roll_back=is_proven(pods, snapshot.thresholds),
        )
        yield finding(workload, claim)


def _peak(workload: Workload, container: Container, snapshot: Snapshot) -> tuple[str, list[Evidence]]:
    """The highest that was measured of its memory, in words and as evidence; nothing where nothing was measured."""
    lines = [
        each
        for each in readings(snapshot, Measure.MEMORY)
        if each.workload is not None and each.workload.ref == workload.ref and not each.peer
        if each.container in (None, container.name)
    ]
    if not lines:
        return "", []
    line = max(lines, key=lambda each: max(value for _, value in each.points))
    when, most = max(line.points, key=lambda each: each[1])
    limit = _bytes(container.memory_limit) if container.memory_limit else None
    share = f", {most / limit:.0%} of it" if limit else ""
    words = f"at most {most / 2**20:.0f} MiB"
    shown = line.shown(snapshot, f"{words} at {when:%H:%M} UTC{share}", when)
    return f", measured {words}{share}", [shown]


def is_out_of_memory(pod: Pod, container: Container) -> bool:
    if container.ended is None:
        return False
    if container.ended.reason == "OOMKilled":
        return True
    # 137 alone says only that somebody killed it; the kubelet does too, when a probe fails.
    probed = any(each.message.startswith(("Liveness", "Startup")) for each in events_about([pod], "Unhealthy"))
    return container.ended.exit_code == KILLED and container.memory_limit is not None and not probed


def _lowered_memory(release: Release, _older: Release) -> bool:
    changes = [each for each in release.differences if each.topic == "memory limit"]
    return any(_bytes(each.after) < _bytes(each.before) for each in changes)


def _bytes(quantity: str) -> float:
    """A memory quantity as a number; none means no limit at all."""
    number = quantity.rstrip("KMGTikmgt")
    unit = quantity[len(number) :]
    try:
        return float(number) * _UNITS.get(unit, 1)
    except ValueError:
        return float("inf")
