"""What a rule looks at, and how it is written down: a name, what holds when it passes, and the check."""

from collections.abc import Callable
from dataclasses import dataclass

from safety.actions import (
    AnyAction,
    DeleteFailedPod,
    EvictPod,
    Restart,
    Rollback,
    ScaleDeployment,
    TargetKind,
)
from safety.facts import Circumstances, Facts, PodFacts
from safety.policy import AnyRule, Policy

_NOUNS: dict[TargetKind, str] = {
    "Deployment": "deployment",
    "StatefulSet": "stateful set",
    "DaemonSet": "daemon set",
    "Pod": "pod",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One action, on what is known. Rules about the object are asked only when there are facts."""

    action: AnyAction
    facts: Facts
    policy: Policy
    circumstances: Circumstances

    @property
    def environment(self) -> str | None:
        return self.policy.environment_of(self.facts.cluster_name, self.action.target.namespace)

    @property
    def rule(self) -> AnyRule | None:
        return self.policy.rule_for(self.action.kind)

    @property
    def noun(self) -> str:
        return _NOUNS[self.action.target.kind]

    @property
    def pod(self) -> PodFacts:
        if self.facts.pod is None:
            raise TypeError("a rule about pods was asked about something else")
        return self.facts.pod

    @property
    def verb(self) -> str:
        match self.action:
            case _ if isinstance(self.action, Restart):
                return "restart"
            case _ if isinstance(self.action, Rollback):
                return "roll back"
            case ScaleDeployment():
                return "scale"
            case DeleteFailedPod():
                return "delete"
            case EvictPod():
                return "evict"
        raise TypeError("there is no word for this action")


@dataclass(frozen=True, slots=True)
class Rule:
    """``holds`` says in words what is true when the check finds nothing; the check answers with the reason against."""

    name: str
    holds: str
    against: Callable[[Case], str | None]


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule and what came of it: ``text`` is the reason against, or what was found to hold."""

    rule: str
    passed: bool
    text: str


def judged(rule: Rule, case: Case) -> Judged:
    reason = rule.against(case)
    return Judged(rule.name, reason is None, rule.holds if reason is None else reason)
