"""The policy, the switches and the end of the process around a change that is on its way."""

from pathlib import Path

from bot.demo.cluster_emulator.resources import DEPLOYMENTS
from bot.demo.stage import POLICY
from tests.journeys.acting import CHANNEL, QUESTION, Town, button, reached
from tests.journeys.acting import town as a_town

REAL = "/deployments/billing-api(?!.*dryRun)"


async def test_a_deployment_in_a_protected_namespace_is_refused_with_the_reason(town: Town) -> None:
    thread = await town.ask("Is everything fine in kube-system?")
    await town.slack.user("bob").reply("restart coredns", CHANNEL, thread)
    said = await town.says("is not offered")
    assert "protected" in town.slack.as_text(said)
    assert not any(button(each) for each in town.slack.messages(CHANNEL, thread))


async def test_whoever_asked_for_a_change_may_withdraw_it(town: Town) -> None:
    card = await town.propose(await town.ask(), user="bob")
    await town.click(card, "deny", user="bob")
    view = town.slack.views("bob")[0]
    await town.slack.user("bob").submit(view.id, {"reason": {"text": "I was wrong"}})
    assert await town.ended(card) == "DENIED"


async def test_with_remediation_off_nothing_is_offered(tmp_path: Path) -> None:
    async with a_town(tmp_path, remediation_mode="off") as town, town.serving() as bot:
        assert bot.running.executor is None
        thread = await town.ask()
        await town.slack.user("bob").reply("restart billing-api", CHANNEL, thread)
        said = await town.says("is not offered")
        assert "off" in town.slack.as_text(said)
        assert not [each for each in town.cluster.requests if each.method == "PATCH"]


async def test_a_policy_that_changed_since_the_card_makes_the_click_void(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.read_text(encoding="utf-8"), encoding="utf-8")
    async with a_town(tmp_path, policy_file=policy) as town:
        before = town.generation
        async with town.serving():
            card = await town.propose(await town.ask())
        policy.write_text(POLICY.read_text(encoding="utf-8").replace("min_ready_replicas: 2", "min_ready_replicas: 3"))
        async with town.serving():
            await town.click(card)
            await town.told("alice", "not approved")
            assert town.generation == before


async def test_ended_in_the_middle_of_a_change_and_started_again_there_is_one(quiet_town: Town) -> None:
    town = quiet_town
    before = town.generation
    async with town.serving():
        card = await town.propose(await town.ask())
        sent = town.held("PATCH", REAL)
        await town.click(card)
        await reached(sent)
    landed = town.held("PATCH", REAL, before=False)
    async with town.serving():
        await reached(landed)
        landed.release()
        assert await town.ended(card) == "SUCCEEDED"
        late = town.held("PATCH", REAL, before=False)
        sent.release()
        await reached(late)
        late.release()
        assert town.generation == before + 1


async def test_two_changes_of_one_object_do_not_run_at_the_same_time(town: Town) -> None:
    restart = await town.propose(await town.ask())
    asked = await town.slack.user("carol").mention(QUESTION, CHANNEL)
    await town.answer(asked.ts)
    # In a thread of its own: in the same one the newer proposal would take the place of the other.
    back = await town.propose(asked.ts, "roll back billing-api", user="carol")
    before = town.generation
    sent = town.held("PATCH", REAL)
    await town.click(restart)
    await reached(sent)
    await town.click(back)
    sent.release()
    assert await town.ended(restart) == "SUCCEEDED"
    # It is about an object that has changed in the meantime.
    assert await town.ended(back) in ("STALE", "BLOCKED")
    assert town.generation == before + 1


async def test_the_effect_is_reported_once_although_the_bot_was_away_when_it_showed(quiet_town: Town) -> None:
    town = quiet_town
    async with town.serving():
        card = await town.propose(await town.ask())
        await town.click(card)
        assert await town.ended(card) == "SUCCEEDED"
    assert "execution.verified" not in town.audit()
    async with town.serving():
        await town.says("Verified after")
        await town.recorded("execution.verified")
        await town.idle()
    reports = [each for each in town.slack.messages(CHANNEL, str(card.thread_ts)) if "Verified after" in each.text]
    assert len(reports) == 1
    assert town.audit().count("execution.verified") == 1


async def test_a_change_that_somebody_took_away_is_not_judged_as_if_it_were_there(town: Town) -> None:
    card = await town.propose(await town.ask())
    await town.click(card)
    assert await town.ended(card) == "SUCCEEDED"
    held, store = town.deployment(), town.cluster.store
    kept = {name: value for name, value in held["metadata"]["annotations"].items() if "ask-claude" not in name}
    changed = {**held, "metadata": {**held["metadata"], "annotations": kept}}
    store.update(DEPLOYMENTS, store.amended(DEPLOYMENTS, held, changed))
    await town.recorded("execution.verified", 30)
    told = await town.says("somebody or something changed it since")
    assert "The cause is still there" not in told.text, "nobody looked for one"
