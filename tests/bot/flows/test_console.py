"""What is answered at once to the one who typed it."""

import json
from collections.abc import Sequence

import pytest

from bot.domain import Person
from bot.flows.console import HELP, Analyst, Console
from bot.flows.judging import PAUSED, Judge
from bot.messages import Notice, Tone
from bot.stores import Stores
from safety.policy import Mode
from safety.redaction import Redactor
from safety.withheld import Withheld
from tests.fakes import FakePeople, FixedClock
from tests.fixtures import TEAM
from tests.proposals import POLICY, entry, payload, proposal
from tools.adapters.no_cluster import NoCluster
from tools.world import Reader

RED = Redactor()
ALICE, BOB, CAROL = (Person(TEAM, each) for each in ("U0ALICE", "U0BOB", "U0CAROL"))


def console(
    stores: Stores, clock: FixedClock, mode: Mode = "approve", connected: bool = False, humans: Sequence[Person] = ()
) -> Console:
    everybody = {each.user: each.team for each in (humans or (ALICE, BOB, CAROL))}
    people = FakePeople(everybody, {"S0ONCALL": ["U0ALICE"]})
    judge = Judge(POLICY, mode, stores, people, clock, Reader(NoCluster("none"), RED), RED, TEAM)
    return Console(judge, Analyst("claude-test", connected))


async def _ask(asked: Console, text: str, person: Person = BOB) -> Notice:
    answer = await asked.answer(text, person)
    assert answer is not None
    return answer


@pytest.mark.parametrize("text", ["", "  ", "help", "Help", "?", " HELP\n"])
async def test_help_explains_itself(stores: Stores, clock: FixedClock, text: str) -> None:
    assert (await _ask(console(stores, clock), text)).text == HELP


@pytest.mark.parametrize("text", ["what is wrong?", "status of orchard", "pause the rollout", "help me", "resume?"])
async def test_anything_else_is_a_question(stores: Stores, clock: FixedClock, text: str) -> None:
    assert await console(stores, clock).answer(text, BOB) is None
    assert await stores.flags.get(PAUSED) is None


async def test_status_counts_what_is_going_on(stores: Stores, clock: FixedClock) -> None:
    await stores.proposals.create(proposal(), payload(), entry())
    text = (await _ask(console(stores, clock), "status")).text
    for wanted in ("0 threads alive", "1 proposals open", "behind approval", "none connected", "audit log: 1 records"):
        assert wanted in text


async def test_status_names_the_model_and_says_when_changes_are_off(stores: Stores, clock: FixedClock) -> None:
    text = (await _ask(console(stores, clock, mode="off", connected=True), "status")).text
    assert "model: claude-test" in text
    assert "changes: off" in text


async def test_anybody_may_pause_and_status_then_warns_since_when(stores: Stores, clock: FixedClock) -> None:
    asked = console(stores, clock)
    assert (await _ask(asked, "pause", BOB)).tone is Tone.WARNING
    status = await _ask(asked, "status")
    assert status.tone is Tone.WARNING
    assert "paused since 2026-11-22 10:00 UTC" in status.text


@pytest.mark.parametrize("person", [ALICE, CAROL])
async def test_those_who_may_approve_may_resume(stores: Stores, clock: FixedClock, person: Person) -> None:
    asked = console(stores, clock)
    await _ask(asked, "pause")
    assert (await _ask(asked, "resume", person)).tone is Tone.GOOD
    assert await stores.flags.get(PAUSED) is None


@pytest.mark.parametrize(
    "person", [BOB, Person("T0OTHER", "U0ALICE"), Person(TEAM, "U0GHOST")], ids=["not listed", "elsewhere", "unknown"]
)
async def test_others_may_not_resume(stores: Stores, clock: FixedClock, person: Person) -> None:
    asked = console(stores, clock)
    await _ask(asked, "pause")
    answer = await _ask(asked, "resume", person)
    assert "Only those who may approve" in answer.text
    assert await stores.flags.get(PAUSED) is not None


async def test_somebody_on_the_list_who_left_may_not_resume(stores: Stores, clock: FixedClock) -> None:
    asked = console(stores, clock, humans=[BOB])
    await _ask(asked, "pause")
    assert "Only those" in (await _ask(asked, "resume", CAROL)).text


async def test_pausing_and_resuming_are_in_the_audit_log_with_who(stores: Stores, clock: FixedClock) -> None:
    asked = console(stores, clock)
    await _ask(asked, "pause", BOB)
    await _ask(asked, "resume", ALICE)
    told = [json.loads(each.payload) for each in await stores.audit.records()]
    assert [(each["to"], each["actor"]["id"]) for each in told] == [("paused", "U0BOB"), ("resumed", "U0ALICE")]


async def test_status_says_what_was_withheld_and_by_which_rule(stores: Stores, clock: FixedClock) -> None:
    withheld = Withheld()
    judge = Judge(POLICY, "approve", stores, FakePeople({}), clock, Reader(NoCluster("none"), RED), RED, TEAM)
    asked = Console(judge, Analyst("claude-test", connected=True), withheld)
    assert "redaction" not in (await _ask(asked, "status")).text
    for _ in range(2):
        withheld.note("FRAGILE")
    assert "redaction: 2 (FRAGILE 2) withheld" in (await _ask(asked, "status")).text
