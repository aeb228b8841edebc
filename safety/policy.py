"""The house rules as frozen models; a built-in hard floor that the policy file can only tighten.

The file is an allow-list: a namespace that no environment names gets no change at all. What the floor protects stays
protected whatever the file says.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from safety.action_rules import (
    ActionRules,
    AnyRule,
    DeleteFailedPodRule,
    EvictRule,
    RestartRule,
    RollbackRule,
    ScaleRule,
)
from safety.actions import ActionKind, canonical_json
from safety.floor import FLOOR_NAMESPACES, FLOOR_TOKENS, protection
from safety.freezes import Freeze
from safety.spellings import AllowedNamespace, ClusterName, GroupId, Label, ProtectedName, Span, Token, UserId

__all__ = [
    "FLOOR_NAMESPACES",
    "FLOOR_TOKENS",
    "ActionRules",
    "AnyRule",
    "ApprovalRule",
    "DeleteFailedPodRule",
    "EvictRule",
    "Mode",
    "Policy",
    "RestartRule",
    "RollbackRule",
    "ScaleRule",
    "protected_because",
]

Mode = Literal["off", "approve", "auto"]
MODES: tuple[Mode, ...] = ("off", "approve", "auto")
# Two people agree to what touches much or cannot be taken back, whatever the file says.
HIGH_RISK_APPROVALS = 2
# Without a person only where people try things out: one of these words is a part of the environment's name.
_TRYING_OUT = frozenset({"dev", "develop", "development", "staging", "stage", "stg"})


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _is_nothing(value: object) -> bool:
    return value is None or value == ()


# A key that is younger than the file's first form is left out of the hash while it says nothing: an upgrade must not
# void the proposals that people were shown before it.
def _later(default: Any) -> Any:
    return Field(default, exclude_if=_is_nothing)


class Environment(_Frozen):
    """Namespaces in which changes may be proposed, on the clusters they are meant for."""

    clusters: tuple[ClusterName, ...] = Field(("*",), min_length=1)
    namespaces: tuple[AllowedNamespace, ...] = Field(min_length=1)

    def has(self, cluster_name: str, namespace: str) -> bool:
        return any(_matches(each, cluster_name) for each in self.clusters) and any(
            _matches(each, namespace) for each in self.namespaces
        )

    def overlaps(self, other: "Environment") -> bool:
        return _any_overlap(self.clusters, other.clusters) and _any_overlap(self.namespaces, other.namespaces)


class Protected(_Frozen):
    """What is protected on top of the built-in floor, and the label a namespace must carry for any change."""

    tokens: tuple[Token, ...] = ()
    namespaces: tuple[ProtectedName, ...] = ()
    require_label: Label | None = None


class ApprovalRule(_Frozen):
    """Who may approve, how many of them have to, and for how long. With neither groups nor users, nobody may."""

    count: int = Field(1, ge=1, le=5)
    groups: tuple[GroupId, ...] = ()
    users: tuple[UserId, ...] = ()
    requester_may_approve: bool = False
    ttl: Span = Field(timedelta(minutes=30), gt=timedelta(0), le=timedelta(days=1))
    execute_within: Span = Field(timedelta(minutes=5), gt=timedelta(0), le=timedelta(hours=1))

    def needed(self, risk: Literal["low", "medium", "high"]) -> int:
        """How many different people have to approve an action of this risk."""
        return max(self.count, HIGH_RISK_APPROVALS) if risk == "high" else self.count


class Approvals(_Frozen):
    """The rule of approval for each kind of action; kinds that are not named follow ``default``."""

    default: ApprovalRule = ApprovalRule()
    restart_deployment: ApprovalRule | None = None
    rollback_deployment: ApprovalRule | None = None
    scale_deployment: ApprovalRule | None = _later(None)
    delete_failed_pod: ApprovalRule | None = _later(None)
    evict_pod: ApprovalRule | None = _later(None)
    restart_stateful_set: ApprovalRule | None = _later(None)
    restart_daemon_set: ApprovalRule | None = _later(None)
    rollback_stateful_set: ApprovalRule | None = _later(None)
    rollback_daemon_set: ApprovalRule | None = _later(None)


class Breaker(_Frozen):
    """After so many failed changes within the cooldown, no more are made until it has passed."""

    failures: int = Field(2, ge=1, le=10)
    cooldown: Span = Field(timedelta(minutes=30), ge=timedelta(minutes=1), le=timedelta(days=1))


class Limits(_Frozen):
    """How many changes may be made before people have to take over."""

    per_namespace_per_hour: int = Field(3, ge=0)
    per_target_per_hour: int = Field(1, ge=0)
    per_incident: int = Field(3, ge=0)
    pending_max: int = Field(5, ge=0, le=100, exclude_if=lambda most: most == 5)
    breaker: Breaker = Field(Breaker(), exclude_if=lambda breaker: breaker == Breaker())


_GRACE = timedelta(minutes=1)
# What never goes without a person, whatever a file says: a pod does not come back, nor does its log; and what is of
# high risk takes two people.
_PEOPLE_ONLY: Mapping[ActionKind, str] = {
    "delete_failed_pod": "cannot be taken back",
    "evict_pod": "cannot be taken back",
    "rollback_stateful_set": "is of high risk",
    "rollback_daemon_set": "is of high risk",
}


class Auto(_Frozen):
    """What the monitor may do without a person, and where. It starts after ``grace``, unless somebody says no."""

    environments: tuple[str, ...] = Field(min_length=1)
    actions: tuple[ActionKind, ...] = Field(min_length=1)
    grace: Span = Field(_GRACE, ge=timedelta(0), le=timedelta(minutes=10), exclude_if=lambda span: span == _GRACE)

    @field_validator("actions")
    @classmethod
    def _only_what_needs_no_person(cls, value: tuple[ActionKind, ...]) -> tuple[ActionKind, ...]:
        for each in value:
            if each in _PEOPLE_ONLY:
                raise ValueError(f"{each} {_PEOPLE_ONLY[each]}, so a person approves it; take it out of auto.actions")
        return value

    @field_validator("environments")
    @classmethod
    def _only_where_people_try_things_out(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            parts = set(re.split(r"[^a-z]+", each.casefold()))
            if not parts & _TRYING_OUT or protection(each):
                raise ValueError(f"{each} is no dev or staging environment: there a person has to approve")
        return value


class Policy(_Frozen):
    """The whole file. ``sha256`` names it: an approval is given under one policy and void under another."""

    version: Literal[1]
    mode: Mode = "approve"
    environments: dict[str, Environment] = Field(default_factory=dict)
    protected: Protected = Protected()
    actions: ActionRules = ActionRules()
    approvals: Approvals = Approvals()
    limits: Limits = Limits()
    freeze: tuple[Freeze, ...] = _later(())
    auto: Auto | None = _later(None)

    @field_validator("mode", mode="before")
    @classmethod
    def _yaml_off(cls, value: Any) -> Any:
        # YAML 1.1 reads a bare ``off`` as false, and nobody who writes "mode: off" may end up with anything else.
        return "off" if value is False else value

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        named = {each for rule in self.actions.written().values() for each in rule.environments}
        self._must_exist("actions", named)
        self._must_exist("freeze", {each for window in self.freeze for each in window.environments})
        self._must_exist("auto", set(self.auto.environments) if self.auto else set())
        for kind in self.auto.actions if self.auto else ():
            if self.auto and self.auto.grace >= self.approval_for(kind).ttl:
                raise ValueError(f"auto.grace is longer than a proposal to {kind} waits; make it shorter than its ttl")
        for (name, one), (other_name, other) in combinations(sorted(self.environments.items()), 2):
            # Otherwise the order of keys in the file would decide, and the order is not part of the hash.
            if one.overlaps(other):
                raise ValueError(f"environments {name} and {other_name} claim the same namespaces; make them disjoint")
        return self

    def _must_exist(self, where: str, named: set[str]) -> None:
        unknown = sorted(named - set(self.environments))
        if unknown:
            raise ValueError(f"{where} name environments that do not exist: {', '.join(unknown)}")

    @classmethod
    def nothing_allowed(cls) -> "Policy":
        """What holds when there is no file: read-only."""
        return cls(version=1, mode="off")

    @property
    def sha256(self) -> str:
        """The name of these rules: equal for files that mean the same, whatever the order of their keys."""
        text = "ask-claude/policy/v1\n" + canonical_json(self.model_dump(mode="json"))
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    def mode_under(self, switch: Mode) -> Mode:
        """The stricter of the file's mode and the operator's switch."""
        return MODES[min(MODES.index(self.mode), MODES.index(switch))]

    def environment_of(self, cluster_name: str, namespace: str) -> str | None:
        """The environment a namespace belongs to; ``None`` means that it is not on the allow-list."""
        return next((name for name, each in self.environments.items() if each.has(cluster_name, namespace)), None)

    def rule_for(self, kind: ActionKind) -> AnyRule | None:
        """The rule for a kind of action; ``None`` means that it is not allowed."""
        return self.actions.of(kind)

    def approval_for(self, kind: ActionKind) -> ApprovalRule:
        """Who has to agree to a kind of action."""
        own: ApprovalRule | None = getattr(self.approvals, kind)
        return own or self.approvals.default

    def auto_allows(self, kind: ActionKind, environment: str | None) -> bool:
        """Whether the file lets the monitor do this without a person. The mode and every other rule hold as well."""
        if self.mode != "auto" or self.auto is None:
            return False
        return kind in self.auto.actions and environment in self.auto.environments

    @property
    def grace(self) -> timedelta:
        """How long a person may say no before what the policy approves starts."""
        return self.auto.grace if self.auto else timedelta(0)

    def frozen_by(self, now: datetime, environment: str | None) -> Freeze | None:
        """The freeze that is in force at ``now`` (a time with a zone), if any is."""
        return next((each for each in self.freeze if each.holds(now, environment)), None)


def protected_because(policy: Policy, namespace: str) -> str | None:
    """Why nothing may be changed in a namespace; ``None`` if it is not protected. Beats every allow."""
    return protection(namespace, policy.protected.tokens, policy.protected.namespaces)


def _matches(pattern: str, name: str) -> bool:
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return name == pattern


def _any_overlap(ones: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return any(_overlap(one, other) for one in ones for other in others)


def _overlap(one: str, other: str) -> bool:
    """Whether some name matches both patterns. A star stands only at the end."""
    if one.endswith("*") and other.endswith("*"):
        return one[:-1].startswith(other[:-1]) or other[:-1].startswith(one[:-1])
    return _matches(one, other) or _matches(other, one)
