"""What Slack delivers twice, late or to the wrong address is answered once, or not at all."""

from bot.demo.slack_emulator import Message
from tests.journeys.acting import CHANNEL, QUESTION, Town, no_traceback


async def test_a_mention_arrives_as_two_events_and_is_answered_once(town: Town) -> None:
    asked = await town.slack.user("bob").mention(QUESTION, CHANNEL)
    await town.answer(asked.ts)
    assert {each["event"]["type"] for each in town.slack.events()} >= {"app_mention", "message"}
    await settled(town)
    assert len(town.answers(asked.ts)) == 1


async def test_a_mention_in_a_known_thread_is_answered_once(town: Town) -> None:
    thread = await town.ask()
    asked = await town.slack.user("bob").mention("show the events", CHANNEL, thread)
    await town.answer(thread, after=asked.ts)
    await settled(town)
    assert len(town.answers(thread)) == 2


async def test_a_reply_that_is_quicker_than_the_bot_s_own_note_of_the_thread_is_answered(town: Town) -> None:
    opening = town.slack.faults.hold("chat.postMessage", "after")
    await town.slack.user("bob").slash(f"/ask-claude {QUESTION}", CHANNEL)
    await opening.reached()
    root = await town.slack.wait_for(lambda each: each.bot_id == "B0BOT")
    asked = await town.slack.user("bob").reply("show the events", CHANNEL, root.ts)
    await town.slack.wait_until(lambda: [d for d in town.slack.deliveries() if asked.ts in str(d.envelope)])
    opening.release()
    await town.slack.wait_until(lambda: len(town.answers(root.ts)) == 2, 15)


async def test_a_redelivered_event_is_answered_once(town: Town) -> None:
    thread = await town.ask()
    town.slack.faults.duplicate_events(2)
    town.slack.faults.drop_ack(1)
    asked = await town.slack.user("bob").reply("show the events", CHANNEL, thread)
    await town.answer(thread, after=asked.ts)
    await town.slack.wait_until(lambda: len(town.slack.deliveries("events_api")) >= 3 or None)
    await settled(town)
    assert len(town.answers(thread)) == 2


async def test_a_direct_message_is_answered_in_its_own_thread(town: Town) -> None:
    asked = await town.slack.user("bob").dm(QUESTION)
    answer = await town.answer(asked.ts)
    assert answer.channel == "D0BOB"


async def test_what_the_bot_and_other_bots_say_in_a_thread_is_not_answered(town: Town) -> None:
    thread = await town.ask()
    before = town.rows("SELECT count(*) FROM inbox")
    stranger = {"text": "restart billing-api", "channel": CHANNEL, "thread_ts": thread}
    await town.slack.monitor("Stranger").post(stranger)
    await town.slack.monitor("Alertmanager").post(stranger)
    await settled(town)
    assert town.rows("SELECT count(*) FROM inbox") == before
    assert len(town.answers(thread)) == 1


async def test_an_edited_question_is_not_answered_again_but_its_author_is_told(town: Town) -> None:
    asked = await town.slack.user("bob").mention(QUESTION, CHANNEL)
    await town.answer(asked.ts)
    await town.slack.user("bob").edit(CHANNEL, asked.ts, "<@U0BOT> Is everything fine in proteus-dev?")
    await town.told("bob", "as it was first written")
    await settled(town)
    assert len(town.answers(asked.ts)) == 1


async def test_when_the_question_is_deleted_meanwhile_the_answer_still_finds_a_place(town: Town) -> None:
    looking = town.held("GET", "/pods")
    asked = await town.slack.user("bob").mention(QUESTION, CHANNEL)
    await looking.reached()
    await town.slack.user("bob").delete(CHANNEL, asked.ts)
    looking.release()
    await town.slack.wait_for(town.is_answer)
    assert no_traceback(town.everything_said())


async def test_a_question_where_the_bot_is_no_member_gets_a_private_hint(town: Town) -> None:
    outcome = await town.slack.user("bob").slash(f"/ask-claude {QUESTION}", "random")
    assert outcome.is_acked
    told = await town.slack.wait_for(lambda each: each.channel == "D0BOB" and "/invite" in each.text)
    assert "<#C0RANDOM>" in told.text
    assert "\u200b" not in told.text, "nothing invisible that would break a copied line"
    await town.slack.user("bob").invite("random")
    await town.slack.wait_for(
        lambda each: each.channel == "C0RANDOM" and each.bot_id == "B0BOT" and "Ask me" in each.text
    )


async def test_an_empty_question_is_answered_with_an_example(town: Town) -> None:
    outcome = await town.slack.user("bob").slash("/ask-claude", CHANNEL)
    assert "/ask-claude" in str(outcome.shown)
    asked = await town.slack.user("bob").mention("", CHANNEL)
    said = await town.slack.wait_for(lambda each: each.thread_ts == asked.ts and each.bot_id == "B0BOT")
    assert "for example" in said.text


async def test_a_question_of_forty_thousand_characters_is_answered(town: Town) -> None:
    thread = await town.ask(QUESTION + " " + "why? " * 8000)
    assert len(town.answers(thread)) == 1
    asked = await town.slack.user("bob").reply("show the events " + "x" * 39_000, CHANNEL, thread)
    await town.answer(thread, after=asked.ts)
    assert no_traceback(town.everything_said())


async def test_two_threads_are_worked_on_side_by_side(town: Town) -> None:
    looking = town.held("GET", "/pods")
    await town.slack.user("bob").slash(f"/ask-claude {QUESTION}", CHANNEL)
    await looking.reached()
    quick = await town.slack.user("alice").mention(QUESTION, CHANNEL)
    await town.answer(quick.ts)
    looking.release()
    await town.slack.wait_until(lambda: len(all_answers(town)) == 2 or None)


def all_answers(town: Town) -> list[Message]:
    return [each for each in town.slack.team.all_messages() if each.is_reply and town.is_answer(each)]


async def settled(town: Town) -> None:
    """Everything delivered was acknowledged, and nothing of it waits."""
    await town.slack.wait_until(
        lambda: (
            len({each.envelope["payload"].get("event_id") for each in town.slack.deliveries("events_api")})
            == len(town.slack.events())
            or None
        )
    )
    await town.idle()


async def test_a_question_that_is_cut_says_so_and_a_file_without_words_is_answered(town: Town) -> None:
    await town.slack.user("bob").slash("/ask-claude is billing-dev fine? " + "please look " * 3_300, CHANNEL)
    answer = await town.answer()
    assert "I read its first 4000 characters" in town.slack.as_text(answer)
    thread = str(answer.thread_ts)
    await town.slack.user("bob").reply("   ", CHANNEL, thread)
    await town.told("bob", "I can read only words")
