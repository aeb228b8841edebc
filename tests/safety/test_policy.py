"""The policy: an allow-list over a floor that no file can lower."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from safety.policy import FLOOR_TOKENS, ApprovalRule, Policy, protected_because

FILE: dict[str, Any] = {
    "version": 1,
    "mode": "approve",
    "environments": {
        "dev": {"clusters": ["dev-*"], "namespaces": ["team-*", "sandbox"]},
        "staging": {"clusters": ["staging-eu"], "namespaces": ["staging", "staging-*"]},
    },
    "protected": {"tokens": ["billing"], "namespaces": ["team-core"], "require_label": "example.com/changes=allowed"},
    "actions": {
        "restart_deployment": {"environments": ["dev", "staging"], "min_ready_replicas": 2},
        "rollback_deployment": {"environments": ["dev"]},
    },
    "approvals": {
        "default": {"groups": ["S0ONCALL"], "ttl": "30m", "execute_within": "5m"},
        "rollback_deployment": {"users": ["U0ALICE"]},
    },
    "limits": {"per_namespace_per_hour": 3, "per_target_per_hour": 1, "per_incident": 3},
}


def changed(**parts: Any) -> Policy:
    return Policy.model_validate({**FILE, **parts})


def test_a_listed_namespace_belongs_to_its_environment() -> None:
    policy = changed()
    assert policy.environment_of("dev-eks", "team-a") == "dev"
    assert policy.environment_of("dev-eks", "sandbox") == "dev"
    assert policy.environment_of("staging-eu", "staging") == "staging"


@pytest.mark.parametrize("namespace", ["team", "team-", "sandbox-2", "other", "xteam-a"])
def test_a_namespace_that_is_not_listed_belongs_to_none(namespace: str) -> None:
    if namespace != "team-":  # not a name that Kubernetes allows, and "team-*" covers it
        assert changed().environment_of("dev-eks", namespace) is None


def test_an_environment_holds_only_on_its_own_clusters() -> None:
    assert changed().environment_of("staging-eu", "team-a") is None
    assert changed().environment_of("dev", "team-a") is None


@pytest.mark.parametrize("pattern", ["*", "", "-*", "te*", "*-dev", "team-*-x", "Team-*", "team_*", "team-**", " *"])
def test_a_pattern_that_could_allow_too_much_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError):
        changed(environments={"dev": {"namespaces": [pattern]}}, actions={})


@pytest.mark.parametrize(
    "namespace",
    [
        "kube-system",
        "kube-public",
        "kube-node-lease",
        "artemis-preprod",
        "preprod",
        "artemis-prod",
        "production",
        "prod",
        "prod-eu",
        "eu-prod-1",
        "team-production",
        "prd",
        "live",
        "PROD",
        "Prod2",
        "team-live7",
        "default",
        "istio-system",
        "cert-manager",
        "argocd",
        "gatekeeper-system",
        "flux-system",
        "kube-flannel",
    ],
)
def test_the_floor_protects(namespace: str) -> None:
    assert protected_because(Policy.nothing_allowed(), namespace) is not None


@pytest.mark.parametrize("namespace", ["team-a", "product", "producers", "delivery", "olive", "proud", "kubernetes"])
def test_the_floor_leaves_names_alone_that_only_look_alike(namespace: str) -> None:
    assert protected_because(changed(), namespace) is None


def test_the_file_protects_more_and_says_whose_list_it_is() -> None:
    assert "policy's" in str(protected_because(changed(), "team-billing-2"))
    assert "policy's" in str(protected_because(changed(), "team-core"))
    assert "built-in" in str(protected_because(changed(), "team-prod"))
    assert protected_because(changed(protected={}), "team-core") is None


label = st.text("abcdefghijklmnopqrstuvwxyz0123456789", max_size=8)
files = st.fixed_dictionaries(
    {"tokens": st.just([]), "namespaces": st.lists(st.sampled_from(["x", "team-*", "prod-x"]), max_size=2)}
)


@given(label, st.sampled_from(sorted(FLOOR_TOKENS)), st.integers(0, 99), label, files, st.booleans(), st.booleans())
@settings(max_examples=300)
def test_whatever_the_file_says_a_production_name_is_protected(
    before: str, token: str, number: int, after: str, protected: dict[str, Any], upper: bool, digits: bool
) -> None:
    namespace = "-".join(each for each in (before, token + (str(number) if digits else ""), after) if each)
    policy = changed(environments={"dev": {"namespaces": [namespace, f"{token}-*"]}}, protected=protected, actions={})
    assert protected_because(policy, namespace.upper() if upper else namespace) is not None


def test_a_name_in_look_alike_letters_is_no_way_around() -> None:
    assert protected_because(changed(), "ｐｒｏｄ") is not None


def test_without_a_file_nothing_is_allowed() -> None:
    policy = Policy.nothing_allowed()
    assert policy.mode == "off"
    assert policy.rule_for("restart_deployment") is None
    assert policy.rule_for("rollback_deployment") is None
    assert policy.environment_of("any", "team-a") is None


def test_a_bare_off_in_yaml_means_off() -> None:
    assert changed(mode=False).mode == "off"
    with pytest.raises(ValidationError):
        changed(mode=True)


def test_the_stricter_of_file_and_switch_holds() -> None:
    assert changed(mode="auto").mode_under("approve") == "approve"
    assert changed(mode="approve").mode_under("auto") == "approve"
    assert changed(mode="off").mode_under("auto") == "off"
    assert changed(mode="auto").mode_under("off") == "off"


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    turned = {key: FILE[key] for key in reversed(FILE)}
    turned["environments"] = {key: FILE["environments"][key] for key in reversed(FILE["environments"])}
    assert Policy.model_validate(turned).sha256 == changed().sha256
    assert changed(limits={"per_incident": 2}).sha256 != changed().sha256


def test_the_hash_depends_on_what_a_span_means_and_not_on_how_it_is_written() -> None:
    one = changed(approvals={"default": {"ttl": "30m"}})
    assert changed(approvals={"default": {"ttl": "1800s"}}).sha256 == one.sha256
    assert changed(approvals={"default": {"ttl": "31m"}}).sha256 != one.sha256


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("30m", timedelta(minutes=30)),
        ("1h", timedelta(hours=1)),
        ("1h30m", timedelta(minutes=90)),
        ("90s", timedelta(seconds=90)),
    ],
)
def test_a_span_is_written_with_its_unit(written: str, meant: timedelta) -> None:
    assert ApprovalRule.model_validate({"ttl": written}).ttl == meant


@pytest.mark.parametrize("written", [30, "30", "", "m", "-5m", "30 minutes", "0m", "2d", None, True])
def test_a_span_without_sense_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        ApprovalRule.model_validate({"ttl": written})


def test_the_file_cannot_lower_the_number_of_ready_replicas_below_two() -> None:
    with pytest.raises(ValidationError):
        changed(actions={"restart_deployment": {"environments": ["dev"], "min_ready_replicas": 1}})


@pytest.mark.parametrize("count", [0, 6, -1])
def test_between_one_and_five_people_may_have_to_approve(count: int) -> None:
    assert ApprovalRule.model_validate({"count": 5}).count == 5
    with pytest.raises(ValidationError):
        ApprovalRule.model_validate({"count": count})


def test_what_is_of_high_risk_takes_two_people_whatever_the_file_says() -> None:
    one, three = ApprovalRule(count=1), ApprovalRule(count=3)
    assert [one.needed(risk) for risk in ("low", "medium", "high")] == [1, 1, 2]
    assert [three.needed(risk) for risk in ("low", "medium", "high")] == [3, 3, 3]


@pytest.mark.parametrize(
    "part",
    [
        {"version": 2},
        {"unknown": 1},
        {"actions": {"delete_namespace": {"environments": ["dev"]}}},
        {"actions": {"restart_deployment": {"environments": ["devv"]}}},
        {"actions": {"restart_deployment": {"environments": []}}},
        {"approvals": {"default": {"users": ["@alice"]}}},
        {"approvals": {"default": {"groups": ["oncall"]}}},
        {"protected": {"tokens": ["two words"]}},
        {"protected": {"require_label": "=x"}},
        {"limits": {"per_incident": -1}},
    ],
)
def test_a_file_with_a_mistake_is_refused(part: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        changed(**part)


@pytest.mark.parametrize(
    ("one", "other"),
    [("team-a", "team-*"), ("team-*", "team-a-*"), ("x", "x")],
)
def test_two_environments_may_not_claim_one_namespace(one: str, other: str) -> None:
    with pytest.raises(ValidationError, match="claim the same namespaces"):
        changed(environments={"a": {"namespaces": [one]}, "b": {"namespaces": [other]}}, actions={})
    apart = {"a": {"clusters": ["c1"], "namespaces": [one]}, "b": {"clusters": ["c2"], "namespaces": [other]}}
    assert changed(environments=apart, actions={}).environment_of("c2", "team-a" if one != "x" else "x") in ("b", None)


def test_a_kind_may_have_its_own_rule_of_approval() -> None:
    assert changed().approval_for("restart_deployment").groups == ("S0ONCALL",)
    assert changed().approval_for("rollback_deployment").users == ("U0ALICE",)


def test_the_defaults_are_the_careful_ones() -> None:
    rule, limits = ApprovalRule(), Policy(version=1).limits
    assert (rule.count, rule.groups, rule.users, rule.requester_may_approve) == (1, (), (), False)
    assert (rule.ttl, rule.execute_within) == (timedelta(minutes=30), timedelta(minutes=5))
    assert (limits.per_namespace_per_hour, limits.per_target_per_hour, limits.per_incident) == (3, 1, 3)
