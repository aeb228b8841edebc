"""Rules about where: the cluster, the namespace, its environment, the time there, and the object's own state."""

from safety.actions import Restart, Rollback
from safety.floor import protection
from safety.policy import RestartRule, RollbackRule
from safety.risk import weigh
from safety.rules.case import Case, Rule


def _kind(case: Case) -> str | None:
    if case.facts.kind == case.action.target.kind:
        return None
    return f"what was read is a {case.facts.kind}, not a {case.action.target.kind}"


def _cluster(case: Case) -> str | None:
    if case.facts.cluster == case.action.target.cluster:
        return None
    return f"this was proposed for another cluster than {case.facts.cluster_name}"


def _namespace(case: Case) -> str | None:
    if case.facts.namespace == case.action.target.namespace:
        return None
    return f"what was read is about namespace {case.facts.namespace}, not {case.action.target.namespace}"


def _allow_list(case: Case) -> str | None:
    if case.environment is not None:
        return None
    return (
        f"namespace {case.action.target.namespace} on cluster {case.facts.cluster_name}"
        " is not on the policy's allow-list"
    )


def _action(case: Case) -> str | None:
    rule, environment = case.rule, case.environment
    if rule is None:
        return f"the policy does not allow to {case.verb} a {case.noun}"
    if environment is None or environment in rule.environments:
        return None
    allowed = ", ".join(rule.environments)
    return f"the policy does not allow to {case.verb} a {case.noun} in {environment}, only in {allowed}"


def _freeze(case: Case) -> str | None:
    found = case.policy.frozen_by(case.circumstances.now, case.environment)
    return None if found is None else f"changes are frozen until {found.until}: {found.reason}"


def _auto(case: Case) -> str | None:
    circumstances = case.circumstances
    if not circumstances.approved_by_policy:
        return None
    if case.policy.mode_under(circumstances.mode_switch) != "auto":
        return "only people may approve here: the mode is not auto"
    if not case.policy.auto_allows(case.action.kind, case.environment):
        return "the policy does not let this be done without a person"
    if protection(case.facts.cluster_name, case.policy.protected.tokens):
        return f"the name of cluster {case.facts.cluster_name} is one that is protected, so a person has to approve"
    weight = weigh(case.action, case.facts)
    if weight.reversibility == "cannot be undone":
        return "a change that cannot be taken back needs a person"
    return "a change of high risk needs people" if weight.risk == "high" else None


def _namespace_terminating(case: Case) -> str | None:
    return f"namespace {case.facts.namespace} is being deleted" if case.facts.namespace_terminating else None


def _label(case: Case) -> str | None:
    required = case.policy.protected.require_label
    if required is None:
        return None
    key, has_value, value = required.partition("=")
    found = case.facts.namespace_labels.get(key)
    if found is not None and (not has_value or found == value):
        return None
    return f"namespace {case.facts.namespace} does not carry the label {required}"


def _deleting(case: Case) -> str | None:
    return f"{case.action.target} is being deleted" if case.facts.deleting else None


def _paused(case: Case) -> str | None:
    return f"{case.action.target} is paused, so a change would not roll out" if case.facts.paused else None


def _observed(case: Case) -> str | None:
    # Until then the counts of pods are about an older spec, and every rule below would judge by them.
    if case.facts.observed_generation >= case.facts.generation:
        return None
    return f"the cluster has not caught up with the latest change of this {case.noun} yet"


def _rollout(case: Case) -> str | None:
    rule = case.rule
    is_lifted = isinstance(rule, RestartRule | RollbackRule) and not rule.not_during_rollout
    # What is taken back is this very rollout.
    if not case.facts.rollout_under_way or is_lifted or case.circumstances.undo_of is not None:
        return None
    return f"a rollout of {case.action.target} is under way; wait until it ends"


def _undo(case: Case) -> str | None:
    undone = case.circumstances.undo_of
    if undone is None or case.facts.marker == undone:
        return None
    return "what should be taken back is not what stands there now"


def _partition(case: Case) -> str | None:
    if not isinstance(case.action, Restart | Rollback) or case.facts.partition == 0:
        return None
    return f"its strategy leaves pods below number {case.facts.partition} alone, so only a part would change"


PLACE: tuple[Rule, ...] = (
    Rule("kind", "what was read is of the kind that the action is for", _kind),
    Rule("cluster", "it is the cluster that this was proposed for", _cluster),
    Rule("namespace", "it is the namespace that this was proposed for", _namespace),
    Rule("allow_list", "the namespace is on the policy's allow-list", _allow_list),
    Rule("action", "the policy allows this kind of action there", _action),
    Rule("freeze", "no freeze of changes is in force", _freeze),
    Rule("auto", "people approve it, or the policy may", _auto),
    Rule("namespace_terminating", "the namespace is not being deleted", _namespace_terminating),
    Rule("label", "the namespace carries the label that the policy asks for, if any", _label),
    Rule("undo", "what is taken back stands there now, if anything is", _undo),
)
OBJECT: tuple[Rule, ...] = (
    Rule("deleting", "the object is not being deleted", _deleting),
    Rule("paused", "its rollouts are not paused", _paused),
    Rule("observed", "the cluster has caught up with its latest change", _observed),
    Rule("rollout", "no rollout of it is under way", _rollout),
    Rule("partition", "its strategy reaches all of its pods", _partition),
)
