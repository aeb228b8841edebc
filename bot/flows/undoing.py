"""The way back: a change that ran is taken back by another proposal, with its own approval and its own checks.

Pressing Undo only proposes. It is refused when the object moved on, because then the way back would take back what
others did since.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bot.domain import Proposal, ProposalId, ProposalState
from bot.flows.cards import Cards, Press
from bot.flows.proposals import Draft, Proposals, Wanted
from bot.provenance import Actor, Provenance
from safety.actions import (
    Rollback,
    RollbackDaemonSet,
    RollbackDeployment,
    RollbackStatefulSet,
    ScaleDeployment,
    Target,
)
from safety.validator import AnyAction, Facts
from tools.world import WorldError


class Undoing:
    """Turns a press of Undo into a proposal."""

    def __init__(self, cards: Cards, proposals: Proposals) -> None:
        self._cards, self._proposals = cards, proposals
        self._judge = cards.judge
        self._store = cards.judge.stores.proposals

    async def undo(self, press: Press) -> Proposal | None:
        """Propose the way back; whoever pressed is told when there is none."""
        done = await self._cards.pressed(press)
        if done is None:
            return None
        why = await self._not_entitled(press, done)
        made = why if why is not None else await self._drafted(done, press.actor)
        if isinstance(made, Draft):
            return await self._proposals.offer(made, f"undo:{done.id}")
        await self._cards.refuse(press, done, "undo", made)
        return None

    async def _not_entitled(self, press: Press, done: Proposal) -> str | None:
        if done.state is not ProposalState.SUCCEEDED:
            return f"it is {done.state.value.lower()}, so there is nothing to take back"
        if done.undo_of is not None:
            return "it was a way back itself; propose what you want anew"
        refusal = await self._judge.may_approve(press.user, press.user_team, done.action, None)
        return str(refusal) if refusal is not None else None

    async def _drafted(self, done: Proposal, by: Actor) -> Draft | str:
        before = await self._store.before(done.id)
        if before is None:
            return "how the object was before is not kept"
        try:
            facts = await self._judge.facts(done.action)
            moved = _moved_on(done, before, facts)
            if moved is not None or facts is None:
                return moved or "it is not there any more"
            action = way_back(done.action, before, facts)
            if isinstance(action, str):
                return action
            why = (
                self._cards.words(f"it takes back what was approved before: {done.action.kind.replace('_', ' ')}"),
                True,
            )
            proposal_id = ProposalId(
                "p_" + hashlib.sha256(f"{done.id}:undo:{facts.generation}".encode()).hexdigest()[:16]
            )
            provenance = Provenance(by, self._judge.policy.sha256)
            wanted = Wanted(proposal_id, done.thread, action, why, None, provenance, undo_of=done.id)
            drafted = await self._proposals.draft(wanted, facts)
        except WorldError as error:
            return f"the cluster could not be read: {error}"
        return drafted if isinstance(drafted, Draft) else "; ".join(drafted.reasons)


def _moved_on(done: Proposal, before: Mapping[str, Any], facts: Facts | None) -> str | None:
    """Whether anybody changed the object since; our own change moved its generation on by one."""
    if facts is None or facts.uid != before["uid"]:
        return "the object is not there any more, or it was made anew"
    if facts.marker != done.id or facts.generation != int(before["generation"]) + 1:
        return "somebody changed the object since, and going back would take that back as well"
    return None


def way_back(action: AnyAction, before: Mapping[str, Any], facts: Facts) -> AnyAction | str:
    """The action that brings the object back to how it was, or why there is none."""
    target = action.target.model_copy(update={"generation": facts.generation})
    try:
        match action:
            case RollbackDeployment() | RollbackStatefulSet() | RollbackDaemonSet():
                return _to_template(action, target, str(before["template_hash"]), facts)
            case ScaleDeployment():
                return ScaleDeployment(target=target, from_replicas=facts.desired, to_replicas=int(before["desired"]))
            case _:
                return "this kind of change has no way back"
    except ValidationError:
        return "the way back has no valid form"


def _to_template(action: Rollback, target: Target, template_hash: str, facts: Facts) -> AnyAction | str:
    """By its hash: going back gives the old template a new number."""
    found = [each for each in facts.revisions if each.template_hash == template_hash]
    if not found:
        return "the revision that ran before is not kept any more"
    return type(action)(
        target=target,
        from_revision=facts.revision,
        to_revision=max(each.number for each in found),
        to_template_hash=template_hash,
    )
