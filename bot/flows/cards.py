"""The cards of proposals: what stands on them, where their copies are, and who pressed which button on one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from bot.domain import Proposal, ProposalId, ProposalState
from bot.flows.judging import Judge
from bot.messages import Card, Notice, Tone
from bot.ports import Chat, ChatFault, Place, Rendered, Saying
from bot.provenance import Actor
from bot.stores import AuditEntry, CardPayload, Copy, card_key
from safety.redaction import Redacted

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Press:
    """A button as it was pressed: everything in it is checked against what is stored."""

    key: str
    place: Place
    message_ts: str
    user: str
    user_team: str
    value: str
    at: datetime
    name: str | None = None

    @property
    def actor(self) -> Actor:
        """Whoever pressed it, for the record."""
        return Actor("person", self.user, self.name, self.user_team)


class Cards:
    """Draws, shows and finds cards; every copy of one says the same."""

    def __init__(self, judge: Judge, chat: Chat) -> None:
        self.judge, self.chat = judge, chat
        self._store = judge.stores.proposals

    # ---- shown --------------------------------------------------------------------------------------------------

    def draw(self, proposal: Proposal, payload: CardPayload) -> Rendered:
        """The card of a proposal as it stands; drawn within the transaction that made it so."""
        return self.chat.compose(self._card(proposal, payload))

    def starts_at(self, proposal: Proposal) -> datetime:
        """When the policy votes for what it approves: so long anybody who may approve it may still say no."""
        return proposal.created_at + self.judge.policy.grace

    def _card(self, proposal: Proposal, payload: CardPayload) -> Card:
        return card_of(proposal, payload, self.starts_at(proposal) if proposal.by_policy else None)

    async def show(self, proposal: Proposal) -> str:
        """See to it that the first card stands in its thread; its ts. Raises ``ChatFault``."""
        key, place = card_key(proposal.id), place_of(proposal)
        ts = await self.chat.deliver(key)
        if ts is None:
            payload = await self._store.payload(proposal.id)
            ts = await self.chat.say(key, place, self._card(proposal, payload))
        await self._store.placed(proposal.id, ts)
        return ts

    async def copy_to(self, proposal: Proposal, key: str, place: Place) -> None:
        """Show the same card in another place as well; from now on both change together."""
        await self._store.copied(proposal.id, Copy(key, place, None))
        fresh = await self._store.get(proposal.id)
        await self.chat.say(key, place, self._card(fresh or proposal, await self._store.payload(proposal.id)))

    async def deliver(self, proposal: ProposalId, *more: str) -> None:
        """Send what a transaction put in the outbox: every copy of the card, and these."""
        keys = [each.key for each in await self._store.copies(proposal)]
        for key in (*keys, *more):
            try:
                await self.chat.deliver(key)
            except ChatFault as fault:
                # It is stored: the outbox is tried again until the chat takes it.
                log.warning("outcome_not_shown", key=key, code=fault.code)

    def saying(self, proposal: Proposal, what: str, notice: Notice) -> Saying:
        """A line for the thread, to go in with the transaction that makes it true."""
        return Saying(f"{card_key(proposal.id)}:{what}", place_of(proposal), self.chat.compose(notice))

    # ---- pressed ------------------------------------------------------------------------------------------------

    async def pressed(self, press: Press) -> Proposal | None:
        """The proposal whose button this is; None, and a word to whoever pressed it, when there is no such card."""
        proposal_id, _, prefix = press.value.partition(":")
        proposal = await self._store.get(ProposalId(proposal_id))
        if proposal is not None and prefix and proposal.digest.removeprefix("sha256:").startswith(prefix):
            for copy in await self._store.copies(proposal.id):
                # A quick click may come before the card's own ts is noted.
                same = copy.ts is None or press.message_ts in (copy.ts, "")
                if same and (copy.place.team, copy.place.channel) == (press.place.team, press.place.channel):
                    return proposal
        await self.whisper(press, "this button belongs to no proposal I know; ask again for a new one")
        return None

    async def refuse(self, press: Press, proposal: Proposal, what: str, why: str) -> None:
        """No, said to the one who pressed and to nobody else, and written down."""
        entry = self.entry(f"{what}.refused", proposal, press.actor, why=why)
        await self.judge.stores.audit.append(entry, self.judge.clock.now())
        await self.whisper(press, f"not {_PAST.get(what, what)}: {why}")

    async def whisper(self, press: Press, text: str) -> None:
        message = Notice(self.words(text), Tone.WARNING)
        await self.chat.whisper(f"click:{press.key}", press.place, press.user, message)

    # ---- small things -------------------------------------------------------------------------------------------

    def entry(self, type_: str, proposal: Proposal, by: Actor, **more: Any) -> AuditEntry:
        return self.judge.records.entry(type_, by, proposal, **more)

    def words(self, text: str) -> Redacted:
        return self.judge.redactor.text(text)


_PAST = {"undo": "taken back", "settlement": "settled"}


def card_of(proposal: Proposal, payload: CardPayload, starts_at: datetime | None = None) -> Card:
    """The message behind the card; ``starts_at`` is when the policy votes, where it does."""
    reversible = proposal.state is ProposalState.SUCCEEDED and proposal.action.kind in REVERSIBLE
    return Card(
        proposal,
        payload.cluster,
        payload.environment,
        payload.users,
        payload.groups,
        payload.risk,
        payload.undo,
        can_undo=reversible and proposal.undo_of is None,
        weight=payload.weight,
        starts_at=starts_at,
    )


# What has a way back that is itself an action.
REVERSIBLE = frozenset({"rollback_deployment", "rollback_stateful_set", "rollback_daemon_set", "scale_deployment"})


def place_of(proposal: Proposal) -> Place:
    """The thread in which it was proposed."""
    return Place(proposal.thread.team, proposal.thread.channel, proposal.thread.thread_ts)
