"""Nodes that are not well, and the workloads that suffer from it."""

from typing import Any

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, Ended, container, crash_loop, evicted, running, template
from tests.tools.analyzers.picture import found_by, named, roots_of
from tools.analyzers.nodes import evicted as evicted_pods
from tools.analyzers.nodes import service_routing, unwell

APP = template(container("api", f"{REGISTRY}/shop/api:1"))
LOW = (
    "The node was low on resource: ephemeral-storage. Threshold quantity: 8589934592, available: 7642Mi. Container api "
    "was using 3Gi, request is 0, has larger consumption of ephemeral-storage. "
)
OWN = 'Usage of EmptyDir volume "cache" exceeds the limit "1Gi". '


def cluster(ready: str = "True", message: str = "", since: str = "20m", **more: Any) -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    reason = {"True": "KubeletReady", "False": "KubeletNotReady", "Unknown": "NodeStatusUnknown"}[ready]
    conditions = {"Ready": (ready, reason, message, since), **more.pop("conditions", {})}
    world.node("node-a", conditions=conditions, **more)
    world.node("node-b")
    world.namespace()
    return world


def serving(world: Cluster, state: Any = None) -> Cluster:
    """Two pods, one of them on the node in question; that one is not ready where a state is not given."""
    api = world.deployment("api", APP, replicas=2, empty=True)
    api.pods(1, running(), node="node-b")
    (lost,) = api.pods(1, state or running(), node="node-a")
    if state is None:
        for each in lost["status"]["conditions"]:
            each["status"] = "False" if each["type"] == "Ready" else each["status"]
    return world


GONE = "Kubelet stopped posting node status."
CNI = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin "
    "returns error: cni plugin not initialized"
)


@pytest.mark.parametrize(
    ("ready", "message", "category"),
    [
        ("Unknown", GONE, "kubelet_unavailable"),
        ("False", "container runtime is down", "container_runtime_unavailable"),
        (
            "False",
            "PLEG is not healthy: pleg was last seen active 4m12.7s ago; threshold is 3m0s",
            "container_runtime_unavailable",
        ),
        (
            "False",
            "[container runtime is down, PLEG is not healthy: pleg was last seen active 9m ago; threshold is 3m0s, "
            f"{CNI}]",
            "container_runtime_unavailable",
        ),
        ("False", CNI, "node_not_ready"),
        ("False", "kubelet is shutting down", "node_not_ready"),
    ],
)
def test_a_node_says_itself_what_it_lacks(ready: str, message: str, category: str) -> None:
    world = serving(cluster(ready, message))
    assert roots_of(world, unwell) == [(category, "Node/node-a")]
    found = found_by(world, unwell)
    assert found["Deployment/shop/api"].because == (found["Node/node-a"].subject,)
    assert message in found["Node/node-a"].summary
    assert found["Node/node-a"].since is not None


@pytest.mark.parametrize(
    ("condition", "reason", "category"),
    [
        ("DiskPressure", "KubeletHasDiskPressure", "node_disk_pressure"),
        ("MemoryPressure", "KubeletHasInsufficientMemory", "node_memory_pressure"),
        ("PIDPressure", "KubeletHasInsufficientPID", "node_not_ready"),
    ],
)
def test_pressure_is_found_though_the_node_is_ready(condition: str, reason: str, category: str) -> None:
    world = serving(cluster(conditions={condition: ("True", reason, "kubelet has pressure", "9m")}), running())
    assert roots_of(world, unwell) == [(category, "Node/node-a")]


@pytest.mark.parametrize("quiet", ["well", "short", "joining", "leaving"])
def test_a_node_that_comes_goes_or_only_blinks_is_nothing(quiet: str) -> None:
    more: dict[str, Any] = {}
    if quiet == "joining":
        more = {"age": "3m"}
    elif quiet == "leaving":
        more = {"taints": [{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}]}
    ready = "True" if quiet == "well" else "False"
    world = serving(cluster(ready, CNI, "50s" if quiet == "short" else "4m", **more), running())
    assert roots_of(world, unwell) == []


def test_a_lost_node_without_pods_of_the_asked_namespace_is_no_more_than_a_note() -> None:
    world = cluster("Unknown", GONE)
    world.deployment("api", APP, replicas=1, empty=True).pods(1, running(), node="node-b")
    assert found_by(world, unwell, namespace="shop")["Node/node-a"].confidence < 0.5
    assert found_by(world, unwell)["Node/node-a"].confidence > 0.9


def test_pods_put_out_by_a_node_under_pressure_are_its_symptom() -> None:
    pressure = {"DiskPressure": ("True", "KubeletHasDiskPressure", "kubelet has disk pressure", "12m")}
    world = cluster(conditions=pressure)
    api = world.deployment("api", APP, replicas=2, empty=True)
    api.pods(1, evicted("3h", "10m", LOW), node="node-a")
    assert roots_of(world, unwell, evicted_pods) == [("node_disk_pressure", "Node/node-a")]
    assert found_by(world, evicted_pods)["Deployment/shop/api"].category == "evicted"


def test_pods_put_out_by_a_node_that_is_well_again_are_told_of_themselves() -> None:
    world = cluster()
    world.deployment("api", APP, replicas=2, empty=True).pods(1, evicted("3h", "10m", LOW), node="node-a")
    assert roots_of(world, unwell, evicted_pods) == [("evicted", "Deployment/shop/api")]


def test_the_remains_of_an_old_eviction_are_nothing_but_one_after_another_is() -> None:
    old = cluster()
    api = old.deployment("api", APP, replicas=1)
    api.pods(3, evicted("3d", "2d", LOW), node="node-a")
    assert roots_of(old, evicted_pods) == []
    again = cluster()
    api = again.deployment("api", APP, replicas=1)
    api.pods(3, evicted("20m", "9m", OWN), node="node-a")
    found = found_by(again, evicted_pods)["Deployment/shop/api"]
    assert "limit" in found.explanation
    assert found.because == ()


def proxy(world: Cluster, state: Any) -> Cluster:
    home, world.home = world.home, "kube-system"
    made = world.daemonset("kube-proxy", template(container("kube-proxy", "registry.k8s.io/kube-proxy:v1")), empty=True)
    made.pods(1, state, node="node-a")
    made.pods(1, running("75d"), node="node-b")
    world.home = home
    return world


def test_a_kube_proxy_that_does_not_run_is_found() -> None:
    world = proxy(cluster(), crash_loop("40m", 9, Ended(1, "1m", "2s")))
    assert roots_of(world, service_routing) == [("kube_proxy_unavailable", "DaemonSet/kube-system/kube-proxy")]
    assert "node-a" in found_by(world, service_routing)["DaemonSet/kube-system/kube-proxy"].summary


def test_a_kube_proxy_that_is_kept_from_every_node_is_found() -> None:
    world = proxy(cluster(), running("75d"))
    world.finish()
    named(world, "DaemonSet", "kube-proxy")["status"]["desiredNumberScheduled"] = 0
    world.workloads.clear()
    assert roots_of(world, service_routing) == [("kube_proxy_unavailable", "DaemonSet/kube-system/kube-proxy")]


def test_a_kube_proxy_that_runs_everywhere_is_nothing() -> None:
    assert roots_of(proxy(cluster(), running("75d")), service_routing) == []
