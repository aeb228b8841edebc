"""Reading: lists, selectors, pages, tables, discovery, metrics."""

from __future__ import annotations

import json

import pytest
from kubernetes.aio import client

from bot.demo.cluster_emulator import resources

PODS = "/api/v1/namespaces/proteus-dev/pods"
META_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


async def test_the_official_client_can_list_every_kind_that_it_has_a_model_for(admin):
    core, apps = client.CoreV1Api(admin), client.AppsV1Api(admin)
    batch, version = client.BatchV1Api(admin), client.VersionApi(admin)
    everywhere = [
        *(core.list_pod_for_all_namespaces, core.list_service_for_all_namespaces, core.list_node),
        *(core.list_endpoints_for_all_namespaces, core.list_config_map_for_all_namespaces, core.list_namespace),
        *(core.list_secret_for_all_namespaces, core.list_event_for_all_namespaces),
        *(core.list_service_account_for_all_namespaces, core.list_persistent_volume_claim_for_all_namespaces),
        *(core.list_resource_quota_for_all_namespaces, apps.list_deployment_for_all_namespaces),
        *(apps.list_replica_set_for_all_namespaces, apps.list_stateful_set_for_all_namespaces),
        *(apps.list_daemon_set_for_all_namespaces, batch.list_job_for_all_namespaces),
        batch.list_cron_job_for_all_namespaces,
    ]
    for function in everywhere:
        assert (await function()).metadata.resource_version
    assert (await version.get_code()).git_version == "v1.36.2"


async def test_a_list_in_a_namespace_that_does_not_exist_is_empty_and_not_an_error(core):
    assert (await core.list_namespaced_pod("nowhere")).items == []


async def test_a_missing_object_is_answered_with_the_servers_own_status(core):
    with pytest.raises(client.ApiException) as told:
        await core.read_namespaced_pod("nope", "proteus-dev")
    assert json.loads(told.value.body) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'pods "nope" not found',
        "reason": "NotFound",
        "details": {"name": "nope", "kind": "pods"},
        "code": 404,
    }


async def test_an_unknown_path_is_answered_in_plain_text(raw):
    assert await raw("GET", "/apis/none.example.com/v1/things") == (404, "404 page not found\n")


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("app=proteus-api", 3),
        ("app!=proteus-api", 3),
        ("app in (proteus-api, proteus-web)", 5),
        ("app notin (proteus-api,proteus-web)", 1),
        ("app", 6),
        ("!app", 0),
        ("team=proteus,app==proteus-worker", 1),
    ],
)
async def test_label_selectors_choose_pods(core, selector, count):
    found = await core.list_namespaced_pod("proteus-dev", label_selector=selector)
    assert len(found.items) == count


async def test_field_selectors_choose_pods_and_events(core):
    pods = (await core.list_namespaced_pod("proteus-dev", field_selector="status.phase!=Running")).items
    assert pods == []
    pod = (await core.list_namespaced_pod("proteus-dev", label_selector="app=proteus-api")).items[0]
    uid = pod.metadata.uid
    events = (await core.list_namespaced_event("proteus-dev", field_selector=f"involvedObject.uid={uid}")).items
    assert {event.reason for event in events} >= {"BackOff", "Scheduled", "Pulled", "Started"}
    assert all(event.involved_object.uid == uid for event in events)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("fieldSelector=spec.bogus%3D1", "field label not supported: spec.bogus"),
        ("labelSelector=a+b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
    ],
)
async def test_a_selector_that_is_not_supported_is_refused_in_the_servers_words(raw, query, message):
    status, body = await raw("GET", f"{PODS}?{query}")
    assert (status, body["reason"], body["message"]) == (400, "BadRequest", message)


async def test_pages_add_up_to_the_whole_list_of_the_first_moment(emulator, core):
    whole = [pod.metadata.name for pod in (await core.list_namespaced_pod("proteus-dev")).items]
    first = await core.list_namespaced_pod("proteus-dev", limit=4)
    assert first.metadata.remaining_item_count == len(whole) - 4
    emulator.store.remove(*_key_of_last_pod(emulator))
    second = await core.list_namespaced_pod("proteus-dev", limit=4, _continue=first.metadata._continue)
    assert [pod.metadata.name for pod in [*first.items, *second.items]] == whole
    assert second.metadata._continue is None
    assert second.metadata.resource_version == first.metadata.resource_version


def _key_of_last_pod(emulator):
    last = emulator.store.all_of(resources.PODS, "proteus-dev")[-1]
    return resources.PODS, "proteus-dev", last["metadata"]["name"]


async def test_a_broken_continue_token_is_400_and_an_old_one_is_410(emulator, raw):
    status, body = await raw("GET", f"{PODS}?limit=2&continue=nonsense")
    assert (status, body["reason"]) == (400, "BadRequest")
    _, first = await raw("GET", f"{PODS}?limit=2")
    emulator.store.compact()
    status, body = await raw("GET", f"{PODS}?limit=2&continue={first['metadata']['continue']}")
    assert (status, body["reason"]) == (410, "Expired")


async def test_the_pod_table_has_the_columns_and_words_of_kubectl(raw):
    rows = await raw.table(PODS)
    assert list(rows[0]) == [
        *("Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates")
    ]
    sick = [row for row in rows if row["Name"].startswith("proteus-api")]
    assert {(row["Ready"], row["Status"]) for row in sick} == {("0/1", "CrashLoopBackOff")}
    assert all(row["Restarts"].startswith("7 (") and row["Restarts"].endswith("s ago)") for row in sick)


async def test_the_table_carries_as_much_of_each_object_as_was_asked_for(raw):
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    for include, kind in (("None", None), ("Metadata", "PartialObjectMetadata"), ("Object", "Pod")):
        _, body = await raw("GET", f"{PODS}?includeObject={include}", Accept=accept)
        held = body["rows"][0]["object"]
        assert (held and held["kind"]) == kind
    _, body = await raw("GET", PODS, Accept=META_LIST)
    assert body["kind"] == "PartialObjectMetadataList"
    assert set(body["items"][0]) == {"kind", "apiVersion", "metadata"}


async def test_deployments_events_and_nodes_have_tables_too(raw):
    deployments = await raw.table("/apis/apps/v1/namespaces/proteus-dev/deployments")
    api = next(row for row in deployments if row["Name"] == "proteus-api")
    assert (api["Ready"], api["Up-to-date"], api["Available"]) == ("0/3", 3, 0)
    assert api["Images"] == "registry.example.com/proteus/proteus-api:v2.14.5"
    events = await raw.table("/api/v1/namespaces/proteus-dev/events?fieldSelector=reason%3DBackOff")
    assert len(events) == 3
    assert all(row["Count"] > 50 and row["Type"] == "Warning" for row in events)
    assert [row["Status"] for row in await raw.table("/api/v1/nodes")] == ["Ready"] * 3


async def test_core_events_carry_a_null_event_time(raw):
    _, body = await raw("GET", "/api/v1/namespaces/proteus-dev/events")
    assert body["items"]
    assert all(event["eventTime"] is None for event in body["items"])


async def test_answers_are_plain_json_without_a_charset(emulator, raw):
    url, token = emulator.url + PODS, emulator.token("admin")
    async with raw.session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.headers["Content-Type"] == "application/json"


async def test_discovery_names_the_kinds_and_their_subresources(raw):
    _, groups = await raw("GET", "/apis")
    names = {group["name"] for group in groups["groups"]}
    assert names >= {"apps", "batch", "authorization.k8s.io", "metrics.k8s.io"}
    _, body = await raw("GET", "/apis/apps/v1")
    assert {"deployments", "deployments/scale", "deployments/status"} <= {each["name"] for each in body["resources"]}
    assert await raw("GET", "/readyz", user="") == (200, "ok")


async def test_metrics_tell_what_running_pods_use_and_nothing_of_dead_ones(raw):
    _, body = await raw("GET", "/apis/metrics.k8s.io/v1beta1/namespaces/proteus-dev/pods")
    names = {item["metadata"]["name"].rsplit("-", 2)[0] for item in body["items"]}
    assert names == {"proteus-web", "proteus-worker"}
    assert body["items"][0]["containers"][0]["usage"]["memory"] == f"{92 * 1024}Ki"
    _, nodes = await raw("GET", "/apis/metrics.k8s.io/v1beta1/nodes")
    assert len(nodes["items"]) == 3
