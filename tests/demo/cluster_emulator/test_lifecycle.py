"""The rarer ways in which containers live and die: hangs, slow starts, init containers, sets, jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock, load_scenario
from bot.demo.cluster_emulator.defaults import apply_defaults
from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.objects import clone, condition, dig
from bot.demo.cluster_emulator.podwords import pod_words
from bot.demo.cluster_emulator.resources import (
    CONFIGMAPS,
    DAEMONSETS,
    EVENTS,
    JOBS,
    NODES,
    PODS,
    STATEFULSETS,
    resource_of_kind,
)

PROBE = {"httpGet": {"path": "/", "port": 80}}


@pytest.fixture
def lab() -> ClusterEmulator:
    scenario = load_scenario(Path(__file__).with_name("lab.yaml"))
    return ClusterEmulator(scenario, clock=VirtualClock(speed=0))


def _create(lab, kind, name, spec):
    resource = resource_of_kind(kind)
    made = lab.store.prepare(resource, {"metadata": {"name": name, "namespace": "lab"}, "spec": spec})
    apply_defaults(resource, made)
    return lab.store.create(resource, made)


def _container(image, **more):
    return {"name": "main", "image": f"registry.example.com/lab/{image}", **more}


def _pod(lab, name="pod"):
    return lab.store.get(PODS, "lab", name)


def _word(lab, name="pod"):
    return pod_words(_pod(lab, name), lab.clock.now).status


def _state(lab, *path, name="pod"):
    return dig(_pod(lab, name), "status", "containerStatuses", 0, *path)


def _reasons(lab):
    return [event["reason"] for event in lab.store.all_of(EVENTS, "lab")]


def _set_spec(image):
    labels = {"app": "set"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [_container(image)]}}
    return {"selector": {"matchLabels": labels}, "template": template}


def test_a_crash_shows_error_then_back_off_with_the_exit_code_kept(lab):
    _create(lab, "Pod", "pod", {"containers": [_container("crashes:1")]})
    seen = []
    for _ in range(300):
        lab.clock.advance(0.2)
        if not seen or seen[-1] != _word(lab):
            seen.append(_word(lab))
    assert seen[:6] == ["ContainerCreating", "Running", "Error", "Running", "Error", "CrashLoopBackOff"]
    ended = _state(lab, "lastState", "terminated")
    assert (ended["exitCode"], ended["reason"], ended["message"]) == (3, "Error", "cannot open the ledger")


def test_a_program_that_hangs_is_killed_when_its_grace_period_is_over(lab):
    _create(lab, "Pod", "pod", {"containers": [_container("hangs:1", livenessProbe=PROBE, readinessProbe=PROBE)]})
    lab.clock.advance(60)
    assert _state(lab, "ready") is True
    lab.clock.advance(95)
    assert _state(lab, "ready") is False
    lab.clock.advance(40)
    assert _state(lab, "lastState", "terminated", "exitCode") == 137
    assert _state(lab, "restartCount") == 1
    messages = [event["message"] for event in lab.store.all_of(EVENTS, "lab")]
    assert any("context deadline exceeded" in message for message in messages)
    assert "Container main failed liveness probe, will be restarted" in messages


def test_a_startup_probe_gives_a_slow_program_its_time(lab):
    startup = {**PROBE, "periodSeconds": 10, "failureThreshold": 10}
    spec = {"containers": [_container("slow:1", startupProbe=startup, livenessProbe=PROBE, readinessProbe=PROBE)]}
    _create(lab, "Pod", "pod", spec)
    lab.clock.advance(40)
    assert (_state(lab, "started"), _state(lab, "ready")) == (False, False)
    lab.clock.advance(40)
    assert (_state(lab, "started"), _state(lab, "ready"), _state(lab, "restartCount")) == (True, True, 0)


def test_without_a_startup_probe_liveness_kills_the_slow_program_again_and_again(lab):
    _create(lab, "Pod", "pod", {"containers": [_container("slow:1", livenessProbe=PROBE)]})
    lab.clock.advance(600)
    assert _state(lab, "restartCount") >= 3
    assert _state(lab, "lastState", "terminated", "exitCode") == 143


def test_init_containers_run_one_after_the_other_before_the_main_ones(lab):
    first = {**_container("finishes:1"), "name": "first"}
    second = {**_container("finishes:1"), "name": "second"}
    _create(lab, "Pod", "pod", {"initContainers": [first, second], "containers": [_container("good:1")]})
    lab.clock.advance(5)
    assert _word(lab) == "Init:0/2"
    lab.clock.advance(5)
    assert _word(lab) == "Init:1/2"
    lab.clock.advance(20)
    assert _word(lab) == "Running"
    assert condition(_pod(lab), "Initialized")["status"] == "True"


def test_an_init_container_that_fails_keeps_the_main_one_waiting(lab):
    bad = {**_container("crashes:1"), "name": "setup"}
    _create(lab, "Pod", "pod", {"initContainers": [bad], "containers": [_container("good:1")]})
    lab.clock.advance(60)
    assert _word(lab) == "Init:CrashLoopBackOff"
    assert _state(lab, "state", "waiting", "reason") == "PodInitializing"
    assert _pod(lab)["status"]["phase"] == "Pending"


def test_a_pod_that_is_not_restarted_ends_well_or_badly(lab):
    for name, image in (("well", "finishes:1"), ("badly", "crashes:1")):
        _create(lab, "Pod", name, {"restartPolicy": "Never", "containers": [_container(image)]})
    lab.clock.advance(30)
    assert [_pod(lab, name)["status"]["phase"] for name in ("well", "badly")] == ["Succeeded", "Failed"]
    assert [_word(lab, name) for name in ("well", "badly")] == ["Completed", "Error"]


def test_a_volume_that_cannot_be_mounted_keeps_the_pod_waiting(lab):
    volume = {"name": "settings", "configMap": {"name": "missing"}}
    _create(lab, "Pod", "pod", {"volumes": [volume], "containers": [_container("good:1")]})
    lab.clock.advance(30)
    assert _word(lab) == "ContainerCreating"
    messages = {event["message"] for event in lab.store.all_of(EVENTS, "lab") if event["reason"] == "FailedMount"}
    assert messages == {'MountVolume.SetUp failed for volume "settings" : configmap "missing" not found'}
    lab.store.create(CONFIGMAPS, {"metadata": {"name": "missing", "namespace": "lab"}})
    lab.clock.advance(60)
    assert _word(lab) == "Running"


def test_a_node_selector_and_a_taint_are_reasons_against_a_node(lab):
    _create(lab, "Pod", "pod", {"nodeSelector": {"disk": "fast"}, "containers": [_container("good:1")]})
    lab.clock.advance(5)
    assert _pod(lab)["spec"]["nodeName"] == "one"
    node = clone(lab.store.get(NODES, "", "one"))
    node["spec"] = {"taints": [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]}
    lab.store.update(NODES, node)
    _create(lab, "Pod", "other", {"nodeSelector": {"disk": "fast"}, "containers": [_container("good:1")]})
    lab.clock.advance(5)
    text = condition(_pod(lab, "other"), "PodScheduled")["message"]
    assert text == (
        "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated "
        "taint {dedicated: gpu}. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    )


def test_a_daemon_set_has_a_pod_on_every_node_and_replaces_them_one_by_one(lab):
    made = _create(lab, "DaemonSet", "set", _set_spec("good:1"))
    lab.clock.advance(20)
    held = lab.store.get(DAEMONSETS, "lab", "set")
    assert {pod["spec"]["nodeName"] for pod in lab.store.all_of(PODS, "lab")} == {"one", "two"}
    changed = clone(held)
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example.com/lab/good:2"
    lab.store.update(DAEMONSETS, changed)
    lab.clock.advance(60)
    status = lab.store.get(DAEMONSETS, "lab", "set")["status"]
    assert status["updatedNumberScheduled"] == status["numberReady"] == 2
    assert made["metadata"]["generation"] + 1 == status["observedGeneration"]


def test_a_stateful_set_makes_its_pods_in_order_and_keeps_their_names(lab):
    _create(lab, "StatefulSet", "db", {**_set_spec("good:1"), "replicas": 3, "serviceName": "db"})
    lab.clock.advance(1.5)
    assert [pod["metadata"]["name"] for pod in lab.store.all_of(PODS, "lab")] == ["db-0"]
    lab.clock.advance(60)
    assert [pod["metadata"]["name"] for pod in lab.store.all_of(PODS, "lab")] == ["db-0", "db-1", "db-2"]
    uid = _pod(lab, "db-1")["metadata"]["uid"]
    delete(lab.store, PODS, _pod(lab, "db-1"))
    lab.clock.advance(60)
    assert _pod(lab, "db-1")["metadata"]["uid"] != uid
    assert lab.store.get(STATEFULSETS, "lab", "db")["status"]["readyReplicas"] == 3


def test_a_job_is_complete_when_its_pod_has_succeeded(lab):
    template = {"spec": {"restartPolicy": "Never", "containers": [_container("finishes:1")]}}
    _create(lab, "Job", "once", {"template": template})
    lab.clock.advance(30)
    job = lab.store.get(JOBS, "lab", "once")
    assert condition(job, "Complete")["status"] == "True"
    assert job["status"]["succeeded"] == 1


def test_a_job_that_cannot_succeed_fails_after_its_retries(lab):
    template = {"spec": {"restartPolicy": "Never", "containers": [_container("crashes:1")]}}
    _create(lab, "Job", "hopeless", {"backoffLimit": 2, "template": template})
    lab.clock.advance(25)
    assert len(lab.store.all_of(PODS, "lab")) == 2
    lab.clock.advance(300)
    job = lab.store.get(JOBS, "lab", "hopeless")
    assert condition(job, "Failed")["reason"] == "BackoffLimitExceeded"
    assert len(lab.store.all_of(PODS, "lab")) == 3
    assert "BackoffLimitExceeded" in _reasons(lab)
