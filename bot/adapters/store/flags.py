"""Switches that people set, such as ``paused``; each change is audited in the same transaction."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from bot.adapters.store import audit as chain
from bot.adapters.store.database import HURRY, Database
from bot.adapters.store.tables import flags
from bot.stores import AuditEntry, Flag


class SqlFlags:
    """``FlagStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> Flag | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(flags).where(flags.c.name == name))).first()
        return None if row is None else Flag(row.by, row.at)

    async def set(self, name: str, by: str, now: datetime, entry: AuditEntry) -> None:
        async with self._database.write(HURRY) as connection:
            values = {"name": name, "by": by, "at": now}
            await connection.execute(insert(flags).values(values).on_conflict_do_nothing())
            await chain.append(connection, entry, now)

    async def clear(self, name: str, now: datetime, entry: AuditEntry) -> None:
        async with self._database.write(HURRY) as connection:
            await connection.execute(delete(flags).where(flags.c.name == name))
            await chain.append(connection, entry, now)
