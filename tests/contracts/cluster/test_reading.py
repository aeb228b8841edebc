"""Reading through kubernetes.aio: lists, selectors, pages, forms, discovery."""

from __future__ import annotations

import json

import pytest
from kubernetes.aio import client

from tests.contracts.cluster.objects import deployment, parked, pod, settings

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
META = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
META_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


def _names(listed):
    return [each.metadata.name for each in listed.items]


async def _park(core, namespace, name, **labels):
    return await core.create_namespaced_pod(namespace, client.V1Pod.from_dict(parked(name, **labels)))


async def _keep(core, namespace, name, **data):
    return await core.create_namespaced_config_map(namespace, client.V1ConfigMap.from_dict(settings(name, **data)))


@pytest.mark.row("list", "list-everywhere")
async def test_pods_are_listed_in_their_namespace_and_everywhere(core, namespace):
    await _park(core, namespace, "one")
    assert _names(await core.list_namespaced_pod(namespace)) == ["one"]
    everywhere = await core.list_pod_for_all_namespaces()
    assert (namespace, "one") in {(each.metadata.namespace, each.metadata.name) for each in everywhere.items}


@pytest.mark.row("list")
async def test_a_list_in_no_namespace_is_empty_and_has_a_version(core):
    listed = await core.list_namespaced_pod("contract-nowhere")
    assert listed.items == []
    assert int(listed.metadata.resource_version) > 0


@pytest.mark.row("list")
async def test_the_objects_of_a_list_say_neither_kind_nor_version(core, raw, namespace):
    await _park(core, namespace, "one")
    _, listed = await raw("GET", f"/api/v1/namespaces/{namespace}/pods")
    assert (listed["kind"], listed["apiVersion"]) == ("PodList", "v1")
    assert not {"kind", "apiVersion"} & set(listed["items"][0])


@pytest.mark.row("labels")
async def test_label_selectors_choose_by_value_set_and_presence(core, namespace):
    await _park(core, namespace, "a", tier="front")
    await _park(core, namespace, "b", tier="back")
    await _park(core, namespace, "c")
    for selector, names in {
        "tier=front": ["a"],
        "tier==front": ["a"],
        "tier!=front": ["b", "c"],
        "tier in (front, back)": ["a", "b"],
        "tier notin (front)": ["b", "c"],
        "tier": ["a", "b"],
        "!tier": ["c"],
        "tier,app=b": ["b"],
    }.items():
        assert _names(await core.list_namespaced_pod(namespace, label_selector=selector)) == names, selector


@pytest.mark.row("fields")
async def test_field_selectors_choose_by_name_phase_and_node(core, namespace):
    await _park(core, namespace, "a")
    await _park(core, namespace, "b")
    for selector, names in {
        "metadata.name=a": ["a"],
        "metadata.name!=a": ["b"],
        "status.phase=Pending": ["a", "b"],
        "status.phase!=Pending": [],
        "spec.nodeName=": ["a", "b"],
        "status.phase=Pending,metadata.name=b": ["b"],
    }.items():
        assert _names(await core.list_namespaced_pod(namespace, field_selector=selector)) == names, selector


@pytest.mark.row("bad-selector")
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"fieldSelector": "spec.bogus=1"}, "field label not supported: spec.bogus"),
        ({"labelSelector": "a b"}, "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
    ],
)
async def test_a_selector_that_is_not_supported_is_refused(raw, namespace, query, message):
    status, told = await raw("GET", f"/api/v1/namespaces/{namespace}/pods", query=query)
    assert (status, told["kind"], told["reason"], told["code"]) == (400, "Status", "BadRequest", 400)
    assert message in told["message"]


@pytest.mark.row("pages")
async def test_pages_make_up_the_list_of_the_first_moment(core, namespace):
    for name in "abcde":
        await _keep(core, namespace, name)
    chosen = {"label_selector": "kind=settings"}
    first = await core.list_namespaced_config_map(namespace, limit=2, **chosen)
    assert _names(first) == ["a", "b"]
    await core.delete_namespaced_config_map("d", namespace)
    second = await core.list_namespaced_config_map(namespace, limit=2, _continue=first.metadata._continue, **chosen)
    third = await core.list_namespaced_config_map(namespace, limit=2, _continue=second.metadata._continue, **chosen)
    assert [_names(second), _names(third)] == [["c", "d"], ["e"]]
    assert third.metadata._continue is None
    assert first.metadata.resource_version == third.metadata.resource_version


@pytest.mark.row("pages")
async def test_a_page_tells_how_many_are_left_where_nothing_is_selected(core, namespace):
    for name in "abc":
        await _park(core, namespace, name)
    first = await core.list_namespaced_pod(namespace, limit=1)
    assert first.metadata.remaining_item_count == 2
    selected = await core.list_namespaced_pod(namespace, limit=1, label_selector="app")
    assert selected.metadata._continue
    assert selected.metadata.remaining_item_count is None


@pytest.mark.row("pages")
async def test_a_broken_continue_token_is_refused(raw, namespace):
    query = {"limit": 1, "continue": "nonsense"}
    status, told = await raw("GET", f"/api/v1/namespaces/{namespace}/pods", query=query)
    assert (status, told["reason"]) == (400, "BadRequest")
    assert told["message"].startswith("continue key is not valid: ")


@pytest.mark.row("metadata")
async def test_a_new_object_has_what_the_server_gives_it(core, apps, namespace):
    made = await core.create_namespaced_config_map(
        namespace, client.V1ConfigMap.from_dict({"metadata": {"name": "a", "uid": "mine", "resourceVersion": ""}})
    )
    assert len(made.metadata.uid) == 36
    assert int(made.metadata.resource_version) > 0
    assert made.metadata.creation_timestamp.tzinfo is not None
    assert made.metadata.generation is None
    body = client.V1Deployment.from_dict(deployment("d", 0))
    assert (await apps.create_namespaced_deployment(namespace, body)).metadata.generation == 1


@pytest.mark.row("metadata")
async def test_only_the_spec_of_a_deployment_moves_its_generation(apps, namespace):
    await apps.create_namespaced_deployment(namespace, client.V1Deployment.from_dict(deployment("d", 0, True)))
    labelled = await apps.patch_namespaced_deployment("d", namespace, {"metadata": {"labels": {"a": "b"}}})
    assert labelled.metadata.generation == 1
    template = {"metadata": {"annotations": {"a": "b"}}}
    annotated = await apps.patch_namespaced_deployment("d", namespace, {"spec": {"template": template}})
    assert annotated.metadata.generation == 2


@pytest.mark.row("deployments")
async def test_a_deployment_is_read_and_listed_with_the_servers_defaults(apps, namespace):
    await apps.create_namespaced_deployment(namespace, client.V1Deployment.from_dict(deployment("d", 0, True)))
    read = await apps.read_namespaced_deployment("d", namespace)
    assert (read.spec.strategy.type, read.spec.strategy.rolling_update.max_surge) == ("RollingUpdate", "25%")
    assert (read.spec.revision_history_limit, read.spec.progress_deadline_seconds) == (10, 600)
    assert read.spec.template.spec.containers[0].image_pull_policy == "IfNotPresent"
    assert _names(await apps.list_namespaced_deployment(namespace)) == ["d"]


@pytest.mark.row("events")
async def test_the_events_of_a_pod_are_found_by_its_uid_and_carry_no_event_time(core, raw, namespace, eventually):
    made = await _park(core, namespace, "a")
    query = {"fieldSelector": f"involvedObject.uid={made.metadata.uid}"}
    path = f"/api/v1/namespaces/{namespace}/events"

    async def it_is_not_scheduled():
        found = (await raw("GET", path, query=query))[1]["items"]
        return [each for each in found if each["reason"] == "FailedScheduling"]

    event = (await eventually(it_is_not_scheduled))[0]
    assert (event["type"], event["involvedObject"]["name"]) == ("Warning", "a")
    assert (await raw("GET", path, query={"fieldSelector": "involvedObject.uid=other"}))[1]["items"] == []
    assert (await core.list_namespaced_event(namespace, field_selector="reason=FailedScheduling")).items


@pytest.mark.row("table")
async def test_pods_come_as_a_table_with_as_much_of_each_as_was_asked_for(core, raw, namespace):
    await _park(core, namespace, "a")
    path = f"/api/v1/namespaces/{namespace}/pods"
    for include, kind in (("None", None), ("Metadata", "PartialObjectMetadata"), ("Object", "Pod")):
        status, body = await raw("GET", path, query={"includeObject": include}, accept=TABLE)
        assert (status, body["kind"], body["apiVersion"]) == (200, "Table", "meta.k8s.io/v1")
        columns = [each["name"] for each in body["columnDefinitions"]]
        assert columns[:5] == ["Name", "Ready", "Status", "Restarts", "Age"]
        cells = dict(zip(columns, body["rows"][0]["cells"], strict=True))
        assert (cells["Name"], cells["Ready"], cells["Status"]) == ("a", "0/1", "Pending")
        held = body["rows"][0]["object"]
        assert (held and held["kind"]) == kind


@pytest.mark.row("table")
async def test_metadata_alone_can_be_asked_for(core, raw, namespace):
    await _park(core, namespace, "a")
    path = f"/api/v1/namespaces/{namespace}/pods"
    _, listed = await raw("GET", path, accept=META_LIST)
    assert (listed["kind"], listed["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    assert set(listed["items"][0]) <= {"kind", "apiVersion", "metadata"}
    _, one = await raw("GET", f"{path}/a", accept=META)
    assert (one["kind"], one["metadata"]["name"]) == ("PartialObjectMetadata", "a")


@pytest.mark.row("discovery")
async def test_discovery_names_kinds_and_their_subresources(raw):
    _, core = await raw("GET", "/api/v1")
    found = {each["name"]: each for each in core["resources"]}
    assert found["pods"]["kind"] == "Pod"
    assert {"get", "list", "watch", "create", "delete", "patch"} <= set(found["pods"]["verbs"])
    assert {"pods/log", "pods/status", "pods/eviction", "namespaces/status"} <= set(found)
    assert "all" in found["pods"]["categories"]
    _, apps = await raw("GET", "/apis/apps/v1")
    found = {each["name"]: each for each in apps["resources"]}
    assert (found["deployments/scale"]["kind"], found["deployments/scale"]["group"]) == ("Scale", "autoscaling")
    _, groups = await raw("GET", "/apis")
    assert {"apps", "batch", "authorization.k8s.io"} <= {each["name"] for each in groups["groups"]}


@pytest.mark.row("status-bodies")
async def test_what_is_not_there_is_told_in_a_status(raw, namespace):
    status, told = await raw("GET", f"/api/v1/namespaces/{namespace}/pods/nope")
    assert status == 404
    assert told == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'pods "nope" not found',
        "reason": "NotFound",
        "details": {"name": "nope", "kind": "pods"},
        "code": 404,
    }


@pytest.mark.row("media-type")
async def test_an_unknown_path_is_told_in_plain_text(raw):
    assert await raw("GET", "/apis/none.example.com/v1/things") == (404, "404 page not found\n")


@pytest.mark.row("metrics")
async def test_metrics_are_listed_where_there_is_a_server_for_them(core, raw, namespace, has_nodes, eventually):
    if (await raw("GET", "/apis/metrics.k8s.io/v1beta1"))[0] != 200:
        pytest.skip("this cluster has no metrics server")
    await core.create_namespaced_pod(namespace, client.V1Pod.from_dict(pod("a")))

    async def it_is_measured():
        return (await raw("GET", f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"))[1]["items"]

    used = (await eventually(it_is_measured))[0]["containers"][0]
    assert used["name"] == "main"
    assert json.dumps(sorted(used["usage"])) == '["cpu", "memory"]'
