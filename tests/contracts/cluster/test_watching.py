"""Watching through kubernetes.aio: from a version, to an end, and from a version that is too old."""

from __future__ import annotations

import asyncio
import json

import pytest
from kubernetes.aio import client, watch

from tests.contracts.cluster.objects import settings


async def _seen(core, namespace, **options):
    async with watch.Watch() as stream:
        events = stream.stream(
            core.list_namespaced_config_map, namespace, timeout_seconds=1, label_selector="kind=settings", **options
        )
        return [(event["type"], event["object"].metadata.name) async for event in events]


async def _keep(core, namespace, name):
    return await core.create_namespaced_config_map(namespace, client.V1ConfigMap.from_dict(settings(name)))


@pytest.mark.row("watch", "no-op")
async def test_a_watch_tells_each_change_after_its_version_once(core, namespace):
    await _keep(core, namespace, "before")
    version = (await core.list_namespaced_config_map(namespace)).metadata.resource_version
    await _keep(core, namespace, "a")
    for _ in range(2):
        await core.patch_namespaced_config_map("a", namespace, {"data": {"x": "1"}})
    await core.delete_namespaced_config_map("a", namespace)
    assert await _seen(core, namespace, resource_version=version) == [
        *(("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a"))
    ]


@pytest.mark.row("watch")
async def test_a_watch_without_a_version_begins_with_what_is_there(core, namespace):
    await _keep(core, namespace, "a")
    assert await _seen(core, namespace) == [("ADDED", "a")]


@pytest.mark.row("watch")
async def test_a_watch_ends_when_its_time_is_over(core, namespace):
    loop = asyncio.get_running_loop()
    start = loop.time()
    assert await _seen(core, namespace) == []
    assert 0.9 < loop.time() - start < 5


@pytest.mark.row("watch")
async def test_an_open_watch_hears_of_a_change_and_of_what_leaves_its_selector(core, namespace):
    version = (await core.list_namespaced_config_map(namespace)).metadata.resource_version
    stream = watch.Watch()
    events = stream.stream(
        core.list_namespaced_config_map,
        namespace,
        resource_version=version,
        timeout_seconds=20,
        label_selector="kind=settings",
    )
    first = asyncio.ensure_future(anext(events))
    await _keep(core, namespace, "a")
    assert (await asyncio.wait_for(first, 10))["type"] == "ADDED"
    await core.patch_namespaced_config_map("a", namespace, {"metadata": {"labels": {"kind": None}}})
    assert (await asyncio.wait_for(anext(events), 10))["type"] == "DELETED"
    await stream.close()


@pytest.mark.row("watch")
async def test_a_watch_can_begin_with_what_is_there_and_say_where_that_ends(core, raw, namespace):
    await _keep(core, namespace, "a")
    query = {
        "watch": "true",
        "timeoutSeconds": "1",
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
        "labelSelector": "kind=settings",
    }
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    _, text = await raw("GET", path, query=query)
    events = [json.loads(line) for line in text.splitlines()]
    assert [event["type"] for event in events[:2]] == ["ADDED", "BOOKMARK"]
    meta = events[1]["object"]["metadata"]
    assert meta["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(meta["resourceVersion"]) >= int(events[0]["object"]["metadata"]["resourceVersion"])
    del query["resourceVersionMatch"]
    status, told = await raw("GET", path, query=query)
    assert (status, "resourceVersionMatch" in str(told)) == (422, True)


@pytest.mark.row("watch-old")
async def test_a_watch_from_a_version_that_is_no_longer_kept_is_410(backend, core, raw, namespace):
    if backend.compact is not None:
        backend.compact()
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    query = {"watch": "true", "resourceVersion": "1", "timeoutSeconds": "1"}
    status, text = await raw("GET", path, query=query)
    event = json.loads(text.splitlines()[0]) if text else {"type": "none"}
    if backend.compact is None and event["type"] != "ERROR":
        pytest.skip("this cluster still has its first version; it has not been compacted yet")
    assert (status, event["type"]) == (200, "ERROR")
    told = event["object"]
    assert (told["kind"], told["status"], told["reason"], told["code"]) == ("Status", "Failure", "Expired", 410)
    assert told["message"].startswith("too old resource version: 1 (")
    with pytest.raises(client.ApiException) as raised:
        await _seen(core, namespace, resource_version="1")
    assert raised.value.status == 410
