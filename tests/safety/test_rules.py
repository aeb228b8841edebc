"""Every rule of every kind of action: what it lets through, what it stops, and that what is not known stops too."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.actions import ACTION_KINDS, TARGET_KINDS, ActionKind
from safety.facts import Budget, Revision
from safety.policy import Auto, Policy
from safety.validator import Circumstances, Clearance, Facts, Refusal, clear, explain
from tests.safety.cases import CIRCUMSTANCES, NOW, POD, action, facts, policy, with_rule

CONTROLLED: list[ActionKind] = [each for each in ACTION_KINDS if TARGET_KINDS[each] != "Pod"]
RESTARTS: list[ActionKind] = [each for each in ACTION_KINDS if each.startswith("restart")]
ROLLBACKS: list[ActionKind] = [each for each in ACTION_KINDS if each.startswith("rollback")]
PODS: list[ActionKind] = ["delete_failed_pod", "evict_pod"]


def asked(
    kind: ActionKind,
    changed: dict[str, Any] | None = None,
    circumstances: dict[str, Any] | None = None,
    file: Policy | None = None,
    **more: Any,
) -> list[str]:
    """The rules that stop it; none when it is cleared."""
    outcome = clear(
        action(kind, **more),
        facts(kind, **(changed or {})),
        file or policy(),
        replace(CIRCUMSTANCES, **(circumstances or {})),
    )
    return [] if isinstance(outcome, Clearance) else [each.rule for each in outcome.reasons]


def words(kind: ActionKind, changed: dict[str, Any] | None = None, **circumstances: Any) -> str:
    found = clear(action(kind), facts(kind, **(changed or {})), policy(), replace(CIRCUMSTANCES, **circumstances))
    assert isinstance(found, Refusal)
    return str(found)


def pod(kind: ActionKind, **changed: Any) -> dict[str, Any]:
    held = facts(kind).pod
    assert held is not None
    return {"pod": replace(held, **changed)}


@pytest.mark.parametrize("kind", ACTION_KINDS)
def test_a_sound_case_of_every_kind_is_cleared_and_names_each_rule_once(kind: ActionKind) -> None:
    cleared = clear(action(kind), facts(kind), policy(), CIRCUMSTANCES)
    assert isinstance(cleared, Clearance)
    assert len(set(cleared.rules)) == len(cleared.rules)
    assert cleared.rules == tuple(each.rule for each in explain(action(kind), facts(kind), policy(), CIRCUMSTANCES))


# What stops every kind of action: the rule, and the facts, circumstances or parts of the file that it stops at.
ANY: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("kill_switch", {}, {"paused_by": "U0ALICE"}, {}),
    ("mode", {}, {"mode_switch": "off"}, {}),
    ("mode", {}, {}, {"mode": "off"}),
    ("protected", {}, {}, {"protected": {"namespaces": ["team-a"]}}),
    ("in_flight", {}, {"in_flight": True}, {}),
    ("limit_target", {}, {"recent_on_target": 1}, {}),
    ("limit_target", {}, {}, {"limits": {"per_target_per_hour": 0}}),
    ("limit_namespace", {}, {"recent_in_namespace": 3}, {}),
    ("limit_incident", {}, {"in_incident": 3}, {}),
    ("limit_pending", {}, {"pending": 5}, {}),
    ("limit_pending", {}, {"pending": None}, {}),
    ("limit_pending", {}, {"pending": 2}, {"limits": {"pending_max": 2}}),
    ("breaker", {}, {"recent_failures": 2}, {}),
    ("breaker", {}, {"recent_failures": None}, {}),
    ("breaker", {}, {"recent_failures": 1}, {"limits": {"breaker": {"failures": 1}}}),
    ("denied_recently", {}, {"denied_recently": True}, {}),
    ("denied_recently", {}, {"denied_recently": None}, {}),
    ("cluster", {"cluster": "c-2"}, {}, {}),
    ("namespace", {"namespace": "team-b"}, {}, {}),
    ("allow_list", {"cluster_name": "other"}, {}, {}),
    ("action", {}, {}, {"actions": {}}),
    ("freeze", {}, {}, {"freeze": [{"from": "Tue 07:00", "until": "Tue 08:00", "reason": "release"}]}),
    ("auto", {}, {"approved_by_policy": True}, {}),
    ("namespace_terminating", {"namespace_terminating": True}, {}, {}),
    ("label", {"namespace_labels": {}}, {}, {}),
    ("label", {"namespace_labels": {"changes": "forbidden"}}, {}, {}),
    ("undo", {"marker": "p-2"}, {"undo_of": "p-1"}, {}),
    ("undo", {"marker": None}, {"undo_of": "p-1"}, {}),
    ("uid", {"uid": "u-2"}, {}, {}),
    ("deleting", {"deleting": True}, {}, {}),
    ("observed", {"observed_generation": 0}, {}, {}),
]


@pytest.mark.parametrize("kind", ACTION_KINDS)
@pytest.mark.parametrize(("rule", "changed", "circumstances", "file"), ANY)
def test_each_common_rule_stops_every_kind_alone(
    kind: ActionKind, rule: str, changed: dict[str, Any], circumstances: dict[str, Any], file: dict[str, Any]
) -> None:
    assert asked(kind, changed, circumstances, policy(**file)) == [rule]


@pytest.mark.parametrize("kind", ACTION_KINDS)
def test_up_to_each_limit_every_kind_goes_through(kind: ActionKind) -> None:
    almost = {"recent_in_namespace": 2, "in_incident": 2, "pending": 4, "recent_failures": 1}
    assert asked(kind, circumstances=almost) == []


@pytest.mark.parametrize("kind", ACTION_KINDS)
def test_an_object_of_another_kind_is_not_what_was_approved(kind: ActionKind) -> None:
    other = "DaemonSet" if TARGET_KINDS[kind] != "DaemonSet" else "StatefulSet"
    assert asked(kind, {"kind": other}) == ["kind"]


@pytest.mark.parametrize("kind", ACTION_KINDS)
def test_another_generation_is_stale(kind: ActionKind) -> None:
    assert asked(kind, {"generation": 8, "observed_generation": 8}) == ["generation"]


@pytest.mark.parametrize("kind", CONTROLLED)
@pytest.mark.parametrize(("rule", "changed"), [("paused", {"paused": True}), ("rollout", {"rollout_under_way": True})])
def test_what_stops_changes_of_a_controller(kind: ActionKind, rule: str, changed: dict[str, Any]) -> None:
    assert asked(kind, changed) == [rule]


@pytest.mark.parametrize("kind", [*RESTARTS, *ROLLBACKS])
def test_the_policy_may_lift_the_wait_for_a_rollout(kind: ActionKind) -> None:
    assert asked(kind, {"rollout_under_way": True}, file=with_rule(kind, not_during_rollout=False)) == []


# ---- freezes and the policy as approver -----------------------------------------------------------------------------


def frozen(**more: Any) -> Policy:
    return policy(freeze=[{"from": "Tue 07:00", "until": "Tue 08:00", "reason": "release", **more}])


@pytest.mark.parametrize(
    ("at", "stops"),
    [
        (datetime(2026, 11, 24, 6, 59, 59, tzinfo=UTC), []),
        (datetime(2026, 11, 24, 7, 0, tzinfo=UTC), ["freeze"]),
        (datetime(2026, 11, 24, 7, 59, 59, tzinfo=UTC), ["freeze"]),
        (datetime(2026, 11, 24, 8, 0, tzinfo=UTC), []),
        (datetime(2026, 12, 1, 7, 30, tzinfo=UTC), ["freeze"]),
        (datetime(2026, 11, 25, 7, 30, tzinfo=UTC), []),
    ],
)
def test_a_weekly_freeze_comes_back_and_ends(at: datetime, stops: list[str]) -> None:
    assert asked("restart_deployment", circumstances={"now": at}, file=frozen()) == stops


@pytest.mark.parametrize(
    ("day", "hour", "stops"),
    [(20, 15, []), (20, 16, ["freeze"]), (22, 12, ["freeze"]), (23, 5, ["freeze"]), (23, 6, [])],
)
def test_a_freeze_may_go_over_the_end_of_the_week(day: int, hour: int, stops: list[str]) -> None:
    file = policy(freeze=[{"from": "Friday 16:00", "until": "mon 06:00", "reason": "weekend"}])
    at = datetime(2026, 11, day, hour, tzinfo=UTC)
    assert asked("restart_deployment", circumstances={"now": at}, file=file) == stops


def test_a_freeze_between_two_moments_holds_from_the_first_until_just_before_the_second() -> None:
    span = {"from": "2026-11-24T08:00:00+01:00", "until": "2026-11-24T07:31:00Z", "reason": "release"}
    file = policy(freeze=[span])
    assert asked("restart_deployment", circumstances={"now": NOW}, file=file) == []
    assert asked("restart_deployment", circumstances={"now": NOW - timedelta(seconds=1)}, file=file) == ["freeze"]
    assert asked("restart_deployment", circumstances={"now": NOW - timedelta(minutes=31)}, file=file) == ["freeze"]
    assert asked("restart_deployment", circumstances={"now": NOW - timedelta(minutes=32)}, file=file) == []


def test_a_freeze_of_one_environment_leaves_another_alone_and_counts_where_none_is_known() -> None:
    assert asked("restart_deployment", file=frozen(environments=["lab"])) == []
    assert asked("restart_deployment", file=frozen(environments=["lab", "dev"])) == ["freeze"]
    assert "freeze" in asked("restart_deployment", {"cluster_name": "other"}, file=frozen(environments=["lab"]))


def test_a_freeze_says_until_when_and_why() -> None:
    found = clear(action("evict_pod"), facts("evict_pod"), frozen(), CIRCUMSTANCES)
    assert str(found) == "changes are frozen until tue 08:00: release"


def automatic(*kinds: ActionKind, **more: Any) -> Policy:
    """No file may list all of these: the rule holds by itself as well."""
    auto = Auto.model_construct(environments=("dev",), actions=kinds, grace=timedelta(0))
    return policy(mode="auto", **more).model_copy(update={"auto": auto})


@pytest.mark.parametrize("kind", ACTION_KINDS)
def test_the_policy_approves_only_what_it_lists_and_never_what_cannot_be_taken_back(kind: ActionKind) -> None:
    by_policy = {"approved_by_policy": True, "mode_switch": "auto"}
    needs_people = kind in ("rollback_stateful_set", "rollback_daemon_set", "delete_failed_pod", "evict_pod")
    assert asked(kind, circumstances=by_policy, file=automatic(kind)) == (["auto"] if needs_people else [])
    other: ActionKind = "restart_deployment" if kind != "restart_deployment" else "scale_deployment"
    assert asked(kind, circumstances=by_policy, file=automatic(other)) == ["auto"]


@pytest.mark.parametrize(("file", "switch"), [("approve", "auto"), ("auto", "approve")])
def test_the_policy_approves_nothing_unless_file_and_switch_both_say_auto(file: Any, switch: str) -> None:
    by_policy = {"approved_by_policy": True, "mode_switch": switch}
    rules = automatic("restart_deployment").model_copy(update={"mode": file})
    assert asked("restart_deployment", circumstances=by_policy, file=rules) == ["auto"]
    assert asked("restart_deployment", circumstances={"mode_switch": switch}, file=rules) == []


def test_a_frozen_or_paused_cluster_is_left_alone_by_the_policy_as_well() -> None:
    by_policy = {"approved_by_policy": True, "mode_switch": "auto"}
    window = [{"from": "Tue 07:00", "until": "Tue 08:00", "reason": "release"}]
    assert asked(
        "restart_deployment", circumstances=by_policy, file=automatic("restart_deployment", freeze=window)
    ) == ["freeze"]
    assert asked(
        "restart_deployment", circumstances={**by_policy, "paused_by": "x"}, file=automatic("restart_deployment")
    ) == ["kill_switch"]


@pytest.mark.parametrize("cluster_name", ["eks-prod", "live", "production-2"])
def test_the_policy_approves_nothing_on_a_cluster_whose_name_says_production(cluster_name: str) -> None:
    by_policy = {"approved_by_policy": True, "mode_switch": "auto"}
    places = {"dev": {"namespaces": ["team-*"]}, "lab": {"namespaces": ["lab"]}}
    file = automatic("restart_deployment", environments=places)
    there = {"cluster_name": cluster_name}
    assert asked("restart_deployment", there, circumstances=by_policy, file=file) == ["auto"]
    assert asked("restart_deployment", there, file=file) == []


# ---- undo -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*ROLLBACKS, "scale_deployment"])
def test_what_was_just_done_may_be_taken_back_at_once_and_only_once(kind: ActionKind) -> None:
    just_done = {"recent_on_target": 1, "recent_in_namespace": 3, "in_incident": 3, "recent_failures": 2}
    marked = {"marker": "p-1", "rollout_under_way": True}
    assert asked(kind, marked, {**just_done, "undo_of": "p-1"}) == []
    assert asked(kind, marked, just_done) == [
        "limit_target",
        "limit_namespace",
        "limit_incident",
        "breaker",
        "rollout",
    ]
    twice = {"recent_on_target": 2, "recent_in_namespace": 4, "in_incident": 4, "undo_of": "p-1"}
    assert asked(kind, marked, twice) == ["limit_target", "limit_namespace", "limit_incident"]


# ---- restarts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", RESTARTS)
@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("ready", {"ready": 1}),
        ("ready", {"ready": 0}),
        ("replicas", {"desired": 1}),
        ("replicas", {"desired": 0}),
        ("strategy", {"strategy": "Recreate"}),
        ("strategy", {"strategy": "OnDelete"}),
        ("strategy", {"strategy": ""}),
        ("partition", {"partition": 1}),
    ],
)
def test_each_rule_of_a_restart_stops_it(kind: ActionKind, rule: str, changed: dict[str, Any]) -> None:
    assert asked(kind, changed) == [rule]


@pytest.mark.parametrize("kind", RESTARTS)
def test_two_ready_of_two_are_enough_for_a_restart_and_a_higher_number_in_the_file_holds(kind: ActionKind) -> None:
    assert asked(kind, {"ready": 2, "desired": 2}) == []
    assert asked(kind, {"ready": 2}, file=with_rule(kind, min_ready_replicas=3)) == ["ready"]
    assert asked(kind, {"ready": 3}, file=with_rule(kind, min_ready_replicas=3)) == []


def test_the_reasons_against_a_restart_say_what_is_there_and_what_it_needs() -> None:
    assert words("restart_deployment", {"ready": 0}) == "no pod is ready; a restart needs at least 2"
    assert words("restart_deployment", {"ready": 1}) == "only 1 of 3 pods is ready; a restart needs at least 2"
    assert words("restart_stateful_set", {"desired": 1}).startswith("the stateful set runs 1 pod by design")
    assert words("restart_deployment", {"desired": 0}).startswith("the deployment runs 0 pods by design")
    assert "OnDelete: the pods would stay as they are" in words("restart_daemon_set", {"strategy": "OnDelete"})
    assert "is Recreate: a restart would stop all" in words("restart_deployment", {"strategy": "Recreate"})
    assert "is unknown" in words("restart_deployment", {"strategy": ""})
    assert "below number 2 alone" in words("restart_stateful_set", {"partition": 2})
    found = clear(
        action("restart_deployment"),
        facts("restart_deployment", ready=2),
        with_rule("restart_deployment", min_ready_replicas=3),
        CIRCUMSTANCES,
    )
    assert str(found) == "only 2 of 3 pods are ready; a restart needs at least 3"


# ---- ways back ------------------------------------------------------------------------------------------------------

_HELD = (Revision(3, "aaa", ()), Revision(4, "bbb", ()))


@pytest.mark.parametrize("kind", ROLLBACKS)
@pytest.mark.parametrize(
    ("rules", "changed"),
    [
        (["several_revisions"], {"revisions": _HELD[:1]}),
        (["several_revisions", "to_revision"], {"revisions": ()}),
        (["from_revision"], {"revision": 5}),
        (["from_revision", "differs"], {"revision": 3}),
        (["to_revision"], {"revisions": (Revision(2, "aaa", ()), _HELD[1])}),
        (["to_revision"], {"revisions": (Revision(3, "zzz", ()), _HELD[1])}),
        (["to_revision"], {"revisions": (*_HELD, Revision(3, "zzz", ()))}),
        (["differs"], {"template_hash": "aaa"}),
        (["partition"], {"partition": 1}),
    ],
)
def test_each_rule_of_a_way_back_stops_it(kind: ActionKind, rules: list[str], changed: dict[str, Any]) -> None:
    assert sorted(asked(kind, changed)) == sorted(rules)


def test_a_way_back_does_not_ask_for_ready_pods_and_for_a_deployment_not_for_its_strategy() -> None:
    broken = {"ready": 0, "desired": 1, "available": 0}
    assert [asked(kind, broken) for kind in ROLLBACKS] == [[], [], []]
    assert asked("rollback_deployment", {"strategy": "Recreate"}) == []
    assert asked("rollback_stateful_set", {"strategy": "OnDelete"}) == ["strategy"]
    assert asked("rollback_daemon_set", {"strategy": "OnDelete"}) == ["strategy"]


# ---- numbers of replicas --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("come", "go", "changed", "rules"),
    [
        (3, 5, {}, []),
        (3, 4, {}, []),
        (3, 1, {}, []),
        (3, 6, {}, ["step"]),
        (5, 2, {}, ["step"]),
        (3, 3, {}, ["step"]),
        (2, 0, {}, ["bounds"]),
        (1, 0, {}, ["bounds"]),
        (19, 20, {}, []),
        (20, 21, {}, ["bounds"]),
        (3, 5, {"desired": 4}, ["from_replicas"]),
        (3, 5, {"autoscalers": ("auto-web",)}, ["autoscaler"]),
        (3, 5, {"autoscalers": None}, ["autoscaler"]),
        (0, 2, {}, []),
    ],
)
def test_a_deployment_is_scaled_in_small_steps_between_two_ends(
    come: int, go: int, changed: dict[str, Any], rules: list[str]
) -> None:
    found = asked("scale_deployment", {"desired": come, **changed}, from_replicas=come, to_replicas=go)
    assert found == rules


@pytest.mark.parametrize(
    ("drift", "go", "rules"),
    [
        (0, 5, []),
        (2, 5, []),
        (3, 5, ["drift"]),
        (4, 4, ["drift"]),
        (4, 2, []),
        (-2, 1, []),
        (-3, 1, ["drift"]),
        (-4, 5, []),
        (None, 5, ["drift"]),
    ],
)
def test_all_steps_of_a_day_together_stay_small(drift: int | None, go: int, rules: list[str]) -> None:
    assert asked("scale_deployment", circumstances={"drift_24h": drift}, to_replicas=go) == rules


def test_the_file_sets_steps_ends_and_the_limit_of_a_day() -> None:
    assert asked("scale_deployment", file=with_rule("scale_deployment", max_step=1)) == ["step"]
    assert asked("scale_deployment", file=with_rule("scale_deployment", max=4)) == ["bounds"]
    assert asked("scale_deployment", file=with_rule("scale_deployment", min=6)) == ["bounds"]
    assert asked("scale_deployment", file=with_rule("scale_deployment", max_drift_24h=1)) == ["drift"]
    free = with_rule("scale_deployment", forbid_if_hpa=False)
    assert asked("scale_deployment", {"autoscalers": ("auto-web",)}, file=free) == []
    assert asked("scale_deployment", {"autoscalers": None}, file=free) == []


def test_without_a_rule_a_scaling_is_judged_by_the_careful_defaults() -> None:
    file = policy(actions={})
    assert asked("scale_deployment", file=file) == ["action"]
    assert asked("scale_deployment", {"desired": 9}, file=file, from_replicas=9, to_replicas=3) == [
        "action",
        "step",
        "drift",
    ]


# ---- single pods ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "rule", "changed"),
    [
        *((kind, "static", {"static": True}) for kind in PODS),
        *((kind, "owner", {"owner_kind": None}) for kind in PODS),
        *((kind, "owner", {"owner_kind": "StatefulSet"}) for kind in PODS),
        *((kind, "owner", {"owner_kind": "Node"}) for kind in PODS),
        ("evict_pod", "owner", {"owner_kind": "Job"}),
        ("evict_pod", "owner_uid", {"owner_uid": "u-other"}),
        ("evict_pod", "owner_uid", {"owner_uid": None}),
        ("evict_pod", "phase", {"phase": "Failed"}),
        ("evict_pod", "phase", {"phase": "Succeeded"}),
        ("evict_pod", "phase", {"phase": "Unknown"}),
        ("evict_pod", "budget", {"budgets": None}),
        ("evict_pod", "budget", {"budgets": (Budget("keep-web", 0),)}),
        ("evict_pod", "budget", {"budgets": (Budget("one", 5), Budget("two", 5))}),
        ("evict_pod", "peers", {"peers_ready": 0}),
        ("evict_pod", "peers", {"peers_ready": None}),
        *(("delete_failed_pod", "phase", {"phase": each}) for each in ("Running", "Pending", "Succeeded", "Unknown")),
    ],
)
def test_each_rule_about_pods_stops_alone(kind: ActionKind, rule: str, changed: dict[str, Any]) -> None:
    assert asked(kind, pod(kind, **changed)) == [rule]


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        *((kind, {"owner_kind": "DaemonSet"}) for kind in PODS),
        ("delete_failed_pod", {"owner_kind": "Job"}),
        ("delete_failed_pod", {"reason": ""}),
        ("delete_failed_pod", {"budgets": None, "peers_ready": None}),
        ("evict_pod", {"budgets": ()}),
        ("evict_pod", {"peers_ready": 1}),
        ("evict_pod", {"ready": False, "peers_ready": 0}),
        ("evict_pod", {"ready": False, "peers_ready": None}),
        ("evict_pod", {"phase": "Pending", "ready": False}),
    ],
)
def test_what_the_rules_about_pods_let_through(kind: ActionKind, changed: dict[str, Any]) -> None:
    assert asked(kind, pod(kind, **changed)) == []


def test_a_pod_of_a_stateful_set_is_evicted_only_where_the_file_says_so() -> None:
    held = pod("evict_pod", owner_kind="StatefulSet")
    assert asked("evict_pod", held, file=with_rule("evict_pod", stateful_set_pods=True)) == []
    assert asked("evict_pod", held, file=with_rule("evict_pod", stateful_set_pods=False)) == ["owner"]
    bare = pod("evict_pod", owner_kind=None)
    assert asked("evict_pod", bare, file=with_rule("evict_pod", stateful_set_pods=True)) == ["owner"]
    dead = pod("delete_failed_pod", owner_kind="StatefulSet")
    assert asked("delete_failed_pod", dead, file=with_rule("evict_pod", stateful_set_pods=True)) == ["owner"]


@pytest.mark.parametrize("kind", PODS)
def test_a_pod_of_which_nothing_was_read_is_left_alone(kind: ActionKind) -> None:
    assert asked(kind, {"pod": None}) == ["internal"]


def test_the_reasons_about_pods_name_what_is_in_the_way() -> None:
    spent = (Budget("keep-web", 0),)
    assert "disruption budget keep-web has no room" in words("evict_pod", pod("evict_pod", budgets=spent))
    several = (Budget("one", 1), Budget("two", 1))
    assert "(one, two)" in words("evict_pod", pod("evict_pod", budgets=several))
    assert words("delete_failed_pod", pod("delete_failed_pod", phase="Running")) == "the pod is Running, not Failed"
    assert words("evict_pod", pod("evict_pod", owner_kind="Job")) == "pods of a Job are left to people"


# ---- all together ---------------------------------------------------------------------------------------------------


def test_every_reason_comes_at_once_and_every_rule_is_explained() -> None:
    changed = {"uid": "u-2", "ready": 0, "desired": 1, "strategy": "Recreate", "namespace_terminating": True}
    found = explain(
        action("restart_deployment"),
        facts("restart_deployment", **changed),
        policy(),
        replace(CIRCUMSTANCES, paused_by="U0ALICE", recent_failures=5),
    )
    against = [each.rule for each in found if not each.passed]
    assert against == ["kill_switch", "breaker", "uid", "namespace_terminating", "ready", "replicas", "strategy"]
    assert all(each.text for each in found)
    assert {each.rule: each.text for each in found if each.passed}["label"].startswith("the namespace carries")


def test_what_is_gone_is_refused_with_whatever_else_is_against_it() -> None:
    found = explain(action("evict_pod"), None, policy(), replace(CIRCUMSTANCES, paused_by="U0ALICE"))
    assert [each.rule for each in found if not each.passed] == ["kill_switch", "gone"]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"paused_by": "U0ALICE"}, "all changes are paused by U0ALICE"),
        ({"mode_switch": "off"}, "changes are switched off by the operator (mode off)"),
        ({"in_flight": True}, "another change of this object is running right now"),
        (
            {"recent_on_target": 1},
            "1 change was already made of this object within the last hour; the limit is 1",
        ),
        (
            {"recent_in_namespace": 4},
            "4 changes were already made in this namespace within the last hour; the limit is 3",
        ),
        ({"in_incident": 3}, "3 changes were already proposed for this incident; the limit is 3"),
        ({"pending": 5}, "5 proposals wait for an answer already; the limit is 5"),
        (
            {"recent_failures": 2},
            "2 changes failed within 30 minutes: look at them first, no more are made until then",
        ),
        ({"denied_recently": True}, "the same change was denied within the last hour; ask again later"),
    ],
)
def test_the_standing_reasons_are_told_in_words(changed: dict[str, Any], text: str) -> None:
    assert words("restart_deployment", **changed) == text


def test_a_policy_that_is_off_says_so_in_its_own_name() -> None:
    found = clear(action("evict_pod"), facts("evict_pod"), policy(mode="off"), CIRCUMSTANCES)
    assert str(found) == "changes are switched off in the policy (mode off)"


junk = st.sampled_from([None, True, -1, 0, 2, 10**30, 1.5, "", "x", b"x", (), [1], {"a": 1}, object()])
kinds = st.sampled_from(ACTION_KINDS)
fields = st.sampled_from([each for each in Facts.__slots__])
switches = st.sampled_from([each for each in Circumstances.__slots__])
of_pods = st.sampled_from([each for each in POD.__slots__])


@given(kinds, st.dictionaries(fields, junk, max_size=4), st.dictionaries(switches, junk, max_size=3))
@settings(max_examples=400)
def test_whatever_it_is_given_the_answer_is_a_clearance_or_a_refusal(
    kind: ActionKind, changed: dict[str, Any], now: dict[str, Any]
) -> None:
    outcome = clear(action(kind), replace(facts(kind), **changed), policy(), replace(CIRCUMSTANCES, **now))
    assert isinstance(outcome, Clearance | Refusal)
    if isinstance(outcome, Refusal):
        assert outcome.reasons


@given(st.sampled_from(PODS), st.dictionaries(of_pods, junk, min_size=1, max_size=3))
def test_a_pod_of_which_nonsense_was_read_is_never_cleared_as_static_bare_or_of_no_room(
    kind: ActionKind, changed: dict[str, Any]
) -> None:
    held = pod(kind, **changed)["pod"]
    outcome = clear(action(kind), facts(kind, pod=held), policy(), CIRCUMSTANCES)
    if isinstance(outcome, Clearance):
        assert not held.static
        assert held.owner_kind in ("ReplicaSet", "DaemonSet", "Job")


@given(
    kinds,
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 30),
    st.integers(0, 30),
    st.one_of(st.none(), st.integers(-6, 6)),
)
@settings(max_examples=400)
def test_what_is_cleared_keeps_the_promises_of_its_kind(
    kind: ActionKind, desired: int, ready: int, come: int, go: int, drift: int | None
) -> None:
    more = {"from_replicas": come, "to_replicas": go} if kind == "scale_deployment" else {}
    held = facts(kind, **({} if kind in PODS else {"desired": desired, "ready": ready}))
    outcome = clear(action(kind, **more), held, policy(), replace(CIRCUMSTANCES, drift_24h=drift))
    if not isinstance(outcome, Clearance):
        return
    if kind in RESTARTS:
        assert min(desired, ready) >= 2
    if kind == "scale_deployment":
        assert desired == come
        assert 1 <= abs(go - come) <= 2
        assert 1 <= go <= 20
        assert drift is not None
        assert abs(drift + go - come) <= 4


@pytest.mark.parametrize(
    ("kind", "verb"),
    [
        ("restart_deployment", "restart a deployment"),
        ("rollback_stateful_set", "roll back a stateful set"),
        ("scale_deployment", "scale a deployment"),
        ("delete_failed_pod", "delete a pod"),
        ("evict_pod", "evict a pod"),
        ("restart_daemon_set", "restart a daemon set"),
    ],
)
def test_a_kind_that_the_policy_does_not_list_is_named_in_words(kind: ActionKind, verb: str) -> None:
    found = clear(action(kind), facts(kind), policy(actions={}), CIRCUMSTANCES)
    assert str(found) == f"the policy does not allow to {verb}"


@pytest.mark.parametrize("kind", ACTION_KINDS)
def test_what_is_another_object_or_gone_is_said_to_be_so_beside_all_that_is_against_it(kind: ActionKind) -> None:
    paused = replace(CIRCUMSTANCES, paused_by="U0ALICE")
    for held, rule in ((None, "gone"), (facts(kind, uid="u-2"), "uid")):
        found = explain(action(kind), held, policy(), paused)
        assert [each.rule for each in found if not each.passed] == ["kill_switch", rule]
    told = explain(action(kind), facts(kind, generation=9, observed_generation=9), policy(), CIRCUMSTANCES)
    assert {each.rule: each.passed for each in told}["uid"] is True
    assert [each.rule for each in told if not each.passed] == ["generation"]
