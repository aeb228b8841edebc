"""F20: what the audit log costs. The durations are printed; what is judged is that every record is there and holds."""

import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.adapters.store.audit import SqlAudit
from bot.adapters.store.database import Database, migrate
from bot.stores import AuditEntry
from prove.figure import Figure, Lane, Proof
from safety.audit import GENESIS, AuditRecord, sealed, verify
from safety.redaction import Redactor

AT = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
PAYLOAD = Redactor().json({"by": "U0ALICE", "verdict": "approve", "digest": "sha256:" + "0" * 64, "attempt": 1})


def run(_seed: int, cases: int) -> Figure:
    """Append a tenth of ``cases`` one by one, and verify ``cases`` at once."""
    appended, p99 = asyncio.run(_append(cases // 10))
    records = _log(cases)
    began = time.monotonic()
    found = verify(records)
    took = time.monotonic() - began
    failures = [f"record {found.fault.seq}: {found.fault.why}"] if found.fault else []
    if appended != cases // 10:
        failures.append(f"{cases // 10} were appended and {appended} are there")
    seen = f"append p99 {p99:.1f} ms over {appended:,}, {found.count:,} records verified in {took:.1f} s"
    return Figure(cases, seen, tuple(failures))


async def _append(count: int) -> tuple[int, float]:
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{Path(name) / 'log.db'}"
        await asyncio.to_thread(migrate, url)
        database = Database(url)
        store, took = SqlAudit(database), []
        for number in range(count):
            began = time.monotonic()
            await store.append(AuditEntry("vote.cast", PAYLOAD), AT + timedelta(seconds=number))
            took.append((time.monotonic() - began) * 1000)
        kept = (await store.verify()).count
        await database.close()
    return kept, statistics.quantiles(took, n=100)[98]


def _log(count: int) -> list[AuditRecord]:
    records: list[AuditRecord] = []
    prev = GENESIS
    for seq in range(1, count + 1):
        records.append(sealed(seq, AT, "vote.cast", PAYLOAD, prev))
        prev = records[-1].hash
    return records


PROOF = Proof(
    id="F20",
    claim="the audit log is cheap enough to be on always",
    cases=(0, 20_000, 100_000),
    run=run,
    lane=Lane.ALONE,
)
