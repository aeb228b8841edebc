"""Proposals and their state machine: a change of state, its audit row and its messages commit together."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.store import audit as chain
from bot.adapters.store import outbox
from bot.adapters.store.copies import add_copy, copies_of, redraw
from bot.adapters.store.database import Database
from bot.adapters.store.proposal_rows import payload_of, proposal_values, read_proposal, read_proposals
from bot.adapters.store.tables import executions, proposals, votes
from bot.adapters.store.tally import tally
from bot.adapters.store.threads import in_thread
from bot.domain import Proposal, ProposalId, ProposalState, ThreadId, Vote
from bot.lifecycle import MOVES, WAITING_STATES
from bot.ports import Place, Saying
from bot.provenance import BOT
from bot.records import Recorder
from bot.stores import (
    About,
    AuditEntry,
    Ballot,
    CardPayload,
    Copy,
    Draw,
    Guard,
    Sending,
    Settlement,
    Tally,
    Transition,
    Voted,
    about,
    card_key,
)
from safety.redaction import Redactor
from safety.validator import Reason, Refusal

_S = ProposalState
_WAITING = tuple(each.value for each in WAITING_STATES)
_OPEN = (*_WAITING, _S.EXECUTING.value)


class SqlProposals:
    """``ProposalStore`` over SQL."""

    def __init__(self, database: Database, redactor: Redactor) -> None:
        self._database = database
        self._redactor, self._records = redactor, Recorder(redactor)

    # ---- made ---------------------------------------------------------------------------------------------------

    async def create(
        self,
        proposal: Proposal,
        payload: CardPayload,
        entry: AuditEntry,
        guard: Guard | None = None,
        card: Draw | None = None,
    ) -> bool | Refusal:
        now = proposal.created_at
        async with self._database.write() as connection:
            if await _row(connection, proposal.id) is not None:
                return False
            refused = guard(await tally(connection, about(proposal), now)) if guard else None
            if refused is not None:
                return refused
            made = upsert(proposals).values(proposal_values(proposal, payload, self._redactor)).on_conflict_do_nothing()
            if (await connection.execute(made)).rowcount != 1:
                return Refusal((Reason("undo", "this change is being taken back already, or it was"),))
            await chain.append(connection, entry, now)
            await self._supersede(connection, proposal, card)
            thread = proposal.thread
            place = Place(thread.team, thread.channel, thread.thread_ts)
            await add_copy(connection, proposal.id, Copy(card_key(proposal.id), place, None))
            await redraw(connection, proposal.id, card, now)
        return True

    async def _supersede(self, connection: AsyncConnection, newer: Proposal, card: Draw | None) -> None:
        """What waits for the same object in the same thread is about a picture that is not the newest any more."""
        older = select(proposals).where(
            in_thread(proposals, newer.thread),
            proposals.c.target == newer.key,
            proposals.c.state.in_(_WAITING),
            proposals.c.id != newer.id,
        )
        for each in await read_proposals(connection, older):
            why = self._redactor.text("a newer proposal for the same object took its place")
            told = {"to": _S.CANCELLED.value, "from": each.state.value, "why": why, "newer": newer.id}
            by = newer.provenance.by if newer.provenance else BOT
            entry = self._records.entry("state.changed", by, each, **told)
            away = Transition(each.id, WAITING_STATES, _S.CANCELLED, entry, {"result": why}, card=card)
            await _move(connection, away, newer.created_at)

    # ---- decided ------------------------------------------------------------------------------------------------

    async def move(self, transition: Transition, now: datetime) -> bool:
        async with self._database.write() as connection:
            return await _move(connection, transition, now)

    async def vote(self, ballot: Ballot, card: Draw, now: datetime) -> Voted:
        proposal, vote = ballot.proposal, ballot.vote
        async with self._database.write() as connection:
            before = await read_proposal(connection, proposal)
            if before is None:
                raise LookupError(f"no proposal {proposal}")
            refused = await _no_vote(connection, before, vote, now)
            if refused is not None:
                return Voted(before.state, len(before.approvers), refused)
            await connection.execute(_cast(proposal, vote))
            await chain.append(connection, ballot.audit, now)
            after = await read_proposal(connection, proposal)
            assert after is not None
            to = _decided(after, vote)
            if to is not _S.PENDING:
                fields = {"state": to.value, "decided_by": vote.user, "decided_at": now, "reason": vote.reason}
                await connection.execute(update(proposals).where(proposals.c.id == proposal).values(fields))
            await redraw(connection, proposal, card, now)
            return Voted(to, len(after.approvers))

    async def settle(self, settlement: Settlement, entry: AuditEntry, card: Draw, now: datetime) -> bool:
        open_ = (
            proposals.c.id == settlement.proposal,
            proposals.c.state == _S.UNKNOWN.value,
            proposals.c.settled_at.is_(None),
        )
        values = {"settled_by": settlement.by, "settled_at": now, "settled_note": settlement.note}
        async with self._database.write() as connection:
            if (await connection.execute(update(proposals).where(*open_).values(values))).rowcount != 1:
                return False
            await chain.append(connection, entry, now)
            await redraw(connection, settlement.proposal, card, now)
        return True

    # ---- carried out --------------------------------------------------------------------------------------------

    async def claim(self, now: datetime, lease_until: datetime, approved_after: datetime) -> Proposal | None:
        startable = or_(
            and_(proposals.c.state == _S.APPROVED.value, proposals.c.decided_at > approved_after),
            and_(proposals.c.state == _S.EXECUTING.value, proposals.c.lease_until <= now),
        )
        wanted = select(proposals).where(startable).order_by(proposals.c.decided_at)
        async with self._database.write() as connection:
            for row in (await connection.execute(wanted)).all():
                try:
                    async with connection.begin_nested():
                        await connection.execute(_claimed(row, lease_until))
                except IntegrityError:
                    continue  # another one is executing on the same target; this one waits for its turn
                fresh = await read_proposal(connection, row.id)
                assert fresh is not None
                await connection.execute(
                    insert(executions).values(
                        proposal=fresh.id,
                        attempt=fresh.attempts,
                        fence=fresh.fence,
                        target=fresh.key,
                        claimed_at=now,
                    )
                )
                await chain.append(connection, self._records.intent(fresh), now)
                return fresh
        return None

    async def recover(self, now: datetime) -> int:
        held = proposals.c.state == _S.EXECUTING.value, proposals.c.lease_until > now
        async with self._database.write() as connection:
            ended = await connection.execute(update(proposals).where(*held).values(lease_until=now))
            return int(ended.rowcount)

    async def holds(self, proposal: ProposalId, fence: int, lease_until: datetime) -> bool:
        mine = update(proposals).where(*_mine(proposal, fence)).values(lease_until=lease_until)
        async with self._database.write() as connection:
            return bool((await connection.execute(mine)).rowcount == 1)

    async def sending(self, sending: Sending, now: datetime, guard: Guard | None = None) -> bool | Refusal:
        async with self._database.write() as connection:
            held = await connection.execute(select(proposals.c.id).where(*_mine(sending.proposal, sending.fence)))
            if held.first() is None:
                return False
            proposal = await read_proposal(connection, sending.proposal)
            assert proposal is not None
            refused = guard(await tally(connection, about(proposal), now)) if guard else None
            if refused is not None:
                return refused
            await connection.execute(update(proposals).where(proposals.c.id == proposal.id).values(sent=1))
            await connection.execute(
                update(executions)
                .where(executions.c.proposal == proposal.id, executions.c.attempt == proposal.attempts)
                .values(sent_at=now, before=func.coalesce(executions.c.before, sending.before))
            )
            await chain.append(connection, sending.audit, now)
        return True

    async def was_sent(self, proposal: ProposalId) -> bool:
        async with self._database.read() as connection:
            row = await _row(connection, proposal)
        return row is not None and bool(row.sent)

    async def sent_at(self, proposal: ProposalId) -> datetime | None:
        newest = select(executions.c.sent_at).where(
            executions.c.proposal == proposal, executions.c.sent_at.is_not(None)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(newest.order_by(executions.c.sent_at.desc()).limit(1))).first()
        return None if row is None else row.sent_at

    async def before(self, proposal: ProposalId) -> Mapping[str, Any] | None:
        first = select(executions.c.before).where(executions.c.proposal == proposal, executions.c.before.is_not(None))
        async with self._database.read() as connection:
            row = (await connection.execute(first.order_by(executions.c.attempt).limit(1))).first()
        return None if row is None else json.loads(row.before)

    # ---- looked for ---------------------------------------------------------------------------------------------

    async def get(self, proposal: ProposalId) -> Proposal | None:
        async with self._database.read() as connection:
            return await read_proposal(connection, proposal)

    async def payload(self, proposal: ProposalId) -> CardPayload:
        async with self._database.read() as connection:
            row = await _row(connection, proposal)
        if row is None:
            raise LookupError(f"no proposal {proposal}")
        return payload_of(row)

    async def tally(self, wanted: About, now: datetime) -> Tally:
        async with self._database.read() as connection:
            return await tally(connection, wanted, now)

    async def of_thread(self, thread: ThreadId) -> Sequence[Proposal]:
        return await self._all(select(proposals).where(in_thread(proposals, thread)).order_by(proposals.c.created_at))

    async def due(self, now: datetime, approved_before: datetime) -> Sequence[Proposal]:
        over = or_(
            and_(proposals.c.state == _S.PENDING.value, proposals.c.expires_at <= now),
            and_(proposals.c.state == _S.APPROVED.value, proposals.c.decided_at <= approved_before),
        )
        return await self._all(select(proposals).where(over))

    async def unverified(self) -> Sequence[Proposal]:
        done = proposals.c.state == _S.SUCCEEDED.value
        return await self._all(select(proposals).where(done, proposals.c.verified.is_(None)))

    async def unsettled(self) -> Sequence[Proposal]:
        open_ = proposals.c.state == _S.UNKNOWN.value, proposals.c.settled_at.is_(None)
        return await self._all(select(proposals).where(*open_).order_by(proposals.c.decided_at))

    async def set_verified(
        self, proposal: ProposalId, verdict: str, entry: AuditEntry, now: datetime, says: Sequence[Saying] = ()
    ) -> bool:
        first = proposals.c.id == proposal, proposals.c.verified.is_(None)
        async with self._database.write() as connection:
            noted = update(proposals).where(*first).values(verified=verdict)
            if (await connection.execute(noted)).rowcount != 1:
                return False
            await chain.append(connection, entry, now)
            for saying in says:
                await outbox.put(connection, saying, now)
        return True

    async def placed(self, proposal: ProposalId, message_ts: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(proposals).where(proposals.c.id == proposal).values(message_ts=message_ts))

    async def copied(self, proposal: ProposalId, copy: Copy) -> None:
        async with self._database.write() as connection:
            await add_copy(connection, proposal, copy)

    async def copies(self, proposal: ProposalId) -> Sequence[Copy]:
        async with self._database.read() as connection:
            return await copies_of(connection, proposal)

    async def in_flight(self, target: str) -> bool:
        return await self._count(proposals.c.target == target, proposals.c.state == _S.EXECUTING.value) > 0

    async def decided_since(self, since: datetime) -> Sequence[Proposal]:
        return await self._all(select(proposals).where(proposals.c.decided_at >= since))

    async def open_count(self) -> int:
        return await self._count(proposals.c.state.in_(_OPEN))

    async def waiting(self) -> Sequence[Proposal]:
        still = proposals.c.state.in_(_WAITING)
        return await self._all(select(proposals).where(still).order_by(proposals.c.created_at.desc()))

    async def twin(self, wanted: About) -> Proposal | None:
        same = proposals.c.digest == wanted.digest, proposals.c.state.in_(_OPEN), proposals.c.id != wanted.id
        found = await self._all(select(proposals).where(*same).order_by(proposals.c.created_at).limit(1))
        return found[0] if found else None

    async def _count(self, *where: Any) -> int:
        async with self._database.read() as connection:
            counted = select(func.count()).select_from(proposals).where(*where)
            return int((await connection.execute(counted)).scalar_one())

    async def _all(self, wanted: Any) -> list[Proposal]:
        async with self._database.read() as connection:
            return await read_proposals(connection, wanted)


async def _row(connection: AsyncConnection, proposal: str) -> Row[Any] | None:
    return (await connection.execute(select(proposals).where(proposals.c.id == proposal))).first()


async def _move(connection: AsyncConnection, transition: Transition, now: datetime) -> bool:
    legal = [each.value for each in transition.sources if transition.to in MOVES.get(each, ())]
    where = [proposals.c.id == transition.proposal, proposals.c.state.in_(legal)]
    if transition.fence is not None:
        where.append(proposals.c.fence == transition.fence)
    if transition.to is _S.APPROVED:
        # The time to vote is over at the same instant for everybody, whatever a worker read before.
        where.append(proposals.c.expires_at > now)
    values: Mapping[str, Any] = {"state": transition.to.value, **transition.fields}
    moved = await connection.execute(update(proposals).where(and_(*where)).values(**values))
    if moved.rowcount != 1:
        return False
    if _S.EXECUTING in transition.sources:
        await connection.execute(
            update(executions)
            .where(executions.c.proposal == transition.proposal, executions.c.ended_at.is_(None))
            .values(ended_at=now, outcome=transition.to.value)
        )
    await chain.append(connection, transition.audit, now)
    for saying in transition.says:
        await outbox.put(connection, saying, now)
    await redraw(connection, transition.proposal, transition.card, now)
    return True


async def _no_vote(connection: AsyncConnection, before: Proposal, vote: Vote, now: datetime) -> Refusal | None:
    """Why a vote does not count at this very moment, whatever was true when somebody clicked."""
    if before.state is not _S.PENDING or before.expires_at <= now:
        return Refusal((Reason("late", "its time is over"),))
    if vote.digest != before.digest:
        return Refusal((Reason("digest", "this answer is about another change than the one proposed now"),))
    if vote.verdict == "deny":
        return None
    if vote.user in before.approvers:
        return Refusal((Reason("twice", "you approved it already; it waits for somebody else"),))
    paused = (await tally(connection, about(before), now)).paused
    return Refusal((Reason("kill_switch", f"all changes are paused by {paused.by}"),)) if paused else None


def _cast(proposal: str, vote: Vote) -> Any:
    """Of one person the newest answer counts: whoever approved may still say no."""
    values = {
        "team": vote.team,
        "verdict": vote.verdict,
        "digest": vote.digest,
        "at": vote.at,
        "reason": vote.reason,
    }
    made = upsert(votes).values(proposal=proposal, user=vote.user, **values)
    return made.on_conflict_do_update(index_elements=["proposal", "user"], set_=values)


def _decided(proposal: Proposal, vote: Vote) -> ProposalState:
    if vote.verdict == "deny":
        return _S.DENIED
    return _S.APPROVED if len(set(proposal.approvers)) >= proposal.needed else _S.PENDING


def _claimed(row: Row[Any], lease_until: datetime) -> Any:
    values = {
        "state": _S.EXECUTING.value,
        "fence": row.fence + 1,
        "attempts": row.attempts + 1,
        "lease_until": lease_until,
    }
    return update(proposals).where(proposals.c.id == row.id, proposals.c.fence == row.fence).values(values)


def _mine(proposal: ProposalId, fence: int) -> tuple[Any, ...]:
    return (
        proposals.c.id == proposal,
        proposals.c.state == _S.EXECUTING.value,
        proposals.c.fence == fence,
    )
