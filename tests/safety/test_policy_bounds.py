"""What a policy file may set, and how far: defaults, ends of numbers, freezes, and what runs without a person."""

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from safety.action_rules import ActionRules, DeleteFailedPodRule, EvictRule, RestartRule, RollbackRule, ScaleRule
from safety.actions import ACTION_KINDS, ActionKind, RestartDeployment, Target
from safety.freezes import Freeze
from safety.policy import ApprovalRule, Approvals, Auto, Breaker, Environment, Limits, Policy, Protected
from safety.risk import of_kind
from tests.safety.cases import action, policy

DEV = {"environments": ("dev",)}
# Model, what it needs besides, field, its default, the least and the most that a file may say (None: no end).
NUMBERS: list[tuple[type[BaseModel], dict[str, Any], str, int, int | None, int | None]] = [
    (RestartRule, DEV, "min_ready_replicas", 2, 2, None),
    (ScaleRule, DEV, "max_step", 2, 1, 2),
    (ScaleRule, {**DEV, "max": 1000}, "min", 1, 1, 1000),
    (ScaleRule, DEV, "max", 20, 1, 1000),
    (ScaleRule, DEV, "max_drift_24h", 4, 1, 10),
    (ApprovalRule, {}, "count", 1, 1, 5),
    (Breaker, {}, "failures", 2, 1, 10),
    (Limits, {}, "per_namespace_per_hour", 3, 0, None),
    (Limits, {}, "per_target_per_hour", 1, 0, None),
    (Limits, {}, "per_incident", 3, 0, None),
    (Limits, {}, "pending_max", 5, 0, 100),
]
SPANS: list[tuple[type[BaseModel], str, str, list[str], list[str]]] = [
    (ApprovalRule, "ttl", "30m", ["1s", "1d"], ["0s", "86401s"]),
    (ApprovalRule, "execute_within", "5m", ["1s", "1h"], ["0s", "3601s"]),
    (Breaker, "cooldown", "30m", ["1m", "1d"], ["59s", "86401s"]),
]


@pytest.mark.parametrize(("model", "more", "field", "default", "least", "most"), NUMBERS)
def test_each_number_has_its_default_and_its_ends(
    model: type[BaseModel], more: dict[str, Any], field: str, default: int, least: int | None, most: int | None
) -> None:
    assert getattr(model.model_validate(more), field) == default
    for allowed in (least, most):
        if allowed is not None:
            assert getattr(model.model_validate({**more, field: allowed}), field) == allowed
    for beyond in (least - 1 if least is not None else None, most + 1 if most is not None else None):
        if beyond is not None:
            with pytest.raises(ValidationError):
                model.model_validate({**more, field: beyond})


@pytest.mark.parametrize(("model", "field", "default", "allowed", "refused"), SPANS)
def test_each_span_has_its_default_and_its_ends(
    model: type[BaseModel], field: str, default: str, allowed: list[str], refused: list[str]
) -> None:
    assert getattr(model.model_validate({}), field) == getattr(model.model_validate({field: default}), field)
    for each in allowed:
        model.model_validate({field: each})
    for each in refused:
        with pytest.raises(ValidationError):
            model.model_validate({field: each})


def test_a_scaling_has_room_when_its_ends_are_one_number_and_none_when_they_cross() -> None:
    assert ScaleRule(environments=("dev",), min=3, max=3).max == 3
    with pytest.raises(ValidationError, match="min must not be above max"):
        ScaleRule(environments=("dev",), min=4, max=3)


def test_the_careful_switches_are_the_defaults_and_two_cannot_be_lifted() -> None:
    assert RestartRule(environments=("dev",)).not_during_rollout
    assert RollbackRule(environments=("dev",)).not_during_rollout
    assert ScaleRule(environments=("dev",)).forbid_if_hpa
    evict = EvictRule(environments=("dev",))
    assert (evict.require_controller_owner, evict.respect_pdb, evict.stateful_set_pods) == (True, True, False)
    for field in ("require_controller_owner", "respect_pdb"):
        with pytest.raises(ValidationError):
            EvictRule.model_validate({**DEV, field: False})
    assert DeleteFailedPodRule(environments=("dev",)).phases == ("Failed",)
    for phases in ((), ("Running",), ("Failed", "Succeeded")):
        with pytest.raises(ValidationError):
            DeleteFailedPodRule.model_validate({**DEV, "phases": phases})


MODELS: list[tuple[type[BaseModel], dict[str, Any]]] = [
    *((each, DEV) for each in (RestartRule, RollbackRule, ScaleRule, DeleteFailedPodRule, EvictRule)),
    *((each, {}) for each in (ActionRules, ApprovalRule, Approvals, Breaker, Limits, Protected)),
    (Environment, {"namespaces": ("team-a",)}),
    (Auto, {**DEV, "actions": ("restart_deployment",)}),
    (Freeze, {"from": "Fri 16:00", "until": "Mon 06:00", "reason": "weekend"}),
    (Policy, {"version": 1}),
]


@pytest.mark.parametrize(("model", "needed"), MODELS)
def test_no_part_of_a_file_takes_an_unknown_key_or_can_be_changed_once_it_is_read(
    model: type[BaseModel], needed: dict[str, Any]
) -> None:
    made = model.model_validate(needed)
    with pytest.raises(ValidationError):
        model.model_validate({**needed, "unknown": 1})
    with pytest.raises(ValidationError):
        setattr(made, next(iter(model.model_fields)), None)


@pytest.mark.parametrize(("model", "field"), [(RestartRule, "environments"), (Auto, "environments"), (Auto, "actions")])
def test_a_rule_for_nothing_is_a_mistake(model: type[BaseModel], field: str) -> None:
    with pytest.raises(ValidationError):
        model.model_validate({**DEV, "actions": ("restart_deployment",), field: ()} if model is Auto else {field: ()})


def test_an_action_cannot_be_changed_and_its_texts_and_numbers_have_ends() -> None:
    restart = action("restart_deployment")
    with pytest.raises(ValidationError):
        setattr(restart, "target", None)  # noqa: B010 - that it cannot be set is what is asked
    whole = restart.target.model_dump()
    for field in ("cluster", "uid"):
        for right in ("x", "x" * 64):
            assert RestartDeployment(target=Target.model_validate({**whole, field: right}))
        for wrong in ("", "x" * 65):
            with pytest.raises(ValidationError):
                Target.model_validate({**whole, field: wrong})
    assert Target.model_validate({**whole, "generation": 1}).generation == 1
    for kind, fields in (("scale_deployment", ("from_replicas", "to_replicas")),):
        for field in fields:
            assert action(kind, **{field: 0})  # type: ignore[arg-type]
            assert action(kind, **{field: 10_000})  # type: ignore[arg-type]
            for beyond in (-1, 10_001):
                with pytest.raises(ValidationError):
                    action(kind, **{field: beyond})  # type: ignore[arg-type]
    for field in ("from_revision", "to_revision"):
        assert action("rollback_deployment", **{field: 1})
        with pytest.raises(ValidationError):
            action("rollback_deployment", **{field: 0})
    for right in ("x", "x" * 64):
        assert action("evict_pod", owner_uid=right)
    for wrong in ("", "x" * 65):
        with pytest.raises(ValidationError):
            action("evict_pod", owner_uid=wrong)


# ---- freezes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begins", "until"),
    [
        ("Fri 16:00", "2026-12-20T00:00:00Z"),
        ("Fri 16:00", "Fri 16:00"),
        ("2026-12-20T00:00:00Z", "2026-12-20T00:00:00Z"),
        ("2026-12-21T00:00:00Z", "2026-12-20T00:00:00Z"),
        ("2026-12-20T00:00:00", "2026-12-21T00:00:00"),
        ("2026-12-20", "2026-12-21"),
        ("Fri 24:00", "Mon 06:00"),
        ("Fri 16:60", "Mon 06:00"),
        ("Friday", "Monday"),
        ("16:00", "18:00"),
        (7, 8),
        (None, "Mon 06:00"),
    ],
)
def test_a_freeze_that_nobody_can_read_for_sure_is_refused(begins: object, until: object) -> None:
    with pytest.raises(ValidationError):
        Freeze.model_validate({"from": begins, "until": until, "reason": "x"})


@pytest.mark.parametrize("reason", ["", "x" * 201, None])
def test_a_freeze_says_why_in_few_words(reason: str | None) -> None:
    span = {"from": "Fri 16:00", "until": "Mon 06:00"}
    assert Freeze.model_validate({**span, "reason": "x" * 200})
    with pytest.raises(ValidationError):
        Freeze.model_validate({**span, "reason": reason})


# ---- without a person -----------------------------------------------------------------------------------------------

ENVIRONMENTS = {
    name: {"namespaces": [f"team-{number}"]}
    for number, name in enumerate(
        ("dev", "develop", "development", "staging", "stage", "stg", "dev-eu", "eu-staging2", "Dev")
    )
}


@pytest.mark.parametrize("name", sorted(ENVIRONMENTS))
def test_where_people_try_things_out_the_policy_may_approve(name: str) -> None:
    made = policy(
        mode="auto",
        environments=ENVIRONMENTS,
        actions={},
        auto={"environments": [name], "actions": ["rollback_deployment", "scale_deployment"]},
    )
    assert made.auto_allows("rollback_deployment", name)
    assert not made.auto_allows("restart_deployment", name)
    assert not made.auto_allows("rollback_deployment", "other")
    assert not made.auto_allows("rollback_deployment", None)


@pytest.mark.parametrize("kind", ACTION_KINDS)
def test_auto_lists_only_kinds_that_are_not_of_high_risk_and_leave_nothing_that_is_gone_for_good(
    kind: ActionKind,
) -> None:
    of = of_kind(action(kind))
    needs_people = of.risk == "high" or of.reversibility == "cannot be undone"
    auto = {"environments": ["dev"], "actions": [kind]}
    with pytest.raises(ValidationError, match="a person approves it") if needs_people else nullcontext():
        policy(mode="auto", auto=auto)


@pytest.mark.parametrize(("grace", "is_fine"), [("0s", True), ("60s", True), ("10m", True), ("11m", False)])
def test_what_the_policy_approves_waits_a_while_first(grace: str, is_fine: bool) -> None:
    auto = {"environments": ["dev"], "actions": ["restart_deployment"]}
    assert policy(mode="auto", auto=auto).grace == timedelta(seconds=60)
    with nullcontext() if is_fine else pytest.raises(ValidationError, match="grace"):
        policy(mode="auto", auto={**auto, "grace": grace})


def test_it_does_not_wait_longer_than_a_proposal_does() -> None:
    auto = {"environments": ["dev"], "actions": ["restart_deployment"], "grace": "5m"}
    with pytest.raises(ValidationError, match="make it shorter than its ttl"):
        policy(mode="auto", auto=auto, approvals={"default": {"users": ["U0ALICE"], "ttl": "5m"}})


@pytest.mark.parametrize(
    "name", ["prod", "production", "dev-prod", "staging-live", "live", "qa", "devices", "lab", "main"]
)
def test_nowhere_else_the_policy_may_approve(name: str) -> None:
    with pytest.raises(ValidationError, match="no dev or staging environment"):
        policy(
            environments={name: {"namespaces": ["team-a"]}},
            actions={},
            auto={"environments": [name], "actions": ["restart_deployment"]},
        )


@pytest.mark.parametrize("mode", ["off", "approve"])
def test_without_mode_auto_or_without_a_list_the_policy_approves_nothing(mode: str) -> None:
    kinds: tuple[ActionKind, ...] = ("restart_deployment", "rollback_deployment", "scale_deployment")
    auto = {"environments": ["dev"], "actions": list(kinds)}
    assert not any(policy(mode=mode, auto=auto).auto_allows(kind, "dev") for kind in kinds)
    assert not any(policy(mode="auto").auto_allows(kind, "dev") for kind in kinds)
    assert all(policy(mode="auto", auto=auto).auto_allows(kind, "dev") for kind in kinds)


@pytest.mark.parametrize(
    ("part", "where"),
    [
        ({"actions": {"evict_pod": {"environments": ["nowhere"]}}}, "actions"),
        (
            {"freeze": [{"from": "Fri 16:00", "until": "Mon 06:00", "reason": "x", "environments": ["nowhere"]}]},
            "freeze",
        ),
        ({"auto": {"environments": ["nowhere-dev"], "actions": ["restart_deployment"]}}, "auto"),
    ],
)
def test_a_part_that_names_an_environment_that_does_not_exist_is_named(part: dict[str, Any], where: str) -> None:
    with pytest.raises(ValidationError, match=f"{where} name environments that do not exist: nowhere"):
        policy(**part)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("team-a-*", "team-b-*", False),
        ("team-*", "team-a-*", True),
        ("team-a-*", "team-*", True),
        ("team-a", "team-a-*", False),
        ("team-a-1", "team-a-*", True),
        ("team-a", "team-b", False),
        ("ab-*", "a-*", False),
        ("a-*", "ab-*", False),
    ],
)
def test_environments_overlap_where_some_name_would_belong_to_both(one: str, other: str, overlap: bool) -> None:
    both = {"a": {"namespaces": [one]}, "b": {"namespaces": [other]}}
    if overlap:
        with pytest.raises(ValidationError, match="a and b claim the same namespaces"):
            policy(environments=both, actions={})
    else:
        assert len(policy(environments=both, actions={}).environments) == 2


def test_every_kind_may_have_its_own_rule_of_approval_and_follows_the_default_without_one() -> None:
    for kind in ACTION_KINDS:
        own = policy(approvals={"default": {"count": 2}, kind: {"count": 3, "ttl": "1m"}})
        assert (own.approval_for(kind).count, own.approval_for(kind).ttl) == (3, timedelta(minutes=1))
        assert {own.approval_for(each).count for each in ACTION_KINDS if each != kind} == {2}
