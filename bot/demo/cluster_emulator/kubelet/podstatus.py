"""The status that a kubelet writes for a pod: phase, conditions and an entry for each container."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bot.demo.cluster_emulator.kubelet.containers import Container
from bot.demo.cluster_emulator.objects import Obj, condition, dig, stamp

if TYPE_CHECKING:
    from bot.demo.cluster_emulator.kubelet.pods import PodWorker


def pod_status(worker: PodWorker, held: Obj, now: datetime) -> Obj:
    """The whole status, with the times of conditions that have not turned kept as they were."""
    phase = _phase(worker)
    status: Obj = {
        "phase": phase,
        "conditions": [_condition(held, kind, verdict, now) for kind, verdict in _verdicts(worker, phase).items()],
        "hostIP": worker.agents.host_ip(worker.node),
        "qosClass": dig(held, "status", "qosClass", default="BestEffort"),
        "startTime": worker.started_at,
        "observedGeneration": dig(held, "metadata", "generation", default=1),
        "containerStatuses": [each.status() for each in worker.containers],
    }
    if worker.init:
        status["initContainerStatuses"] = [each.status() for each in worker.init]
    if worker.ip:
        status["podIP"] = worker.ip
        status["podIPs"] = [{"ip": worker.ip}]
    return status


def _phase(worker: PodWorker) -> str:
    states = [each.state for each in worker.containers]
    again = worker.restart_policy != "Never"
    if all("terminated" in state for state in states):
        codes = [state["terminated"]["exitCode"] for state in states]
        if worker.restart_policy == "Always":
            return "Running"
        if all(code == 0 for code in codes):
            return "Succeeded"
        return "Running" if again else "Failed"
    if not again and any(dig(each.state, "terminated", "exitCode", default=0) for each in worker.init):
        return "Failed"
    never_ran = any("waiting" in each.state and not each.last_state for each in worker.containers)
    return "Pending" if never_ran else "Running"


def _verdicts(worker: PodWorker, phase: str) -> dict[str, tuple[bool, str, str]]:
    names = [each.name for each in worker.containers if not each.ready]
    good = (True, "", "")
    if phase == "Succeeded":
        unready = (False, "PodCompleted", "")
    elif names:
        unready = (False, "ContainersNotReady", f"containers with unready status: [{' '.join(names)}]")
    else:
        unready = good
    return {
        "PodReadyToStartContainers": good if worker.ip else (False, "", ""),
        "Initialized": _initialized(worker.init),
        "Ready": unready,
        "ContainersReady": unready,
        "PodScheduled": good,
    }


def _initialized(init: list[Container]) -> tuple[bool, str, str]:
    waiting = [each.name for each in init if dig(each.state, "terminated", "exitCode") != 0]
    if not waiting:
        return (True, "", "")
    return (False, "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(waiting)}]")


def _condition(held: Obj, kind: str, verdict: tuple[bool, str, str], now: datetime) -> Obj:
    is_met, reason, message = verdict
    word = "True" if is_met else "False"
    before = condition(held, kind)
    turned = stamp(now) if before is None or before["status"] != word else before["lastTransitionTime"]
    entry: Obj = {"type": kind, "status": word, "lastProbeTime": None, "lastTransitionTime": turned}
    if reason:
        entry["reason"] = reason
    if message:
        entry["message"] = message
    return entry
