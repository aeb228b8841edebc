"""Levels, steps and growth in measured lines."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.analyzers.trends import Points, fall, grows_steadily, level, lives, ordered, rise, slope

START = datetime(2026, 3, 11, 8, tzinfo=UTC)


def line(*values: float) -> Points:
    return tuple((START + timedelta(minutes=index), value) for index, value in enumerate(values))


def shape(value: Callable[[int], float], size: int = 120) -> Points:
    """A line with a small noise that is the same each time."""
    return line(*(value(index) * (1 + 0.02 * math.sin(7.3 * index)) for index in range(size)))


def test_a_step_is_found_with_its_time() -> None:
    found = rise(shape(lambda index: 40.0 if index < 80 else 200.0))
    assert found is not None
    assert found.since == START + timedelta(minutes=80)
    assert 38 < found.before < 42 < 190 < found.now < 210
    assert 4.5 < found.ratio < 5.5


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("level", lambda index: 40.0),
        ("a spike that is over", lambda index: 400.0 if 50 <= index < 60 else 40.0),
        ("a wave", lambda index: 100 + 50 * math.sin(index / 6)),
        ("a fall", lambda index: 100.0 if index < 60 else 20.0),
        ("a single point", lambda index: 900.0 if index == 119 else 40.0),
    ],
)
def test_other_lines_show_no_rise(what: str, value: Callable[[int], float]) -> None:
    found = rise(shape(value))
    assert found is None or found.ratio < 1.6, what


@pytest.mark.parametrize(
    ("value", "grows"),
    [
        (lambda index: 100.0 + 3 * index, True),
        (lambda index: 100.0 if index < 60 else 300.0, False),
        (lambda index: 300 - 200 * math.exp(-index / 12), False),
        (lambda index: 100.0 + 60 * (index % 10) / 10, False),
        (lambda index: 100.0, False),
        (lambda index: 400.0 - 2 * index, False),
    ],
    ids=["a ramp", "a step", "warming up", "collected again and again", "level", "a fall"],
)
def test_only_a_ramp_grows_steadily(value: Callable[[int], float], grows: bool) -> None:
    assert grows_steadily(shape(value)) is grows


def test_lives_part_where_the_line_falls_far() -> None:
    parts = lives(line(1, 2, 3, 1, 2, 2.9, 2.8, 1))
    assert [len(each) for each in parts] == [3, 4, 1]


def test_points_come_in_order_and_without_what_is_no_number() -> None:
    mixed = [*reversed(line(1, math.nan, 3, math.inf)), (START, 1.0)]
    assert ordered(mixed) == (line(1, 2, 3)[0], line(1, 2, 3)[2])


VALUES = st.lists(st.floats(0, 1e12), min_size=1, max_size=60)


@given(VALUES)
def test_whatever_the_line_a_rise_ends_above_where_it_began_and_lies_within(values: list[float]) -> None:
    points = line(*values)
    found = rise(points)
    if found is not None:
        assert found.now > found.before
        assert points[0][0] < found.since <= points[-1][0]
        assert found.now == level(points)


@given(VALUES)
def test_a_line_and_its_double_live_alike(values: list[float]) -> None:
    assert [len(each) for each in lives(line(*values))] == [len(each) for each in lives(line(*(v * 2 for v in values)))]
    assert sum(len(each) for each in lives(line(*values))) == len(values)


@given(st.floats(-1e6, 1e6), st.floats(-1e3, 1e3), st.integers(3, 80))
def test_the_slope_of_a_straight_line_is_its_growth_per_hour(begin: float, per_minute: float, size: int) -> None:
    points = line(*(begin + per_minute * index for index in range(size)))
    assert slope(points) == pytest.approx(60 * per_minute, rel=1e-6, abs=1e-4)


@given(VALUES)
def test_a_line_that_never_rises_has_no_rise(values: list[float]) -> None:
    points = line(*sorted(values, reverse=True))
    assert rise(points) is None
    assert not grows_steadily(points)


def test_of_few_points_a_rise_is_seen_where_none_lies_between_the_levels() -> None:
    found = rise(line(0.4, 0.41, 0.4, 7.9, 9.4, 9.9, 9.3))
    assert found is not None
    assert (found.since, found.before, found.now) == (START + timedelta(minutes=3), 0.4, 7.9)
    ramp = rise(line(0, 0.001, 0.04, 0.21, 0.35))
    assert ramp is not None
    assert ramp.since == START + timedelta(minutes=2)


@pytest.mark.parametrize(
    "values",
    [(40, 41, 39, 42, 40), (40, 90, 41, 88, 42), (40, 400, 41, 40), (40, 41, 400), (200, 190, 20, 21), (1, 2, 3, 4, 5)],
    ids=["level", "a wave", "a spike", "one point", "a fall", "bit by bit"],
)
def test_other_charts_of_few_points_show_no_rise(values: tuple[float, ...]) -> None:
    found = rise(line(*values))
    assert found is None or found.ratio <= 2


def test_few_points_that_all_grow_are_growth() -> None:
    assert grows_steadily(line(100, 150, 210, 260, 330))
    assert not grows_steadily(line(100, 150, 140, 260, 330))
    assert not grows_steadily(line(100, 105, 300, 305, 310))
    assert not grows_steadily(line(100, 150, 200, 250))


def test_a_level_that_fell_is_told_from_one_that_waves() -> None:
    assert fall(shape(lambda at: 260.0 if at < 90 else 48.0))
    assert not fall(shape(lambda at: 260.0 if at < 90 else 240.0))
    assert not fall(shape(lambda at: 48.0 if at < 90 else 260.0))
    assert not fall(shape(lambda at: 200.0 + 30 * (at % 7)))
