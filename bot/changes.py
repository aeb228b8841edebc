"""What the store of proposals keeps and answers: what goes in together in one transaction, and what it counts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.domain import Proposal, ProposalId, ProposalState, ThreadId, Vote
from bot.ports import Place, Rendered, Saying
from safety.redaction import Redacted, RedactedJson
from safety.validator import AnyAction, Refusal


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that happened, before it is sealed into the chain."""

    type: str
    payload: RedactedJson
    proposal: ProposalId | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CardPayload:
    """What the card shows beyond the proposal itself, kept so that it can be drawn again after a restart."""

    cluster: str
    environment: str
    risk: Redacted
    undo: Redacted
    users: tuple[str, ...]
    groups: tuple[str, ...]
    weight: Redacted | None = None


# Draws a card from what a transaction has just made true, so that no copy shows what never was.
Draw = Callable[[Proposal, CardPayload], Rendered]


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of a proposal's state; it happens only from one of ``sources`` (and under ``fence``, if given)."""

    proposal: ProposalId
    sources: tuple[ProposalState, ...]
    to: ProposalState
    audit: AuditEntry
    fields: Mapping[str, Any] = field(default_factory=dict)
    fence: int | None = None
    says: tuple[Saying, ...] = ()
    card: Draw | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What a count is about: a change in a thread, by its object and kind. ``id`` is left out of every count."""

    id: ProposalId
    thread: ThreadId
    key: str
    kind: str
    digest: str
    undo_of: ProposalId | None = None


def about(proposal: Proposal) -> About:
    """What counts against a proposal."""
    kind = proposal.action.kind
    return About(proposal.id, proposal.thread, proposal.key, kind, proposal.digest, proposal.undo_of)


@dataclass(frozen=True, slots=True)
class Tally:
    """What counts besides the object, as one transaction sees it.

    Sent within the last hour, on the object and in its namespace; ever proposed in the thread; waiting anywhere. The
    change that asks is in none of them. ``failures`` are when changes failed within
    a day, the newest first. ``denied`` are changes of the object that a person turned down within the last hour,
    ``sent`` those of a day that may have reached it.
    """

    paused: Flag | None
    in_flight: bool
    on_target: int
    in_namespace: int
    in_incident: int
    waiting: int
    failures: tuple[datetime, ...] = ()
    denied: tuple[AnyAction, ...] = ()
    sent: tuple[AnyAction, ...] = ()


# Asked inside the transaction that its answer decides: nothing can come between the count and the change.
Guard = Callable[[Tally], Refusal | None]


@dataclass(frozen=True, slots=True)
class Ballot:
    """One answer to a proposal, and its record."""

    proposal: ProposalId
    vote: Vote
    audit: AuditEntry


@dataclass(frozen=True, slots=True)
class Voted:
    """What came of a vote: the state after it, how many approve now, and why it did not count, if it did not."""

    state: ProposalState
    approvals: int
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """A request that is about to leave: under which fence, its record, and the object as it is just before."""

    proposal: ProposalId
    fence: int
    audit: AuditEntry
    before: RedactedJson | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """Who looked at a change whose outcome was unknown, and what they found."""

    proposal: ProposalId
    by: str
    note: Redacted


@dataclass(frozen=True, slots=True)
class Copy:
    """One place where a proposal's card stands; ``ts`` is None until it was posted there."""

    key: str
    place: Place
    ts: str | None


def card_key(proposal: str) -> str:
    """The outbox key of a proposal's first card."""
    return f"proposal:{proposal}"


class ProposalStore(Protocol):
    """Proposals. A state change, its audit row and its outbox rows commit together or not at all."""

    async def create(
        self,
        proposal: Proposal,
        payload: CardPayload,
        entry: AuditEntry,
        guard: Guard | None = None,
        card: Draw | None = None,
    ) -> bool | Refusal:
        """Store it, and cancel what waits for the same object in the same thread; False when it was there already."""

    async def get(self, proposal: ProposalId) -> Proposal | None: ...

    async def payload(self, proposal: ProposalId) -> CardPayload: ...

    async def tally(self, wanted: About, now: datetime) -> Tally: ...

    async def move(self, transition: Transition, now: datetime) -> bool:
        """False when the proposal is not (any more) in a state the transition starts from."""

    async def vote(self, ballot: Ballot, card: Draw, now: datetime) -> Voted:
        """Count one answer. The last approval that is needed makes it APPROVED, any denial DENIED."""

    async def claim(self, now: datetime, lease_until: datetime, approved_after: datetime) -> Proposal | None:
        """Take one approved since then, or one whose lease ran out: EXECUTING with a new fence, and its intent row."""

    async def recover(self, now: datetime) -> int:
        """End the leases of an earlier process that is dead for certain; answers how many there were."""

    async def holds(self, proposal: ProposalId, fence: int, lease_until: datetime) -> bool:
        """Whether it is still EXECUTING under this fence; extends the lease when it is."""

    async def sending(self, sending: Sending, now: datetime, guard: Guard | None = None) -> bool | Refusal:
        """Note, before a request leaves, that one may have been sent. False when the fence is another's."""

    async def was_sent(self, proposal: ProposalId) -> bool: ...

    async def sent_at(self, proposal: ProposalId) -> datetime | None:
        """When a request left last."""

    async def before(self, proposal: ProposalId) -> Mapping[str, Any] | None:
        """The object as it was just before the first request left."""

    async def settle(self, settlement: Settlement, entry: AuditEntry, card: Draw, now: datetime) -> bool:
        """Once, for an outcome that nobody knew: who looked, and what they found."""

    async def of_thread(self, thread: ThreadId) -> Sequence[Proposal]: ...

    async def due(self, now: datetime, approved_before: datetime) -> Sequence[Proposal]:
        """PENDING past their time, and APPROVED that nobody started in time."""

    async def unverified(self) -> Sequence[Proposal]:
        """SUCCEEDED ones whose effect was never reported."""

    async def set_verified(
        self, proposal: ProposalId, verdict: str, entry: AuditEntry, now: datetime, says: Sequence[Saying] = ()
    ) -> bool:
        """Once; False when somebody reported already."""

    async def placed(self, proposal: ProposalId, message_ts: str) -> None: ...

    async def copied(self, proposal: ProposalId, copy: Copy) -> None:
        """Note another place where its card stands; from then on it changes there as well."""

    async def copies(self, proposal: ProposalId) -> Sequence[Copy]: ...

    async def in_flight(self, target: str) -> bool: ...

    async def decided_since(self, since: datetime) -> Sequence[Proposal]:
        """Those that somebody approved or denied since then, whatever became of them."""

    async def open_count(self) -> int: ...

    async def waiting(self) -> Sequence[Proposal]:
        """PENDING and APPROVED ones, the newest first."""

    async def twin(self, wanted: About) -> Proposal | None:
        """The same change, waiting or running already."""

    async def unsettled(self) -> Sequence[Proposal]:
        """UNKNOWN ones that nobody has looked at, the oldest first."""
