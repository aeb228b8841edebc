"""Objects that were deleted and do not go away."""

from typing import Any

from tests.scenarios.kit import REGISTRY, Cluster, Told, container, running, template, terminating
from tests.tools.analyzers.picture import found_by, named, roots_of
from tools.analyzers.nodes import unwell
from tools.analyzers.terminating import stuck

BODY = template(
    container("db", f"{REGISTRY}/shop/db:1", mounts={"data": "/var/lib/data"}),
    volumes={"data": {"persistentVolumeClaim": {"claimName": "data"}}},
)
GONE = {"Ready": ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", "25m")}


def cluster(ago: str, **node: Any) -> Cluster:
    """A StatefulSet whose pod was deleted so long ago."""
    return ground(terminating(running(), ago), **node)


def ground(state: Any, **node: Any) -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a", **node)
    world.node("node-b")
    world.namespace()
    world.claim("data")
    world.statefulset("db", BODY, replicas=1, empty=True).pods(1, state, node="node-a")
    return world


def test_a_pod_on_a_lost_node_cannot_end_and_is_that_nodes_symptom() -> None:
    world = cluster("18m", conditions=GONE)
    assert roots_of(world, stuck, unwell) == [("kubelet_unavailable", "Node/node-a")]
    found = found_by(world, stuck)["Pod/shop/db-0"]
    assert found.category == "stuck_terminating"
    assert found.remedy is None


def test_a_pod_that_a_finalizer_holds_names_it() -> None:
    world = ground(terminating(running(), "18m", finalizers=("example.com/drain",)))
    assert roots_of(world, stuck) == [("stuck_terminating", "Pod/shop/db-0")]
    assert "example.com/drain" in found_by(world, stuck)["Pod/shop/db-0"].summary


def test_a_pod_whose_runtime_cannot_end_it_cites_the_kubelet() -> None:
    told = Told(
        "FailedKillPod", "error killing pod: failed to kill container: context deadline exceeded", "1m", "17m", 9
    )
    world = ground(terminating(running(), "18m").telling(told))
    assert "error killing pod" in found_by(world, stuck)["Pod/shop/db-0"].summary


def test_a_pod_in_its_grace_period_or_just_past_it_is_nothing() -> None:
    assert roots_of(cluster("40s"), stuck) == []
    assert roots_of(cluster("4m"), stuck) == []
    assert roots_of(ground(running()), stuck) == []
    assert roots_of(ground(terminating(running(), "20m", grace=3600)), stuck) == []


def test_a_claim_that_pods_still_use_says_so() -> None:
    world = ground(running())
    meta = named(world, "PersistentVolumeClaim", "data")["metadata"]
    meta |= {"deletionTimestamp": world.at("30m"), "finalizers": ["kubernetes.io/pvc-protection"]}
    assert "db-0 still use it" in found_by(world, stuck)["PersistentVolumeClaim/shop/data"].summary


def test_a_namespace_that_does_not_end_says_what_is_left_in_it() -> None:
    world = ground(running())
    made = world.namespace("old", deleted="3h")
    words = "Some resources are remaining: certificates.cert-manager.io has 2 resource instances"
    left = {"type": "NamespaceContentRemaining", "status": "True", "reason": "SomeResourcesRemain", "message": words}
    made["status"]["conditions"] = [left]
    found = found_by(world, stuck)["Namespace/old"]
    assert words in found.summary
    made["metadata"]["deletionTimestamp"] = world.at("30s")
    assert roots_of(world, stuck) == []


def test_any_other_object_with_a_finalizer_that_stays_is_found() -> None:
    world = ground(running())
    made = world.config_map("settings", {"a": "b"})
    made["metadata"] |= {"deletionTimestamp": world.at("2h"), "finalizers": ["example.com/keep"]}
    assert roots_of(world, stuck) == [("stuck_terminating", "ConfigMap/shop/settings")]
