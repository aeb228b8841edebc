"""Faults planted on purpose are noticed, and the planting itself can tell a fault that is not."""

import ast
from pathlib import Path

import pytest

from tests.mutations.planting import LISTS, Fault, Misplanted, catchers, check_green, planted, read_faults

FAULTS = [fault for each in LISTS for fault in read_faults(each)]
RIGHT = "def least(one, other):\n    return one if one < other else other\n"
ASKS = "import thing\n\n\ndef test_the_least_of_two():\n    assert thing.least(1, 2) == 1\n"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.title)
def test_a_fault_has_one_place_and_leaves_a_module_that_can_be_read(fault: Fault) -> None:
    ast.parse(planted(fault))


def test_no_fault_is_planted_twice() -> None:
    assert len({fault.title for fault in FAULTS}) == len({(each.file, each.place) for each in FAULTS}) == len(FAULTS)


@pytest.fixture(scope="module")
def green() -> None:
    check_green(FAULTS)


@pytest.mark.mutation
@pytest.mark.timeout(200)
@pytest.mark.usefixtures("green")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.title)
def test_a_planted_fault_turns_a_test_red(fault: Fault) -> None:
    assert catchers(fault), f"survived: {fault.title}"


# ---- the planting ---------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project of one module and one test."""
    (tmp_path / "thing.py").write_text(RIGHT)
    (tmp_path / "test_thing.py").write_text(ASKS)
    return tmp_path


def _fault(find: str, place: str, *tests: str) -> Fault:
    return Fault("a fault", "thing.py", find, place, tests or ("test_thing.py",))


def test_a_fault_that_a_test_asks_about_is_caught_and_the_project_stays_as_it_is(small: Path) -> None:
    fault = _fault("one < other", "one > other")
    check_green([fault], small)
    assert catchers(fault, small) == ("test_thing.py::test_the_least_of_two",)
    assert (small / "thing.py").read_text() == RIGHT


def test_a_fault_that_no_test_asks_about_survives(small: Path) -> None:
    assert catchers(_fault("one < other", "one <= other"), small) == ()


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (_fault("never there", "x"), "occurs 0 times"),
        (_fault("other", "x"), "occurs 3 times"),
        (_fault("one < other", "one <", "test_thing.py"), "no test that failed"),
        (_fault("one < other", "one > other", "test_thing.py::test_nothing"), "no test that failed"),
    ],
    ids=["no place", "many places", "a module that cannot be read", "no such test"],
)
def test_what_nobody_can_judge_is_not_called_caught(small: Path, fault: Fault, why: str) -> None:
    with pytest.raises(Misplanted, match=why):
        catchers(fault, small)


def test_tests_that_fail_without_a_fault_prove_nothing(small: Path) -> None:
    (small / "thing.py").write_text(RIGHT.replace("<", ">"))
    with pytest.raises(Misplanted, match="without a fault"):
        check_green([_fault("one > other", "one >= other")], small)
