"""The status of a controller, counted from its pods."""

from tests.scenarios.builder.scenario import JsonObject


def is_owned(pod: JsonObject, owner: JsonObject) -> bool:
    return bool(pod["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"])


def is_ready(pod: JsonObject) -> bool:
    """Whether the pod's own condition says so."""
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", []))


def counts_of(pods: list[JsonObject]) -> JsonObject:
    live = [each for each in pods if each["status"]["phase"] not in ("Succeeded", "Failed")]
    live = [each for each in live if "deletionTimestamp" not in each["metadata"]]
    ready = sum(is_ready(each) for each in live)
    counts = {"fullyLabeledReplicas": len(live), "replicas": len(live)}
    return {**counts, **({"availableReplicas": ready, "readyReplicas": ready} if ready else {})}


def allowance(spec: JsonObject) -> int:
    """How many may be missing by the strategy."""
    rolling = spec.get("strategy", {}).get("rollingUpdate")
    if rolling is None:
        return 0
    given = rolling["maxUnavailable"]
    return int(given) if isinstance(given, int) else int(spec["replicas"] * int(given.rstrip("%")) // 100)


def finish_statefulset(owner: JsonObject, revisions: list[JsonObject], pods: list[JsonObject]) -> None:
    counts = counts_of(pods)
    newest = revisions[-1]["metadata"]["name"]
    on_newest = [each for each in pods if each["metadata"]["labels"]["controller-revision-hash"] == newest]
    settled = len(on_newest) == len(pods) or len(revisions) == 1
    owner["status"] = {
        "availableReplicas": counts.get("availableReplicas", 0),
        "collisionCount": 0,
        "currentReplicas": len(pods) if settled else len(pods) - len(on_newest),
        "currentRevision": newest if settled else revisions[-2]["metadata"]["name"],
        "observedGeneration": owner["metadata"]["generation"],
        "readyReplicas": counts.get("readyReplicas", 0),
        "replicas": len(pods),
        "updateRevision": newest,
        "updatedReplicas": len(on_newest),
    }


def finish_daemonset(owner: JsonObject, revisions: list[JsonObject], pods: list[JsonObject], nodes: int) -> None:
    counts, wanted = counts_of(pods), nodes
    ready = counts.get("readyReplicas", 0)
    on_newest = str(revisions[-1]["revision"])
    status: JsonObject = {
        "currentNumberScheduled": len(pods),
        "desiredNumberScheduled": max(wanted, len(pods)),
        "numberMisscheduled": 0,
        "numberReady": ready,
        "observedGeneration": owner["metadata"]["generation"],
        "updatedNumberScheduled": sum(
            each["metadata"]["labels"]["pod-template-generation"] == on_newest for each in pods
        ),
    }
    if ready:
        status["numberAvailable"] = ready
    if ready < status["desiredNumberScheduled"]:
        status["numberUnavailable"] = status["desiredNumberScheduled"] - ready
    owner["status"] = status
