"""Counts what the limits are about, within the transaction that depends on it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    ScalarSelect,
    Select,
    bindparam,
    distinct,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.store.proposal_rows import action_of
from bot.adapters.store.tables import executions, flags, hook_changes, proposals
from bot.domain import ProposalState
from bot.stores import About, Flag, Tally
from safety.validator import AnyAction

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_S = ProposalState
# Built once: building a query costs more than running it here, and all of this happens within a write transaction.
_ID: BindParameter[str] = bindparam("id")
_KEY: BindParameter[str] = bindparam("key")
_WITHIN: BindParameter[str] = bindparam("within")
_HOUR_AGO: BindParameter[datetime] = bindparam("hour_ago")
_DAY_AGO: BindParameter[datetime] = bindparam("day_ago")
_OTHERS = proposals.c.id != _ID
_IN_THREAD = (
    (proposals.c.team == bindparam("team"))
    & (proposals.c.channel == bindparam("channel"))
    & (proposals.c.thread_ts == bindparam("thread_ts"))
)
# Executing, or sent with an outcome that nobody knows yet: a late request of it may still land.
_UNDER_WAY = or_(
    proposals.c.state == _S.EXECUTING.value, (proposals.c.state == _S.UNKNOWN.value) & proposals.c.settled_at.is_(None)
)


def _proposals(*where: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count(proposals.c.id)).where(_OTHERS, *where).scalar_subquery()


def _made_within_the_hour(of: Callable[[ColumnElement[str]], ColumnElement[bool]]) -> ColumnElement[int]:
    """What was sent, and what passed the hook: whether these were made, nobody here saw."""
    recent = executions.c.sent_at >= _HOUR_AGO, executions.c.proposal != _ID
    sent = select(func.count(distinct(executions.c.proposal))).where(of(executions.c.target), *recent)
    passing = hook_changes.c.at >= _HOUR_AGO, hook_changes.c.id != _ID
    passed = select(func.count(hook_changes.c.id)).where(of(hook_changes.c.target), *passing)
    return sent.scalar_subquery() + passed.scalar_subquery()


_COUNTS = select(
    _proposals(proposals.c.target == _KEY, _UNDER_WAY).label("in_flight"),
    _made_within_the_hour(lambda target: target == _KEY).label("on_target"),
    _made_within_the_hour(lambda target: func.substr(target, 1, func.length(_WITHIN)) == _WITHIN).label("in_namespace"),
    _proposals(_IN_THREAD).label("in_incident"),
    _proposals(proposals.c.state == _S.PENDING.value).label("waiting"),
)
_PAUSED = select(flags).where(flags.c.name == "paused")
_FAILURES = (
    select(executions.c.ended_at)
    .where(
        executions.c.outcome.in_((_S.FAILED.value, _S.UNKNOWN.value)),
        executions.c.ended_at >= _DAY_AGO,
        executions.c.proposal != _ID,
    )
    .order_by(executions.c.ended_at.desc())
)
_DENIED = select(proposals.c.action).where(
    proposals.c.state == _S.DENIED.value, proposals.c.target == _KEY, proposals.c.decided_at > _HOUR_AGO
)
# Each change once, however often it was tried.
_SENT = union_all(
    select(proposals.c.action).where(
        proposals.c.id.in_(
            select(executions.c.proposal).where(
                executions.c.target == _KEY, executions.c.sent_at >= _DAY_AGO, executions.c.proposal != _ID
            )
        )
    ),
    select(hook_changes.c.action).where(
        hook_changes.c.target == _KEY, hook_changes.c.at >= _DAY_AGO, hook_changes.c.id != _ID
    ),
)


async def tally(connection: AsyncConnection, about: About, now: datetime) -> Tally:
    """One look at everything that limits a change."""
    thread = about.thread
    values = {
        "id": about.id,
        "key": about.key,
        "within": about.key.rsplit("/", 2)[0] + "/",
        "hour_ago": now - _HOUR,
        "day_ago": now - _DAY,
        "team": thread.team,
        "channel": thread.channel,
        "thread_ts": thread.thread_ts,
    }

    async def actions(query: Select[tuple[str]] | CompoundSelect[Any]) -> tuple[AnyAction, ...]:
        return tuple(action_of(row.action) for row in (await connection.execute(query, values)).all())

    counts = (await connection.execute(_COUNTS, values)).one()
    return Tally(
        paused=await _paused(connection),
        in_flight=counts.in_flight > 0,
        on_target=counts.on_target,
        in_namespace=counts.in_namespace,
        in_incident=counts.in_incident,
        waiting=counts.waiting,
        failures=tuple(row.ended_at for row in (await connection.execute(_FAILURES, values)).all()),
        denied=await actions(_DENIED),
        sent=await actions(_SENT),
    )


async def _paused(connection: AsyncConnection) -> Flag | None:
    row = (await connection.execute(_PAUSED)).first()
    return None if row is None else Flag(row.by, row.at)
