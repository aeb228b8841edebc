"""A pod's readiness, the one word for its state, and its restarts, as the API server's table prints them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tools.adapters.cluster_dump.durations import human
from tools.objects import at, condition, conditions, items, meta, number, part
from tools.world import JsonObject


@dataclass(slots=True)
class _Count:
    """What is added up on the way over the containers."""

    restarts: int = 0
    last_ended: datetime | None = None

    def add(self, status: JsonObject) -> None:
        self.restarts += number(status.get("restartCount"))
        ended = at(part(status, "lastState", "terminated", "finishedAt"))
        if ended is not None and (self.last_ended is None or ended > self.last_ended):
            self.last_ended = ended

    def words(self, now: datetime) -> str:
        if not self.restarts or self.last_ended is None:
            return str(self.restarts)
        return f"{self.restarts} ({human((now - self.last_ended).total_seconds())} ago)"


@dataclass(slots=True)
class _Init:
    """How far the containers are that run before the others; ``word`` is empty when they are through."""

    word: str = ""
    ready: int = 0
    all: _Count = field(default_factory=_Count)
    sidecars: _Count = field(default_factory=_Count)


def pod_words(pod: JsonObject, now: datetime) -> tuple[str, str, str]:
    """The cells Ready, Status and Restarts."""
    sidecars = {
        each.get("name"): each for each in items(pod, "spec", "initContainers") if each.get("restartPolicy") == "Always"
    }
    init = _init(pod, sidecars)
    word, ready, count = init.word or _phase(pod), init.ready, init.all
    if not init.word or condition(pod, "Initialized").get("status") == "True":
        word, more, count = _main(pod, word, init.sidecars)
        ready += more
    wanted = len(items(pod, "spec", "containers")) + len(sidecars)
    return f"{ready}/{wanted}", _leaving(pod) or word, count.words(now)


def _phase(pod: JsonObject) -> str:
    word = str(part(pod, "status", "reason") or part(pod, "status", "phase") or "")
    is_gated = any(
        each.get("type") == "PodScheduled" and each.get("reason") == "SchedulingGated" for each in conditions(pod)
    )
    return "SchedulingGated" if is_gated else word


def _leaving(pod: JsonObject) -> str:
    if meta(pod).get("deletionTimestamp") is None:
        return ""
    if part(pod, "status", "reason") == "NodeLost":
        return "Unknown"
    return "" if part(pod, "status", "phase") in ("Succeeded", "Failed") else "Terminating"


def _init(pod: JsonObject, sidecars: Mapping[str, JsonObject]) -> _Init:
    found, total = _Init(), len(items(pod, "spec", "initContainers"))
    for index, status in enumerate(items(pod, "status", "initContainerStatuses")):
        is_sidecar = status.get("name") in sidecars
        found.all.add(status)
        if is_sidecar:
            found.sidecars.add(status)
        ended = part(status, "state", "terminated")
        if ended is not None and ended.get("exitCode") == 0:
            continue
        if is_sidecar and status.get("started"):
            found.ready += bool(status.get("ready"))
            continue
        found.word = _init_word(status, ended) or f"Init:{index}/{total}"
        break
    return found


def _init_word(status: JsonObject, ended: JsonObject | None) -> str:
    if ended is not None:
        return f"Init:{_ended_word(ended)}"
    waits = part(status, "state", "waiting", "reason")
    return f"Init:{waits}" if waits and waits != "PodInitializing" else ""


def _ended_word(ended: JsonObject) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    signal = ended.get("signal")
    return f"Signal:{signal}" if signal else f"ExitCode:{ended.get('exitCode', 0)}"


def _main(pod: JsonObject, word: str, count: _Count) -> tuple[str, int, _Count]:
    """The word, how many are ready, and the restarts together with those of the sidecars."""
    ready = 0
    # From the last container to the first, so that the first one that is not well has the last word.
    for status in reversed(items(pod, "status", "containerStatuses")):
        count.add(status)
        waits, ended = part(status, "state", "waiting", "reason"), part(status, "state", "terminated")
        if waits:
            word = str(waits)
        elif ended is not None:
            word = _ended_word(ended)
        elif status.get("ready") and part(status, "state", "running") is not None:
            ready += 1
    if word == "Completed" and ready:
        word = "Running" if condition(pod, "Ready").get("status") == "True" else "NotReady"
    return word, ready, count
