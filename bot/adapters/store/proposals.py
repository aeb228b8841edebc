"""Proposals and their state machine: a change of state, its audit row and its messages commit together."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, and_, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError

from bot.adapters.store import audit as chain
from bot.adapters.store import outbox
from bot.adapters.store.database import Database
from bot.adapters.store.tables import proposals
from bot.adapters.store.threads import in_thread
from bot.domain import Proposal, ProposalId, ProposalState, ThreadId
from bot.ports import Saying
from bot.stores import AuditEntry, CardPayload, Transition
from safety.actions import Action, Digest
from safety.redaction import Redactor, stored

_ACTION: TypeAdapter[Action] = TypeAdapter(Action)
_OPEN = (ProposalState.PENDING.value, ProposalState.APPROVED.value, ProposalState.EXECUTING.value)


class SqlProposals:
    """``ProposalStore`` over SQL."""

    def __init__(self, database: Database, redactor: Redactor) -> None:
        self._database = database
        self._redactor = redactor

    async def create(self, proposal: Proposal, payload: CardPayload, entry: AuditEntry) -> bool:
        card = {
            "why": proposal.why,
            "why_by_rules": proposal.why_by_rules,
            "rows": proposal.before_after,
            "cluster": payload.cluster,
            "environment": payload.environment,
            "risk": payload.risk,
            "undo": payload.undo,
            "users": payload.users,
            "groups": payload.groups,
        }
        values = {
            "id": proposal.id,
            "team": proposal.thread.team,
            "channel": proposal.thread.channel,
            "thread_ts": proposal.thread.thread_ts,
            "target": _target(proposal),
            "action": self._redactor.json(proposal.action.model_dump(mode="json")),
            "digest": proposal.digest,
            "card": self._redactor.json(card),
            "state": proposal.state.value,
            "requested_by": proposal.requested_by,
            "created_at": proposal.created_at,
            "expires_at": proposal.expires_at,
            "fence": 0,
            "attempts": 0,
            "sent": 0,
            "result": proposal.result,
        }
        async with self._database.write() as connection:
            made = await connection.execute(insert(proposals).values(values).on_conflict_do_nothing())
            if made.rowcount != 1:
                return False
            await chain.append(connection, entry, proposal.created_at)
        return True

    async def get(self, proposal: ProposalId) -> Proposal | None:
        row = await self._row(proposal)
        return None if row is None else _proposal(row)

    async def payload(self, proposal: ProposalId) -> CardPayload:
        row = await self._row(proposal)
        if row is None:
            raise LookupError(f"no proposal {proposal}")
        card = json.loads(row.card)
        return CardPayload(
            card["cluster"],
            card["environment"],
            stored(card["risk"]),
            stored(card["undo"]),
            tuple(card["users"]),
            tuple(card["groups"]),
        )

    async def move(self, transition: Transition, now: datetime) -> bool:
        where = [
            proposals.c.id == transition.proposal,
            proposals.c.state.in_([each.value for each in transition.sources]),
        ]
        if transition.fence is not None:
            where.append(proposals.c.fence == transition.fence)
        if transition.to is ProposalState.APPROVED:
            # The time to vote is over at the same instant for everybody, whatever a worker read before.
            where.append(proposals.c.expires_at > now)
        async with self._database.write() as connection:
            values: Mapping[str, Any] = {"state": transition.to.value, **transition.fields}
            moved = await connection.execute(update(proposals).where(and_(*where)).values(**values))
            if moved.rowcount != 1:
                return False
            await chain.append(connection, transition.audit, now)
            for saying in transition.says:
                await outbox.put(connection, saying, now)
        return True

    async def claim(self, now: datetime, lease_until: datetime, approved_after: datetime) -> Proposal | None:
        startable = or_(
            and_(proposals.c.state == ProposalState.APPROVED.value, proposals.c.decided_at > approved_after),
            and_(proposals.c.state == ProposalState.EXECUTING.value, proposals.c.lease_until <= now),
        )
        wanted = select(proposals).where(startable).order_by(proposals.c.decided_at)
        async with self._database.write() as connection:
            for row in (await connection.execute(wanted)).all():
                claimed = (
                    update(proposals)
                    .where(proposals.c.id == row.id, proposals.c.fence == row.fence)
                    .values(
                        state=ProposalState.EXECUTING.value,
                        fence=row.fence + 1,
                        attempts=row.attempts + 1,
                        lease_until=lease_until,
                    )
                )
                try:
                    async with connection.begin_nested():
                        await connection.execute(claimed)
                except IntegrityError:
                    continue  # another one is executing on the same target; this one waits for its turn
                fresh = (await connection.execute(select(proposals).where(proposals.c.id == row.id))).one()
                await chain.append(connection, self._intent(fresh), now)
                return _proposal(fresh)
        return None

    async def recover(self, now: datetime) -> int:
        held = proposals.c.state == ProposalState.EXECUTING.value, proposals.c.lease_until > now
        async with self._database.write() as connection:
            ended = await connection.execute(update(proposals).where(*held).values(lease_until=now))
            return int(ended.rowcount)

    def _intent(self, row: Row[Any]) -> AuditEntry:
        payload = {
            "proposal": row.id,
            "digest": row.digest,
            "action": json.loads(row.action),
            "attempt": row.attempts,
            "fence": row.fence,
            "approved_by": row.decided_by,
        }
        return AuditEntry("execution.intent", self._redactor.json(payload), ProposalId(row.id))

    async def holds(self, proposal: ProposalId, fence: int, lease_until: datetime) -> bool:
        mine = update(proposals).where(*_mine(proposal, fence)).values(lease_until=lease_until)
        async with self._database.write() as connection:
            return bool((await connection.execute(mine)).rowcount == 1)

    async def sending(self, proposal: ProposalId, fence: int, entry: AuditEntry, now: datetime) -> bool:
        async with self._database.write() as connection:
            noted = update(proposals).where(*_mine(proposal, fence)).values(sent=1)
            if (await connection.execute(noted)).rowcount != 1:
                return False
            await chain.append(connection, entry, now)
        return True

    async def was_sent(self, proposal: ProposalId) -> bool:
        row = await self._row(proposal)
        return row is not None and bool(row.sent)

    async def of_thread(self, thread: ThreadId) -> Sequence[Proposal]:
        wanted = select(proposals).where(in_thread(proposals, thread)).order_by(proposals.c.created_at)
        return await self._all(wanted)

    async def due(self, now: datetime, approved_before: datetime) -> Sequence[Proposal]:
        over = or_(
            and_(proposals.c.state == ProposalState.PENDING.value, proposals.c.expires_at <= now),
            and_(proposals.c.state == ProposalState.APPROVED.value, proposals.c.decided_at <= approved_before),
        )
        return await self._all(select(proposals).where(over))

    async def unverified(self) -> Sequence[Proposal]:
        done = proposals.c.state == ProposalState.SUCCEEDED.value
        return await self._all(select(proposals).where(done, proposals.c.verified.is_(None)))

    async def set_verified(
        self, proposal: ProposalId, verdict: str, entry: AuditEntry, now: datetime, says: Sequence[Saying] = ()
    ) -> bool:
        async with self._database.write() as connection:
            first = (
                update(proposals)
                .where(proposals.c.id == proposal, proposals.c.verified.is_(None))
                .values(verified=verdict)
            )
            if (await connection.execute(first)).rowcount != 1:
                return False
            await chain.append(connection, entry, now)
            for saying in says:
                await outbox.put(connection, saying, now)
        return True

    async def placed(self, proposal: ProposalId, message_ts: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(proposals).where(proposals.c.id == proposal).values(message_ts=message_ts))

    async def in_flight(self, target: str) -> bool:
        return await self._count(proposals.c.target == target, proposals.c.state == "EXECUTING") > 0

    async def started_since(self, target: str, since: datetime) -> int:
        within = proposals.c.target.startswith(target, autoescape=True)
        return await self._count(
            within if target.endswith("/") else proposals.c.target == target,
            proposals.c.attempts > 0,
            proposals.c.sent == 1,
            proposals.c.decided_at >= since,
        )

    async def decided_since(self, since: datetime) -> Sequence[Proposal]:
        return await self._all(select(proposals).where(proposals.c.decided_at >= since))

    async def open_count(self) -> int:
        return await self._count(proposals.c.state.in_(_OPEN))

    async def waiting(self) -> Sequence[Proposal]:
        pending = proposals.c.state == ProposalState.PENDING.value
        return await self._all(select(proposals).where(pending).order_by(proposals.c.created_at.desc()))

    async def _count(self, *where: Any) -> int:
        async with self._database.read() as connection:
            counted = select(func.count()).select_from(proposals).where(*where)
            return int((await connection.execute(counted)).scalar_one())

    async def _all(self, wanted: Any) -> list[Proposal]:
        async with self._database.read() as connection:
            return [_proposal(row) for row in (await connection.execute(wanted)).all()]

    async def _row(self, proposal: ProposalId) -> Row[Any] | None:
        async with self._database.read() as connection:
            return (await connection.execute(select(proposals).where(proposals.c.id == proposal))).first()


def _mine(proposal: ProposalId, fence: int) -> tuple[Any, ...]:
    return (
        proposals.c.id == proposal,
        proposals.c.state == ProposalState.EXECUTING.value,
        proposals.c.fence == fence,
    )


def _target(proposal: Proposal) -> str:
    target = proposal.action.target
    return f"{target.cluster}/{target.namespace}/{target.kind}/{target.name}"


def _proposal(row: Row[Any]) -> Proposal:
    card = json.loads(row.card)
    return Proposal(
        id=ProposalId(row.id),
        thread=ThreadId(row.team, row.channel, row.thread_ts),
        action=_ACTION.validate_json(row.action),
        digest=Digest(row.digest),
        why=stored(card["why"]),
        why_by_rules=bool(card["why_by_rules"]),
        before_after=tuple((stored(label), stored(before), stored(after)) for label, before, after in card["rows"]),
        state=ProposalState(row.state),
        requested_by=row.requested_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        message_ts=row.message_ts,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        fence=row.fence,
        attempts=row.attempts,
        result=row.result,
    )
