"""The ReplicaSet controller: as many pods as are wanted, no more and no fewer."""

from __future__ import annotations

from bot.demo.cluster_emulator.controllers.controller import Controller
from bot.demo.cluster_emulator.controllers.podmaking import create_pod, live_pods, pod_from, ready_seconds
from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.objects import Obj, condition, dig, name_of, namespace_of, stamp
from bot.demo.cluster_emulator.resources import PODS, REPLICASETS
from bot.demo.cluster_emulator.statuses import ApiFailure

COMPONENT = "replicaset-controller"
RETRY_SECONDS = 15.0


class ReplicaSetController(Controller):
    """Watches replica sets and their pods."""

    watched = REPLICASETS
    owned = PODS

    def _reconcile(self, replicaset: Obj) -> None:
        pods = live_pods(self._store, replicaset)
        wanted = int(dig(replicaset, "spec", "replicas", default=1))
        failure = None
        if len(pods) < wanted:
            failure = self._create(replicaset, wanted - len(pods))
        for pod in sorted(pods, key=_expendability)[: max(0, len(pods) - wanted)]:
            delete(self._store, PODS, pod)
            self._events.record(replicaset, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}", COMPONENT)
        self._publish(replicaset, failure)

    def _create(self, replicaset: Obj, count: int) -> str | None:
        for _ in range(count):
            try:
                pod = create_pod(self._store, pod_from(replicaset["spec"]["template"], replicaset))
            except ApiFailure as failure:
                text = f"Error creating: {failure}"
                self._events.record(replicaset, "Warning", "FailedCreate", text, COMPONENT)
                self._queue.add_later(namespace_of(replicaset), name_of(replicaset), RETRY_SECONDS)
                return str(failure)
            self._events.record(replicaset, "Normal", "SuccessfulCreate", f"Created pod: {name_of(pod)}", COMPONENT)
        return None

    def _publish(self, replicaset: Obj, failure: str | None) -> None:
        pods = live_pods(self._store, replicaset)
        now = self._store.clock.seconds
        patience = float(dig(replicaset, "spec", "minReadySeconds", default=0))
        waits = [seconds for pod in pods if (seconds := ready_seconds(pod, now)) is not None]
        status: Obj = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": len(waits),
            "availableReplicas": sum(1 for seconds in waits if seconds >= patience),
        }
        status = {key: value for key, value in status.items() if value or key == "replicas"}
        status["observedGeneration"] = dig(replicaset, "metadata", "generation", default=1)
        if failure is not None:
            entry = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": failure}
            made = {**entry, "lastTransitionTime": stamp(self._store.clock.now)}
            # The first failure is told until there is none, though each names another pod.
            status["conditions"] = [condition(replicaset, "ReplicaFailure") or made]
        changed = {**replicaset, "status": status}
        self._store.update(REPLICASETS, changed)
        unripe = [patience - seconds for seconds in waits if seconds < patience]
        if unripe:
            self._queue.add_later(namespace_of(replicaset), name_of(replicaset), max(min(unripe), 0.5))


def _expendability(pod: Obj) -> tuple[bool, int, bool, int, str]:
    # First to go: without a node, pending, not ready, much restarted, young.
    order = {"Pending": 0, "Unknown": 1, "Running": 2}
    restarts = sum(each.get("restartCount", 0) for each in dig(pod, "status", "containerStatuses", default=[]))
    is_ready = any(
        each["type"] == "Ready" and each["status"] == "True" for each in dig(pod, "status", "conditions", default=[])
    )
    phase = order.get(dig(pod, "status", "phase", default="Pending"), 1)
    # The youngest of equals goes first: times sort upwards, so their digits are turned round.
    made = str(dig(pod, "metadata", "creationTimestamp", default=""))
    inverted = made.translate(str.maketrans("0123456789", "9876543210"))
    return (bool(dig(pod, "spec", "nodeName")), phase, is_ready, -restarts, inverted)
