"""The state machine of proposals: guarded, audited, at most once, and all of it in one transaction."""

import asyncio
import json
import re
import sqlite3
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.store.database import Database
from bot.adapters.store.outbox import Outbox
from bot.domain import Proposal, ProposalId, ProposalState, ThreadId, Vote
from bot.ports import Place, Rendered, Saying
from bot.stores import About, Ballot, Sending, Stores, Voted
from bot.wiring import make_stores
from safety.actions import Digest, digest
from safety.redaction import Redactor
from tests.fakes import START, FixedClock
from tests.proposals import (
    POLICY,
    RED,
    THREAD,
    entry,
    payload,
    proposal,
    red,
    restart,
    rollback,
    saying,
    transition,
)

P1 = ProposalId("p1")
LEASE = timedelta(seconds=30)
OTHER = ThreadId(THREAD.team, THREAD.channel, "1763800009.000100")
LONG_AGO = START - timedelta(hours=1)
S = ProposalState


async def _create(stores: Stores, made: Proposal) -> Proposal:
    assert await stores.proposals.create(made, payload(), entry("proposal.created", made.id))
    return made


async def _in_state(stores: Stores, state: ProposalState) -> None:
    """A proposal p1 that stands in some state; created in it, because no path leads to every one."""
    await _create(stores, proposal(state=state))


async def _approved(stores: Stores, id_: str = "p1", name: str = "plum", thread: ThreadId = THREAD) -> None:
    await _create(stores, proposal(id_, restart(name), thread=thread))
    fields = {"decided_by": "U0CAROL", "decided_at": START}
    assert await stores.proposals.move(transition(S.APPROVED, S.PENDING, id_=id_, fields=fields), START)


async def _claim(stores: Stores, clock: FixedClock) -> Proposal | None:
    now = clock.now()
    return await stores.proposals.claim(now, now + LEASE, now - timedelta(minutes=5))


async def _get(stores: Stores, id_: str = "p1") -> Proposal:
    found = await stores.proposals.get(ProposalId(id_))
    assert found is not None
    return found


async def _types(stores: Stores) -> list[str]:
    return [each.type for each in await stores.audit.records(P1)]


# ---- what is kept ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [restart(), rollback()])
async def test_a_proposal_comes_back_as_it_went_in(stores: Stores, action: Any) -> None:
    made = await _create(stores, proposal(action=action))
    assert await _get(stores) == made
    assert await stores.proposals.payload(P1) == payload()


async def test_a_proposal_is_created_once(stores: Stores) -> None:
    await _create(stores, proposal())
    assert not await stores.proposals.create(proposal(why=red("another")), payload(), entry("proposal.created"))
    assert (await _get(stores)).why == proposal().why
    assert await _types(stores) == ["proposal.created"]


async def test_nobody_knows_a_proposal_that_was_never_made(stores: Stores) -> None:
    assert await stores.proposals.get(ProposalId("p9")) is None
    assert not await stores.proposals.was_sent(ProposalId("p9"))
    with pytest.raises(LookupError, match="p9"):
        await stores.proposals.payload(ProposalId("p9"))


async def test_a_tampered_action_no_longer_fits_its_digest(stores: Stores, database_file: Path) -> None:
    await _create(stores, proposal())
    connection = sqlite3.connect(database_file)
    (action,) = connection.execute("SELECT action FROM proposals").fetchone()
    other = json.loads(action)
    other["target"]["name"] = "cherry"
    connection.execute("UPDATE proposals SET action = ?", (json.dumps(other),))
    connection.commit()
    connection.close()
    found = await _get(stores)
    assert found.action.target.name == "cherry"
    assert digest(found.action, POLICY.sha256) != found.digest


# ---- transitions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "source"), [(a, b) for a, b in product(S, S) if a is not b and b is S.PENDING])
async def test_a_vote_moves_nothing_that_is_not_pending(
    stores: Stores, outbox: Outbox, clock: FixedClock, state: ProposalState, source: ProposalState
) -> None:
    await _in_state(stores, state)
    assert not await stores.proposals.move(transition(S.APPROVED, source, says=(saying(),)), clock.now())
    assert (await _get(stores)).state is state
    assert await _types(stores) == ["proposal.created"]
    assert await outbox.due(clock.now()) == []


@pytest.mark.parametrize(
    ("source", "to"),
    [
        (S.PENDING, S.APPROVED),
        (S.PENDING, S.DENIED),
        (S.PENDING, S.EXPIRED),
        (S.PENDING, S.CANCELLED),
        (S.APPROVED, S.EXPIRED),
        (S.EXECUTING, S.SUCCEEDED),
        (S.EXECUTING, S.FAILED),
        (S.EXECUTING, S.STALE),
        (S.EXECUTING, S.BLOCKED),
        (S.EXECUTING, S.UNKNOWN),
    ],
)
async def test_state_audit_row_and_message_commit_together(
    stores: Stores, outbox: Outbox, clock: FixedClock, source: ProposalState, to: ProposalState
) -> None:
    await _in_state(stores, source)
    assert await stores.proposals.move(transition(to, source, says=(saying(),)), clock.now())
    assert (await _get(stores)).state is to
    assert await _types(stores) == ["proposal.created", "state.changed"]
    assert [each.key for each in await outbox.due(clock.now())] == ["proposal:p1"]


async def test_a_message_that_cannot_be_stored_takes_the_whole_change_back(
    stores: Stores, outbox: Outbox, clock: FixedClock
) -> None:
    await _in_state(stores, S.PENDING)
    raw: Any = "never redacted"
    bad = Saying("proposal:p1", Place("T", "C"), Rendered(raw))
    with pytest.raises(Exception, match="redacted"):
        await stores.proposals.move(transition(S.APPROVED, S.PENDING, says=(saying("other"), bad)), clock.now())
    assert (await _get(stores)).state is S.PENDING
    assert await _types(stores) == ["proposal.created"]
    assert await outbox.due(clock.now()) == []


async def test_a_vote_after_the_time_is_no_approval_but_a_denial_still_counts(
    stores: Stores, clock: FixedClock
) -> None:
    await _in_state(stores, S.PENDING)
    clock.pass_by(minutes=30)
    assert not await stores.proposals.move(transition(S.APPROVED, S.PENDING), clock.now())
    assert await stores.proposals.move(transition(S.DENIED, S.PENDING), clock.now())


async def test_twenty_votes_at_once_are_one_decision(stores: Stores, database_url: str, clock: FixedClock) -> None:
    await _in_state(stores, S.PENDING)
    second = Database(database_url)
    others = make_stores(second, Redactor())
    verdicts = [S.APPROVED, S.DENIED] * 5
    moves = [
        each.proposals.move(transition(to, S.PENDING), clock.now()) for to in verdicts for each in (stores, others)
    ]
    assert sorted(await asyncio.gather(*moves)) == [False] * 19 + [True]
    assert len(await _types(stores)) == 2
    assert (await stores.audit.verify()).fault is None
    await second.close()


# ---- the claim ------------------------------------------------------------------------------------------------------


async def test_an_approved_one_is_claimed_once_with_a_fence_and_an_intent(stores: Stores, clock: FixedClock) -> None:
    await _approved(stores)
    claimed = await _claim(stores, clock)
    assert claimed is not None
    assert (claimed.state, claimed.fence, claimed.attempts) == (S.EXECUTING, 1, 1)
    assert await _claim(stores, clock) is None
    (*_, intent) = await stores.audit.records(P1)
    assert intent.type == "execution.intent"
    assert json.loads(intent.payload)["action"] == restart().model_dump(mode="json")
    assert json.loads(intent.payload)["approved_by"] == "U0CAROL"


async def test_two_processes_that_claim_at_once_get_it_once(
    stores: Stores, database_url: str, clock: FixedClock
) -> None:
    await _approved(stores)
    second = Database(database_url)
    others = make_stores(second, Redactor())
    claims = await asyncio.gather(*(_claim(each, clock) for _ in range(5) for each in (stores, others)))
    assert len([each for each in claims if each is not None]) == 1
    await second.close()


@pytest.mark.parametrize("state", [each for each in S if each is not S.APPROVED and each is not S.EXECUTING])
async def test_nothing_but_an_approved_one_is_claimed(stores: Stores, clock: FixedClock, state: ProposalState) -> None:
    await _create(stores, proposal(state=state))
    assert await _claim(stores, clock) is None


async def test_an_approval_that_waited_too_long_is_not_claimed_and_is_due_to_expire(
    stores: Stores, clock: FixedClock
) -> None:
    await _approved(stores)
    clock.pass_by(minutes=5)
    assert await _claim(stores, clock) is None
    due = await stores.proposals.due(clock.now(), clock.now() - timedelta(minutes=5))
    assert [each.id for each in due] == ["p1"]


async def test_one_target_has_one_execution_and_the_next_waits_for_its_end(stores: Stores, clock: FixedClock) -> None:
    await _approved(stores, "p1")
    await _approved(stores, "p2", thread=OTHER)
    await _approved(stores, "p3", "cherry")
    first, other = await _claim(stores, clock), await _claim(stores, clock)
    assert first is not None
    assert other is not None
    assert [first.id, other.id] == ["p1", "p3"]
    assert await _claim(stores, clock) is None
    assert await stores.proposals.move(transition(S.SUCCEEDED, S.EXECUTING, fence=1), clock.now())
    second = await _claim(stores, clock)
    assert second is not None
    assert second.id == "p2"


async def test_a_lease_that_ran_out_is_taken_over_and_the_old_holder_can_do_nothing_more(
    stores: Stores, clock: FixedClock
) -> None:
    await _approved(stores)
    old = await _claim(stores, clock)
    assert old is not None
    clock.pass_by(seconds=31)
    new = await _claim(stores, clock)
    assert new is not None
    assert (new.fence, new.attempts) == (2, 2)
    until = clock.now() + LEASE
    assert not await stores.proposals.holds(P1, old.fence, until)
    assert not await stores.proposals.sending(Sending(P1, old.fence, entry("execution.sent")), clock.now())
    assert not await stores.proposals.move(transition(S.SUCCEEDED, S.EXECUTING, fence=old.fence), clock.now())
    assert not await stores.proposals.was_sent(P1)
    assert await stores.proposals.holds(P1, new.fence, until)
    assert "execution.sent" not in await _types(stores)


async def test_a_lease_that_is_extended_is_not_taken_over(stores: Stores, clock: FixedClock) -> None:
    await _approved(stores)
    await _claim(stores, clock)
    clock.pass_by(seconds=20)
    assert await stores.proposals.holds(P1, 1, clock.now() + LEASE)
    clock.pass_by(seconds=20)
    assert await _claim(stores, clock) is None


async def test_a_send_is_noted_before_it_leaves(stores: Stores, clock: FixedClock) -> None:
    await _approved(stores)
    await _claim(stores, clock)
    assert await stores.proposals.sending(Sending(P1, 1, entry("execution.sent")), clock.now())
    assert await stores.proposals.was_sent(P1)
    assert (await _types(stores))[-1] == "execution.sent"


# ---- votes ----------------------------------------------------------------------------------------------------------


async def _vote(stores: Stores, clock: FixedClock, digest: str | None = None) -> Voted:
    made = await _get(stores)
    cast = Vote("U0CAROL", "T0DEMO", "approve", Digest(digest or made.digest), clock.now())
    return await stores.proposals.vote(
        Ballot(P1, cast, entry("vote.cast")), lambda _p, _c: Rendered(red("card")), clock.now()
    )


async def test_a_vote_at_the_last_moment_and_one_too_late(stores: Stores, clock: FixedClock) -> None:
    await _in_state(stores, S.PENDING)
    clock.pass_by(minutes=30)
    late = await _vote(stores, clock)
    assert (late.state, late.refused is not None) == (S.PENDING, True)
    clock.pass_by(seconds=-1)
    assert (await _vote(stores, clock)).state is S.APPROVED


async def test_a_vote_about_another_change_does_not_count(stores: Stores, clock: FixedClock) -> None:
    await _in_state(stores, S.PENDING)
    assert (await _vote(stores, clock, "sha256:" + "0" * 64)).state is S.PENDING
    assert (await _get(stores)).votes == ()


async def test_a_vote_during_a_pause_does_not_count(stores: Stores, clock: FixedClock) -> None:
    await _in_state(stores, S.PENDING)
    await stores.flags.set("paused", "U0BOB", clock.now(), entry("mode.changed"))
    assert "U0BOB" in str((await _vote(stores, clock)).refused)
    assert (await _get(stores)).state is S.PENDING


# ---- looking --------------------------------------------------------------------------------------------------------


async def test_the_effect_is_reported_once(stores: Stores, clock: FixedClock) -> None:
    await _in_state(stores, S.SUCCEEDED)
    assert [each.id for each in await stores.proposals.unverified()] == ["p1"]
    assert await stores.proposals.set_verified(P1, "effective", entry("execution.verified"), clock.now())
    assert not await stores.proposals.set_verified(P1, "effective", entry("execution.verified"), clock.now())
    assert await stores.proposals.unverified() == []
    assert (await _types(stores)).count("execution.verified") == 1


async def test_pending_ones_are_due_when_their_time_is_over(stores: Stores, clock: FixedClock) -> None:
    await _in_state(stores, S.PENDING)
    assert await stores.proposals.due(clock.now(), LONG_AGO) == []
    clock.pass_by(minutes=30)
    assert [each.id for each in await stores.proposals.due(clock.now(), LONG_AGO)] == ["p1"]


async def test_recent_changes_are_counted_by_object_and_namespace_and_only_if_they_were_sent(
    stores: Stores, clock: FixedClock
) -> None:
    await _approved(stores, "p1")
    await _approved(stores, "p2", "cherry")
    await _claim(stores, clock)
    await _claim(stores, clock)
    await stores.proposals.sending(Sending(P1, 1, entry("execution.sent")), clock.now())
    assert await _counts(stores, clock, "plum") == (1, 1)
    assert await _counts(stores, clock, "cherry") == (0, 1)
    assert await _counts(stores, clock, "fig", "elsewhere") == (0, 0)
    assert await stores.proposals.in_flight("uid-of-cluster/orchard/Deployment/plum")
    assert not await stores.proposals.in_flight("uid-of-cluster/orchard/Deployment/apple")
    clock.pass_by(minutes=61)
    assert await _counts(stores, clock, "plum") == (0, 0)


async def _counts(stores: Stores, clock: FixedClock, name: str, namespace: str = "orchard") -> tuple[int, int]:
    """What was sent within the hour for an object, and in its namespace."""
    key = f"uid-of-cluster/{namespace}/Deployment/{name}"
    tally = await stores.proposals.tally(About(ProposalId(""), THREAD, key, "restart_deployment", ""), clock.now())
    return tally.on_target, tally.in_namespace


async def test_a_deployment_whose_name_begins_like_another_is_not_counted_with_it(
    stores: Stores, clock: FixedClock
) -> None:
    await _approved(stores, "p1", "plum-cake")
    await _claim(stores, clock)
    await stores.proposals.sending(Sending(P1, 1, entry("execution.sent")), clock.now())
    assert await _counts(stores, clock, "plum") == (0, 1)


async def test_a_thread_knows_its_proposals_in_order_and_where_their_cards_stand(stores: Stores) -> None:
    await _create(stores, proposal("p2", created_at=START + timedelta(seconds=1)))
    await _create(stores, proposal("p1"))
    await stores.proposals.placed(P1, "9.0")
    found = await stores.proposals.of_thread(THREAD)
    assert [(each.id, each.message_ts) for each in found] == [("p1", "9.0"), ("p2", None)]


async def test_only_open_ones_are_counted_as_open(stores: Stores) -> None:
    for number, state in enumerate(S):
        await _create(stores, proposal(f"p{number}", restart(f"d{number}"), state=state))
    assert await stores.proposals.open_count() == 3


async def test_secrets_in_what_people_wrote_are_gone_in_the_store(stores: Stores, database_file: Path) -> None:
    secret = "ghp_" + "Z9y8" * 9
    await _create(stores, proposal(why=RED.text(f"use {secret}")))
    assert secret.encode() not in _bytes_of(database_file)


def _bytes_of(path: Path) -> bytes:
    """The database with its journal, in which a fresh row stands first."""
    found = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    assert re.search(rb"\[[A-Z_]+:[0-9a-f]{4}\]", found)
    return found
