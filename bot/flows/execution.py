"""Runs what was approved: once, only if it is still safe, and then looks whether it helped.

Claims, takes over what an earlier process left, and records how it ended. What one attempt does, in which order, stands
in ``attempt``.
"""

import asyncio
from dataclasses import dataclass

import structlog

from bot.domain import Proposal, ProposalState
from bot.flows.attempt import ATTEMPTS, LEASE, PAUSE, Attempt, Ended, NotMine
from bot.flows.cards import Cards
from bot.flows.standing_in import PolicyVotes
from bot.flows.verifying import Verification
from bot.lifecycle import Checkpoints, Point
from bot.messages import Notice, Page, Tone
from bot.ports import Place, Saying
from bot.provenance import BOT
from bot.stores import Transition, card_key
from safety.actions import ACTION_KINDS
from safety.redaction import Redacted
from tools.world import Conflict, Unreachable, WorldError

log = structlog.get_logger()

# A change whose worker died this often has something about it that kills workers.
MOST_CLAIMS = 25
_S = ProposalState


@dataclass(frozen=True, slots=True)
class Around:
    """What comes before and after an execution: the votes of the policy, the look at the effect, the named points."""

    verification: Verification
    votes: PolicyVotes
    checkpoints: Checkpoints


class Executor:
    """Takes approved proposals one by one. Not built at all when remediation is off.

    ``alone``: no other process works on this database.
    """

    def __init__(
        self,
        cards: Cards,
        attempt: Attempt,
        around: Around,
        *,
        alone: bool = True,
    ) -> None:
        self._cards, self._attempt, self.verification = cards, attempt, around.verification
        self._votes, self._checkpoints, self._alone = around.votes, around.checkpoints, alone
        self._judge = cards.judge
        self._store = cards.judge.stores.proposals
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled: run what is approved, take over what was interrupted, verify what was done."""
        if self._alone:
            # Nobody else works on this database: what is under way here was left by somebody dead.
            recovered = await self._store.recover(self._judge.clock.now())
            if recovered:
                log.info("executions_recovered", count=recovered)
        async with asyncio.TaskGroup() as tasks:
            for proposal in await self._store.unverified():
                tasks.create_task(self.verification.watch(proposal))
            while True:
                self._woken.clear()
                await self._votes.cast_due()
                while (claimed := await self.claim()) is not None:
                    tasks.create_task(self._through(claimed))
                try:
                    async with asyncio.timeout(5):
                        await self._woken.wait()
                except TimeoutError:
                    continue  # leases run out without anybody calling

    async def claim(self) -> Proposal | None:
        """The next one to work on: approved, or left by a worker whose lease ran out."""
        now = self._judge.clock.now()
        within = min(self._judge.policy.approval_for(kind).execute_within for kind in ACTION_KINDS)
        claimed = await self._store.claim(now, now + LEASE, now - within)
        if claimed is not None:
            self._checkpoints.passed(Point.CLAIMED, claimed.id)
        return claimed

    async def _through(self, proposal: Proposal) -> None:
        ended = await self.carry_out(proposal)
        # The next one may have waited for this object.
        self.wake()
        if ended is not None and ended.state is _S.SUCCEEDED:
            await self.verification.watch(proposal)

    async def carry_out(self, proposal: Proposal) -> Ended | None:
        """See one claimed proposal to its end; None when another worker has taken it over."""
        try:
            ended = await self._attempts(proposal)
        except NotMine:
            log.warning("execution_taken_over", proposal=proposal.id)
            return None
        return ended if await self._finish(proposal, ended) else None

    async def _attempts(self, proposal: Proposal) -> Ended:
        trouble: WorldError | None = None
        for _ in range(ATTEMPTS if proposal.attempts <= MOST_CLAIMS else 0):
            try:
                return await self._attempt.shut(proposal, await self._attempt.run(proposal))
            except (Conflict, Unreachable) as error:
                trouble = error
                log.warning("execution_retry", proposal=proposal.id, why=str(error))
                await self._judge.clock.sleep(PAUSE)
        if isinstance(trouble, Unreachable) and await self._store.was_sent(proposal.id):
            return Ended(_S.UNKNOWN, f"the cluster stopped answering after the change was sent ({trouble})")
        why = f"gave up after {ATTEMPTS} attempts: {trouble}" if trouble else "it was interrupted too often"
        return await self._attempt.shut(proposal, Ended(_S.FAILED, why))

    async def _finish(self, proposal: Proposal, ended: Ended) -> bool:
        """Record how it ended; card, message and audit row in the same transaction."""
        result, now = self._words(ended.why), self._judge.clock.now()
        told = {
            "state": ended.state.value,
            "why": result,
            "attempt": proposal.attempts,
            "fence": proposal.fence,
            "before": await self._store.before(proposal.id),
            "after": ended.after,
            "k8s_audit_id": ended.audit_id,
            "decision": ended.decision,
        }
        entry = self._judge.records.entry("execution.result", BOT, proposal, **told)
        says = await self._says(proposal, ended, result)
        transition = Transition(
            proposal.id,
            (_S.EXECUTING,),
            ended.state,
            entry,
            {"result": result},
            fence=proposal.fence,
            says=says,
            card=self._cards.draw,
        )
        if not await self._store.move(transition, now):
            return False
        self._checkpoints.passed(Point.RECORDED, proposal.id)
        log.info("proposal_ended", proposal=proposal.id, state=ended.state.value)
        await self.verification.remember(proposal, "ended", self._words(f"{ended.state.value}: {result}"))
        await self._cards.deliver(proposal.id, *(each.key for each in says))
        return True

    async def _says(self, proposal: Proposal, ended: Ended, result: Redacted) -> tuple[Saying, ...]:
        """A line in the thread for what did not go as approved; and for what nobody knows, a call in the channel."""
        if ended.state is _S.SUCCEEDED:
            return ()
        who = None if proposal.by_policy else proposal.decided_by
        tone = Tone.BAD if ended.state is _S.UNKNOWN else Tone.WARNING
        text = self._words(f"{_HEADS[ended.state]}: {result}. {_NEXT[ended.state]}")
        line = self._cards.saying(proposal, "ended", Notice(text, tone, who=who))
        if ended.state is not _S.UNKNOWN:
            return (line,)
        payload = await self._store.payload(proposal.id)
        call = self._words(f"Outcome unknown: {proposal.action.kind.replace('_', ' ')} of {proposal.action.target}. ")
        page = Page(self._words(f"{call}{_LOOK}"), payload.users, payload.groups)
        channel = Place(proposal.thread.team, proposal.thread.channel)
        return line, Saying(f"{card_key(proposal.id)}:page", channel, self._cards.chat.compose(page))

    def _words(self, text: str) -> Redacted:
        return self._judge.redactor.text(text)


_LOOK = "Look at the cluster, then say on the card in its thread what you found. I will not try again."
_HEADS = {
    _S.STALE: "Not run",
    _S.BLOCKED: "Not run",
    _S.FAILED: "Failed",
    _S.UNKNOWN: "Outcome unknown",
}
_NEXT = {
    _S.STALE: "Ask me to look again for a proposal that fits what is there now.",
    _S.BLOCKED: "Nothing was changed.",
    _S.FAILED: "Nothing more will be tried.",
    _S.UNKNOWN: _LOOK,
}
