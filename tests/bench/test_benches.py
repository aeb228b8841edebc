"""Every bench works, in its short form; how long anything takes is nobody's test."""

import json

import pytest

from bench.__main__ import benches, measure
from bench.figures import Figure, table

COUNTS = {
    "emulators": [{"answered": 1}] * 3,
    "crowded_cluster": [{"rows": 300, "objects": 30}, {"delivered": 15}],
    "slack_events": [{"acknowledged": 30, "stored": 30}],
    "triage": [{"pods": 300, "issues": 1}, {}, {}, {}, {}],
}


@pytest.mark.parametrize("name", sorted(benches()))
async def test_a_bench_does_what_it_measures_and_stands_beside_a_baseline(name: str) -> None:
    figures = await measure([name], short=True)
    assert [each.counts for each in figures] == COUNTS[name]
    for each in figures:
        assert each.value > 0
        assert each.baseline > 0


def test_a_figure_holds_its_target_or_says_that_it_does_not() -> None:
    quick = Figure("a", 0.4, "s", 0.2, "bare", {}, most=0.5)
    slow = Figure("b", 50, "/s", 100, "bare", {}, least=100)
    told = Figure("c", 1, "s", 1, "bare", {})
    assert [each.held for each in (quick, slow, told)] == [True, False, None]
    assert [each.ratio for each in (quick, slow, told)] == [2, 0.5, 1]
    lines = table([quick, slow, told]).splitlines()
    assert lines[1].split() == ["a", "0.4", "s", "2.00", "bare", "≤", "0.5", "s", "yes"]
    assert lines[2].endswith("NO")
    assert json.loads(json.dumps(slow.as_json()))["held"] is False
