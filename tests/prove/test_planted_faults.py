"""The proof that plants faults says which one nobody noticed, and does not hold by tests that are red anyway."""

from pathlib import Path

import pytest

from prove.figure import Size
from prove.planted_faults import LEAST, LIST, PROOF, missed, whole
from tests.mutations.planting import Fault, read_faults

RIGHT = "def least(one, other):\n    return one if one < other else other\n"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project of one module and one test."""
    (tmp_path / "thing.py").write_text(RIGHT)
    (tmp_path / "test_thing.py").write_text("import thing\n\n\ndef test_it():\n    assert thing.least(1, 2) == 1\n")
    return tmp_path


def _fault(place: str) -> Fault:
    return Fault(f"a fault: {place}", "thing.py", "one < other", place, ("test_thing.py",))


def test_the_list_is_long_enough_to_be_a_proof() -> None:
    assert len(read_faults(LIST)) >= LEAST
    assert len(read_faults(LIST)) == PROOF.cases_of(Size.LONG), "the long run plants all of them"


def test_a_fault_that_is_caught_holds_and_one_that_is_not_is_named(small: Path) -> None:
    assert missed([_fault("one > other")], root=small) == []
    told = missed([_fault("one > other"), _fault("one <= other")], root=small)
    assert told == ["no test noticed: a fault: one <= other"]
    both = whole(2, [[], told])
    assert both.failures == tuple(told)
    assert both.seen.startswith("1 of 2 caught;")


def test_tests_that_are_red_anyway_prove_nothing(small: Path) -> None:
    (small / "thing.py").write_text(RIGHT.replace("<", ">"))
    (told,) = missed([_fault("one > other")], root=small)
    assert told.startswith("without a fault the tests fail")
    assert not whole(1, [[told]]).held
