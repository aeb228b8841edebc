"""What controllers and nodes do by themselves, through kubernetes.aio. All of it needs nodes."""

from __future__ import annotations

import pytest
from kubernetes.aio import client

from tests.contracts.cluster.objects import OTHER_IMAGE, RESTARTED, deployment, pod

pytestmark = pytest.mark.usefixtures("has_nodes")


@pytest.fixture
def ready(apps, namespace, eventually):
    """Wait until a deployment is as its spec wants it."""

    async def wait(name="web"):
        async def it_is_ready():
            held = await apps.read_namespaced_deployment(name, namespace)
            status, wanted = held.status, held.spec.replicas
            counts = (status.replicas, status.updated_replicas, status.available_replicas)
            is_seen = (status.observed_generation or 0) >= held.metadata.generation
            return held if is_seen and counts == (wanted, wanted, wanted) else None

        return await eventually(it_is_ready)

    return wait


@pytest.fixture
async def web(apps, namespace, ready):
    """A deployment with two ready pods."""
    body = client.V1Deployment.from_dict(deployment("web", 2))
    await apps.create_namespaced_deployment(namespace, body)
    return await ready()


@pytest.mark.row("controllers")
async def test_pods_belong_to_a_replica_set_and_that_to_the_deployment(core, apps, namespace, web):
    sets = (await apps.list_namespaced_replica_set(namespace)).items
    pods = (await core.list_namespaced_pod(namespace, label_selector="app=web")).items
    assert (len(sets), len(pods)) == (1, 2)
    assert sets[0].metadata.owner_references[0].uid == web.metadata.uid
    assert {each.metadata.owner_references[0].uid for each in pods} == {sets[0].metadata.uid}
    code = sets[0].metadata.labels["pod-template-hash"]
    assert sets[0].metadata.name == f"web-{code}"
    assert all(each.metadata.name.startswith(f"web-{code}-") for each in pods)
    assert sets[0].metadata.annotations["deployment.kubernetes.io/revision"] == "1"


@pytest.mark.row("controllers", "grace")
async def test_a_deleted_pod_is_going_and_another_comes_in_its_place(core, namespace, web, ready, eventually):
    before = {each.metadata.uid for each in (await core.list_namespaced_pod(namespace)).items}
    name = (await core.list_namespaced_pod(namespace)).items[0].metadata.name
    gone = await core.delete_namespaced_pod(name, namespace)
    assert gone.metadata.deletion_timestamp is not None
    assert gone.metadata.deletion_grace_period_seconds == 5

    async def another_is_there():
        found = (await core.list_namespaced_pod(namespace)).items
        return {each.metadata.uid for each in found if each.metadata.deletion_timestamp is None} - before

    await eventually(another_is_there)
    await ready()


@pytest.mark.row("grace")
async def test_a_pod_without_grace_is_gone_at_once(core, raw, namespace, eventually):
    await core.create_namespaced_pod(namespace, client.V1Pod.from_dict(pod("a")))

    async def it_runs():
        return (await core.read_namespaced_pod("a", namespace)).status.phase == "Running"

    await eventually(it_runs)
    await core.delete_namespaced_pod("a", namespace, body=client.V1DeleteOptions(grace_period_seconds=0))
    assert (await raw("GET", f"/api/v1/namespaces/{namespace}/pods/a"))[0] == 404


@pytest.mark.row("restart", "rollout")
async def test_a_restart_rolls_out_and_is_not_done_at_the_first_look(core, apps, namespace, web, ready):
    before = {each.metadata.uid for each in (await core.list_namespaced_pod(namespace)).items}
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED: "2026-01-01T00:00:00Z"}}}}}
    answer = await apps.patch_namespaced_deployment("web", namespace, patch)
    assert answer.status.observed_generation < answer.metadata.generation
    first = await apps.read_namespaced_deployment("web", namespace)
    seen, counts = first.status.observed_generation, (first.status.updated_replicas, first.status.replicas)
    assert seen < first.metadata.generation or counts != (2, 2)
    await ready()
    after = (await core.list_namespaced_pod(namespace)).items
    assert not before & {each.metadata.uid for each in after if each.metadata.deletion_timestamp is None}


@pytest.mark.row("rollout", "controllers")
async def test_a_new_image_makes_a_second_replica_set_and_empties_the_first(apps, namespace, web, ready):
    containers = [{"name": "main", "image": OTHER_IMAGE}]
    await apps.patch_namespaced_deployment(
        "web", namespace, {"spec": {"template": {"spec": {"containers": containers}}}}
    )
    after = await ready()
    assert after.metadata.annotations["deployment.kubernetes.io/revision"] == "2"
    sets = (await apps.list_namespaced_replica_set(namespace)).items
    sizes = {each.metadata.annotations["deployment.kubernetes.io/revision"]: each.spec.replicas for each in sets}
    assert sizes == {"1": 0, "2": 2}


@pytest.mark.row("scale", "controllers")
async def test_a_scale_makes_and_ends_pods(core, apps, namespace, web, ready):
    for count in (3, 1):
        await apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": count}})
        await ready()
        found = (await core.list_namespaced_pod(namespace)).items
        assert len([each for each in found if each.metadata.deletion_timestamp is None]) == count


@pytest.mark.row("controllers")
async def test_what_a_deployment_owns_goes_with_it(core, apps, namespace, web, eventually):
    await apps.delete_namespaced_deployment("web", namespace)

    async def nothing_is_left():
        sets = (await apps.list_namespaced_replica_set(namespace)).items
        return not sets and not (await core.list_namespaced_pod(namespace)).items

    await eventually(nothing_is_left)


@pytest.mark.row("eviction")
async def test_an_eviction_asks_the_budget_and_a_dry_run_evicts_nobody(core, raw, namespace, web, eventually):
    budget = {"metadata": {"name": "b"}, "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}}
    budgets = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    assert (await raw("POST", budgets, budget))[0] == 201
    name = (await core.list_namespaced_pod(namespace)).items[0].metadata.name
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}

    async def it_is_refused():
        status, told = await raw("POST", path, {**body, "deleteOptions": {"dryRun": ["All"]}})
        return told if status == 429 else None

    told = await eventually(it_is_refused)
    assert told["reason"] == "TooManyRequests"
    assert told["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    assert told["details"]["causes"][0]["reason"] == "DisruptionBudget"
    await raw("DELETE", f"{budgets}/b")

    async def it_goes():
        return (await raw("POST", path, body))[0] == 201

    await eventually(it_goes)


@pytest.mark.row("events")
async def test_the_life_of_a_pod_is_told_in_events(core, namespace, eventually):
    await core.create_namespaced_pod(namespace, client.V1Pod.from_dict(pod("a")))

    async def it_has_started():
        found = await core.list_namespaced_event(namespace, field_selector="involvedObject.name=a")
        return {each.reason for each in found.items} >= {"Scheduled", "Created", "Started"}

    await eventually(it_has_started)
