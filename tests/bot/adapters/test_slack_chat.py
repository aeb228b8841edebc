"""Saying things on a Slack that refuses, stalls, answers late or loses the answer."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.adapters.slack_chat import METADATA_TYPE, Gate, SlackChat
from bot.adapters.store.outbox import Outbox
from bot.demo.slack_emulator import SlackEmulator
from bot.messages import Notice
from bot.ports import ChatFault, Place, Saying
from safety.redaction import Redactor
from tests.fakes import FixedClock
from tests.fixtures import CHANNEL, RANDOM, TEAM

PLACE = Place(TEAM, CHANNEL)
RED = Redactor()
Loss = Callable[[AsyncSlackResponse], Exception]


def notice(text: str) -> Notice:
    return Notice(RED.text(text))


def ours(slack: SlackEmulator) -> list[str]:
    """The last words of our messages, wherever they stand."""
    return [each.text.split()[-1] for each in slack.team.all_messages() if each.bot_id == "B0BOT"]


class LosesAnswers(AsyncWebClient):
    """Slack does what it was asked for, and the answer never comes back."""

    def __init__(self, slack: SlackEmulator, method: str, loss: Loss, times: int = 1) -> None:
        super().__init__(token=slack.bot_token, base_url=slack.api_url, timeout=5, retry_handlers=[])
        self._method, self._loss, self._times = method, loss, times

    async def api_call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:  # type: ignore[override]
        answer = await super().api_call(api_method, **arguments)
        if api_method == self._method and self._times:
            self._times -= 1
            raise self._loss(answer)
        return answer


def status_500(answer: AsyncSlackResponse) -> Exception:
    answer.status_code, answer.data = 500, {"ok": False, "error": "internal_error"}
    return SlackApiError("it failed", answer)


def cut_off(_answer: AsyncSlackResponse) -> Exception:
    return aiohttp.ServerDisconnectedError()


# ---- once per key ---------------------------------------------------------------------------------------------------


async def test_the_second_say_of_a_key_is_an_update(slack: SlackEmulator, chat: SlackChat) -> None:
    await chat.say("a", PLACE, notice("one"))
    await chat.say("a", PLACE, notice("two"))
    assert [len(slack.calls("chat.postMessage")), len(slack.calls("chat.update"))] == [1, 1]


async def test_twenty_at_once_under_one_key_post_once(slack: SlackEmulator, chat: SlackChat) -> None:
    await asyncio.gather(*(chat.say("a", PLACE, notice("one")) for _ in range(20)))
    assert len(slack.calls("chat.postMessage")) == 1
    assert ours(slack) == ["one"]


async def test_a_post_carries_a_mark_of_its_own_and_unfurls_nothing(
    slack: SlackEmulator, chat: SlackChat, outbox: Outbox
) -> None:
    await chat.say("a", PLACE, notice("one"))
    sent = slack.calls("chat.postMessage")[0].args
    parcel = await outbox.get("a")
    assert parcel is not None
    assert sent["metadata"] == {"event_type": METADATA_TYPE, "event_payload": {"nonce": parcel.nonce}}
    assert (sent["unfurl_links"], sent["unfurl_media"]) == (False, False)


@pytest.mark.parametrize("loss", [status_500, cut_off])
@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_post_that_arrived_although_the_answer_was_lost_is_found_and_not_repeated(
    slack: SlackEmulator, outbox: Outbox, clock: FixedClock, loss: Loss, in_thread: bool
) -> None:
    root = await slack.user("bob").say("root", "incidents")
    chat = SlackChat(LosesAnswers(slack, "chat.postMessage", loss), outbox, clock)
    ts = await chat.say("a", Place(TEAM, CHANNEL, root.ts if in_thread else None), notice("one"))
    assert len(slack.calls("chat.postMessage")) == 1
    assert ours(slack) == ["one"]
    assert slack.team.find_message(CHANNEL, ts) is not None


async def test_a_500_before_anything_arrived_is_tried_again(slack: SlackEmulator, chat: SlackChat) -> None:
    slack.faults.fail("chat.postMessage", status=500)
    await chat.say("a", PLACE, notice("one"))
    assert ours(slack) == ["one"]


async def _dies_after_posting(slack: SlackEmulator, chat: SlackChat, text: str) -> None:
    hold = slack.faults.hold("chat.postMessage", "after")
    saying = asyncio.create_task(chat.say("a", PLACE, notice(text)))
    await hold.reached()
    saying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saying
    hold.release()


async def test_after_a_crash_between_the_post_and_its_answer_the_outbox_finds_the_message(
    slack: SlackEmulator, chat: SlackChat, client: AsyncWebClient, outbox: Outbox, clock: FixedClock
) -> None:
    await _dies_after_posting(slack, chat, "one")
    again = SlackChat(client, outbox, clock)
    assert await again.drain() == 1
    assert ours(slack) == ["one"]
    assert await again.drain() == 0


async def test_after_such_a_crash_saying_it_again_replaces_the_message_that_arrived(
    slack: SlackEmulator, chat: SlackChat, client: AsyncWebClient, outbox: Outbox, clock: FixedClock
) -> None:
    await _dies_after_posting(slack, chat, "one")
    again = SlackChat(client, outbox, clock)
    await again.say("a", PLACE, notice("two"))
    assert ours(slack) == ["two"]
    assert len(slack.calls("chat.postMessage")) == 1


async def test_drain_delivers_what_an_earlier_process_left(
    slack: SlackEmulator, chat: SlackChat, outbox: Outbox, clock: FixedClock
) -> None:
    for number in range(3):
        saying = Saying(f"left:{number}", PLACE, chat.compose(notice(f"n{number}")))
        await outbox.put(saying, clock.now())
    assert await chat.drain() == 3
    assert ours(slack) == ["n0", "n1", "n2"]
    assert await chat.drain() == 0


# ---- what Slack refuses ---------------------------------------------------------------------------------------------


async def test_too_many_requests_waits_as_long_as_slack_says(
    slack: SlackEmulator, chat: SlackChat, clock: FixedClock
) -> None:
    slack.faults.fail("chat.postMessage", status=429, retry_after=7)
    await chat.say("a", PLACE, notice("one"))
    assert 7 in clock.slept
    assert ours(slack) == ["one"]


async def test_an_update_that_is_limited_comes_through_in_the_end(slack: SlackEmulator, chat: SlackChat) -> None:
    await chat.say("a", PLACE, notice("one"))
    slack.faults.fail("chat.update", status=429, retry_after=3, times=2)
    await chat.say("a", PLACE, notice("two"))
    assert ours(slack) == ["two"]


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_blocks_too_long", "invalid_blocks_format"])
async def test_blocks_that_slack_does_not_take_are_left_out(slack: SlackEmulator, chat: SlackChat, code: str) -> None:
    slack.faults.fail("chat.postMessage", error=code)
    await chat.say("a", PLACE, notice("one"))
    assert ours(slack) == ["one"]
    assert [bool(each.args.get("blocks")) for each in slack.calls("chat.postMessage")] == [True, False]


async def test_a_second_fault_on_the_way_out_of_the_first_is_not_the_end(
    slack: SlackEmulator, chat: SlackChat, clock: FixedClock
) -> None:
    slack.faults.fail("chat.postMessage", error="invalid_blocks")
    slack.faults.fail("chat.postMessage", status=429, retry_after=2)
    await chat.say("a", PLACE, notice("one"))
    assert ours(slack) == ["one"]


async def test_a_cut_connection_on_the_way_out_of_a_fault_is_not_the_end(
    slack: SlackEmulator, outbox: Outbox, clock: FixedClock
) -> None:
    slack.faults.fail("chat.postMessage", error="invalid_blocks")
    chat = SlackChat(LosesAnswers(slack, "chat.postMessage", cut_off), outbox, clock)
    await chat.say("a", PLACE, notice("one"))
    assert ours(slack) == ["one"]


async def test_a_message_that_was_deleted_is_posted_anew(slack: SlackEmulator, chat: SlackChat) -> None:
    first = await chat.say("a", PLACE, notice("one"))
    standing = slack.team.find_message(CHANNEL, first)
    assert standing is not None
    slack.team.delete(standing)
    second = await chat.say("a", PLACE, notice("two"))
    assert second != first
    assert ours(slack) == ["two"]
    assert await chat.say("a", PLACE, notice("three")) == second


async def test_when_the_thread_is_gone_the_answer_stands_in_the_channel(slack: SlackEmulator, chat: SlackChat) -> None:
    root = await slack.user("bob").say("root", "incidents")
    await slack.user("bob").delete("incidents", root.ts)
    ts = await chat.say("a", Place(TEAM, CHANNEL, root.ts), notice("one"))
    found = slack.team.find_message(CHANNEL, ts)
    assert found is not None
    assert found.thread_ts is None
    assert await chat.say("a", Place(TEAM, CHANNEL, root.ts), notice("two")) == ts


@pytest.mark.parametrize(
    ("channel", "code", "hint"),
    [
        (RANDOM, "not_in_channel", "/invite there and pick ask-claude"),
        ("C0NOWHERE", "channel_not_found", "/invite there and pick ask-claude"),
    ],
)
async def test_a_channel_without_us_is_a_fault_that_says_how_to_mend_it(
    slack: SlackEmulator, chat: SlackChat, channel: str, code: str, hint: str
) -> None:
    with pytest.raises(ChatFault, match=hint) as caught:
        await chat.say("a", Place(TEAM, channel), notice("one"))
    assert caught.value.code == code
    assert len(slack.calls("chat.postMessage")) == 1
    assert await chat.drain() == 0


@pytest.mark.parametrize("code", ["is_archived", "missing_scope", "restricted_action", "token_revoked"])
async def test_what_slack_will_refuse_again_is_asked_once(slack: SlackEmulator, chat: SlackChat, code: str) -> None:
    slack.faults.fail("chat.postMessage", error=code)
    with pytest.raises(ChatFault) as caught:
        await chat.say("a", PLACE, notice("one"))
    assert caught.value.code == code
    assert len(slack.calls("chat.postMessage")) == 1


async def test_a_slack_that_stays_away_is_a_timeout_and_the_message_waits(
    slack: SlackEmulator, chat: SlackChat, clock: FixedClock
) -> None:
    slack.faults.fail("chat.postMessage", status=503, times=40)
    with pytest.raises(ChatFault, match="outbox") as caught:
        await chat.say("a", PLACE, notice("one"))
    assert caught.value.code == "timeout"
    slack.faults.clear()
    clock.pass_by(minutes=2)
    assert await chat.drain() == 1
    assert ours(slack) == ["one"]


async def test_an_error_in_progress_is_only_logged(slack: SlackEmulator, chat: SlackChat) -> None:
    slack.faults.fail("chat.postMessage", error="is_archived")
    await chat.progress("a", PLACE, notice("working"))
    assert ours(slack) == []


# ---- whispers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["not_in_channel", "user_not_in_channel", "channel_not_found", "is_archived"])
async def test_a_whisper_that_cannot_be_heard_there_becomes_a_direct_message(
    slack: SlackEmulator, chat: SlackChat, code: str
) -> None:
    slack.faults.fail("chat.postEphemeral", error=code)
    await chat.whisper("w", PLACE, "U0BOB", notice("psst"))
    assert slack.ephemerals("bob") == []
    direct = slack.team.history(slack.team.open_dm("U0BOB").id)
    assert [each.text.split()[-1] for each in direct] == ["psst"]
    await chat.whisper("w", PLACE, "U0BOB", notice("psst"))
    assert len(slack.team.history(slack.team.open_dm("U0BOB").id)) == 1


async def test_a_whisper_to_nobody_is_given_up_without_a_fault(slack: SlackEmulator, chat: SlackChat) -> None:
    await chat.whisper("w", PLACE, "U0NOBODY", notice("psst"))
    assert await chat.drain() == 0


async def test_a_whisper_whose_direct_message_fails_for_now_is_kept(
    slack: SlackEmulator, chat: SlackChat, clock: FixedClock
) -> None:
    slack.faults.fail("chat.postEphemeral", error="user_not_in_channel")
    slack.faults.fail("conversations.open", status=429, retry_after=2)
    await chat.whisper("w", PLACE, "U0BOB", notice("psst"))
    assert [each.text.split()[-1] for each in slack.team.all_messages()] + [
        each.text.split()[-1] for each in slack.ephemerals("bob")
    ] == ["psst"]


# ---- the gate -------------------------------------------------------------------------------------------------------


async def test_the_gate_lets_a_burst_through_and_then_one_a_second(clock: FixedClock) -> None:
    gate = Gate(clock, burst=3, per_second=1)
    for _ in range(3):
        await gate.pass_through(CHANNEL)
    assert clock.slept == []
    for _ in range(4):
        await gate.pass_through(CHANNEL)
    assert sum(clock.slept) == pytest.approx(4, abs=0.01)


async def test_one_channel_does_not_hold_up_another(clock: FixedClock) -> None:
    gate = Gate(clock, burst=1, per_second=1)
    await gate.pass_through(CHANNEL)
    await gate.pass_through(RANDOM)
    assert clock.slept == []


async def test_updates_stay_under_fifty_a_minute_however_many_channels_they_are_in(
    slack: SlackEmulator, chat: SlackChat, clock: FixedClock
) -> None:
    for number in range(120):
        await chat.say(f"m{number % 3}", Place(PLACE.team, (CHANNEL, "C0ALERTS")[number % 2]), notice(str(number)))
    calls = len(slack.calls("chat.update"))
    assert calls == 117
    assert sum(clock.slept) >= (calls - 50) / 50 * 60


async def test_progress_leaves_room_for_the_updates_that_must_be_shown(
    slack: SlackEmulator, chat: SlackChat, clock: FixedClock
) -> None:
    for number in range(12):
        await chat.say("a", PLACE, notice(str(number)))
    clock.slept.clear()
    await chat.progress("b", PLACE, notice("working"))
    await chat.say("a", PLACE, notice("done"))
    assert (ours(slack), clock.slept) == (["done"], [])
    clock.pass_by(minutes=1)
    await chat.progress("b", PLACE, notice("working"))
    assert ours(slack) == ["done", "working"]


async def test_whispers_to_one_person_hold_up_nothing_that_everybody_sees(
    slack: SlackEmulator, chat: SlackChat, clock: FixedClock
) -> None:
    for number in range(12):
        await chat.whisper(f"w{number}", PLACE, "U0BOB", notice("no"))
    before = clock.now()
    for number in range(5):
        await chat.say(f"a{number}", PLACE, notice("one"))
    assert clock.now() == before
    assert len(slack.ephemerals("bob")) == 12


async def test_an_answer_that_nobody_knows_is_not_asked_for_for_ever(
    slack: SlackEmulator, chat: SlackChat, outbox: Outbox, clock: FixedClock
) -> None:
    slack.faults.fail("chat.postMessage", error="invalid_arguments", times=99)
    with pytest.raises(ChatFault):
        await chat.say("a", PLACE, notice("one"))
    parcel = await outbox.get("a")
    assert parcel is not None
    assert (parcel.state, parcel.error) == ("failed", "invalid_arguments")
    assert len(slack.calls("chat.postMessage")) <= 6
