"""Workloads: rollouts, restarts, crashes, probes, scheduling, jobs, quotas, all on virtual time."""

from __future__ import annotations

import pytest

from bot.demo.cluster_emulator.objects import condition, dig
from bot.demo.cluster_emulator.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    ENDPOINTS,
    EVENTS,
    NODES,
    PODS,
    REPLICASETS,
    SECRETS,
)

REVISION = "deployment.kubernetes.io/revision"
WEB_IMAGE = "registry.example.com/proteus/proteus-web:v5.2.1"


def _pods(emulator, app, namespace="proteus-dev"):
    return [pod for pod in emulator.store.all_of(PODS, namespace) if pod["metadata"]["labels"].get("app") == app]


def _deployment(emulator, name, namespace="proteus-dev"):
    return emulator.store.get(DEPLOYMENTS, namespace, name)


def _replica_sets(emulator, name, namespace="proteus-dev"):
    held = emulator.store.owned_by(REPLICASETS, _deployment(emulator, name, namespace))
    return {int(each["metadata"]["annotations"][REVISION]): each for each in held}


def _restarts(emulator, app, namespace="proteus-dev"):
    return [dig(pod, "status", "containerStatuses", 0, "restartCount") for pod in _pods(emulator, app, namespace)]


def _events(emulator, reason, namespace="proteus-dev"):
    return [event for event in emulator.store.all_of(EVENTS, namespace) if event["reason"] == reason]


async def _roll_back(emulator, apps, name, namespace, revision):
    template = _replica_sets(emulator, name, namespace)[revision]["spec"]["template"]
    labels = {key: value for key, value in template["metadata"]["labels"].items() if key != "pod-template-hash"}
    wanted = {"metadata": {"labels": labels}, "spec": template["spec"]}
    body = [{"op": "replace", "path": "/spec/template", "value": wanted}]
    await apps.patch_namespaced_deployment(name, namespace, body)


def _restart(moment="2026-01-01T00:00:00Z"):
    return {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": moment}}}}}


async def test_a_rollout_takes_time_and_leaves_no_pod_behind(emulator, apps):
    old = {pod["metadata"]["name"] for pod in _pods(emulator, "proteus-web")}
    await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", _restart())
    at_once = _deployment(emulator, "proteus-web")
    assert at_once["status"]["observedGeneration"] < at_once["metadata"]["generation"]
    await emulator.advance(1)
    soon = _deployment(emulator, "proteus-web")
    assert soon["status"]["observedGeneration"] == soon["metadata"]["generation"]
    assert soon["status"]["updatedReplicas"] == 1
    assert condition(soon, "Progressing")["reason"] != "NewReplicaSetAvailable"
    await emulator.advance(60)
    done = _deployment(emulator, "proteus-web")
    assert done["status"]["availableReplicas"] == done["status"]["updatedReplicas"] == 2
    assert condition(done, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert old.isdisjoint(pod["metadata"]["name"] for pod in _pods(emulator, "proteus-web"))


async def test_a_rolling_update_never_has_too_few_or_too_many_pods(emulator, apps):
    await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", _restart())
    for _ in range(120):
        await emulator.advance(0.5)
        status = _deployment(emulator, "proteus-web")["status"]
        assert status.get("availableReplicas", 0) >= 2
        assert status["replicas"] <= 3


async def test_recreate_ends_all_old_pods_before_the_first_new_one(emulator, apps):
    body = {"spec": {"strategy": {"$patch": "replace", "type": "Recreate"}, **_restart()["spec"]}}
    await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", body)
    for _ in range(120):
        await emulator.advance(0.5)
        hashes = {pod["metadata"]["labels"]["pod-template-hash"] for pod in _pods(emulator, "proteus-web")}
        assert len(hashes) <= 1
    assert _deployment(emulator, "proteus-web")["status"]["availableReplicas"] == 2


async def test_going_back_cures_the_release_that_runs_out_of_memory(emulator, apps):
    await _roll_back(emulator, apps, "proteus-api", "proteus-dev", 2)
    await emulator.advance(90)
    deployment = _deployment(emulator, "proteus-api")
    assert deployment["status"]["availableReplicas"] == 3
    assert deployment["metadata"]["annotations"][REVISION] == "4"
    assert sorted(_replica_sets(emulator, "proteus-api")) == [1, 3, 4]
    await emulator.advance(3600)
    assert _deployment(emulator, "proteus-api")["status"]["availableReplicas"] == 3
    assert _restarts(emulator, "proteus-api") == [0, 0, 0]


async def test_a_restart_helps_that_release_for_three_minutes_only(emulator, apps):
    await apps.patch_namespaced_deployment("proteus-api", "proteus-dev", _restart())
    await emulator.advance(90)
    assert _deployment(emulator, "proteus-api")["status"]["availableReplicas"] == 3
    await emulator.advance(900)
    assert min(_restarts(emulator, "proteus-api")) >= 2
    ends = [
        dig(pod, "status", "containerStatuses", 0, "lastState", "terminated") for pod in _pods(emulator, "proteus-api")
    ]
    assert {(end["reason"], end["exitCode"]) for end in ends} == {("OOMKilled", 137)}


async def test_more_memory_cures_it_as_well_because_usage_levels_off(emulator, apps):
    container = {"name": "proteus-api", "resources": {"limits": {"memory": "1Gi"}}}
    body = {"spec": {"template": {"spec": {"containers": [container]}}}}
    await apps.patch_namespaced_deployment("proteus-api", "proteus-dev", body)
    await emulator.advance(3600)
    assert _restarts(emulator, "proteus-api") == [0, 0, 0]


async def test_old_revisions_are_kept_up_to_the_limit(emulator, apps):
    await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", {"spec": {"revisionHistoryLimit": 2}})
    for number in range(4):
        await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", _restart(f"2026-01-01T00:00:0{number}Z"))
        await emulator.advance(60)
    assert sorted(_replica_sets(emulator, "proteus-web")) == [3, 4, 5]


async def test_a_paused_deployment_does_not_roll(emulator, apps):
    await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", {"spec": {"paused": True}})
    await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", _restart())
    await emulator.advance(60)
    assert sorted(_replica_sets(emulator, "proteus-web")) == [1]
    await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", {"spec": {"paused": False}})
    await emulator.advance(60)
    assert sorted(_replica_sets(emulator, "proteus-web")) == [1, 2]


async def test_back_off_doubles_from_ten_seconds_to_five_minutes(emulator):
    (first, *_) = _pods(emulator, "proteus-api")
    waiting = dig(first, "status", "containerStatuses", 0, "state", "waiting")
    assert waiting["reason"] == "CrashLoopBackOff"
    name, uid = first["metadata"]["name"], first["metadata"]["uid"]
    assert waiting["message"] == (
        f"back-off 5m0s restarting failed container=proteus-api pod={name}_proteus-dev({uid})"
    )
    assert first["status"]["phase"] == "Running"


@pytest.mark.parametrize("scenario", ["missing-secret"])
async def test_making_the_secret_lets_the_container_start(emulator):
    held = emulator.store.get(SECRETS, "finance-dev", "ledger-credentials")
    emulator.store.create(
        SECRETS, {"metadata": {"name": "ledger-credentials-v2", "namespace": "finance-dev"}, "data": held["data"]}
    )
    await emulator.advance(60)
    deployment = _deployment(emulator, "ledger-sync", "finance-dev")
    assert deployment["status"]["updatedReplicas"] == deployment["status"]["availableReplicas"] == 2
    assert condition(deployment, "Progressing")["reason"] == "NewReplicaSetAvailable"


@pytest.mark.parametrize("scenario", ["missing-secret"])
async def test_a_missing_key_is_told_apart_from_a_missing_secret(emulator):
    emulator.store.create(
        SECRETS, {"metadata": {"name": "ledger-credentials-v2", "namespace": "finance-dev"}, "data": {"other": ""}}
    )
    await emulator.advance(30)
    messages = {event["message"] for event in _events(emulator, "Failed", "finance-dev")}
    assert "Error: couldn't find key token in Secret finance-dev/ledger-credentials-v2" in messages


@pytest.mark.parametrize("scenario", ["missing-secret"])
async def test_a_program_without_a_variable_that_it_needs_crashes_and_says_so(emulator, apps, core):
    container = {"name": "ledger-sync", "env": [{"name": "LEDGER_TOKEN", "$patch": "delete"}]}
    body = {"spec": {"template": {"spec": {"containers": [container]}}}}
    await apps.patch_namespaced_deployment("ledger-sync", "finance-dev", body)
    await emulator.advance(120)
    pod = next(
        pod
        for pod in _pods(emulator, "ledger-sync", "finance-dev")
        if not condition(pod, "Ready") or condition(pod, "Ready")["status"] == "False"
    )
    assert dig(pod, "status", "containerStatuses", 0, "lastState", "terminated", "exitCode") == 1
    log = await core.read_namespaced_pod_log(pod["metadata"]["name"], "finance-dev")
    assert "LEDGER_TOKEN is not set" in log


@pytest.mark.parametrize("scenario", ["pending-resources"])
async def test_room_on_a_node_lets_a_pending_pod_in(emulator, apps):
    await apps.patch_namespaced_deployment_scale("render-farm", "media-dev", {"spec": {"replicas": 3}})
    await emulator.advance(30)
    pods = _pods(emulator, "render-farm", "media-dev")
    assert [pod["status"]["phase"] for pod in pods] == ["Running"] * 3


@pytest.mark.parametrize("scenario", ["pending-resources"])
async def test_the_scheduler_counts_the_reasons_against_each_node(emulator, core):
    (event, *_) = _events(emulator, "FailedScheduling", "media-dev")
    assert event["message"] == (
        "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: "
        "3 No preemption victims found for incoming pod."
    )
    for node in emulator.store.all_of(NODES)[:2]:
        await core.patch_node(node["metadata"]["name"], {"spec": {"unschedulable": True}})
    await emulator.advance(5)
    messages = {event["message"] for event in _events(emulator, "FailedScheduling", "media-dev")}
    assert any("1 Insufficient cpu, 2 node(s) were unschedulable" in message for message in messages)
    assert any("2 Preemption is not helpful for scheduling" in message for message in messages)


@pytest.mark.parametrize("scenario", ["failing-liveness"])
async def test_the_right_port_ends_the_killing(emulator, apps):
    probe = {"httpGet": {"path": "/ping", "port": 8085}, "initialDelaySeconds": 15}
    container = {"name": "geo-tiles", "livenessProbe": probe}
    body = {"spec": {"template": {"spec": {"containers": [container]}}}}
    await apps.patch_namespaced_deployment("geo-tiles", "maps-dev", body)
    await emulator.advance(1200)
    assert _restarts(emulator, "geo-tiles", "maps-dev") == [0, 0]


async def test_a_service_has_the_addresses_of_its_ready_pods_only(emulator):
    def addresses(name):
        subset = emulator.store.get(ENDPOINTS, "proteus-dev", name)["subsets"][0]
        return len(subset.get("addresses", [])), len(subset.get("notReadyAddresses", []))

    assert addresses("proteus-web") == (2, 0)
    assert addresses("proteus-api") == (0, 3)


async def test_a_quota_stops_the_pods_that_are_too_many(emulator, raw, apps):
    quota = {"metadata": {"name": "small"}, "spec": {"hard": {"pods": "7"}}}
    assert (await raw("POST", "/api/v1/namespaces/proteus-dev/resourcequotas", quota))[0] == 201
    await apps.patch_namespaced_deployment_scale("proteus-web", "proteus-dev", {"spec": {"replicas": 4}})
    await emulator.advance(30)
    assert len(_pods(emulator, "proteus-web")) == 3
    assert (
        "exceeded quota: small, requested: pods=1, used: pods=7, limited: pods=7"
        in (_events(emulator, "FailedCreate")[0]["message"])
    )
    assert condition(_deployment(emulator, "proteus-web"), "ReplicaFailure")["reason"] == "FailedCreate"


async def test_events_are_gone_after_an_hour(emulator, apps):
    await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", _restart())
    await emulator.advance(60)
    about_web = [
        event for event in _events(emulator, "ScalingReplicaSet") if event["involvedObject"]["name"] == "proteus-web"
    ]
    assert about_web
    await emulator.advance(3700)
    about_web = [
        event for event in _events(emulator, "ScalingReplicaSet") if event["involvedObject"]["name"] == "proteus-web"
    ]
    assert about_web == []


async def test_an_update_that_changes_nothing_is_told_to_nobody(emulator):
    held = emulator.store.get(CONFIGMAPS, "proteus-dev", "proteus-settings")
    before = emulator.store.version
    emulator.store.update(CONFIGMAPS, held)
    assert emulator.store.version == before
