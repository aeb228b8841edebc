"""Logs through kubernetes.aio. All of this needs a node that runs containers."""

from __future__ import annotations

import pytest
from kubernetes.aio import client

from tests.contracts.cluster.objects import LINES, container, parked, pod

pytestmark = pytest.mark.usefixtures("has_nodes")


@pytest.fixture
async def written(core, namespace, eventually):
    """A pod that has written its four lines."""
    await core.create_namespaced_pod(namespace, client.V1Pod.from_dict(pod("a")))

    async def it_has_written():
        held = await core.read_namespaced_pod("a", namespace)
        if held.status.phase != "Running":
            return ""
        text = await core.read_namespaced_pod_log("a", namespace)
        return text if LINES[-1] in text else ""

    return await eventually(it_has_written)


@pytest.mark.row("logs")
async def test_lines_come_as_they_were_written(written):
    assert written.splitlines() == LINES
    assert written.endswith("\n")


@pytest.mark.row("logs")
async def test_a_log_is_cut_by_lines_bytes_and_time(core, namespace, written):
    async def cut(**options):
        return await core.read_namespaced_pod_log("a", namespace, **options)

    assert await cut(tail_lines=2) == "line 3\nline 4\n"
    assert await cut(tail_lines=0) == ""
    assert await cut(limit_bytes=5) == written[:5]
    assert await cut(since_seconds=3600) == written
    stamped = (await cut(timestamps=True)).splitlines()
    assert [line.partition(" ")[2] for line in stamped] == LINES
    assert all(line[10] == "T" and line.partition(" ")[0].endswith("Z") for line in stamped)


@pytest.mark.row("logs")
async def test_a_container_that_never_died_has_no_earlier_log(core, namespace, written):
    with pytest.raises(client.ApiException) as told:
        await core.read_namespaced_pod_log("a", namespace, previous=True)
    assert told.value.status == 400
    assert 'previous terminated container \\"main\\" in pod \\"a\\" not found' in told.value.body


@pytest.mark.row("logs")
async def test_a_container_in_back_off_serves_its_last_life_both_ways(core, namespace, eventually):
    await core.create_namespaced_pod(namespace, client.V1Pod.from_dict(pod("a", container(fails=True))))

    async def it_backs_off():
        status = (await core.read_namespaced_pod("a", namespace)).status
        state = status.container_statuses[0].state if status.container_statuses else None
        return status if state and state.waiting and state.waiting.reason == "CrashLoopBackOff" else None

    status = await eventually(it_backs_off)
    assert status.phase == "Running"
    assert status.container_statuses[0].last_state.terminated.exit_code == 3
    before = await core.read_namespaced_pod_log("a", namespace, previous=True)
    assert before.splitlines() == LINES


@pytest.mark.row("logs-which")
async def test_the_log_of_two_containers_wants_to_be_told_which(core, raw, namespace, eventually):
    await core.create_namespaced_pod(namespace, client.V1Pod.from_dict(pod("a", container(), container("side"))))
    path = f"/api/v1/namespaces/{namespace}/pods/a/log"
    status, told = await raw("GET", path)
    assert (status, told["reason"]) == (400, "BadRequest")
    assert told["message"] == "a container name must be specified for pod a, choose one of: [main side]"
    status, told = await raw("GET", path, query={"container": "zz"})
    assert (status, told["message"]) == (400, "container zz is not valid for pod a")

    async def it_runs():
        return (await core.read_namespaced_pod("a", namespace)).status.phase == "Running"

    await eventually(it_runs)
    assert (await raw("GET", path, query={"container": "side"}))[0] == 200


@pytest.mark.row("logs", "status-bodies")
async def test_a_pod_that_is_not_there_has_no_log(raw, namespace):
    status, told = await raw("GET", f"/api/v1/namespaces/{namespace}/pods/nope/log")
    assert (status, told["message"]) == (404, 'pods "nope" not found')


@pytest.mark.row("logs")
async def test_numbers_that_make_no_sense_are_refused(core, raw, namespace):
    await core.create_namespaced_pod(namespace, client.V1Pod.from_dict(parked("a")))
    path = f"/api/v1/namespaces/{namespace}/pods/a/log"
    status, told = await raw("GET", path, query={"limitBytes": "0"})
    assert (status, told["reason"]) == (422, "Invalid")
