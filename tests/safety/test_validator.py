"""The validator: for every rule, what it lets through and what it stops."""

import copy
import pickle
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.actions import RestartDeployment, RollbackDeployment, Target, digest
from safety.policy import Policy
from safety.validator import Circumstances, Clearance, Facts, Reason, Refusal, Revision, clear, stale

NOW = datetime(2026, 11, 22, 7, 31, tzinfo=UTC)
TARGET = Target(cluster="c-1", namespace="team-a", name="web", uid="u-1", generation=7)
RESTART = RestartDeployment(target=TARGET)
ROLLBACK = RollbackDeployment(target=TARGET, from_revision=4, to_revision=3, to_template_hash="aaa")
FACTS = Facts(
    observed_at=NOW,
    cluster="c-1",
    cluster_name="dev-eks",
    namespace="team-a",
    namespace_labels={"changes": "allowed"},
    namespace_terminating=False,
    uid="u-1",
    generation=7,
    observed_generation=7,
    resource_version="100",
    desired=3,
    ready=3,
    updated=3,
    available=3,
    strategy="RollingUpdate",
    paused=False,
    deleting=False,
    rollout_under_way=False,
    revision=4,
    template_hash="bbb",
    revisions=(Revision(3, "aaa", ("web:1",)), Revision(4, "bbb", ("web:2",))),
    marker=None,
)
CIRCUMSTANCES = Circumstances(
    now=NOW,
    mode_switch="approve",
    paused_by=None,
    in_flight=False,
    recent_on_target=0,
    recent_in_namespace=0,
    in_incident=0,
    pending=0,
    recent_failures=0,
    drift_24h=0,
    denied_recently=False,
)


def policy(**parts: Any) -> Policy:
    whole: dict[str, Any] = {
        "version": 1,
        "environments": {"dev": {"clusters": ["dev-eks"], "namespaces": ["team-*"]}, "lab": {"namespaces": ["lab"]}},
        "protected": {"require_label": "changes=allowed"},
        "actions": {
            "restart_deployment": {"environments": ["dev", "lab"]},
            "rollback_deployment": {"environments": ["dev"]},
        },
    }
    return Policy.model_validate({**whole, **parts})


def refused(outcome: Clearance | Refusal) -> list[str]:
    assert isinstance(outcome, Refusal)
    return [each.rule for each in outcome.reasons]


@pytest.mark.parametrize("action", [RESTART, ROLLBACK])
def test_a_sound_action_on_a_sound_object_is_cleared(action: RestartDeployment | RollbackDeployment) -> None:
    cleared = clear(action, FACTS, policy(), CIRCUMSTANCES)
    assert isinstance(cleared, Clearance)
    assert cleared.action == action
    assert cleared.digest == digest(action, policy().sha256)
    assert cleared.at == NOW
    assert {"kill_switch", "protected", "allow_list", "uid", "generation", "rollout"} <= set(cleared.rules)


STOPS_ANY: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("kill_switch", {}, {"paused_by": "U0ALICE"}, {}),
    ("mode", {}, {"mode_switch": "off"}, {}),
    ("mode", {}, {}, {"mode": "off"}),
    ("protected", {}, {}, {"protected": {"namespaces": ["team-a"]}}),
    ("in_flight", {}, {"in_flight": True}, {}),
    ("limit_target", {}, {"recent_on_target": 1}, {}),
    ("limit_namespace", {}, {"recent_in_namespace": 3}, {}),
    ("limit_incident", {}, {"in_incident": 3}, {}),
    ("cluster", {"cluster": "c-2"}, {}, {}),
    ("namespace", {"namespace": "team-b"}, {}, {}),
    ("allow_list", {"cluster_name": "other"}, {}, {}),
    ("action", {}, {}, {"actions": {}}),
    ("namespace_terminating", {"namespace_terminating": True}, {}, {}),
    ("label", {"namespace_labels": {}}, {}, {}),
    ("label", {"namespace_labels": {"changes": "forbidden"}}, {}, {}),
    ("uid", {"uid": "u-2"}, {}, {}),
    ("generation", {"generation": 8, "observed_generation": 8}, {}, {}),
    ("deleting", {"deleting": True}, {}, {}),
    ("paused", {"paused": True}, {}, {}),
    ("observed", {"observed_generation": 6}, {}, {}),
    ("rollout", {"rollout_under_way": True}, {}, {}),
]


@pytest.mark.parametrize("action", [RESTART, ROLLBACK])
@pytest.mark.parametrize(("rule", "facts", "circumstances", "file"), STOPS_ANY)
def test_each_common_rule_stops_alone(
    action: RestartDeployment | RollbackDeployment,
    rule: str,
    facts: dict[str, Any],
    circumstances: dict[str, Any],
    file: dict[str, Any],
) -> None:
    outcome = clear(action, replace(FACTS, **facts), policy(**file), replace(CIRCUMSTANCES, **circumstances))
    assert refused(outcome) == [rule]


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("ready", {"ready": 1}),
        ("strategy", {"strategy": "Recreate"}),
        ("strategy", {"strategy": ""}),
        ("replicas", {"desired": 1, "ready": 2}),
    ],
)
def test_each_rule_of_a_restart_stops_a_restart_and_not_a_rollback(rule: str, facts: dict[str, Any]) -> None:
    assert refused(clear(RESTART, replace(FACTS, **facts), policy(), CIRCUMSTANCES)) == [rule]
    assert isinstance(clear(ROLLBACK, replace(FACTS, **facts), policy(), CIRCUMSTANCES), Clearance)


@pytest.mark.parametrize(
    ("rules", "facts"),
    [
        (["several_revisions"], {"revisions": (Revision(3, "aaa", ()),)}),
        (["from_revision"], {"revision": 5}),
        (["to_revision"], {"revisions": (Revision(2, "aaa", ()), Revision(4, "bbb", ()))}),
        (["to_revision"], {"revisions": (Revision(3, "zzz", ()), Revision(4, "bbb", ()))}),
        (["differs"], {"template_hash": "aaa"}),
        (["from_revision", "differs"], {"revision": 3}),
        (["several_revisions", "to_revision"], {"revisions": ()}),
    ],
)
def test_each_rule_of_a_rollback_stops_a_rollback_and_not_a_restart(rules: list[str], facts: dict[str, Any]) -> None:
    assert refused(clear(ROLLBACK, replace(FACTS, **facts), policy(), CIRCUMSTANCES)) == rules
    assert isinstance(clear(RESTART, replace(FACTS, **facts), policy(), CIRCUMSTANCES), Clearance)


def test_an_action_allowed_in_one_environment_is_refused_in_another() -> None:
    target = TARGET.model_copy(update={"namespace": "lab"})
    facts = replace(FACTS, namespace="lab")
    assert isinstance(clear(RestartDeployment(target=target), facts, policy(), CIRCUMSTANCES), Clearance)
    outcome = clear(ROLLBACK.model_copy(update={"target": target}), facts, policy(), CIRCUMSTANCES)
    assert refused(outcome) == ["action"]
    assert "in lab, only in dev" in str(outcome)


def test_a_rollout_under_way_is_no_obstacle_where_the_policy_says_so() -> None:
    file = policy(actions={"rollback_deployment": {"environments": ["dev"], "not_during_rollout": False}})
    outcome = clear(ROLLBACK, replace(FACTS, rollout_under_way=True), file, CIRCUMSTANCES)
    assert isinstance(outcome, Clearance)


def test_a_namespace_label_without_a_value_in_the_policy_only_has_to_be_there() -> None:
    file = policy(protected={"require_label": "changes"})
    assert isinstance(clear(RESTART, FACTS, file, CIRCUMSTANCES), Clearance)
    assert refused(clear(RESTART, replace(FACTS, namespace_labels={}), file, CIRCUMSTANCES)) == ["label"]


def test_limits_let_the_last_change_through() -> None:
    almost = replace(CIRCUMSTANCES, recent_in_namespace=2, in_incident=2)
    assert isinstance(clear(RESTART, FACTS, policy(), almost), Clearance)


def test_a_higher_number_of_ready_replicas_in_the_file_holds() -> None:
    file = policy(actions={"restart_deployment": {"environments": ["dev"], "min_ready_replicas": 4}})
    assert refused(clear(RESTART, FACTS, file, CIRCUMSTANCES)) == ["ready"]
    assert isinstance(clear(RESTART, replace(FACTS, ready=4, desired=4), file, CIRCUMSTANCES), Clearance)


def test_a_deployment_whose_pods_all_crash_is_not_restarted() -> None:
    crashing = replace(FACTS, ready=0, available=0)
    outcome = clear(RESTART, crashing, policy(), CIRCUMSTANCES)
    assert refused(outcome) == ["ready"]
    assert str(outcome) == "no pod is ready; a restart needs at least 2"


def test_the_words_say_how_many_are_ready() -> None:
    outcome = clear(RESTART, replace(FACTS, ready=1), policy(), CIRCUMSTANCES)
    assert str(outcome) == "only 1 of 3 pods is ready; a restart needs at least 2"


def test_every_reason_comes_at_once() -> None:
    facts = replace(FACTS, ready=0, desired=1, strategy="Recreate", paused=True, uid="other")
    circumstances = replace(CIRCUMSTANCES, paused_by="U0ALICE", recent_on_target=9)
    outcome = clear(RESTART, facts, policy(), circumstances)
    assert refused(outcome) == ["kill_switch", "limit_target", "uid", "paused", "ready", "replicas", "strategy"]


def test_an_object_that_is_gone_is_refused() -> None:
    assert refused(clear(RESTART, None, policy(), CIRCUMSTANCES)) == ["gone"]


def test_staleness_can_be_asked_alone() -> None:
    assert stale(RESTART, FACTS) is None
    gone, other, newer = (
        stale(RESTART, None),
        stale(RESTART, replace(FACTS, uid="x")),
        stale(RESTART, replace(FACTS, generation=8)),
    )
    assert [each and each.rule for each in (gone, other, newer)] == ["gone", "uid", "generation"]


def test_status_writes_do_not_make_an_action_stale() -> None:
    assert stale(RESTART, replace(FACTS, resource_version="999", ready=1)) is None


@pytest.mark.parametrize("namespace", ["kube-system", "prod", "eu-prod-1", "default"])
def test_a_protected_namespace_is_refused_even_when_the_file_lists_it(namespace: str) -> None:
    file = policy(
        environments={"dev": {"namespaces": [namespace]}},
        actions={"restart_deployment": {"environments": ["dev"]}},
    )
    action = RestartDeployment(target=TARGET.model_copy(update={"namespace": namespace}))
    assert refused(clear(action, replace(FACTS, namespace=namespace), file, CIRCUMSTANCES)) == ["protected"]


def test_only_the_validator_makes_a_clearance() -> None:
    with pytest.raises(TypeError):
        Clearance(RESTART, digest(RESTART, "p"), (), NOW)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="never directly"):
        Clearance(RESTART, digest(RESTART, "p"), (), NOW, object())


def test_a_clearance_is_neither_copied_nor_stored() -> None:
    cleared = clear(RESTART, FACTS, policy(), CIRCUMSTANCES)
    assert isinstance(cleared, Clearance)
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            attempt(cleared)
    with pytest.raises((TypeError, ValueError)):
        replace(cleared, action=ROLLBACK)


junk = st.sampled_from([None, True, -1, 0, 2, 10**30, 1.5, "", "x", b"x", (), [1], {"a": 1}, object()])
fields = st.sampled_from([each for each in FACTS.__slots__])
switches = st.sampled_from([each for each in CIRCUMSTANCES.__slots__])


@given(st.dictionaries(fields, junk, max_size=4), st.dictionaries(switches, junk, max_size=3))
@settings(max_examples=300)
def test_whatever_it_is_given_the_answer_is_a_clearance_or_a_refusal(
    facts: dict[str, Any], now: dict[str, Any]
) -> None:
    for action in (RESTART, ROLLBACK):
        outcome = clear(action, replace(FACTS, **facts), policy(), replace(CIRCUMSTANCES, **now))
        assert isinstance(outcome, Clearance | Refusal)


@given(junk, junk, junk, junk)
def test_nonsense_is_refused_as_an_internal_fault(action: Any, facts: Any, file: Any, now: Any) -> None:
    assert refused(clear(action, facts, file, now)) == ["internal"]


@given(
    st.builds(
        lambda **changes: replace(FACTS, **changes),
        desired=st.integers(0, 5),
        ready=st.integers(0, 5),
        strategy=st.sampled_from(["RollingUpdate", "Recreate", ""]),
        generation=st.integers(6, 8),
        uid=st.sampled_from(["u-1", "u-2"]),
        rollout_under_way=st.booleans(),
        deleting=st.booleans(),
    )
)
def test_a_cleared_restart_always_leaves_a_pod_to_serve(facts: Facts) -> None:
    if isinstance(clear(RESTART, facts, policy(), CIRCUMSTANCES), Clearance):
        assert facts.ready >= 2
        assert facts.desired >= 2
        assert facts.strategy == "RollingUpdate"
        assert (facts.uid, facts.generation) == ("u-1", 7)
        assert not facts.rollout_under_way
        assert not facts.deleting


OTHER: dict[str, Any] = {"cluster": "c-9", "namespace": "team-z", "name": "api", "uid": "u-9", "generation": 9}


@pytest.mark.parametrize("field", sorted(OTHER))
def test_the_digest_feels_every_field_of_the_target(field: str) -> None:
    other = Target.model_validate({**TARGET.model_dump(), field: OTHER[field]})
    assert digest(RestartDeployment(target=other), "p") != digest(RESTART, "p")


@pytest.mark.parametrize("change", [{"from_revision": 9}, {"to_revision": 9}, {"to_template_hash": "zzz"}])
def test_the_digest_feels_every_field_of_a_rollback(change: dict[str, Any]) -> None:
    assert digest(ROLLBACK.model_copy(update=change), "p") != digest(ROLLBACK, "p")


def test_the_digest_feels_the_kind_and_the_policy() -> None:
    assert len({digest(RESTART, "p"), digest(RESTART, "q"), digest(ROLLBACK, "p")}) == 3


def test_a_refusal_reads_as_one_sentence_after_the_other() -> None:
    assert str(Refusal((Reason("a", "one"), Reason("b", "two")))) == "one; two"
