"""Jobs, cron jobs, autoscalers, revisions and nodes: what is beside deployments in nearly every cluster."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.cluster.objects import OTHER_IMAGE, deployment, parked, short_job

MERGE = "application/strategic-merge-patch+json"


def _by_type(obj: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["type"]: each for each in obj.get("status", {}).get("conditions", [])}


@pytest.mark.row("jobs")
@pytest.mark.usefixtures("has_nodes")
async def test_a_job_ends_well_or_badly_and_says_why(raw, namespace, eventually):
    place = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    for name, spec in (("well", short_job()), ("badly", short_job(fails=True, backoffLimit=0))):
        assert (await raw("POST", place, {"metadata": {"name": name}, "spec": spec}))[0] == 201

    async def ended():
        found = {each["metadata"]["name"]: _by_type(each) for each in (await raw("GET", place))[1]["items"]}
        return found if "Complete" in found["well"] and "Failed" in found["badly"] else None

    found = await eventually(ended)
    assert found["badly"]["Failed"]["reason"] == "BackoffLimitExceeded"
    assert found["badly"]["Failed"]["message"] == "Job has reached the specified backoff limit"
    job = (await raw("GET", f"{place}/well"))[1]
    assert job["status"]["succeeded"] == 1
    assert job["spec"]["selector"]["matchLabels"] == {"batch.kubernetes.io/controller-uid": job["metadata"]["uid"]}
    pods = (await raw("GET", f"/api/v1/namespaces/{namespace}/pods", query={"labelSelector": "job-name=well"}))[1]
    assert [each["status"]["phase"] for each in pods["items"]] == ["Succeeded"]


@pytest.mark.row("jobs")
async def test_a_job_past_its_deadline_has_failed(raw, namespace, eventually):
    place = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    spec = {"template": {"spec": {**parked("late")["spec"], "restartPolicy": "Never"}}, "activeDeadlineSeconds": 1}
    assert (await raw("POST", place, {"metadata": {"name": "late"}, "spec": spec}))[0] == 201

    async def failed():
        return _by_type((await raw("GET", f"{place}/late"))[1]).get("Failed")

    entry = await eventually(failed)
    assert (entry["status"], entry["reason"]) == ("True", "DeadlineExceeded")
    assert entry["message"] == "Job was active longer than specified deadline"


@pytest.mark.row("jobs")
async def test_a_cron_job_starts_a_job_when_it_is_due(raw, namespace, eventually):
    place = f"/apis/batch/v1/namespaces/{namespace}"
    template = {"spec": {"template": {"spec": {**parked("tick")["spec"], "restartPolicy": "Never"}}}}
    spec = {"schedule": "* * * * *", "concurrencyPolicy": "Forbid", "jobTemplate": template}
    status, made = await raw("POST", f"{place}/cronjobs", {"metadata": {"name": "tick"}, "spec": spec})
    assert status == 201
    assert (made["spec"]["suspend"], made["spec"]["failedJobsHistoryLimit"]) == (False, 1)

    async def active():
        held = (await raw("GET", f"{place}/cronjobs/tick"))[1]
        return held["status"].get("active") and held

    held = await eventually(active)
    jobs = (await raw("GET", f"{place}/jobs"))[1]["items"]
    assert [each["metadata"]["name"] for each in jobs] == [each["name"] for each in held["status"]["active"]]
    owner = jobs[0]["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("CronJob", "tick", True)
    notes = jobs[0]["metadata"]["annotations"]
    assert notes["batch.kubernetes.io/cronjob-scheduled-timestamp"] == held["status"]["lastScheduleTime"]


@pytest.mark.row("autoscalers")
async def test_an_autoscaler_says_that_it_cannot_find_or_measure_its_target(raw, namespace, eventually):
    place = f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"
    assert (await raw("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment("web", nowhere=True)))[
        0
    ] == 201
    for name in ("web", "gone"):
        spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}, "maxReplicas": 3}
        status, made = await raw("POST", place, {"metadata": {"name": name}, "spec": spec})
        assert status == 201
        assert made["spec"]["minReplicas"] == 1
        assert made["spec"]["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 80}

    async def told():
        found = {each["metadata"]["name"]: _by_type(each) for each in (await raw("GET", place))[1]["items"]}
        return found if "ScalingActive" in found["web"] and "AbleToScale" in found["gone"] else None

    found = await eventually(told)
    able, active = found["gone"]["AbleToScale"], found["web"]["ScalingActive"]
    assert (able["status"], able["reason"]) == ("False", "FailedGetScale")
    assert 'deployments.apps "gone" not found' in able["message"]
    assert (active["status"], active["reason"]) == ("False", "FailedGetResourceMetric")


@pytest.mark.row("revisions")
@pytest.mark.parametrize("plural", ["statefulsets", "daemonsets"])
async def test_the_templates_of_a_set_are_kept_as_revisions(raw, namespace, eventually, plural):
    place = f"/apis/apps/v1/namespaces/{namespace}"
    body = deployment("set", nowhere=True)
    if plural == "daemonsets":
        del body["spec"]["replicas"]
    else:
        body["spec"]["serviceName"] = "set"
    status, made = await raw("POST", f"{place}/{plural}", body)
    assert status == 201

    async def revisions(count: int):
        query = {"labelSelector": "app=set"}
        items = (await raw("GET", f"{place}/controllerrevisions", query=query))[1]["items"]
        return items if len(items) == count else None

    async def has_one():
        return await revisions(1)

    async def has_two():
        return await revisions(2)

    first = (await eventually(has_one))[0]
    assert first["revision"] == 1
    assert first["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": OTHER_IMAGE}]}}}}
    assert (await raw("PATCH", f"{place}/{plural}/set", patch, content_type=MERGE))[0] == 200
    assert {each["revision"] for each in await eventually(has_two)} == {1, 2}
    # A revision's data is the patch that goes back to it.
    back = await raw("PATCH", f"{place}/{plural}/set", first["data"], content_type=MERGE)
    assert back[1]["spec"]["template"]["spec"]["containers"][0]["image"] != OTHER_IMAGE

    async def is_newest():
        return {each["revision"] for each in (await revisions(2)) or []} == {2, 3}

    await eventually(is_newest)


@pytest.mark.row("nodes")
@pytest.mark.usefixtures("has_nodes")
async def test_nodes_have_conditions_capacity_and_addresses(raw):
    for node in (await raw("GET", "/api/v1/nodes"))[1]["items"]:
        assert "Ready" in _by_type(node)
        assert {"cpu", "memory", "pods"} <= set(node["status"]["allocatable"])
        assert node["status"]["addresses"]


@pytest.mark.row("furnished")
async def test_a_new_namespace_has_its_account_and_its_certificate(raw, namespace, eventually):
    async def is_there():
        return (await raw("GET", f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt"))[0] == 200

    await eventually(is_there)
    held = (await raw("GET", f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt"))[1]
    assert set(held["data"]) == {"ca.crt"}


@pytest.mark.row("slices")
@pytest.mark.usefixtures("has_nodes")
async def test_a_service_has_a_slice_with_the_pods_that_are_ready(raw, namespace, eventually):
    web = deployment("web", 2)
    assert (await raw("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", web))[0] == 201
    spec = {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    service = {"metadata": {"name": "web"}, "spec": spec}
    assert (await raw("POST", f"/api/v1/namespaces/{namespace}/services", service))[0] == 201
    place = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"

    async def ready():
        items = (await raw("GET", place, query={"labelSelector": "kubernetes.io/service-name=web"}))[1]["items"]
        found = [one for each in items for one in each.get("endpoints") or [] if one["conditions"]["ready"]]
        return items if len(found) == 2 else None

    (held,) = await eventually(ready)
    assert (held["addressType"], [each["port"] for each in held["ports"]]) == ("IPv4", [8080])
    assert {each["targetRef"]["kind"] for each in held["endpoints"]} == {"Pod"}
    assert held["metadata"]["ownerReferences"][0]["kind"] == "Service"
