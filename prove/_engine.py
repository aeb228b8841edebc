"""The engine between its real store and some cluster, for the proofs: the parts that ship, with people made up."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.adapters import slack_blocks
from bot.adapters.store.database import Database
from bot.adapters.store.outbox import Outbox, Parcel
from bot.changes import ProposalStore
from bot.domain import ProposalId, ThreadId, WantedChange
from bot.flows.cards import Press
from bot.flows.deciding import Click
from bot.flows.judging import Judge
from bot.flows.proposals import Ask
from bot.flows.remediation import Conduct, Remediation, remediation
from bot.lifecycle import Checkpoints
from bot.messages import Message
from bot.ports import Clock, Place, Rendered, Saying
from bot.stores import Stores
from bot.wiring import make_stores
from safety.actions import ActionKind, Digest
from safety.approval import Verdict
from safety.policy import Mode, Policy
from safety.redaction import Redactor
from tools.evidence import ObjectRef, SeenObject
from tools.kubernetes.catalogue import catalogue
from tools.world import ClusterReader, ClusterWriter, Order, Reader, Writer

TEAM, CHANNEL = "T0YARD", "C0YARD"
NAMESPACE = "yard-dev"
REDACTOR = Redactor()


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for databases, in memory where the system has such a place: processes are killed here, not disks."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)


def policy(limits: Mapping[str, int], **approval: object) -> Policy:
    """Restarts and rollbacks of what stands in the yard."""
    rule = {"environments": ["dev"], "not_during_rollout": False}
    return Policy.model_validate(
        {
            "version": 1,
            "environments": {"dev": {"namespaces": [NAMESPACE]}},
            "actions": {"restart_deployment": rule, "rollback_deployment": rule},
            "approvals": {"default": approval},
            "limits": limits,
        }
    )


_PLAIN = Rendered(REDACTOR.text("a message"))


class StoredChat:
    """A chat that takes everything at once: what the outbox holds stands in it as soon as it is delivered.

    ``plain``: of a message only its kind is said, because drawing cards costs more than all the rest.
    """

    def __init__(self, outbox: Outbox, clock: Clock, plain: bool) -> None:
        self._outbox, self._clock, self._plain = outbox, clock, plain
        self.whispered: list[tuple[str, str]] = []

    def compose(self, message: Message) -> Rendered:
        return _PLAIN if self._plain else slack_blocks.compose(message)

    async def say(self, key: str, place: Place, message: Message) -> str:
        await self._outbox.put(Saying(key, place, self.compose(message)), self._clock.now())
        return await self.deliver(key) or ""

    async def progress(self, key: str, place: Place, message: Message) -> None:
        await self.say(key, place, message)

    async def soon(self, key: str, place: Place, message: Message) -> None:
        await self.say(key, place, message)

    async def whisper(self, key: str, place: Place, user: str, message: Message) -> None:
        self.whispered.append((user, key))

    async def parcel(self, key: str) -> Parcel:
        """What stands in the chat under a key."""
        found = await self._outbox.get(key)
        assert found is not None, f"nothing was said under {key}"
        return found

    async def deliver(self, key: str) -> str | None:
        parcel = await self._outbox.get(key)
        if parcel is None:
            return None
        if parcel.state != "sent":
            await self._outbox.sent(parcel, parcel.ts or f"ts.{key}")
        return parcel.ts or f"ts.{key}"


class Townsfolk:
    """``People``: all are members but bots and those who left, which another process says by a file ``left.NAME``."""

    def __init__(self, group: Sequence[str] = (), left: Path | None = None) -> None:
        self.group, self._left = tuple(group), left
        self.gone: set[str] = set()

    async def is_active_human(self, user: str, team: str) -> bool:
        left = self._left is not None and (self._left / f"left.{user.removeprefix('U0A').lower()}").exists()
        return team == TEAM and user not in self.gone and not left and not user.startswith("B")

    async def members(self, group: str) -> Sequence[str]:
        return self.group

    async def in_channel(self, channel: str) -> Sequence[str]:
        return self.group


@dataclass(frozen=True, slots=True)
class Ground:
    """What an engine stands on."""

    database: Database
    clock: Clock
    people: Townsfolk
    reader: ClusterReader
    writer: ClusterWriter
    policy: Policy
    plain: bool = False
    mode: Mode = "approve"


@dataclass(frozen=True, slots=True)
class Engine:
    """One process's engine."""

    changes: Remediation
    judge: Judge
    chat: StoredChat
    stores: Stores

    @property
    def proposals(self) -> ProposalStore:
        return self.stores.proposals


def engine(ground: Ground, checkpoints: Checkpoints, *, alone: bool = False) -> Engine:
    """Everything between a wish and its effect, as wiring puts it together."""
    stores, world = make_stores(ground.database, REDACTOR), Reader(ground.reader, REDACTOR)
    chat = StoredChat(Outbox(ground.database), ground.clock, ground.plain)
    judge = Judge(ground.policy, ground.mode, stores, ground.people, ground.clock, world, REDACTOR, TEAM)

    def writer_for(order: Order) -> Writer:
        return Writer(world, ground.writer, order)

    conduct = Conduct(timedelta(0), alone, checkpoints)
    return Engine(remediation(judge, chat, catalogue(), writer_for, conduct), judge, chat, stores)


def thread_of(name: str) -> ThreadId:
    return ThreadId(TEAM, CHANNEL, name)


def ask(
    key: str, thread: str, seen: SeenObject, kind: ActionKind, requested_by: str | None = None, to: int | None = None
) -> Ask:
    """A wish for a change of an object as it was seen; ``to`` is how many replicas."""
    wanted = WantedChange(kind, seen.handle, REDACTOR.text("because"), reason_by_rules=True, to_replicas=to)
    return Ask(key, thread_of(thread), wanted, seen, requested_by)


def seen(name: str, uid: str) -> SeenObject:
    return SeenObject("O1", ObjectRef("Deployment", NAMESPACE, name), uid, 1)


def click(engine: Engine, target: tuple[ProposalId, Digest, str], user: str, verdict: Verdict, key: str) -> Click:
    """A press on the first card of a proposal, given as its id, digest and thread."""
    proposal, digest, thread = target
    place, value = Place(TEAM, CHANNEL, thread), f"{proposal}:{digest.removeprefix('sha256:')[:16]}"
    press = Press(key, place, "", user, TEAM, value, engine.judge.clock.now())
    return Click(press, verdict, REDACTOR.text("no") if verdict is Verdict.DENY else None)
