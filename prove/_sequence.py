"""One random sequence on the real engine: two of them on one store, and everything around them that can happen."""

import random
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from bot.adapters.store.database import Database
from bot.domain import Proposal, ProposalId, ProposalState
from bot.flows.judging import PAUSED
from bot.lifecycle import FINAL_STATES, MOVES, STEPS, Point
from bot.stores import AuditEntry
from prove._direct import DirectCluster, Fate
from prove._engine import NAMESPACE, REDACTOR, Engine, Ground, Townsfolk, ask, click, engine, seen, thread_of
from prove._yard import Ledger
from safety.actions import ActionKind, digest
from safety.approval import Verdict
from safety.policy import Policy
from tests.fakes import START, FixedClock

NAMES, THREADS = ("w0", "w1", "w2"), ("1.0", "2.0", "3.0")
ENTITLED = ("U0E0", "U0E1", "U0E2")
EVERYBODY = (*ENTITLED, "U0S0", "B0BOT")
S = ProposalState
LIMITS = {"per_namespace_per_hour": 3, "per_target_per_hour": 1, "per_incident": 3, "pending_max": 4}


def rules(count: int) -> Policy:
    rule = {"environments": ["dev"], "not_during_rollout": False}
    return Policy.model_validate(
        {
            "version": 1,
            "environments": {"dev": {"namespaces": [NAMESPACE]}},
            "actions": {"restart_deployment": rule, "scale_deployment": {"environments": ["dev"]}},
            "approvals": {"default": {"users": list(ENTITLED), "count": count}},
            "limits": LIMITS,
        }
    )


WHILE_EXECUTING = (Point.CLAIMED, *STEPS, Point.RETREATED, Point.ABORTED, Point.RECORDED)


class Crash(BaseException):
    """The process dies here."""


class Sequence:
    """Plays steps and notes what does not hold."""

    def __init__(self, seed: int, file: Path, database: Database) -> None:
        self.rng, self._eyes = random.Random(seed), sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)
        self.clock, self.people = FixedClock(), Townsfolk()
        self.cluster = DirectCluster(NAMES, self.rng, START)
        self.ledger = Ledger(self.cluster.store, file)
        self.database = database
        self.policy = rules(self.rng.choice((1, 1, 2)))
        self.failures: list[str] = []
        self.crashes = 0
        self._states: dict[str, ProposalState] = {}
        self._dies: tuple[Point, int] | None = None
        self._paused = False
        self._engines = [self._built(), self._built()]
        self._held: list[tuple[int, Proposal]] = []
        self._number = 0

    # ---- what is told at every point --------------------------------------------------------------------------------

    def passed(self, point: Point, proposal: str) -> None:
        if point is Point.NOTED:
            self._judge_send(proposal)
        if self._dies is not None and self._dies[0] is point:
            self._dies = (point, self._dies[1] - 1) if self._dies[1] > 1 else None
            if self._dies is None:
                raise Crash

    def _judge_send(self, proposal: str) -> None:
        """When a request may leave: nobody who approved has left, nothing is paused, no limit is passed."""
        for (user,) in self._rows("SELECT user FROM votes WHERE proposal = ? AND verdict = 'approve'", proposal):
            if user in self.people.gone:
                self.failures.append(f"{proposal} is sent although {user} has left")
        if self._paused:
            self.failures.append(f"{proposal} is sent although changes are paused")
        since = stored_at(self.clock.now() - timedelta(hours=1))
        recent = self._rows(
            "SELECT DISTINCT p.id, p.target, p.undo_of FROM executions e JOIN proposals p ON p.id = e.proposal "
            "WHERE e.sent_at >= ?",
            since,
        )
        undone = sum(each[2] is not None for each in recent)
        if len(recent) > LIMITS["per_namespace_per_hour"] + undone:
            self.failures.append(f"{proposal}: {len(recent)} changes in the namespace within an hour")
        target = next((each[1] for each in recent if each[0] == proposal), None)
        on_it = [each for each in recent if each[1] == target]
        if len(on_it) > LIMITS["per_target_per_hour"] + sum(each[2] is not None for each in on_it):
            self.failures.append(f"{proposal}: {len(on_it)} changes of the object within an hour")

    # ---- the steps --------------------------------------------------------------------------------------------------

    async def play(self, steps: int) -> None:
        """So many steps, each followed by a look at every rule; then everything is brought to its end."""
        kinds: Mapping[Callable[[Engine], Awaitable[None]], int] = {
            self._propose: 11,
            self._vote: 18,
            self._carry_out: 9,
            self._claim_only: 2,
            self._go_on: 3,
            self._pass_time: 4,
            self._others: 3,
            self._trouble: 3,
            self._undo: 2,
            self._switch: 1,
            self._settle: 1,
            self._lapse: 1,
        }
        mortal = {
            self._propose: (Point.PROPOSED,),
            self._vote: (Point.VOTED,),
            self._carry_out: WHILE_EXECUTING,
            self._go_on: WHILE_EXECUTING,
        }
        for _ in NAMES:
            await self._propose(self._engines[0])
        for _ in range(steps):
            (step,) = self.rng.choices(list(kinds), list(kinds.values()))
            which = self.rng.randrange(2)
            if step in mortal and self.rng.random() < 0.3:
                self._dies = self.rng.choice(mortal[step]), 1
            try:
                await step(self._engines[which])
            except Crash:
                self.crashes += 1
                self._engines[which] = self._built()
                self._held = [each for each in self._held if each[0] != which]
            self._dies = None
            await self._look()
        await self._finish()
        await self._look()

    async def _propose(self, own: Engine) -> None:
        self._number += 1
        name = self.rng.choice(NAMES)
        held = await self.cluster.get("Deployment", NAMESPACE, name) if not self.cluster.down else None
        if held is None:
            return
        restart = self.rng.random() < 0.5
        kind: ActionKind = "restart_deployment" if restart else "scale_deployment"
        to = None if restart else self.rng.choice((2, 4, 5))
        requester = self.rng.choice((None, None, *ENTITLED))
        looked = seen(name, held["metadata"]["uid"])
        wish = ask(f"n{self._number}", self.rng.choice(THREADS), looked, kind, requester, to)
        await own.changes.proposals.propose(wish)

    async def _vote(self, own: Engine) -> None:
        found = await self._any(own)
        if found is None:
            return
        verdict = Verdict.DENY if self.rng.random() < 0.08 else Verdict.APPROVE
        value = digest(found.action, "another policy") if self.rng.random() < 0.05 else found.digest
        target = found.id, value, found.thread.thread_ts
        key = str(self.rng.random())
        user = self.rng.choice((*ENTITLED, *EVERYBODY))
        await own.changes.decisions.decide(click(own, target, user, verdict, key))

    async def _carry_out(self, own: Engine) -> None:
        assert own.changes.executor is not None
        claimed = await own.changes.executor.claim()
        if claimed is not None:
            await own.changes.executor.carry_out(claimed)

    async def _claim_only(self, own: Engine) -> None:
        """A worker that is held up right after its claim; what it does later it does as one who was left behind."""
        assert own.changes.executor is not None
        claimed = await own.changes.executor.claim()
        if claimed is not None:
            self._held.append((self._engines.index(own), claimed))

    async def _go_on(self, own: Engine) -> None:
        if not self._held:
            return
        which, claimed = self._held.pop(self.rng.randrange(len(self._held)))
        executor = self._engines[which].changes.executor
        assert executor is not None
        await executor.carry_out(claimed)

    async def _pass_time(self, _own: Engine) -> None:
        self.clock.pass_by(seconds=self.rng.choice((1, 5, 5, 20, 31, 40, 100, 200, 400, 1900, 3700)))

    async def _others(self, _own: Engine) -> None:
        name = self.rng.choice(NAMES)
        if self.rng.random() < 0.1:
            self.cluster.replace(name)
        elif self.rng.random() < 0.5:
            self.cluster.foreign_write(name)
        else:
            self.cluster.deliver_late()

    async def _trouble(self, _own: Engine) -> None:
        self.cluster.down = self.rng.random() < 0.15
        self.cluster.fates = (Fate.ARRIVES, *self.rng.sample(list(Fate), self.rng.randrange(3)))
        user = self.rng.choice(ENTITLED)
        self.people.gone = {user} if self.rng.random() < 0.2 else set()

    async def _undo(self, own: Engine) -> None:
        found = await self._any(own, S.SUCCEEDED)
        if found is not None:
            target = found.id, found.digest, found.thread.thread_ts
            press = click(own, target, self.rng.choice(EVERYBODY), Verdict.APPROVE, str(self.rng.random())).press
            await own.changes.undoing.undo(press)

    async def _switch(self, own: Engine) -> None:
        await self._pause(own, self.rng.random() < 0.5)

    async def _pause(self, own: Engine, wanted: bool) -> None:
        entry = AuditEntry("mode.changed", REDACTOR.json({"paused": wanted}))
        flags = own.stores.flags
        if wanted:
            await flags.set(PAUSED, "U0E0", self.clock.now(), entry)
        else:
            await flags.clear(PAUSED, self.clock.now(), entry)
        self._paused = wanted

    async def _settle(self, own: Engine) -> None:
        for found in await own.proposals.unsettled():
            target = found.id, found.digest, found.thread.thread_ts
            press = click(own, target, self.rng.choice(EVERYBODY), Verdict.APPROVE, str(self.rng.random())).press
            await own.changes.settling.settle(press, REDACTOR.text("looked"))

    async def _lapse(self, own: Engine) -> None:
        if self.rng.random() < 0.1:
            await own.changes.lapses.cancel(thread_of(self.rng.choice(THREADS)), "the incident is over")
        await own.changes.lapses.expire()

    async def _any(self, own: Engine, state: ProposalState | None = None) -> Proposal | None:
        """Mostly one that waits."""
        wanted = state or (S.PENDING if self.rng.random() < 0.8 else None)
        rows = [each for (each, found) in self._rows("SELECT id, state FROM proposals") if wanted in (None, found)]
        return await own.proposals.get(ProposalId(self.rng.choice(rows))) if rows else None

    async def _finish(self) -> None:
        """The trouble is over: whatever was approved must come to an end now."""
        own = self._engines[0] = self._built()
        self.cluster.down, self.cluster.fates = False, (Fate.ARRIVES,)
        await self._pause(own, False)
        for _ in range(12):
            if not (self.cluster.late or self._open()):
                break
            self.clock.pass_by(minutes=6)
            await own.changes.lapses.expire()
            await self._carry_out(own)
            while self.cluster.late:
                self.cluster.deliver_late()
        self.failures += [f"lost: {proposal} is {state} in the end" for proposal, state in self._open()]
        for (proposal,) in self._rows("SELECT id FROM proposals"):
            if not self._rows("SELECT 1 FROM outbox WHERE key = ?", f"proposal:{proposal}"):
                self.failures.append(f"nobody was told of {proposal}")
        verified = await own.stores.audit.verify()
        if verified.fault is not None:
            self.failures.append(f"the audit log breaks: {verified.fault.why}")

    def _open(self) -> list[tuple[str, ...]]:
        """What has no end yet, with its state."""
        ended = {each.value for each in FINAL_STATES} | {S.UNKNOWN.value}
        return [each for each in self._rows("SELECT id, state FROM proposals") if each[1] not in ended]

    # ---- the rules --------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        found = {row[0]: S(row[1]) for row in self._rows("SELECT id, state FROM proposals")}
        for proposal, state in found.items():
            before = self._states.get(proposal, S.PENDING)
            if state is not before and state not in _within_reach(before):
                self.failures.append(f"{proposal} went from {before.value} to {state.value}")
        self._states = found
        self.failures += self.ledger.judged({each: state.value for each, state in found.items()})
        self._judge_approvals()
        waiting = sum(each is S.PENDING for each in found.values())
        if waiting > LIMITS["pending_max"] + sum(
            1 for _ in self._rows("SELECT 1 FROM proposals WHERE undo_of IS NOT NULL")
        ):
            self.failures.append(f"{waiting} proposals wait")

    def _judge_approvals(self) -> None:
        rows = self._rows(
            "SELECT p.id, p.requested_by, p.needed, p.digest, p.expires_at, v.user, v.digest, v.at FROM proposals p "
            "JOIN votes v ON v.proposal = p.id AND v.verdict = 'approve' "
            "WHERE p.state IN ('APPROVED', 'EXECUTING', 'SUCCEEDED')"
        )
        by_proposal: dict[str, list[tuple[str, ...]]] = {}
        for row in rows:
            by_proposal.setdefault(row[0], []).append(row)
            id_, requester, _, bound, expires, user, voted, at = row
            if user == requester or user not in ENTITLED or voted != bound or at >= expires:
                self.failures.append(f"{id_}: the vote of {user} must not count")
        for id_, cast in by_proposal.items():
            if len({each[5] for each in cast}) < int(cast[0][2]):
                self.failures.append(f"{id_} moved on with {len(cast)} approvals")

    async def close(self) -> None:
        """Let go of the file, so that the next sequence can have it."""
        self._eyes.close()
        await self.database.close()

    def ends(self) -> list[str]:
        """The states that its proposals have now."""
        return [each.value for each in self._states.values()]

    def _rows(self, sql: str, *values: str) -> list[tuple[str, ...]]:
        return self._eyes.execute(sql, values).fetchall()

    def _built(self) -> Engine:
        ground = Ground(self.database, self.clock, self.people, self.cluster, self.cluster, self.policy, plain=True)
        return engine(ground, self)


def _within_reach(state: ProposalState) -> set[ProposalState]:
    """Every state that some moves lead to; of several within one step only the last is seen."""
    found = {state}
    while more := {to for each in found for to in MOVES.get(each, ())} - found:
        found |= more
    return found


def stored_at(at: datetime) -> str:
    """A time as the database keeps it."""
    return at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
