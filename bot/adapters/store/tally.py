"""Counts what the limits are about, within the transaction that depends on it."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import distinct, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.store.proposal_rows import action_of
from bot.adapters.store.tables import executions, flags, proposals
from bot.adapters.store.threads import in_thread
from bot.domain import ProposalState
from bot.stores import About, Flag, Tally
from safety.validator import AnyAction

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_FAILED = (ProposalState.FAILED.value, ProposalState.UNKNOWN.value)


async def tally(connection: AsyncConnection, about: About, now: datetime) -> Tally:
    """One look at everything that limits a change."""
    namespace = about.key.rsplit("/", 2)[0] + "/"
    others = proposals.c.id != about.id
    pending = proposals.c.state == ProposalState.PENDING.value
    return Tally(
        paused=await _paused(connection),
        in_flight=await _count(connection, proposals.c.id, others, proposals.c.target == about.key, _under_way()) > 0,
        on_target=await _sent(connection, about, now, executions.c.target == about.key),
        in_namespace=await _sent(connection, about, now, executions.c.target.startswith(namespace, autoescape=True)),
        in_incident=await _count(connection, proposals.c.id, others, in_thread(proposals, about.thread)),
        waiting=await _count(connection, proposals.c.id, others, pending),
        failures=await _failures(connection, about, now),
        denied=await _denied(connection, about, now),
        sent=await _all_sent(connection, about, now),
    )


def _under_way() -> Any:
    """Executing, or sent with an outcome that nobody knows yet: a late request of it may still land."""
    unknown = proposals.c.state == ProposalState.UNKNOWN.value
    return or_(proposals.c.state == ProposalState.EXECUTING.value, unknown & proposals.c.settled_at.is_(None))


async def _sent(connection: AsyncConnection, about: About, now: datetime, where: Any) -> int:
    recent = executions.c.sent_at >= now - _HOUR
    others = executions.c.proposal != about.id
    return await _count(connection, distinct(executions.c.proposal), where, recent, others)


async def _failures(connection: AsyncConnection, about: About, now: datetime) -> tuple[datetime, ...]:
    wanted = (
        select(executions.c.ended_at)
        .where(
            executions.c.outcome.in_(_FAILED), executions.c.ended_at >= now - _DAY, executions.c.proposal != about.id
        )
        .order_by(executions.c.ended_at.desc())
    )
    return tuple(row.ended_at for row in (await connection.execute(wanted)).all())


async def _denied(connection: AsyncConnection, about: About, now: datetime) -> tuple[AnyAction, ...]:
    wanted = select(proposals.c.action).where(
        proposals.c.state == ProposalState.DENIED.value,
        proposals.c.target == about.key,
        proposals.c.decided_at > now - _HOUR,
    )
    return tuple(action_of(row.action) for row in (await connection.execute(wanted)).all())


async def _all_sent(connection: AsyncConnection, about: About, now: datetime) -> tuple[AnyAction, ...]:
    """Each change once, however often it was tried."""
    sent = select(executions.c.proposal).where(
        executions.c.target == about.key, executions.c.sent_at >= now - _DAY, executions.c.proposal != about.id
    )
    wanted = select(proposals.c.action).where(proposals.c.id.in_(sent))
    return tuple(action_of(row.action) for row in (await connection.execute(wanted)).all())


async def _paused(connection: AsyncConnection) -> Flag | None:
    row = (await connection.execute(select(flags).where(flags.c.name == "paused"))).first()
    return None if row is None else Flag(row.by, row.at)


async def _count(connection: AsyncConnection, what: Any, *where: Any) -> int:
    return int((await connection.execute(select(func.count(what)).where(*where))).scalar_one())
