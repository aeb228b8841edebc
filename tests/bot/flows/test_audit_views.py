"""The audit log as others read it: every record in every format, and one page about one proposal."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.flows.audit_exports import FORMATS, as_json, exported
from bot.flows.audit_views import page, readable
from safety.audit import GENESIS, AuditRecord, sealed, verify
from safety.redaction import Redactor, stored_json

AT = datetime(2026, 11, 22, 7, 31, 4, 512000, tzinfo=UTC)
ACTION = {
    "kind": "restart_deployment",
    "target": {"kind": "Deployment", "namespace": "orchard", "name": "plum", "uid": "uid-plum", "generation": 4},
}
TOLD: list[tuple[str, dict[str, Any]]] = [
    ("proposal.created", {"action": ACTION, "digest": "sha256:aa", "policy": "sha256:bb", "requested_by": "U0BOB"}),
    ("vote.refused", {"action": ACTION, "by": "U0BOB", "verdict": "approve", "why": "not on\nthe list"}),
    ("vote.cast", {"action": ACTION, "by": "U0ALICE", "verdict": "approve"}),
    ("execution.intent", {"action": ACTION, "attempt": 1, "approved_by": "U0ALICE"}),
    ("execution.sent", {"attempt": 1, "audit_id": "p_1.1"}),
    ("execution.result", {"state": "UNKNOWN", "why": "no answer"}),
    ("execution.verified", {"verdict": "effective", "seen": "3 of 3"}),
    ("proposal.rejected", {"kind": "restart_deployment", "target": "Deployment/kube-system/dns", "reasons": ["no"]}),
    ("mode.changed", {"to": "paused", "by": "U0BOB"}),
    ("something.new", {"more": [1, 2]}),
]


def _log() -> list[AuditRecord]:
    records: list[AuditRecord] = []
    for seq, (type_, payload) in enumerate(TOLD, 1):
        prev = records[-1].hash if records else GENESIS
        records.append(sealed(seq, AT, type_, Redactor().json({"proposal": "p_1", **payload}), prev))
    return records


LOG = _log()


@pytest.mark.parametrize("format_", FORMATS)
def test_every_record_is_one_line_of_json(format_: str) -> None:
    lines = list(exported(LOG, format_))
    assert len(lines) == len(LOG)
    assert all(isinstance(json.loads(line), dict) and "\n" not in line for line in lines)


def test_the_plain_export_is_enough_to_check_the_chain_again() -> None:
    told = [json.loads(line) for line in exported(LOG, "jsonl")]
    again = [
        AuditRecord(
            each["seq"],
            datetime.fromisoformat(each["time"]),
            each["type"],
            stored_json(each["payload"]),
            each["prev"],
            each["hash"],
        )
        for each in told
    ]
    assert verify(again).head == LOG[-1].hash
    assert as_json(again[0]) == told[0]


def test_a_cloud_event_has_what_the_specification_requires() -> None:
    for line in exported(LOG, "cloudevents"):
        event = json.loads(line)
        assert event["specversion"] == "1.0"
        assert all(isinstance(event[name], str) and event[name] for name in ("id", "source", "type", "time", "subject"))
    assert len({json.loads(line)["id"] for line in exported(LOG, "cloudevents")}) == len(LOG)


def test_an_ocsf_event_has_what_its_class_requires() -> None:
    events = [json.loads(line) for line in exported(LOG, "ocsf")]
    for event in events:
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert (event["class_uid"], event["category_uid"]) == (6003, 6)
        assert {"actor", "api", "metadata", "severity_id", "src_endpoint", "time"} <= set(event)
        assert {"version", "product"} <= set(event["metadata"])
    by_type = {each["metadata"]["event_code"]: each for each in events}
    assert by_type["vote.cast"]["actor"]["user"]["uid"] == "U0ALICE"
    assert by_type["vote.refused"]["status_id"] == 2
    assert (by_type["execution.result"]["severity_id"], by_type["execution.result"]["status_id"]) == (4, 2)
    assert by_type["execution.intent"]["resources"][0]["uid"] == "uid-plum"


def test_a_line_for_people_says_when_what_on_which_object_by_whom_and_why_on_one_line() -> None:
    assert readable(LOG[1]) == (
        "[2026-11-22 07:31:04] VOTE_REFUSED  restart_deployment  Deployment/orchard/plum  by: U0BOB  verdict: approve  "
        "why: not on the list"
    )
    assert readable(LOG[7]).endswith("Deployment/kube-system/dns  because: no")


def test_one_page_tells_a_proposal_from_the_question_to_its_effect() -> None:
    text = page(LOG[:7])
    assert text.splitlines()[0] == "p_1  restart_deployment  Deployment/orchard/plum"
    places = [text.index(type_) for type_, _ in TOLD[:7]]
    assert places == sorted(places)
    assert "digest  sha256:aa" in text
    assert "the cluster's own audit log has it under p_1.1" in text
