"""Rules about single pods: which may be removed, and that something makes them anew."""

from safety.actions import EvictPod
from safety.policy import DeleteFailedPodRule, EvictRule
from safety.rules.case import Case, Rule

# What makes a pod anew by itself and keeps nothing in the old one.
_REPLACED = frozenset({"ReplicaSet", "DaemonSet"})
_REPLACED_WHEN_DEAD = _REPLACED | {"Job"}
_ALIVE = ("Running", "Pending")


def _static(case: Case) -> str | None:
    return "the node itself runs this pod from a file; the cluster cannot replace it" if case.pod.static else None


def _owner_of_the_dead(case: Case) -> str | None:
    return _owned_by(case, _REPLACED_WHEN_DEAD)


def _owner_of_the_living(case: Case) -> str | None:
    rule = case.rule
    kinds = _REPLACED | {"StatefulSet"} if isinstance(rule, EvictRule) and rule.stateful_set_pods else _REPLACED
    return _owned_by(case, kinds)


def _owned_by(case: Case, kinds: frozenset[str]) -> str | None:
    kind = case.pod.owner_kind
    if kind is None:
        return "nothing would make this pod anew: it has no controller"
    return None if kind in kinds else f"pods of a {kind} are left to people"


def _owner_uid(case: Case) -> str | None:
    if isinstance(case.action, EvictPod) and case.action.owner_uid == case.pod.owner_uid:
        return None
    return "the pod belongs to another controller than was shown"


def _dead(case: Case) -> str | None:
    rule = case.rule
    phases = rule.phases if isinstance(rule, DeleteFailedPodRule) else ("Failed",)
    return None if case.pod.phase in phases else f"the pod is {case.pod.phase}, not Failed"


def _alive(case: Case) -> str | None:
    return None if case.pod.phase in _ALIVE else f"the pod is {case.pod.phase}: there is nothing to replace"


def _budget(case: Case) -> str | None:
    budgets = case.pod.budgets
    if budgets is None:
        return "whether a disruption budget protects the pod could not be read"
    if len(budgets) > 1:
        names = ", ".join(each.name for each in budgets)
        return f"several disruption budgets select the pod ({names}): the cluster refuses to evict it"
    spent = next((each.name for each in budgets if each.allowed < 1), None)
    return None if spent is None else f"the disruption budget {spent} has no room for one more pod now"


def _peers(case: Case) -> str | None:
    if not case.pod.ready:
        return None
    peers = case.pod.peers_ready
    if peers is None:
        return "whether other pods would go on serving could not be read"
    return None if peers >= 1 else "it is the only pod that is ready; replacing it would be an outage"


_STATIC = Rule("static", "the cluster runs the pod, not the node by itself", _static)
DELETE_FAILED: tuple[Rule, ...] = (
    Rule("phase", "the pod has failed for good", _dead),
    _STATIC,
    Rule("owner", "a controller stands behind the pod", _owner_of_the_dead),
)
EVICT: tuple[Rule, ...] = (
    Rule("phase", "the pod is alive", _alive),
    _STATIC,
    Rule("owner", "its controller makes a new one", _owner_of_the_living),
    Rule("owner_uid", "its controller is the one that was shown", _owner_uid),
    Rule("budget", "the disruption budget has room", _budget),
    Rule("peers", "other pods go on serving", _peers),
)
