"""A database without threads and tasks of its own: each statement runs at once, so that long runs are quick.

The file, the statements and the transactions are those of the bot; only the way from a statement to SQLite is shorter.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.store.database import Database, transactions

_READERS = 4


async def _straight_on() -> None:
    return None


async def others_first() -> None:
    """Between two statements everybody else has a turn."""
    await asyncio.sleep(0)


class _Statements:
    """What the stores ask of a connection."""

    def __init__(self, connection: Connection, between: Callable[[], Awaitable[None]]) -> None:
        self._connection, self._between = connection, between

    async def execute(self, statement: Any, values: Mapping[str, Any] | None = None) -> Any:
        await self._between()
        return self._connection.execute(statement, values)

    async def exec_driver_sql(self, statement: str) -> Any:
        await self._between()
        return self._connection.exec_driver_sql(statement)

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:
        with self._connection.begin_nested():
            yield


class DatabaseAtOnce(Database):
    """``Database``, for one process that nobody else keeps waiting. ``between`` is awaited before each statement."""

    def __init__(self, database_url: str, between: Callable[[], Awaitable[None]] = _straight_on) -> None:
        super().__init__(database_url)
        self._at_once = transactions(database_url, "BEGIN IMMEDIATE"), transactions(database_url, "BEGIN")
        self._turns = asyncio.Semaphore(1), asyncio.Semaphore(_READERS)
        self._between = between

    @asynccontextmanager
    async def write(self, patience: timedelta | None = None) -> AsyncIterator[AsyncConnection]:
        async with self._of(0) as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self._of(1) as connection:
            yield connection

    @asynccontextmanager
    async def _of(self, which: int) -> AsyncIterator[AsyncConnection]:
        async with self._turns[which]:
            with self._at_once[which].begin() as connection:
                yield cast(AsyncConnection, _Statements(connection, self._between))

    async def close(self) -> None:
        for engine in self._at_once:
            engine.dispose()
        await super().close()
