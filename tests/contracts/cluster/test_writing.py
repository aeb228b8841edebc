"""Writing through kubernetes.aio: patches, preconditions, dry runs, deletion, refusals."""

from __future__ import annotations

import json

import pytest
from kubernetes.aio import client

from tests.contracts.cluster.objects import RESTARTED, deployment, parked, settings

MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"


@pytest.fixture
async def made(apps, namespace):
    """The path of a deployment that makes no pods and is left alone by its controller."""
    body = client.V1Deployment.from_dict(deployment("d", 0, nowhere=True))
    await apps.create_namespaced_deployment(namespace, body)
    return f"/apis/apps/v1/namespaces/{namespace}/deployments/d"


@pytest.fixture
async def settled(raw, made, eventually):
    """The same, once its controller has seen it and will not write to it again."""

    async def it_is_observed():
        held = (await raw("GET", made))[1]
        conditions = {each["type"]: each["status"] for each in held["status"].get("conditions", [])}
        return held["status"].get("observedGeneration") == 1 and conditions.get("Progressing") == "True"

    await eventually(it_is_observed)
    return made


@pytest.fixture
async def parked_pod(core, namespace, eventually):
    """The path of a pod that no node takes, once the scheduler has said so."""
    await core.create_namespaced_pod(namespace, client.V1Pod.from_dict(parked("p")))

    async def it_is_refused():
        return (await core.read_namespaced_pod("p", namespace)).status.conditions

    await eventually(it_is_refused)
    return f"/api/v1/namespaces/{namespace}/pods/p"


@pytest.mark.row("strategic")
async def test_a_strategic_merge_joins_containers_and_variables_by_name(apps, namespace, made):
    first = {"name": "main", "env": [{"name": "A", "value": "1"}]}
    second = {"name": "main", "env": [{"name": "B", "value": "2"}]}
    side = {"name": "side", "image": "busybox:1.37"}
    for containers in ([first], [second], [side]):
        patch = {"spec": {"template": {"spec": {"containers": containers}}}}
        after = await apps.patch_namespaced_deployment("d", namespace, patch)
    held = {each.name: each for each in after.spec.template.spec.containers}
    assert set(held) == {"main", "side"}
    assert held["main"].image == "busybox:1.36"
    assert {each.name for each in held["main"].env} == {"A", "B"}


@pytest.mark.row("strategic")
async def test_a_merge_patch_replaces_the_list(raw, made):
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "only", "image": "busybox:1.37"}]}}}}
    _, after = await raw("PATCH", made, patch, content_type=MERGE)
    assert [each["name"] for each in after["spec"]["template"]["spec"]["containers"]] == ["only"]


@pytest.mark.row("json-patch")
async def test_a_json_patch_is_applied_if_its_test_holds_and_refused_if_not(raw, made):
    change = {"op": "replace", "path": "/spec/paused", "value": True}
    wrong = [{"op": "test", "path": "/spec/replicas", "value": 7}, {**change, "op": "add"}]
    status, told = await raw("PATCH", made, wrong, content_type=JSON_PATCH)
    assert (status, told["reason"]) == (422, "Invalid")
    right = [{"op": "test", "path": "/spec/replicas", "value": 0}, {**change, "op": "add"}]
    status, after = await raw("PATCH", made, right, content_type=JSON_PATCH)
    assert (status, after["spec"]["paused"]) == (200, True)
    missing = [{"op": "remove", "path": "/spec/nothing"}]
    assert (await raw("PATCH", made, missing, content_type=JSON_PATCH))[0] == 422


@pytest.mark.row("apply")
async def test_an_apply_makes_the_object_and_then_changes_it(raw, namespace):
    path = f"/api/v1/namespaces/{namespace}/configmaps/a"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}
    query = {"fieldManager": "contract"}
    status, after = await raw("PATCH", path, body, query, content_type=APPLY)
    assert (status, after["data"]) == (201, {"x": "1"})
    body["data"] = {"x": "2"}
    status, after = await raw("PATCH", path, body, query, content_type=APPLY)
    assert (status, after["data"]) == (200, {"x": "2"})
    assert [each["manager"] for each in after["metadata"]["managedFields"]] == ["contract"]


@pytest.mark.row("scale")
async def test_the_scale_is_read_and_written_and_moves_the_deployment(apps, namespace, made):
    scale = await apps.read_namespaced_deployment_scale("d", namespace)
    assert (scale.kind, scale.api_version, scale.spec.replicas) == ("Scale", "autoscaling/v1", 0)
    assert scale.status.selector == "app=d"
    after = await apps.patch_namespaced_deployment_scale("d", namespace, {"spec": {"replicas": 1}})
    assert after.spec.replicas == 1
    read = await apps.read_namespaced_deployment("d", namespace)
    assert (read.spec.replicas, read.metadata.generation) == (1, 2)


@pytest.mark.row("dry-run")
async def test_a_dry_run_of_a_patch_shows_the_change_and_keeps_nothing(raw, settled):
    _, before = await raw("GET", settled)
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED: "2026-01-01T00:00:00Z"}}}}}
    status, shown = await raw("PATCH", settled, patch, {"dryRun": "All"}, content_type=STRATEGIC)
    assert status == 200
    assert shown["spec"]["template"]["metadata"]["annotations"][RESTARTED] == "2026-01-01T00:00:00Z"
    assert (await raw("GET", settled))[1] == before
    scaled = await raw("PATCH", f"{settled}/scale", {"spec": {"replicas": 5}}, {"dryRun": "All"}, content_type=MERGE)
    assert (scaled[0], scaled[1]["spec"]["replicas"]) == (200, 5)
    assert (await raw("GET", settled))[1] == before


@pytest.mark.row("dry-run")
async def test_a_dry_run_of_a_create_or_a_delete_keeps_nothing(raw, settled, namespace):
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    status, shown = await raw("POST", maps, settings("a"), {"dryRun": "All"})
    assert (status, shown["metadata"]["name"]) == (201, "a")
    assert (await raw("GET", f"{maps}/a"))[0] == 404
    assert (await raw("DELETE", settled, query={"dryRun": "All"}))[0] == 200
    assert "deletionTimestamp" not in (await raw("GET", settled))[1]["metadata"]


@pytest.mark.row("dry-run", "status-bodies")
async def test_any_other_dry_run_is_refused_and_nothing_is_done(raw, settled):
    status, told = await raw("PATCH", settled, {"spec": {"paused": True}}, {"dryRun": "Bogus"}, content_type=MERGE)
    assert (status, told["reason"]) == (422, "Invalid")
    assert told["message"].startswith('PatchOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Bogus"]')
    assert 'supported values: "All"' in told["message"]
    assert (await raw("DELETE", settled, query={"dryRun": "Bogus"}))[0] == 422
    assert (await raw("GET", settled))[1]["spec"].get("paused") is None


@pytest.mark.row("delete-body", "dry-run")
async def test_any_body_on_a_delete_takes_the_place_of_the_query(raw, parked_pod):
    assert (await raw("DELETE", parked_pod, query={"dryRun": "All"}))[0] == 200
    assert (await raw("GET", parked_pod))[0] == 200
    assert (await raw("DELETE", parked_pod, {"dryRun": ["All"]}))[0] == 200
    assert (await raw("GET", parked_pod))[0] == 200
    assert (await raw("DELETE", parked_pod, {}, query={"dryRun": "All"}))[0] == 200
    assert (await raw("GET", parked_pod))[0] == 404


@pytest.mark.row("stale", "status-bodies")
async def test_a_stale_version_is_a_conflict_in_patch_and_put(raw, settled):
    _, old = await raw("GET", settled)
    await raw("PATCH", settled, {"metadata": {"labels": {"a": "b"}}}, content_type=MERGE)
    version = {"metadata": {"resourceVersion": old["metadata"]["resourceVersion"]}}
    for answer in (
        await raw("PATCH", settled, {**version, "spec": {"paused": True}}, content_type=MERGE),
        await raw("PATCH", settled, {**version, "spec": {"paused": True}}, content_type=STRATEGIC),
        await raw("PUT", settled, old),
        await raw("PATCH", f"{settled}/scale", {**version, "spec": {"replicas": 3}}, content_type=MERGE),
    ):
        status, told = answer
        assert (status, told["reason"]) == (409, "Conflict")
        assert told["message"] == (
            'Operation cannot be fulfilled on deployments.apps "d": the object has been modified; '
            "please apply your changes to the latest version and try again"
        )
    assert told["details"]["name"] == "d"


@pytest.mark.row("preconditions")
async def test_a_delete_that_means_another_object_is_a_conflict(core, namespace, parked_pod):
    held = await core.read_namespaced_pod("p", namespace)
    for wrong in ({"uid": "11111111-2222-4333-8444-555555555555"}, {"resourceVersion": "1"}):
        options = client.V1DeleteOptions.from_dict({"preconditions": wrong})
        with pytest.raises(client.ApiException) as told:
            await core.delete_namespaced_pod("p", namespace, body=options)
        assert told.value.status == 409
        assert "Precondition failed: " in json.loads(told.value.body)["message"]
    right = client.V1DeleteOptions.from_dict({"preconditions": {"uid": held.metadata.uid}})
    await core.delete_namespaced_pod("p", namespace, body=right)


@pytest.mark.row("status-bodies")
async def test_a_name_that_is_taken_is_told_as_a_conflict(raw, namespace):
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    assert (await raw("POST", path, settings("a")))[0] == 201
    status, told = await raw("POST", path, settings("a"))
    assert (status, told["reason"], told["message"]) == (409, "AlreadyExists", 'configmaps "a" already exists')
    assert told["details"] == {"name": "a", "kind": "configmaps"}


@pytest.mark.row("status-bodies")
async def test_what_is_invalid_is_told_field_by_field(raw, settled):
    status, told = await raw("PATCH", settled, {"spec": {"replicas": -1}}, content_type=MERGE)
    assert (status, told["reason"], told["code"]) == (422, "Invalid", 422)
    assert told["message"] == (
        'Deployment.apps "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    )
    assert told["details"]["causes"] == [
        {
            "reason": "FieldValueInvalid",
            "message": "Invalid value: -1: must be greater than or equal to 0",
            "field": "spec.replicas",
        }
    ]


@pytest.mark.row("status-bodies")
async def test_a_body_that_cannot_be_read_is_400(raw, namespace):
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    assert (await raw("POST", path, {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}))[0] == 400
    assert (await raw("POST", "/api/v1/namespaces/contract-nowhere/configmaps", settings("a")))[0] == 404


@pytest.mark.row("media-type", "status-bodies")
async def test_a_form_or_a_method_that_is_not_served_is_refused(raw, settled, namespace):
    status, told = await raw("PATCH", settled, {"spec": {"paused": True}}, content_type="application/json")
    assert (status, told["reason"]) == (415, "UnsupportedMediaType")
    status, told = await raw("POST", f"/api/v1/namespaces/{namespace}/configmaps", "a: b", content_type="text/csv")
    assert (status, told["reason"]) == (415, "UnsupportedMediaType")
    status, told = await raw("POST", settled, {})
    assert (status, told["reason"]) == (405, "MethodNotAllowed")


@pytest.mark.row("status-apart")
async def test_each_door_changes_its_own_half(raw, settled):
    _, before = await raw("GET", settled)
    status, after = await raw("PATCH", settled, {"status": {"replicas": 9}}, content_type=MERGE)
    assert (status, after["status"]) == (200, before["status"])
    changed = {"spec": {"replicas": 9}, "status": {"collisionCount": 3}}
    _, after = await raw("PATCH", f"{settled}/status", changed, content_type=MERGE)
    assert (after["spec"]["replicas"], after["status"]["collisionCount"]) == (0, 3)
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


@pytest.mark.row("generate-name")
async def test_names_are_generated_from_their_beginning(core, namespace):
    body = client.V1ConfigMap.from_dict({"metadata": {"generateName": "made-"}})
    names = {(await core.create_namespaced_config_map(namespace, body)).metadata.name for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("made-") and len(name) == len("made-") + 5 for name in names)


@pytest.mark.row("no-op")
async def test_an_update_that_changes_nothing_keeps_the_version(raw, settled):
    _, before = await raw("GET", settled)
    _, patched = await raw("PATCH", settled, {"spec": {"replicas": 0}}, content_type=MERGE)
    _, put = await raw("PUT", settled, before)
    versions = {each["metadata"]["resourceVersion"] for each in (before, patched, put)}
    assert len(versions) == 1


@pytest.mark.row("restart")
async def test_a_restart_that_is_asked_for_twice_in_the_same_words_is_one(apps, namespace, made):
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED: "2026-01-01T00:00:00Z"}}}}}
    first = await apps.patch_namespaced_deployment("d", namespace, patch)
    second = await apps.patch_namespaced_deployment("d", namespace, patch)
    assert (first.metadata.generation, second.metadata.generation) == (2, 2)


@pytest.mark.row("finalizers")
async def test_a_finalizer_holds_an_object_that_is_deleted_until_it_is_taken_away(raw, namespace):
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    body = settings("held")
    body["metadata"]["finalizers"] = ["contract.example.com/hold"]
    assert (await raw("POST", path, body))[0] == 201
    assert (await raw("DELETE", f"{path}/held"))[0] == 200
    status, held = await raw("GET", f"{path}/held")
    assert (status, "deletionTimestamp" in held["metadata"]) == (200, True)
    assert (await raw("DELETE", f"{path}/held"))[0] == 200
    assert (await raw("GET", f"{path}/held"))[0] == 200
    await raw("PATCH", f"{path}/held", {"metadata": {"finalizers": None}}, content_type=MERGE)
    assert (await raw("GET", f"{path}/held"))[0] == 404


@pytest.mark.row("status-bodies")
async def test_nothing_new_comes_into_a_namespace_that_is_going(core, raw, namespace, parked_pod):
    # A finalizer holds the namespace's content, so that its going takes as long as this test needs.
    held = {"metadata": {"finalizers": ["contract.example.com/hold"]}}
    await core.patch_namespaced_pod("p", namespace, held)
    await core.delete_namespace(namespace)
    status, told = await raw("POST", f"/api/v1/namespaces/{namespace}/configmaps", settings("late"))
    await core.patch_namespaced_pod("p", namespace, {"metadata": {"finalizers": None}})
    assert (status, told["reason"]) == (403, "Forbidden")
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    assert why in told["message"]
    assert told["details"]["causes"][0]["reason"] == "NamespaceTerminating"
