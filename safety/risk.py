"""How much an action touches, whether it can be taken back, and how risky that makes it. Pure: action and facts only.

No model has a say in it, and no file can lower it: what comes out high needs two people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from safety.actions import ActionKind, AnyAction, DeleteFailedPod, EvictPod, Rollback, ScaleDeployment
from safety.facts import Facts

Risk = Literal["low", "medium", "high"]
Reversibility = Literal["undo", "nothing to undo", "cannot be undone"]
_STEPS: tuple[Risk, ...] = ("low", "medium", "high")
# From so many pods on, a change that touches all of them is a step riskier.
MANY_PODS = 20


@dataclass(frozen=True, slots=True)
class Weight:
    """``pods`` are those that are replaced, removed or added. ``could_go_wrong`` and ``way_back`` are for people."""

    pods: int
    reversibility: Reversibility
    risk: Risk
    could_go_wrong: str
    way_back: str
    raised_by: tuple[str, ...] = ()


def weigh(action: AnyAction, facts: Facts) -> Weight:
    """What the card says about an action beyond its rows, on the facts it was proposed with."""
    of = of_kind(action)
    pods = _pods(action, facts)
    raised = _raised(action, facts, pods)
    risk = _STEPS[min(_STEPS.index(of.risk) + len(raised), len(_STEPS) - 1)]
    return Weight(pods, of.reversibility, risk, of.could_go_wrong, of.way_back, raised)


def _pods(action: AnyAction, facts: Facts) -> int:
    match action:
        case ScaleDeployment():
            return abs(action.to_replicas - action.from_replicas)
        case DeleteFailedPod() | EvictPod():
            return 1
        case _:
            return facts.desired


def _raised(action: AnyAction, facts: Facts, pods: int) -> tuple[str, ...]:
    """Why this one is riskier than its kind."""
    raised = []
    if pods >= MANY_PODS:
        raised.append(f"it touches {pods} pods")
    if isinstance(action, Rollback) and _skipped(action, facts) > 0:
        raised.append(f"it goes back over {_skipped(action, facts) + 1} releases at once")
    if isinstance(action, ScaleDeployment) and action.to_replicas * 2 <= action.from_replicas:
        raised.append("it takes away half of the pods or more")
    return tuple(raised)


def _skipped(action: Rollback, facts: Facts) -> int:
    """How many kept revisions lie between the one that runs and the one to go back to."""
    low, high = sorted((action.to_revision, facts.revision))
    return sum(low < each.number < high for each in facts.revisions)


@dataclass(frozen=True, slots=True)
class Kind:
    """What an action of this kind is like, on any object."""

    risk: Risk
    reversibility: Reversibility
    could_go_wrong: str
    way_back: str


_SAME_SETTINGS = "the settings stay the same, so there is nothing to take back"
_BACK_AGAIN = "one click proposes the way back to the revision that runs now"
_KINDS: Mapping[ActionKind, Kind] = {
    "restart_deployment": Kind(
        "low", "nothing to undo", "pods that do not come up again leave fewer to serve", _SAME_SETTINGS
    ),
    "restart_stateful_set": Kind(
        "medium",
        "nothing to undo",
        "each pod is away for a moment, one after the other; one that does not come back stops the rest",
        _SAME_SETTINGS,
    ),
    "restart_daemon_set": Kind(
        "medium", "nothing to undo", "nodes are without their pod for a moment, in turn", _SAME_SETTINGS
    ),
    "rollback_deployment": Kind(
        "medium",
        "undo",
        "what the newer releases brought is gone as well, and the older one may not fit newer data",
        _BACK_AGAIN,
    ),
    "rollback_stateful_set": Kind(
        "high",
        "undo",
        "the older release may not be able to read data that the newer one wrote",
        f"{_BACK_AGAIN}; data is not rolled back",
    ),
    "rollback_daemon_set": Kind("high", "undo", "it changes what runs on every node", _BACK_AGAIN),
    "scale_deployment": Kind(
        "low", "undo", "there may be no room for the new pods", "one click proposes the number of now again"
    ),
    "delete_failed_pod": Kind(
        "low", "cannot be undone", "its log and its status are gone with it", "a deleted pod cannot be kept"
    ),
    "evict_pod": Kind(
        "low",
        "cannot be undone",
        "the new pod may find no room or fail like this one; the log of this one is gone with it",
        "its controller makes a new pod; this one does not come back",
    ),
}
_SCALE_DOWN = Kind(
    "medium", "undo", "the pods that stay may not carry the load", "one click proposes the number of now again"
)


def of_kind(action: AnyAction) -> Kind:
    """What holds of every action of this kind, before the facts are looked at."""
    if isinstance(action, ScaleDeployment) and action.to_replicas < action.from_replicas:
        return _SCALE_DOWN
    return _KINDS[action.kind]
