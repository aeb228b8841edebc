"""What monitors post is recognised whatever its shape, and nothing that they post is ever an error."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources import recognise
from bot.sources.flatten import LIMIT, flatten, plain, title_of
from bot.sources.interface import sender_names

SAMPLES = sorted((Path(__file__).parents[2] / "samples" / "slack_alerts").glob("*.json"))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
KEYS = st.sampled_from(
    ["text", "blocks", "attachments", "title", "fields", "value", "elements", "rows", "fallback", "footer", "pretext"]
)
ODD = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=5),
    max_leaves=30,
)


def sample(name: str) -> dict[str, Any]:
    path = next(each for each in SAMPLES if each.stem == name)
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def message_in(event: dict[str, Any]) -> dict[str, Any]:
    return event.get("message") or event


def titled(title: Any) -> dict[str, Any]:
    return {"text": "", "attachments": [{"title": title, "fallback": "x"}]}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_each_sample_is_recognised_as_expected(path: Path) -> None:
    told = json.loads(path.read_text(encoding="utf-8"))
    event = message_in(told["event"])
    found = recognise(event)
    if told["expected"] is None:
        assert found is None or event.get("thread_ts")
        return
    assert found is not None
    assert {name: getattr(found, name) for name in told["expected"]} == told["expected"]


def test_one_group_has_one_fingerprint_whatever_its_state_and_number() -> None:
    names = ("alertmanager_firing", "alertmanager_firing_more", "alertmanager_resolved", "alertmanager_update_resolved")
    found = [recognise(message_in(sample(each)["event"])) for each in names]
    assert len({each.fingerprint for each in found if each}) == 1
    assert None not in found


def test_two_groups_have_two_fingerprints() -> None:
    one, two = recognise(titled("[FIRING:1] A b (c)")), recognise(titled("[FIRING:1] A b (d)"))
    assert one is not None
    assert two is not None
    assert one.fingerprint != two.fingerprint


@pytest.mark.parametrize("title", ["[firing:2]  A  b", "[FIRING] a B", "[RESOLVED] A\nb", "[FIRING:12]A b"])
def test_spaces_case_and_number_do_not_make_another_alert(title: str) -> None:
    found, wanted = recognise(titled(title)), recognise(titled("[FIRING:1] A b"))
    assert found is not None
    assert wanted is not None
    assert found.fingerprint == wanted.fingerprint


@pytest.mark.parametrize(
    "title",
    [
        "FIRING:1 HighErrorRate",
        "[FIRING:x] HighErrorRate",
        "[FIRING:1]",
        "[FIRING:1]   ",
        "[PENDING] HighErrorRate",
        "re: [FIRING:1] HighErrorRate",
        "[FIRINGS:1] HighErrorRate",
        "",
        None,
        7,
        ["[FIRING:1] HighErrorRate"],
    ],
)
def test_near_misses_are_no_alerts(title: Any) -> None:
    assert recognise(titled(title)) is None


def test_an_alert_in_plain_text_is_recognised_too() -> None:
    found = recognise({"text": "[FIRING:1] HighErrorRate shop critical\nmore"})
    assert found is not None
    assert (found.title, found.severity) == ("HighErrorRate shop critical", "critical")


def test_the_pieces_are_read_in_the_order_a_person_reads_them() -> None:
    event = {
        "text": "first",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "second"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": "third"}, "fields": [{"text": "fourth"}]},
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"text": "fifth"}]}]},
        ],
        "attachments": [
            {
                "pretext": "sixth",
                "title": "seventh",
                "text": "eighth",
                "fields": [{"title": "ninth", "value": "9"}],
                "blocks": [{"type": "section", "text": {"text": "tenth"}}],
                "footer": "eleventh",
                "fallback": "not read, there is better",
            },
            {"fallback": "twelfth"},
        ],
    }
    assert flatten(event).split("\n") == [
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth: 9",
        "tenth",
        "eleventh",
        "twelfth",
    ]


def test_the_same_line_twice_is_read_once() -> None:
    assert flatten({"text": "same", "attachments": [{"title": "same", "text": "other"}]}) == "same\nother"


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<https://a.example|the page>", "the page"),
        ("<https://a.example>", "https://a.example"),
        ("<@U0BOB>", "@U0BOB"),
        ("<@U0BOB|bob>", "@bob"),
        ("<#C0X|general>", "#general"),
        ("<!here>", "here"),
        ("<!subteam^S0X|@oncall>", "@oncall"),
        ("<!subteam^S0X>", "subteam"),
        ("<!date^1^{time}|10:00>", "10:00"),
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("&amp;lt;", "&lt;"),
    ],
)
def test_slacks_markup_becomes_words(markup: str, words: str) -> None:

    assert plain(markup) == words


@pytest.mark.parametrize(
    "event",
    [
        {"text": "x" * 1_000_000},
        {"attachments": [{"title": "[FIRING:1] " + "t" * 1_000_000}]},
        {"attachments": [{"fields": [{"title": f"k{n}", "value": "v"} for n in range(60_000)]}]},
        {"blocks": [{"type": "section", "text": {"text": f"line {n}"}} for n in range(60_000)]},
        {"text": "<" * 500_000},
        {"text": "<a|" * 300_000},
    ],
    ids=["text", "title", "fields", "blocks", "brackets", "half links"],
)
def test_a_megabyte_is_bounded_in_length_and_time(event: dict[str, Any]) -> None:
    began = time.process_time()
    assert len(flatten(event)) <= LIMIT
    found = recognise(event)
    assert time.process_time() - began < 2
    assert found is None or len(found.text) + len(found.title) <= 2 * LIMIT


def test_blocks_within_blocks_without_end_are_passed_over() -> None:
    deep: Any = {"text": "bottom"}
    for _ in range(5000):
        deep = {"elements": [deep]}
    assert flatten({"text": "top", "blocks": [deep]}).startswith("top")


@settings(max_examples=150, deadline=None)
@given(ODD, ODD, ODD)
def test_no_shape_is_an_error(text: Any, blocks: Any, attachments: Any) -> None:
    event = {"text": text, "blocks": blocks, "attachments": attachments, "bot_profile": blocks, "username": text}
    assert len(flatten(event)) <= LIMIT
    assert isinstance(title_of(event), str)
    recognise(event)
    assert all(isinstance(each, str) for each in sender_names(event))


def test_a_sender_is_known_by_every_name_it_has() -> None:
    classic, app = sample("alertmanager_firing")["event"], sample("blocks_and_nested_blocks")["event"]
    assert sender_names(classic) == {"Alertmanager", "B0ALERT"}
    assert sender_names(app) == {"B0MON", "A0BLOCKS", "Watcher"}
