"""What the flows remember through: one plain noun per store, and the records that go in together in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.changes import About as About
from bot.changes import AuditEntry as AuditEntry
from bot.changes import Ballot as Ballot
from bot.changes import CardPayload as CardPayload
from bot.changes import Copy as Copy
from bot.changes import Draw as Draw
from bot.changes import Flag as Flag
from bot.changes import Guard as Guard
from bot.changes import ProposalStore as ProposalStore
from bot.changes import Sending as Sending
from bot.changes import Settlement as Settlement
from bot.changes import Tally as Tally
from bot.changes import Transition as Transition
from bot.changes import Voted as Voted
from bot.changes import about as about
from bot.changes import card_key as card_key
from bot.domain import (
    Alert,
    Exchange,
    Inbound,
    InboxId,
    IncidentReport,
    Investigation,
    InvestigationId,
    ProposalId,
    ReportedChange,
    Thread,
    ThreadId,
    Triaged,
)
from safety.audit import AuditRecord, Verified
from safety.checkpoint import Checkpoint
from safety.redaction import Redacted, RedactedJson
from tools.evidence import Category


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something to be stored before it is acknowledged.

    ``event_key`` names the delivery, ``message_key`` the message behind it (a mention arrives as two events).
    ``lane`` orders: what shares a lane is handled one after the other, by ``sort_ts``.
    """

    event_key: str
    kind: str
    lane: str
    sort_ts: str
    payload: RedactedJson
    thread: ThreadId | None = None
    message_key: str | None = None


class InboxStore(Protocol):
    """What Slack delivered, stored once per event and once per message."""

    async def put(self, arrival: Arrival, now: datetime) -> bool:
        """False when it was already there."""

    async def next(self, busy_lanes: frozenset[str], now: datetime) -> tuple[Inbound, str] | None:
        """Take the next waiting one (and its lane) whose lane is not busy."""

    async def finish(self, inbox_id: InboxId, failed: bool = False) -> None: ...

    async def retry(self, inbox_id: InboxId, not_before: datetime) -> None: ...

    async def has(self, message_key: str) -> bool:
        """Whether this message was taken."""

    async def recover(self) -> int:
        """Make what was taken but not finished waiting again; answers how many."""


class ThreadStore(Protocol):
    """Conversations, keyed by (team, channel, thread_ts)."""

    async def open(self, thread: Thread) -> Thread:
        """Store it unless it exists; answers what is stored."""

    async def get(self, thread: ThreadId) -> Thread | None: ...

    async def touch(self, thread: ThreadId, expires_at: datetime, summary: Redacted | None) -> None: ...

    async def remember(self, key: str, thread: ThreadId, exchange: Exchange) -> None:
        """Once per key."""

    async def history(self, thread: ThreadId, since: datetime) -> Sequence[Exchange]: ...

    async def count(self, now: datetime) -> int:
        """How many are alive."""

    async def recent(self, limit: int) -> Sequence[Thread]:
        """The newest first."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A run that found a cause: when the incident began, as far as it knew, and when it looked."""

    run: InvestigationId
    began_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Blamed:
    """A run that named a culprit: the cause's category, the object it was in, the change, and when it looked."""

    run: InvestigationId
    category: Category
    subject: str
    change: ReportedChange
    seen_at: datetime


class InvestigationStore(Protocol):
    async def begin(self, wanted: Investigation) -> Investigation:
        """Store it, or count another attempt at the stored one; answers what is stored."""

    async def triaged(self, investigation: InvestigationId, triaged: Triaged, began_at: datetime) -> None: ...

    async def with_cause(self, report: IncidentReport, since: datetime) -> Sequence[Seen]:
        """The runs since then that found the same cause in the same object of the same cluster."""

    async def with_culprit(self, report: IncidentReport, since: datetime) -> Sequence[Blamed]:
        """The runs since then in the same cluster that blamed a change of a branch or ticket: bounded, newest first."""

    async def last_fix(self, report: IncidentReport, since: datetime) -> str | None:
        """The newest change that helped in a thread of such a run, in words."""

    async def done(self, investigation: InvestigationId, failed: bool = False) -> None: ...

    async def get(self, investigation: InvestigationId) -> Investigation | None: ...

    async def latest(self, thread: ThreadId) -> Investigation | None:
        """The newest with a picture."""

    async def running(self) -> int: ...


@dataclass(frozen=True, slots=True)
class KnownAlert:
    """An alert as it is counted: the thread it leads to, and how often it was seen."""

    thread: ThreadId
    count: int
    firing: bool
    first_at: datetime
    last_at: datetime


class Sighting(StrEnum):
    """What one more message about an alert means."""

    OPENS = "opens"
    REPEATS = "repeats"
    RESOLVES = "resolves"
    SAYS_NOTHING_NEW = "says nothing new"


class AlertStore(Protocol):
    async def seen(self, alert: Alert, message: ThreadId, now: datetime) -> tuple[Sighting, KnownAlert]:
        """Count an alert. ``message`` is where it stands: the thread of a new episode."""


class AuditStore(Protocol):
    async def append(self, entry: AuditEntry, now: datetime) -> None: ...

    async def records(self, proposal: ProposalId | None = None) -> Sequence[AuditRecord]: ...

    async def since(self, at: datetime) -> Sequence[AuditRecord]:
        """Those of that time and later, in order."""

    async def latest(self, type_: str) -> AuditRecord | None:
        """The newest record of a type."""

    async def verify(self) -> Verified: ...

    async def count(self) -> int: ...

    async def head(self) -> tuple[int, str]:
        """How many records there are, and the hash of the last (``GENESIS`` when there is none)."""


class LedgerUnusable(Exception):
    """The checkpoints cannot be read, checked or written; the message says which and what to do."""


class CheckpointLedger(Protocol):
    """Signed checkpoints of the audit log, kept outside the database."""

    def append(self, checkpoint: Checkpoint) -> str:
        """Sign it and keep it, durable when this returns; answers the note. May raise ``LedgerUnusable``."""

    def read(self) -> Sequence[Checkpoint]:
        """All of them with their signatures checked, the oldest first. May raise ``LedgerUnusable``."""


class FlagStore(Protocol):
    """Switches that people set, such as ``paused``."""

    async def get(self, name: str) -> Flag | None: ...

    async def set(self, name: str, by: str, now: datetime, entry: AuditEntry) -> None: ...

    async def clear(self, name: str, now: datetime, entry: AuditEntry) -> None: ...


@dataclass(frozen=True, slots=True)
class Stores:
    """All of them."""

    inbox: InboxStore
    threads: ThreadStore
    investigations: InvestigationStore
    proposals: ProposalStore
    alerts: AlertStore
    audit: AuditStore
    flags: FlagStore
