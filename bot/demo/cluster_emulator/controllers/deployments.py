"""The Deployment controller: a replica set for each pod template, and the rollout from the old ones to the new one."""

from __future__ import annotations

from collections.abc import Sequence

from bot.demo.cluster_emulator.controllers.controller import Controller
from bot.demo.cluster_emulator.controllers.deployment_status import deadline_left, deployment_status
from bot.demo.cluster_emulator.controllers.rollouts import (
    bounds_of,
    is_recreate,
    next_new_size,
    next_old_sizes,
    size_of,
)
from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.objects import (
    Obj,
    clone,
    dig,
    name_of,
    namespace_of,
    owner_reference,
    template_hash,
)
from bot.demo.cluster_emulator.resources import DEPLOYMENTS, PODS, REPLICASETS

COMPONENT = "deployment-controller"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MOST = "deployment.kubernetes.io/max-replicas"
HASH = "pod-template-hash"
_NOT_COPIED = {"kubectl.kubernetes.io/last-applied-configuration", REVISION, HISTORY, DESIRED, MOST}


class DeploymentController(Controller):
    """Watches deployments and their replica sets."""

    watched = DEPLOYMENTS
    owned = REPLICASETS

    def _reconcile(self, deployment: Obj) -> None:
        every = sorted(self._store.owned_by(REPLICASETS, deployment), key=revision_of)
        new = next((each for each in every if _same_template(each, deployment)), None)
        if not dig(deployment, "spec", "paused"):
            new = self._ensure_new(deployment, new, every)
            deployment = self._mark_revision(deployment, new)
            self._roll(deployment, new, [each for each in every if name_of(each) != name_of(new)])
        elif new is not None:
            self._resize(deployment, new, bounds_of(deployment).wanted)
        self._publish(deployment)

    # The new replica set

    def _ensure_new(self, deployment: Obj, new: Obj | None, every: Sequence[Obj]) -> Obj:
        last = max((revision_of(each) for each in every), default=0)
        if new is None:
            return self._create(deployment, last + 1)
        if revision_of(new) == last and _copied(deployment).items() <= new["metadata"]["annotations"].items():
            return new
        changed = clone(new)
        notes = changed["metadata"].setdefault("annotations", {})
        notes.update(_copied(deployment))
        if revision_of(new) < last:
            # Going back to an earlier template makes it the newest revision; its old numbers are kept as a list.
            notes[HISTORY] = ",".join(filter(None, [notes.get(HISTORY, ""), str(revision_of(new))]))
            notes[REVISION] = str(last + 1)
        return self._store.update(REPLICASETS, changed)

    def _create(self, deployment: Obj, revision: int) -> Obj:
        template = clone(deployment["spec"]["template"])
        code = template_hash(template)
        labels = {**dig(template, "metadata", "labels", default={}), HASH: code}
        template["metadata"]["labels"] = labels
        selector = clone(deployment["spec"]["selector"])
        selector["matchLabels"] = {**selector.get("matchLabels", {}), HASH: code}
        bounds = bounds_of(deployment)
        notes = {**_copied(deployment), REVISION: str(revision), DESIRED: str(bounds.wanted), MOST: str(bounds.most)}
        return self._store.create(
            REPLICASETS,
            {
                "metadata": {
                    "name": f"{name_of(deployment)}-{code}",
                    "namespace": namespace_of(deployment),
                    "labels": labels,
                    "annotations": notes,
                    "ownerReferences": [owner_reference(deployment)],
                },
                "spec": {"replicas": 0, "selector": selector, "template": template},
                "status": {"replicas": 0},
            },
        )

    def _mark_revision(self, deployment: Obj, new: Obj) -> Obj:
        if revision_of(deployment) == revision_of(new):
            return deployment
        changed = clone(deployment)
        changed["metadata"].setdefault("annotations", {})[REVISION] = str(revision_of(new))
        return self._store.update(DEPLOYMENTS, changed)

    # The rollout

    def _roll(self, deployment: Obj, new: Obj, old: Sequence[Obj]) -> None:
        bounds = bounds_of(deployment)
        if is_recreate(deployment):
            for each in old:
                self._resize(deployment, each, 0)
            if not any(self._store.owned_by(PODS, each) for each in old):
                self._resize(deployment, new, bounds.wanted)
            elif any(size_of(each) == 0 for each in old):
                self._queue.add_later(namespace_of(deployment), name_of(deployment), 0.5)
            return
        new = self._resize(deployment, new, next_new_size(deployment, new, [*old, new]))
        for each, size in zip(old, next_old_sizes(deployment, new, old).values(), strict=True):
            self._resize(deployment, each, size)

    def _resize(self, deployment: Obj, replicaset: Obj, size: int) -> Obj:
        bounds, before = bounds_of(deployment), size_of(replicaset)
        notes = {DESIRED: str(bounds.wanted), MOST: str(bounds.most)}
        held = replicaset["metadata"].get("annotations", {})
        if size == before and notes.items() <= held.items():
            return replicaset
        changed = clone(replicaset)
        changed["spec"]["replicas"] = size
        changed["metadata"]["annotations"] = {**held, **notes}
        if size != before:
            direction = "up" if size > before else "down"
            text = f"Scaled {direction} replica set {name_of(replicaset)} from {before} to {size}"
            self._events.record(deployment, "Normal", "ScalingReplicaSet", text, COMPONENT)
        return self._store.update(REPLICASETS, changed)

    # The status

    def _publish(self, deployment: Obj) -> None:
        every = sorted(self._store.owned_by(REPLICASETS, deployment), key=revision_of)
        new = next((each for each in every if _same_template(each, deployment)), None)
        now = self._store.clock.now
        changed = {**deployment, "status": deployment_status(deployment, new, every, now)}
        changed = self._store.update(DEPLOYMENTS, changed)
        left = deadline_left(changed, now)
        progressing = {entry["type"]: entry for entry in changed["status"]["conditions"]}.get("Progressing", {})
        if progressing.get("reason") in ("NewReplicaSetCreated", "ReplicaSetUpdated") and left > 0:
            self._queue.add_later(namespace_of(deployment), name_of(deployment), left + 1.0)
        if progressing.get("reason") == "NewReplicaSetAvailable":
            self._clean_up(deployment, [each for each in every if each is not new])

    def _clean_up(self, deployment: Obj, old: Sequence[Obj]) -> None:
        kept = int(dig(deployment, "spec", "revisionHistoryLimit", default=10))
        idle = [each for each in old if size_of(each) == 0 and not dig(each, "status", "replicas", default=0)]
        for each in idle[: max(0, len(idle) - kept)]:
            delete(self._store, REPLICASETS, each)


def revision_of(obj: Obj) -> int:
    """The revision number that an object carries."""
    return int(dig(obj, "metadata", "annotations", REVISION, default="0"))


def _copied(deployment: Obj) -> dict[str, str]:
    notes: dict[str, str] = dig(deployment, "metadata", "annotations", default={})
    return {key: value for key, value in notes.items() if key not in _NOT_COPIED}


def _same_template(replicaset: Obj, deployment: Obj) -> bool:
    held, wanted = replicaset["spec"]["template"], deployment["spec"]["template"]
    return bool(held.get("spec") == wanted.get("spec") and _meta(held) == _meta(wanted))


def _meta(template: Obj) -> Obj:
    meta = {key: value for key, value in dig(template, "metadata", default={}).items() if value}
    labels = {key: value for key, value in meta.get("labels", {}).items() if key != HASH}
    return {**meta, "labels": labels}
