"""One alert leads to one thread: the first is investigated, repeats count, the end is said once."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.domain import Inbound, InboxId, ThreadId
from bot.flows.alerts import Alerts
from bot.flows.conversations import Conversations
from bot.ports import Place
from bot.provenance import Actor
from bot.stores import Stores
from safety.redaction import Redacted, Redactor
from tests.fakes import FakeChat, FixedClock

RED = Redactor()


@dataclass(slots=True)
class Asked:
    """Stands for the conversations and for what waits: notes what is asked for, and which incidents are over."""

    questions: list[tuple[str, ThreadId]] = field(default_factory=list)
    cancelled: list[ThreadId] = field(default_factory=list)

    async def alert(self, _inbound: Inbound, question: Redacted, thread: ThreadId) -> None:
        self.questions.append((str(question), thread))

    async def cancel(self, thread: ThreadId, _why: str, by: Actor) -> int:
        assert (by.kind, by.id) == ("monitor", "Alertmanager")
        self.cancelled.append(thread)
        return 0


@dataclass(slots=True)
class Scene:
    alerts: Alerts
    asked: Asked
    chat: FakeChat
    clock: FixedClock

    async def message(self, ts: str, firing: bool = True, fingerprint: str = "f", channel: str = "C") -> None:
        self.clock.pass_by(seconds=10)
        payload = {
            "team": "T",
            "channel": channel,
            "fingerprint": fingerprint,
            "monitor": "Alertmanager",
            "firing": firing,
            "title": "PodRestartsOften orchard plum",
            "text": "all of it",
            "severity": "warning",
        }
        thread = ThreadId("T", channel, ts)
        await self.alerts.take(Inbound(InboxId(1), "alert", thread, payload, self.clock.now(), 1))

    def said_in(self, ts: str) -> list[str]:
        return self.chat.texts(Place("T", "C", ts))


@pytest.fixture
def scene(stores: Stores, clock: FixedClock) -> Scene:
    chat, asked = FakeChat(clock), Asked()
    conversations: Any = asked
    assert hasattr(Conversations, "alert")
    lapses: Any = asked
    return Scene(Alerts(stores, chat, clock, RED, conversations, lapses), asked, chat, clock)


async def test_the_first_message_of_an_alert_is_investigated_in_its_own_thread(scene: Scene) -> None:
    await scene.message("1.0")
    ((question, thread),) = scene.asked.questions
    assert question == "PodRestartsOften orchard plum\nall of it"
    assert thread == ThreadId("T", "C", "1.0")
    assert scene.chat.standing == {}


async def test_repeats_are_counted_in_one_message_of_that_thread(scene: Scene) -> None:
    for number in range(1, 5):
        await scene.message(f"{number}.0")
    assert len(scene.asked.questions) == 1
    (text,) = scene.said_in("1.0")
    shown = str(next(iter(scene.chat.standing.values())).message.blocks)
    assert "PodRestartsOften" in text
    assert "4 times" in shown


async def test_the_end_is_said_once_in_the_thread_of_the_alert(scene: Scene) -> None:
    await scene.message("1.0")
    await scene.message("2.0", firing=False)
    await scene.message("3.0", firing=False)
    (text,) = scene.said_in("1.0")
    assert "says this is resolved" in text
    assert len(scene.asked.questions) == 1


async def test_the_end_says_how_often_it_was_seen(scene: Scene) -> None:
    for number in (1, 2, 3):
        await scene.message(f"{number}.0")
    await scene.message("4.0", firing=False)
    assert "seen 3 times" in scene.said_in("1.0")[-1]


async def test_the_end_of_an_alert_nobody_saw_begin_is_passed_over(scene: Scene) -> None:
    await scene.message("1.0", firing=False)
    assert scene.chat.standing == {}
    assert scene.asked.questions == []


async def test_an_alert_that_fires_anew_after_its_end_gets_a_thread_of_its_own(scene: Scene) -> None:
    await scene.message("1.0")
    await scene.message("2.0", firing=False)
    await scene.message("3.0")
    assert [thread.thread_ts for _, thread in scene.asked.questions] == ["1.0", "3.0"]


async def test_two_ends_of_two_episodes_are_two_messages(scene: Scene) -> None:
    for ts, firing in (("1.0", True), ("2.0", False), ("3.0", True), ("4.0", False)):
        await scene.message(ts, firing)
    assert len(scene.said_in("1.0")) == len(scene.said_in("3.0")) == 1


async def test_an_edited_first_message_that_now_says_resolved_ends_it(scene: Scene) -> None:
    await scene.message("1.0")
    await scene.message("1.0", firing=False)
    assert len(scene.said_in("1.0")) == 1


async def test_another_alert_or_channel_is_investigated_by_itself(scene: Scene) -> None:
    await scene.message("1.0")
    await scene.message("2.0", fingerprint="g")
    await scene.message("3.0", channel="D")
    assert len(scene.asked.questions) == 3
