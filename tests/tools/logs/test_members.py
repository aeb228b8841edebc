"""Lines whose parts have names that nobody agreed on: which one is the level, the time, the text, the address."""

from datetime import UTC, datetime

import pytest

from tools.logs.read import read_log
from tools.logs.reading import Entry, Level

NOW = datetime(2026, 11, 2, 8, 12, tzinfo=UTC)


def entry(line: str) -> Entry:
    (found,) = read_log(line, now=NOW).entries
    return found


@pytest.mark.parametrize(
    "line",
    [
        '{"when":"2026-11-02T08:11:01Z","sev":"E","app":"t","text":"no rules","why":"disk gone"}',
        '{"t":1793607061,"lev":"ERR","m":"no rules","lasterr":"disk gone"}',
        '{"at":"2026-11-02T08:11:01Z","priority":3,"note":"no rules","failure":{"kind":"io","detail":"disk gone"}}',
        'lvl=ERR at=2026-11-02T08:11:01Z what="no rules" last_err="disk gone"',
    ],
)
def test_odd_names_are_understood(line: str) -> None:
    found = entry(line)
    assert found.level is Level.ERROR
    assert found.at == datetime(2026, 11, 2, 8, 11, 1, tzinfo=UTC)
    assert "no rules" in found.message
    assert "disk gone" in found.message


def test_a_message_template_is_filled() -> None:
    line = '{"@t":"2026-11-02T08:11:01Z","@l":"Error","@mt":"store {Host} away","Host":"pg:5432"}'
    assert "store pg:5432 away" in entry(line).message


def test_an_address_in_a_member_is_what_the_line_is_about() -> None:
    line = '{"lvl":"error","msg":"connection refused","warehouse":"pg.depot:5432"}'
    assert [each.target for each in read_log(line, now=NOW).standing()] == ["pg.depot:5432"]


def test_pairs_without_a_text_are_read_whole() -> None:
    assert entry("lvl=W op=list total=5.1s db=5.0s target=catdb:5432 slow").level is Level.WARN


def test_a_body_that_is_printed_is_no_entry_of_a_logger() -> None:
    assert entry('{"sku":"a-1","price":4,"name":"bag of tea"}').is_level_told is False
