"""Scaling, removals of single pods, and the two kinds of sets: facts, writes, effects and the way back."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.demo.cluster_emulator.resources import AUTOSCALERS, BUDGETS, DAEMONSETS, DEPLOYMENTS, PODS, STATEFULSETS
from bot.flows.undoing import way_back
from safety.actions import ActionKind, AnyAction, TargetKind
from safety.drafts import Wish, draft
from safety.facts import Budget, Facts, Refusal
from tools.adapters.kubernetes_connection import Request
from tools.kubernetes.catalogue import catalogue
from tools.kubernetes.effects import effect
from tools.kubernetes.facts import MARKER, read_before_after, read_facts
from tools.tool import Outcome
from tools.world import Conflict, NotNow, Order, Rejected, Writer

Stage = Any
StageMaker = Callable[..., Awaitable[Stage]]
SPACE = "orchard"
APPROVED_AT = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)
GOOD, NEWER = "registry.example.com/lab/good:1", "registry.example.com/lab/good:2"
KINDS = {"Deployment": DEPLOYMENTS, "StatefulSet": STATEFULSETS, "DaemonSet": DAEMONSETS}
SETS: list[TargetKind] = ["StatefulSet", "DaemonSet"]


def workload(kind: str, name: str = "plum", image: str = GOOD, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    replicas = {} if kind == "DaemonSet" else {"replicas": 3}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": SPACE},
        "spec": {
            **replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}},
            **({"serviceName": name} if kind == "StatefulSet" else {}),
            **spec,
        },
    }


@pytest.fixture
async def garden(stage: StageMaker) -> Callable[..., Awaitable[Stage]]:
    """A cluster of two nodes in which these objects run and are settled."""

    async def make(*objects: dict[str, Any]) -> Stage:
        made = await stage("tests/demo/cluster_emulator/lab.yaml", "admin")
        for name in ("kube-system", SPACE):
            await posted(made, "/api/v1/namespaces", {"kind": "Namespace", "metadata": {"name": name}})
        for each in objects:
            group = "policy/v1" if each["kind"] == "PodDisruptionBudget" else each["apiVersion"]
            root = "/api/v1" if group == "v1" else f"/apis/{group}"
            plural = {"PodDisruptionBudget": BUDGETS, "HorizontalPodAutoscaler": AUTOSCALERS, "Pod": PODS, **KINDS}
            await posted(made, f"{root}/namespaces/{SPACE}/{plural[each['kind']].plural}", each)
        await made.emulator.advance(120)
        return made

    return make


async def posted(made: Stage, path: str, body: dict[str, Any]) -> None:

    await made.api._connection.send_json(Request("POST", path, body=body))


async def changed(made: Stage, kind: TargetKind, image: str, name: str = "plum") -> None:
    resource, store = KINDS[kind], made.emulator.store
    held = store.require(resource, SPACE, name)
    template = workload(kind, name, image)["spec"]["template"]
    store.update(resource, store.amended(resource, held, {**held, "spec": {**held["spec"], "template": template}}))
    await made.emulator.advance(180)


async def facts_of(made: Stage, kind: TargetKind, name: str = "plum") -> Facts:
    found = await read_facts(made.world, SPACE, name, made.emulator.clock.now, kind)
    assert found is not None
    return found


async def action_on(made: Stage, wanted: ActionKind, on: TargetKind, name: str = "plum", **more: Any) -> AnyAction:
    found = draft(Wish(wanted, name, **more), await facts_of(made, on, name))
    assert not isinstance(found, Refusal), str(found)
    return found


async def run(made: Stage, action: AnyAction, *, dry_run: bool = False, version: str | None = None) -> Outcome:
    facts = await facts_of(made, action.target.kind, action.target.name)
    order = Order("p-1", APPROVED_AT, version or facts.resource_version, "p-1.1", dry_run)
    return await catalogue().write(action.kind).run(action, Writer(made.world, made.writer, order))


def pods_of(made: Stage, name: str = "plum") -> list[str]:
    return sorted(
        each["metadata"]["name"]
        for each in made.emulator.store.all_of(PODS, SPACE)
        if each["metadata"]["labels"].get("app") == name
    )


# ---- scaling --------------------------------------------------------------------------------------------------------


async def test_a_deployment_is_scaled_in_one_patch_that_tests_what_was_approved_and_leaves_its_marker(
    garden: StageMaker,
) -> None:
    made = await garden(workload("Deployment"))
    action = await action_on(made, "scale_deployment", "Deployment", to_replicas=5)
    assert await read_before_after(made.world, action) == (
        ("replicas", "3", "5"),
        ("pods", "3 running, 3 ready", "2 more"),
    )
    outcome = await run(made, action)
    assert outcome.stored["spec"]["replicas"] == 5
    assert outcome.stored["metadata"]["annotations"][MARKER] == "p-1"
    assert not (await effect(made.world, action, "p-1")).done
    await made.emulator.advance(60)
    seen = await effect(made.world, action, "p-1")
    assert (seen.done, seen.worse) == (True, False)
    assert "5 of 5 pods available" in seen.text
    with pytest.raises(Conflict):
        await run(made, action)


async def test_a_scaling_can_be_taken_back_to_the_number_that_was_there(garden: StageMaker) -> None:
    made = await garden(workload("Deployment"))
    action = await action_on(made, "scale_deployment", "Deployment", to_replicas=5)
    was = await facts_of(made, "Deployment")
    await run(made, action)
    await made.emulator.advance(60)
    back = way_back(action, {"desired": was.desired}, await facts_of(made, "Deployment"))
    assert not isinstance(back, str)
    assert (back.model_dump()["from_replicas"], back.model_dump()["to_replicas"]) == (5, 3)
    assert (await run(made, back)).stored["spec"]["replicas"] == 3


async def test_an_autoscaler_of_the_deployment_is_seen_and_one_of_another_is_not(garden: StageMaker) -> None:
    made = await garden(workload("Deployment"), workload("Deployment", "cherry"), autoscaler("plum"))
    assert (await facts_of(made, "Deployment")).autoscalers == ("auto-plum",)
    assert (await facts_of(made, "Deployment", "cherry")).autoscalers == ()


def autoscaler(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": f"auto-{name}", "namespace": SPACE},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": 3,
            "maxReplicas": 6,
        },
    }


# ---- single pods ----------------------------------------------------------------------------------------------------


def budget(least: int, name: str = "plum") -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": f"keep-{name}", "namespace": SPACE},
        "spec": {"minAvailable": least, "selector": {"matchLabels": {"app": name}}},
    }


def bare(name: str = "lonely") -> dict[str, Any]:
    containers = [{"name": "c", "image": GOOD}]
    meta = {"name": name, "namespace": SPACE, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": containers}}


async def test_the_facts_of_a_pod_name_its_controller_its_peers_and_its_budgets(garden: StageMaker) -> None:
    made = await garden(workload("Deployment"), budget(2), bare())
    name = pods_of(made)[0]
    facts = await facts_of(made, "Pod", name)
    assert facts.pod is not None
    assert (facts.kind, facts.generation, facts.marker) == ("Pod", 1, None)
    assert (facts.pod.phase, facts.pod.ready, facts.pod.static) == ("Running", True, False)
    assert (facts.pod.owner_kind, facts.pod.peers_ready) == ("ReplicaSet", 2)
    assert facts.pod.budgets == (Budget("keep-plum", 1),)
    alone = (await facts_of(made, "Pod", "lonely")).pod
    assert alone is not None
    assert (alone.owner_kind, alone.owner_uid, alone.peers_ready, alone.budgets) == (None, None, None, ())


async def test_an_evicted_pod_is_replaced_and_its_trace_is_that_it_is_gone(garden: StageMaker) -> None:
    made = await garden(workload("Deployment"), budget(2))
    name = pods_of(made)[0]
    action = await action_on(made, "evict_pod", "Pod", name)
    rows = await read_before_after(made.world, action)
    assert rows[0][2] == "gone, and a new one in its place"
    assert ("budget keep-plum", "1 may be away", "0 more may be") in rows
    await run(made, action, dry_run=True)
    facts = await facts_of(made, "Pod", name)
    assert not facts.deleting
    assert "would accept" in (await run(made, action, dry_run=True)).text
    await run(made, action)
    assert (await facts_of(made, "Pod", name)).deleting
    assert not (await effect(made.world, action, "p-1")).done
    await made.emulator.advance(90)
    assert await read_facts(made.world, SPACE, name, made.emulator.clock.now, "Pod") is None
    seen = await effect(made.world, action, "p-1")
    assert (seen.done, "3 of 3 pods of its controller are ready" in seen.text) == (True, True)
    assert isinstance(way_back(action, {}, facts), str)


async def test_a_budget_without_room_is_a_plain_no_and_not_a_busy_server(garden: StageMaker) -> None:
    made = await garden(workload("Deployment"), budget(3))
    action = await action_on(made, "evict_pod", "Pod", pods_of(made)[0])
    for dry_run in (True, False):
        with pytest.raises(NotNow, match="disruption budget"):
            await run(made, action, dry_run=dry_run)
    assert [each.method for each in made.emulator.requests].count("POST") == 4 + 2
    assert len(pods_of(made)) == 3


async def test_every_option_of_a_removal_stands_in_its_body_and_none_in_the_query(garden: StageMaker) -> None:
    made = await garden(workload("Deployment"))
    name = pods_of(made)[0]
    removal = await action_on(made, "delete_failed_pod", "Pod", name)
    eviction = await action_on(made, "evict_pod", "Pod", name)
    facts = await facts_of(made, "Pod", name)
    await run(made, removal, dry_run=True)
    await run(made, eviction, dry_run=True)
    assert await facts_of(made, "Pod", name) == facts
    wanted = {"preconditions": {"uid": facts.uid, "resourceVersion": facts.resource_version}, "dryRun": ["All"]}

    sent = [each for each in made.emulator.requests if each.method == "DELETE" or each.path.endswith("/eviction")]
    assert [each.query for each in sent] == [{}, {}]
    assert json.loads(sent[0].body) == {"apiVersion": "v1", "kind": "DeleteOptions", **wanted}
    assert json.loads(sent[1].body)["deleteOptions"] == wanted


@pytest.mark.parametrize("kind", ["delete_failed_pod", "evict_pod"])
@pytest.mark.parametrize("other", ["uid", "version"])
async def test_a_pod_that_is_another_one_or_moved_since_is_left_alone(
    garden: StageMaker, kind: ActionKind, other: str
) -> None:
    made = await garden(workload("Deployment"))
    action = await action_on(made, kind, "Pod", pods_of(made)[0])
    if other == "uid":
        action = action.model_copy(update={"target": action.target.model_copy(update={"uid": "0000"})})
    with pytest.raises(Conflict):
        await run(made, action, version="1" if other == "version" else None)
    assert len(pods_of(made)) == 3


async def test_a_failed_pod_is_removed_and_the_effect_is_that_it_is_gone(garden: StageMaker) -> None:
    made = await garden(bare("dead"))
    store = made.emulator.store
    held = store.require(PODS, SPACE, "dead")
    store.update(PODS, {**held, "status": {"phase": "Failed", "reason": "Evicted"}})
    facts = await facts_of(made, "Pod", "dead")
    assert facts.pod is not None
    assert (facts.pod.phase, facts.pod.reason) == ("Failed", "Evicted")
    action = await action_on(made, "delete_failed_pod", "Pod", "dead")
    assert (await read_before_after(made.world, action))[0][1].startswith("Failed (Evicted)")
    assert not (await effect(made.world, action, "p-1")).done
    await run(made, action)
    assert (await effect(made.world, action, "p-1")).done
    assert await read_facts(made.world, SPACE, "dead", made.emulator.clock.now, "Pod") is None


# ---- sets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SETS)
async def test_the_facts_of_a_set_come_from_its_own_counts_and_revisions(garden: StageMaker, kind: TargetKind) -> None:
    made = await garden(workload(kind))
    await changed(made, kind, NEWER)
    facts = await facts_of(made, kind)
    count = 2 if kind == "DaemonSet" else 3
    assert (facts.kind, facts.desired, facts.ready, facts.available) == (kind, count, count, count)
    assert (facts.strategy, facts.partition, facts.rollout_under_way) == ("RollingUpdate", 0, False)
    assert [(each.number, each.images) for each in facts.revisions] == [(2, (NEWER,)), (1, (GOOD,))]
    assert (facts.revision, facts.template_hash) == (2, facts.revisions[0].template_hash)


@pytest.mark.parametrize("kind", SETS)
async def test_a_set_goes_back_to_a_revision_and_forward_again(garden: StageMaker, kind: TargetKind) -> None:
    made = await garden(workload(kind))
    await changed(made, kind, NEWER)
    wanted: ActionKind = "rollback_stateful_set" if kind == "StatefulSet" else "rollback_daemon_set"
    action, was = await action_on(made, wanted, kind), await facts_of(made, kind)
    assert ("image", NEWER, GOOD) in await read_before_after(made.world, action)
    outcome = await run(made, action)
    assert outcome.stored["spec"]["template"]["spec"]["containers"][0]["image"] == GOOD
    assert "$patch" not in outcome.stored["spec"]["template"]
    assert not (await effect(made.world, action, "p-1")).done
    assert (await facts_of(made, kind)).rollout_under_way
    await made.emulator.advance(240)
    seen = await effect(made.world, action, "p-1")
    assert (seen.done, seen.worse) == (True, False)
    facts = await facts_of(made, kind)
    assert (facts.revision, facts.template_hash, facts.marker) == (3, action.model_dump()["to_template_hash"], "p-1")
    forward = way_back(action, {"template_hash": was.template_hash}, facts)
    assert not isinstance(forward, str)
    assert forward.model_dump()["to_template_hash"] == was.template_hash
    image = (await run(made, forward)).stored["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == NEWER


@pytest.mark.parametrize("kind", SETS)
async def test_a_set_is_restarted_pod_by_pod(garden: StageMaker, kind: TargetKind) -> None:
    made = await garden(workload(kind))
    first = {each["metadata"]["uid"] for each in made.emulator.store.all_of(PODS, SPACE)}
    wanted: ActionKind = "restart_stateful_set" if kind == "StatefulSet" else "restart_daemon_set"
    action = await action_on(made, wanted, kind)
    assert (await read_before_after(made.world, action))[1] == ("image", GOOD, "the same")
    await run(made, action)
    await made.emulator.advance(300)
    assert (await effect(made.world, action, "p-1")).done
    assert first.isdisjoint({each["metadata"]["uid"] for each in made.emulator.store.all_of(PODS, SPACE)})
    assert isinstance(way_back(action, {}, await facts_of(made, kind)), str)


async def test_a_revision_of_a_set_that_is_gone_is_not_restored(garden: StageMaker) -> None:
    made = await garden(workload("StatefulSet"))
    await changed(made, "StatefulSet", NEWER)
    action = await action_on(made, "rollback_stateful_set", "StatefulSet")

    with pytest.raises(Rejected, match="not kept any more"):
        await run(made, action.model_copy(update={"to_template_hash": "abc"}))
