"""F4: two workers on one database are killed at every named point, and each approval still has one effect.

The workers run the real engine over HTTP against the cluster emulator, while other people change the objects, requests
arrive late, servers answer 503 and approvers leave. Each kill is SIGKILL of a real process.
"""

import asyncio
import itertools
import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bot.adapters.store.audit import SqlAudit
from bot.adapters.store.database import Database, migrate
from bot.demo.cluster_emulator.faults import Hold
from bot.lifecycle import Point
from prove._campaign import SPEED
from prove._engine import scratch
from prove._yard import Ledger, deployment, foreign_write, yard
from prove.figure import Figure, Lane, Proof, Witnessed

TARGETS = [f"w{number}" for number in range(8)]
WORKERS = 2
# A worker that does not come past its point is killed wherever it is by then; real seconds.
_PATIENCE = 6.0
# A bound on a hang, in real seconds: what was left is finished much sooner.
_WITHIN = 600.0
# How often each point has to be hit in so many kills; there are more kills if one was not, but no more than so often.
_LEAST = {1000: 30, 200: 1}
_MOST = 3
_OPEN = ("PENDING", "APPROVED", "EXECUTING")
ANYWHERE = "wherever it was"


def run(seed: int, cases: int) -> Figure:
    """Kill until there were ``cases`` kills, then let one worker finish, and count."""
    return asyncio.run(_Campaign(seed, cases).run())


@dataclass(slots=True)
class _Worker:
    point: str
    began: float = field(default_factory=time.monotonic)
    overdue: bool = False


class _Campaign:
    def __init__(self, seed: int, cases: int) -> None:
        self._cases, self._rng = cases, random.Random(seed)
        self.hits: Counter[str] = Counter()
        self._epoch = time.time()
        self._foreign = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> Figure:
        with scratch() as folder, yard(TARGETS, SPEED) as cluster:
            self._folder, self._cluster = folder, cluster
            await asyncio.to_thread(migrate, f"sqlite:///{self._folder / 'bot.db'}")
            await cluster.start()
            try:
                cluster.write_kubeconfig(self._folder / "kubeconfig")
                self.ledger = Ledger(cluster.store, self._folder / "bot.db")
                self._tasks = [asyncio.create_task(self._trouble(each)) for each in TARGETS]
                await self._through()
                return await self._counted()
            finally:
                for task in self._tasks:
                    task.cancel()
                await cluster.stop()

    async def _through(self) -> None:
        command = (sys.executable, "-m", "prove._campaign", str(self._folder))
        with (self._folder / "log").open("wb") as log:
            self._zygote = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=Path(__file__).parents[1],
            )
        self._workers: dict[int, _Worker] = {}
        try:
            while not self._enough():
                while len(self._workers) < WORKERS:
                    await self._begin(self._next_point())
                await self._step()
            # One that is not to die finishes what they left.
            await self._begin("")
            until = time.monotonic() + _WITHIN
            while self._unfinished() and time.monotonic() < until:
                await self._step(ending=True)
        finally:
            assert self._zygote.stdin is not None
            self._zygote.stdin.close()
            await self._zygote.wait()

    def _enough(self) -> bool:
        many = self.hits.total()
        return many >= self._cases and (not self._too_seldom() or many >= self._cases * _MOST)

    def _too_seldom(self) -> list[str]:
        """The points that were hit less often than this many kills ask for."""
        least = next((hits for kills, hits in _LEAST.items() if self._cases >= kills), 0)
        return [each.value for each in Point if self.hits[each.value] < least]

    def _next_point(self) -> str:
        """Where fewest died so far, so that every point has its turn."""
        fewest = min(self.hits[each.value] for each in Point)
        return self._rng.choice([each.value for each in Point if self.hits[each.value] <= fewest + 1])

    async def _begin(self, point: str) -> None:
        plan = {
            "folder": str(self._folder),
            "epoch": self._epoch,
            "point": point,
            "nth": self._rng.choice((1, 1, 1, 2)),
            "uids": {name: deployment(self._cluster, name)["metadata"]["uid"] for name in TARGETS},
            "seed": self._rng.randrange(10**9),
            "last": not point,
        }
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(json.dumps(plan).encode() + b"\n")
        pid = int((await self._line()).removeprefix("began "))
        self._workers[pid] = _Worker(point)

    async def _line(self) -> str:
        """The next line that is about a beginning; ends on the way are noted."""
        while True:
            line = await self._read()
            if line.startswith("began "):
                return line
            self._ended(line)

    async def _read(self) -> str:
        assert self._zygote.stdout is not None
        line = (await self._zygote.stdout.readline()).decode().strip()
        if not line:
            raise RuntimeError((self._folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:])
        return line

    def _ended(self, line: str) -> None:
        _, pid, status = line.split()
        worker = self._workers.pop(int(pid))
        if int(status) == -9:
            self.hits[ANYWHERE if worker.overdue else worker.point] += 1
        else:
            said = (self._folder / "log").read_text(encoding="utf-8", errors="replace")[-1500:]
            self.ledger.failures.append(f"a worker ended by itself with {status}: {said}")

    async def _step(self, ending: bool = False) -> None:
        try:
            async with asyncio.timeout(0.05):
                self._ended(await self._read())
        except TimeoutError:
            pass
        for pid, worker in self._workers.items():
            if worker.point and not worker.overdue and time.monotonic() - worker.began > _PATIENCE:
                worker.overdue = True
                _kill(pid)
        if not ending and self._rng.random() < 0.02:
            self._foreign += 1
            foreign_write(self._cluster, self._rng.choice(TARGETS))

    async def _trouble(self, name: str) -> None:
        """What this object's writes meet, one after the other, as long as the campaign lasts."""
        real = rf"/deployments/{name}\?(?!.*dryRun)"
        while True:
            hold = self._cluster.faults.hold("PATCH", real)
            await hold.reached()
            match self._rng.randrange(6):
                case 0:
                    await self._doomed(name, real, hold)
                case 1:
                    await asyncio.sleep(self._rng.uniform(0.05, 0.9))
                case 2:
                    self._cluster.faults.cut("PATCH", real)
            hold.release()

    async def _doomed(self, name: str, real: str, hold: Hold) -> None:
        """This write meets a 503, and meanwhile its approver leaves: sent, and not allowed any more."""
        left = self._folder / f"left.{name}"
        left.touch()
        self._cluster.faults.fail("PATCH", real, 503, times=1)
        hold.release()
        for pause in itertools.repeat(0.05):
            await asyncio.sleep(pause)
            if not self._rows(f"SELECT 1 FROM proposals WHERE thread_ts = '{name}' AND state = 'EXECUTING'"):
                break
        left.unlink()

    def _unfinished(self) -> list[str]:
        return [
            each
            for (each,) in self._rows("SELECT id FROM proposals WHERE state IN ('PENDING', 'APPROVED', 'EXECUTING')")
        ]

    def _rows(self, sql: str) -> list[tuple[str, ...]]:
        connection = sqlite3.connect(self._folder / "bot.db", timeout=10)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    # ---- the end ------------------------------------------------------------------------------------------------

    async def _counted(self) -> Figure:
        failures = [f"lost: {each} has no end" for each in self._unfinished()]
        states = {id_: state for id_, state in self._rows("SELECT id, state FROM proposals")}
        failures += self.ledger.judged(states)
        said = {key for (key,) in self._rows("SELECT key FROM outbox")}
        failures += [f"nobody was told of {each}" for each in states if f"proposal:{each}" not in said]
        strangers = self._rows("SELECT proposal FROM votes WHERE user NOT LIKE 'U0A%'")
        failures += [f"a stranger's vote counts on {each}" for (each,) in strangers]
        database = Database(f"sqlite:///{self._folder / 'bot.db'}")
        try:
            verified = await SqlAudit(database).verify()
        finally:
            await database.close()
        if verified.fault is not None:
            failures.append(f"the audit log breaks: {verified.fault.why}")
        missed = [each.value for each in Point if not self.hits[each.value]]
        if seldom := self._too_seldom():
            failures.append(f"too seldom killed at: {', '.join(seldom)}")
        kinds = Counter(states.values())
        ends = ", ".join(f"{count} {state}" for state, count in sorted(kinds.items()))
        least = min(self.hits[each.value] for each in Point)
        seen = (
            f"{self.hits.total()} kills at {len(Point) - len(missed)} of {len(Point)} points (least {least}), "
            f"{self._foreign} foreign writes; {len(states)} proposals: {ends}; "
            f"{self.ledger.effects.total()} effects, {_bad(failures)}"
        )
        witnessed = Witnessed(self.ledger.effects.total(), tuple(self.ledger.unrecorded))
        return Figure(self.hits.total(), seen, tuple(failures), witnessed)


def _bad(failures: list[str]) -> str:
    counts = Counter(each.partition(":")[0] for each in failures)
    return f"{counts['double']} double, {counts['lost']} lost, {counts['late']} late"


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


PROOF = Proof(
    id="F4",
    claim="kill -9 at every named point: one effect for each approval, none without",
    cases=(20, 200, 1000),
    run=run,
    lane=Lane.WAITING,
    not_covered="kills are SIGKILL of processes on one machine; power loss and a torn disk were not tried.",
)
