"""Deliveries are stored once, taken lane by lane in order, and survive a crash."""

from datetime import timedelta

from bot.domain import Inbound, ThreadId
from bot.stores import Arrival, Stores
from safety.redaction import Redactor
from tests.fakes import FixedClock

RED = Redactor()
NOBODY: frozenset[str] = frozenset()


def arrival(event: str, ts: str = "1.0", lane: str = "a", message: str | None = None, **payload: str) -> Arrival:
    thread = ThreadId("T", "C", "1.0")
    return Arrival(event, "reply", lane, ts, RED.json({"text": event, **payload}), thread, message)


async def _all_takes(stores: Stores, clock: FixedClock) -> list[Inbound]:
    """Everything that waits, each finished before the next is taken."""
    taken = []
    while (found := await stores.inbox.next(NOBODY, clock.now())) is not None:
        taken.append(found[0])
        await stores.inbox.finish(found[0].id)
    return taken


async def test_an_event_is_stored_once(stores: Stores, clock: FixedClock) -> None:
    assert await stores.inbox.put(arrival("e1"), clock.now())
    assert not await stores.inbox.put(arrival("e1"), clock.now())


async def test_a_message_is_stored_once_although_it_comes_as_two_events(stores: Stores, clock: FixedClock) -> None:
    assert await stores.inbox.put(arrival("e1", message="T:C:1.0"), clock.now())
    assert not await stores.inbox.put(arrival("e2", message="T:C:1.0"), clock.now())
    assert await stores.inbox.put(arrival("e3", message="T:D:1.0"), clock.now())
    assert await stores.inbox.put(arrival("e4", message="U:C:1.0"), clock.now())


async def test_it_is_known_still_after_it_was_finished(stores: Stores, clock: FixedClock) -> None:
    await stores.inbox.put(arrival("e1", message="T:C:1.0"), clock.now())
    await _all_takes(stores, clock)
    assert not await stores.inbox.put(arrival("e1", message="T:C:1.0"), clock.now())
    assert await stores.inbox.has("T:C:1.0")
    assert not await stores.inbox.has("T:C:2.0")


async def test_what_is_taken_is_what_was_put(stores: Stores, clock: FixedClock) -> None:
    await stores.inbox.put(arrival("e1", user="U0BOB"), clock.now())
    found = await stores.inbox.next(NOBODY, clock.now())
    assert found is not None
    inbound, lane = found
    assert (inbound.kind, inbound.thread, inbound.attempts, lane) == ("reply", ThreadId("T", "C", "1.0"), 1, "a")
    assert inbound.payload == {"text": "e1", "user": "U0BOB"}
    assert inbound.received_at == clock.now()


async def test_secrets_are_gone_before_anything_is_stored(stores: Stores, clock: FixedClock) -> None:
    secret = "ghp_" + "a1B2" * 9
    await stores.inbox.put(arrival("e1", text=f"my token is {secret}"), clock.now())
    found = await stores.inbox.next(NOBODY, clock.now())
    assert found is not None
    assert secret not in str(found[0].payload)


async def test_a_lane_is_taken_in_the_order_of_its_messages_and_not_of_their_arrival(
    stores: Stores, clock: FixedClock
) -> None:
    for number in (3, 1, 2):
        await stores.inbox.put(arrival(f"e{number}", ts=f"{number}.0"), clock.now())
    assert [each.payload["text"] for each in await _all_takes(stores, clock)] == ["e1", "e2", "e3"]


async def test_a_busy_lane_is_passed_over(stores: Stores, clock: FixedClock) -> None:
    await stores.inbox.put(arrival("e1", lane="a"), clock.now())
    await stores.inbox.put(arrival("e2", lane="b", ts="2.0"), clock.now())
    found = await stores.inbox.next(frozenset({"a"}), clock.now())
    assert found is not None
    assert found[1] == "b"
    assert await stores.inbox.next(frozenset({"a", "b"}), clock.now()) is None


async def test_what_is_taken_is_not_taken_again(stores: Stores, clock: FixedClock) -> None:
    await stores.inbox.put(arrival("e1"), clock.now())
    assert await stores.inbox.next(NOBODY, clock.now()) is not None
    assert await stores.inbox.next(NOBODY, clock.now()) is None


async def test_a_retry_waits_for_its_time_and_counts(stores: Stores, clock: FixedClock) -> None:
    await stores.inbox.put(arrival("e1"), clock.now())
    found = await stores.inbox.next(NOBODY, clock.now())
    assert found is not None
    await stores.inbox.retry(found[0].id, clock.now() + timedelta(seconds=4))
    assert await stores.inbox.next(NOBODY, clock.now()) is None
    clock.pass_by(seconds=4)
    again = await stores.inbox.next(NOBODY, clock.now())
    assert again is not None
    assert again[0].attempts == 2


async def test_nothing_overtakes_a_retry_in_its_own_lane(stores: Stores, clock: FixedClock) -> None:
    await stores.inbox.put(arrival("e1", ts="1.0"), clock.now())
    found = await stores.inbox.next(NOBODY, clock.now())
    assert found is not None
    await stores.inbox.retry(found[0].id, clock.now() + timedelta(seconds=4))
    await stores.inbox.put(arrival("e2", ts="2.0"), clock.now())
    await stores.inbox.put(arrival("e3", ts="3.0", lane="b"), clock.now())
    assert [each.payload["text"] for each in await _all_takes(stores, clock)] == ["e3"]
    clock.pass_by(seconds=4)
    assert [each.payload["text"] for each in await _all_takes(stores, clock)] == ["e1", "e2"]


async def test_after_a_crash_what_was_taken_waits_again_and_what_was_finished_does_not(
    stores: Stores, clock: FixedClock
) -> None:
    for number in (1, 2, 3):
        await stores.inbox.put(arrival(f"e{number}", lane=f"{number}"), clock.now())
    first = await stores.inbox.next(NOBODY, clock.now())
    second = await stores.inbox.next(NOBODY, clock.now())
    assert first is not None
    assert second is not None
    await stores.inbox.finish(first[0].id)
    assert await stores.inbox.recover() == 1
    assert [each.attempts for each in await _all_takes(stores, clock)] == [2, 1]


async def test_what_failed_for_good_is_not_taken_again(stores: Stores, clock: FixedClock) -> None:
    await stores.inbox.put(arrival("e1"), clock.now())
    found = await stores.inbox.next(NOBODY, clock.now())
    assert found is not None
    await stores.inbox.finish(found[0].id, failed=True)
    assert await stores.inbox.recover() == 0
    assert await stores.inbox.next(NOBODY, clock.now()) is None
