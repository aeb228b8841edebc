"""F7: a process that starts again brings every interrupted execution to its end at once, and says so."""

import asyncio
import random
from datetime import timedelta

from bot.adapters.store.database import Database, migrate
from bot.domain import ProposalState
from bot.lifecycle import FINAL_STATES, NoCheckpoints, Point
from prove._at_once import DatabaseAtOnce
from prove._direct import DirectCluster
from prove._engine import NAMESPACE, Ground, Townsfolk, ask, click, engine, policy, scratch, seen
from prove._sequence import WHILE_EXECUTING, Crash
from prove._yard import Ledger
from prove.figure import Figure, Proof
from safety.approval import Verdict
from tests.fakes import START, FixedClock

WHO = "U0E0"
S = ProposalState
_DONE = S.SUCCEEDED.value


class _Deadly:
    """Dies at the point that is set; counts which it died at."""

    def __init__(self) -> None:
        self.point: Point | None = None

    def passed(self, point: Point, proposal: str) -> None:
        if point is self.point:
            self.point = None
            raise Crash


def run(seed: int, cases: int) -> Figure:
    """``cases`` executions, each interrupted at one of the named points in turn; then one start for all of them."""
    return asyncio.run(_run(seed, cases))


async def _run(seed: int, cases: int) -> Figure:
    clock, names = FixedClock(), [f"w{number}" for number in range(cases)]
    cluster = DirectCluster(names, random.Random(seed), START)
    rules = policy({"per_namespace_per_hour": 10**6, "per_incident": 10**6, "pending_max": 100}, users=[WHO])
    points = [each for each in WHILE_EXECUTING if each not in (Point.RETREATED, Point.ABORTED, Point.RECORDED)]
    with scratch() as folder:
        file = folder / "bot.db"
        await asyncio.to_thread(migrate, f"sqlite:///{file}")
        database, deadly = DatabaseAtOnce(f"sqlite:///{file}"), _Deadly()
        ground = Ground(database, clock, Townsfolk(), cluster, cluster, rules, plain=True)
        ledger = Ledger(cluster.store, file)
        try:
            for number, name in enumerate(names):
                await _interrupted(ground, deadly, name, points[number % len(points)])
            under_way = await _count(database, {S.EXECUTING})
            # The lease of none of them has run out: who starts alone knows that they are nobody's.
            began = clock.now()
            await _started(ground)
            took = clock.now() - began
            left = await _count(database, set(S) - FINAL_STATES - {S.UNKNOWN})
            states = await _states(database)
        finally:
            await database.close()
    failures = ledger.judged(states)
    failures += [f"{id_} is {state}, and nobody stood in its way" for id_, state in states.items() if state != _DONE]
    if left:
        failures.append(f"{left} executions have no end after the start")
    if took > timedelta(seconds=35):
        failures.append(f"it took {took} of the bot's own time")
    seen = f"{under_way} executions interrupted at {len(points)} points; {left} left after the start"
    return Figure(under_way, seen, tuple(failures))


async def _started(ground: Ground) -> None:
    own = engine(ground, NoCheckpoints(), alone=True)
    assert own.changes.executor is not None
    await own.proposals.recover(ground.clock.now())
    while (claimed := await own.changes.executor.claim()) is not None:
        await own.changes.executor.carry_out(claimed)


async def _interrupted(ground: Ground, deadly: _Deadly, name: str, point: Point) -> None:
    own = engine(ground, deadly)
    uid = (await ground.reader.get("Deployment", NAMESPACE, name))["metadata"]["uid"]
    made = await own.changes.proposals.propose(ask("job", name, seen(name, uid), "restart_deployment"))
    assert made is not None
    target = made.id, made.digest, made.thread.thread_ts
    await own.changes.decisions.decide(click(own, target, WHO, Verdict.APPROVE, name))
    assert own.changes.executor is not None
    deadly.point = point
    try:
        claimed = await own.changes.executor.claim()
        assert claimed is not None
        await own.changes.executor.carry_out(claimed)
    except Crash:
        return


async def _states(database: Database) -> dict[str, str]:
    async with database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT id, state FROM proposals")).all()
        return {str(row.id): str(row.state) for row in rows}


async def _count(database: Database, states: set[ProposalState]) -> int:
    wanted = ", ".join(f"'{each.value}'" for each in states)
    async with database.read() as connection:
        sql = f"SELECT count(*) FROM proposals WHERE state IN ({wanted})"
        return int((await connection.exec_driver_sql(sql)).scalar_one())


PROOF = Proof(
    id="F7",
    claim="what was interrupted at any point ends right after the next start",
    cases=(9, 60, 300),
    run=run,
)
