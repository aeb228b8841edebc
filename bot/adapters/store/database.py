"""The database: one writer, BEGIN IMMEDIATE, migrations at start, and clear words when it cannot be used.

SQLite's default transactions lose updates under concurrent read-modify-write, so every write begins IMMEDIATE and
waits for one lock in this process. No transaction is ever held over network I/O.
"""

import asyncio
import fcntl
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"


class StoreUnusable(Exception):
    """The database cannot be used at all; the message says what to do."""


class Busy(Exception):
    """The database stayed locked for too long; nothing was written, try again."""


def sync_url(database_url: str) -> URL:
    """The address for migrations; only SQLite is supported."""
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        raise StoreUnusable(f"DATABASE_URL: {url.get_backend_name()} is not supported, use sqlite:///path/to/file.db")
    if not url.database or url.database == ":memory:":
        raise StoreUnusable("DATABASE_URL needs a file: threads and approvals must survive a restart")
    return url.set(drivername="sqlite")


def _on_connect(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling is switched off: "begin" below is then the only thing that begins one.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=10000",
        "foreign_keys=ON",
        "trusted_schema=OFF",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(how: str) -> Any:
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(how)

    return begin


def _prepare(engine: Engine, begin: str) -> None:
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _begin(begin))


def migration_config(database_url: str) -> Config:
    """Alembic's settings, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = sync_url(database_url)
    return config


def migrate(database_url: str) -> None:
    """Bring the schema up to date. ``StoreUnusable`` for a newer or broken database, ``Busy`` when it stays locked."""
    url = sync_url(database_url)
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        command.upgrade(migration_config(database_url), "head")
    except CommandError as error:
        if "Can't locate revision" in str(error):
            raise StoreUnusable(
                f"{path} was written by a newer version of Ask Claude; start that version, or restore a backup"
            ) from None
        raise StoreUnusable(f"{path} cannot be migrated: {error}") from None
    except OperationalError as error:
        if "locked" in str(error):
            raise Busy(f"{path} is locked by another process; stop it and start again") from None
        raise StoreUnusable(f"{path} cannot be opened: {error.orig}") from None
    except (DBAPIError, sqlite3.DatabaseError) as error:
        raise StoreUnusable(f"{path} is not a usable database: {getattr(error, 'orig', error)}") from None
    except OSError as error:
        raise StoreUnusable(f"{path} cannot be created: {error.strerror}") from None


def migration_engine(url: URL) -> Engine:
    """For ``migrations/env.py``."""
    engine = create_engine(url)
    _prepare(engine, "BEGIN IMMEDIATE")
    return engine


class Database:
    """Write and read transactions. Reads run beside each other, writes one after the other."""

    def __init__(self, database_url: str) -> None:
        url = sync_url(database_url).set(drivername="sqlite+aiosqlite")
        self._writer = self._engine(url, "BEGIN IMMEDIATE", 1)
        self._reader = self._engine(url, "BEGIN", 4)
        self._lock = asyncio.Lock()

    @staticmethod
    def _engine(url: URL, begin: str, pool_size: int) -> AsyncEngine:
        engine = create_async_engine(url, pool_size=pool_size, max_overflow=0)
        _prepare(engine.sync_engine, begin)
        return engine

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One write transaction: committed at the end, rolled back on an error. ``Busy`` when the file stays locked."""
        async with self._lock:
            try:
                async with self._writer.begin() as connection:
                    yield connection
            except OperationalError as error:
                if "locked" in str(error) or "busy" in str(error):
                    raise Busy("the database stayed locked for ten seconds") from error
                raise

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent look."""
        async with self._reader.begin() as connection:
            yield connection

    async def close(self) -> None:
        await self._writer.dispose()
        await self._reader.dispose()


class SingleInstance:
    """One bot per database: a second one would take over work that is not lost. A dead process holds no lock."""

    def __init__(self, database_url: str) -> None:
        self._path = Path(f"{sync_url(database_url).database}.lock")
        self._file: IO[str] | None = None

    def __enter__(self) -> "SingleInstance":
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w")
        except OSError as error:
            raise StoreUnusable(f"{self._path} cannot be created: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise StoreUnusable(f"another Ask Claude is running on this database ({self._path} is locked)") from None
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._file is not None:
            self._file.close()
