"""What the policy says of one change that is named outside Slack: every rule, on the facts as they are."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from safety.actions import TARGET_KINDS, ActionKind, AnyAction
from safety.drafts import Wish, draft
from safety.facts import Circumstances, Facts, Refusal
from safety.policy import Policy, protected_because
from safety.validator import Judged, explain
from tools.kubernetes.facts import read_facts
from tools.world import Reader


class Change(BaseModel):
    """A change as somebody spells it: ``{"action": …, "namespace": …, "name": …}`` and, where it counts, how far."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    action: ActionKind
    namespace: str = Field(min_length=1, max_length=253)
    name: str = Field(min_length=1, max_length=253)
    to_revision: int | None = Field(None, ge=1)
    to_replicas: int | None = Field(None, ge=0)


@dataclass(frozen=True, slots=True)
class Ruling:
    """``judged`` is every rule that was asked; ``action`` and ``facts`` are missing when there is no such object.

    ``alone`` are the reasons why the policy would not approve it in a person's place; None when that was not asked.
    """

    change: Change
    judged: tuple[Judged, ...]
    action: AnyAction | None = None
    facts: Facts | None = None
    alone: tuple[str, ...] | None = None

    @property
    def allowed(self) -> bool:
        """Only an action whose every rule passed."""
        return self.action is not None and bool(self.judged) and all(each.passed for each in self.judged)

    @property
    def against(self) -> tuple[str, ...]:
        """Every reason against, in words."""
        return tuple(each.text for each in self.judged if not each.passed)


Counting = Callable[[AnyAction], Awaitable[Circumstances]]


async def rule_on(change: Change, world: Reader, policy: Policy, circumstances: Counting, now: datetime) -> Ruling:
    """The ruling on live facts. Raises the world's errors: not knowing is not the same as not there."""
    kind = TARGET_KINDS[change.action]
    facts = await read_facts(world, change.namespace, change.name, now, kind)
    if facts is None:
        text = f"there is no {kind} {change.name} in namespace {change.namespace}"
        return Ruling(change, (_protected(policy, change.namespace), Judged("gone", False, text)))
    wish = Wish(change.action, change.name, change.to_revision, change.to_replicas)
    action = draft(wish, facts)
    if isinstance(action, Refusal):
        said = tuple(Judged(each.rule, False, each.text) for each in action.reasons)
        return Ruling(change, (_protected(policy, change.namespace), *said), facts=facts)
    around = await circumstances(action)
    without_a_person = explain(action, facts, policy, replace(around, approved_by_policy=True))
    alone = tuple(each.text for each in without_a_person if not each.passed)
    return Ruling(change, explain(action, facts, policy, around), action, facts, alone)


def _protected(policy: Policy, namespace: str) -> Judged:
    reason = protected_because(policy, namespace)
    return Judged("protected", reason is None, reason or "the namespace is not protected")


def facts_as_rows(facts: Facts) -> list[tuple[str, Any]]:
    """The facts that a person judges by, as (label, value)."""
    rows: list[tuple[str, Any]] = [
        ("cluster", facts.cluster_name),
        ("object", f"{facts.kind} in namespace {facts.namespace}, uid {facts.uid}, generation {facts.generation}"),
        ("namespace labels", ", ".join(f"{key}={value}" for key, value in sorted(facts.namespace_labels.items()))),
    ]
    if facts.pod is not None:
        owner = f"{facts.pod.owner_kind} {facts.pod.owner_name}" if facts.pod.owner_kind else "nobody"
        return [*rows, ("pod", f"{facts.pod.phase} {facts.pod.reason}".strip()), ("made by", owner)]
    under_way = "a rollout is under way" if facts.rollout_under_way else "no rollout is under way"
    revisions = ", ".join(f"{each.number} ({', '.join(each.images)})" for each in facts.revisions)
    return [
        *rows,
        ("replicas", f"{facts.ready} ready, {facts.updated} updated, {facts.available} available of {facts.desired}"),
        ("strategy", facts.strategy),
        ("rollout", under_way),
        ("revision", f"{facts.revision} of {revisions}" if revisions else facts.revision),
    ]
