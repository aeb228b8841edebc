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
    """Read the words off the pod's status. Lists of ten thousand pods pass here, so it looks at each part once."""
    status = pod.get("status") or {}
    statuses: list[Obj] = status.get("containerStatuses") or []
    init = _init_word(pod, status)
    wanted = len(pod["spec"].get("containers") or ())
    ready = sum(1 for each in statuses if each.get("ready") and "running" in (each.get("state") or ()))
    word = init or _main_word(pod, statuses, str(status.get("reason") or status.get("phase") or "Unknown"))
    if is_going(pod) and status.get("phase") not in ("Succeeded", "Failed"):
        word = "Terminating"
    counted = (status.get("initContainerStatuses") or []) if init else statuses
    return PodWords(f"{ready}/{wanted}", word, _restarts(counted, now))


def _main_word(pod: Obj, statuses: list[Obj], word: str) -> str:
    # From the last container to the first, so that the first one that is not well has the last word.
    has_running = False
    for each in reversed(statuses):
        state = each.get("state") or {}
        waiting = str((state.get("waiting") or {}).get("reason", ""))
        ended = state.get("terminated")
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


def _init_word(pod: Obj, status: Obj) -> str:
    for index, each in enumerate(status.get("initContainerStatuses") or ()):
        state = each.get("state") or {}
        ended = state.get("terminated")
        if ended is not None and ended.get("exitCode") == 0:
            continue
        if ended is not None:
            return "Init:" + _ended_word(ended)
        waiting = str((state.get("waiting") or {}).get("reason", ""))
        if waiting and waiting != "PodInitializing":
            return "Init:" + waiting
        return f"Init:{index}/{len(pod['spec'].get('initContainers') or ())}"
    return ""


def _restarts(counted: list[Obj], now: datetime) -> str:
    count = sum(int(each.get("restartCount", 0)) for each in counted)
    if not count:
        return "0"
    ends = [dig(each, "lastState", "terminated", "finishedAt", default="") for each in counted]
    latest = max(ends, default="")
    return f"{count} ({age_of(latest, now)} ago)" if latest else str(count)
