"""A message has one row for ever; it is sent again whenever a newer version is wanted."""

from datetime import timedelta

import pytest

from bot.adapters.store.outbox import Outbox, Parcel
from bot.ports import Place, Rendered, Saying
from safety.redaction import Redactor
from tests.fakes import FixedClock

RED = Redactor()
PLACE = Place("T", "C", "1.0")


def saying(text: str, key: str = "k", user: str | None = None) -> Saying:
    return Saying(key, PLACE, Rendered(RED.text(text)), user)


async def _get(outbox: Outbox, key: str = "k") -> Parcel:
    found = await outbox.get(key)
    assert found is not None
    return found


async def test_the_same_key_is_replaced_and_not_doubled(outbox: Outbox, clock: FixedClock) -> None:
    await outbox.put(saying("one"), clock.now())
    await outbox.put(saying("two"), clock.now())
    (parcel,) = await outbox.due(clock.now())
    assert (parcel.message.text, parcel.wanted, parcel.sent) == ("two", 2, 0)


async def test_a_whisper_is_said_once(outbox: Outbox, clock: FixedClock) -> None:
    await outbox.put(saying("one", user="U0BOB"), clock.now())
    await outbox.put(saying("two", user="U0BOB"), clock.now())
    parcel = await _get(outbox)
    assert (parcel.message.text, parcel.wanted, parcel.user) == ("one", 1, "U0BOB")


async def test_what_was_sent_is_not_due_and_a_newer_version_is(outbox: Outbox, clock: FixedClock) -> None:
    await outbox.put(saying("one"), clock.now())
    await outbox.sent(await _get(outbox), "9.0")
    assert await outbox.due(clock.now()) == []
    await outbox.put(saying("two"), clock.now())
    (parcel,) = await outbox.due(clock.now())
    assert (parcel.ts, parcel.message.text) == ("9.0", "two")


async def test_a_version_wanted_while_an_older_one_was_under_way_stays_due(outbox: Outbox, clock: FixedClock) -> None:
    await outbox.put(saying("one"), clock.now())
    under_way = await _get(outbox)
    await outbox.sending("k")
    await outbox.put(saying("two"), clock.now())
    await outbox.sent(under_way, "9.0")
    (parcel,) = await outbox.due(clock.now())
    assert (parcel.ts, parcel.sent, parcel.wanted, parcel.in_doubt) == ("9.0", 1, 2, False)


async def test_a_send_without_an_answer_is_in_doubt_also_when_something_newer_is_wanted(
    outbox: Outbox, clock: FixedClock
) -> None:
    await outbox.put(saying("one"), clock.now())
    await outbox.sending("k")
    assert (await _get(outbox)).in_doubt
    await outbox.put(saying("two"), clock.now())
    assert (await _get(outbox)).in_doubt


async def test_a_failure_for_now_comes_back_at_its_time_and_one_for_good_never(
    outbox: Outbox, clock: FixedClock
) -> None:
    await outbox.put(saying("one", "now"), clock.now())
    await outbox.put(saying("two", "ever"), clock.now())
    await outbox.failed(await _get(outbox, "now"), "ratelimited", clock.now() + timedelta(seconds=5))
    await outbox.failed(await _get(outbox, "ever"), "is_archived", None)
    assert await outbox.due(clock.now()) == []
    clock.pass_by(seconds=5)
    assert [(each.key, each.tries) for each in await outbox.due(clock.now())] == [("now", 1)]
    assert (await _get(outbox, "ever")).error == "is_archived"


async def test_words_in_blocks_must_be_redacted(outbox: Outbox, clock: FixedClock) -> None:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "plain words"}}
    with pytest.raises(TypeError, match="must be redacted"):
        await outbox.put(Saying("k", PLACE, Rendered(RED.text("x"), (block,))), clock.now())


async def test_blocks_come_back_as_they_went_in(outbox: Outbox, clock: FixedClock) -> None:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": RED.text("é 😀 <&>")}, "verbatim": True}
    await outbox.put(Saying("k", PLACE, Rendered(RED.text("x"), (block,))), clock.now())
    assert (await _get(outbox)).message.blocks == (block,)


async def test_an_error_longer_than_its_column_is_cut(outbox: Outbox, clock: FixedClock) -> None:
    await outbox.put(saying("one"), clock.now())
    await outbox.failed(await _get(outbox), "x" * 500, None)
    assert (await _get(outbox)).error == "x" * 200
