"""The policy's vote in a person's place: cast once the time in which somebody may say no is over.

Until then the proposal waits as any other does, and whatever ends one that waits ends it: a Deny, a pause, the end of
the incident.
"""

from collections.abc import Callable

import structlog

from bot.domain import Proposal, ProposalState, Vote
from bot.flows.cards import Cards
from bot.lifecycle import Checkpoints, Point
from bot.provenance import THE_POLICY
from bot.stores import Ballot
from safety.approval import POLICY

log = structlog.get_logger()


class PolicyVotes:
    """Votes for what the policy approves. The validator still judges each change before it is sent."""

    def __init__(self, cards: Cards, wake_executor: Callable[[], None], checkpoints: Checkpoints) -> None:
        self._cards, self._wake, self._checkpoints = cards, wake_executor, checkpoints
        self._judge = cards.judge
        self._store = cards.judge.stores.proposals

    async def cast_due(self) -> int:
        """Vote for all whose time has come; how many."""
        return sum([await self.cast(each) for each in await self._store.waiting()])

    async def cast(self, proposal: Proposal) -> bool:
        """Vote for this one, if its time has come and nobody said no."""
        now = self._judge.clock.now()
        if not _awaits_policy(proposal) or now < self._cards.starts_at(proposal):
            return False
        vote = Vote(POLICY, proposal.thread.team, "approve", proposal.digest, now)
        entry = self._cards.entry("vote.cast", proposal, THE_POLICY, verdict="approve", rule=await self._rule(proposal))
        voted = await self._store.vote(Ballot(proposal.id, vote, entry), self._cards.draw, now)
        self._checkpoints.passed(Point.VOTED, proposal.id)
        if voted.refused is not None:
            log.info("policy_vote_refused", proposal=proposal.id, why=str(voted.refused))
            return False
        log.info("policy_voted", proposal=proposal.id, state=voted.state.value)
        self._wake()
        await self._cards.deliver(proposal.id)
        return True

    async def _rule(self, proposal: Proposal) -> str:
        payload = await self._store.payload(proposal.id)
        return f"auto: {proposal.action.kind} in {payload.environment}"


def _awaits_policy(proposal: Proposal) -> bool:
    return proposal.by_policy and proposal.state is ProposalState.PENDING
