"""Approve and Deny: who may, whether it still counts, and what comes of it.

A click carries only the proposal's id and the start of the digest that its card showed; the action itself is read
from the store. Who may approve is asked when the click is handled, and again when the change runs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bot.domain import Proposal, ProposalState, Vote
from bot.flows.cards import Cards, Press
from bot.flows.judging import PAUSED
from bot.lifecycle import Checkpoints, Point
from bot.records import ruled
from bot.stores import Ballot, Voted
from safety.actions import digest
from safety.approval import Decision, Verdict, acceptable
from safety.redaction import Redacted
from safety.validator import Reason, Refusal

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Click:
    """An answer to a proposal as it arrived."""

    press: Press
    verdict: Verdict
    reason: Redacted | None


class Decisions:
    """Counts answers to proposals; ``Executor`` takes over what has all that it needs."""

    def __init__(self, cards: Cards, wake_executor: Callable[[], None], checkpoints: Checkpoints) -> None:
        self._cards, self._wake, self._checkpoints = cards, wake_executor, checkpoints
        self._judge = cards.judge
        self._store = cards.judge.stores.proposals

    async def decide(self, click: Click) -> None:
        """Handle an Approve or a Deny. Whoever clicked is always told what came of it."""
        proposal = await self._cards.pressed(click.press)
        if proposal is None:
            return
        if proposal.state is not ProposalState.PENDING:
            await self._too_late(click, proposal)
            return
        refusal = await self._entitled(click, proposal) or await self._acceptable(click, proposal)
        if refusal is not None:
            await self._refuse(click, proposal, refusal)
            return
        await self._cast(click, proposal)

    async def _entitled(self, click: Click, proposal: Proposal) -> Refusal | None:
        # Whoever asked for a change may withdraw it; for anything else the list decides.
        press = click.press
        if click.verdict is Verdict.DENY and press.user == proposal.requested_by:
            return None
        if click.verdict is Verdict.APPROVE and proposal.by_policy:
            at = f"{self._cards.starts_at(proposal):%H:%M:%S} UTC"
            return Refusal((Reason("auto", f"the policy approves this by itself at {at}; it can only be denied"),))
        requested_by = proposal.requested_by if click.verdict is Verdict.APPROVE else None
        return await self._judge.may_approve(press.user, press.user_team, proposal.action, requested_by)

    async def _acceptable(self, click: Click, proposal: Proposal) -> Refusal | None:
        paused = await self._judge.stores.flags.get(PAUSED)
        press = click.press
        now_asked = digest(proposal.action, self._judge.policy.sha256)
        decision = Decision(press.user, press.user_team, click.verdict, now_asked, press.at, click.reason)
        return acceptable(decision, proposal.digest, proposal.expires_at, paused.by if paused else None)

    async def _cast(self, click: Click, proposal: Proposal) -> None:
        press, now = click.press, self._judge.clock.now()
        vote = Vote(press.user, press.user_team, click.verdict.value, proposal.digest, now, click.reason)
        entry = self._cards.entry("vote.cast", proposal, press.actor, verdict=click.verdict.value, reason=click.reason)
        voted = await self._store.vote(Ballot(proposal.id, vote, entry), self._cards.draw, now)
        self._checkpoints.passed(Point.VOTED, proposal.id)
        if voted.refused is not None:
            await self._not_counted(click, proposal, voted, voted.refused)
            return
        log.info("proposal_voted", proposal=proposal.id, state=voted.state.value, approvals=voted.approvals)
        if voted.state is ProposalState.APPROVED:
            self._wake()
        await self._cards.deliver(proposal.id)

    async def _not_counted(self, click: Click, proposal: Proposal, voted: Voted, refused: Refusal) -> None:
        """It was fine when it was looked at, and something came between."""
        if any(each.rule == "late" for each in refused.reasons):
            fresh = await self._store.get(proposal.id)
            await self._too_late(click, fresh or proposal)
            return
        await self._refuse(click, proposal, refused)

    async def _refuse(self, click: Click, proposal: Proposal, refusal: Refusal) -> None:
        press, verdict = click.press, click.verdict.value
        told = {"verdict": verdict, "why": str(refusal), "decision": ruled(refusal)}
        entry = self._cards.entry("vote.refused", proposal, press.actor, **told)
        await self._judge.stores.audit.append(entry, self._judge.clock.now())
        past = "approved" if click.verdict is Verdict.APPROVE else "denied"
        await self._cards.whisper(press, f"not {past}: {refusal}")

    async def _too_late(self, click: Click, proposal: Proposal) -> None:
        # Still pending, and yet not moved: its time ran out while the click was looked at.
        state = "expired" if proposal.state is ProposalState.PENDING else proposal.state.value.lower()
        entry = self._cards.entry("vote.refused", proposal, click.press.actor, why=f"it is {state} already")
        await self._judge.stores.audit.append(entry, self._judge.clock.now())
        await self._cards.whisper(click.press, f"this proposal is already {state}; your click changed nothing")
