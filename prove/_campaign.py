"""The processes of the kill campaign: workers that run the real engine and end themselves at a named point.

``python -m prove._campaign FOLDER`` loads everything once and forks a worker for each line on standard input, so that
a kill costs milliseconds. On standard output it tells which process began and how it ended.
"""

import asyncio
import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from bot.adapters.store.database import Database
from bot.domain import Proposal, ProposalState
from bot.lifecycle import FINAL_STATES, Point
from prove._engine import REDACTOR, Engine, Ground, Townsfolk, ask, click, engine, policy, seen, thread_of
from safety.approval import Verdict
from tools.adapters.kubernetes_api import KubernetesApi
from tools.adapters.kubernetes_writer import KubernetesWriter
from tools.world import Preconditions, WorldError, WriteOptions, Written

SPEED = 60.0
POLICY = policy(
    {"per_namespace_per_hour": 10**6, "per_target_per_hour": 10**6, "per_incident": 10**6, "pending_max": 100},
    users=[f"U0AW{number}" for number in range(10)],
    execute_within="1h",
    ttl="1d",
)


class SharedClock:
    """Time that runs faster than the machine's, and the same in every process."""

    def __init__(self, epoch: float) -> None:
        self._epoch = epoch

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._epoch, UTC) + timedelta(seconds=(time.time() - self._epoch) * SPEED)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where one worker is to die: at the ``nth`` passing of a point. ``uids`` are those of the objects, by name.

    ``last``: begin nothing new, only finish what others left.
    """

    folder: str
    epoch: float
    point: str
    nth: int
    uids: Mapping[str, str]
    seed: int
    last: bool = False

    @classmethod
    def read(cls, line: str) -> "Plan":
        return cls(**json.loads(line))


def die() -> None:
    """SIGKILL: nothing is flushed, closed or rolled back."""
    os.kill(os.getpid(), signal.SIGKILL)


class Deadly:
    """``Checkpoints`` that end the process."""

    def __init__(self, plan: Plan) -> None:
        self._point, self._left = plan.point, plan.nth

    def passed(self, point: Point, proposal: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left <= 0:
                die()


class DyingWriter:
    """The real writer; the process dies while a request of the planned kind is on its way."""

    def __init__(self, writer: KubernetesWriter, deadly: Deadly, rng: random.Random) -> None:
        self._writer, self._deadly, self._rng = writer, deadly, rng

    async def patch(
        self,
        kind: str,
        namespace: str,
        name: str,
        patch: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        options: WriteOptions,
    ) -> Written:
        request = asyncio.create_task(self._writer.patch(kind, namespace, name, patch, options))
        if not options.dry_run:
            await asyncio.wait({request}, timeout=self._rng.choice((0.001, 0.003, 0.008, 0.02)))
            is_abort = isinstance(patch, Mapping) and "spec" not in patch
            self._deadly.passed(Point.ABORTING if is_abort else Point.IN_FLIGHT, "")
        return await request

    async def delete(self, kind: str, namespace: str, name: str, only: Preconditions, options: WriteOptions) -> Written:
        return await self._writer.delete(kind, namespace, name, only, options)

    async def evict(self, namespace: str, name: str, only: Preconditions, options: WriteOptions) -> Written:
        return await self._writer.evict(namespace, name, only, options)


async def work(plan: Plan) -> None:
    """Propose, approve and carry out every job, as if nobody else did; until it dies or is ended."""
    folder = Path(plan.folder)
    clock, rng = SharedClock(plan.epoch), random.Random(plan.seed)
    deadly = Deadly(plan)
    database = Database(f"sqlite:///{folder / 'bot.db'}")
    reader = await KubernetesApi.connect(str(folder / "kubeconfig"), None, "yard")
    writer = DyingWriter(await KubernetesWriter.connect(str(folder / "kubeconfig"), None, "yard"), deadly, rng)
    ground = Ground(database, clock, Townsfolk(left=folder), reader, writer, POLICY)
    own = engine(ground, deadly)
    while True:
        for name in rng.sample(sorted(plan.uids), len(plan.uids)):
            if not plan.last:
                await _propose(own, name, plan.uids[name])
            for proposal in await own.proposals.waiting():
                await _approve(own, proposal, plan.seed)
            await _carry_out(own)
        await own.changes.lapses.expire()
        await _settle(own)
        await asyncio.sleep(0.01)


async def _propose(own: Engine, name: str, uid: str) -> None:
    """The next change of one object, under a key that every worker would give it."""
    number = 0
    for proposal in await own.proposals.of_thread(thread_of(name)):
        number += 1
        if proposal.state not in FINAL_STATES and proposal.settled_by is None:
            return
    try:
        await own.changes.proposals.propose(ask(f"job {number}", name, seen(name, uid), "restart_deployment"))
    except WorldError:
        return


async def _approve(own: Engine, proposal: Proposal, seed: int) -> None:
    """Every worker approves what waits: the same person, twice and in two processes; and somebody without a say."""
    target = proposal.id, proposal.digest, proposal.thread.thread_ts
    for user in ("U0STRANGER", approver_of(proposal.thread.thread_ts)):
        await own.changes.decisions.decide(click(own, target, user, Verdict.APPROVE, f"{seed}:{user}"))


async def _settle(own: Engine) -> None:
    """Somebody looks at what nobody knows, so that the object can be changed again."""
    for proposal in await own.proposals.unsettled():
        target = proposal.id, proposal.digest, proposal.thread.thread_ts
        press = click(own, target, "U0AW9", Verdict.APPROVE, "settled").press
        await own.changes.settling.settle(press, REDACTOR.text("looked"))


def approver_of(name: str) -> str:
    """The one person who may approve changes of this object, as far as the campaign asks anybody."""
    return f"U0A{name.upper()}"


async def _carry_out(own: Engine) -> None:
    executor = own.changes.executor
    assert executor is not None
    while (claimed := await executor.claim()) is not None:
        ended = await executor.carry_out(claimed)
        if ended is not None and ended.state is ProposalState.SUCCEEDED:
            await executor.verification.watch(claimed)


def main(arguments: list[str]) -> None:
    """Fork a worker for each plan on standard input; say ``began PID`` and ``ended PID STATUS``."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr), processors=[_drop])
    alive: set[int] = set()
    while True:
        ready, _, _ = select.select([sys.stdin], [], [], 0.01)
        if ready:
            line = sys.stdin.readline()
            if not line:
                break
            pid = os.fork()
            if pid == 0:
                asyncio.run(work(Plan.read(line)))
                os._exit(3)
            alive.add(pid)
            print(f"began {pid}", flush=True)
        for pid in tuple(alive):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                alive.remove(pid)
                print(f"ended {pid} {os.waitstatus_to_exitcode(status)}", flush=True)
    for pid in alive:
        os.kill(pid, signal.SIGKILL)


def _drop(_logger: Any, _name: str, _event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    raise structlog.DropEvent


if __name__ == "__main__":
    main(sys.argv[1:])
