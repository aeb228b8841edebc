"""Runs what was approved: once, only if it is still safe, and then looks whether it helped.

The order matters and each line is a place where the process may die: claim and intent are committed, the object is
read, our own marker means it already happened, a moved object means it is stale, the validator judges live facts, the
approver is asked for again, the server validates a dry run, the fence is checked, the send is noted, the write goes
out. A lost answer leads back to reading, never to sending blindly again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from bot.domain import CARRIED_OUT, Exchange, Proposal, ProposalId, ProposalState
from bot.flows.judging import Judge
from bot.flows.proposals import Proposals, WriterFor, card_key
from bot.messages import Notice, Tone
from bot.ports import Chat, ChatFault, Place, Saying
from bot.stores import AuditEntry, Transition
from safety.actions import ACTION_KINDS
from safety.redaction import Redacted
from safety.validator import Facts, Refusal, stale
from tools.kubernetes.abort import abort
from tools.kubernetes.effects import Effect, effect
from tools.tool import Catalogue
from tools.world import Conflict, Order, Unreachable, WorldError

log = structlog.get_logger()

ATTEMPTS = 5
LEASE = timedelta(seconds=30)
_PAUSE = 1.0
_LOOK_EVERY = 1.0


class _Ended(Exception):
    """The attempt is over with this state; the reason is for people."""

    def __init__(self, state: ProposalState, reason: str) -> None:
        super().__init__(reason)
        self.state = state


class _NotMine(Exception):
    """Another worker took this execution over; this one must not touch anything any more."""


class Executor:
    """Takes approved proposals one by one. Not built at all when remediation is off."""

    def __init__(
        self, judge: Judge, chat: Chat, catalogue: Catalogue, writer_for: WriterFor, verify_for: timedelta
    ) -> None:
        self._judge, self._chat, self._catalogue = judge, chat, catalogue
        self._writer_for, self._verify_for = writer_for, verify_for
        self._store = judge.stores.proposals
        self._woken = asyncio.Event()
        self.proposals: Proposals | None = None

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled: run what is approved, take over what was interrupted, verify what was done."""
        # Whoever serves holds the only lock on the database, so what is under way here was left by somebody dead.
        recovered = await self._store.recover(self._judge.clock.now())
        if recovered:
            log.info("executions_recovered", count=recovered)
        async with asyncio.TaskGroup() as tasks:
            for proposal in await self._store.unverified():
                tasks.create_task(self._verify(proposal))
            while True:
                self._woken.clear()
                while (claimed := await self._claim()) is not None:
                    tasks.create_task(self._carry_out(claimed))
                try:
                    async with asyncio.timeout(5):
                        await self._woken.wait()
                except TimeoutError:
                    continue  # leases run out without anybody calling

    async def _claim(self) -> Proposal | None:
        now = self._judge.clock.now()
        within = min(self._judge.policy.approval_for(kind).execute_within for kind in ACTION_KINDS)
        return await self._store.claim(now, now + LEASE, now - within)

    async def _carry_out(self, proposal: Proposal) -> None:
        try:
            ended = await self._attempts(proposal)
        except _NotMine:
            log.warning("execution_taken_over", proposal=proposal.id)
            return
        if await self._finish(proposal, ended) and ended.state is ProposalState.SUCCEEDED:
            await self._verify(replace(proposal, state=ProposalState.SUCCEEDED))

    async def _attempts(self, proposal: Proposal) -> _Ended:
        trouble: WorldError | None = None
        for _ in range(ATTEMPTS):
            try:
                return await self._attempt(proposal)
            except _Ended as ended:
                return await self._shut(proposal, ended)
            except (Conflict, Unreachable) as error:
                # Nothing is known about a write in flight, or the object moved: read again and decide again.
                trouble = error
                log.warning("execution_retry", proposal=proposal.id, why=str(error))
                await self._judge.clock.sleep(_PAUSE)
        if isinstance(trouble, Unreachable) and await self._store.was_sent(proposal.id):
            return _Ended(ProposalState.UNKNOWN, f"the cluster stopped answering after the change was sent ({trouble})")
        return await self._shut(proposal, _Ended(ProposalState.FAILED, f"gave up after {ATTEMPTS} attempts: {trouble}"))

    async def _shut(self, proposal: Proposal, ended: _Ended) -> _Ended:
        """Before saying "not run" after a send: touch the object, so that a request still on its way comes too late."""
        late = ended.state in (ProposalState.FAILED, ProposalState.BLOCKED)
        if not late or not await self._store.was_sent(proposal.id):
            return ended
        target = proposal.action.target
        for _ in range(ATTEMPTS):
            await self._hold(proposal)
            try:
                facts = await self._judge.facts(target.namespace, target.name)
                if facts is None:
                    return ended
                if facts.marker == proposal.id:
                    return _Ended(ProposalState.SUCCEEDED, "the change is in place")
                await abort(target, self._writer_for(self._order(proposal, facts, dry_run=False)))
            except Conflict:
                continue
            except WorldError as error:
                return _Ended(
                    ProposalState.UNKNOWN, f"{ended}; whether an earlier request still lands is open ({error})"
                )
            return ended
        return _Ended(ProposalState.UNKNOWN, f"{ended}; the object kept moving, so an earlier request may still land")

    async def _attempt(self, proposal: Proposal) -> _Ended:
        """One pass over the order in the module's first lines. Raises ``Conflict`` or ``Unreachable`` to start anew."""
        await self._hold(proposal)
        facts = await self._judge.facts(proposal.action.target.namespace, proposal.action.target.name)
        if facts is not None and facts.marker == proposal.id and facts.uid == proposal.action.target.uid:
            return _Ended(ProposalState.SUCCEEDED, "the change is in place")
        moved = stale(proposal.action, facts)
        if moved is not None:
            return _Ended(ProposalState.STALE, moved.text)
        assert facts is not None
        await self._still_allowed(proposal, facts)
        await self._write(proposal, facts, dry_run=True)
        await self._note_send(proposal, facts)
        await self._write(proposal, facts, dry_run=False)
        return _Ended(ProposalState.SUCCEEDED, "the cluster took the change")

    async def _hold(self, proposal: Proposal) -> None:
        if not await self._store.holds(proposal.id, proposal.fence, self._judge.clock.now() + LEASE):
            raise _NotMine

    async def _still_allowed(self, proposal: Proposal, facts: Facts) -> None:
        verdict = await self._judge.clear(proposal.action, facts, proposal.thread, running=proposal)
        if isinstance(verdict, Refusal):
            raise _Ended(ProposalState.BLOCKED, str(verdict))
        approver = proposal.decided_by or ""
        team = proposal.thread.team
        refusal = await self._judge.may_approve(approver, team, proposal.action, proposal.requested_by)
        if refusal is not None:
            raise _Ended(ProposalState.BLOCKED, f"the approval does not hold any more: {refusal}")

    async def _write(self, proposal: Proposal, facts: Facts, *, dry_run: bool) -> None:
        order = self._order(proposal, facts, dry_run=dry_run)
        try:
            await self._catalogue.write(proposal.action.kind).run(proposal.action, self._writer_for(order))
        except (Conflict, Unreachable):
            raise
        except WorldError as error:
            raise _Ended(ProposalState.FAILED, str(error)) from error

    @staticmethod
    def _order(proposal: Proposal, facts: Facts, *, dry_run: bool) -> Order:
        assert proposal.decided_at is not None
        audit_id = f"{proposal.id}.{proposal.attempts}"
        return Order(proposal.id, proposal.decided_at, facts.resource_version, audit_id, dry_run)

    async def _note_send(self, proposal: Proposal, facts: Facts) -> None:
        """The fence, checked after the last read and before the write; and a durable row that a write may be out."""
        payload = {
            "proposal": proposal.id,
            "digest": proposal.digest,
            "attempt": proposal.attempts,
            "fence": proposal.fence,
            "audit_id": f"{proposal.id}.{proposal.attempts}",
            "resource_version": facts.resource_version,
        }
        entry = AuditEntry("execution.sent", self._judge.redactor.json(payload), proposal.id)
        if not await self._store.sending(proposal.id, proposal.fence, entry, self._judge.clock.now()):
            raise _NotMine

    async def _finish(self, proposal: Proposal, ended: _Ended) -> bool:
        """Record how it ended, card and audit row in one transaction, and say it in the thread."""
        assert self.proposals is not None
        result = self._words(str(ended))
        done = replace(proposal, state=ended.state, result=result)
        now = self._judge.clock.now()
        entry = self._entry("execution.result", proposal.id, state=ended.state.value, why=result, fence=proposal.fence)
        says = [await self.proposals.card_saying(done)]
        if ended.state is not ProposalState.SUCCEEDED:
            tone = Tone.BAD if ended.state is ProposalState.UNKNOWN else Tone.WARNING
            text = self._words(f"{_HEADS[ended.state]}: {result}. {_NEXT[ended.state]}")
            says.append(self._saying(proposal, "ended", Notice(text, tone, who=proposal.decided_by)))
        transition = Transition(
            proposal.id,
            (ProposalState.EXECUTING,),
            ended.state,
            entry,
            {"result": result},
            fence=proposal.fence,
            says=tuple(says),
        )
        if not await self._store.move(transition, now):
            return False
        log.info("proposal_ended", proposal=proposal.id, state=ended.state.value)
        await self._remember(proposal, "ended", self._words(f"{ended.state.value}: {result}"))
        await self._deliver([each.key for each in says])
        return True

    # ---- did it help? ---------------------------------------------------------------------------------------------

    async def _verify(self, proposal: Proposal) -> None:
        """Watch the effect until the pods are well or the time is up, and say what was seen."""
        began = self._judge.clock.now()
        watch = f"{card_key(proposal.id)}:watch"
        place = Place(proposal.thread.team, proposal.thread.channel, proposal.thread.thread_ts)
        seen: Effect | None = None
        trouble, watched = "", False
        while self._judge.clock.now() - began < self._verify_for:
            try:
                seen = await effect(self._judge.world, proposal.action, proposal.id)
                trouble = ""
            except WorldError as error:
                trouble = str(error)
            if seen is not None and seen.done:
                break
            waiting = seen.text if seen else self._words("waiting for the cluster")
            await self._chat.progress(watch, place, Notice(self._words(f"Running, watching it: {waiting}")))
            watched = True
            await self._judge.clock.sleep(_LOOK_EVERY)
        took = self._judge.clock.now() - began
        verdict, notice = self._judged(seen, trouble, took, proposal)
        entry = self._entry("execution.verified", proposal.id, verdict=verdict, seen=notice.text)
        # The result is a message of its own, because an edited one calls nobody.
        says = [self._saying(proposal, "effect", notice)]
        if watched:
            text = self._words(f"Watched it for {took.total_seconds():.0f} s: the result is below")
            says.append(self._saying(proposal, "watch", Notice(text)))
        if await self._store.set_verified(proposal.id, verdict, entry, self._judge.clock.now(), says):
            log.info("proposal_verified", proposal=proposal.id, verdict=verdict)
            await self._remember(proposal, "effect", notice.text)
            await self._deliver([each.key for each in says])

    async def _remember(self, proposal: Proposal, what: str, outcome: Redacted) -> None:
        """The thread's memory holds what was done, so that later questions are answered with it."""
        verb = proposal.action.kind.replace("_", " ")
        done = self._words(f"({verb} of {proposal.action.target}, {CARRIED_OUT})")
        exchange = Exchange(done, outcome, proposal.decided_by, self._judge.clock.now())
        key = f"{card_key(proposal.id)}:{what}"
        await self._judge.stores.threads.remember(key, proposal.thread, exchange)

    def _judged(self, seen: Effect | None, trouble: str, took: timedelta, proposal: Proposal) -> tuple[str, Notice]:
        seconds = f"{took.total_seconds():.0f} s"
        who = proposal.decided_by
        if seen is not None and seen.done:
            return "effective", Notice(self._words(f"Verified after {seconds}: {seen.text}"), Tone.GOOD, who)
        if trouble or seen is None:
            text = f"The change ran, but its effect could not be seen: {trouble}. Look at the cluster yourself."
            return "unseen", Notice(self._words(text), Tone.BAD, who)
        head = "It got no better" if seen.worse else "Not well yet"
        text = f"{head} {seconds} after the change: {seen.text}. I stop watching here; ask me to look again."
        return "ineffective", Notice(self._words(text), Tone.BAD, who)

    def _saying(self, proposal: Proposal, what: str, notice: Notice) -> Saying:
        """A line for the thread, to go in with the transaction that makes it true."""
        place = Place(proposal.thread.team, proposal.thread.channel, proposal.thread.thread_ts)
        return Saying(f"{card_key(proposal.id)}:{what}", place, self._chat.compose(notice))

    async def _deliver(self, keys: Sequence[str]) -> None:
        for key in keys:
            try:
                await self._chat.deliver(key)
            except ChatFault as fault:
                # It is stored: the outbox is tried again until the chat takes it.
                log.warning("outcome_not_shown", key=key, code=fault.code)

    def _entry(self, type_: str, proposal: ProposalId, **more: Any) -> AuditEntry:
        return AuditEntry(type_, self._judge.redactor.json({"proposal": proposal, **more}), proposal)

    def _words(self, text: str) -> Redacted:
        return self._judge.redactor.text(text)


_HEADS = {
    ProposalState.STALE: "Not run",
    ProposalState.BLOCKED: "Not run",
    ProposalState.FAILED: "Failed",
    ProposalState.UNKNOWN: "Outcome unknown",
}
_NEXT = {
    ProposalState.STALE: "Ask me to look again for a proposal that fits what is there now.",
    ProposalState.BLOCKED: "Nothing was changed.",
    ProposalState.FAILED: "Nothing more will be tried.",
    ProposalState.UNKNOWN: "Somebody must look at the cluster; I will not try again.",
}
