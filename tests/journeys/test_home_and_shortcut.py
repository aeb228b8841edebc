"""The app's own tabs, and the shortcut on a message that is there already."""

import json

from tests.journeys.acting import CHANNEL, QUESTION, Town

ALERT = {"attachments": [{"title": "[FIRING:1] HighErrorRate billing-dev", "text": "billing-api", "color": "danger"}]}
HINT = "I have that one already"


async def home(town: Town, user: str) -> str:
    """The Home tab as it is after this person has opened it again."""
    published = len(town.slack.calls("views.publish"))
    await town.slack.user(user).open_home()
    await town.slack.wait_until(lambda: town.slack.calls("views.publish")[published:] or None)
    view = await town.slack.wait_until(lambda: town.slack.home(user))
    return json.dumps(view.blocks)


async def test_the_home_tab_says_what_waits_what_was_asked_how_to_ask_and_whether_all_is_paused(town: Town) -> None:
    nothing = await home(town, "bob")
    assert nothing.count("none that you can see") == 2
    assert "/ask-claude What is wrong" in nothing
    await town.propose(await town.ask())
    shown = await home(town, "bob")
    assert "Restart billing-api in <#C0INCIDENTS>" in shown
    assert QUESTION in shown
    assert "behind approval" in shown
    await town.slack.user("bob").slash("/ask-claude pause", CHANNEL)
    assert "paused since" in await home(town, "bob")


async def test_the_home_tab_shows_nobody_what_they_cannot_read_in_the_channels(town: Town) -> None:
    await town.propose(await town.ask())
    asked = await town.slack.user("bob").dm(QUESTION)
    await town.answer(asked.ts)
    assert "a direct message" in await home(town, "bob")
    alices = await home(town, "alice")
    assert "a direct message" not in alices
    assert "Restart billing-api" in alices
    guests = await home(town, "gus")
    assert guests.count("none that you can see") == 2
    assert QUESTION not in guests


async def test_somebody_who_opens_the_messages_tab_is_greeted_once(town: Town) -> None:
    for _ in range(3):
        await town.slack.user("bob").open_home("messages")
    await town.slack.wait_until(lambda: len(town.slack.deliveries("events_api")) >= 3 or None)
    greeting = await town.says("Ask me what is wrong")
    await town.idle()
    assert [each.ts for each in town.slack.messages("D0BOB")] == [greeting.ts]


async def test_the_shortcut_on_an_old_alert_in_any_channel_opens_one_thread_on_it(town: Town) -> None:
    alert = await town.slack.monitor("Stranger").post(ALERT, channel=CHANNEL)
    assert (await town.slack.user("bob").shortcut("investigate_message", CHANNEL, alert.ts)).is_acked
    await town.answer(alert.ts)
    for user in ("bob", "alice"):
        assert (await town.slack.user(user).shortcut("investigate_message", CHANNEL, alert.ts)).is_acked
        assert (await town.told(user, HINT)).channel == "C0INCIDENTS"
    await town.idle()
    assert len(town.answers(alert.ts)) == 1


async def test_the_shortcut_used_twice_at_once_still_investigates_once(town: Town) -> None:
    looking = town.held("GET", "/pods")
    said = await town.slack.user("alice").say("billing-dev is slow", CHANNEL)
    for _ in range(2):
        await town.slack.user("bob").shortcut("investigate_message", CHANNEL, said.ts)
    await town.told("bob", HINT)
    looking.release()
    await town.answer(said.ts)
    await town.idle()
    assert len(town.answers(said.ts)) == 1


async def test_the_shortcut_on_an_alert_that_was_taken_by_itself_leads_to_its_thread(town: Town) -> None:
    alert = await town.slack.monitor("Alertmanager").post(ALERT)
    await town.answer(alert.ts)
    await town.slack.user("bob").shortcut("investigate_message", "alerts", alert.ts)
    await town.told("bob", HINT)
    await town.idle()
    assert len(town.answers(alert.ts, "alerts")) == 1


async def test_the_shortcut_on_a_reply_answers_in_the_thread_the_reply_is_in(town: Town) -> None:
    said = await town.slack.user("alice").say("lunch?", CHANNEL)
    reply = await town.slack.user("bob").reply("first: is billing-dev fine?", CHANNEL, said.ts)
    await town.slack.user("bob").shortcut("investigate_message", CHANNEL, reply.ts)
    await town.answer(said.ts)
    again = await town.slack.user("alice").shortcut("investigate_message", CHANNEL, said.ts)
    assert again.is_acked
    await town.told("alice", HINT)


async def test_the_shortcut_on_a_message_without_words_says_so_and_starts_nothing(town: Town) -> None:
    picture = await town.slack.user("bob").say(" ", CHANNEL)
    assert (await town.slack.user("bob").shortcut("investigate_message", CHANNEL, picture.ts)).is_acked
    await town.told("bob", "has none")
    assert town.rows("SELECT 1 FROM inbox") == []
