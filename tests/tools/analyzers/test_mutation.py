"""Pods that were changed on their way in, and fail by that."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.scenarios.kit import (
    REGISTRY,
    Cluster,
    Ended,
    State,
    container,
    crash_loop,
    image_pull,
    running,
    template,
    unschedulable,
)
from tests.tools.analyzers.picture import found_by, named, picture, roots_of
from tools.analyzers import analyze
from tools.analyzers.changes import blame
from tools.analyzers.drift import drifted
from tools.analyzers.mutation import mutated

APP = template(container("api", f"{REGISTRY}/shop/api:1", env={"MODE": "prod"}, memory=("512Mi", "512Mi")))
CRASH = crash_loop("40m", 9, Ended(1, "1m", "3s"))
OOM = crash_loop("40m", 9, Ended(137, "1m", "3s", "OOMKilled"))
Pod = dict[str, Any]


def cluster(state: State, change: Callable[[Pod], None], *, log: str = "", spare: bool = False) -> Cluster:
    """Two pods, both changed unless one is spared."""
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    made = world.deployment("api", APP, replicas=2, empty=True).pods(2, state)
    for pod in made[:1] if spare else made:
        change(pod)
        if log:
            world.log(pod, f"-65s|<t> ERROR {log}", previous=True)
    world.webhook("injector", "inject.example.com", ("platform", "injector", "/mutate"), mutating=True)
    return world


def api(pod: Pod) -> Pod:
    found: Pod = pod["spec"]["containers"][0]
    return found


def other_image(pod: Pod) -> None:
    api(pod)["image"] = "mirror.example.com/shop/api:1"


def less_memory(pod: Pod) -> None:
    api(pod)["resources"] = {"limits": {"memory": "64Mi"}, "requests": {"memory": "64Mi", "cpu": "100m"}}


def proxy(pod: Pod) -> None:
    api(pod)["env"] = [*api(pod)["env"], {"name": "HTTPS_PROXY", "value": "http://egress.proxy.local:3128"}]


def selector(pod: Pod) -> None:
    pod["spec"]["nodeSelector"] = {"pool": "spot"}


def sidecar(pod: Pod) -> None:
    status = copy.deepcopy(pod["status"]["containerStatuses"][0])
    pod["spec"]["containers"].append({"name": "agent", "image": "agent:1"})
    pod["status"]["containerStatuses"].append({**status, "name": "agent"})
    pod["status"]["containerStatuses"][0] |= {
        "ready": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": pod["metadata"]["creationTimestamp"]}},
        "lastState": {},
    }


PULL = image_pull("20m", "mirror.example.com/shop/api:1", "mirror.example.com/shop/api:1: not found")
PICKY = unschedulable("20m", "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.")
DIALED = "dial tcp: lookup egress.proxy.local: no such host"


@pytest.mark.parametrize(
    ("state", "change", "log", "words"),
    [
        (PULL, other_image, "", "became mirror.example.com/shop/api:1"),
        (OOM, less_memory, "", "memory limit of api became 64Mi (template: 512Mi)"),
        (CRASH, proxy, DIALED, "variable HTTPS_PROXY of api was added"),
        (PICKY, selector, "", "nodeSelector was set"),
        (CRASH, sidecar, "", "container agent (image agent:1) was added"),
    ],
    ids=["image", "memory", "environment", "placement", "sidecar"],
)
def test_what_was_changed_and_fails_is_named(state: State, change: Callable[[Pod], None], log: str, words: str) -> None:
    found = found_by(cluster(state, change, log=log), mutated)["Deployment/shop/api"]
    assert found.category == "admission_mutation"
    assert words in found.summary
    assert "injector" in found.explanation
    assert found.remedy is None
    assert "egress" not in found.summary


def nothing(_pod: Pod) -> None: ...


@pytest.mark.parametrize(
    ("state", "change", "log", "spare"),
    [
        (CRASH, nothing, "boom", False),
        (running("3d"), proxy, "", False),
        (CRASH, proxy, "boom", False),
        (CRASH, less_memory, "boom", False),
        (OOM, less_memory, "", True),
    ],
    ids=["unchanged", "well", "another fault", "not by memory", "one pod alone"],
)
def test_a_change_that_does_no_harm_or_is_of_one_pod_alone_is_nothing(
    state: State, change: Callable[[Pod], None], log: str, spare: bool
) -> None:
    assert roots_of(cluster(state, change, log=log, spare=spare), mutated) == []


def test_what_a_limit_range_fills_in_is_no_change() -> None:
    world = cluster(OOM, nothing)
    body = named(world, "ReplicaSet", world.of("ReplicaSet")[0]["metadata"]["name"])["spec"]["template"]
    body["spec"]["containers"][0]["resources"] = {}
    assert len(found_by(world, mutated)) == 1
    for pod in world.of("Pod", "shop"):
        pod["metadata"]["annotations"] = {"kubernetes.io/limit-ranger": "LimitRanger plugin set: memory limit for api"}
    assert roots_of(world, mutated) == []


@pytest.mark.parametrize(("age", "is_found"), [("9d", True), ("5m", False)])
def test_a_container_that_only_the_pods_since_some_time_have_was_added_on_their_way_in(
    age: str, is_found: bool
) -> None:
    world = cluster(CRASH, sidecar, spare=True)
    _, other = world.of("Pod", "shop")
    other["metadata"]["creationTimestamp"] = world.at(age)
    assert bool(found_by(world, mutated)) == is_found


def newest_changed(count: int, annotations: dict[str, str] | None = None) -> Cluster:
    """Two pods that are old and well, and newer ones that run another image than their template says."""
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    api = world.deployment("api", APP, ages=("20d",), replicas=2 + count, empty=True)
    api.pods(2, running("20d"))
    for pod in api.pods(count, PULL):
        other_image(pod)
        pod["metadata"]["annotations"] = annotations or {}
    return world


def test_several_of_the_newest_pods_that_differ_alike_were_changed_on_their_way_in() -> None:
    found = found_by(newest_changed(2), drifted, mutated)
    assert {key: each.category.value for key, each in found.items()} == {"Deployment/shop/api": "admission_mutation"}
    assert found["Deployment/shop/api"].remedy is None


def test_one_new_pod_with_the_mark_of_a_policy_engine_was_changed_by_it_and_its_policy_is_named() -> None:
    mark = "use-mirror.registry-mirror.kyverno.io: replaced /spec/containers/0/image\n"
    world = newest_changed(1, {"policies.kyverno.io/last-applied-patches": mark})
    found = found_by(world, drifted, mutated)
    assert {key: each.category.value for key, each in found.items()} == {"Deployment/shop/api": "admission_mutation"}
    assert "registry-mirror" in found["Deployment/shop/api"].explanation


def test_one_new_pod_without_any_mark_was_changed_by_hand() -> None:
    found = found_by(newest_changed(1), drifted, mutated)
    assert [each.category.value for each in found.values()] == ["pod_drift"]


def test_a_change_that_names_the_policy_brought_it() -> None:
    world = newest_changed(2, {"policies.kyverno.io/last-applied-patches": "use-mirror.pull-through.kyverno.io: x\n"})
    world.change("P-1", "policy", "25m", "Pull all through one cache", diff="+  name: pull-through\n+    image: new")
    world.change("P-2", "policy", "25m", "More labels", diff="+  name: team-labels\n+    labels: new")
    joined, _ = blame(analyze(picture(world), (drifted, mutated)), picture(world))
    assert [each.culprit for each in joined.roots] == ["P-1"]
