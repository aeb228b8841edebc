"""Changes that the hook lets pass: each is recorded before it passes, and counts against the limits from then on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from bot.adapters.store import audit as chain
from bot.adapters.store.database import Busy, Database, StoreUnusable, is_current, migrate
from bot.adapters.store.tables import hook_changes
from bot.adapters.store.tally import tally
from bot.stores import About, AuditEntry, Guard, Tally
from safety.redaction import RedactedJson
from safety.validator import Refusal


@dataclass(frozen=True, slots=True)
class Passing:
    """A change that somebody else is about to make: what it counts as, the action as JSON, and its record."""

    about: About
    action: RedactedJson
    entry: AuditEntry


class HookChanges:
    """The part of the store that the hook needs. Raises ``StoreUnusable`` or ``Busy``, and then nothing was written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    @asynccontextmanager
    async def opened(cls, database_url: str) -> "AsyncIterator[HookChanges]":
        """A database that is there, brought up to date if an earlier version wrote it last."""
        if not await asyncio.to_thread(is_current, database_url):
            await asyncio.to_thread(migrate, database_url)
        database = Database(database_url)
        try:
            yield cls(database)
        except DBAPIError as error:
            raise StoreUnusable(f"{error.orig}") from None
        finally:
            await database.close()

    async def tally(self, about: About, now: datetime) -> Tally:
        """What limits a change at the moment."""
        async with self._database.read() as connection:
            return await tally(connection, about, now)

    async def let_pass(self, passing: Passing, guard: Guard, now: datetime) -> Refusal | None:
        """Record it, unless the limits, counted in the same transaction, are against it by now."""
        about = passing.about
        async with self._database.write() as connection:
            refused = guard(await tally(connection, about, now))
            if refused is not None:
                return refused
            await chain.append(connection, passing.entry, now)
            row = {"id": about.id, "at": now, "target": about.key, "action": passing.action}
            await connection.execute(insert(hook_changes).values(row))
        return None


__all__ = ["Busy", "HookChanges", "Passing", "StoreUnusable"]
