"""The database: one writer, BEGIN IMMEDIATE, migrations at start, and clear words when it cannot be used.

SQLite's default transactions lose updates under concurrent read-modify-write, so every write begins IMMEDIATE and
waits for one lock in this process. No transaction is ever held over network I/O.
"""

import asyncio
import fcntl
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"
# How long a write waits for the file; and how long when somebody waits for it whom Slack gives three seconds.
PATIENCE = timedelta(seconds=10)
HURRY = timedelta(seconds=2)
# Alembic keeps what it is working on in globals of its module.
_ONE_MIGRATION = threading.Lock()


class StoreUnusable(Exception):
    """The database cannot be used at all; the message says what to do."""


class Busy(Exception):
    """The database stayed locked for too long; nothing was written, try again."""


def sync_url(database_url: str) -> URL:
    """The address for migrations; only SQLite is supported."""
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise StoreUnusable("DATABASE_URL is not an address, use sqlite:///path/to/file.db") from None
    if url.get_backend_name() != "sqlite":
        raise StoreUnusable(f"DATABASE_URL: {url.get_backend_name()} is not supported, use sqlite:///path/to/file.db")
    if not url.database or url.database == ":memory:":
        raise StoreUnusable("DATABASE_URL needs a file: threads and approvals must survive a restart")
    return url.set(drivername="sqlite")


def _milliseconds(span: timedelta) -> int:
    return max(1, int(span.total_seconds() * 1000))


def _prepare(engine: Engine, how: str, patience: timedelta) -> None:
    """The driver's own transaction handling is switched off: ``begin`` is then the only thing that begins one."""

    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_milliseconds(patience)}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "trusted_schema=OFF",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begin(connection: Any) -> None:
        connection.exec_driver_sql(how)

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)


def migration_config(database_url: str, patience: timedelta = PATIENCE) -> Config:
    """Alembic's settings, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = transactions(database_url, "BEGIN IMMEDIATE", patience)
    return config


def must_exist(database_url: str) -> None:
    """For commands that only look: an empty file made in the wrong folder would look like an intact log."""
    file = Path(str(sync_url(database_url).database)).absolute()
    if not file.exists():
        raise StoreUnusable(f"there is no database at {file}: start in the bot's folder, or set DATABASE_URL")


def is_current(database_url: str) -> bool:
    """Whether the schema is this version's, by looking alone; ``False`` as well where that cannot be read."""
    file = Path(str(sync_url(database_url).database)).absolute()
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError:
        return False
    return found is not None and found[0] == ScriptDirectory(str(MIGRATIONS)).get_current_head()


def migrate(database_url: str, patience: timedelta = PATIENCE) -> None:
    """Bring the schema up to date. ``StoreUnusable`` for a newer or broken database, ``Busy`` when it stays locked."""
    url = sync_url(database_url)
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _ONE_MIGRATION:
            command.upgrade(migration_config(database_url, patience), "head")
    except CommandError as error:
        if "Can't locate revision" in str(error):
            raise StoreUnusable(
                f"{path} was written by a newer version of Ask Claude; start that version, or restore a backup"
            ) from None
        raise StoreUnusable(f"{path} cannot be migrated: {error}") from None
    except (DBAPIError, sqlite3.DatabaseError) as error:
        # What goes wrong while connecting comes as the driver raised it, everything later wrapped.
        if _is_locked(error):
            raise Busy(f"{path} is locked by another process; stop it and start again") from None
        raise StoreUnusable(f"{path} is not a usable database: {getattr(error, 'orig', error)}") from None
    except OSError as error:
        raise StoreUnusable(f"{path} cannot be created: {error.strerror}") from None


def _is_locked(error: Exception) -> bool:
    return "locked" in str(error) or "busy" in str(error)


def transactions(database_url: str, begin: str, patience: timedelta = PATIENCE) -> Engine:
    """Connections whose transactions begin so, for whoever needs no event loop."""
    engine = create_engine(sync_url(database_url))
    _prepare(engine, begin, patience)
    return engine


class Database:
    """Write and read transactions. Reads run beside each other, writes one after the other."""

    def __init__(self, database_url: str, patience: timedelta = PATIENCE) -> None:
        url = sync_url(database_url).set(drivername="sqlite+aiosqlite")
        self._patience = patience
        self._writer = self._engine(url, "BEGIN IMMEDIATE", 1)
        self._reader = self._engine(url, "BEGIN", 4)
        self._lock = asyncio.Lock()

    def _engine(self, url: URL, begin: str, pool_size: int) -> AsyncEngine:
        engine = create_async_engine(url, pool_size=pool_size, max_overflow=0)
        _prepare(engine.sync_engine, begin, self._patience)
        return engine

    @asynccontextmanager
    async def write(self, patience: timedelta | None = None) -> AsyncIterator[AsyncConnection]:
        """One write transaction: committed at the end, rolled back on an error.

        ``Busy`` when the file, or the writer before this one, takes longer than ``patience``: nothing was written then.
        """
        wait = min(patience or self._patience, self._patience)
        until = asyncio.get_running_loop().time() + wait.total_seconds()
        async with self._turn(wait):
            left = timedelta(seconds=max(0.0, until - asyncio.get_running_loop().time()))
            try:
                async with self._writer.connect() as connection:
                    await self._waiting_at_most(connection, left)
                    async with connection.begin():
                        yield connection
            except OperationalError as error:
                if _is_locked(error):
                    raise Busy(f"the database stayed locked for {wait.total_seconds():g} seconds") from error
                raise

    @asynccontextmanager
    async def _turn(self, wait: timedelta) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(wait.total_seconds()):
                await self._lock.acquire()
        except TimeoutError:
            raise Busy(f"others kept the database busy for {wait.total_seconds():g} seconds") from None
        try:
            yield
        finally:
            self._lock.release()

    @staticmethod
    async def _waiting_at_most(connection: AsyncConnection, wait: timedelta) -> None:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute(f"PRAGMA busy_timeout={_milliseconds(wait)}")

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
