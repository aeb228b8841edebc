"""Changes that belong together: one branch, one ticket, one pull request and what undoes it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tools.analyzers.test_ties import PANIC, crashing, judged, record
from tools.analyzers.series import series_of
from tools.world import RecordedChange


def change(title: str, **more: Any) -> RecordedChange:
    told = {"id": "1", "kind": "commit", "at": datetime(2026, 3, 1, tzinfo=UTC), "repo": "acme/shop", **more}
    return RecordedChange(title=title, **told)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (change("cart", diff="branch: feature/totals\n--- a/x\n"), ("branch feature/totals of acme/shop",)),
        (change("Merge pull request #7 from acme/feature/totals"), ("branch feature/totals of acme/shop",)),
        (change("Merge branch 'feature/totals' into main"), ("branch feature/totals of acme/shop",)),
        (change("PAY-12: round totals"), ("ticket PAY-12",)),
        (change("totals", diff="branch: PAY-12-totals\n"), ("branch PAY-12-totals of acme/shop", "ticket PAY-12")),
        (change("round totals", id="PAY-12", kind="ticket"), ("ticket PAY-12",)),
    ],
)
def test_a_branch_and_a_ticket_are_read_where_people_and_hosts_write_them(
    made: RecordedChange, told: tuple[str, ...]
) -> None:
    assert series_of(made) == told


@pytest.mark.parametrize(
    "made",
    [
        change("cart", diff="branch: main\n"),
        change("Merge branch 'develop' into main"),
        change("cart", diff="branch: release/1.4\n"),
        change("read UTF-8 and SHA-256, as RFC-3339 says; mends CVE-2024-3094"),
        change("cart", diff="--- a/x\n+++ b/x\n+branch: feature/totals\n"),
        change("cart", diff="branch: feature/totals\n", repo=None),
    ],
    ids=lambda each: each.title + each.diff[:20],
)
def test_what_everybody_works_on_and_names_of_standards_join_nothing(made: RecordedChange) -> None:
    assert series_of(made) == ()


def test_a_change_says_which_others_are_of_its_branch_or_ticket() -> None:
    world = crashing(PANIC)
    record(world, "PR-1", "30m", kind="config", title="PAY-12: totals, second part")
    record(world, "PR-0", "6d", title="PAY-12: totals, first part")
    record(world, "PR-9", "5d", title="menu: colours", services=["menu"])
    culprit, why = judged(world)
    assert culprit == "PR-1"
    assert why["PR-1"].endswith("; of ticket PAY-12, as PR-0 of 2026-03-05")
    assert why["PR-0"].endswith("; of ticket PAY-12, as PR-1 of 2026-03-11")
    assert "ticket" not in why["PR-9"]
