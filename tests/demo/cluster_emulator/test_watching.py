"""Watching: streams that begin where they are told, and end when they are told."""

from __future__ import annotations

import asyncio
import json

import pytest
from kubernetes.aio import client, watch

PODS = "/api/v1/namespaces/proteus-dev/pods"
SETTINGS = "/api/v1/namespaces/proteus-dev/configmaps"
MERGE = {"Content_Type": "application/merge-patch+json"}


async def _watched(core, **options):
    async with watch.Watch() as stream:
        return [
            (event["type"], event["object"].metadata.name)
            async for event in stream.stream(
                core.list_namespaced_config_map, "proteus-dev", timeout_seconds=1, **options
            )
        ]


async def test_a_watch_tells_every_change_after_its_version_and_ends_in_time(raw, core):
    version = (await core.list_namespaced_config_map("proteus-dev")).metadata.resource_version
    await raw("POST", SETTINGS, {"metadata": {"name": "new"}, "data": {"a": "1"}})
    await raw("PATCH", f"{SETTINGS}/new", {"data": {"a": "2"}}, **MERGE)
    await raw("PATCH", f"{SETTINGS}/new", {"data": {"a": "2"}}, **MERGE)
    await raw("DELETE", f"{SETTINGS}/new")
    assert await _watched(core, resource_version=version) == [("ADDED", "new"), ("MODIFIED", "new"), ("DELETED", "new")]


async def test_a_watch_without_a_version_begins_with_what_is_there(core):
    assert await _watched(core) == [("ADDED", "kube-root-ca.crt"), ("ADDED", "proteus-settings")]


async def test_an_open_watch_hears_of_changes_as_they_happen(raw, core):
    version = (await core.list_namespaced_config_map("proteus-dev")).metadata.resource_version
    stream = watch.Watch()
    events = stream.stream(core.list_namespaced_config_map, "proteus-dev", resource_version=version, timeout_seconds=20)
    first = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    await raw("POST", SETTINGS, {"metadata": {"name": "live"}})
    event = await asyncio.wait_for(first, 5)
    assert (event["type"], event["object"].metadata.name) == ("ADDED", "live")
    await stream.close()


async def test_an_object_that_leaves_a_selector_is_told_as_deleted(raw):
    await raw("POST", SETTINGS, {"metadata": {"name": "tagged", "labels": {"keep": "yes"}}})
    _, listed = await raw("GET", SETTINGS)
    version = listed["metadata"]["resourceVersion"]
    await raw("PATCH", f"{SETTINGS}/tagged", {"metadata": {"labels": {"keep": None}}}, **MERGE)
    query = f"watch=true&resourceVersion={version}&timeoutSeconds=1&labelSelector=keep"
    _, text = await raw("GET", f"{SETTINGS}?{query}")
    assert text["type"] == "DELETED"


async def test_a_watch_from_too_old_a_version_is_200_with_one_error_event(emulator, raw, core):
    emulator.store.compact()
    status, event = await raw("GET", f"{PODS}?watch=true&resourceVersion=1")
    assert status == 200
    assert event["type"] == "ERROR"
    assert event["object"]["reason"] == "Expired"
    assert event["object"]["message"] == f"too old resource version: 1 ({emulator.store.compacted})"
    with pytest.raises(client.ApiException) as told:
        await _watched(core, resource_version="1")
    assert told.value.status == 410


async def test_stopping_the_emulator_ends_its_open_watches(emulator, raw):
    token = emulator.token("admin")
    url = f"{emulator.url}{PODS}?watch=true"
    async with raw.session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert json.loads(await answer.content.readline())["type"] == "ADDED"
        await asyncio.wait_for(emulator.stop(), 5)
        await asyncio.wait_for(answer.content.read(), 5)


async def test_a_client_that_goes_ends_its_watch_without_a_complaint(emulator, raw, caplog):
    headers = {"Authorization": f"Bearer {emulator.token('admin')}"}
    async with raw.session.get(f"{emulator.url}{SETTINGS}?watch=true", headers=headers) as answer:
        await answer.content.readline()
        answer.close()
    for number in range(3):
        await raw("POST", SETTINGS, {"metadata": {"name": f"after-{number}"}})
    await emulator.stop()
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []
