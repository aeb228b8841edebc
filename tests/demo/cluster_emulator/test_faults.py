"""Trouble on demand: failing, held and cut requests."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from kubernetes.aio import client

WEB = "/apis/apps/v1/namespaces/proteus-dev/deployments/proteus-web"
MERGE = {"Content_Type": "application/merge-patch+json"}


async def _replicas(raw) -> int:
    _, body = await raw("GET", WEB)
    return body["spec"]["replicas"]


async def test_a_failure_is_answered_as_often_as_asked_and_changes_nothing(emulator, raw, apps):
    emulator.faults.fail("PATCH", "/deployments/", status=429, retry_after=3, times=1)
    with pytest.raises(client.ApiException) as told:
        await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", {"spec": {"replicas": 5}})
    assert told.value.status == 429
    assert told.value.headers["Retry-After"] == "3"
    assert await _replicas(raw) == 2
    await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", {"spec": {"replicas": 5}})
    assert await _replicas(raw) == 5


async def test_a_request_can_be_held_before_it_is_applied(emulator, raw):
    hold = emulator.faults.hold("PATCH", "/proteus-web")
    sent = asyncio.ensure_future(raw("PATCH", WEB, {"spec": {"replicas": 3}}, **MERGE))
    await asyncio.wait_for(hold.reached(), 5)
    assert await _replicas(raw) == 2
    hold.release()
    assert (await sent)[0] == 200
    assert await _replicas(raw) == 3


async def test_a_request_can_be_held_when_it_is_applied_and_not_answered(emulator, raw):
    hold = emulator.faults.hold("PATCH", "/proteus-web", before=False)
    sent = asyncio.ensure_future(raw("PATCH", WEB, {"spec": {"replicas": 3}}, **MERGE))
    await asyncio.wait_for(hold.reached(), 5)
    assert await _replicas(raw) == 3
    assert not sent.done()
    hold.release()
    assert (await sent)[0] == 200


async def test_a_held_request_is_applied_even_when_the_client_is_gone(emulator, raw):
    hold = emulator.faults.hold("PATCH", "/proteus-web")
    sent = asyncio.ensure_future(raw("PATCH", WEB, {"spec": {"replicas": 3}}, **MERGE))
    await asyncio.wait_for(hold.reached(), 5)
    sent.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sent
    hold.release()
    assert await _replicas(raw) == 3


async def test_a_cut_request_is_applied_and_not_answered(emulator, raw):
    emulator.faults.cut("PATCH", "/proteus-web")
    with pytest.raises(aiohttp.ClientConnectionError):
        await raw("PATCH", WEB, {"spec": {"replicas": 3}}, **MERGE)
    assert await _replicas(raw) == 3


async def test_a_delayed_request_takes_its_time(emulator, raw):
    emulator.faults.delay("GET", "/deployments/", seconds=0.2, times=1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await _replicas(raw) == 2
    assert loop.time() - began >= 0.2


async def test_stopping_lets_held_requests_go(emulator, raw):
    emulator.faults.hold("GET", "/deployments/")
    sent = asyncio.ensure_future(raw("GET", WEB))
    await asyncio.sleep(0)
    await asyncio.wait_for(emulator.stop(), 5)
    await asyncio.wait([sent], timeout=5)
    assert sent.done()
    sent.exception()
