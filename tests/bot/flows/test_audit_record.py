"""What an audit record says, field by field, from a wish to its effect; and that older ones stay what they were."""

import json
import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import __version__
from bot.adapters.store.database import Database, migrate
from bot.domain import Proposal
from bot.flows.audit_exports import FORMATS, exported
from bot.flows.audit_fields import FIELDS, payload_of
from bot.flows.audit_views import page, readable
from bot.provenance import Prompted
from bot.stores import AuditEntry
from prove._engine import NAMESPACE, REDACTOR, ask, seen
from safety.approval import Verdict
from safety.audit import GENESIS, AuditRecord
from tests.bot.flows.test_approvals import ALICE, BOB, Yard, rules
from tests.fakes import START, FixedClock

MODEL = Prompted("claude-some-model", "sha256:" + "ab" * 32)


@pytest.fixture
def yard(database: Database, clock: FixedClock) -> Yard:
    return Yard(database, clock, rules())


async def told(yard: Yard, proposal: Proposal | None = None) -> dict[str, dict[str, Any]]:
    """The newest payload of each type."""
    records = await yard.own.stores.audit.records(proposal.id if proposal else None)
    return {each.type: payload_of(each) for each in records}


async def _ran(yard: Yard, **more: Any) -> Proposal:
    made = await yard.made("plum", **more)
    await yard.vote(made, ALICE)
    await yard.run()
    return made


async def test_every_record_says_who_under_which_policy_and_by_which_version(yard: Yard) -> None:
    made = await _ran(yard, requested_by=BOB)
    records = await told(yard, made)
    assert list(records) == [
        *("proposal.created", "vote.cast", "execution.intent", "execution.sent", "execution.result"),
    ]
    for each in records.values():
        assert {*FIELDS} - {"target"} <= {*each}
        assert (each["v"], each["app"]) == (2, {"name": "ask-claude", "version": __version__})
        assert each["policy"] == yard.ground.policy.sha256
        assert (each["proposal"], each["incident"], each["digest"]) == (made.id, str(made.thread), made.digest)
        assert each["action"]["target"]["uid"] == made.action.target.uid
        assert (each["model"], each["prompt_sha256"]) == (None, None)
    kinds = {type_: (each["actor"]["kind"], each["actor"]["id"]) for type_, each in records.items()}
    assert kinds["proposal.created"] == ("person", BOB)
    assert kinds["vote.cast"] == ("person", ALICE)
    assert {kinds[f"execution.{each}"] for each in ("intent", "sent", "result")} == {("bot", "ask-claude")}


async def test_a_decision_is_recorded_with_every_rule_and_its_reason(yard: Yard) -> None:
    made = await _ran(yard)
    records = await told(yard, made)
    for type_ in ("proposal.created", "execution.sent"):
        decision = records[type_]["decision"]
        assert decision["allow"] is True
        assert {each["rule"] for each in decision["rules"]} >= {"kill_switch", "protected", "uid", "ready"}
        assert all(each["allow"] and each["reason"] for each in decision["rules"])
    assert records["execution.intent"]["decision"]["rules"] == [
        {"rule": "approvals", "allow": True, "reason": f"approved by {ALICE}, 1 needed"}
    ]
    await yard.vote(await yard.made("cherry", key="other"), "U0MALLORY")
    refused = (await told(yard))["vote.refused"]
    assert (refused["actor"]["id"], refused["decision"]["allow"]) == ("U0MALLORY", False)
    assert refused["decision"]["rules"][0]["reason"]


async def test_a_change_that_is_not_allowed_is_recorded_with_the_rules_that_passed_as_well(yard: Yard) -> None:
    made = await yard.made("plum", key="first")
    await yard.vote(made, ALICE, Verdict.DENY)
    assert await yard.propose("plum", thread="2.0", key="again") is None
    rejected = (await told(yard))["proposal.rejected"]
    passed = {each["rule"]: each["allow"] for each in rejected["decision"]["rules"]}
    assert (rejected["decision"]["allow"], passed["denied_recently"], passed["protected"]) == (False, False, True)
    assert rejected["target"] == {
        "kind": "Deployment",
        "namespace": NAMESPACE,
        "name": "plum",
        "uid": made.action.target.uid,
    }


async def test_the_object_is_recorded_before_and_after_with_the_servers_own_audit_id(yard: Yard) -> None:
    made = await _ran(yard, to=4)
    records = await told(yard, made)
    created = records["proposal.created"]
    assert (created["before"]["replicas"], created["after"]["replicas"]) == ("3", "4")
    sent, result = records["execution.sent"], records["execution.result"]
    assert (sent["before"]["desired"], result["before"]["desired"], result["after"]["desired"]) == (3, 3, 4)
    assert int(result["after"]["resource_version"]) > int(sent["before"]["resource_version"])
    assert result["after"]["generation"] == sent["before"]["generation"] + 1
    assert records["execution.intent"]["k8s_audit_id"] == sent["k8s_audit_id"] == f"{made.id}.1"
    assert result["k8s_audit_id"] == f"{made.id}.1"


async def test_a_change_that_a_model_asked_for_names_the_model_and_its_prompt_to_the_end(yard: Yard) -> None:
    uid = (await yard.cluster.get("Deployment", NAMESPACE, "plum"))["metadata"]["uid"]
    wish = ask("job", "1.0", seen("plum", uid), "restart_deployment", BOB)
    wish = replace(wish, wanted=replace(wish.wanted, prompted=MODEL, reason_by_rules=False))
    made = await yard.own.changes.proposals.propose(wish)
    assert made is not None
    await yard.vote(made, ALICE)
    await yard.run()
    for each in (await told(yard, made)).values():
        assert (each["model"], each["prompt_sha256"]) == (MODEL.model, MODEL.prompt_sha256)
    text = page(await yard.own.stores.audit.records(made.id))
    assert f"model   {MODEL.model}, prompt {MODEL.prompt_sha256}" in text


async def test_a_monitor_is_the_actor_of_what_its_alert_brought_about_and_the_policy_of_its_vote(
    database: Database, clock: FixedClock
) -> None:
    yard = Yard(database, clock, rules())
    uid = (await yard.cluster.get("Deployment", NAMESPACE, "plum"))["metadata"]["uid"]
    wish = replace(ask("job", "1.0", seen("plum", uid), "restart_deployment"), monitor="Alertmanager")
    made = await yard.own.changes.proposals.propose(wish)
    created = (await told(yard, made))["proposal.created"]
    assert created["actor"] == {"kind": "monitor", "id": "Alertmanager", "name": "Alertmanager", "team": None}
    assert "by: monitor Alertmanager" in readable((await yard.own.stores.audit.records())[0])


async def test_one_page_tells_every_field(yard: Yard) -> None:
    made = await _ran(yard, requested_by=BOB)
    text = page(await yard.own.stores.audit.records(made.id))
    assert f"app     ask-claude {__version__}" in text
    assert f"policy  {yard.ground.policy.sha256}" in text
    assert "model   none raised it" in text
    assert re.search(r"execution.sent\n(    .*\n)*    decision: allowed, (\d+) of \2 rules passed", text)
    assert text.count("ok  protected: the namespace is not protected") == 1
    assert "rules, as asked for execution.sent" in text
    assert re.search(r"before: .*generation \d", text)
    assert re.search(r"after: .*generation \d", text)


# ---- versions -------------------------------------------------------------------------------------------------------

OLD: list[tuple[str, dict[str, Any]]] = [
    ("proposal.created", {"thread": "T:C:1.0", "digest": "sha256:aa", "policy": "sha256:bb", "requested_by": BOB}),
    ("vote.cast", {"by": ALICE, "verdict": "approve", "actor": "human"}),
    ("vote.cast", {"by": "policy", "verdict": "approve", "actor": "machine"}),
    ("execution.intent", {"attempt": 1, "approved_by": [ALICE]}),
    ("execution.sent", {"attempt": 1, "audit_id": "p_1.1", "resource_version": "77"}),
    ("proposal.rejected", {"kind": "restart_deployment", "target": "Deployment/kube-system/dns", "reasons": ["no"]}),
]


async def _old_rows(yard: Yard) -> list[AuditRecord]:
    for type_, payload in OLD:
        entry = AuditEntry(type_, REDACTOR.json({"proposal": "p_1", **payload}))
        await yard.own.stores.audit.append(entry, START)
    return list(await yard.own.stores.audit.records())


async def test_records_of_before_and_of_now_make_one_chain_and_the_old_ones_stay_as_they_were(yard: Yard) -> None:
    before = await _old_rows(yard)
    yard.clock.pass_by(minutes=1)
    await _ran(yard)
    after = list(await yard.own.stores.audit.records())
    assert after[: len(before)] == before
    verified = await yard.own.stores.audit.verify()
    assert (verified.count, verified.fault) == (len(after), None)
    assert after[len(before)].prev == before[-1].hash != GENESIS


@pytest.mark.parametrize("format_", FORMATS)
async def test_old_records_are_exported_under_the_same_names(format_: str, yard: Yard) -> None:
    records = await _old_rows(yard)
    for line, (type_, payload) in zip(exported(records, format_), OLD, strict=True):
        event = json.loads(line)
        fields = {"jsonl": event, "cloudevents": event.get("data"), "ocsf": event.get("unmapped")}[format_]
        assert {*FIELDS} <= {*fields}
        assert (fields["policy"], fields["app"]) == (payload.get("policy"), None)
        wanted = {"policy": "policy", ALICE: "person", BOB: "person", None: "bot"}
        by = payload.get("by") or payload.get("requested_by")
        assert fields["actor"]["kind"] == wanted[by], type_
        assert fields["k8s_audit_id"] == payload.get("audit_id")


async def test_old_records_are_shown_and_say_what_they_do_not_know(yard: Yard) -> None:
    text = page(await _old_rows(yard))
    assert "app     not recorded" in text
    assert "model   not recorded" in text
    assert "policy  sha256:bb" in text
    assert "the cluster's own audit log has it under p_1.1" in text


async def test_a_proposal_that_an_earlier_version_stored_still_runs_and_its_records_say_what_is_known(
    tmp_path: Path, clock: FixedClock
) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    migrate(url)
    database = Database(url)
    try:
        yard = Yard(database, clock, rules())
        made = await yard.made("plum")
        with sqlite3.connect(tmp_path / "bot.db") as connection:
            (card,) = connection.execute("SELECT card FROM proposals").fetchone()
            older = {key: value for key, value in json.loads(card).items() if key != "provenance"}
            connection.execute("UPDATE proposals SET card = ?", [json.dumps(older)])
        connection.close()
        await yard.vote(made, ALICE)
        await yard.run()
        records = await told(yard, made)
        assert records["execution.result"]["state"] == "SUCCEEDED"
        assert (records["execution.intent"]["policy"], records["execution.intent"]["model"]) == (None, None)
        assert records["execution.sent"]["policy"] == yard.ground.policy.sha256
    finally:
        await database.close()


# ---- for other systems ----------------------------------------------------------------------------------------------


def _empty(value: Any) -> bool:
    """Whether there is a null in it anywhere: an attribute that is not known is left out."""
    if isinstance(value, dict):
        return any(_empty(each) for each in value.values())
    return any(_empty(each) for each in value) if isinstance(value, list) else value is None


async def _both_versions(yard: Yard) -> list[AuditRecord]:
    await _old_rows(yard)
    await _ran(yard, requested_by=BOB)
    return list(await yard.own.stores.audit.records())


async def test_every_record_is_an_ocsf_event_with_what_its_class_and_objects_require(yard: Yard) -> None:
    for line in exported(await _both_versions(yard), "ocsf"):
        event = json.loads(line)
        numbers = ("activity_id", "category_uid", "class_uid", "severity_id", "status_id", "time", "type_uid")
        assert all(isinstance(event[name], int) for name in numbers)
        assert event["severity_id"] in range(7)
        assert event["activity_id"] in (1, 2, 3, 4, 99)
        assert event["activity_name"]
        assert {"version", "product"} <= {*event["metadata"]}
        assert {"name", "vendor_name"} <= {*event["metadata"]["product"]}
        assert event["api"]["operation"]
        assert isinstance(event["api"].get("request", {"uid": ""})["uid"], str)
        assert event["actor"]["user"]["type_id"] in (1, 2, 3, 4, 99)
        assert {"uid", "name"} & {*event["actor"]["user"]}
        assert event["src_endpoint"]
        assert all({"uid", "name"} & {*each} for each in event["resources"])
        assert not _empty({name: value for name, value in event.items() if name != "unmapped"})
    assert event["metadata"]["correlation_uid"]


async def test_every_record_is_a_cloud_event_with_attributes_as_the_specification_spells_them(yard: Yard) -> None:
    for line in exported(await _both_versions(yard), "cloudevents"):
        event = json.loads(line)
        attributes = {name: value for name, value in event.items() if name != "data"}
        assert {"id", "source", "specversion", "type"} <= {*attributes}
        assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in attributes)
        assert all(isinstance(value, str) and value for value in attributes.values())
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", event["time"])
