"""The engine sits the exam: the whole library, through the same door as ``investigate --dump``."""

import functools
from pathlib import Path

import pytest

from tests.scenarios.exam.scoring import Score, ask
from tests.scenarios.exam.showing import page, table
from tests.scenarios.kit import all_scenarios

TOKENS = 2_000
_SCORES: list[Score] = []


@functools.cache
def _library_size() -> int:
    return len(all_scenarios())


@pytest.fixture
async def scores(tmp_path: Path) -> list[Score]:
    """Asked once: many tests look at the same answers."""
    if not _SCORES:
        for each in all_scenarios():
            _SCORES.append(await ask(each, tmp_path / each.name))
    return _SCORES


async def test_at_least_95_of_100_causes_are_right(scores: list[Score]) -> None:
    incidents = [each for each in scores if each.is_incident]
    wrong = [f"{each.scenario.name}: {each.faults['category']}" for each in incidents if "category" in each.faults]
    assert len(wrong) <= 0.05 * len(incidents), wrong


async def test_what_is_well_is_left_in_peace(scores: list[Score]) -> None:
    assert [each.scenario.name for each in scores if each.is_false_alarm] == []


async def test_no_innocent_change_is_accused(scores: list[Score]) -> None:
    accused = [each for each in scores if "culprit" in each.faults and each.report.culprit_change is not None]
    assert [f"{each.scenario.name}: {each.report.culprit_change}" for each in accused] == []
    assert [each.scenario.name for each in scores if "accused" in each.faults] == []


async def test_every_suggested_change_removes_the_cause(scores: list[Score]) -> None:
    wrong = [each for each in scores if "remedy" in each.faults]
    assert [each.scenario.name for each in wrong if each.report.remediation.class_ != "none"] == []
    # What is not suggested helps nobody either, and does no harm: few may be missed.
    assert len(wrong) <= 0.05 * len(scores), [each.scenario.name for each in wrong]


async def test_nothing_is_said_that_must_not_be(scores: list[Score]) -> None:
    assert {each.scenario.name: each.faults["said"] for each in scores if "said" in each.faults} == {}


async def test_the_pack_for_a_model_stays_small(scores: list[Score]) -> None:
    assert [(each.scenario.name, each.tokens) for each in scores if each.tokens > TOKENS] == []


async def test_the_table_shows_every_scenario_and_the_failures_first(scores: list[Score]) -> None:
    lines = [each for each in table(scores) if each.startswith(("FAILS", "right"))]
    assert len(lines) == _library_size() == len(scores)
    assert lines == sorted(lines, key=lambda each: each.startswith("right"))
    assert all(each.scenario.name in page(scores) for each in scores)
