"""Where a deployment's rollout stands, and which ReplicaSets are its revisions. Pure: on the server's JSON."""

from collections.abc import Iterable

from tools.kubernetes.objects import revision_of
from tools.kubernetes.templates import TEMPLATE_HASH
from tools.objects import condition, meta, number, owner_uid
from tools.world import JsonObject


def selector_of(deployment: JsonObject) -> str:
    """The deployment's selector as the API takes it in a query."""
    selector = (deployment.get("spec") or {}).get("selector") or {}
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for each in selector.get("matchExpressions") or ():
        values = ",".join(each.get("values") or ())
        match each.get("operator"):
            case "In":
                parts.append(f"{each['key']} in ({values})")
            case "NotIn":
                parts.append(f"{each['key']} notin ({values})")
            case "Exists":
                parts.append(str(each["key"]))
            case "DoesNotExist":
                parts.append(f"!{each['key']}")
            case _:
                continue
    return ",".join(parts)


def revisions_of(deployment: JsonObject, replica_sets: Iterable[JsonObject]) -> list[JsonObject]:
    """The ReplicaSets that this very deployment owns, the newest revision first."""
    uid = meta(deployment).get("uid")
    owned = [each for each in replica_sets if owner_uid(each) == uid]
    return sorted(owned, key=revision_of, reverse=True)


def template_hash_of(replica_set: JsonObject) -> str:
    return str((meta(replica_set).get("labels") or {}).get(TEMPLATE_HASH) or "")


def current_of(deployment: JsonObject, replica_sets: Iterable[JsonObject]) -> JsonObject | None:
    """The ReplicaSet of the revision that the deployment says it has."""
    revision = revision_of(deployment)
    return next((each for each in revisions_of(deployment, replica_sets) if revision_of(each) == revision), None)


def is_under_way(deployment: JsonObject) -> bool:
    """Whether the controller is still replacing pods, as ``kubectl rollout status`` would say, with two exceptions.

    A rollout that passed its deadline is not going anywhere, and pods of a finished rollout that stopped being ready
    are a crash and no rollout; in both cases a person may well want to act.
    """
    spec, status = deployment.get("spec") or {}, deployment.get("status") or {}
    if number(meta(deployment).get("generation"), 1) > number(status.get("observedGeneration")):
        return True
    if condition(deployment, "Progressing").get("reason") == "ProgressDeadlineExceeded":
        return False
    return number(status.get("updatedReplicas")) < number(spec.get("replicas"), 1) or number(
        status.get("replicas")
    ) > number(status.get("updatedReplicas"))


def is_set_under_way(kind: str, controller: JsonObject) -> bool:
    """The same of a stateful set or a daemon set. Neither has a deadline, so one that is stuck stays under way."""
    spec, status = controller.get("spec") or {}, controller.get("status") or {}
    if number(meta(controller).get("generation"), 1) > number(status.get("observedGeneration")):
        return True
    if kind == "DaemonSet":
        return number(status.get("updatedNumberScheduled")) < number(status.get("desiredNumberScheduled"))
    if status.get("updateRevision") != status.get("currentRevision"):
        return True
    return number(status.get("replicas")) != number(spec.get("replicas"), 1)
