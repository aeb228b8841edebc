"""kill -9 at every point between the click and the answer of the cluster: exactly one change, and people hear of it."""

import pytest

from bot.adapters.store.audit import SqlAudit
from bot.adapters.store.database import Database
from bot.demo.stage import Stage, connected
from tests.journeys.acting import CHANNEL, DEPLOYMENT, Seen, reached
from tests.journeys.conftest import OpenStage

OBJECT = f"/deployments/{DEPLOYMENT}"
DRY, REAL = f"{OBJECT}.*dryRun=All", f"{OBJECT}(?!.*dryRun)"

MOMENTS = {
    "while the facts are read": ("GET", f"{OBJECT}$", True),
    "while the dry run is under way": ("PATCH", DRY, True),
    "with the change sent and not yet applied": ("PATCH", REAL, True),
    "with the change applied and not yet answered": ("PATCH", REAL, False),
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_and_started_again_there_is_exactly_one_change(moment: str, open_stage: OpenStage) -> None:
    seen, on = await open_stage()
    before = seen.generation
    card = await seen.propose(await seen.ask())
    method, path, is_before = MOMENTS[moment]
    hold = seen.held(method, path, before=is_before)
    await seen.click(card)
    await reached(hold)
    await on.bot.kill()
    await again(on)
    # Sooner than the lease of the dead process would have run out.
    assert await seen.ended(card, 20) == "SUCCEEDED"
    if is_before:
        # The request of the dead process may still arrive, after everything else.
        landed = seen.held(method, path, before=False)
        hold.release()
        await reached(landed)
        landed.release()
    await exactly_one_change(seen, before)
    shown = [each for each in seen.slack.messages(CHANNEL, str(card.thread_ts)) if "Restart billing-api" in each.text]
    assert [each.ts for each in shown] == [card.ts]


async def test_the_dead_process_s_request_landing_in_between_is_recognised(open_stage: OpenStage) -> None:
    seen, on = await open_stage()
    before = seen.generation
    card = await seen.propose(await seen.ask())
    first = seen.held("PATCH", REAL)
    await seen.click(card)
    await reached(first)
    await on.bot.kill()
    second = seen.held("PATCH", REAL)
    await again(on)
    await reached(second)
    first.release()
    await seen.changed(before + 1)
    second.release()
    assert await seen.ended(card, 10) == "SUCCEEDED"
    await exactly_one_change(seen, before)


async def test_killed_after_the_change_and_before_it_was_shown_the_card_is_still_brought_up_to_date(
    open_stage: OpenStage,
) -> None:
    seen, on = await open_stage()
    before = seen.generation
    card = await seen.propose(await seen.ask())
    patched = seen.held("PATCH", REAL, before=False)
    await seen.click(card)
    await reached(patched)
    showing = seen.slack.faults.hold("chat.update")
    patched.release()
    await showing.reached()
    await on.bot.kill()
    showing.release()
    await again(on)
    assert await seen.ended(card, 10) == "SUCCEEDED"
    await exactly_one_change(seen, before)


async def again(on: Stage) -> None:
    await on.bot.start()
    await connected(on.slack, on.bot)


async def exactly_one_change(seen: Seen, before: int) -> None:
    deployment = seen.deployment()
    assert seen.generation == before + 1
    proposal, state, decided_at = seen.rows("SELECT id, state, decided_at FROM proposals")[0]
    assert state == "SUCCEEDED"
    assert deployment["metadata"]["annotations"]["ask-claude.io/proposal"] == proposal
    restarted = deployment["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"]
    assert restarted == f"{decided_at[:10]}T{decided_at[11:19]}Z"
    kinds = seen.audit()
    assert kinds.index("vote.cast") < kinds.index("execution.intent") < kinds.index("execution.sent")
    assert kinds.count("execution.result") == 1
    assert len(kinds) >= 4
    database = Database(f"sqlite:///{seen.database}")
    try:
        verified = await SqlAudit(database).verify()
    finally:
        await database.close()
    assert verified.fault is None
    assert verified.count == len(kinds)
