"""kill -9 while something is being found out or said: it is taken up again, and nothing is said twice."""

from collections import Counter

from bot.demo.stage import connected
from tests.journeys.acting import CHANNEL, QUESTION, Seen, reached
from tests.journeys.conftest import OpenStage


async def test_killed_while_it_looks_it_says_so_and_starts_again(open_stage: OpenStage) -> None:
    seen, on = await open_stage()
    looking = seen.held("GET", "/pods")
    await seen.slack.user("bob").slash(f"/ask-claude {QUESTION}", CHANNEL)
    await reached(looking)
    await on.bot.kill()
    looking.release()
    # What people say meanwhile is not lost either.
    root = await seen.slack.wait_for(lambda each: each.bot_id == "B0BOT")
    await seen.slack.user("bob").reply("show the events", CHANNEL, root.ts)
    await on.bot.start()
    await connected(on.slack, on.bot)
    answer = await seen.answer(root.ts)
    said = seen.slack.messages(CHANNEL, root.ts)
    interrupted = [each for each in said if "interrupted" in each.text]
    assert len(interrupted) == 1
    assert interrupted[0].ts < answer.ts
    await seen.slack.wait_until(lambda: len(seen.answers(root.ts)) == 2 or None, 15)
    assert nothing_twice(seen, root.ts)


async def test_killed_while_slack_took_a_message_it_is_not_said_again(open_stage: OpenStage) -> None:
    seen, on = await open_stage()
    opening = seen.slack.faults.hold("chat.postMessage", "after")
    await seen.slack.user("bob").slash(f"/ask-claude {QUESTION}", CHANNEL)
    await opening.reached()
    findings = seen.slack.faults.hold("chat.postMessage", "after")
    opening.release()
    await findings.reached()
    root = str((await seen.says("First findings")).thread_ts)
    await on.bot.kill()
    findings.release()
    await on.bot.start()
    await connected(on.slack, on.bot)
    await seen.answer(root)
    assert nothing_twice(seen, root)


async def test_killed_while_the_thread_is_opened_there_is_one_thread(open_stage: OpenStage) -> None:
    seen, on = await open_stage()
    opening = seen.slack.faults.hold("chat.postMessage", "after")
    await seen.slack.user("bob").slash(f"/ask-claude {QUESTION}", CHANNEL)
    await opening.reached()
    await on.bot.kill()
    opening.release()
    await on.bot.start()
    await connected(on.slack, on.bot)
    answer = await seen.answer()
    roots = [each for each in seen.slack.messages(CHANNEL) if each.bot_id == "B0BOT"]
    assert [each.ts for each in roots] == [answer.thread_ts]
    assert nothing_twice(seen, str(answer.thread_ts))


def nothing_twice(seen: Seen, thread: str) -> bool:
    """No two messages of the bot in the thread, or in the channel, begin alike."""
    ours = [each for each in seen.slack.messages(CHANNEL, thread) if each.bot_id == "B0BOT"]
    beginnings = Counter(each.text[:60] for each in ours)
    keys = Counter(str((each.metadata or {}).get("event_payload")) for each in ours)
    assert beginnings.most_common(1)[0][1] == 1, beginnings
    assert keys.most_common(1)[0][1] == 1, keys
    return True
