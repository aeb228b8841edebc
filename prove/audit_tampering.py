"""F19: whoever changes the audit log in the database is found out, as far as a checkpoint was signed before."""

import asyncio
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.adapters.checkpoints import CheckpointFile
from bot.adapters.store.audit import SqlAudit
from bot.adapters.store.database import Database, migrate
from bot.stores import AuditEntry
from prove.figure import Figure, Proof
from safety.audit import GENESIS, AuditRecord, sealed
from safety.checkpoint import Checkpoint, verify_sealed
from safety.redaction import Redactor, stored_json

RECORDS, SIGNED_EVERY = 160, 40
AT = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
REDACTOR = Redactor()

Row = tuple[int, str, str, str | None, str, str, str]
_COLUMNS = "seq, at, type, proposal, payload, prev, hash"


def run(seed: int, cases: int) -> Figure:
    """``cases`` tampers, as many of each of the six kinds."""
    return asyncio.run(_run(seed, cases))


async def _run(seed: int, cases: int) -> Figure:
    rng = random.Random(seed)
    unseen = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = await _a_log(folder)
        checkpoints = ledger.read()
        intact = verify_sealed(await _records(folder / "log.db"), checkpoints)
        if intact.fault is not None:
            return Figure(cases, "the untouched log does not hold", (intact.fault.why,))
        for number in range(cases):
            kind = list(TAMPERS)[number % len(TAMPERS)]
            copy = folder / "tampered.db"
            shutil.copyfile(folder / "log.db", copy)
            _tamper(copy, TAMPERS[kind], rng)
            if verify_sealed(await _records(copy), checkpoints).fault is None:
                unseen.append(f"{kind}, number {number}: not found")
    return Figure(cases, f"{cases - len(unseen)} of {cases} found ({', '.join(TAMPERS)})", tuple(unseen))


async def _a_log(folder: Path) -> CheckpointFile:
    url = f"sqlite:///{folder / 'log.db'}"
    await asyncio.to_thread(migrate, url)
    database = Database(url)
    store, ledger = SqlAudit(database), CheckpointFile.to_sign(folder / "notes", folder / "key")
    prev = GENESIS
    for number in range(1, RECORDS + 1):
        now = AT + timedelta(seconds=number)
        await store.append(AuditEntry("vote.cast", REDACTOR.json({"by": "U0ALICE", "n": number})), now)
        if number % SIGNED_EVERY == 0:
            size, head = await store.head()
            checkpoint = Checkpoint(size, head, now, prev)
            ledger.append(checkpoint)
            prev = checkpoint.id
    await database.close()
    # One file, so that a copy of it is the whole log.
    with sqlite3.connect(folder / "log.db") as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    return ledger


async def _records(file: Path) -> list[AuditRecord]:
    database = Database(f"sqlite:///{file}")
    try:
        return list(await SqlAudit(database).records())
    finally:
        await database.close()


def _tamper(file: Path, how: "Callable[[list[Row], random.Random], list[Row]]", rng: random.Random) -> None:
    """As somebody would who owns the file: the triggers go first."""
    raw = sqlite3.connect(file)
    for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f'DROP TRIGGER "{trigger}"')
    rows = raw.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY seq").fetchall()
    forged = how(rows, rng)
    raw.execute("DELETE FROM audit")
    raw.executemany(f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", forged)
    raw.commit()
    raw.close()


def _edit(rows: list[Row], rng: random.Random) -> list[Row]:
    place = rng.randrange(len(rows))
    seq, at, type_, proposal, payload, prev, hash_ = rows[place]
    choices = [
        (seq, at, "vote.refused", proposal, payload, prev, hash_),
        (seq, at, type_, proposal, payload.replace("ALICE", "MALLORY"), prev, hash_),
        (seq, at, type_, proposal, payload, prev, hash_[::-1]),
    ]
    return [*rows[:place], rng.choice(choices), *rows[place + 1 :]]


def _delete(rows: list[Row], rng: random.Random) -> list[Row]:
    place = rng.randrange(len(rows) - 1)
    kept = [*rows[:place], *rows[place + 1 :]]
    if rng.random() < 0.5:
        return kept
    # With the numbers closed up again behind the gap.
    return [(number, *row[1:]) for number, row in enumerate(kept, 1)]


def _swap(rows: list[Row], rng: random.Random) -> list[Row]:
    one, other = sorted(rng.sample(range(len(rows)), 2))
    swapped = list(rows)
    swapped[one] = (rows[one][0], *rows[other][1:])
    swapped[other] = (rows[other][0], *rows[one][1:])
    return swapped


def _truncate(rows: list[Row], rng: random.Random) -> list[Row]:
    return rows[: rng.randrange(RECORDS)]


def _rewrite(rows: list[Row], rng: random.Random) -> list[Row]:
    """Every record from some place on is made anew, with a chain that holds."""
    return _resealed(rows[: rng.randrange(RECORDS)], RECORDS)


def _fork(rows: list[Row], rng: random.Random) -> list[Row]:
    """The log goes on from some place with other records, and gets longer than it was."""
    return _resealed(rows[: rng.randrange(RECORDS)], RECORDS + rng.randrange(1, 40))


def _resealed(kept: list[Row], count: int) -> list[Row]:
    forged = list(kept)
    for number in range(len(kept) + 1, count + 1):
        at = AT + timedelta(seconds=number)
        prev = str(forged[-1][6]) if forged else GENESIS
        record = sealed(number, at, "vote.cast", stored_json('{"by":"U0MALLORY"}'), prev)
        forged.append((number, _stored(at), record.type, None, str(record.payload), record.prev, record.hash))
    return forged


def _stored(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


TAMPERS: dict[str, Callable[[list[Row], random.Random], list[Row]]] = {
    "edit": _edit,
    "delete": _delete,
    "swap": _swap,
    "truncate": _truncate,
    "rewrite": _rewrite,
    "fork": _fork,
}

PROOF = Proof(
    id="F19",
    claim="tampering with the audit log is found",
    cases=(30, 600, 600),
    run=run,
    not_covered="records that came after the newest checkpoint (at most 100, or 5 minutes) can be cut off unseen.",
)
