"""The database itself: schema, one writer, locks, and clear words when it cannot be used."""

import asyncio
import contextlib
import shutil
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, insert, select, update
from sqlalchemy.exc import StatementError

from bot.adapters.store.database import (
    Busy,
    Database,
    SingleInstance,
    StoreUnusable,
    migrate,
    sync_url,
)
from bot.adapters.store.tables import flags, metadata, threads
from safety.redaction import Redactor
from tests.fakes import START

RED = Redactor()


# ---- the schema -----------------------------------------------------------------------------------------------------


def test_models_equal_migrations(database_url: str) -> None:
    engine = create_engine(sync_url(database_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_partial_index_of_one_execution_per_target_is_in_both(database_file: Path) -> None:
    """Alembic's comparison does not look at the condition of an index."""
    with sqlite3.connect(database_file) as connection:
        (made,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'uq_proposals_executing'").fetchone()
    connection.close()
    (index,) = [each for each in metadata.tables["proposals"].indexes if each.name == "uq_proposals_executing"]
    assert made.endswith(f"WHERE {index.dialect_options['sqlite']['where']}")


@pytest.mark.parametrize("sql", ["UPDATE audit SET type = 'x'", "DELETE FROM audit", "REPLACE INTO audit VALUES {row}"])
def test_the_audit_log_refuses_to_change_or_lose_a_row(database_file: Path, sql: str) -> None:
    row = (1, "2026-11-22 10:00:00.000000", "t", None, "{}", "0", "0")
    connection = sqlite3.connect(database_file)
    connection.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    with pytest.raises(sqlite3.DatabaseError, match="append-only"):
        connection.execute(sql.format(row="(1, '2026-11-22', 'x', NULL, '{}', '0', '0')"))
    assert connection.execute("SELECT * FROM audit").fetchall() == [row]
    connection.close()


def test_migrating_twice_changes_nothing(database_url: str, database_file: Path) -> None:
    before = _schema(database_file)
    migrate(database_url)
    assert _schema(database_file) == before


def _schema(path: Path) -> list[Any]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
    connection.close()
    return found


# ---- databases that cannot be used ----------------------------------------------------------------------------------


def test_a_missing_directory_is_created(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "bot.db"
    migrate(f"sqlite:///{path}")
    assert path.exists()


def test_a_newer_database_is_refused_in_words(database_url: str, database_file: Path) -> None:
    connection = sqlite3.connect(database_file)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreUnusable, match="newer version of Ask Claude; start that version, or restore a backup"):
        migrate(database_url)


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("shopping list\n" * 400)
    with pytest.raises(StoreUnusable, match=r"notes\.txt is not a usable database"):
        migrate(f"sqlite:///{path}")


def test_a_directory_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match="cannot be created"):
        migrate(f"sqlite:///{tmp_path}/file/below/bot.db")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://localhost/bot", "postgresql is not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_an_address_that_cannot_work_is_refused_before_anything_is_opened(url: str, words: str) -> None:
    with pytest.raises(StoreUnusable, match=words):
        migrate(url)


def test_an_address_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(StoreUnusable, match="DATABASE_URL"):
        migrate("just-a-word")


def test_migrating_a_locked_database_says_that_it_is_busy(tmp_path: Path, fresh_file: Path) -> None:
    path = tmp_path / "old.db"
    shutil.copyfile(fresh_file, path)
    connection = sqlite3.connect(path)
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Busy, match="locked by another process"):
        migrate(f"sqlite:///{path}", timedelta(milliseconds=50))
    connection.rollback()
    connection.close()


def test_a_second_bot_on_the_same_database_is_refused_and_a_third_after_it_ended_is_not(database_url: str) -> None:
    with (
        SingleInstance(database_url),
        pytest.raises(StoreUnusable, match="another Ask Claude is running"),
        SingleInstance(database_url),
    ):
        pass
    with SingleInstance(database_url):
        pass


# ---- transactions ---------------------------------------------------------------------------------------------------


async def _begin_counting(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(flags).values(name="n", by="0", at=START))


async def _count_up(database: Database) -> None:
    async with database.write() as connection:
        read = (await connection.execute(select(flags.c.by).where(flags.c.name == "n"))).scalar_one()
        await asyncio.sleep(0)
        await connection.execute(update(flags).where(flags.c.name == "n").values(by=str(int(read) + 1)))


async def _counted(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(select(flags.c.by).where(flags.c.name == "n"))).scalar_one())


async def test_twenty_tasks_that_read_and_write_lose_nothing(database: Database) -> None:
    await _begin_counting(database)
    await asyncio.gather(*(_count_up(database) for _ in range(20)))
    assert await _counted(database) == 20


async def test_two_processes_on_one_file_lose_nothing(database: Database, database_url: str) -> None:
    other = Database(database_url)
    await _begin_counting(database)
    await asyncio.gather(*(_count_up(each) for _ in range(20) for each in (database, other)))
    assert await _counted(database) == await _counted(other) == 40
    await other.close()


async def test_a_transaction_that_fails_leaves_nothing_behind(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(insert(flags).values(name="n", by="U0BOB", at=START))
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        await fail()
    async with database.read() as connection:
        assert (await connection.execute(select(flags))).all() == []


async def test_a_file_that_stays_locked_is_busy_and_nothing_was_written(database_url: str, database_file: Path) -> None:
    database = Database(database_url, timedelta(milliseconds=50))
    async with database.read() as connection:
        assert (await connection.execute(select(flags))).all() == []
    blocker = sqlite3.connect(database_file)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy, match="stayed locked"):
        await _begin_counting(database)
    blocker.rollback()
    blocker.close()
    await _begin_counting(database)
    assert await _counted(database) == 0
    await database.close()


async def test_readers_go_on_while_somebody_writes(database: Database, database_file: Path) -> None:
    blocker = sqlite3.connect(database_file)
    blocker.execute("PRAGMA journal_mode=WAL")
    blocker.execute("BEGIN IMMEDIATE")
    async with database.read() as connection:
        assert (await connection.execute(select(flags))).all() == []
    blocker.rollback()
    blocker.close()


# ---- what a column takes --------------------------------------------------------------------------------------------


def _thread(**changed: Any) -> dict[str, Any]:
    return {
        "team": "T",
        "channel": "C",
        "thread_ts": "1.0",
        "origin": "mention",
        "started_by": None,
        "question": RED.text("why?"),
        "created_at": START,
        "expires_at": START,
        "summary": None,
        **changed,
    }


async def test_a_column_for_words_refuses_words_that_were_not_redacted(database: Database) -> None:
    with pytest.raises(StatementError, match="only redacted text is stored"):
        async with database.write() as connection:
            await connection.execute(insert(threads).values(_thread(question="plain words")))


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        async with database.write() as connection:
            await connection.execute(insert(threads).values(_thread(created_at=START.replace(tzinfo=None))))


async def test_a_time_comes_back_as_the_same_instant_in_utc(database: Database) -> None:
    elsewhere = datetime.fromisoformat("2026-11-22T15:30:00.123456+05:30")
    async with database.write() as connection:
        await connection.execute(insert(threads).values(_thread(created_at=elsewhere)))
        found = (await connection.execute(select(threads.c.created_at))).scalar_one()
    assert found == elsewhere
    assert found.utcoffset() == timedelta(0)


async def test_several_databases_are_migrated_at_once_in_one_process(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path / f'{number}.db'}" for number in range(4)]
    await asyncio.gather(*(asyncio.to_thread(migrate, url) for url in urls))
    for number in range(4):
        with contextlib.closing(sqlite3.connect(tmp_path / f"{number}.db")) as connection:
            assert connection.execute("SELECT count(*) FROM audit").fetchone() == (0,)
