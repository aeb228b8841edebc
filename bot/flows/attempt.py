"""One attempt to carry out an approved change, in the order of ``STEPS``; and how it is closed for good.

A lost answer leads back to reading, never to sending blindly again. Before "it did not happen" is said after a request
may have left, the object is touched, so that a request of ours that is still on its way comes too late.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.domain import Proposal, ProposalState
from bot.flows import pictures
from bot.flows.judging import Judge
from bot.flows.proposals import WriterFor
from bot.lifecycle import STEPS, Checkpoints, Point
from bot.provenance import BOT
from bot.records import audit_id, decided, planned, ruled
from bot.stores import Sending
from safety.approval import POLICY
from safety.validator import Facts, Judged, Refusal, stale
from tools.kubernetes.abort import abort
from tools.tool import Catalogue, Outcome
from tools.world import Conflict, Order, Unreachable, WorldError

ATTEMPTS = 5
PAUSE = 1.0
LEASE = timedelta(seconds=30)
# How long an API server works on a request at most, unless it was started with another --request-timeout.
SERVER_TIMEOUT = timedelta(seconds=60)
_SLICE = timedelta(seconds=10)
_S = ProposalState


@dataclass(frozen=True, slots=True)
class Ended:
    """How an execution ended, and why, for people; and for the record what the server and the validator answered."""

    state: ProposalState
    why: str
    after: Mapping[str, Any] | None = None
    audit_id: str | None = None
    decision: Mapping[str, Any] | None = None


class NotMine(Exception):
    """Another worker took this execution over; this one must not touch anything any more."""


@dataclass(slots=True)
class _Pass:
    """What one attempt has in hand. ``facts`` are those of its last read, ``decision`` the validator's on them."""

    proposal: Proposal
    facts: Facts | None = None
    decision: Mapping[str, Any] | None = None

    @property
    def seen(self) -> Facts:
        assert self.facts is not None, "a step that needs facts came before the read"
        return self.facts


class Attempt:
    """Goes through the steps for whoever holds the fence. Raises ``NotMine``, ``Conflict`` and ``Unreachable``."""

    def __init__(self, judge: Judge, catalogue: Catalogue, writer_for: WriterFor, checkpoints: Checkpoints) -> None:
        self._judge, self._checkpoints = judge, checkpoints
        self._catalogue, self._writer = catalogue, writer_for
        self._store = judge.stores.proposals
        self._does: Mapping[Point, Callable[[_Pass], Awaitable[Ended | None]]] = {
            Point.READ: self._read,
            Point.PROBED: self._probe,
            Point.COMPARED: self._compare,
            Point.JUDGED: self._ask_validator,
            Point.ENTITLED: self._ask_for_approvers,
            Point.TRIED: self._try,
            Point.NOTED: self._note,
            Point.WRITTEN: self._write,
        }

    async def run(self, proposal: Proposal) -> Ended:
        """One pass over the steps."""
        held = _Pass(proposal)
        for step in STEPS:
            ended = await self._does[step](held)
            self._checkpoints.passed(step, proposal.id)
            if ended is not None:
                return ended
        raise AssertionError("the last step ends every pass")

    # ---- the steps ----------------------------------------------------------------------------------------------

    async def _read(self, held: _Pass) -> Ended | None:
        await self._hold(held.proposal)
        held.facts = await self._facts(held.proposal)
        return None

    async def _probe(self, held: _Pass) -> Ended | None:
        if await self._is_done(held.proposal, held.facts):
            after = pictures.of_facts(held.facts) if held.facts is not None else pictures.GONE
            return Ended(_S.SUCCEEDED, "the change is in place", after)
        return None

    async def _compare(self, held: _Pass) -> Ended | None:
        moved = stale(held.proposal.action, held.facts)
        return Ended(_S.STALE, moved.text) if moved is not None else None

    async def _ask_validator(self, held: _Pass) -> Ended | None:
        verdict, held.decision = await self._judge.ruled(held.proposal, held.seen)
        return Ended(_S.BLOCKED, str(verdict), decision=held.decision) if isinstance(verdict, Refusal) else None

    async def _ask_for_approvers(self, held: _Pass) -> Ended | None:
        refusal = await self.still_approved(held.proposal)
        if not refusal:
            return None
        why = f"the approval does not hold any more: {refusal}"
        return Ended(_S.BLOCKED, why, decision=decided(False, [Judged("approvals", False, str(refusal))]))

    async def _try(self, held: _Pass) -> Ended | None:
        tried = await self._request(held, dry_run=True)
        return tried if isinstance(tried, Ended) else None

    async def _note(self, held: _Pass) -> Ended | None:
        """The fence, checked after the last read; the limits, counted once more; and a row that a write may be out."""
        proposal, before = held.proposal, pictures.of_facts(held.seen)
        told = {
            **planned(proposal),
            "before": before,
            "decision": held.decision,
            "attempt": proposal.attempts,
            "fence": proposal.fence,
            "k8s_audit_id": audit_id(proposal),
        }
        entry = self._judge.records.entry("execution.sent", BOT, proposal, **told)
        sending = Sending(proposal.id, proposal.fence, entry, self._judge.redactor.json(before))
        guard = self._judge.guard(proposal, held.seen)
        noted = await self._store.sending(sending, self._judge.clock.now(), guard)
        if isinstance(noted, Refusal):
            return Ended(_S.BLOCKED, str(noted), decision=ruled(noted))
        if not noted:
            raise NotMine
        return None

    async def _write(self, held: _Pass) -> Ended | None:
        done = await self._request(held, dry_run=False)
        if isinstance(done, Ended):
            return done
        after = pictures.of_stored(done.stored)
        return Ended(_S.SUCCEEDED, "the cluster took the change", after, done.audit_id)

    async def still_approved(self, proposal: Proposal) -> Refusal | str | None:
        """Why the approvals do not hold any more. All who approved are asked for, not only as many as are needed."""
        approvers = proposal.approvers
        if proposal.by_policy:
            return None if approvers == (POLICY,) else "the policy did not approve it"
        if len(set(approvers)) < proposal.needed:
            return f"{len(set(approvers))} of {proposal.needed} approvals are there"
        teams = {each.user: each.team for each in proposal.votes}
        for user in approvers:
            refusal = await self._judge.may_approve(user, teams[user], proposal.action, proposal.requested_by)
            if refusal is not None:
                return refusal
        return None

    # ---- the end ------------------------------------------------------------------------------------------------

    async def shut(self, proposal: Proposal, ended: Ended) -> Ended:
        """See to it that "it did not happen" stays true, or say that nobody can know."""
        if ended.state not in (_S.FAILED, _S.BLOCKED) or not await self._store.was_sent(proposal.id):
            return ended
        close = self._waited_out if is_pod(proposal) else self._aborted
        trouble: WorldError | None = None
        for _ in range(ATTEMPTS):
            try:
                return await close(proposal, ended)
            except (Conflict, Unreachable) as error:
                trouble = error
                await self._judge.clock.sleep(PAUSE)
            except WorldError as error:
                trouble = error
                break
        return Ended(_S.UNKNOWN, f"{ended.why}; whether an earlier request still lands is open ({trouble})")

    async def _aborted(self, proposal: Proposal, ended: Ended) -> Ended:
        await self._hold(proposal)
        facts = await self._facts(proposal)
        self._checkpoints.passed(Point.RETREATED, proposal.id)
        if facts is None or facts.uid != proposal.action.target.uid:
            return ended
        if await self._is_done(proposal, facts):
            return Ended(_S.SUCCEEDED, "the change is in place", pictures.of_facts(facts))
        await abort(proposal.action.target, self._writer(self._order(proposal, facts, dry_run=False)))
        self._checkpoints.passed(Point.ABORTED, proposal.id)
        return ended

    async def _waited_out(self, proposal: Proposal, ended: Ended) -> Ended:
        """A pod cannot be marked against its own removal: wait until the server has given up every request of ours."""
        sent_at = await self._store.sent_at(proposal.id)
        clock = self._judge.clock
        while sent_at is not None and (left := sent_at + SERVER_TIMEOUT - clock.now()) > timedelta(0):
            await self._hold(proposal)
            await clock.sleep(min(left, _SLICE).total_seconds())
        await self._hold(proposal)
        facts = await self._facts(proposal)
        self._checkpoints.passed(Point.RETREATED, proposal.id)
        return Ended(_S.SUCCEEDED, "the pod is gone", pictures.GONE) if await self._is_done(proposal, facts) else ended

    # ---- small things -------------------------------------------------------------------------------------------

    async def _hold(self, proposal: Proposal) -> None:
        if not await self._store.holds(proposal.id, proposal.fence, self._judge.clock.now() + LEASE):
            raise NotMine

    async def _facts(self, proposal: Proposal) -> Facts | None:
        return await self._judge.facts(proposal.action)

    async def _is_done(self, proposal: Proposal, facts: Facts | None) -> bool:
        """Our own marker is on the object; or it was to go, a request was sent, and it is gone."""
        target = proposal.action.target
        if is_pod(proposal):
            gone = facts is None or facts.uid != target.uid or facts.deleting
            return gone and await self._store.was_sent(proposal.id)
        return facts is not None and facts.marker == proposal.id and facts.uid == target.uid

    async def _request(self, held: _Pass, *, dry_run: bool) -> Outcome | Ended:
        order = self._order(held.proposal, held.seen, dry_run=dry_run)
        write = self._catalogue.write(held.proposal.action.kind)
        try:
            return await write.run(held.proposal.action, self._writer(order))
        except (Conflict, Unreachable):
            # Nothing is known about a write in flight, or the object moved: read again and decide again.
            raise
        except WorldError as error:
            return Ended(_S.FAILED, str(error))

    @staticmethod
    def _order(proposal: Proposal, facts: Facts, *, dry_run: bool) -> Order:
        assert proposal.decided_at is not None
        return Order(proposal.id, proposal.decided_at, facts.resource_version, audit_id(proposal), dry_run)


def is_pod(proposal: Proposal) -> bool:
    """Whether it is about one pod, which goes away when the change is made."""
    return proposal.action.target.kind == "Pod"
