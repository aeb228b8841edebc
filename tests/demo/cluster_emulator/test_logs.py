"""Logs: which life of a container is meant, and which part of what it wrote."""

from __future__ import annotations

import json

import pytest
from kubernetes.aio import client

from bot.demo.cluster_emulator.resources import PODS


def _pod_named(emulator, start: str) -> str:
    names = [pod["metadata"]["name"] for pod in emulator.store.all_of(PODS)]
    return next(name for name in names if name.startswith(start))


async def test_a_container_in_back_off_serves_its_last_life_with_previous_and_without(emulator, core):
    pod = _pod_named(emulator, "proteus-api")
    now = await core.read_namespaced_pod_log(pod, "proteus-dev")
    before = await core.read_namespaced_pod_log(pod, "proteus-dev", previous=True)
    assert now == before
    assert '"version":"2.14.5"' in now
    assert "heap is close to the container limit" in now


async def test_json_lines_come_as_they_were_written(emulator, core):
    pod = _pod_named(emulator, "proteus-api")
    lines = (await core.read_namespaced_pod_log(pod, "proteus-dev")).splitlines()
    heaps = [entry["heap_mib"] for entry in map(json.loads, lines) if "heap_mib" in entry]
    assert heaps == sorted(heaps)
    assert 480 < heaps[-1] < 512


async def test_a_log_is_cut_by_lines_time_and_bytes(emulator, core):
    pod = _pod_named(emulator, "proteus-web")
    whole = await core.read_namespaced_pod_log(pod, "proteus-dev")
    assert len(whole.splitlines()) > 1000
    assert (await core.read_namespaced_pod_log(pod, "proteus-dev", tail_lines=2)) == "GET / 200 in 21ms\n" * 2
    recent = await core.read_namespaced_pod_log(pod, "proteus-dev", since_seconds=200)
    assert len(recent.splitlines()) == 5
    assert (await core.read_namespaced_pod_log(pod, "proteus-dev", limit_bytes=7, tail_lines=1)) == "GET / 2"
    stamped = await core.read_namespaced_pod_log(pod, "proteus-dev", tail_lines=1, timestamps=True)
    assert stamped.split(" ", 1)[0].startswith(str(emulator.clock.now.year))
    assert stamped.split(" ", 1)[0].endswith("Z")


async def test_a_container_that_never_died_has_no_previous_log(emulator, core):
    pod = _pod_named(emulator, "proteus-web")
    with pytest.raises(client.ApiException) as told:
        await core.read_namespaced_pod_log(pod, "proteus-dev", previous=True)
    assert told.value.status == 400
    assert json.loads(told.value.body)["message"] == (
        f'previous terminated container "proteus-web" in pod "{pod}" not found'
    )


@pytest.mark.parametrize(
    ("scenario", "namespace", "start", "words"),
    [
        ("bad-image-tag", "shop-staging", "checkout-gateway", "trying and failing to pull image"),
        ("missing-secret", "finance-dev", "ledger-sync", "CreateContainerConfigError"),
    ],
)
async def test_a_container_that_never_started_says_what_it_waits_for(emulator, core, namespace, start, words):
    pods = [pod for pod in emulator.store.all_of(PODS, namespace) if pod["metadata"]["name"].startswith(start)]
    pod = next(pod["metadata"]["name"] for pod in pods if pod["status"]["phase"] == "Pending")
    with pytest.raises(client.ApiException) as told:
        await core.read_namespaced_pod_log(pod, namespace)
    assert json.loads(told.value.body)["message"] == (
        f'container "{start}" in pod "{pod}" is waiting to start: {words}'
    )


async def test_a_pod_with_two_containers_wants_to_be_told_which(emulator, raw, core):
    image = "registry.example.com/proteus/proteus-web:v5.2.1"
    pod = {
        "metadata": {"name": "pair"},
        "spec": {"containers": [{"name": "main", "image": image}, {"name": "proxy", "image": image}]},
    }
    await raw("POST", "/api/v1/namespaces/proteus-dev/pods", pod)
    await emulator.advance(20)
    path = "/api/v1/namespaces/proteus-dev/pods/pair/log"
    _, told = await raw("GET", path)
    assert told["message"] == "a container name must be specified for pod pair, choose one of: [main proxy]"
    _, told = await raw("GET", f"{path}?container=zz")
    assert told["message"] == "container zz is not valid for pod pair"
    assert "started server" in (await core.read_namespaced_pod_log("pair", "proteus-dev", container="proxy"))


async def test_a_picture_of_another_cluster_is_served_as_it_is_with_what_its_containers_wrote(emulator, core):
    states = {"back": {"waiting": {"reason": "CrashLoopBackOff"}}, "well": {"running": {}}}
    for name, state in states.items():
        status = {"name": "a", "image": "i", "imageID": "", "ready": False, "restartCount": 3, "state": state}
        pod = {
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": "proteus-dev", "uid": f"uid-{name}"},
            "spec": {"nodeName": "node-1", "containers": [{"name": "a", "image": "i"}]},
            "status": {"phase": "Running", "containerStatuses": [status]},
        }
        emulator.stand([pod], {})
    text = "2020-01-01T00:00:00Z old\n  at line 2\n2020-01-01T00:00:01Z end\n"
    emulator.stand([], {("proteus-dev", "back", "a", True): text})
    emulator.clock.advance(3600)
    assert (await core.read_namespaced_pod("back", "proteus-dev")).metadata.uid == "uid-back"
    for previous in (True, False):
        assert await core.read_namespaced_pod_log("back", "proteus-dev", previous=previous) == text
    assert await core.read_namespaced_pod_log("back", "proteus-dev", tail_lines=1) == "2020-01-01T00:00:01Z end\n"
    assert await core.read_namespaced_pod_log("back", "proteus-dev", since_seconds=60) == ""
    assert await core.read_namespaced_pod_log("well", "proteus-dev") == ""
    with pytest.raises(client.ApiException) as refused:
        await core.read_namespaced_pod_log("well", "proteus-dev", previous=True)
    assert refused.value.status == 400
