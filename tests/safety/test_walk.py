"""The walk over a whole text only spares work: what goes is what the rules find in each line alone."""

import random
from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from prove._log_lines import lines
from prove._vendor_tokens import planted
from safety.detection.line import Look, looks_at, spans_in
from safety.detection.rule import automaton
from safety.redaction import Redactor

OWN = automaton([("own-value-of-ours", None)])
PIECES = (
    *("token", "=", ": ", "password", "secret", '"', "'", " ", "\\n", "/", ".", "-", "_", "@", "%40", "%3D", "login"),
    *("card ", "4111111111111111", "4111 1111 1111 1111", "219-09-9999", "+49 151 23456789", "(212) 555-0101", "eyJ"),
    *("gh" + "p_" + "aB3dE5gH" * 5, "s." + "aB3dE5gH" * 3, "00" + "aB3dE5gH" * 5, "*" + "0A1B2C3D" * 5, "x" * 40),
    *("aGVsbG8gd29ybGQg" * 4, "db:5432:shop:app:hunter22", "own-value-of-ours", "é", "пароль", "2026-03-01T10:00:00Z"),
    *("DE89370400440532013000", "://app:"),
)  # fmt: skip
LINES = st.lists(st.lists(st.sampled_from(PIECES), max_size=7).map("".join), max_size=6)


def with_and_without_the_walk(texts: list[str]) -> None:
    starts = [0, *accumulate(len(each) + 1 for each in texts)][:-1]
    looks = looks_at("\n".join(texts), starts, OWN)
    for at, line in enumerate(texts):
        assert spans_in(line, OWN, looks.get(at, Look())) == spans_in(line, OWN), line


@given(LINES)
@settings(max_examples=300, deadline=None)
def test_the_walk_passes_over_no_line_in_which_a_rule_finds_something(texts: list[str]) -> None:
    with_and_without_the_walk(texts)


def test_nor_does_it_where_letters_are_not_latin() -> None:
    with_and_without_the_walk(["édb:5432:shop:app:hunter22", "db:5432:магазин:приложение:hunter22"])


def test_nor_does_it_in_logs_as_programs_write_them() -> None:
    chance = random.Random(29)
    texts = [each.text for each in lines(chance, 1500)] + [each.line for each in planted(chance, 600)]
    chance.shuffle(texts)
    with_and_without_the_walk([line for each in texts for line in each.split("\n")])


@given(LINES)
@settings(max_examples=100, deadline=None)
def test_a_line_with_a_return_at_its_end_loses_the_same(texts: list[str]) -> None:
    redactor = Redactor(key=bytes(16))
    plain, returned = redactor.text("\n".join(texts)), redactor.text("\r\n".join(texts))
    assert returned.replace("\r", "") == plain.replace("\r", "")
