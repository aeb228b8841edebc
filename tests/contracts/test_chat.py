"""What every ``Chat`` does, the fake one and the one on Slack: flows rely on this and on nothing more."""

from typing import Protocol

import pytest

from bot.adapters.slack_chat import SlackChat
from bot.adapters.store.outbox import Outbox
from bot.demo.slack_emulator import SlackEmulator
from bot.messages import Notice
from bot.ports import Chat, ChatFault, Place, Saying
from safety.redaction import Redactor
from tests.fakes import FakeChat, FixedClock, direct
from tests.fixtures import CHANNEL, RANDOM, TEAM

PLACE = Place(TEAM, CHANNEL)
NOT_INVITED = Place(TEAM, RANDOM)
RED = Redactor()


def notice(text: str) -> Notice:
    return Notice(RED.text(text))


class Room(Protocol):
    """A chat and what can be seen in it from outside."""

    clock: FixedClock
    outbox: Outbox

    @property
    def chat(self) -> Chat: ...

    def standing(self, place: Place) -> list[str]: ...

    def whispered_to(self, user: str) -> list[str]: ...

    def written_to(self, user: str) -> list[str]: ...

    def leaves(self, user: str) -> None: ...


class FakeRoom:
    def __init__(self, outbox: Outbox) -> None:
        self.clock, self.outbox = FixedClock(), outbox
        self.chat = FakeChat(self.clock, outbox)
        self.chat.closed[RANDOM] = "not_in_channel"

    def standing(self, place: Place) -> list[str]:
        return self.chat.texts(place)

    def whispered_to(self, user: str) -> list[str]:
        every = [each for each in self.chat.whispered.values() if each.user == user]
        return [str(each.message.text) for each in every if each.place.channel == CHANNEL]

    def written_to(self, user: str) -> list[str]:
        every = self.chat.whispered.values()
        return [str(each.message.text) for each in every if each.place.channel == direct(user)]

    def leaves(self, user: str) -> None:
        self.chat.absent.add((user, CHANNEL))


class SlackRoom:
    def __init__(self, slack: SlackEmulator, chat: SlackChat, outbox: Outbox, clock: FixedClock) -> None:
        self.slack, self.chat, self.outbox, self.clock = slack, chat, outbox, clock

    def standing(self, place: Place) -> list[str]:
        found = self.slack.messages(place.channel, place.thread_ts)
        return [each.text for each in found if each.bot_id == "B0BOT" and each.ts != place.thread_ts]

    def whispered_to(self, user: str) -> list[str]:
        return [each.text for each in self.slack.ephemerals(user)]

    def written_to(self, user: str) -> list[str]:
        return [each.text for each in self.slack.team.history(self.slack.team.open_dm(user).id)]

    def leaves(self, user: str) -> None:
        self.slack.team.channels[CHANNEL].members.discard(user)


@pytest.fixture(params=["fake", "slack"])
def room(request: pytest.FixtureRequest, outbox: Outbox, clock: FixedClock) -> Room:
    if request.param == "fake":
        return FakeRoom(outbox)
    return SlackRoom(request.getfixturevalue("slack"), request.getfixturevalue("chat"), outbox, clock)


async def test_what_is_said_stands_in_the_channel(room: Room) -> None:
    ts = await room.chat.say("a", PLACE, notice("hello"))
    assert ts
    assert [each.endswith("hello") for each in room.standing(PLACE)] == [True]


async def test_what_is_said_again_under_its_key_replaces_what_stands_there(room: Room) -> None:
    first = await room.chat.say("a", PLACE, notice("one"))
    second = await room.chat.say("a", PLACE, notice("two"))
    assert first == second
    assert [each.split()[-1] for each in room.standing(PLACE)] == ["two"]


async def test_two_keys_are_two_messages_in_the_order_they_were_said(room: Room) -> None:
    first = await room.chat.say("a", PLACE, notice("one"))
    second = await room.chat.say("b", PLACE, notice("two"))
    assert float(first) < float(second)
    assert [each.split()[-1] for each in room.standing(PLACE)] == ["one", "two"]


async def test_a_reply_stands_in_its_thread_and_not_in_the_channel(room: Room) -> None:
    root = await room.chat.say("root", PLACE, notice("root"))
    await room.chat.say("reply", Place(TEAM, CHANNEL, root), notice("reply"))
    assert [each.split()[-1] for each in room.standing(Place(TEAM, CHANNEL, root))] == ["reply"]
    assert [each.split()[-1] for each in room.standing(PLACE)] == ["root"]


async def test_a_channel_without_us_is_a_fault_with_the_chats_own_word(room: Room) -> None:
    with pytest.raises(ChatFault) as caught:
        await room.chat.say("a", NOT_INVITED, notice("hello"))
    assert caught.value.code == "not_in_channel"
    assert room.standing(NOT_INVITED) == []


async def test_progress_that_follows_too_soon_is_dropped(room: Room) -> None:
    await room.chat.progress("a", PLACE, notice("one"))
    await room.chat.progress("a", PLACE, notice("two"))
    assert [each.split()[-1] for each in room.standing(PLACE)] == ["one"]
    room.clock.pass_by(seconds=4)
    await room.chat.progress("a", PLACE, notice("three"))
    assert [each.split()[-1] for each in room.standing(PLACE)] == ["three"]


async def test_progress_that_says_the_same_again_is_no_news(room: Room) -> None:
    await room.chat.progress("a", PLACE, notice("one"))
    room.clock.pass_by(seconds=4)
    await room.chat.progress("a", PLACE, notice("one"))
    await room.chat.progress("a", PLACE, notice("two"))
    assert [each.split()[-1] for each in room.standing(PLACE)] == ["two"]


async def test_the_last_word_is_shown_however_fresh_the_progress_is(room: Room) -> None:
    await room.chat.progress("a", PLACE, notice("working"))
    await room.chat.say("a", PLACE, notice("done"))
    assert [each.split()[-1] for each in room.standing(PLACE)] == ["done"]


async def test_progress_never_raises(room: Room) -> None:
    await room.chat.progress("a", NOT_INVITED, notice("working"))
    assert room.standing(NOT_INVITED) == []


async def test_what_changes_often_is_shown_seconds_apart_and_the_newest_in_the_end(room: Room) -> None:
    await room.chat.soon("count", PLACE, notice("one"))
    assert [each.split()[-1] for each in room.standing(PLACE)] == ["one"]
    for word in ("two", "three", "four"):
        room.clock.pass_by(seconds=0.5)
        await room.chat.soon("count", PLACE, notice(word))
        assert await room.chat.drain() == 0
    assert [each.split()[-1] for each in room.standing(PLACE)] == ["one"]
    room.clock.pass_by(seconds=2)
    assert await room.chat.drain() == 1
    assert [each.split()[-1] for each in room.standing(PLACE)] == ["four"]
    assert await room.chat.drain() == 0
    room.clock.pass_by(seconds=4)
    await room.chat.soon("count", PLACE, notice("five"))
    assert [each.split()[-1] for each in room.standing(PLACE)] == ["five"]


async def test_what_changes_often_raises_nothing(room: Room) -> None:
    await room.chat.soon("count", NOT_INVITED, notice("one"))
    assert room.standing(NOT_INVITED) == []


async def test_a_whisper_is_seen_by_one_person_and_said_once(room: Room) -> None:
    for _ in range(2):
        await room.chat.whisper("w", PLACE, "U0BOB", notice("psst"))
    assert [each.split()[-1] for each in room.whispered_to("U0BOB")] == ["psst"]
    assert room.whispered_to("U0ALICE") == []
    assert room.standing(PLACE) == []


async def test_a_whisper_to_somebody_who_is_not_there_becomes_a_direct_message(room: Room) -> None:
    room.leaves("U0BOB")
    await room.chat.whisper("w", PLACE, "U0BOB", notice("psst"))
    assert room.whispered_to("U0BOB") == []
    assert [each.split()[-1] for each in room.written_to("U0BOB")] == ["psst"]


async def test_what_a_transaction_left_in_the_outbox_is_delivered_once(room: Room) -> None:
    saying = Saying("card", PLACE, room.chat.compose(notice("decided")))
    await room.outbox.put(saying, room.clock.now())
    first = await room.chat.deliver("card")
    assert first is not None
    assert await room.chat.deliver("card") == first
    assert [each.split()[-1] for each in room.standing(PLACE)] == ["decided"]


async def test_delivering_what_the_chat_refuses_or_nobody_wrote_answers_nothing(room: Room) -> None:
    await room.outbox.put(Saying("card", NOT_INVITED, room.chat.compose(notice("x"))), room.clock.now())
    assert await room.chat.deliver("card") is None
    assert await room.chat.deliver("never written") is None


async def test_a_message_looks_the_same_in_both(room: Room) -> None:
    made = room.chat.compose(notice("hello <!channel>"))
    assert "<!channel>" not in made.text
    assert made.blocks[0]["type"] == "section"
