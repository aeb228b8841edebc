"""When the head of the audit log is signed, and what happens when the log is not what was signed."""

import sqlite3
from pathlib import Path

from bot.adapters.checkpoints import CheckpointFile
from bot.flows.judging import PAUSED
from bot.flows.sealing import EVERY, EVERY_RECORDS, GUARD, Sealing
from bot.stores import Stores
from safety.redaction import Redactor
from tests.fakes import FixedClock
from tests.proposals import entry


def _sealing(stores: Stores, clock: FixedClock, folder: Path) -> Sealing:
    return Sealing(stores, CheckpointFile.to_sign(folder / "notes", folder / "key"), clock, Redactor())


async def _append(stores: Stores, clock: FixedClock, count: int) -> None:
    for _ in range(count):
        await stores.audit.append(entry("vote.refused"), clock.now())


async def test_an_empty_log_is_not_signed(stores: Stores, clock: FixedClock, tmp_path: Path) -> None:
    sealing = _sealing(stores, clock, tmp_path)
    await sealing.check()
    assert await sealing.sign(at_once=True) is None


async def test_the_head_is_signed_after_enough_records_or_enough_time(
    stores: Stores, clock: FixedClock, tmp_path: Path
) -> None:
    sealing = _sealing(stores, clock, tmp_path)
    await _append(stores, clock, 1)
    first = await sealing.sign()
    assert first is not None
    assert (first.size, first.head) == await stores.audit.head()
    await _append(stores, clock, EVERY_RECORDS - 1)
    assert await sealing.sign() is None
    await _append(stores, clock, 1)
    by_count = await sealing.sign()
    assert by_count is not None
    assert (by_count.size, by_count.prev) == (EVERY_RECORDS + 1, first.id)
    clock.pass_by(seconds=EVERY.total_seconds() + 1)
    assert await sealing.sign() is None
    await _append(stores, clock, 1)
    by_time = await sealing.sign()
    assert by_time is not None
    assert (await sealing.check()).signed == EVERY_RECORDS + 2


async def test_a_stop_leaves_nothing_unsigned(stores: Stores, clock: FixedClock, tmp_path: Path) -> None:
    sealing = _sealing(stores, clock, tmp_path)
    await _append(stores, clock, 1)
    await sealing.sign()
    await _append(stores, clock, 1)
    assert await sealing.sign() is None
    assert await sealing.sign(at_once=True) is not None
    assert (await sealing.check()).unsigned == 0


async def test_a_log_whose_end_was_cut_off_stops_every_change_until_a_person_resumes(
    stores: Stores, clock: FixedClock, tmp_path: Path, database_file: Path
) -> None:
    sealing = _sealing(stores, clock, tmp_path)
    await _append(stores, clock, 3)
    await sealing.sign()
    with sqlite3.connect(database_file) as raw:
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f'DROP TRIGGER "{trigger}"')
        raw.execute("DELETE FROM audit WHERE seq = 3")
    raw.close()
    found = await _sealing(stores, clock, tmp_path).check()
    assert found.fault is not None
    paused = await stores.flags.get(PAUSED)
    assert paused is not None
    assert paused.by == GUARD


async def test_checkpoints_that_cannot_be_checked_stop_every_change_and_nothing_is_signed_on_top_of_them(
    stores: Stores, clock: FixedClock, tmp_path: Path
) -> None:
    (tmp_path / "notes").write_text("forged\n", encoding="utf-8")
    sealing = _sealing(stores, clock, tmp_path)
    await _append(stores, clock, 1)
    await sealing.check()
    assert await stores.flags.get(PAUSED) is not None
    assert await sealing.sign(at_once=True) is None
    assert (tmp_path / "notes").read_text(encoding="utf-8") == "forged\n"
