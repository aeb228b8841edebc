"""A sound case of every kind of action: the facts, the policy and the circumstances under which it is cleared."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from safety.actions import ACTION_KINDS, TARGET_KINDS, Action, ActionKind, AnyAction
from safety.facts import Budget, Circumstances, Facts, PodFacts, Revision
from safety.policy import Policy

NOW = datetime(2026, 11, 24, 7, 31, tzinfo=UTC)  # a Tuesday
POD = PodFacts(
    phase="Running",
    reason="",
    node="one",
    ready=True,
    static=False,
    owner_kind="ReplicaSet",
    owner_name="web-bbb",
    owner_uid="u-owner",
    peers_ready=2,
    budgets=(Budget("keep-web", 1),),
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
_MORE: dict[str, dict[str, Any]] = {
    "scale_deployment": {"from_replicas": 3, "to_replicas": 5},
    "evict_pod": {"owner_uid": "u-owner"},
}
_BACK = {"from_revision": 4, "to_revision": 3, "to_template_hash": "aaa"}
ADAPTER: TypeAdapter[AnyAction] = TypeAdapter(Action)


def action(kind: ActionKind, **changed: Any) -> AnyAction:
    on = TARGET_KINDS[kind]
    target = {
        "cluster": "c-1",
        "namespace": "team-a",
        "kind": on,
        "name": "web",
        "uid": "u-1",
        "generation": 1 if on == "Pod" else 7,
    }
    more = _BACK if kind.startswith("rollback") else _MORE.get(kind, {})
    return ADAPTER.validate_python({"kind": kind, "target": target, **more, **changed})


def facts(of: ActionKind, /, **changed: Any) -> Facts:
    on = TARGET_KINDS[of]
    is_pod = on == "Pod"
    dead = replace(POD, phase="Failed", reason="Evicted", ready=False)
    whole: dict[str, Any] = {
        "observed_at": NOW,
        "cluster": "c-1",
        "cluster_name": "dev-eks",
        "namespace": "team-a",
        "namespace_labels": {"changes": "allowed"},
        "namespace_terminating": False,
        "uid": "u-1",
        "generation": 1 if is_pod else 7,
        "observed_generation": 1 if is_pod else 7,
        "resource_version": "100",
        "desired": 0 if is_pod else 3,
        "ready": 0 if is_pod else 3,
        "updated": 0 if is_pod else 3,
        "available": 0 if is_pod else 3,
        "strategy": "" if is_pod else "RollingUpdate",
        "paused": False,
        "deleting": False,
        "rollout_under_way": False,
        "revision": 0 if is_pod else 4,
        "template_hash": "" if is_pod else "bbb",
        "revisions": () if is_pod else (Revision(3, "aaa", ("web:1",)), Revision(4, "bbb", ("web:2",))),
        "marker": None,
        "kind": on,
        "autoscalers": (),
        "pod": None if not is_pod else dead if of == "delete_failed_pod" else POD,
    }
    return Facts(**{**whole, **changed})


def policy(**parts: Any) -> Policy:
    """Every kind allowed in dev, restarts of deployments in lab as well."""
    whole: dict[str, Any] = {
        "version": 1,
        "environments": {"dev": {"clusters": ["dev-eks"], "namespaces": ["team-*"]}, "lab": {"namespaces": ["lab"]}},
        "protected": {"require_label": "changes=allowed"},
        "actions": {kind: {"environments": ["dev"]} for kind in ACTION_KINDS},
    }
    return Policy.model_validate({**whole, **parts})


def with_rule(kind: ActionKind, **changed: Any) -> Policy:
    rules = {each: {"environments": ["dev"]} for each in ACTION_KINDS}
    return policy(actions={**rules, kind: {"environments": ["dev"], **changed}})
