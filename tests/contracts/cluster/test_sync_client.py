"""The other flavour of the official client, which blocks: the same contract, seen from a thread."""

from __future__ import annotations

import asyncio
import json

import pytest
from kubernetes import client, config, dynamic, watch

from tests.contracts.cluster.objects import deployment, parked, settings

RESTART = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}}


@pytest.fixture
def connected(backend):
    configuration = client.Configuration()
    config.load_kube_config(backend.kubeconfig, client_configuration=configuration)
    with client.ApiClient(configuration) as api:
        yield api
        api.rest_client.pool_manager.clear()


@pytest.fixture
def blocking_core(connected):
    return client.CoreV1Api(connected)


@pytest.fixture
def blocking_apps(connected):
    return client.AppsV1Api(connected)


def _park(core, namespace, *names):
    for name in names:
        core.create_namespaced_pod(namespace, client.V1Pod.from_dict(parked(name, tier=name)))


@pytest.mark.row("list", "labels", "fields", "pages")
async def test_it_lists_selects_and_pages(blocking_core, namespace):
    def work():
        _park(blocking_core, namespace, "a", "b", "c")
        chosen = blocking_core.list_namespaced_pod(
            namespace, label_selector="tier in (a,b)", field_selector="metadata.name!=a"
        )
        first = blocking_core.list_namespaced_pod(namespace, limit=2)
        rest = blocking_core.list_namespaced_pod(namespace, limit=2, _continue=first.metadata._continue)
        return [[each.metadata.name for each in listed.items] for listed in (chosen, first, rest)]

    assert await asyncio.to_thread(work) == [["b"], ["a", "b"], ["c"]]


@pytest.mark.row("watch")
async def test_it_watches_from_a_version_to_an_end(blocking_core, namespace):
    def work():
        version = blocking_core.list_namespaced_config_map(namespace).metadata.resource_version
        blocking_core.create_namespaced_config_map(namespace, client.V1ConfigMap.from_dict(settings("a")))
        stream = watch.Watch().stream(
            blocking_core.list_namespaced_config_map,
            namespace,
            resource_version=version,
            timeout_seconds=1,
            label_selector="kind=settings",
        )
        return [(event["type"], event["object"].metadata.name) for event in stream]

    assert await asyncio.to_thread(work) == [("ADDED", "a")]


@pytest.mark.row("deployments", "restart", "scale", "dry-run")
async def test_it_restarts_scales_and_tries_without_keeping(blocking_apps, namespace):
    def work():
        body = client.V1Deployment.from_dict(deployment("d", 0, nowhere=True))
        blocking_apps.create_namespaced_deployment(namespace, body)
        tried = blocking_apps.patch_namespaced_deployment("d", namespace, RESTART, dry_run="All")
        kept = blocking_apps.read_namespaced_deployment("d", namespace)
        assert (tried.metadata.generation, kept.metadata.generation) == (2, 1)
        done = blocking_apps.patch_namespaced_deployment("d", namespace, RESTART)
        assert done.metadata.generation == 2
        scaled = blocking_apps.patch_namespaced_deployment_scale("d", namespace, {"spec": {"replicas": 1}})
        return scaled.spec.replicas

    assert await asyncio.to_thread(work) == 1


@pytest.mark.row("delete-body", "dry-run", "preconditions")
async def test_a_delete_with_options_in_its_body_ignores_its_query(blocking_core, namespace):
    def work():
        _park(blocking_core, namespace, "a")
        wrong = client.V1DeleteOptions.from_dict({"preconditions": {"uid": "11111111-2222-4333-8444-555555555555"}})
        with pytest.raises(client.ApiException) as told:
            blocking_core.delete_namespaced_pod("a", namespace, body=wrong)
        assert told.value.status == 409
        blocking_core.delete_namespaced_pod("a", namespace, dry_run="All")
        kept = len(blocking_core.list_namespaced_pod(namespace).items)
        blocking_core.delete_namespaced_pod("a", namespace, dry_run="All", body=client.V1DeleteOptions())
        return kept, len(blocking_core.list_namespaced_pod(namespace).items)

    assert await asyncio.to_thread(work) == (1, 0)


@pytest.mark.row("status-bodies")
async def test_a_refusal_is_an_exception_with_the_servers_status(blocking_core, namespace):
    def work():
        with pytest.raises(client.ApiException) as told:
            blocking_core.read_namespaced_pod("nope", namespace)
        return told.value.status, json.loads(told.value.body)["message"]

    assert await asyncio.to_thread(work) == (404, 'pods "nope" not found')


@pytest.mark.row("discovery")
async def test_the_dynamic_client_finds_kinds_by_discovery(connected, namespace, tmp_path):
    def work():
        api = dynamic.DynamicClient(connected, cache_file=str(tmp_path / "discovery"))
        maps = api.resources.get(api_version="v1", kind="ConfigMap")
        maps.create(namespace=namespace, body={"apiVersion": "v1", "kind": "ConfigMap", **settings("a", x="1")})
        return maps.get(namespace=namespace, name="a").data.x

    assert await asyncio.to_thread(work) == "1"
