"""What a monitor posts: the first message opens a thread, a repeat counts, a resolve is noted."""

from typing import Any

from tests.journeys.acting import Town

TITLE = "BillingSlow billing-dev (billing-api critical)"


def alert(status: str = "FIRING:1", title: str = TITLE) -> dict[str, Any]:
    """As Alertmanager's default template writes it."""
    color = "danger" if status.startswith("FIRING") else "good"
    return {
        "username": "Alertmanager",
        "attachments": [
            {
                "color": color,
                "fallback": f"[{status}] {title} | http://alerts.example.com",
                "title": f"[{status}] {title}",
                "title_link": "http://alerts.example.com",
                "text": "",
            }
        ],
    }


def threads(town: Town) -> list[str]:
    """The messages in #alerts under which the bot said something."""
    return sorted({str(each.thread_ts) for each in town.slack.team.all_messages() if each.is_reply and each.bot_id})


async def test_an_alert_opens_one_thread_and_a_repeat_only_counts(town: Town) -> None:
    first = await town.slack.monitor("Alertmanager").post(alert())
    await town.answer(first.ts)
    await town.slack.monitor("Alertmanager").post(alert("FIRING:2"))
    await town.slack.monitor("Alertmanager").post(alert("FIRING:1"))
    await town.says("seen 3 times")
    await town.idle()
    assert threads(town) == [first.ts]
    assert len(town.answers(first.ts, "alerts")) == 1


async def test_a_resolve_is_noted_in_the_thread_and_firing_again_opens_a_new_one(town: Town) -> None:
    first = await town.slack.monitor("Alertmanager").post(alert())
    await town.answer(first.ts)
    await town.slack.monitor("Alertmanager").post(alert("RESOLVED"))
    resolved = await town.says("says this is resolved")
    assert resolved.thread_ts == first.ts
    again = await town.slack.monitor("Alertmanager").post(alert())
    await town.answer(again.ts)
    await town.idle()
    assert threads(town) == [first.ts, again.ts]


async def test_the_same_words_of_a_bot_that_nobody_listed_do_nothing(town: Town) -> None:
    await town.slack.monitor("Stranger").post({**alert(), "username": "Stranger"})
    listed = await town.slack.monitor("Alertmanager").post(alert(title="OtherAlert billing-dev (mailer warning)"))
    await town.answer(listed.ts)
    await town.idle()
    assert threads(town) == [listed.ts]


async def test_an_alert_in_a_channel_that_was_not_enabled_does_nothing(town: Town) -> None:
    await town.slack.monitor("Alertmanager").post(alert(), "incidents")
    listed = await town.slack.monitor("Alertmanager").post(alert())
    await town.answer(listed.ts)
    await town.idle()
    assert threads(town) == [listed.ts]


async def test_people_ask_on_in_an_alert_s_thread(town: Town) -> None:
    first = await town.slack.monitor("Alertmanager").post(alert())
    await town.answer(first.ts)
    asked = await town.slack.user("bob").reply("show the events", "alerts", first.ts)
    await town.answer(first.ts, after=asked.ts)
    assert len(town.answers(first.ts, "alerts")) == 2
