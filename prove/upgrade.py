"""F22: what waits and what runs in a database of the first schema is taken over by an upgrade, and nothing is lost."""

import asyncio
import json
import random
import sqlite3
from collections import Counter
from datetime import timedelta
from pathlib import Path

from alembic import command

from bot.adapters.store.database import migrate, migration_config
from bot.domain import ProposalId, ProposalState
from bot.lifecycle import NoCheckpoints
from prove._at_once import DatabaseAtOnce
from prove._direct import DirectCluster, Fate
from prove._engine import CHANNEL, NAMESPACE, REDACTOR, TEAM, Engine, Ground, Townsfolk, click, engine, policy, scratch
from prove._sequence import stored_at
from prove._yard import Ledger
from prove.figure import Figure, Proof
from safety.actions import Digest, RestartDeployment, Target, digest
from safety.approval import Verdict
from tests.fakes import START, FixedClock
from tools.kubernetes.writes import restart_deployment
from tools.world import Order, Reader, Writer

S = ProposalState
WHO = "U0E0"
# As the first schema had it; the columns that came later are for the migration to fill.
_COLUMNS = (
    "id, team, channel, thread_ts, target, action, digest, card, state, requested_by, created_at, expires_at, "
    "decided_by, decided_at, fence, lease_until, attempts, sent"
)
_CARD = {
    "why": "because",
    "why_by_rules": True,
    "rows": [],
    "cluster": "yard",
    "environment": "dev",
    "risk": "little",
    "undo": "none",
    "users": [WHO],
    "groups": [],
}


def run(seed: int, cases: int) -> Figure:
    """``cases`` proposals: five waiting ones to one that was executing, of which some had been sent or had landed."""
    return asyncio.run(_run(seed, cases))


async def _run(seed: int, cases: int) -> Figure:
    rng, clock = random.Random(seed), FixedClock()
    names = [f"w{number}" for number in range(cases)]
    cluster = DirectCluster(names, rng, START)
    rules = policy({"per_namespace_per_hour": 10**6, "per_incident": 10**6, "pending_max": 100}, users=[WHO])
    with scratch() as folder:
        file = folder / "bot.db"
        await asyncio.to_thread(command.upgrade, migration_config(f"sqlite:///{file}"), "0001")
        executing = await _filled(file, cluster, names, rules.sha256)
        await asyncio.to_thread(migrate, f"sqlite:///{file}")
        database = DatabaseAtOnce(f"sqlite:///{file}")
        try:
            ground = Ground(database, clock, Townsfolk(), cluster, cluster, rules, plain=True)
            own = engine(ground, NoCheckpoints(), alone=True)
            ledger = Ledger(cluster.store, file)
            failures = await _taken_over(own, names, clock)
            states = {name: await _state(own, name) for name in names}
            failures += ledger.judged({})
            failures += _judged(states, executing, ledger)
        finally:
            await database.close()
    ends = Counter(states.values())
    told = ", ".join(f"{count} {state}" for state, count in sorted(ends.items()))
    seen = f"{cases - len(executing)} waiting and {len(executing)} executing proposals of the first schema: {told}"
    return Figure(cases, seen, tuple(failures))


async def _filled(file: Path, cluster: DirectCluster, names: list[str], sha: str) -> dict[str, str]:
    """Write the rows; answers the executing ones, with how far each had come."""
    executing: dict[str, str] = {}
    uid = await cluster.uid()
    connection = sqlite3.connect(file)
    for number, name in enumerate(names):
        held = await cluster.get("Deployment", NAMESPACE, name)
        meta = held["metadata"]
        target = Target(cluster=uid, namespace=NAMESPACE, name=name, uid=meta["uid"], generation=meta["generation"])
        action = RestartDeployment(target=target)
        if number % 6 == 5:
            executing[name] = ("claimed", "sent", "landed")[number // 6 % 3]
            if executing[name] == "landed":
                await _land(cluster, action, name, meta["resourceVersion"])
        connection.execute(
            f"INSERT INTO proposals ({_COLUMNS}) VALUES ({', '.join('?' * 18)})",
            _row(name, action, digest(action, sha), executing.get(name)),
        )
    connection.commit()
    connection.close()
    return executing


def _row(name: str, action: RestartDeployment, bound: Digest, came: str | None) -> tuple[object, ...]:
    target = action.target
    key = f"{target.cluster}/{target.namespace}/{target.kind}/{target.name}"
    at, later = stored_at(START - timedelta(minutes=1)), stored_at(START + timedelta(minutes=20))
    head = (name, TEAM, CHANNEL, name, key, action.model_dump_json(), bound, json.dumps(_CARD))
    if came is None:
        return (*head, "PENDING", None, at, later, None, None, 0, None, 0, 0)
    lease = stored_at(START + timedelta(seconds=20))
    return (*head, "EXECUTING", None, at, later, WHO, at, 1, lease, 1, int(came != "claimed"))


async def _land(cluster: DirectCluster, action: RestartDeployment, name: str, version: str) -> None:
    """The write of the earlier version arrived, and the process died before it could say so."""
    cluster.fates = (Fate.ARRIVES,)
    order = Order(name, START - timedelta(minutes=1), version, f"{name}.1", dry_run=False)
    await restart_deployment.run(action, Writer(Reader(cluster, REDACTOR), cluster, order))


async def _taken_over(own: Engine, names: list[str], clock: FixedClock) -> list[str]:
    """Approve all that waits, and carry out all there is."""
    executor = own.changes.executor
    assert executor is not None
    await own.proposals.recover(clock.now())
    for name in names:
        found = await own.proposals.get(ProposalId(name))
        if found is not None and found.state is S.PENDING:
            target = found.id, found.digest, found.thread.thread_ts
            await own.changes.decisions.decide(click(own, target, WHO, Verdict.APPROVE, name))
    while (claimed := await executor.claim()) is not None:
        await executor.carry_out(claimed)
    verified = await own.stores.audit.verify()
    return [f"the audit log breaks: {verified.fault.why}"] if verified.fault else []


async def _state(own: Engine, name: str) -> str:
    found = await own.proposals.get(ProposalId(name))
    return found.state.value if found else "lost"


def _judged(states: dict[str, str], executing: dict[str, str], ledger: Ledger) -> list[str]:
    found = []
    for name, state in states.items():
        # What had landed before must not be done again.
        wanted = 0 if executing.get(name) == "landed" else 1
        if state != S.SUCCEEDED.value or ledger.effects[name] != wanted:
            found.append(f"{name} ({executing.get(name, 'waiting')}) is {state}, with {ledger.effects[name]} effects")
    return found


PROOF = Proof(
    id="F22",
    claim="an upgrade keeps what waits approvable and brings what was executing to its end, once",
    cases=(12, 60, 60),
    run=run,
)
