"""What every ``People`` does: the fake one and the one on Slack. Not known means no."""

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack_people import SlackPeople
from bot.ports import ChatFault, People
from tests.fakes import FakePeople, FixedClock
from tests.fixtures import TEAM


@pytest.fixture(params=["fake", "slack"])
def people(request: pytest.FixtureRequest, clock: FixedClock) -> People:
    if request.param == "fake":
        return FakePeople({"U0ALICE": TEAM, "U0BOB": TEAM}, {"S0ONCALL": ["U0ALICE"]})
    client: AsyncWebClient = request.getfixturevalue("client")
    return SlackPeople(client, clock)


async def test_a_member_of_the_workspace_is_an_active_human(people: People) -> None:
    assert await people.is_active_human("U0ALICE", TEAM)


@pytest.mark.parametrize(
    ("user", "team"), [("U0BOT", TEAM), ("U0GRAF", TEAM), ("U0NOBODY", TEAM), ("U0ALICE", "T0OTHER"), ("", TEAM)]
)
async def test_bots_strangers_and_people_of_other_workspaces_are_not(people: People, user: str, team: str) -> None:
    assert not await people.is_active_human(user, team)


async def test_a_group_has_its_members(people: People) -> None:
    assert tuple(await people.members("S0ONCALL")) == ("U0ALICE",)


async def test_a_group_that_cannot_be_read_is_a_fault_and_not_an_empty_group(people: People) -> None:
    with pytest.raises(ChatFault) as caught:
        await people.members("S0NOBODY")
    assert caught.value.code == "no_such_subteam"
