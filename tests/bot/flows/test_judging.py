"""What the validator is asked with: live facts, counts that leave the asker out, and who somebody is now."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain import Proposal, ProposalId, ProposalState
from bot.flows.judging import PAUSED, Judge
from bot.stores import Sending, Stores
from safety.actions import RestartDeployment, digest
from safety.policy import Mode, Policy
from safety.redaction import Redactor
from safety.validator import Clearance, Facts, Refusal, Revision
from tests.fakes import START, FakePeople, FixedClock
from tests.fixtures import TEAM
from tests.proposals import POLICY, entry, payload, proposal, restart, target, transition
from tools.adapters.no_cluster import NoCluster
from tools.world import Reader

RED = Redactor()
S = ProposalState


def facts(name: str = "plum", **changed: Any) -> Facts:
    plain: dict[str, Any] = {
        "observed_at": START,
        "cluster": "uid-of-cluster",
        "cluster_name": "no cluster",
        "namespace": "orchard",
        "namespace_labels": {},
        "namespace_terminating": False,
        "uid": f"uid-{name}",
        "generation": 4,
        "observed_generation": 4,
        "resource_version": "77",
        "desired": 3,
        "ready": 3,
        "updated": 3,
        "available": 3,
        "strategy": "RollingUpdate",
        "paused": False,
        "deleting": False,
        "rollout_under_way": False,
        "revision": 4,
        "template_hash": "aaaa",
        "revisions": (Revision(3, "6f7c9", ("plum:3",)), Revision(4, "aaaa", ("plum:4",))),
        "marker": None,
    }
    return Facts(**{**plain, **changed})


@pytest.fixture
def people() -> FakePeople:
    return FakePeople({each: TEAM for each in ("U0ALICE", "U0BOB", "U0CAROL")}, {"S0ONCALL": ["U0ALICE"]})


def judge(
    stores: Stores, people: FakePeople, clock: FixedClock, mode: Mode = "approve", policy: Policy = POLICY
) -> Judge:
    return Judge(policy, mode, stores, people, clock, Reader(NoCluster("none"), RED), RED, TEAM)


def asking(action: RestartDeployment) -> Proposal:
    """A change that nobody has decided on yet."""
    return proposal("p_new", action)


def rules(verdict: Clearance | Refusal) -> set[str]:
    return {each.rule for each in verdict.reasons} if isinstance(verdict, Refusal) else set()


async def _ran(stores: Stores, id_: str, action: RestartDeployment, sent: bool = True) -> None:
    """A proposal that was executed, half an hour ago at most."""
    await stores.proposals.create(proposal(id_, action), payload(), entry(id_=id_))
    fields = {"decided_by": "U0CAROL", "decided_at": START}
    await stores.proposals.move(transition(S.APPROVED, S.PENDING, id_=id_, fields=fields), START)
    await stores.proposals.claim(START, START + timedelta(seconds=30), START - timedelta(minutes=5))
    if sent:
        await stores.proposals.sending(Sending(ProposalId(id_), 1, entry(id_=id_)), START)
    await stores.proposals.move(transition(S.SUCCEEDED, S.EXECUTING, id_=id_), START)


async def test_a_good_action_on_good_facts_is_cleared_with_its_digest(
    stores: Stores, people: FakePeople, clock: FixedClock
) -> None:
    verdict = await judge(stores, people, clock).clear(asking(restart()), facts())
    assert isinstance(verdict, Clearance)
    assert verdict.digest == digest(restart(), POLICY.sha256)


async def test_a_pause_stops_everything_and_says_who(stores: Stores, people: FakePeople, clock: FixedClock) -> None:
    await stores.flags.set(PAUSED, "U0BOB", clock.now(), entry("mode.changed"))
    verdict = await judge(stores, people, clock).clear(asking(restart()), facts())
    assert "kill_switch" in rules(verdict)
    assert "U0BOB" in str(verdict)


async def test_the_switch_off_stops_everything(stores: Stores, people: FakePeople, clock: FixedClock) -> None:
    assert "mode" in rules(await judge(stores, people, clock, "off").clear(asking(restart()), facts()))


async def test_a_running_change_of_the_same_object_is_in_the_way_and_of_another_is_not(
    stores: Stores, people: FakePeople, clock: FixedClock
) -> None:
    await stores.proposals.create(proposal("p1", state=S.EXECUTING), payload(), entry())
    asked = judge(stores, people, clock)
    assert "in_flight" in rules(await asked.clear(asking(restart()), facts()))
    assert rules(await asked.clear(asking(restart("cherry")), facts("cherry"))) == set()


async def test_a_change_within_the_hour_counts_on_its_object_and_an_hour_later_does_not(
    stores: Stores, people: FakePeople, clock: FixedClock
) -> None:
    await _ran(stores, "p1", restart())
    asked = judge(stores, people, clock)
    assert "limit_target" in rules(await asked.clear(asking(restart()), facts()))
    assert "limit_target" not in rules(await asked.clear(asking(restart("plum-cake")), facts("plum-cake")))
    clock.pass_by(minutes=61)
    assert "limit_target" not in rules(await asked.clear(asking(restart()), facts()))


async def test_changes_of_others_in_the_namespace_count_together(
    stores: Stores, people: FakePeople, clock: FixedClock
) -> None:
    for number in range(3):
        await _ran(stores, f"p{number}", restart(f"d{number}"))
    assert "limit_namespace" in rules(await judge(stores, people, clock).clear(asking(restart()), facts()))


async def test_one_that_never_left_does_not_count(stores: Stores, people: FakePeople, clock: FixedClock) -> None:
    await _ran(stores, "p1", restart(), sent=False)
    assert "limit_target" not in rules(await judge(stores, people, clock).clear(asking(restart()), facts()))


async def test_the_one_that_runs_does_not_stand_in_its_own_way(
    stores: Stores, people: FakePeople, clock: FixedClock
) -> None:
    await stores.proposals.create(proposal("p1", state=S.EXECUTING), payload(), entry())
    running = await stores.proposals.get(ProposalId("p1"))
    assert running is not None
    verdict = await judge(stores, people, clock).clear(running, facts())
    assert isinstance(verdict, Clearance)


async def test_a_thread_may_have_so_many_proposals_and_no_more(
    stores: Stores, people: FakePeople, clock: FixedClock
) -> None:
    for number in range(3):
        await stores.proposals.create(proposal(f"p{number}", restart(f"d{number}")), payload(), entry())
    assert "limit_incident" in rules(await judge(stores, people, clock).clear(asking(restart()), facts()))


async def test_a_policy_that_changed_after_the_approval_voids_it(
    stores: Stores, people: FakePeople, clock: FixedClock
) -> None:
    stricter = Policy.model_validate({**POLICY.model_dump(mode="python"), "limits": {"per_incident": 2}})
    running = proposal(state=S.EXECUTING)
    verdict = await judge(stores, people, clock, policy=stricter).clear(running, facts())
    assert rules(verdict) == {"digest"}


async def test_an_action_that_was_exchanged_in_the_store_does_not_run(
    stores: Stores, people: FakePeople, clock: FixedClock
) -> None:
    other = RestartDeployment(target=target("cherry"))
    tampered = proposal(action=other, state=S.EXECUTING, digest=digest(restart(), POLICY.sha256))
    verdict = await judge(stores, people, clock).clear(tampered, facts("cherry"))
    assert rules(verdict) == {"digest"}


@pytest.mark.parametrize(
    ("user", "team", "asker", "allowed"),
    [
        ("U0ALICE", TEAM, "U0BOB", True),
        ("U0CAROL", TEAM, "U0BOB", True),
        ("U0BOB", TEAM, None, False),
        ("U0ALICE", TEAM, "U0ALICE", False),
        ("U0ALICE", "T0OTHER", "U0BOB", False),
        ("U0GHOST", TEAM, None, False),
    ],
    ids=["in the group", "by name", "not listed", "asked for it", "of another workspace", "unknown"],
)
async def test_who_may_approve(
    stores: Stores, people: FakePeople, clock: FixedClock, user: str, team: str, asker: str | None, allowed: bool
) -> None:
    refusal = await judge(stores, people, clock).may_approve(user, team, restart(), asker)
    assert (refusal is None) is allowed


async def test_a_group_that_cannot_be_read_has_no_members_but_names_still_count(
    stores: Stores, people: FakePeople, clock: FixedClock
) -> None:
    people.unreadable.add("S0ONCALL")
    asked = judge(stores, people, clock)
    refusal = await asked.may_approve("U0ALICE", TEAM, restart(), None)
    assert "could not be read" in str(refusal), "she may be in it: saying that she is not would be false"
    assert await asked.may_approve("U0CAROL", TEAM, restart(), None) is None


async def test_whoever_is_not_listed_is_not_told_of_groups_when_all_were_read(
    stores: Stores, people: FakePeople, clock: FixedClock
) -> None:
    assert "could not be read" not in str(
        await judge(stores, people, clock).may_approve("U0BOB", TEAM, restart(), None)
    )


async def test_somebody_who_left_since_may_not_approve(stores: Stores, people: FakePeople, clock: FixedClock) -> None:
    del people.humans["U0CAROL"]
    assert await judge(stores, people, clock).may_approve("U0CAROL", TEAM, restart(), None) is not None


def test_a_namespace_that_no_environment_names_is_said_to_be_not_listed(
    stores: Stores, people: FakePeople, clock: FixedClock
) -> None:
    asked = judge(stores, people, clock)
    assert (asked.environment("orchard"), asked.environment("elsewhere")) == ("dev", "not listed")
