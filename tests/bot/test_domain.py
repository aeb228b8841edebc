"""The words the bot speaks: what a report must hold, and which states are the end."""

import json
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from bot.domain import FINAL_STATES, IncidentReport, ProposalState, ThreadId, Usage, report_schema
from bot.flows.execution import LEASE
from safety.policy import ApprovalRule
from tests.bot.investigations import evidence, report

ROOT = Path(__file__).resolve().parents[2]


def test_a_report_survives_json_word_for_word() -> None:
    made = report()
    assert IncidentReport.model_validate_json(made.model_dump_json(by_alias=True)) == made


def test_a_report_is_what_the_published_schema_says() -> None:
    published = (ROOT / "docs" / "incident-report.schema.json").read_text(encoding="utf-8")
    assert published == report_schema(), "write it anew: python -m bot schema > docs/incident-report.schema.json"
    schema = json.loads(published)
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(report().model_dump_json(by_alias=True))
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(document)
    assert not validator.is_valid({**document, "verdict": "perhaps"})
    assert not validator.is_valid({**document, "anything": "else"})


def test_every_issue_says_what_a_person_can_do() -> None:
    issue = report().issues_found[0]
    with pytest.raises(ValidationError, match="recommendations"):
        report(issues_found=(issue.model_dump() | {"recommendations": ()},))


def test_an_issue_names_no_change_that_the_report_does_not_have() -> None:
    issue = report().issues_found[0].model_copy(update={"recent_changes": ("C9",)})
    with pytest.raises(ValidationError, match="not among the changes"):
        report(issues_found=(issue,))


@pytest.mark.parametrize(
    "changed",
    [
        {"evidence": ()},
        {"evidence": (evidence(9, "something else"),)},
        {"culprit_change": "C9"},
        {"changes": ()},
    ],
    ids=str,
)
def test_a_report_that_cites_what_is_not_there_cannot_be_made(changed: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=r"does not exist|not among the changes"):
        report(**changed)


def test_words_that_were_not_redacted_are_no_part_of_a_report() -> None:
    with pytest.raises(ValidationError, match="Redacted"):
        report(symptom="plain words")


def test_a_report_from_json_goes_through_the_rules_again() -> None:
    secret = "ghp_" + "m4N5" * 9
    text = report().model_dump_json(by_alias=True).replace("what is wrong?", f"what is {secret}?")
    assert secret not in IncidentReport.model_validate_json(text).question


def test_a_proposal_can_still_move_only_from_four_states() -> None:
    waiting = {ProposalState.PENDING, ProposalState.APPROVED, ProposalState.EXECUTING, ProposalState.UNKNOWN}
    assert set(ProposalState) - FINAL_STATES == waiting


def test_threads_of_two_teams_with_the_same_channel_are_two() -> None:
    one, two = ThreadId("T1", "C", "1.0"), ThreadId("T2", "C", "1.0")
    assert one != two
    assert str(one) == "T1:C:1.0"


def test_usage_adds_up() -> None:
    assert Usage(1, 2, 3, 1) + Usage(10, 20, 30, 1) == Usage(11, 22, 33, 2)


def test_a_lease_is_shorter_than_the_time_an_approval_waits() -> None:
    rule = ApprovalRule()
    assert timedelta(0) < LEASE < rule.execute_within < rule.ttl
