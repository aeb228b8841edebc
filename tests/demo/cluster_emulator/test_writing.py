"""Writing: preconditions, patches, dry runs, generations, deletion."""

from __future__ import annotations

import json

import pytest
from kubernetes.aio import client

WEB = "/apis/apps/v1/namespaces/proteus-dev/deployments/proteus-web"
MERGE = {"Content_Type": "application/merge-patch+json"}
JSON_PATCH = {"Content_Type": "application/json-patch+json"}
RESTART = "kubectl.kubernetes.io/restartedAt"


def _restart(moment: str = "2026-01-01T00:00:00Z") -> dict:
    return {"spec": {"template": {"metadata": {"annotations": {RESTART: moment}}}}}


async def _a_pod(core, app="proteus-web"):
    return (await core.list_namespaced_pod("proteus-dev", label_selector=f"app={app}")).items[0]


async def _version(raw, path="/api/v1/namespaces/proteus-dev/pods") -> str:
    _, body = await raw("GET", path)
    return body["metadata"]["resourceVersion"]


async def test_a_write_to_the_status_keeps_the_generation(raw):
    _, before = await raw("GET", WEB)
    body = {"status": {"collisionCount": 1}}
    status, after = await raw("PATCH", f"{WEB}/status", body, **MERGE)
    assert status == 200
    assert after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


async def test_the_main_door_does_not_change_the_status_and_the_other_not_the_spec(raw):
    _, before = await raw("GET", WEB)
    _, after = await raw("PATCH", WEB, {"status": {"replicas": 99}}, **MERGE)
    assert after == before
    _, after = await raw("PATCH", f"{WEB}/status", {"spec": {"replicas": 99}}, **MERGE)
    assert after["spec"]["replicas"] == 2


async def test_the_same_restart_twice_is_one_rollout_and_another_time_is_another(apps):
    first = await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", _restart())
    second = await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", _restart())
    assert second.metadata.resource_version == first.metadata.resource_version
    assert second.metadata.generation == first.metadata.generation
    third = await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", _restart("2026-01-01T00:00:01Z"))
    assert third.metadata.generation == first.metadata.generation + 1


async def test_a_stale_version_is_a_conflict_in_patch_put_and_scale(raw):
    _, before = await raw("GET", WEB)
    await raw("PATCH", WEB, {"metadata": {"labels": {"touched": "yes"}}}, **MERGE)
    stale = {"metadata": {"resourceVersion": before["metadata"]["resourceVersion"]}, **_restart()}
    status, told = await raw("PATCH", WEB, stale, **MERGE)
    assert (status, told["reason"]) == (409, "Conflict")
    assert told["message"] == (
        'Operation cannot be fulfilled on deployments.apps "proteus-web": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert told["details"] == {"name": "proteus-web", "group": "apps", "kind": "deployments"}
    assert (await raw("PUT", WEB, before))[0] == 409
    scale = {"metadata": stale["metadata"], "spec": {"replicas": 3}}
    assert (await raw("PUT", f"{WEB}/scale", scale))[0] == 409


async def test_a_wrong_uid_is_invalid_in_a_patch(raw):
    status, told = await raw("PATCH", WEB, {"metadata": {"uid": "another"}, **_restart()}, **MERGE)
    assert (status, told["reason"]) == (422, "Invalid")
    assert told["details"]["causes"][0]["field"] == "metadata.uid"


async def test_a_json_patch_is_applied_when_its_tests_hold_and_refused_when_not(raw):
    _, before = await raw("GET", WEB)
    meta = before["metadata"]
    holds = [
        {"op": "test", "path": "/metadata/uid", "value": meta["uid"]},
        {"op": "test", "path": "/metadata/generation", "value": meta["generation"]},
        {"op": "test", "path": "/spec/replicas", "value": 2},
        {"op": "replace", "path": "/spec/replicas", "value": 3},
    ]
    status, after = await raw("PATCH", WEB, holds, **JSON_PATCH)
    assert (status, after["spec"]["replicas"]) == (200, 3)
    status, told = await raw("PATCH", WEB, holds, **JSON_PATCH)
    assert (status, told["reason"]) == (422, "Invalid")
    assert (await raw("GET", WEB))[1]["spec"]["replicas"] == 3


async def test_the_official_client_sends_json_patches_for_lists(apps):
    body = [{"op": "add", "path": "/metadata/annotations/note", "value": "seen"}]
    changed = await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", body)
    assert changed.metadata.annotations["note"] == "seen"


async def test_a_strategic_patch_joins_containers_and_variables_by_name(apps):
    container = {"name": "proteus-api", "env": [{"name": "EXTRA", "value": "1"}]}
    body = {"spec": {"template": {"spec": {"containers": [container]}}}}
    changed = await apps.patch_namespaced_deployment("proteus-api", "proteus-dev", body)
    (held,) = changed.spec.template.spec.containers
    assert {each.name for each in held.env} == {"DATABASE_URL", "LOG_LEVEL", "EXTRA"}
    assert held.image.endswith(":v2.14.5")


async def test_a_merge_patch_replaces_lists(raw):
    body = {"spec": {"template": {"spec": {"containers": [{"name": "other", "image": "registry.example.com/x:1"}]}}}}
    _, after = await raw("PATCH", WEB, body, **MERGE)
    assert [each["name"] for each in after["spec"]["template"]["spec"]["containers"]] == ["other"]


async def test_a_patch_sent_as_plain_json_is_415(raw):
    status, told = await raw("PATCH", WEB, _restart())
    assert (status, told["message"]) == (415, "415: Unsupported Media Type")


async def test_negative_replicas_are_refused_in_the_servers_words(raw):
    status, told = await raw("PATCH", WEB, {"spec": {"replicas": -1}}, **MERGE)
    assert status == 422
    assert told["message"] == (
        'Deployment.apps "proteus-web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    )
    assert told["details"]["causes"] == [
        {
            "reason": "FieldValueInvalid",
            "message": "Invalid value: -1: must be greater than or equal to 0",
            "field": "spec.replicas",
        }
    ]


async def test_a_dry_run_checks_everything_and_keeps_nothing(raw, core, apps):
    before, deployments = await _version(raw), await _version(raw, "/apis/apps/v1/deployments")
    pod = await _a_pod(core)
    changed = await apps.patch_namespaced_deployment("proteus-web", "proteus-dev", _restart(), dry_run="All")
    assert changed.spec.template.metadata.annotations == {RESTART: "2026-01-01T00:00:00Z"}
    await core.delete_namespaced_pod(pod.metadata.name, "proteus-dev", dry_run="All")
    body = client.V1DeleteOptions(dry_run=["All"], preconditions=client.V1Preconditions(uid=pod.metadata.uid))
    await core.delete_namespaced_pod(pod.metadata.name, "proteus-dev", body=body)
    new = {"metadata": {"name": "probe"}, "data": {"a": "b"}}
    await core.create_namespaced_config_map("proteus-dev", new, dry_run="All")
    assert (await raw("PATCH", f"{WEB}?dryRun=All", {"spec": {"replicas": -1}}, **MERGE))[0] == 422
    assert (await raw("PUT", f"{WEB}/scale?dryRun=All", {"spec": {"replicas": 9}}))[1]["spec"] == {"replicas": 9}
    eviction = {"deleteOptions": {"dryRun": ["All"]}}
    path = f"/api/v1/namespaces/proteus-dev/pods/{pod.metadata.name}/eviction"
    assert (await raw("POST", path, eviction))[0] == 201
    assert await _version(raw) == before
    assert await _version(raw, "/apis/apps/v1/deployments") == deployments


async def test_any_other_dry_run_is_refused(raw):
    status, told = await raw("PATCH", f"{WEB}?dryRun=x", _restart(), **MERGE)
    assert status == 422
    assert told["message"] == (
        'PatchOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["x"]: supported values: "All"'
    )


async def test_a_body_on_delete_takes_the_place_of_the_query_even_when_it_is_empty(raw, core):
    pod = await _a_pod(core)
    path = f"/api/v1/namespaces/proteus-dev/pods/{pod.metadata.name}?dryRun=All"
    assert "deletionTimestamp" not in (await raw("DELETE", path))[1]["metadata"]
    _, gone = await raw("DELETE", path, {})
    assert "deletionTimestamp" in gone["metadata"]


async def test_a_delete_holds_the_caller_to_the_uid_and_version_that_it_saw(raw, core):
    pod = await _a_pod(core)
    path = f"/api/v1/namespaces/proteus-dev/pods/{pod.metadata.name}"
    for wrong in ({"uid": "another"}, {"resourceVersion": "1"}):
        status, told = await raw("DELETE", path, {"preconditions": wrong})
        assert (status, told["reason"]) == (409, "Conflict")
    assert (await raw("DELETE", path, {"preconditions": {"uid": pod.metadata.uid}}))[0] == 200


async def test_a_deleted_pod_is_going_for_a_while_and_its_replica_set_makes_another(emulator, core):
    pod = await _a_pod(core)
    await core.delete_namespaced_pod(pod.metadata.name, "proteus-dev")
    going = await core.read_namespaced_pod(pod.metadata.name, "proteus-dev")
    assert going.metadata.deletion_timestamp is not None
    assert going.metadata.deletion_grace_period_seconds == 30
    await emulator.advance(20)
    with pytest.raises(client.ApiException) as told:
        await core.read_namespaced_pod(pod.metadata.name, "proteus-dev")
    assert told.value.status == 404
    pods = (await core.list_namespaced_pod("proteus-dev", label_selector="app=proteus-web")).items
    assert len(pods) == 2
    assert all(each.status.container_statuses[0].ready for each in pods)


async def test_deleting_a_deployment_takes_its_replica_sets_and_pods_with_it(emulator, core, apps):
    await apps.delete_namespaced_deployment("proteus-web", "proteus-dev")
    await emulator.advance(10)
    assert (await apps.list_namespaced_replica_set("proteus-dev", label_selector="app=proteus-web")).items == []
    assert (await core.list_namespaced_pod("proteus-dev", label_selector="app=proteus-web")).items == []


async def test_a_namespace_that_is_going_takes_no_new_content(emulator, raw, core):
    await core.delete_namespace("proteus-dev")
    status, told = await raw("POST", "/api/v1/namespaces/proteus-dev/configmaps", {"metadata": {"name": "late"}})
    assert status == 403
    assert "because it is being terminated" in told["message"]
    assert told["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    await emulator.advance(60)
    assert (await raw("GET", "/api/v1/namespaces/proteus-dev"))[0] == 404


async def test_creating_a_name_twice_is_refused(raw):
    body = {"metadata": {"name": "once"}}
    assert (await raw("POST", "/api/v1/namespaces/proteus-dev/configmaps", body))[0] == 201
    status, told = await raw("POST", "/api/v1/namespaces/proteus-dev/configmaps", body)
    assert (status, told["reason"], told["message"]) == (409, "AlreadyExists", 'configmaps "once" already exists')


async def test_an_eviction_respects_a_disruption_budget_where_a_delete_does_not(raw, core):
    pod = await _a_pod(core)
    budget = {
        "metadata": {"name": "web"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "proteus-web"}}},
    }
    assert (await raw("POST", "/apis/policy/v1/namespaces/proteus-dev/poddisruptionbudgets", budget))[0] == 201
    path = f"/api/v1/namespaces/proteus-dev/pods/{pod.metadata.name}"
    status, told = await raw("POST", f"{path}/eviction", {"metadata": {"name": pod.metadata.name}})
    assert (status, told["reason"]) == (429, "TooManyRequests")
    assert (await raw("DELETE", path))[0] == 200


async def test_the_client_reads_and_writes_the_scale(emulator, apps):
    scale = await apps.read_namespaced_deployment_scale("proteus-web", "proteus-dev")
    assert (scale.spec.replicas, scale.status.replicas) == (2, 2)
    await apps.patch_namespaced_deployment_scale("proteus-web", "proteus-dev", {"spec": {"replicas": 4}})
    await emulator.advance(30)
    assert (await apps.read_namespaced_deployment("proteus-web", "proteus-dev")).status.ready_replicas == 4


async def test_a_failing_body_is_reported_as_a_status(raw):
    status, told = await raw("POST", "/api/v1/namespaces/proteus-dev/configmaps", ["not an object"])
    assert (status, told["reason"]) == (400, "BadRequest")
    assert json.dumps(told)


async def test_the_object_tells_who_changed_it_and_when(raw):
    path = f"{WEB}?fieldManager=ask-claude"
    _, after = await raw("PATCH", path, _restart(), **MERGE)
    (entry,) = [each for each in after["metadata"]["managedFields"] if each["manager"] == "ask-claude"]
    notes = entry["fieldsV1"]["f:spec"]["f:template"]["f:metadata"]["f:annotations"]
    assert notes == {f"f:{RESTART}": {}}
    _, again = await raw("PATCH", path, _restart(), **MERGE)
    assert again == after


@pytest.mark.parametrize("scenario", ["pending-resources"])
async def test_the_history_tells_who_scaled_the_deployment(raw):
    _, held = await raw("GET", "/apis/apps/v1/namespaces/media-dev/deployments/render-farm")
    entry = next(each for each in held["metadata"]["managedFields"] if each["manager"] == "dana")
    assert "f:replicas" in entry["fieldsV1"]["f:spec"]


@pytest.mark.parametrize(
    "body",
    [{"spec": "text"}, {"spec": {"template": []}}, {"metadata": {"labels": "x"}}, {"spec": {"template": {"spec": 3}}}],
)
async def test_a_part_of_the_wrong_form_is_a_bad_request_and_no_crash(raw, body):
    assert (await raw("PATCH", WEB, body, **MERGE))[0] == 400


async def test_numbers_in_the_query_have_to_be_numbers(raw):
    pods = "/api/v1/namespaces/proteus-dev/pods"
    for query in ("limit=x", "watch=true&resourceVersion=x", "watch=true&timeoutSeconds=x"):
        assert (await raw("GET", f"{pods}?{query}"))[0] == 400
