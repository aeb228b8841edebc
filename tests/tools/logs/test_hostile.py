"""Whatever a log holds, reading it ends, soon and with bounded results."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.logs.read import MAX_LINES, read_log
from tools.logs.reading import LINE_SHOWN, Entry, LogReading
from tools.logs.signs import MOST_SIGNS, RULES
from tools.logs.templates import MOST_GROUPS

WORDS = sorted({word for rule in RULES for word in rule.words})
PIECES = [
    "2026-11-23T10:00:00.123456789Z ",
    "E1123 10:00:00.000001       1 main.go:1] ",
    "[2026-11-23 10:00:00 +0000] [1] [ERROR] ",
    '{"level":"error","ts":1e400,"msg":',
    "level=error msg=",
    "Traceback (most recent call last):",
    "The above exception was the direct cause",
    "    at x.y(Z.java:1)",
    "Caused by: ",
    "panic: ",
    "goroutine 1 [running]:",
    "validation error",
    "Node.js v20",
    "a.b.c.Error: ",
    "host:5432 ",
    "\n",
    "\r",
    "\t",
    "\x1b[31m",
    '"',
    "{",
    "\\",
]


def _check(reading: LogReading) -> None:
    assert reading.lines <= MAX_LINES
    assert [each.number for each in reading.entries] == list(range(len(reading.entries)))
    assert sum(each.count for each in reading.templates) == len(reading.entries)
    assert len(reading.templates) <= MOST_GROUPS + 1
    assert len(reading.signs) <= MOST_SIGNS
    for sign in reading.signs:
        assert len(sign.line) <= LINE_SHOWN
        assert sign.number <= sign.last_number < len(reading.entries)
        assert 0 < sign.count <= len(reading.entries)
    for each in reading.summary(room=400):
        assert len(each) <= 400
    assert sum(len(each) + 1 for each in reading.summary(room=400)) <= 400
    chosen: list[Entry | None] = [reading.first_error, reading.exit_line]
    assert all(each is None or each in reading.entries for each in chosen)


@given(st.text(max_size=2_000))
def test_any_text_can_be_read(text: str) -> None:
    _check(read_log(text, now=None))


@given(st.lists(st.sampled_from([*PIECES, *WORDS]) | st.text(max_size=12), max_size=60))
def test_any_pile_of_telling_words_can_be_read(pieces: list[str]) -> None:
    text = " ".join(pieces)
    _check(read_log(text, now=None))
    assert read_log(text, now=None) == read_log(text, now=None)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["level", "ts", "time", "msg", "error", "err", "s", "t", "attr"]), _JSON))
def test_any_json_line_can_be_read(found: dict[str, object]) -> None:
    _check(read_log(json.dumps(found), now=None))


@pytest.mark.parametrize("word", WORDS)
def test_a_long_line_of_a_rules_own_words_is_read_in_bounded_time(word: str) -> None:
    # The limit of pytest's own clock is the bound: a pattern that is not linear would need hours for these.
    line = (f"{word} " * 2_000)[:2_000]
    tight = (word.replace(" ", "") * 2_000)[:2_000]
    _check(read_log("\n".join([line, tight, f"{word} " + "a" * 1_900, f"{word} /" + "a/" * 900] * 3), now=None))


@pytest.mark.parametrize("character", ["a", "a.", "a:", "1", " ", "[", '"', "\\", "/", "{", "(", "=", "é", "\x00", "-"])
def test_a_megabyte_of_one_character_is_read_in_bounded_time(character: str) -> None:
    _check(read_log(character * (1_200_000 // len(character)), now=None))
    line = (character * 2_000)[:1_990]
    _check(read_log("\n".join(f"{line}{each}" for each in range(200)), now=None))


def test_more_lines_than_are_read_lose_their_beginning() -> None:
    reading = read_log("\n".join(f"line {each}" for each in range(6_000)), now=None)
    assert reading.lines == MAX_LINES
    assert reading.entries[-1].text == "line 5999"


def test_a_trace_without_end_is_kept_in_bounds_with_both_its_ends() -> None:
    frames = [f"\tat com.example.Deep.call(Deep.java:{each})" for each in range(1_000)]
    text = "\n".join(
        ['Exception in thread "main" java.lang.StackOverflowError', *frames, "Caused by: x.YException: no"]
    )
    (entry,) = read_log(text, now=None).entries
    assert len(entry.text.splitlines()) == 201
    assert entry.text.startswith("Exception in thread")
    assert entry.root == "Caused by: x.YException: no"
