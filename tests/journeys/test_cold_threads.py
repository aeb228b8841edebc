"""A thread in which nobody said anything for half an hour starts again from its summary, and says so."""

from tests.journeys.acting import CHANNEL, Town


async def test_after_half_an_hour_the_next_reply_looks_again_and_says_so(town: Town) -> None:
    thread = await town.ask()
    await town.idle()
    looks = len([each for each in town.cluster.requests if each.path.endswith("/pods")])
    town.clock.skip(minutes=31)
    asked = await town.slack.user("bob").reply("and now?", CHANNEL, thread)
    answer = await town.answer(thread, after=asked.ts)
    text = town.slack.as_text(answer)
    assert "quiet for over 30 min" in text
    assert "Is everything fine in billing-dev?" in text, "the summary of what was said before"
    scans = [each.path for each in town.cluster.requests if each.path.endswith("/pods")]
    assert len(scans) > looks
    assert "/namespaces/billing-dev/" in scans[-1], "it looks where the thread has been looking"


async def test_within_half_an_hour_of_the_last_word_nothing_starts_again(town: Town) -> None:
    thread = await town.ask()
    for _ in range(3):
        town.clock.skip(minutes=20)
        asked = await town.slack.user("bob").reply("show the events", CHANNEL, thread)
        answer = await town.answer(thread, after=asked.ts)
        assert "quiet for over" not in town.slack.as_text(answer)
        await town.idle()
