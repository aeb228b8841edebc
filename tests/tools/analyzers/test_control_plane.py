"""A scheduler or controller manager that does not work, told from pods that merely wait."""

from typing import Any

from tests.scenarios.kit import REGISTRY, Cluster, Ended, State, container, crash_loop, running, template
from tests.tools.analyzers.picture import found_by, named, roots_of
from tools.analyzers.control_plane import controllers, scheduler
from tools.analyzers.scheduling import no_node_fits

APP = template(container("api", f"{REGISTRY}/shop/api:1"))


def cluster(*, age: str = "8m", **pod: Any) -> Cluster:
    """A pod that waits for a node and of which the scheduler says nothing."""
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.system(leases=False)
    world.namespace()
    api = world.deployment("api", {**APP, "spec": {**APP["spec"], **pod}}, replicas=1, empty=True)
    (made,) = api.pods(1, State("Pending", age, scheduled=False))
    made["status"] = {"phase": "Pending", "qosClass": "Burstable", "conditions": []}
    world.objects = [each for each in world.objects if each["kind"] != "Event"]
    return world


def control(world: Cluster, name: str, state: Any) -> Cluster:
    home, world.home = world.home, "kube-system"
    world.pod(f"{name}-node-a", template(container(name, f"registry.k8s.io/{name}:v1")), state, node="node-a")
    world.home = home
    return world


def test_a_pod_of_which_no_scheduler_says_a_word_tells_that_there_is_none() -> None:
    found = found_by(cluster(), scheduler)["Deployment/shop/api"]
    assert found.category == "scheduler_unavailable"
    assert found.remedy is None


def test_the_schedulers_own_pod_is_the_cause_when_it_crashes() -> None:
    world = control(cluster(), "kube-scheduler", crash_loop("30m", 9, Ended(1, "1m", "2s")))
    assert roots_of(world, scheduler) == [("scheduler_unavailable", "Pod/kube-system/kube-scheduler-node-a")]


def test_a_lease_that_is_not_renewed_shows_that_the_scheduler_is_gone() -> None:
    world = cluster()
    world.lease("kube-scheduler", "kube-system", "11m", 15)
    assert roots_of(world, scheduler) == [("scheduler_unavailable", "Lease/kube-system/kube-scheduler")]
    fresh = cluster()
    fresh.lease("kube-scheduler", "kube-system", "1s", 15)
    assert roots_of(fresh, scheduler) == [("scheduler_unavailable", "Deployment/shop/api")]


def test_a_scheduler_of_its_own_that_is_not_there_is_named() -> None:
    assert "volcano" in found_by(cluster(schedulerName="volcano"), scheduler)["Deployment/shop/api"].summary


def test_pods_that_are_young_gated_or_were_answered_say_nothing_about_the_scheduler() -> None:
    assert roots_of(cluster(age="40s"), scheduler) == []
    assert roots_of(cluster(schedulingGates=[{"name": "example.com/later"}]), scheduler) == []
    answered = cluster()
    answered.event(named(answered, "Deployment", "api"), "ScalingReplicaSet", "Scaled up", last="8m", kind="Normal")
    (pod,) = answered.of("Pod", "shop")
    words = "0/2 nodes are available: 2 Insufficient cpu."
    answered.event(pod, "FailedScheduling", words, last="1m", source="default-scheduler")
    assert roots_of(answered, scheduler, no_node_fits) == [("insufficient_resources", "Deployment/shop/api")]


def lagging(ago: str | None) -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.system(leases=False)
    world.namespace()
    world.deployment("api", APP, replicas=1)
    world.finish()
    world.workloads.clear()
    meta = named(world, "Deployment", "api")["metadata"]
    meta["generation"] += 1
    if ago is not None:
        meta["managedFields"] = [
            {"manager": "kubectl-set", "operation": "Update", "time": world.at(ago)},
            {
                "manager": "kube-controller-manager",
                "operation": "Update",
                "subresource": "status",
                "time": world.at("9d"),
            },
        ]
    return world


def test_a_change_that_no_controller_has_seen_for_minutes_tells_that_they_do_not_run() -> None:
    assert roots_of(lagging("12m"), controllers) == [("scheduler_unavailable", "Deployment/shop/api")]
    world = control(lagging(None), "kube-controller-manager", crash_loop("30m", 9, Ended(1, "1m", "2s")))
    assert roots_of(world, controllers) == [("scheduler_unavailable", "Pod/kube-system/kube-controller-manager-node-a")]


def test_a_change_of_just_now_or_of_an_unknown_time_is_nothing() -> None:
    assert roots_of(lagging("3s"), controllers) == []
    assert roots_of(lagging(None), controllers) == []
    assert roots_of(control(lagging(None), "kube-controller-manager", running("9d")), controllers) == []
