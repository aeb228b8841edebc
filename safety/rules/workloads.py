"""Rules about restarts, ways back and numbers of replicas."""

from safety.actions import Rollback, ScaleDeployment
from safety.policy import RestartRule, ScaleRule
from safety.rules.case import Case, Rule


def _ready(case: Case) -> str | None:
    rule = case.rule
    least = rule.min_ready_replicas if isinstance(rule, RestartRule) else 2
    ready, desired = case.facts.ready, case.facts.desired
    if ready >= least:
        return None
    count = "no pod" if ready <= 0 else f"only {ready} of {desired} pods"
    verb = "are" if ready > 1 else "is"
    return f"{count} {verb} ready; a restart needs at least {least}"


def _replicas(case: Case) -> str | None:
    if case.facts.desired >= 2:
        return None
    pods = "1 pod" if case.facts.desired == 1 else f"{case.facts.desired} pods"
    return f"the {case.noun} runs {pods} by design; a restart without an outage needs at least 2"


def _strategy(case: Case) -> str | None:
    match case.facts.strategy:
        case "RollingUpdate":
            return None
        case "OnDelete":
            return "the strategy is OnDelete: the pods would stay as they are"
        case strategy:
            return f"the strategy is {strategy or 'unknown'}: a restart would stop all pods at once"


def _several_revisions(case: Case) -> str | None:
    return None if len(case.facts.revisions) > 1 else "there is no earlier revision to go back to"


def _from_revision(case: Case) -> str | None:
    action = _rollback(case)
    if action.from_revision == case.facts.revision:
        return None
    return f"revision {case.facts.revision} is current, not {action.from_revision} as proposed"


def _to_revision(case: Case) -> str | None:
    action = _rollback(case)
    found = [each for each in case.facts.revisions if each.number == action.to_revision]
    if not found:
        return f"revision {action.to_revision} does not exist any more"
    if any(each.template_hash != action.to_template_hash for each in found):
        return f"revision {action.to_revision} is not the pod template that was proposed"
    return None


def _differs(case: Case) -> str | None:
    action = _rollback(case)
    if action.to_revision != case.facts.revision and action.to_template_hash != case.facts.template_hash:
        return None
    return f"revision {action.to_revision} is what runs already"


def _rollback(case: Case) -> Rollback:
    if not isinstance(case.action, Rollback):
        raise TypeError("a rule about ways back was asked about something else")
    return case.action


def _from_replicas(case: Case) -> str | None:
    action, _ = _scaling(case)
    if action.from_replicas == case.facts.desired:
        return None
    return f"the deployment is set to {case.facts.desired} replicas, not to {action.from_replicas} as proposed"


def _step(case: Case) -> str | None:
    action, rule = _scaling(case)
    step = abs(action.to_replicas - action.from_replicas)
    if step == 0:
        return f"the deployment is set to {action.to_replicas} replicas already"
    return None if step <= rule.max_step else f"a step of {step} replicas is too large; the limit is {rule.max_step}"


def _bounds(case: Case) -> str | None:
    action, rule = _scaling(case)
    if action.to_replicas < rule.min:
        return f"{action.to_replicas} replicas are too few; the policy asks for at least {rule.min}"
    if action.to_replicas > rule.max:
        return f"{action.to_replicas} replicas are too many; the policy allows at most {rule.max}"
    return None


def _drift(case: Case) -> str | None:
    action, rule = _scaling(case)
    before = case.circumstances.drift_24h
    if before is None:
        return "how far it was scaled within the last 24 hours is not known"
    after = before + action.to_replicas - action.from_replicas
    if abs(after) <= rule.max_drift_24h:
        return None
    return f"it would be {abs(after)} replicas away from a day ago; the limit is {rule.max_drift_24h}"


def _autoscaler(case: Case) -> str | None:
    _, rule = _scaling(case)
    if not rule.forbid_if_hpa:
        return None
    found = case.facts.autoscalers
    if found is None:
        return "whether an autoscaler sets its replicas could not be read"
    return f"the autoscaler {', '.join(found)} sets its replicas and would set them back" if found else None


def _scaling(case: Case) -> tuple[ScaleDeployment, ScaleRule]:
    if not isinstance(case.action, ScaleDeployment):
        raise TypeError("a rule about replicas was asked about something else")
    # Without a rule the action is refused as such; the others judge by the careful defaults.
    rule = case.rule
    return case.action, rule if isinstance(rule, ScaleRule) else ScaleRule(environments=("none",))


_STRATEGY = Rule("strategy", "its pods are replaced a few at a time", _strategy)
RESTART: tuple[Rule, ...] = (
    Rule("ready", "enough of its pods are ready", _ready),
    Rule("replicas", "it runs more than one pod", _replicas),
    _STRATEGY,
)
ROLLBACK: tuple[Rule, ...] = (
    Rule("several_revisions", "an earlier revision is kept", _several_revisions),
    Rule("from_revision", "the revision that runs is the one that was shown", _from_revision),
    Rule("to_revision", "the revision to go back to is kept and is the template that was shown", _to_revision),
    Rule("differs", "the revision to go back to is another one than runs", _differs),
)
# A deployment that stops all pods at once may still have to go back; one of these would not go back at all.
ROLLBACK_OF_SET: tuple[Rule, ...] = (*ROLLBACK, _STRATEGY)
SCALE: tuple[Rule, ...] = (
    Rule("from_replicas", "it is set to the replicas that were shown", _from_replicas),
    Rule("step", "the step is small", _step),
    Rule("bounds", "the new number lies within the policy's ends", _bounds),
    Rule("drift", "all steps of a day together stay small", _drift),
    Rule("autoscaler", "no autoscaler sets its replicas", _autoscaler),
)
