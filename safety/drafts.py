"""Makes a typed action of what somebody wants, on the facts as they are: the only way from a wish to an action.

A wish names what to do and the object; uid, generation, revisions and replicas come from the facts, never from words.
"""

from dataclasses import dataclass, replace

from pydantic import ValidationError

from safety.actions import (
    ACTIONS,
    TARGET_KINDS,
    ActionKind,
    AnyAction,
    EvictPod,
    RollbackDaemonSet,
    RollbackDeployment,
    RollbackStatefulSet,
    ScaleDeployment,
    Target,
)
from safety.facts import Facts, Reason, Refusal, Revision


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants. ``to_revision``: the newest but one when not said. ``to_replicas`` must be said to scale."""

    kind: ActionKind
    name: str
    to_revision: int | None = None
    to_replicas: int | None = None


def draft(wish: Wish, facts: Facts) -> AnyAction | Refusal:
    """The action, or why there is none. Whether it is allowed is the validator's to say."""
    if wish.kind == "evict_pod" and facts.pod is not None and facts.pod.phase == "Failed":
        # Nothing has to be moved away from a dead pod: its controller made a new one long ago.
        wish = replace(wish, kind="delete_failed_pod")
    if facts.kind != TARGET_KINDS[wish.kind]:
        return _no(f"{wish.kind} is for a {TARGET_KINDS[wish.kind]}, and this is a {facts.kind}")
    try:
        target = Target(
            cluster=facts.cluster,
            namespace=facts.namespace,
            kind=facts.kind,
            name=wish.name,
            uid=facts.uid,
            generation=facts.generation,
        )
        return _made(wish, target, facts)
    except ValidationError:
        return _no("it has no valid form")


def within_step(wanted: int, now: int, step: int) -> int:
    """The number of replicas nearest to the wanted one that is at most one step from now."""
    return max(now - step, min(now + step, wanted))


def _made(wish: Wish, target: Target, facts: Facts) -> AnyAction | Refusal:
    made = ACTIONS[wish.kind]
    if made is RollbackDeployment or made is RollbackStatefulSet or made is RollbackDaemonSet:
        to = _chosen(wish, facts)
        if isinstance(to, Refusal):
            return to
        return made(
            target=target,
            from_revision=facts.revision,
            to_revision=to.number,
            to_template_hash=to.template_hash,
        )
    if made is ScaleDeployment:
        if wish.to_replicas is None:
            return _no("to how many replicas was not said")
        return ScaleDeployment(target=target, from_replicas=facts.desired, to_replicas=wish.to_replicas)
    if made is EvictPod:
        owner = facts.pod.owner_uid if facts.pod else None
        if owner is None:
            return _no("nothing would make this pod anew: it has no controller")
        return EvictPod(target=target, owner_uid=owner)
    return made.model_validate({"target": target})


def _chosen(wish: Wish, facts: Facts) -> Revision | Refusal:
    if wish.to_revision is not None:
        found = [each for each in facts.revisions if each.number == wish.to_revision]
        return found[0] if found else _no(f"revision {wish.to_revision} is not kept any more")
    earlier = [each for each in facts.revisions if each.number != facts.revision]
    if not earlier:
        return _no("there is only one revision, so there is nothing to go back to")
    return max(earlier, key=lambda each: each.number)


def _no(text: str) -> Refusal:
    return Refusal((Reason("draft", text),))
