"""Conversations and what was said in them, keyed by (team, channel, thread_ts)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, func, select, update
from sqlalchemy.dialects.sqlite import insert

from bot.adapters.store.database import Database
from bot.adapters.store.tables import exchanges, threads
from bot.domain import Exchange, Origin, Thread, ThreadId
from safety.redaction import Redacted


def in_thread(table: Table, thread: ThreadId) -> ColumnElement[bool]:
    """The rows of one conversation."""
    return and_(table.c.team == thread.team, table.c.channel == thread.channel, table.c.thread_ts == thread.thread_ts)


class SqlThreads:
    """``ThreadStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, thread: Thread) -> Thread:
        values = {
            "team": thread.id.team,
            "channel": thread.id.channel,
            "thread_ts": thread.id.thread_ts,
            "origin": thread.origin.value,
            "started_by": thread.started_by,
            "question": thread.question,
            "created_at": thread.created_at,
            "expires_at": thread.expires_at,
            "summary": thread.summary,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(threads).values(values).on_conflict_do_nothing())
            row = (await connection.execute(select(threads).where(in_thread(threads, thread.id)))).one()
        return _thread(row)

    async def get(self, thread: ThreadId) -> Thread | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(threads).where(in_thread(threads, thread)))).first()
        return None if row is None else _thread(row)

    async def touch(self, thread: ThreadId, expires_at: datetime, summary: Redacted | None) -> None:
        values: dict[str, Any] = {"expires_at": expires_at}
        if summary is not None:
            values["summary"] = summary
        async with self._database.write() as connection:
            await connection.execute(update(threads).where(in_thread(threads, thread)).values(**values))

    async def remember(self, key: str, thread: ThreadId, exchange: Exchange) -> None:
        values = {
            "key": key,
            "team": thread.team,
            "channel": thread.channel,
            "thread_ts": thread.thread_ts,
            "question": exchange.question,
            "answer": exchange.answer,
            "asked_by": exchange.asked_by,
            "at": exchange.at,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(exchanges).values(values).on_conflict_do_nothing())

    async def history(self, thread: ThreadId, since: datetime) -> Sequence[Exchange]:
        wanted = (
            select(exchanges)
            .where(in_thread(exchanges, thread), exchanges.c.at >= since)
            .order_by(exchanges.c.id.desc())
            .limit(10)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(wanted)).all()
        return [Exchange(row.question, row.answer, row.asked_by, row.at) for row in reversed(rows)]

    async def count(self, now: datetime) -> int:
        async with self._database.read() as connection:
            counted = select(func.count()).select_from(threads).where(threads.c.expires_at > now)
            return int((await connection.execute(counted)).scalar_one())

    async def recent(self, limit: int) -> Sequence[Thread]:
        wanted = select(threads).order_by(threads.c.created_at.desc()).limit(limit)
        async with self._database.read() as connection:
            return [_thread(row) for row in (await connection.execute(wanted)).all()]


def _thread(row: Row[Any]) -> Thread:
    return Thread(
        ThreadId(row.team, row.channel, row.thread_ts),
        Origin(row.origin),
        row.started_by,
        row.question,
        row.created_at,
        row.expires_at,
        row.summary,
    )
