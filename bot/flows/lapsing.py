"""Ends what must not wait any longer: its time is over, changes were stopped, or its incident is."""

from dataclasses import dataclass

import structlog

from bot.domain import Proposal, ProposalState, ThreadId
from bot.flows.cards import Cards
from bot.flows.judging import PAUSED
from bot.lifecycle import WAITING_STATES
from bot.provenance import BOT, Actor
from bot.stores import Transition
from safety.actions import ACTION_KINDS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Lapses:
    """What waits and has lost its reason to. Nothing that is executing is touched here: the validator stops that.

    The cards wait in the outbox for whoever drains it: a chat that is away must not hold up the others.
    """

    cards: Cards

    async def expire(self) -> int:
        """End what nobody decided in time, what could not start in time, and all that waits while changes are off."""
        return await self._out_of_time() + await self._stopped()

    async def cancel(self, thread: ThreadId, why: str, by: Actor = BOT) -> int:
        """The incident of this thread is over, as ``by`` says: nothing proposed for it may be approved any more."""
        count = 0
        for proposal in await self.cards.judge.stores.proposals.of_thread(thread):
            count += await self._end(proposal, ProposalState.CANCELLED, why, by)
        return count

    async def _out_of_time(self) -> int:
        judge = self.cards.judge
        now = judge.clock.now()
        shortest = min(judge.policy.approval_for(kind).execute_within for kind in ACTION_KINDS)
        count = 0
        for proposal in await judge.stores.proposals.due(now, now - shortest):
            why = "nobody decided in time" if proposal.decided_by is None else "it could not start in time"
            count += await self._end(proposal, ProposalState.EXPIRED, why)
        return count

    async def _stopped(self) -> int:
        judge = self.cards.judge
        paused = await judge.stores.flags.get(PAUSED)
        if paused is None and judge.policy.mode_under(judge.mode) != "off":
            return 0
        why = f"all changes were paused by {paused.by}" if paused else "changes are switched off (mode off)"
        count = 0
        for proposal in await judge.stores.proposals.waiting():
            count += await self._end(proposal, ProposalState.CANCELLED, why)
        return count

    async def _end(self, proposal: Proposal, to: ProposalState, why: str, by: Actor = BOT) -> int:
        if proposal.state not in WAITING_STATES:
            return 0
        result = self.cards.words(why)
        entry = self.cards.entry("state.changed", proposal, by, to=to.value, why=result)
        fields = {"result": result}
        ended = Transition(proposal.id, (proposal.state,), to, entry, fields, card=self.cards.draw)
        if not await self.cards.judge.stores.proposals.move(ended, self.cards.judge.clock.now()):
            return 0
        log.info("proposal_lapsed", proposal=proposal.id, to=to.value)
        return 1
