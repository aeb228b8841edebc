"""What every ``Clock`` does: the machine's and the one that stands still."""

from datetime import timedelta

import pytest

from bot.ports import Clock
from bot.wiring import SystemClock
from tests.fakes import FixedClock


@pytest.fixture(params=[SystemClock, FixedClock])
def any_clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


async def test_the_time_has_a_zone_and_is_utc(any_clock: Clock) -> None:
    assert any_clock.now().utcoffset() == timedelta(0)


async def test_whoever_sleeps_wakes_up_later(any_clock: Clock) -> None:
    before = any_clock.now()
    await any_clock.sleep(0.01)
    assert any_clock.now() - before >= timedelta(seconds=0.009)
