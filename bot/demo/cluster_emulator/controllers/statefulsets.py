"""The StatefulSet controller: numbered pods, made in order and replaced from the last to the first."""

from __future__ import annotations

from bot.demo.cluster_emulator.controllers.controller import Controller
from bot.demo.cluster_emulator.controllers.podmaking import create_pod, pod_from
from bot.demo.cluster_emulator.controllers.revisions import HASH, keep_revision
from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.objects import (
    Obj,
    clone,
    dig,
    is_going,
    is_true,
    name_of,
)
from bot.demo.cluster_emulator.resources import PODS, STATEFULSETS

COMPONENT = "statefulset-controller"


class StatefulSetController(Controller):
    """Watches stateful sets and their pods."""

    watched = STATEFULSETS
    owned = PODS

    def _reconcile(self, owner: Obj) -> None:
        revision = f"{name_of(owner)}-{keep_revision(self._store, owner, 'controller.kubernetes.io/hash')}"
        wanted = int(dig(owner, "spec", "replicas", default=1))
        pods = {name_of(pod): pod for pod in self._store.owned_by(PODS, owner)}
        self._step(owner, wanted, pods, revision)
        self._publish(owner, wanted, revision)

    def _step(self, owner: Obj, wanted: int, pods: dict[str, Obj], revision: str) -> None:
        # One thing at a time: nothing is done while the pod before is not ready.
        for number in range(wanted):
            pod = pods.get(f"{name_of(owner)}-{number}")
            if pod is None:
                self._create(owner, number, revision)
                return
            if is_going(pod) or (not is_true(pod, "Ready") and dig(pod, "metadata", "labels", HASH) == revision):
                return
        for number in reversed(range(max(wanted, len(pods)))):
            pod = pods.get(f"{name_of(owner)}-{number}")
            if pod is not None and (number >= wanted or dig(pod, "metadata", "labels", HASH) != revision):
                delete(self._store, PODS, pod)
                text = f"delete Pod {name_of(pod)} in StatefulSet {name_of(owner)} successful"
                self._events.record(owner, "Normal", "SuccessfulDelete", text, COMPONENT)
                return

    def _create(self, owner: Obj, number: int, revision: str) -> None:
        name = f"{name_of(owner)}-{number}"
        labels = {
            HASH: revision,
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(number),
        }
        create_pod(self._store, pod_from(owner["spec"]["template"], owner, name, labels))
        text = f"create Pod {name} in StatefulSet {name_of(owner)} successful"
        self._events.record(owner, "Normal", "SuccessfulCreate", text, COMPONENT)

    def _publish(self, owner: Obj, wanted: int, revision: str) -> None:
        pods = [pod for pod in self._store.owned_by(PODS, owner) if not is_going(pod)]
        updated = sum(1 for pod in pods if dig(pod, "metadata", "labels", HASH) == revision)
        ready = sum(1 for pod in pods if is_true(pod, "Ready"))
        changed = clone(owner)
        current = dig(owner, "status", "currentRevision", default=revision)
        changed["status"] = {
            "replicas": len(pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "updatedReplicas": updated,
            "currentReplicas": len(pods) - updated if current != revision else updated,
            "currentRevision": revision if updated == wanted else current,
            "updateRevision": revision,
            "collisionCount": 0,
            "observedGeneration": dig(owner, "metadata", "generation", default=1),
        }
        self._store.update(STATEFULSETS, changed)
