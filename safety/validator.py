"""Says yes or no to an action, twice; the only place that issues a clearance.

``clear`` runs when a change is proposed and again on fresh facts just before the write. It is pure and total: it reads
nothing but its arguments, and whatever goes wrong inside it is a refusal. Model output is not among its arguments.
"""

from collections.abc import Callable, Mapping
from dataclasses import InitVar, dataclass
from datetime import datetime
from typing import NoReturn, final

from safety.actions import Digest, RestartDeployment, RollbackDeployment, digest
from safety.policy import Mode, Policy, RestartRule, protected_because

_SEAL = object()

AnyAction = RestartDeployment | RollbackDeployment


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision a deployment can go back to: its number, the hash of its pod template, and its images."""

    number: int
    template_hash: str
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of one deployment and its namespace, read at ``observed_at``. ``cluster`` is the cluster's uid.

    ``rollout_under_way`` means that the controller is still replacing pods; a rollout that it gave up (its progress
    deadline passed) is not under way any more. ``revisions`` include the current one. ``marker`` is the id of the
    proposal that changed the object last, as our own annotation says.
    """

    observed_at: datetime
    cluster: str
    cluster_name: str
    namespace: str
    namespace_labels: Mapping[str, str]
    namespace_terminating: bool
    uid: str
    generation: int
    observed_generation: int
    resource_version: str
    desired: int
    ready: int
    updated: int
    available: int
    strategy: str
    paused: bool
    deleting: bool
    rollout_under_way: bool
    revision: int
    template_hash: str
    revisions: tuple[Revision, ...]
    marker: str | None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What counts besides the object. The counts and ``in_flight`` are about other proposals than this one."""

    now: datetime
    mode_switch: Mode
    paused_by: str | None
    in_flight: bool
    recent_on_target: int
    recent_in_namespace: int
    in_incident: int


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason against: the rule's name for the record, and words for a person."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Every reason against, at once."""

    reasons: tuple[Reason, ...]

    def __str__(self) -> str:
        return "; ".join(each.text for each in self.reasons)


@final
@dataclass(frozen=True, slots=True)
class Clearance:
    """Leave to run one action once, and the rules it passed. Only ``clear`` makes one."""

    action: AnyAction
    digest: Digest
    rules: tuple[str, ...]
    at: datetime
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("a clearance is made by the validator, never directly")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a clearance is for here and now: it is neither copied nor stored")


@dataclass(frozen=True, slots=True)
class _Case:
    action: AnyAction
    facts: Facts
    policy: Policy
    circumstances: Circumstances


# A rule answers with the reason against, in words, or None. It is named in every clearance it let through.
_Rule = tuple[str, Callable[[_Case], str | None]]


def clear(action: AnyAction, facts: Facts | None, policy: Policy, circumstances: Circumstances) -> Clearance | Refusal:
    """Leave to run the action now, or every reason why not."""
    try:
        return _judge(action, facts, policy, circumstances)
    except Exception as fault:  # noqa: BLE001 - an error in the check must never become a yes, whatever it is
        name = type(fault).__name__
        return Refusal((Reason("internal", f"the safety check itself failed ({name}), so nothing runs"),))


def stale(action: AnyAction, facts: Facts | None) -> Reason | None:
    """Why the object is not any more what the action was proposed for; ``None`` if it still is."""
    target = action.target
    if facts is None:
        return Reason("gone", f"{target} does not exist any more")
    if facts.uid != target.uid:
        return Reason("uid", f"{target} was deleted and made anew since this was proposed")
    if facts.generation != target.generation:
        return Reason(
            "generation",
            f"somebody changed {target} since this was proposed"
            f" (generation {target.generation} then, {facts.generation} now)",
        )
    return None


def _judge(action: AnyAction, facts: Facts | None, policy: Policy, circumstances: Circumstances) -> Clearance | Refusal:
    reasons = _standing_reasons(action, policy, circumstances)
    outdated = stale(action, facts)
    if outdated is not None:
        reasons.append(outdated)
    if facts is not None:
        case = _Case(action, facts, policy, circumstances)
        rules = _rules_for(action)
        reasons += [Reason(name, text) for name, rule in rules if (text := rule(case)) is not None]
    if reasons or facts is None:
        return Refusal(tuple(reasons))
    passed = (*_STANDING_NAMES, "uid", "generation", *(name for name, _ in rules))
    return Clearance(action, digest(action, policy.sha256), passed, circumstances.now, _SEAL)


# ---- rules that need no facts -------------------------------------------------------------------------------------

_STANDING_NAMES = ("kill_switch", "mode", "protected", "in_flight", "limit_target", "limit_namespace", "limit_incident")


def _standing_reasons(action: AnyAction, policy: Policy, circumstances: Circumstances) -> list[Reason]:
    found = {
        "kill_switch": _paused_by(circumstances),
        "mode": _mode_off(policy, circumstances),
        "protected": protected_because(policy, action.target.namespace),
        "in_flight": "another change of this object is running right now" if circumstances.in_flight else None,
        **_spent_limits(policy, circumstances),
    }
    return [Reason(name, text) for name in _STANDING_NAMES if (text := found[name]) is not None]


def _paused_by(circumstances: Circumstances) -> str | None:
    return None if circumstances.paused_by is None else f"all changes are paused by {circumstances.paused_by}"


def _mode_off(policy: Policy, circumstances: Circumstances) -> str | None:
    if policy.mode_under(circumstances.mode_switch) != "off":
        return None
    where = "by the operator" if circumstances.mode_switch == "off" else "in the policy"
    return f"changes are switched off {where} (mode off)"


def _spent_limits(policy: Policy, circumstances: Circumstances) -> dict[str, str | None]:
    limits = policy.limits
    counts = {
        "limit_target": (
            circumstances.recent_on_target,
            limits.per_target_per_hour,
            "this object within the last hour",
        ),
        "limit_namespace": (
            circumstances.recent_in_namespace,
            limits.per_namespace_per_hour,
            "this namespace within the last hour",
        ),
        "limit_incident": (circumstances.in_incident, limits.per_incident, "this incident"),
    }
    return {
        name: f"{_changes(done)} already proposed or made for {what}; the limit is {most}" if done >= most else None
        for name, (done, most, what) in counts.items()
    }


def _changes(count: int) -> str:
    return "1 change was" if count == 1 else f"{count} changes were"


# ---- rules about where --------------------------------------------------------------------------------------------


def _cluster(case: _Case) -> str | None:
    if case.facts.cluster == case.action.target.cluster:
        return None
    return f"this was proposed for another cluster than {case.facts.cluster_name}"


def _namespace(case: _Case) -> str | None:
    if case.facts.namespace == case.action.target.namespace:
        return None
    return f"what was read is about namespace {case.facts.namespace}, not {case.action.target.namespace}"


def _allow_list(case: _Case) -> str | None:
    if _environment(case) is not None:
        return None
    return (
        f"namespace {case.action.target.namespace} on cluster {case.facts.cluster_name}"
        " is not on the policy's allow-list"
    )


def _action(case: _Case) -> str | None:
    rule, environment = case.policy.rule_for(case.action.kind), _environment(case)
    if rule is None:
        return f"the policy does not allow to {_verb(case)} a deployment"
    if environment is None or environment in rule.environments:
        return None
    allowed = ", ".join(rule.environments)
    return f"the policy does not allow to {_verb(case)} a deployment in {environment}, only in {allowed}"


def _namespace_terminating(case: _Case) -> str | None:
    return f"namespace {case.facts.namespace} is being deleted" if case.facts.namespace_terminating else None


def _label(case: _Case) -> str | None:
    required = case.policy.protected.require_label
    if required is None:
        return None
    key, has_value, value = required.partition("=")
    found = case.facts.namespace_labels.get(key)
    if found is not None and (not has_value or found == value):
        return None
    return f"namespace {case.facts.namespace} does not carry the label {required}"


def _environment(case: _Case) -> str | None:
    return case.policy.environment_of(case.facts.cluster_name, case.action.target.namespace)


def _verb(case: _Case) -> str:
    match case.action:
        case RestartDeployment():
            return "restart"
        case RollbackDeployment():
            return "roll back"


# ---- rules about the deployment -----------------------------------------------------------------------------------


def _deleting(case: _Case) -> str | None:
    return f"{case.action.target} is being deleted" if case.facts.deleting else None


def _paused(case: _Case) -> str | None:
    return f"{case.action.target} is paused, so a change would not roll out" if case.facts.paused else None


def _observed(case: _Case) -> str | None:
    # Until then the counts of pods are about an older spec, and every rule below would judge by them.
    if case.facts.observed_generation >= case.facts.generation:
        return None
    return "the cluster has not caught up with the latest change of this deployment yet"


def _rollout(case: _Case) -> str | None:
    rule = case.policy.rule_for(case.action.kind)
    if not case.facts.rollout_under_way or (rule is not None and not rule.not_during_rollout):
        return None
    return f"a rollout of {case.action.target} is under way; wait until it ends"


def _ready(case: _Case) -> str | None:
    rule = case.policy.actions.restart_deployment
    least = rule.min_ready_replicas if isinstance(rule, RestartRule) else 2
    ready, desired = case.facts.ready, case.facts.desired
    if ready >= least:
        return None
    count = "no pod" if ready <= 0 else f"only {ready} of {desired} pods"
    verb = "are" if ready > 1 else "is"
    return f"{count} {verb} ready; a restart needs at least {least}"


def _replicas(case: _Case) -> str | None:
    if case.facts.desired >= 2:
        return None
    pods = "1 pod" if case.facts.desired == 1 else f"{case.facts.desired} pods"
    return f"the deployment runs {pods} by design; a restart without an outage needs at least 2"


def _strategy(case: _Case) -> str | None:
    if case.facts.strategy == "RollingUpdate":
        return None
    return f"the strategy is {case.facts.strategy or 'unknown'}: a restart would stop all pods at once"


# ---- rules about the way back -------------------------------------------------------------------------------------


def _several_revisions(case: _Case) -> str | None:
    return None if len(case.facts.revisions) > 1 else "there is no earlier revision to go back to"


def _from_revision(case: _Case) -> str | None:
    action = _rollback(case)
    if action.from_revision == case.facts.revision:
        return None
    return f"revision {case.facts.revision} is current, not {action.from_revision} as proposed"


def _to_revision(case: _Case) -> str | None:
    action = _rollback(case)
    found = [each for each in case.facts.revisions if each.number == action.to_revision]
    if not found:
        return f"revision {action.to_revision} does not exist any more"
    if any(each.template_hash != action.to_template_hash for each in found):
        return f"revision {action.to_revision} is not the pod template that was proposed"
    return None


def _differs(case: _Case) -> str | None:
    action = _rollback(case)
    if action.to_revision != case.facts.revision and action.to_template_hash != case.facts.template_hash:
        return None
    return f"revision {action.to_revision} is what runs already"


def _rollback(case: _Case) -> RollbackDeployment:
    if not isinstance(case.action, RollbackDeployment):
        raise TypeError("a rule about rollbacks was asked about something else")
    return case.action


_EVERYWHERE: tuple[_Rule, ...] = (
    ("cluster", _cluster),
    ("namespace", _namespace),
    ("allow_list", _allow_list),
    ("action", _action),
    ("namespace_terminating", _namespace_terminating),
    ("label", _label),
    ("deleting", _deleting),
    ("paused", _paused),
    ("observed", _observed),
    ("rollout", _rollout),
)
_RESTART: tuple[_Rule, ...] = (("ready", _ready), ("replicas", _replicas), ("strategy", _strategy))
_ROLLBACK: tuple[_Rule, ...] = (
    ("several_revisions", _several_revisions),
    ("from_revision", _from_revision),
    ("to_revision", _to_revision),
    ("differs", _differs),
)


def _rules_for(action: AnyAction) -> tuple[_Rule, ...]:
    match action:
        case RestartDeployment():
            return _EVERYWHERE + _RESTART
        case RollbackDeployment():
            return _EVERYWHERE + _ROLLBACK
