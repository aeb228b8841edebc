"""Who is who on Slack: asked again after five minutes, and no whenever it cannot be read."""

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack_people import SlackPeople
from bot.demo.slack_emulator import SlackEmulator
from bot.ports import ChatFault
from tests.fakes import FixedClock
from tests.fixtures import TEAM


@pytest.fixture
def people(client: AsyncWebClient, clock: FixedClock) -> SlackPeople:
    return SlackPeople(client, clock)


async def test_members_are_kept_for_five_minutes(slack: SlackEmulator, people: SlackPeople, clock: FixedClock) -> None:
    for _ in range(3):
        await people.members("S0ONCALL")
    assert len(slack.calls("usergroups.users.list")) == 1
    clock.pass_by(minutes=5)
    await people.members("S0ONCALL")
    assert len(slack.calls("usergroups.users.list")) == 2


async def test_a_fault_is_not_kept(slack: SlackEmulator, people: SlackPeople) -> None:
    slack.faults.fail("usergroups.users.list", error="missing_scope")
    with pytest.raises(ChatFault, match="missing_scope"):
        await people.members("S0ONCALL")
    assert await people.members("S0ONCALL") == ("U0ALICE",)


async def test_somebody_slack_does_not_know_is_not_a_human(people: SlackPeople) -> None:
    assert not await people.is_active_human("U0NOBODY", TEAM)


@pytest.mark.parametrize("fault", [{"status": 429}, {"status": 503}, {"error": "fatal_error"}])
async def test_a_slack_that_does_not_say_is_no_answer_about_a_person(
    slack: SlackEmulator, people: SlackPeople, fault: dict[str, object]
) -> None:
    slack.faults.fail("users.info", **fault)  # type: ignore[arg-type]
    with pytest.raises(ChatFault, match="did not say who you are"):
        await people.is_active_human("U0ALICE", TEAM)
    assert await people.is_active_human("U0ALICE", TEAM)


async def test_a_slack_that_is_away_says_nothing_of_anybody(clock: FixedClock) -> None:
    away = SlackPeople(AsyncWebClient(token="t", base_url="http://127.0.0.1:9/api/", retry_handlers=[]), clock)
    with pytest.raises(ChatFault):
        await away.is_active_human("U0ALICE", TEAM)
    with pytest.raises(ChatFault):
        await away.members("S0ONCALL")


async def test_who_is_in_a_channel_is_read_and_not_guessed(slack: SlackEmulator, people: SlackPeople) -> None:
    assert set(await people.in_channel("C0INCIDENTS")) == slack.team.channels["C0INCIDENTS"].members
    with pytest.raises(ChatFault, match="channel_not_found"):
        await people.in_channel("C0NOWHERE")


@pytest.mark.parametrize("mark", ["deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger"])
async def test_those_who_left_and_guests_are_not_active_humans(clock: FixedClock, mark: str) -> None:
    class Says(AsyncWebClient):
        async def users_info(self, **_arguments: object) -> dict[str, object]:  # type: ignore[override]
            return {"user": {"id": "U0ALICE", "team_id": TEAM, mark: True}}

    assert not await SlackPeople(Says(token="t"), clock).is_active_human("U0ALICE", TEAM)
