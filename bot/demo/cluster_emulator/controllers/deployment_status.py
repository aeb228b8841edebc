"""The status of a deployment: its counts, and the Available and Progressing conditions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.demo.cluster_emulator.controllers.rollouts import bounds_of
from bot.demo.cluster_emulator.objects import Obj, condition, dig, name_of, parse_stamp, stamp


def deployment_status(deployment: Obj, new: Obj | None, every: Sequence[Obj], now: datetime) -> Obj:
    """The whole status as of now."""
    status = _counts(deployment, new, every)
    entries = [_available(deployment, status, now), _progressing(deployment, new, status, now)]
    failing = [condition(each, "ReplicaFailure") for each in every]
    entries += [entry for entry in failing if entry is not None][:1]
    status["conditions"] = [entry for entry in entries if entry is not None]
    return status


def _counts(deployment: Obj, new: Obj | None, every: Sequence[Obj]) -> Obj:
    def total(field: str) -> int:
        return sum(int(dig(each, "status", field, default=0)) for each in every)

    counts = {
        "replicas": total("replicas"),
        "updatedReplicas": int(dig(new, "status", "replicas", default=0)),
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": total("availableReplicas"),
        "unavailableReplicas": max(0, total("replicas") - total("availableReplicas")),
    }
    status: Obj = {"observedGeneration": dig(deployment, "metadata", "generation", default=1)}
    return {**status, **{key: value for key, value in counts.items() if value}}


def _entry(deployment: Obj, kind: str, word: str, why: tuple[str, str], times: tuple[str, str]) -> Obj:
    reason, message = why
    updated, now = times
    before = condition(deployment, kind)
    turned = before["lastTransitionTime"] if before and before["status"] == word else now
    return {
        "type": kind,
        "status": word,
        "lastUpdateTime": updated,
        "lastTransitionTime": turned,
        "reason": reason,
        "message": message,
    }


def _available(deployment: Obj, status: Obj, now: datetime) -> Obj:
    enough = status.get("availableReplicas", 0) >= bounds_of(deployment).fewest_available
    word = "True" if enough else "False"
    why = (
        ("MinimumReplicasAvailable", "Deployment has minimum availability.")
        if enough
        else ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    )
    before = condition(deployment, "Available")
    updated = before["lastUpdateTime"] if before and before["status"] == word else stamp(now)
    return _entry(deployment, "Available", word, why, (updated, stamp(now)))


def is_complete(deployment: Obj, status: Obj) -> bool:
    """Whether every pod wanted is new, there and available."""
    wanted = int(dig(deployment, "spec", "replicas", default=1))
    counts = [status.get(field, 0) for field in ("updatedReplicas", "replicas", "availableReplicas")]
    return counts == [wanted, wanted, wanted]


def _has_progressed(deployment: Obj, status: Obj) -> bool:
    old = deployment.get("status", {})

    def old_pods(counts: Obj) -> int:
        return int(counts.get("replicas", 0)) - int(counts.get("updatedReplicas", 0))

    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return any(status.get(field, 0) > old.get(field, 0) for field in grown) or old_pods(status) < old_pods(old)


def _progressing(deployment: Obj, new: Obj | None, status: Obj, now: datetime) -> Obj | None:
    before = condition(deployment, "Progressing")
    if new is None or dig(deployment, "spec", "paused"):
        return before
    name, present = name_of(new), stamp(now)
    is_this = before is not None and f'"{name}"' in before["message"]
    if is_complete(deployment, status):
        why = ("NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.')
        if before is not None and is_this and before["reason"] == why[0]:
            return before
        return _entry(deployment, "Progressing", "True", why, (present, present))
    if is_this and before is not None and before["reason"] == "NewReplicaSetAvailable":
        # A rollout that is over stays over: pods that fail later are not a rollout that fails.
        return before
    if before is None or not is_this:
        why = ("NewReplicaSetCreated", f'Created new replica set "{name}"')
        return _entry(deployment, "Progressing", "True", why, (present, present))
    if _has_progressed(deployment, status):
        why = ("ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
        return _entry(deployment, "Progressing", "True", why, (present, present))
    if deadline_left(deployment, now) <= 0:
        why = ("ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.')
        updated = before["lastUpdateTime"] if before["reason"] == why[0] else present
        return _entry(deployment, "Progressing", "False", why, (updated, present))
    return before


def deadline_left(deployment: Obj, now: datetime) -> float:
    """Seconds until the rollout counts as stuck, if nothing moves; 0 when it does already."""
    before = condition(deployment, "Progressing")
    if before is None:
        return float("inf")
    if before["reason"] == "ProgressDeadlineExceeded":
        return 0.0
    allowed = float(dig(deployment, "spec", "progressDeadlineSeconds", default=600))
    return allowed - (now - parse_stamp(before["lastUpdateTime"])).total_seconds()
