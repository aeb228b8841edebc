"""The closed union of actions: what can be spelled, what cannot, and digests that an upgrade must not change."""

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from safety.actions import (
    ACTION_KINDS,
    ACTIONS,
    TARGET_KINDS,
    Action,
    AnyAction,
    RestartDeployment,
    RollbackDeployment,
    ScaleDeployment,
    Target,
    digest,
    in_words,
    same_change,
)
from safety.policy import Policy

ADAPTER: TypeAdapter[AnyAction] = TypeAdapter(Action)
MORE: dict[str, dict[str, Any]] = {
    "scale_deployment": {"from_replicas": 3, "to_replicas": 5},
    "evict_pod": {"owner_uid": "u-owner"},
    **{
        each: {"from_revision": 4, "to_revision": 3, "to_template_hash": "aaa"}
        for each in ("rollback_deployment", "rollback_stateful_set", "rollback_daemon_set")
    },
}


def raw(action_kind: str, /, **changed: Any) -> dict[str, Any]:
    on = TARGET_KINDS[action_kind]  # type: ignore[index]
    target = {
        "cluster": "c-1",
        "namespace": "team-a",
        "kind": on,
        "name": "web",
        "uid": "u-1",
        "generation": 1 if on == "Pod" else 7,
    }
    return {"kind": action_kind, "target": {**target, **changed}, **MORE.get(action_kind, {})}


def made(action_kind: str, /, **changed: Any) -> AnyAction:
    return ADAPTER.validate_python(raw(action_kind, **changed))


def test_every_kind_is_an_action_with_a_target_of_its_own_kind() -> None:
    assert set(ACTION_KINDS) == set(ACTIONS) == {each.model_fields["kind"].default for each in get_args(AnyAction)}
    assert len(ACTION_KINDS) == 9
    for kind in ACTION_KINDS:
        assert made(kind).target.kind == TARGET_KINDS[kind]


@pytest.mark.parametrize("kind", ACTION_KINDS)
def test_an_action_on_an_object_of_another_kind_cannot_be_spelled(kind: str) -> None:
    for other in {"Deployment", "StatefulSet", "DaemonSet", "Pod"} - {TARGET_KINDS[kind]}:  # type: ignore[index]
        with pytest.raises(ValidationError, match="this action is for a"):
            made(kind, **{"kind": other, "generation": 1})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "*"),
        ("name", "web,api"),
        ("name", "app=web"),
        ("name", ""),
        ("name", "--all"),
        ("namespace", "team-*"),
        ("namespace", "team-a/secrets"),
        ("namespace", "Team-A"),
        ("namespace", "teаm-a"),
        ("kind", "Namespace"),
        ("kind", "deployment"),
        ("generation", 0),
        ("generation", "7"),
        ("uid", ""),
    ],
)
def test_no_pattern_selector_list_or_other_kind_can_be_spelled(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        made("restart_deployment", **{field: value})


@pytest.mark.parametrize("kind", ["delete_namespace", "delete_pod", "exec", "apply", "kubectl", "", None])
def test_no_other_verb_can_be_spelled(kind: object) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python({**raw("restart_deployment"), "kind": kind})


def test_no_field_can_be_added() -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python({**raw("restart_deployment"), "command": "kubectl delete ns team-a"})
    with pytest.raises(ValidationError):
        made("restart_deployment", selector="app=web")


def test_a_pod_is_bound_by_its_uid_and_has_no_generation_of_its_own() -> None:
    assert made("evict_pod").target.generation == 1
    with pytest.raises(ValidationError, match="bound by its uid"):
        made("evict_pod", generation=2)


# Proposals that were shown before an upgrade must be good after it.
OLD = Target(cluster="c-1", namespace="team-a", name="web", uid="u-1", generation=7)
OLD_FILE = {
    "version": 1,
    "environments": {"dev": {"namespaces": ["orchard"]}},
    "actions": {"restart_deployment": {"environments": ["dev"]}, "rollback_deployment": {"environments": ["dev"]}},
    "approvals": {"default": {"groups": ["S0ONCALL"], "users": ["U0CAROL"]}},
}


def test_digests_of_the_first_two_kinds_stay_what_they_were() -> None:
    restart = RestartDeployment(target=OLD)
    rollback = RollbackDeployment(target=OLD, from_revision=4, to_revision=3, to_template_hash="aaa")
    assert digest(restart, "p") == "sha256:4e9b3a50ea3a67cb0051ade39c875adb89f24ef86be380f184eb5faaa276499a"
    assert digest(rollback, "p") == "sha256:d217d95df165de0b8192a0d9c5cdbf873a4076d43165cd07995047f3210d2d96"


def test_the_name_of_a_file_that_says_nothing_new_stays_what_it_was() -> None:
    was = "sha256:f988bc240f94c823b2d88a4ca44c78b0ce44625da3196349344aa723b82c420d"
    assert Policy.model_validate(OLD_FILE).sha256 == was
    nothing = "sha256:441dec7f7d05b22ce3a13537131b171e4d2592959763ad3987c6091f586912ce"
    assert Policy.nothing_allowed().sha256 == nothing


@pytest.mark.parametrize(
    "more",
    [
        {"actions": {"scale_deployment": {"environments": ["dev"]}}},
        {"approvals": {"evict_pod": {"count": 2}}},
        {"limits": {"pending_max": 4}},
        {"limits": {"breaker": {"failures": 3}}},
        {"freeze": [{"from": "Fri 16:00", "until": "Mon 06:00", "reason": "weekend"}]},
        {"auto": {"environments": ["dev"], "actions": ["restart_deployment"]}},
    ],
)
def test_every_new_key_that_says_something_changes_the_name_of_the_file(more: dict[str, Any]) -> None:
    merged = {
        key: {**OLD_FILE.get(key, {}), **value} if isinstance(value, dict) and key in OLD_FILE else value  # type: ignore[dict-item]
        for key, value in more.items()
    }
    assert Policy.model_validate({**OLD_FILE, **merged}).sha256 != Policy.model_validate(OLD_FILE).sha256


def test_the_digest_of_every_kind_is_its_own() -> None:
    assert len({digest(made(kind), "p") for kind in ACTION_KINDS}) == len(ACTION_KINDS)


def test_the_same_change_is_the_same_end_and_not_the_same_beginning() -> None:
    assert same_change(made("restart_deployment"), made("restart_deployment", generation=9, uid="u-2"))
    assert not same_change(made("restart_deployment"), made("restart_deployment", name="api"))
    assert not same_change(made("restart_deployment"), made("rollback_deployment"))
    target = made("scale_deployment").target
    to_five = [ScaleDeployment(target=target, from_replicas=each, to_replicas=5) for each in (3, 4)]
    assert same_change(*to_five)
    assert not same_change(to_five[0], ScaleDeployment(target=target, from_replicas=3, to_replicas=4))
    one = RollbackDeployment(target=OLD, from_revision=4, to_revision=3, to_template_hash="aaa")
    assert same_change(one, one.model_copy(update={"from_revision": 6, "to_revision": 5}))
    assert not same_change(one, one.model_copy(update={"to_template_hash": "bbb"}))


def test_an_action_reads_as_a_headline() -> None:
    assert [in_words(made(kind)) for kind in ACTION_KINDS] == [
        "Restart web",
        "Roll back web to revision 3",
        "Scale web from 3 to 5 replicas",
        "Delete the failed pod web",
        "Replace the pod web",
        "Restart web",
        "Restart web",
        "Roll back web to revision 3",
        "Roll back web to revision 3",
    ]


def test_the_same_change_of_another_object_or_in_another_place_is_another_change() -> None:
    for kind in ACTION_KINDS:
        for field, value in (("cluster", "c-9"), ("namespace", "team-z"), ("name", "api")):
            assert not same_change(made(kind), made(kind, **{field: value}))
