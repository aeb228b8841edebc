"""Facts, the two writes, what they would change, and whether they had their effect: on an emulated cluster."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from safety.actions import RestartDeployment, RollbackDeployment, Target
from tools.kubernetes.catalogue import catalogue
from tools.kubernetes.effects import effect
from tools.kubernetes.facts import MARKER, read_before_after, read_facts
from tools.tool import Outcome
from tools.world import Conflict, Order, Rejected, WriteOptions, Writer

Stage = Any
StageMaker = Callable[..., Awaitable[Stage]]
NAMESPACE, NAME = "proteus-dev", "proteus-api"
APPROVED_AT = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)


async def facts_of(made: Stage, namespace: str = NAMESPACE, name: str = NAME) -> Any:
    found = await read_facts(made.world, namespace, name, made.emulator.clock.now)
    assert found is not None
    return found


async def target_of(made: Stage, namespace: str = NAMESPACE, name: str = NAME) -> Target:
    facts = await facts_of(made, namespace, name)
    return Target(cluster=facts.cluster, namespace=namespace, name=name, uid=facts.uid, generation=facts.generation)


async def rollback_of(made: Stage, to_revision: int = 2) -> RollbackDeployment:
    facts = await facts_of(made)
    hashes = {each.number: each.template_hash for each in facts.revisions}
    return RollbackDeployment(
        target=await target_of(made),
        from_revision=facts.revision,
        to_revision=to_revision,
        to_template_hash=hashes[to_revision],
    )


async def run(made: Stage, action: Any, *, dry_run: bool = False, version: str | None = None) -> Outcome:
    order = Order(
        proposal_id="p-1",
        approved_at=APPROVED_AT,
        resource_version=version or (await facts_of(made)).resource_version,
        audit_id="p-1.1",
        dry_run=dry_run,
    )
    return await catalogue().write(action.kind).run(action, Writer(made.world, made.writer, order))


def patches(made: Stage) -> list[Any]:
    return [each for each in made.emulator.requests if each.method == "PATCH"]


async def test_facts_are_what_the_server_holds(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    facts = await facts_of(made)
    held = await made.api.get("Deployment", NAMESPACE, NAME)
    assert facts.cluster == await made.api.uid()
    assert (facts.cluster_name, facts.namespace) == ("dev-eks", NAMESPACE)
    assert facts.namespace_labels["environment"] == "dev"
    assert (facts.uid, facts.generation) == (held["metadata"]["uid"], held["metadata"]["generation"])
    assert facts.resource_version == held["metadata"]["resourceVersion"]
    assert (facts.desired, facts.updated, facts.available, facts.strategy) == (3, 3, 0, "RollingUpdate")
    assert (facts.revision, [each.number for each in facts.revisions]) == (3, [3, 2, 1])
    assert facts.template_hash == facts.revisions[0].template_hash
    assert facts.revisions[1].images == ("registry.example.com/proteus/proteus-api:v2.14.4",)
    assert (facts.paused, facts.deleting, facts.namespace_terminating, facts.marker) == (False, False, False, None)


async def test_there_are_no_facts_about_what_does_not_exist(stage: StageMaker) -> None:
    made = await stage("healthy")
    now = made.emulator.clock.now
    assert await read_facts(made.world, "billing-dev", "nope", now) is None
    assert await read_facts(made.world, "nowhere", "nope", now) is None


@pytest.mark.parametrize(
    ("scenario", "namespace", "name", "expected"),
    [
        ("oom-after-release", NAMESPACE, NAME, False),
        ("failing-liveness", "maps-dev", "geo-tiles", False),
        ("healthy", "billing-dev", "billing-api", False),
    ],
)
async def test_crashing_pods_of_a_finished_rollout_are_no_rollout(
    stage: StageMaker, scenario: str, namespace: str, name: str, expected: bool
) -> None:
    made = await stage(scenario)
    assert (await facts_of(made, namespace, name)).rollout_under_way is expected


async def test_a_rollout_is_under_way_until_its_last_old_pod_is_gone(stage: StageMaker) -> None:
    made = await stage("healthy")
    target = await target_of(made, "billing-dev", "billing-api")
    version = (await facts_of(made, "billing-dev", "billing-api")).resource_version
    await run(made, RestartDeployment(target=target), version=version)
    assert (await facts_of(made, "billing-dev", "billing-api")).rollout_under_way
    await made.emulator.advance(120)
    assert not (await facts_of(made, "billing-dev", "billing-api")).rollout_under_way


async def test_a_rollout_that_was_given_up_is_not_under_way(stage: StageMaker) -> None:
    made = await stage("bad-image-tag")
    facts = await facts_of(made, "shop-staging", "checkout-gateway")
    held = await made.api.get("Deployment", "shop-staging", "checkout-gateway")
    reasons = {each["type"]: each["reason"] for each in held["status"]["conditions"]}
    assert reasons["Progressing"] == "ProgressDeadlineExceeded"
    assert facts.updated < facts.desired
    assert not facts.rollout_under_way


async def test_a_rollback_brings_the_earlier_template_back_and_is_marked(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    action = await rollback_of(made)
    outcome = await run(made, action)
    assert "revision 2" in outcome.text
    assert outcome.stored["metadata"]["annotations"][MARKER] == "p-1"
    assert (await facts_of(made)).rollout_under_way
    await made.emulator.advance(60)
    facts = await facts_of(made)
    assert facts.marker == "p-1"
    assert facts.template_hash == action.to_template_hash
    held = await made.api.get("Deployment", NAMESPACE, NAME)
    assert held["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":v2.14.4")
    assert "pod-template-hash" not in held["spec"]["template"]["metadata"]["labels"]
    assert held["metadata"]["annotations"]["kubernetes.io/change-cause"].endswith("release v2.14.4")


async def test_after_a_rollback_the_pods_become_well_and_the_effect_is_done(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    action = await rollback_of(made)
    assert not (await effect(made.world, action, "p-1")).done
    await run(made, action)
    for seconds in (0, 1, 5):
        await made.emulator.advance(seconds)
        early = await effect(made.world, action, "p-1")
        assert (early.done, early.worse) == (False, False)
    await made.emulator.advance(180)
    late = await effect(made.world, action, "p-1")
    assert (late.done, late.worse) == (True, False)
    assert "3 of 3 pods available" in late.text


async def test_a_restart_that_does_not_help_is_seen_to_get_worse(stage: StageMaker) -> None:
    made = await stage("failing-liveness")
    target = await target_of(made, "maps-dev", "geo-tiles")
    action = RestartDeployment(target=target)
    await run(made, action, version=(await facts_of(made, "maps-dev", "geo-tiles")).resource_version)
    await made.emulator.advance(900)
    found = await effect(made.world, action, "p-1")
    assert (found.done, found.worse) == (False, True)


async def test_the_effect_of_another_change_is_not_this_ones(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    action = await rollback_of(made)
    await run(made, action)
    await made.emulator.advance(180)
    found = await effect(made.world, action, "p-2")
    assert (found.done, found.worse) == (False, False)
    assert "does not carry this change" in found.text


async def test_a_restart_is_stamped_with_the_time_of_its_approval(stage: StageMaker) -> None:
    made = await stage("healthy")
    target = await target_of(made, "billing-dev", "billing-api")
    version = (await facts_of(made, "billing-dev", "billing-api")).resource_version
    outcome = await run(made, RestartDeployment(target=target), version=version)
    template = outcome.stored["spec"]["template"]["metadata"]["annotations"]
    assert template["kubectl.kubernetes.io/restartedAt"] == "2026-03-01T12:30:05Z"
    assert outcome.stored["metadata"]["annotations"][MARKER] == "p-1"
    assert outcome.stored["metadata"]["generation"] == target.generation + 1


@pytest.mark.parametrize("kind", ["restart", "rollback"])
async def test_a_dry_run_changes_nothing_and_answers_nothing_to_keep(stage: StageMaker, kind: str) -> None:
    made = await stage("oom-after-release")
    action = await rollback_of(made) if kind == "rollback" else RestartDeployment(target=await target_of(made))
    before = await made.api.get("Deployment", NAMESPACE, NAME)
    outcome = await run(made, action, dry_run=True)
    assert outcome.stored == {}
    assert "would accept" in outcome.text
    assert await made.api.get("Deployment", NAMESPACE, NAME) == before
    assert [each.query["dryRun"] for each in patches(made)] == ["All"]


@pytest.mark.parametrize("kind", ["restart", "rollback"])
async def test_the_same_order_sends_the_same_bytes(stage: StageMaker, kind: str) -> None:
    made = await stage("oom-after-release")
    action = await rollback_of(made) if kind == "rollback" else RestartDeployment(target=await target_of(made))
    version = (await facts_of(made)).resource_version
    await run(made, action, dry_run=True, version=version)
    await run(made, action, dry_run=True, version=version)
    first, second = patches(made)
    assert first.body == second.body


@pytest.mark.parametrize("kind", ["restart", "rollback"])
async def test_an_order_is_carried_out_once(stage: StageMaker, kind: str) -> None:
    made = await stage("oom-after-release")
    action = await rollback_of(made) if kind == "rollback" else RestartDeployment(target=await target_of(made))
    version = (await facts_of(made)).resource_version
    first = await run(made, action, version=version)
    with pytest.raises(Conflict):
        await run(made, action, version=version)
    held = await made.api.get("Deployment", NAMESPACE, NAME)
    assert held["metadata"]["generation"] == first.stored["metadata"]["generation"]


@pytest.mark.parametrize("field", ["uid", "generation"])
async def test_a_rollback_of_another_object_or_spec_is_a_conflict(stage: StageMaker, field: str) -> None:
    made = await stage("oom-after-release")
    action = await rollback_of(made)
    other = action.target.model_copy(update={field: "0000" if field == "uid" else action.target.generation + 1})
    with pytest.raises(Conflict):
        await run(made, action.model_copy(update={"target": other}))


async def test_a_revision_that_is_gone_or_another_template_is_rejected(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    action = await rollback_of(made)
    with pytest.raises(Rejected, match="not kept any more"):
        await run(made, action.model_copy(update={"to_revision": 9}))
    with pytest.raises(Rejected, match="as the template that was approved"):
        await run(made, action.model_copy(update={"to_template_hash": "abc"}))
    assert patches(made) == []


async def test_the_card_of_a_rollback_shows_what_differs(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    rows = await read_before_after(made.world, await rollback_of(made))
    assert rows == (
        ("revision", "3", "back to 2"),
        (
            "image",
            "registry.example.com/proteus/proteus-api:v2.14.5",
            "registry.example.com/proteus/proteus-api:v2.14.4",
        ),
    )


async def test_the_card_of_a_rollback_shows_probes_and_names_of_variables(stage: StageMaker) -> None:
    liveness, secret = await stage("failing-liveness"), await stage("missing-secret")
    for made, namespace, name, label in (
        (liveness, "maps-dev", "geo-tiles", "liveness probe"),
        (secret, "finance-dev", "ledger-sync", "env LEDGER_TOKEN"),
    ):
        facts = await facts_of(made, namespace, name)
        action = RollbackDeployment(
            target=await target_of(made, namespace, name),
            from_revision=2,
            to_revision=1,
            to_template_hash=facts.revisions[1].template_hash,
        )
        assert label in {row[0] for row in await read_before_after(made.world, action)}


async def test_the_card_of_a_restart_says_that_only_the_pods_are_new(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    rows = await read_before_after(made.world, RestartDeployment(target=await target_of(made)))
    assert rows[0] == ("pods", "3 running, 0 ready", "3 new, a few at a time")
    assert ("image", "registry.example.com/proteus/proteus-api:v2.14.5", "the same") in rows


async def test_facts_say_that_a_deployment_is_paused(stage: StageMaker) -> None:
    made = await stage("healthy")
    await made.writer.patch("Deployment", "billing-dev", "mailer", {"spec": {"paused": True}}, WriteOptions("a.1"))
    facts = await facts_of(made, "billing-dev", "mailer")
    assert facts.paused
