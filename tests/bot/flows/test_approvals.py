"""Votes of several people, who may not, what lapses, and what every copy of a card shows."""

import contextlib
import random
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.store.database import Database
from bot.changes import Transition
from bot.demo.cluster_emulator.resources import DEPLOYMENTS
from bot.domain import Proposal, ProposalId, ProposalState
from bot.flows.judging import PAUSED
from bot.lifecycle import NoCheckpoints, Point
from bot.stores import AuditEntry
from prove._direct import DirectCluster, Fate
from prove._engine import CHANNEL, NAMESPACE, REDACTOR, Engine, Ground, Townsfolk, ask, click, engine, seen, thread_of
from safety.approval import Verdict
from safety.policy import Mode, Policy
from safety.validator import Refusal
from tests.fakes import START, FixedClock

S = ProposalState
ALICE, BOB, CAROL = "U0ALICE", "U0BOB", "U0CAROL"


def rules(**approval: Any) -> Policy:
    rule = {"environments": ["dev"], "not_during_rollout": False}
    return Policy.model_validate(
        {
            "version": 1,
            "mode": "auto",
            "environments": {"dev": {"namespaces": [NAMESPACE]}},
            "actions": {"restart_deployment": rule, "scale_deployment": {"environments": ["dev"]}},
            "approvals": {"default": {"users": [ALICE, BOB, CAROL], **approval}},
            "limits": {"per_namespace_per_hour": 10},
        }
    )


class Yard:
    """The engine on a cluster of two deployments, and what people do with it."""

    def __init__(self, database: Database, clock: FixedClock, policy: Policy) -> None:
        self.clock, self.people = clock, Townsfolk()
        self.cluster = DirectCluster(["plum", "cherry"], random.Random(1), START)
        self.ground = Ground(database, clock, self.people, self.cluster, self.cluster, policy)
        self.own: Engine = engine(self.ground, NoCheckpoints())
        self._presses = 0
        self.pauses_at: Point | None = None
        self.leaves_at: Point | None = None
        self.file: Path | None = None

    async def propose(self, name: str = "plum", thread: str = "1.0", key: str = "job", **more: Any) -> Proposal | None:
        uid = (await self.cluster.get("Deployment", NAMESPACE, name))["metadata"]["uid"]
        kind = "scale_deployment" if "to" in more else "restart_deployment"
        wish = ask(key, thread, seen(name, uid), kind, more.get("requested_by"), more.get("to"))
        return await self.own.changes.proposals.propose(wish)

    async def made(self, name: str = "plum", thread: str = "1.0", key: str = "job", **more: Any) -> Proposal:
        found = await self.propose(name, thread, key, **more)
        assert found is not None
        return found

    async def vote(self, proposal: Proposal, user: str, verdict: Verdict = Verdict.APPROVE) -> None:
        await self.own.changes.decisions.decide(self._click(proposal, user, verdict))

    def _click(self, proposal: Proposal, user: str, verdict: Verdict = Verdict.APPROVE) -> Any:
        self._presses += 1
        target = proposal.id, proposal.digest, proposal.thread.thread_ts
        return click(self.own, target, user, verdict, f"press {self._presses}")

    async def run(self) -> None:
        executor = self.own.changes.executor
        assert executor is not None
        while (claimed := await executor.claim()) is not None:
            await executor.carry_out(claimed)

    async def undo(self, proposal: Proposal, user: str = ALICE) -> Proposal | None:
        return await self.own.changes.undoing.undo(self._click(proposal, user).press)

    async def settle(self, proposal: Proposal, user: str) -> bool:
        return await self.own.changes.settling.settle(self._click(proposal, user).press, REDACTOR.text("it did not"))

    async def now(self, proposal: Proposal) -> Proposal:
        found = await self.own.proposals.get(proposal.id)
        assert found is not None
        return found

    async def state(self, proposal: Proposal) -> ProposalState:
        return (await self.now(proposal)).state

    def passed(self, point: Point, _proposal: str) -> None:
        """What somebody does just then."""
        if point is self.pauses_at:
            assert self.file is not None
            with contextlib.closing(sqlite3.connect(self.file)) as connection:
                connection.execute("INSERT INTO flags VALUES ('paused', 'U0BOB', '2026-11-22 10:00:00.000000')")
                connection.commit()
        if point is self.leaves_at:
            self.people.gone.add(ALICE)
        if point is Point.RETREATED:
            self.cluster.fates = (Fate.ARRIVES,)

    def templates(self) -> list[Any]:
        return [each["spec"]["template"] for each in self.cluster.store.all_of(DEPLOYMENTS, NAMESPACE)]

    def replicas(self, name: str = "plum") -> int:
        found = self.cluster.store.all_of(DEPLOYMENTS, NAMESPACE)
        return next(int(each["spec"]["replicas"]) for each in found if each["metadata"]["name"] == name)

    async def audited(self, proposal: Proposal) -> list[str]:
        return [each.type for each in await self.own.stores.audit.records(proposal.id)]

    async def cards(self, proposal: Proposal) -> list[str]:
        shown = []
        for copy in await self.own.proposals.copies(proposal.id):
            parcel = await self.own.chat.parcel(copy.key)
            shown.append(str(parcel.message.blocks))
        return shown


@pytest.fixture
async def yard(database: Database, clock: FixedClock, database_file: Path) -> Yard:
    made = Yard(database, clock, rules())
    made.file = database_file
    return made


@pytest.fixture
async def of_two(database: Database, clock: FixedClock) -> Yard:
    """Two people have to approve."""
    return Yard(database, clock, rules(count=2))


# ---- votes ----------------------------------------------------------------------------------------------------------


async def test_two_different_people_have_to_approve_and_the_card_names_the_first(of_two: Yard) -> None:
    made = await of_two.made()
    await of_two.vote(made, ALICE)
    await of_two.vote(made, ALICE)
    assert await of_two.state(made) is S.PENDING
    (card,) = await of_two.cards(made)
    assert f"1 of 2 approvals: <@{ALICE}>" in card
    await of_two.vote(made, BOB)
    assert await of_two.state(made) is S.APPROVED
    assert (await of_two.now(made)).approvers == (ALICE, BOB)


async def test_a_denial_ends_it_also_after_an_approval_and_of_the_same_person(of_two: Yard) -> None:
    made = await of_two.made()
    await of_two.vote(made, ALICE)
    await of_two.vote(made, ALICE, Verdict.DENY)
    assert await of_two.state(made) is S.DENIED
    assert (await of_two.now(made)).approvers == ()


async def test_whoever_asked_counts_neither_as_the_first_nor_as_the_second(of_two: Yard) -> None:
    made = await of_two.made(requested_by=ALICE)
    for user in (ALICE, BOB, ALICE):
        await of_two.vote(made, user)
    assert await of_two.state(made) is S.PENDING
    assert (await of_two.now(made)).approvers == (BOB,)
    assert (await of_two.audited(made)).count("vote.refused") == 2


async def test_before_it_is_sent_all_who_approved_are_asked_for_again(of_two: Yard) -> None:
    made = await of_two.made()
    await of_two.vote(made, ALICE)
    await of_two.vote(made, BOB)
    of_two.people.gone.add(ALICE)
    await of_two.run()
    assert await of_two.state(made) is S.BLOCKED


async def test_a_vote_after_the_time_is_over_or_during_a_pause_does_not_count(yard: Yard) -> None:
    made = await yard.made()
    entry = AuditEntry("mode.changed", REDACTOR.json({}))
    await yard.own.stores.flags.set(PAUSED, BOB, yard.clock.now(), entry)
    await yard.vote(made, ALICE)
    assert await yard.state(made) is S.PENDING
    await yard.own.stores.flags.clear(PAUSED, yard.clock.now(), entry)
    yard.clock.pass_by(minutes=30)
    await yard.vote(made, ALICE)
    assert await yard.state(made) is S.PENDING
    assert await yard.own.changes.lapses.expire() == 1
    assert await yard.state(made) is S.EXPIRED


async def test_what_was_denied_is_not_proposed_again_for_an_hour(yard: Yard) -> None:
    made = await yard.made()
    await yard.vote(made, BOB, Verdict.DENY)
    assert await yard.propose(key="again", thread="2.0") is None
    yard.clock.pass_by(minutes=61)
    assert await yard.propose(key="later", thread="2.0") is not None


# ---- what ends what waits -------------------------------------------------------------------------------------------


async def test_a_newer_proposal_for_the_same_object_takes_the_place_of_the_older(yard: Yard) -> None:
    older = await yard.made()
    newer = await yard.made(key="other", to=4)
    assert await yard.state(older) is S.CANCELLED
    assert await yard.state(newer) is S.PENDING
    (card,) = await yard.cards(older)
    assert "took its place" in card
    assert "approve" not in card


async def test_an_incident_that_is_over_cancels_what_was_proposed_for_it_and_nothing_else(yard: Yard) -> None:
    made, other = await yard.made(), await yard.made("cherry", "2.0")
    assert await yard.own.changes.lapses.cancel(thread_of("1.0"), "it is over") == 1
    assert [await yard.state(each) for each in (made, other)] == [S.CANCELLED, S.PENDING]


async def test_no_move_is_made_that_the_table_does_not_have(yard: Yard) -> None:
    made = await yard.made()
    await yard.vote(made, ALICE, Verdict.DENY)
    for to in S:
        entry = AuditEntry("state.changed", REDACTOR.json({}), made.id)
        assert not await yard.own.proposals.move(Transition(made.id, tuple(S), to, entry), yard.clock.now())
    assert await yard.state(made) is S.DENIED


async def test_the_same_change_in_another_thread_shows_the_same_card_there_and_both_change(yard: Yard) -> None:
    made = await yard.made()
    again = await yard.made(thread="2.0", key="again")
    assert again.id == made.id
    copies = await yard.own.proposals.copies(made.id)
    assert {(each.place.channel, each.place.thread_ts) for each in copies} == {(CHANNEL, "1.0"), (CHANNEL, "2.0")}
    await yard.vote(made, ALICE)
    await yard.run()
    assert all("*Done*" in each for each in await yard.cards(made))


# ---- carried out ----------------------------------------------------------------------------------------------------


async def test_an_object_that_somebody_changed_is_left_alone(yard: Yard) -> None:
    made = await yard.made()
    await yard.vote(made, ALICE)
    yard.cluster.foreign_write("plum")
    await yard.run()
    assert await yard.state(made) is S.STALE


async def test_a_pause_between_the_check_and_the_send_stops_it(yard: Yard) -> None:
    made = await yard.made()
    await yard.vote(made, ALICE)
    yard.own = engine(yard.ground, yard)
    yard.pauses_at = Point.TRIED
    await yard.run()
    assert await yard.state(made) is S.BLOCKED
    assert "execution.sent" not in await yard.audited(made)


async def test_a_request_that_is_late_finds_the_object_closed_after_a_no(yard: Yard) -> None:
    made = await yard.made()
    await yard.vote(made, ALICE)
    yard.own = engine(yard.ground, yard)
    yard.cluster.fates, yard.leaves_at = (Fate.LATE,), Point.NOTED
    await yard.run()
    assert await yard.state(made) is S.BLOCKED
    stood = yard.templates()
    yard.cluster.deliver_late()
    assert yard.templates() == stood


# ---- the way back ---------------------------------------------------------------------------------------------------


async def test_a_change_is_taken_back_by_a_proposal_of_its_own_and_only_once(yard: Yard) -> None:
    made = await yard.made(to=4)
    await yard.vote(made, ALICE)
    await yard.run()
    assert yard.replicas() == 4
    (card,) = await yard.cards(made)
    assert "Undo" in card
    back = await yard.undo(made)
    assert back is not None
    assert (back.undo_of, back.digest == made.digest, back.state) == (made.id, False, S.PENDING)
    await yard.vote(back, BOB)
    await yard.run()
    assert (await yard.state(back), yard.replicas()) == (S.SUCCEEDED, 3)
    assert await yard.undo(made) is None
    assert await yard.undo(back) is None


async def test_two_presses_of_undo_at_the_same_time_make_one_proposal(yard: Yard) -> None:
    made = await yard.made(to=4)
    await yard.vote(made, ALICE)
    await yard.run()
    first = await yard.undo(made)
    assert first is not None
    again = replace(first, id=ProposalId("p_again"), digest=first.digest, thread=thread_of("9.0"))
    payload = await yard.own.proposals.payload(first.id)
    entry = AuditEntry("proposal.created", REDACTOR.json({}), again.id)
    assert isinstance(await yard.own.proposals.create(again, payload, entry), Refusal)


async def test_an_undo_is_refused_when_somebody_changed_the_object_since(yard: Yard) -> None:
    made = await yard.made(to=4)
    await yard.vote(made, ALICE)
    await yard.run()
    yard.cluster.foreign_write("plum")
    assert await yard.undo(made) is None
    assert "undo.refused" in await yard.audited(made)


async def test_an_undo_is_not_for_everybody_and_not_for_what_has_none(yard: Yard) -> None:
    made = await yard.made(to=4)
    await yard.vote(made, ALICE)
    await yard.run()
    assert await yard.undo(made, "U0STRANGER") is None
    restarted = await yard.made("cherry", "2.0")
    await yard.vote(restarted, ALICE)
    await yard.run()
    assert await yard.undo(restarted) is None


# ---- what nobody knows ----------------------------------------------------------------------------------------------


async def test_an_outcome_that_nobody_knows_calls_the_approvers_and_holds_the_object_until_it_is_settled(
    yard: Yard,
) -> None:
    made = await yard.made()
    await yard.vote(made, ALICE)
    yard.cluster.fates = (Fate.LOST,)
    await yard.run()
    assert await yard.state(made) is S.UNKNOWN
    page = await yard.own.chat.parcel(f"proposal:{made.id}:page")
    assert (page.place.channel, page.place.thread_ts) == (CHANNEL, None)
    assert f"<@{ALICE}>" in str(page.message.text)
    yard.clock.pass_by(minutes=61)
    assert await yard.propose(key="again", thread="2.0") is None
    assert not await yard.settle(made, "U0STRANGER")
    assert await yard.settle(made, BOB)
    assert not await yard.settle(made, CAROL)
    assert (await yard.now(made)).settled_by == BOB
    assert "execution.settled" in await yard.audited(made)
    assert await yard.propose(key="then", thread="3.0") is not None


# ---- without a person -----------------------------------------------------------------------------------------------


def alone(grace: int = 0, **approval: Any) -> Policy:
    """Rules under which a restart in dev needs nobody, and starts so many seconds after it was proposed."""
    plain = rules(**approval).model_dump(mode="python")
    auto = {"environments": ["dev"], "actions": ["restart_deployment"], "grace": f"{grace}s"}
    return Policy.model_validate({**plain, "auto": auto})


async def raised(yard: Yard, mode: Mode = "auto", **changed: Any) -> Proposal | None:
    """What becomes of a restart that an alert brought up."""
    yard.own = engine(replace(yard.ground, mode=mode), NoCheckpoints())
    uid = (await yard.cluster.get("Deployment", NAMESPACE, "plum"))["metadata"]["uid"]
    thread = changed.get("thread", "1.0")
    wish = ask("alert", thread, seen("plum", uid), "restart_deployment", changed.get("requested_by"))
    wanted = replace(wish.wanted, reason_by_rules=changed.get("by_rules", True))
    return await yard.own.changes.proposals.propose(replace(wish, wanted=wanted, by_policy=True))


async def test_the_policy_approves_where_it_says_so_and_is_the_approver_on_record(
    database: Database, clock: FixedClock
) -> None:
    yard = Yard(database, clock, alone())
    made = await raised(yard)
    assert made is not None
    assert (made.state, made.by_policy, made.approvers) == (S.APPROVED, True, ("policy",))
    await yard.run()
    assert await yard.state(made) is S.SUCCEEDED
    (card,) = await yard.cards(made)
    assert "approved by policy (rule `auto: restart_deployment in dev`), no person was asked" in card
    types = await yard.audited(made)
    assert types[:3] == ["proposal.created", "vote.cast", "execution.intent"]


@pytest.mark.parametrize(
    ("policy", "changed"),
    [
        (rules(), {}),
        (alone(), {"mode": "approve"}),
        (alone(count=2), {}),
        (alone(), {"by_rules": False}),
        (alone(), {"requested_by": BOB}),
    ],
)
async def test_people_are_asked_where_the_policy_may_not_or_words_brought_it_up(
    database: Database, clock: FixedClock, policy: Policy, changed: dict[str, Any]
) -> None:
    yard = Yard(database, clock, policy)
    made = await raised(yard, **changed)
    assert made is not None
    assert (made.state, made.by_policy, made.approvers) == (S.PENDING, False, ())
    await yard.run()
    assert await yard.state(made) is S.PENDING
    await yard.vote(made, ALICE)
    await yard.vote(made, BOB)
    assert await yard.state(made) is S.APPROVED


async def test_until_its_time_has_come_it_waits_and_then_it_starts_once(database: Database, clock: FixedClock) -> None:
    yard = Yard(database, clock, alone(grace=60))
    made = await raised(yard)
    assert made is not None
    (card,) = await yard.cards(made)
    assert "*Starts by itself* at <!date^" in card
    assert "approved by policy (rule `auto: restart_deployment in dev`), no person is asked" in card
    assert "'action_id': 'deny'" in card
    assert "'action_id': 'approve'" not in card
    yard.clock.pass_by(seconds=59)
    assert await yard.own.changes.votes.cast_due() == 0
    await yard.run()
    assert (await yard.now(made)).state is S.PENDING
    yard.clock.pass_by(seconds=1)
    assert await yard.own.changes.votes.cast_due() == 1
    assert await yard.own.changes.votes.cast_due() == 0
    await yard.run()
    assert await yard.state(made) is S.SUCCEEDED
    assert (await yard.audited(made)).count("vote.cast") == 1


async def test_a_restart_of_the_bot_does_not_forget_what_was_to_start(database: Database, clock: FixedClock) -> None:
    yard = Yard(database, clock, alone(grace=60))
    made = await raised(yard)
    assert made is not None
    yard.clock.pass_by(seconds=90)
    yard.own = engine(replace(yard.ground, mode="auto"), NoCheckpoints())
    assert await yard.own.changes.votes.cast_due() == 1
    await yard.run()
    assert await yard.state(made) is S.SUCCEEDED


async def test_a_deny_a_pause_or_the_end_of_the_incident_ends_it_before_it_starts(
    database: Database, clock: FixedClock
) -> None:
    yard = Yard(database, clock, alone(grace=60))
    before = yard.templates()
    made = await raised(yard)
    assert made is not None
    await yard.vote(made, "U0STRANGER", Verdict.DENY)
    assert await yard.state(made) is S.PENDING
    await yard.vote(made, CAROL, Verdict.DENY)
    yard.clock.pass_by(seconds=60)
    assert await yard.own.changes.votes.cast_due() == 0
    assert await yard.state(made) is S.DENIED
    yard.clock.pass_by(minutes=61)
    paused = await raised(yard, thread="2.0")
    assert paused is not None
    entry = AuditEntry("mode.changed", REDACTOR.json({"paused": True}))
    await yard.own.stores.flags.set(PAUSED, BOB, yard.clock.now(), entry)
    yard.clock.pass_by(seconds=60)
    assert await yard.own.changes.votes.cast_due() == 0
    assert await yard.own.changes.lapses.expire() == 1
    assert await yard.state(paused) is S.CANCELLED
    await yard.own.stores.flags.clear(PAUSED, yard.clock.now(), entry)
    over = await raised(yard, thread="3.0")
    assert over is not None
    assert await yard.own.changes.lapses.cancel(thread_of("3.0"), "it is over") == 1
    yard.clock.pass_by(seconds=60)
    assert await yard.own.changes.votes.cast_due() == 0
    assert await yard.state(over) is S.CANCELLED
    assert yard.templates() == before


async def test_nobody_approves_what_the_policy_does(database: Database, clock: FixedClock) -> None:
    yard = Yard(database, clock, alone(grace=60))
    made = await raised(yard)
    assert made is not None
    await yard.vote(made, ALICE)
    assert await yard.state(made) is S.PENDING
    assert "vote.refused" in await yard.audited(made)
    yard.clock.pass_by(seconds=60)
    assert await yard.own.changes.votes.cast_due() == 1
    assert (await yard.now(made)).approvers == ("policy",)


async def test_a_pause_or_another_mode_before_the_start_stops_what_the_policy_approved(
    database: Database, clock: FixedClock
) -> None:
    yard = Yard(database, clock, alone())
    made = await raised(yard)
    assert made is not None
    yard.own = engine(replace(yard.ground, mode="approve"), NoCheckpoints())
    before = yard.templates()
    await yard.run()
    assert await yard.state(made) is S.BLOCKED
    assert yard.templates() == before
