"""When a rule breaks, what it looked at is withheld, and somebody learns of it: how often, which rule, and no text."""

import pytest

from safety.detection.line import Look, RuleFault, spans_in
from safety.detection.passage import Open
from safety.detection.rule import Rule
from safety.redaction import Redactor
from safety.withheld import BUDGET, LINES, Withheld


class Broken(str):
    """A line that cannot be looked at."""

    __slots__ = ()

    def isascii(self) -> bool:
        raise RuntimeError("what is in the line")


def test_a_rule_that_breaks_is_named_and_its_text_is_not() -> None:
    def broken(line: str, _start: int, _end: int) -> list[object]:
        raise ValueError(line)

    rule = Rule("FRAGILE", (), broken)  # type: ignore[arg-type]
    with pytest.raises(RuleFault) as fault:
        spans_in("what is in the line", None, Look(hits=[(0, 4, (rule,))]))
    assert str(fault.value) == "FRAGILE"
    assert fault.value.__cause__ is None


def test_a_fault_withholds_every_line_and_is_counted_and_told_once() -> None:
    told, withheld = list[str](), Withheld()
    withheld.listener = told.append
    out = Redactor(withheld=withheld).lines(["fine", Broken("x")], Open())
    assert [each[:10] for each in out] == ["[WITHHELD:"] * 2
    assert (told, withheld.told()) == ([LINES], f"1 ({LINES} 1)")


def test_a_line_that_asks_for_too_much_is_counted() -> None:
    withheld = Withheld()
    line = " ".join(f"password{n} token{n} secret{n}" for n in range(4000))
    assert Redactor(withheld=withheld).text(line).startswith("[WITHHELD:")
    assert withheld.counts == {BUDGET: 1}


def test_redactors_made_from_one_count_together() -> None:
    withheld = Withheld()
    Redactor(withheld=withheld).learning(["a-learned-value"]).lines([Broken("x")], Open())
    assert withheld.counts.total() == 1


def test_telling_of_a_fault_that_breaks_too_ends() -> None:
    withheld = Withheld()

    def tell(_rule: str) -> None:
        Redactor(withheld=withheld).lines([Broken("the record of the fault")], Open())

    withheld.listener = tell
    Redactor(withheld=withheld).lines([Broken("x")], Open())
    assert withheld.counts == {LINES: 2}


def test_nothing_is_told_while_nothing_was_withheld() -> None:
    withheld = Withheld()
    Redactor(withheld=withheld).text("password=hunter2 and more")
    assert (withheld.told(), withheld.counts.total()) == ("", 0)
