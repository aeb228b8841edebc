"""Pods that wait for a node: which of the scheduler's reasons a person would have to change."""

from typing import Any

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, container, template, unschedulable
from tests.tools.analyzers.picture import found_by, named, roots_of
from tools.analyzers.placement import reasons_of
from tools.analyzers.scheduling import no_node_fits

CONTROL = {"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"}
AFTER = " preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling."
APP = template(container("api", f"{REGISTRY}/shop/api:1"))


def cluster(message: str, *, age: str = "12m", body: dict[str, Any] = APP, replicas: int = 1, **nodes: Any) -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("cp-1", taints=[CONTROL])
    for name in ("node-a", "node-b", "node-c"):
        world.node(name, **nodes.get(name.replace("-", "_"), {}))
    world.namespace()
    api = world.deployment("api", body, replicas=replicas, empty=True)
    api.pods(1, unschedulable(age, message))
    return world


@pytest.mark.parametrize(
    ("message", "category"),
    [
        (
            "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, "
            "3 Insufficient cpu." + AFTER,
            "insufficient_resources",
        ),
        # Since 1.35 the taint is not named; the nodes tell that it is the control plane's.
        ("0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 Insufficient memory." + AFTER, "insufficient"),
        ("0/4 nodes are available: 3 Insufficient nvidia.com/gpu." + AFTER, "insufficient_resources"),
        (
            "0/4 nodes are available: 3 Insufficient ephemeral-storage, 3 Too many pods." + AFTER,
            "insufficient_resources",
        ),
        (
            "0/4 nodes are available: 3 node(s) didn't match Pod's node affinity/selector." + AFTER,
            "node_selector_mismatch",
        ),
        ("0/4 nodes are available: 3 node(s) had volume node affinity conflict." + AFTER, "node_selector_mismatch"),
        ("0/4 nodes are available: 3 node(s) didn't match pod anti-affinity rules." + AFTER, "anti_affinity_conflict"),
        ("0/4 nodes are available: 3 node(s) didn't match pod affinity rules." + AFTER, "anti_affinity_conflict"),
        (
            "0/4 nodes are available: 3 node(s) didn't match pod topology spread constraints (missing required label).",
            "anti_affinity_conflict",
        ),
        ("0/4 nodes are available: 3 node(s) didn't have free ports for the requested pod ports.", "port_conflict"),
        ('0/4 nodes are available: persistentvolumeclaim "data" not found.', "pvc_unbound"),
        ("0/4 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found", "pvc_unbound"),
        ("0/4 nodes are available: 3 node(s) didn't find available persistent volumes to bind.", "pvc_unbound"),
    ],
)
def test_each_of_the_schedulers_reasons_has_its_word(message: str, category: str) -> None:
    found = found_by(cluster(message), no_node_fits)["Deployment/shop/api"]
    assert found.category.value.startswith(category)
    assert found.confidence >= 0.9
    assert found.remedy is None


def test_the_reason_of_most_workers_is_the_one_to_change() -> None:
    taint = [{"key": "team", "value": "data", "effect": "NoSchedule"}]
    message = (
        "0/4 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint "
        "{node-role.kubernetes.io/control-plane: }, 2 node(s) had untolerated taint {team: data}."
    )
    world = cluster(message, node_a={"taints": taint}, node_b={"taints": taint})
    assert found_by(world, no_node_fits)["Deployment/shop/api"].category == "taint_not_tolerated"


def test_of_a_pod_that_picks_its_nodes_the_reason_of_those_nodes_counts() -> None:
    body = template(container("api", f"{REGISTRY}/shop/api:1"), nodeSelector={"disk": "ssd"})
    taint = [{"key": "team", "value": "data", "effect": "NoSchedule"}]
    message = (
        "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, "
        "1 node(s) had untolerated taint {team: data}, 2 node(s) didn't match Pod's node affinity/selector."
    )
    wanted = cluster(message, body=body, node_a={"labels": {"disk": "ssd"}, "taints": taint})
    assert found_by(wanted, no_node_fits)["Deployment/shop/api"].category == "taint_not_tolerated"
    none_fits = cluster(message, body=body, node_a={"taints": taint})
    assert found_by(none_fits, no_node_fits)["Deployment/shop/api"].category == "node_selector_mismatch"


def test_replicas_that_keep_apart_are_not_the_reason_while_there_are_nodes_enough() -> None:
    message = "0/4 nodes are available: 1 Insufficient memory, 2 node(s) didn't match pod anti-affinity rules."
    assert (
        found_by(cluster(message, replicas=3), no_node_fits)["Deployment/shop/api"].category == "insufficient_resources"
    )
    many = found_by(cluster(message, replicas=5), no_node_fits)["Deployment/shop/api"]
    assert many.category == "anti_affinity_conflict"


def test_cordoned_nodes_are_named_as_the_cause_of_pods_that_wait() -> None:
    message = (
        "0/4 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint "
        "{node-role.kubernetes.io/control-plane: }, 2 node(s) were unschedulable."
    )
    world = cluster(message, node_a={"cordoned": "40m"}, node_b={"cordoned": "41m"})
    assert roots_of(world, no_node_fits) == [("node_cordoned", "Node/node-a")]
    assert "node-a, node-b are cordoned" in found_by(world, no_node_fits)["Node/node-a"].summary


def test_a_cordoned_node_alone_is_nothing() -> None:
    world = cluster("", node_a={"cordoned": "40m"})
    world.objects = [each for each in world.objects if each["kind"] not in ("Pod", "Event")]
    world.workloads.clear()
    assert roots_of(world, no_node_fits) == []


def test_a_pod_that_no_empty_node_could_hold_is_told_so() -> None:
    body = template(container("api", f"{REGISTRY}/shop/api:1", memory=("48Gi", "48Gi")))
    found = found_by(cluster("0/4 nodes are available: 3 Insufficient memory.", body=body), no_node_fits)
    explanation = found["Deployment/shop/api"].explanation
    assert "48.0Gi of memory" in explanation
    assert "it can never fit" in explanation
    gpu = found_by(cluster("0/4 nodes are available: 3 Insufficient nvidia.com/gpu."), no_node_fits)
    assert "No node offers any nvidia.com/gpu" in gpu["Deployment/shop/api"].explanation


def test_pods_that_lack_room_because_a_node_is_lost_name_that_node() -> None:
    lost = {"Ready": ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", "20m")}
    message = (
        "0/4 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, "
        "2 Insufficient cpu."
    )
    taint = [{"effect": "NoSchedule", "key": "node.kubernetes.io/unreachable"}]
    found = found_by(cluster(message, node_b={"conditions": lost, "taints": taint}), no_node_fits)
    assert [str(each) for each in found["Deployment/shop/api"].because] == ["Node/node-b"]
    well = found_by(cluster("0/4 nodes are available: 3 Insufficient cpu."), no_node_fits)
    assert well["Deployment/shop/api"].because == ()


def test_an_autoscaler_that_may_not_add_nodes_is_mentioned() -> None:
    world = cluster("0/4 nodes are available: 3 Insufficient cpu.")
    (pod,) = world.of("Pod", "shop")
    told = "pod didn't trigger scale-up: 1 max node group size reached"
    world.event(pod, "NotTriggerScaleUp", told, last="1m", kind="Normal", source="cluster-autoscaler")
    found = found_by(world, no_node_fits)["Deployment/shop/api"]
    assert "largest size" in found.explanation
    assert any(told in each.text for each in found.evidence)


@pytest.mark.parametrize("help_", ["nominated", "TriggeredScaleUp", "Nominated", "young"])
def test_a_pod_for_which_room_is_being_made_is_given_time(help_: str) -> None:
    world = cluster("0/4 nodes are available: 3 Insufficient cpu.", age="90s" if help_ == "young" else "6m")
    (pod,) = world.of("Pod", "shop")
    if help_ == "nominated":
        pod["status"]["nominatedNodeName"] = "node-a"
    elif help_ != "young":
        world.event(pod, help_, "pod triggered scale-up: [{workers 3->4 (max: 6)}]", last="5m", kind="Normal")
    assert roots_of(world, no_node_fits) == []


def test_a_claim_that_is_not_bound_is_named_as_the_possible_cause() -> None:
    body = template(
        container("api", f"{REGISTRY}/shop/api:1", mounts={"data": "/data"}),
        volumes={"data": {"persistentVolumeClaim": {"claimName": "api-data"}}},
    )
    world = cluster("0/4 nodes are available: pod has unbound immediate PersistentVolumeClaims.", body=body)
    found = found_by(world, no_node_fits)["Deployment/shop/api"]
    assert [str(each) for each in found.because] == ["PersistentVolumeClaim/shop/api-data"]
    assert named(world, "Deployment", "api")["metadata"]["name"] == "api"


def test_what_preemption_says_and_words_that_nobody_knows_are_no_reasons() -> None:
    text = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims."
    assert [(each.nodes, each.text) for each in reasons_of(text)] == [(3, "Insufficient cpu")]
    assert reasons_of("0/3 nodes are available: 3 node(s) had a mood.") == ()
