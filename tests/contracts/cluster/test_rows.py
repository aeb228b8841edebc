"""The contract's own table: every test has a row, every row has a test, and the papers show both."""

from __future__ import annotations

import pytest

from tests.contracts.cluster.backends import VARIABLE, named
from tests.contracts.cluster.rows import PAPER, ROWS, checked, written


def test_every_test_of_the_contract_has_a_row_and_every_row_a_test():
    found = checked()
    assert [tests for (row, _), tests in found.items() if row not in ROWS] == []
    assert {row for row, _ in found} == set(ROWS)


def test_the_table_in_the_papers_is_the_one_of_the_tests():
    text = PAPER.read_text(encoding="utf-8")
    assert text == written(text), "write it anew: .venv/bin/python -m tests.contracts.cluster.rows"


def test_the_contract_is_checked_on_a_named_cluster_as_well():
    if named() is None:
        pytest.skip(f"an option: {VARIABLE} names no cluster, so the contract is checked on the emulator alone")
