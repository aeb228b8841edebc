"""The house rules as frozen models; a built-in hard floor that the policy file can only tighten.

The file is an allow-list: a namespace that no environment names gets no change at all. What the floor protects stays
protected whatever the file says.
"""

import hashlib
import re
import unicodedata
from datetime import timedelta
from itertools import combinations
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from safety.actions import ActionKind, canonical_json

Mode = Literal["off", "approve", "auto"]
MODES: tuple[Mode, ...] = ("off", "approve", "auto")

# The hard floor. Any part of a name that is one of these tokens protects the namespace: prod-eu, eu-prod-1 …
FLOOR_TOKENS = frozenset({"prod", "production", "preprod", "prd", "live"})
FLOOR_NAMESPACES = (
    "kube-*",
    "default",
    "istio-system",
    "cert-manager",
    "argocd",
    "gatekeeper-*",
    "flux-system",
)

_SPAN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s)?")
_NAMESPACES = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:-\*)?")
_CLUSTERS = re.compile(r"[\w./:@-]*\*?")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9./_-]*[A-Za-z0-9])?(?:=[A-Za-z0-9._-]{0,63})?")


def _span(value: object) -> object:
    """``30m``, ``1h30m``, ``90s`` … A bare number is refused: nobody can see its unit."""
    if isinstance(value, timedelta):
        return value
    found = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or not any(found.groups()):
        raise ValueError("write a time span with its unit, such as 30m, 5m or 1h")
    days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _allowed_namespace(value: str) -> str:
    if not _NAMESPACES.fullmatch(value):
        raise ValueError(f"{value!r} must be a namespace or a prefix such as team-*; a bare * would allow everything")
    return value


def _cluster(value: str) -> str:
    if not value or not _CLUSTERS.fullmatch(value):
        raise ValueError(f"{value!r} must be a cluster name, a prefix such as dev-*, or *")
    return value


def _protected_namespace(value: str) -> str:
    if not value.strip():
        raise ValueError("an empty name protects nothing")
    return _folded(value)


def _token(value: str) -> str:
    folded = _folded(value)
    if not re.fullmatch(r"[a-z]+(?:[a-z0-9]*[a-z])?", folded):
        raise ValueError(f"{value!r} is not one word; trailing digits of a name are ignored, so leave them out")
    return folded


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise ValueError(f"{value!r} must be a label such as example.com/remediation=allowed")
    return value


def _user(value: str) -> str:
    if not re.fullmatch(r"[UW][A-Z0-9]{2,20}", value):
        raise ValueError(f"{value!r} is not a user id; write the id (U012AB3CD), names can change hands")
    return value


def _group(value: str) -> str:
    if not re.fullmatch(r"S[A-Z0-9]{2,20}", value):
        raise ValueError(f"{value!r} is not a user group id such as S012AB3CD")
    return value


Span = Annotated[timedelta, BeforeValidator(_span)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Environment(_Frozen):
    """Namespaces in which changes may be proposed, on the clusters they are meant for."""

    clusters: tuple[Annotated[str, AfterValidator(_cluster)], ...] = Field(("*",), min_length=1)
    namespaces: tuple[Annotated[str, AfterValidator(_allowed_namespace)], ...] = Field(min_length=1)

    def has(self, cluster_name: str, namespace: str) -> bool:
        return any(_matches(each, cluster_name) for each in self.clusters) and any(
            _matches(each, namespace) for each in self.namespaces
        )

    def overlaps(self, other: "Environment") -> bool:
        return _any_overlap(self.clusters, other.clusters) and _any_overlap(self.namespaces, other.namespaces)


class Protected(_Frozen):
    """What is protected on top of the built-in floor, and the label a namespace must carry for any change."""

    tokens: tuple[Annotated[str, AfterValidator(_token)], ...] = ()
    namespaces: tuple[Annotated[str, AfterValidator(_protected_namespace)], ...] = ()
    require_label: Annotated[str, AfterValidator(_label)] | None = None


class RestartRule(_Frozen):
    """When a deployment may be restarted."""

    environments: tuple[str, ...] = Field(min_length=1)
    min_ready_replicas: int = Field(2, ge=2)
    not_during_rollout: bool = True


class RollbackRule(_Frozen):
    """When a deployment may be rolled back."""

    environments: tuple[str, ...] = Field(min_length=1)
    not_during_rollout: bool = True


class ActionRules(_Frozen):
    """One rule per kind of action; a kind without a rule is not allowed anywhere."""

    restart_deployment: RestartRule | None = None
    rollback_deployment: RollbackRule | None = None


class ApprovalRule(_Frozen):
    """Who may approve, and for how long. With neither groups nor users, nobody may."""

    count: int = 1
    groups: tuple[Annotated[str, AfterValidator(_group)], ...] = ()
    users: tuple[Annotated[str, AfterValidator(_user)], ...] = ()
    requester_may_approve: bool = False
    ttl: Span = Field(timedelta(minutes=30), gt=timedelta(0), le=timedelta(days=1))
    execute_within: Span = Field(timedelta(minutes=5), gt=timedelta(0), le=timedelta(hours=1))

    @field_validator("count")
    @classmethod
    def _one(cls, value: int) -> int:
        if value != 1:
            raise ValueError("only one approval per change is supported: write count: 1")
        return value


class Approvals(_Frozen):
    """The rule of approval for each kind of action; kinds that are not named follow ``default``."""

    default: ApprovalRule = ApprovalRule()
    restart_deployment: ApprovalRule | None = None
    rollback_deployment: ApprovalRule | None = None


class Limits(_Frozen):
    """How many changes may be made before people have to take over."""

    per_namespace_per_hour: int = Field(3, ge=0)
    per_target_per_hour: int = Field(1, ge=0)
    per_incident: int = Field(3, ge=0)


class Policy(_Frozen):
    """The whole file. ``sha256`` names it: an approval is given under one policy and void under another."""

    version: Literal[1]
    mode: Mode = "approve"
    environments: dict[str, Environment] = Field(default_factory=dict)
    protected: Protected = Protected()
    actions: ActionRules = ActionRules()
    approvals: Approvals = Approvals()
    limits: Limits = Limits()

    @field_validator("mode", mode="before")
    @classmethod
    def _yaml_off(cls, value: Any) -> Any:
        # YAML 1.1 reads a bare ``off`` as false, and nobody who writes "mode: off" may end up with anything else.
        return "off" if value is False else value

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        for rule in (self.actions.restart_deployment, self.actions.rollback_deployment):
            unknown = sorted(set(rule.environments) - set(self.environments)) if rule else []
            if unknown:
                raise ValueError(f"actions name environments that do not exist: {', '.join(unknown)}")
        for (name, one), (other_name, other) in combinations(sorted(self.environments.items()), 2):
            # Otherwise the order of keys in the file would decide, and the order is not part of the hash.
            if one.overlaps(other):
                raise ValueError(f"environments {name} and {other_name} claim the same namespaces; make them disjoint")
        return self

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

    def rule_for(self, kind: ActionKind) -> RestartRule | RollbackRule | None:
        """The rule for a kind of action; ``None`` means that it is not allowed."""
        match kind:
            case "restart_deployment":
                return self.actions.restart_deployment
            case "rollback_deployment":
                return self.actions.rollback_deployment

    def approval_for(self, kind: ActionKind) -> ApprovalRule:
        """Who has to agree to a kind of action."""
        match kind:
            case "restart_deployment":
                return self.approvals.restart_deployment or self.approvals.default
            case "rollback_deployment":
                return self.approvals.rollback_deployment or self.approvals.default


def protected_because(policy: Policy, namespace: str) -> str | None:
    """Why nothing may be changed in a namespace; ``None`` if it is not protected. Beats every allow."""
    folded = _folded(namespace)
    for floor, pattern in _protecting_patterns(policy):
        if _matches(pattern, folded):
            return f"namespace {namespace} is protected: {pattern} is on the {_list(floor)} list"
    parts = (part.rstrip("0123456789") for part in re.split(r"[\W_]+", folded))
    tokens = FLOOR_TOKENS | set(policy.protected.tokens)
    for part in parts:
        if part in tokens:
            listed = _list(part in FLOOR_TOKENS)
            return f"namespace {namespace} is protected: its part '{part}' is on the {listed} list"
    return None


def _list(floor: bool) -> str:
    return "built-in" if floor else "policy's"


def _protecting_patterns(policy: Policy) -> list[tuple[bool, str]]:
    return [(True, each) for each in FLOOR_NAMESPACES] + [(False, each) for each in policy.protected.namespaces]


def _folded(text: str) -> str:
    # NFKC first, so that a name written in look-alike letters is not a way around the list.
    return unicodedata.normalize("NFKC", text).casefold().strip()


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
