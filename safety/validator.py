"""Says yes or no to an action, at every step; the only place that issues a clearance.

``clear`` runs when a change is proposed, when it is approved, and again on fresh facts just before the write. It is
pure and total: it reads nothing but its arguments, and whatever goes wrong inside it is a refusal. Model output is not
among its arguments.
"""

from dataclasses import InitVar, dataclass
from datetime import datetime
from typing import NoReturn, final

from safety.actions import (
    AnyAction,
    DeleteFailedPod,
    Digest,
    EvictPod,
    RestartDaemonSet,
    RestartDeployment,
    RestartStatefulSet,
    RollbackDaemonSet,
    RollbackDeployment,
    RollbackStatefulSet,
    ScaleDeployment,
    digest,
)
from safety.facts import Budget, Circumstances, Facts, PodFacts, Reason, Refusal, Revision
from safety.policy import Policy
from safety.rules.case import Case, Judged, Rule, judged
from safety.rules.place import OBJECT, PLACE
from safety.rules.pods import DELETE_FAILED, EVICT
from safety.rules.standing import standing
from safety.rules.workloads import RESTART, ROLLBACK, ROLLBACK_OF_SET, SCALE

__all__ = [
    "AnyAction",
    "Budget",
    "Circumstances",
    "Clearance",
    "Facts",
    "Judged",
    "PodFacts",
    "Reason",
    "Refusal",
    "Revision",
    "clear",
    "explain",
    "stale",
]

_SEAL = object()


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


def clear(action: AnyAction, facts: Facts | None, policy: Policy, circumstances: Circumstances) -> Clearance | Refusal:
    """Leave to run the action now, or every reason why not."""
    found = explain(action, facts, policy, circumstances)
    against = tuple(Reason(each.rule, each.text) for each in found if not each.passed)
    if against or facts is None:
        return Refusal(against)
    passed = tuple(each.rule for each in found)
    return Clearance(action, digest(action, policy.sha256), passed, circumstances.now, _SEAL)


def explain(action: AnyAction, facts: Facts | None, policy: Policy, circumstances: Circumstances) -> tuple[Judged, ...]:
    """Every rule that ``clear`` asks, in its order, with what came of it. Total: an error is a rule that said no."""
    try:
        return _judge(action, facts, policy, circumstances)
    except Exception as fault:  # noqa: BLE001 - an error in the check must never become a yes, whatever it is
        name = type(fault).__name__
        return (Judged("internal", False, f"the safety check itself failed ({name}), so nothing runs"),)


def stale(action: AnyAction, facts: Facts | None) -> Reason | None:
    """Why the object is not any more what the action was proposed for; ``None`` if it still is."""
    return next((Reason(each.rule, each.text) for each in _same_object(action, facts) if not each.passed), None)


def _judge(action: AnyAction, facts: Facts | None, policy: Policy, circumstances: Circumstances) -> tuple[Judged, ...]:
    found = [*standing(action, policy, circumstances), *_same_object(action, facts)]
    if facts is None:
        return tuple(found)
    case = Case(action, facts, policy, circumstances)
    found += [judged(rule, case) for rule in (*PLACE, *OBJECT, *_rules_for(action))]
    return tuple(found)


def _same_object(action: AnyAction, facts: Facts | None) -> list[Judged]:
    target = action.target
    if facts is None:
        return [Judged("gone", False, f"{target} does not exist any more")]
    if facts.uid != target.uid:
        return [Judged("uid", False, f"{target} was deleted and made anew since this was proposed")]
    same = Judged("uid", True, "it is the very object that was shown")
    if facts.generation != target.generation:
        text = (
            f"somebody changed {target} since this was proposed"
            f" (generation {target.generation} then, {facts.generation} now)"
        )
        return [same, Judged("generation", False, text)]
    return [same, Judged("generation", True, "nobody changed it since")]


def _rules_for(action: AnyAction) -> tuple[Rule, ...]:
    match action:
        case RestartDeployment() | RestartStatefulSet() | RestartDaemonSet():
            return RESTART
        case RollbackDeployment():
            return ROLLBACK
        case RollbackStatefulSet() | RollbackDaemonSet():
            return ROLLBACK_OF_SET
        case ScaleDeployment():
            return SCALE
        case DeleteFailedPod():
            return DELETE_FAILED
        case EvictPod():
            return EVICT
