"""What an incident costs in calls to Slack, with Slack's limits on, and that a limit that is met loses nothing."""

import asyncio
import contextlib
from collections import Counter
from datetime import timedelta
from pathlib import Path

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import Call
from tests.journeys.acting import CHANNEL, QUESTION, Town, until
from tests.journeys.acting import town as a_town

START = {"auth.test": 1, "apps.connections.open": 2}
ALERT = {"attachments": [{"title": "[FIRING:1] HighErrorRate billing-dev", "text": "billing-api", "color": "danger"}]}


def spent(town: Town) -> dict[str, int]:
    """Calls by method since the start of the bot."""
    return dict(Counter(each.method for each in town.slack.calls()) - Counter(START))


async def test_a_question_costs_three_posts_and_one_update(town: Town) -> None:
    await town.ask()
    await town.idle()
    assert spent(town) == {"chat.postMessage": 3, "chat.update": 1}


async def test_a_mention_costs_two_posts_and_a_follow_up_one(town: Town) -> None:
    asked = await town.slack.user("bob").mention(QUESTION, CHANNEL)
    await town.answer(asked.ts)
    await town.idle()
    assert spent(town) == {"chat.postMessage": 2}
    again = await town.slack.user("bob").reply("show the events", CHANNEL, asked.ts)
    await town.answer(asked.ts, after=again.ts)
    await town.idle()
    assert spent(town) == {"chat.postMessage": 3}


async def test_an_incident_from_question_to_outcome_stays_within_its_budget(town: Town) -> None:
    card = await town.propose(await town.ask())
    await town.click(card)
    assert await town.ended(card) == "SUCCEEDED"
    await town.recorded("execution.verified")
    await town.idle()
    most = {
        # The question, the findings, the answer; the reply to the wish, the card, the watch, what came of it.
        "chat.postMessage": 7,
        # The verdict on the question; the card approved, running and done; the watch, every three seconds.
        "chat.update": 6,
        "users.info": 2,
        "usergroups.users.list": 1,
    }
    found = spent(town)
    assert found.keys() <= most.keys()
    assert {method: count for method, count in found.items() if count > most[method]} == {}


async def test_a_storm_of_the_same_alert_costs_a_few_updates_and_the_last_number_stands(town: Town) -> None:
    monitor = town.slack.monitor("Alertmanager")
    first = await monitor.post(ALERT)
    await town.answer(first.ts)
    await town.idle()
    before = spent(town)
    for _ in range(60):
        await monitor.post(ALERT)
    await town.says("61 times")
    await town.idle()
    assert spent(town)["chat.postMessage"] == before["chat.postMessage"] + 1
    assert spent(town).get("chat.update", 0) <= 20


async def test_questions_in_many_threads_at_once_stay_under_every_limit(town: Town) -> None:
    people = ("alice", "bob", "carol")
    asked = [await town.slack.user(people[n % 3]).mention(QUESTION, CHANNEL) for n in range(9)]
    await asyncio.gather(*(town.answer(each.ts) for each in asked))
    await town.idle()
    assert spent(town) == {"chat.postMessage": 18}
    assert [len(town.answers(each.ts)) for each in asked] == [1] * 9


async def test_when_the_limit_is_met_the_bot_waits_as_long_as_it_is_told_and_says_everything_once(
    tmp_path: Path,
) -> None:
    async with a_town(tmp_path, flooded=True) as town, town.serving():
        noise = asyncio.create_task(flood(town))
        await until(lambda: bool(town.slack.too_many))
        asked = [await town.slack.user("bob").mention(QUESTION, CHANNEL) for _ in range(4)]
        await until(lambda: bool(refused(town)))
        noise.cancel()
        await asyncio.gather(*(town.answer(each.ts) for each in asked))
        await town.idle()
        for each in refused(town):
            again = [call for call in town.slack.calls("chat.postMessage") if is_same(call, each) and call.at > each.at]
            assert again[0].at - each.at >= timedelta(seconds=1)
        for each in asked:
            ours = [said.text for said in town.slack.messages(CHANNEL, each.ts) if said.bot_id == "B0BOT"]
            assert len(ours) == len(set(ours)) == 2


async def flood(town: Town) -> None:
    """Take every post that the channel has room for."""
    somebody = AsyncWebClient(token=town.slack.bot_token, base_url=town.slack.api_url)
    while True:
        with contextlib.suppress(SlackApiError):
            await somebody.chat_postMessage(channel="C0INCIDENTS", text="noise")


def refused(town: Town) -> list[Call]:
    """The bot's own calls that came too often."""
    return [each for each in town.slack.too_many if each.args.get("text") != "noise"]


def is_same(one: Call, other: Call) -> bool:
    return one.args.get("metadata") == other.args.get("metadata")
