"""F10: two processes of twenty tasks each write to one database at once; no write is lost and none is refused."""

import asyncio
import sys
from pathlib import Path

from bot.adapters.store.audit import SqlAudit
from bot.adapters.store.database import Database, migrate
from prove._engine import scratch
from prove.figure import Figure, Lane, Proof

PROCESSES, TASKS = 2, 20


def run(seed: int, cases: int) -> Figure:
    """``cases`` writes, shared among all tasks; the seed does not matter."""
    return asyncio.run(_run(max(1, cases // (PROCESSES * TASKS))))


async def _run(each: int) -> Figure:
    with scratch() as folder:
        url = f"sqlite:///{folder / 'bot.db'}"
        await asyncio.to_thread(migrate, url)
        ended = await asyncio.gather(*(_process(url, f"process {number}", each) for number in range(PROCESSES)))
        database = Database(url)
        try:
            store = SqlAudit(database)
            count, verified = await store.count(), await store.verify()
        finally:
            await database.close()
    wanted = PROCESSES * TASKS * each
    failures = [words for status, words in ended if status]
    if count != wanted:
        failures.append(f"{wanted - count} of {wanted} writes are lost")
    if verified.fault is not None:
        failures.append(f"two writes stand on the same one: {verified.fault.why}")
    took = sorted(float(one) for status, words in ended if not status for one in words.split())
    p99 = took[int(len(took) * 0.99)] if took else 0.0
    seen = f"{count:,} of {wanted:,} writes by {PROCESSES} x {TASKS} tasks, 0 locked, p99 {p99:.0f} ms"
    return Figure(wanted, seen if not failures else "writes were lost or refused", tuple(failures))


async def _process(url: str, name: str, each: int) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "prove._writers", url, name, str(TASKS), str(each)),
        cwd=Path(__file__).parents[1],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode() if not process.returncode else err.decode()[-500:] or "locked"


PROOF = Proof(
    id="F10",
    claim="two processes that write at once lose nothing and are not locked out",
    cases=(200, 4000, 20_000),
    run=run,
    lane=Lane.ALONE,
)
