"""The one word that stands for a pod's state, its restarts and its readiness, as kubectl prints them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.demo.cluster_emulator.durations import age_of
from bot.demo.cluster_emulator.objects import Obj, dig, is_going, is_true


@dataclass(frozen=True, slots=True)
class PodWords:
    """What a pod's row says."""

    ready: str
    status: str
    restarts: str


def pod_words(pod: Obj, now: datetime) -> PodWords:
    """Read the words off the pod's status."""
    statuses = dig(pod, "status", "containerStatuses", default=[])
    wanted = len(dig(pod, "spec", "containers", default=[]))
    ready = sum(1 for each in statuses if each.get("ready") and dig(each, "state", "running") is not None)
    return PodWords(f"{ready}/{wanted}", _status(pod, statuses), _restarts(pod, statuses, now))


def _status(pod: Obj, statuses: list[Obj]) -> str:
    word = str(dig(pod, "status", "reason", default="") or dig(pod, "status", "phase", default="Unknown"))
    word = _init_word(pod) or _main_word(pod, statuses, word)
    if is_going(pod) and dig(pod, "status", "phase") not in ("Succeeded", "Failed"):
        return "Terminating"
    return word


def _main_word(pod: Obj, statuses: list[Obj], word: str) -> str:
    # From the last container to the first, so that the first one that is not well has the last word.
    has_running = False
    for each in reversed(statuses):
        waiting = str(dig(each, "state", "waiting", "reason", default=""))
        ended = dig(each, "state", "terminated")
        if waiting:
            word = waiting
        elif ended is not None:
            word = _ended_word(ended)
        elif each.get("ready"):
            has_running = True
    if word == "Completed" and has_running:
        return "Running" if is_true(pod, "Ready") else "NotReady"
    return word


def _ended_word(ended: Obj) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _init_word(pod: Obj) -> str:
    total = len(dig(pod, "spec", "initContainers", default=[]))
    for index, each in enumerate(dig(pod, "status", "initContainerStatuses", default=[])):
        ended = dig(each, "state", "terminated")
        if ended is not None and ended.get("exitCode") == 0:
            continue
        if ended is not None:
            return "Init:" + _ended_word(ended)
        waiting = str(dig(each, "state", "waiting", "reason", default=""))
        if waiting and waiting != "PodInitializing":
            return "Init:" + waiting
        return f"Init:{index}/{total}"
    return ""


def _restarts(pod: Obj, statuses: list[Obj], now: datetime) -> str:
    init = dig(pod, "status", "initContainerStatuses", default=[])
    counted = init if _init_word(pod) else statuses
    count = sum(int(each.get("restartCount", 0)) for each in counted)
    ends = [dig(each, "lastState", "terminated", "finishedAt", default="") for each in counted]
    latest = max(ends, default="")
    return f"{count} ({age_of(latest, now)} ago)" if count and latest else str(count)
