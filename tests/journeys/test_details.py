"""Everything an investigation found, on demand: for whoever clicks, days later, after a restart, in direct messages."""

import json

from bot.demo.slack_emulator import Message
from tests.journeys.acting import CHANNEL, NAMESPACE, QUESTION, Town

EVIDENCE = "*[E1]*"


async def details(town: Town, message: Message, user: str) -> str:
    """What stands in the dialog that opens."""
    outcome = await town.slack.user(user).click(message.channel, message.ts, "details")
    assert outcome.is_acked, outcome.shown
    view = await town.slack.wait_until(lambda: next(iter(town.slack.views(user)), None))
    return json.dumps(view.blocks, ensure_ascii=False)


async def findings(town: Town, thread: str) -> Message:
    return await town.slack.wait_for(lambda each: each.thread_ts == thread and "First findings" in each.text)


async def test_somebody_else_opens_the_details_and_the_thread_stays_as_it_is(town: Town) -> None:
    thread = await town.ask()
    found = await findings(town, thread)
    await town.idle()
    before = town.everything_said()
    for user in ("alice", "bob", "gus"):
        shown = await details(town, found, user)
        assert EVIDENCE in shown
        assert f"namespace {NAMESPACE}" in shown
    assert town.everything_said() == before


async def test_the_details_of_an_old_thread_are_there_after_a_restart(quiet_town: Town) -> None:
    town = quiet_town
    async with town.serving():
        thread = await town.ask()
        found = await findings(town, thread)
        await town.idle()
    town.clock.skip(days=9)
    async with town.serving():
        assert EVIDENCE in await details(town, found, "bob")


async def test_each_run_of_a_thread_keeps_its_own_details(town: Town) -> None:
    thread = await town.ask()
    first = await findings(town, thread)
    # A thread grows cold after the last thing that was said in it: let the whole answer be there first.
    await town.answer(thread)
    await town.idle()
    town.clock.skip(minutes=45)
    asked = await town.slack.user("bob").reply("and now?", CHANNEL, thread)
    await town.answer(thread, after=asked.ts)
    second = await town.slack.wait_for(lambda each: "First findings" in each.text and each.ts > asked.ts)
    one, other = [await details(town, each, "bob") for each in (first, second)]
    assert one != other


async def test_the_details_open_in_a_direct_message(town: Town) -> None:
    asked = await town.slack.user("bob").dm(QUESTION)
    assert EVIDENCE in await details(town, await findings(town, asked.ts), "bob")


async def test_a_stranger_in_a_shared_channel_is_told_that_the_details_are_not_for_them(town: Town) -> None:
    asked = await town.slack.user("bob").mention(QUESTION, "shared")
    shown = await details(town, await findings(town, asked.ts), "mallory")
    assert "Only members of this workspace" in shown
    assert EVIDENCE not in shown
