"""The audit chain in the database. Rows are appended inside the transaction of what they record."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.store.database import Database, StoreUnusable, must_exist
from bot.adapters.store.tables import audit
from bot.domain import ProposalId
from bot.stores import AuditEntry
from safety.audit import GENESIS, AuditRecord, Verified, sealed, verify
from safety.redaction import stored_json


async def append(connection: AsyncConnection, entry: AuditEntry, now: datetime) -> None:
    """Seal one entry to everything before it, within somebody's transaction: no audit row, no change."""
    last = (await connection.execute(select(audit).order_by(audit.c.seq.desc()).limit(1))).first()
    seq, prev = (last.seq + 1, last.hash) if last else (1, GENESIS)
    record = sealed(seq, now, entry.type, entry.payload, prev)
    row = {
        "seq": record.seq,
        "at": record.at,
        "type": record.type,
        "proposal": entry.proposal,
        "payload": record.payload,
        "prev": record.prev,
        "hash": record.hash,
    }
    await connection.execute(insert(audit).values(row))


async def head_at(database_url: str) -> tuple[int, str] | None:
    """How many records the log of a database has, and the hash of the last; None where there is no database.

    Raises ``StoreUnusable`` for one that cannot be read.
    """
    try:
        must_exist(database_url)
    except StoreUnusable:
        return None
    database = Database(database_url)
    try:
        return await SqlAudit(database).head()
    except DBAPIError as error:
        raise StoreUnusable(f"{error.orig}") from None
    except sqlite3.DatabaseError as error:
        # What goes wrong while connecting comes as the driver raised it.
        raise StoreUnusable(str(error)) from None
    finally:
        await database.close()


class SqlAudit:
    """``AuditStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entry: AuditEntry, now: datetime) -> None:
        async with self._database.write() as connection:
            await append(connection, entry, now)

    async def records(self, proposal: ProposalId | None = None) -> Sequence[AuditRecord]:
        wanted = select(audit).order_by(audit.c.seq)
        if proposal is not None:
            wanted = wanted.where(audit.c.proposal == proposal)
        async with self._database.read() as connection:
            return [_record(row) for row in (await connection.execute(wanted)).all()]

    async def since(self, at: datetime) -> Sequence[AuditRecord]:
        async with self._database.read() as connection:
            wanted = select(audit).where(audit.c.at >= at).order_by(audit.c.seq)
            return [_record(row) for row in (await connection.execute(wanted)).all()]

    async def latest(self, type_: str) -> AuditRecord | None:
        async with self._database.read() as connection:
            wanted = select(audit).where(audit.c.type == type_).order_by(audit.c.seq.desc()).limit(1)
            row = (await connection.execute(wanted)).first()
        return _record(row) if row else None

    async def verify(self) -> Verified:
        return verify(await self.records())

    async def head(self) -> tuple[int, str]:
        async with self._database.read() as connection:
            last = (await connection.execute(select(audit).order_by(audit.c.seq.desc()).limit(1))).first()
        return (last.seq, last.hash) if last else (0, GENESIS)

    async def count(self) -> int:
        async with self._database.read() as connection:
            return int((await connection.execute(select(func.count()).select_from(audit))).scalar_one())


def _record(row: Row[Any]) -> AuditRecord:
    return AuditRecord(row.seq, row.at, row.type, stored_json(row.payload), row.prev, row.hash)
