"""Tickets from Jira: the package jira, which nobody here wrote, against the emulator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bot.demo.jira_emulator import JiraEmulator, read_data
from bot.demo.jira_emulator.server import Fault
from tools.adapters.jira_api import JiraAccess, JiraChanges
from tools.world import Forbidden, NotFound, RecordedChange, Rejected, Unreachable, WorldError

TICKETS = """
tickets:
  - {key: OPS-1, type: Change, summary: Raise the pool, created: 3d, resolved: 2h, components: [Cart], assignee: Carol}
  - {key: OPS-2, type: Change, summary: Move the queue, created: 1d, status: Approved, category: indeterminate}
  - {key: OPS-3, type: Deployment, summary: Not now, created: 1d, resolved: 3h, resolution: Won't Do}
  - {key: OPS-4, type: Incident, summary: Carts are slow, created: 30m, labels: ["service:cart"]}
  - {key: SHOP-5, type: Change, summary: Another project, created: 1d, resolved: 5h}
  - {key: OPS-6, type: Change, summary: Long ago, created: 90d, resolved: 80d}
"""


@asynccontextmanager
async def jira(text: str = TICKETS, *, cloud: bool = True) -> AsyncIterator[JiraEmulator]:
    emulator = JiraEmulator(read_data(text), cloud=cloud)
    await emulator.start()
    try:
        yield emulator
    finally:
        await emulator.stop()


def source(emulator: JiraEmulator, *projects: str, deadline: float = 8.0) -> JiraChanges:
    user = emulator.user if emulator.cloud else None
    return JiraChanges(JiraAccess(emulator.url, emulator.token, user, deadline=deadline), projects)


async def seen(changes: JiraChanges) -> dict[str, RecordedChange]:
    now = datetime.now(UTC)
    return {each.id: each for each in await changes.changes(now - timedelta(days=14), now)}


@pytest.mark.parametrize("cloud", [True, False])
async def test_tickets_of_the_projects_come_with_their_service_and_how_far_they_are(cloud: bool) -> None:
    async with jira(cloud=cloud) as emulator:
        found = await seen(source(emulator, "OPS"))
    assert {name: each.deployed_by for name, each in found.items()} == {
        "OPS-1": "carried out (Done)",
        "OPS-2": "not deployed yet: Approved",
        "OPS-3": "not deployed: Won't Do",
        "OPS-4": "not deployed: a ticket about it (To Do)",
    }
    change = found["OPS-1"]
    assert (change.kind, change.title, change.author) == ("ticket", "Change: Raise the pool", "Carol")
    assert change.services == found["OPS-4"].services == ("cart",)
    assert change.url == f"{emulator.url}/browse/OPS-1"
    assert change.at is not None
    assert timedelta(hours=1) < datetime.now(UTC) - change.at < timedelta(hours=3)


async def test_without_projects_all_that_may_be_seen_are_read() -> None:
    async with jira() as emulator:
        assert set(await seen(source(emulator))) == {"OPS-1", "OPS-2", "OPS-3", "OPS-4", "SHOP-5"}


async def test_no_tickets_are_no_changes() -> None:
    async with jira("tickets: []") as emulator:
        assert await seen(source(emulator)) == {}


async def test_many_tickets_are_read_in_one_bounded_search() -> None:
    many = "".join(f"  - {{key: OPS-{n}, type: Change, summary: s, created: {n}m}}\n" for n in range(1, 301))
    async with jira(f"tickets:\n{many}") as emulator:
        assert len(await seen(source(emulator))) == 50
        assert sum("/search" in each for each in emulator.requests) == 1


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Fault(429, "Rate limited", {"Retry-After": "30"}), Unreachable, "rate limit"),
        (Fault(401, "No"), Forbidden, "JIRA_TOKEN"),
        (Fault(403, "No"), Forbidden, "browse"),
        (Fault(404, "No"), NotFound, "JIRA_URL"),
        (Fault(400, "Bad"), Rejected, "JIRA_PROJECTS"),
        (Fault(500, "Oops"), Unreachable, "ask again later"),
        (Fault(503, "Busy", {"Retry-After": "30"}), Unreachable, "ask again later"),
    ],
)
async def test_a_refusal_says_what_to_do_about_it(fault: Fault, error: type[WorldError], words: str) -> None:
    async with jira() as emulator:
        emulator.fail(fault)
        with pytest.raises(error, match=words):
            await seen(source(emulator))
        assert len(emulator.requests) == 1


async def test_a_wrong_token_is_refused_and_a_right_one_is_told_who_it_is() -> None:
    async with jira() as emulator:
        wrong = JiraChanges(JiraAccess(emulator.url, "other", emulator.user))
        with pytest.raises(Forbidden, match="JIRA_USER"):
            await seen(wrong)
        with pytest.raises(Forbidden):
            await wrong.check()
        assert "signed in as Ask Claude" in await source(emulator).check()


async def test_a_project_that_is_not_there_is_rejected() -> None:
    async with jira() as emulator:
        with pytest.raises(Rejected, match="JIRA_PROJECTS"):
            await seen(source(emulator, "NOPE"))


async def test_a_server_that_hangs_is_given_up_while_everything_else_goes_on() -> None:
    async with jira() as emulator:
        emulator.hold()
        asking = asyncio.create_task(seen(source(emulator, deadline=0.5)))
        turns = 0
        while not asking.done():
            turns += 1
            await asyncio.sleep(0.01)
        with pytest.raises(Unreachable, match=r"no answer in 0\.5 s"):
            await asking
        assert turns > 5


async def test_nobody_at_the_address_is_told_with_the_setting_to_look_at() -> None:
    with pytest.raises(Unreachable, match="JIRA_URL"):
        await seen(JiraChanges(JiraAccess("http://127.0.0.1:9", "t")))
