"""One process of the concurrent writers: ``python -m prove._writers URL NAME TASKS EACH``.

Every write reads the newest record and adds one that depends on it, so that a lost update would break the chain. It
prints how long the writes took in milliseconds, and ends with 1 when one of them was refused.
"""

import asyncio
import sys
import time
from datetime import timedelta

from bot.adapters.store.audit import SqlAudit
from bot.adapters.store.database import Busy, Database
from bot.stores import AuditEntry
from safety.redaction import Redactor
from tests.fakes import START

REDACTOR = Redactor()
# A write that waits so long would never have its turn; a busy machine is no reason to fail.
PATIENCE = timedelta(minutes=2)


async def work(url: str, name: str, tasks: int, each: int) -> tuple[list[float], int]:
    """So many tasks, each with so many writes one after the other."""
    database = Database(url, PATIENCE)
    store, took, locked = SqlAudit(database), list[float](), 0

    async def write(task: int) -> None:
        nonlocal locked
        for number in range(each):
            began = time.monotonic()
            entry = AuditEntry("vote.cast", REDACTOR.json({"by": name, "task": task, "n": number}))
            try:
                await store.append(entry, START)
            except Busy:
                locked += 1
            took.append((time.monotonic() - began) * 1000)

    try:
        await asyncio.gather(*(write(task) for task in range(tasks)))
    finally:
        await database.close()
    return took, locked


def main(arguments: list[str]) -> int:
    url, name, tasks, each = arguments
    took, locked = asyncio.run(work(url, name, int(tasks), int(each)))
    print(*(f"{one:.1f}" for one in took))
    return 1 if locked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
