"""Approvals: who may, on what, until when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from safety.actions import Digest
from safety.approval import Decision, Verdict, Voter, acceptable, entitled
from safety.policy import ApprovalRule
from safety.redaction import Redactor
from safety.validator import Refusal

NOW = datetime(2026, 11, 22, 7, 31, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
RULE = ApprovalRule(groups=("S0ONCALL",), users=("U0ALICE",))
ALICE = Voter("U0ALICE", "T0HOME", True, frozenset())
BOB = Voter("U0BOB", "T0HOME", True, frozenset({"S0ONCALL", "S0OTHER"}))
SHOWN = Digest("sha256:shown")
YES = Decision("U0ALICE", "T0HOME", Verdict.APPROVE, SHOWN, NOW, None)
NO = replace(YES, verdict=Verdict.DENY, reason=Redactor().text("not during the sale"))


def rules(refusal: Refusal | None) -> list[str]:
    return [each.rule for each in refusal.reasons] if refusal else []


@pytest.mark.parametrize("voter", [ALICE, BOB])
def test_people_on_the_list_may_approve_by_name_or_by_group(voter: Voter) -> None:
    assert entitled(voter, RULE, "U0CAROL", "T0HOME") is None
    assert entitled(voter, RULE, None, "T0HOME") is None


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"active_human": False}, "human"),
        ({"team": "T0AWAY"}, "team"),
        ({"user": "U0EVE"}, "approvers"),
    ],
)
def test_others_may_not(change: dict[str, Any], rule: str) -> None:
    assert rules(entitled(replace(ALICE, **change), RULE, None, "T0HOME")) == [rule]


def test_who_asked_for_a_change_may_not_approve_it() -> None:
    assert rules(entitled(ALICE, RULE, "U0ALICE", "T0HOME")) == ["requester"]


def test_who_asked_for_a_change_may_approve_it_where_the_policy_says_so() -> None:
    rule = RULE.model_copy(update={"requester_may_approve": True})
    assert entitled(ALICE, rule, "U0ALICE", "T0HOME") is None


def test_an_empty_list_means_nobody() -> None:
    refusal = entitled(BOB, ApprovalRule(), None, "T0HOME")
    assert rules(refusal) == ["approvers"]
    assert "nobody" in str(refusal)


def test_the_refusal_says_who_may() -> None:
    refusal = entitled(replace(ALICE, user="U0EVE"), RULE, None, "T0HOME")
    assert str(refusal) == "only those named on the card may approve this"


def test_every_reason_against_a_person_comes_at_once() -> None:
    stranger = Voter("U0EVE", "T0AWAY", False, frozenset())
    assert rules(entitled(stranger, RULE, "U0EVE", "T0HOME")) == ["human", "team", "approvers", "requester"]


@pytest.mark.parametrize("decision", [YES, NO])
def test_an_answer_in_time_to_what_was_shown_counts(decision: Decision) -> None:
    assert acceptable(decision, SHOWN, LATER, None) is None


@pytest.mark.parametrize("decision", [YES, NO])
def test_an_answer_to_something_else_does_not_count(decision: Decision) -> None:
    assert rules(acceptable(decision, Digest("sha256:other"), LATER, None)) == ["digest"]


@pytest.mark.parametrize("expires_at", [NOW, NOW - timedelta(seconds=1)])
def test_an_answer_that_comes_too_late_does_not_count(expires_at: datetime) -> None:
    assert rules(acceptable(YES, SHOWN, expires_at, None)) == ["expired"]


def test_a_pause_stops_approvals_and_lets_denials_through() -> None:
    assert rules(acceptable(YES, SHOWN, LATER, "U0BOSS")) == ["kill_switch"]
    assert acceptable(NO, SHOWN, LATER, "U0BOSS") is None


@pytest.mark.parametrize("reason", [None, Redactor().text(""), Redactor().text(" \n")])
def test_a_denial_needs_a_reason(reason: Any) -> None:
    assert rules(acceptable(replace(NO, reason=reason), SHOWN, LATER, None)) == ["reason"]


@pytest.mark.parametrize("named", [{"users": ("U0ALICE",)}, {"groups": ("S0ONCALL",)}])
def test_a_list_of_people_or_of_groups_alone_is_a_list(named: dict[str, tuple[str, ...]]) -> None:
    stranger = Voter("U0MALLORY", "T1", True, frozenset())
    refusal = entitled(stranger, ApprovalRule.model_validate(named), None, "T1")
    assert str(refusal) == "only those named on the card may approve this"
