"""Propose, decide, expire: everything about a change up to the moment it may run.

A click carries only the proposal's id and the start of the digest that its card showed; the action itself is read
from the store. Who may approve is asked when the click is handled, and again when the change runs.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from bot.domain import Proposal, ProposalId, ProposalState, ThreadId, WantedChange
from bot.flows.judging import PAUSED, Judge
from bot.messages import Card, NotAllowed, Notice, Tone
from bot.ports import Chat, ChatFault, Place, Saying
from bot.stores import AuditEntry, CardPayload, Transition
from safety.actions import ACTION_KINDS, RestartDeployment, RollbackDeployment, digest
from safety.approval import Decision, Verdict, acceptable
from safety.drafts import Wish, draft
from safety.redaction import Redacted
from safety.risk import of_kind
from safety.validator import AnyAction, Facts, Refusal
from tools.evidence import SeenObject
from tools.kubernetes.facts import read_before_after
from tools.tool import Catalogue
from tools.world import Order, WorldError, Writer

log = structlog.get_logger()

WriterFor = Callable[[Order], Writer]


@dataclass(frozen=True, slots=True)
class Ask:
    """A change to propose, and where: the object as the investigation saw it, and who asked in words, if anybody."""

    key: str
    thread: ThreadId
    wanted: WantedChange
    seen: SeenObject
    requested_by: str | None


@dataclass(frozen=True, slots=True)
class Click:
    """An answer as it arrived: everything in it is checked against what is stored."""

    key: str
    place: Place
    message_ts: str
    user: str
    user_team: str
    value: str
    verdict: Verdict
    reason: Redacted | None
    at: datetime


class Proposals:
    """Proposals up to their decision; ``Executor`` takes them from there."""

    def __init__(
        self,
        judge: Judge,
        chat: Chat,
        catalogue: Catalogue,
        writer_for: WriterFor | None,
        wake_executor: Callable[[], None],
    ) -> None:
        self._judge, self._chat, self._catalogue = judge, chat, catalogue
        self._writer_for, self._wake = writer_for, wake_executor
        self._store = judge.stores.proposals

    async def propose(self, ask: Ask) -> Proposal | None:
        """Show a card, or say every reason why there is none."""
        place = Place(ask.thread.team, ask.thread.channel, ask.thread.thread_ts)
        proposal_id = ProposalId("p_" + hashlib.sha256(f"{ask.thread}:{ask.key}".encode()).hexdigest()[:16])
        known = await self._store.get(proposal_id)
        if known is not None:
            return await self._show(known, place)
        try:
            proposal, refused = await self._draft(proposal_id, ask)
        except WorldError as error:
            refused, proposal = (self._words(f"its state could not be read: {error}"),), None
        if proposal is None:
            await self._refuse(ask, proposal_id, refused, place)
            return None
        twin = await self._twin(proposal)
        if twin is not None:
            text = self._words("the same change is proposed above already and waits for a decision")
            await self._chat.say(f"{ask.key}:twin", place, Notice(text))
            return twin
        entry = self._entry("proposal.created", proposal, requested_by=proposal.requested_by)
        if await self._store.create(proposal, self._card_payload(proposal), entry):
            log.info("proposal_created", proposal=proposal.id, kind=proposal.action.kind)
        return await self._show(proposal, place)

    async def reasons_against(self, ask: Ask) -> tuple[Redacted, ...]:
        """Every reason why this change would not be offered now; empty when it would. Shows and stores nothing."""
        try:
            _, refused = await self._draft(ProposalId("p_preview"), ask)
        except WorldError as error:
            return (self._words(f"its state could not be read: {error}"),)
        return refused

    async def _draft(self, proposal_id: ProposalId, ask: Ask) -> tuple[Proposal | None, tuple[Redacted, ...]]:
        ref, judge = ask.seen.ref, self._judge
        if ref.kind != "Deployment" or ref.namespace is None:
            return None, (self._words(f"only deployments can be changed, and {ref} is not one"),)
        facts = await judge.facts(ref.namespace, ref.name)
        if facts is None:
            return None, (self._words(f"{ref} is not there any more"),)
        if facts.uid != ask.seen.uid:
            return None, (self._words(f"{ref} was deleted and made anew since it was looked at"),)
        action = draft(Wish(ask.wanted.kind, ref.name, ask.wanted.to_revision), facts)
        if isinstance(action, Refusal):
            return None, judge.reasons(action)
        verdict = await judge.clear(action, facts, ask.thread)
        if isinstance(verdict, Refusal):
            return None, judge.reasons(verdict)
        now = judge.clock.now()
        proposal = Proposal(
            id=proposal_id,
            thread=ask.thread,
            action=action,
            digest=digest(action, judge.policy.sha256),
            why=ask.wanted.reason,
            why_by_rules=ask.wanted.reason_by_rules,
            before_after=await read_before_after(judge.world, action),
            state=ProposalState.PENDING,
            requested_by=ask.requested_by,
            created_at=now,
            expires_at=now + judge.rule(action).ttl,
        )
        refused = await self._dry_run(proposal, facts)
        return (None, refused) if refused else (proposal, ())

    async def _dry_run(self, proposal: Proposal, facts: Facts) -> tuple[Redacted, ...]:
        """Ask the cluster itself whether it would take the change: its rights, its validation, its admission."""
        if self._writer_for is None:
            return (self._words("remediation is switched off (REMEDIATION_MODE=off)"),)
        order = Order(proposal.id, proposal.created_at, facts.resource_version, f"{proposal.id}.0", dry_run=True)
        try:
            await self._catalogue.write(proposal.action.kind).run(proposal.action, self._writer_for(order))
        except WorldError as error:
            return (self._words(f"the cluster would not accept it: {error}"),)
        return ()

    async def _twin(self, proposal: Proposal) -> Proposal | None:
        for each in await self._store.of_thread(proposal.thread):
            waiting = each.state in (ProposalState.PENDING, ProposalState.APPROVED, ProposalState.EXECUTING)
            if waiting and each.digest == proposal.digest and each.id != proposal.id:
                return each
        return None

    async def _refuse(self, ask: Ask, proposal_id: ProposalId, reasons: tuple[Redacted, ...], place: Place) -> None:
        payload = {
            "proposal": proposal_id,
            "kind": ask.wanted.kind,
            "target": str(ask.seen.ref),
            "requested_by": ask.requested_by,
            "reasons": reasons,
        }
        entry = AuditEntry("proposal.rejected", self._judge.redactor.json(payload), proposal_id)
        await self._judge.stores.audit.append(entry, self._judge.clock.now())
        verb = self._words(ask.wanted.kind.split("_", 1)[0].capitalize())
        await self._chat.say(f"{ask.key}:refused", place, NotAllowed(verb, str(ask.seen.ref), reasons))

    async def _show(self, proposal: Proposal, place: Place) -> Proposal:
        ts = await self._chat.say(card_key(proposal.id), place, await self.card(proposal))
        await self._store.placed(proposal.id, ts)
        return replace(proposal, message_ts=ts)

    def _card_payload(self, proposal: Proposal) -> CardPayload:
        rule = self._judge.rule(proposal.action)
        risk, undo = _risk_and_undo(proposal.action)
        return CardPayload(
            self._judge.world.cluster.name,
            self._judge.environment(proposal.action.target.namespace),
            self._words(risk),
            self._words(undo),
            rule.users,
            rule.groups,
        )

    async def card(self, proposal: Proposal) -> Card:
        """The card of a proposal as it stands."""
        known = await self._store.get(proposal.id)
        payload = await self._store.payload(proposal.id) if known else self._card_payload(proposal)
        return Card(
            proposal, payload.cluster, payload.environment, payload.users, payload.groups, payload.risk, payload.undo
        )

    # ---- the answer -----------------------------------------------------------------------------------------------

    async def decide(self, click: Click) -> None:
        """Handle an Approve or a Deny. Whoever clicked is always told what came of it."""
        proposal = await self._found(click)
        if proposal is None:
            text = self._words("this button belongs to no proposal I know; ask again for a new one")
            await self._whisper(click, text)
            return
        if proposal.state is not ProposalState.PENDING:
            await self._too_late(click, proposal)
            return
        paused = await self._judge.stores.flags.get(PAUSED)
        refusal = await self._entitled(click, proposal)
        if refusal is None:
            decision = Decision(
                click.user,
                click.user_team,
                click.verdict,
                digest(proposal.action, self._judge.policy.sha256),
                click.at,
                click.reason,
            )
            refusal = acceptable(decision, proposal.digest, proposal.expires_at, paused.by if paused else None)
        if refusal is not None:
            entry = self._entry("vote.refused", proposal, by=click.user, verdict=click.verdict.value, why=str(refusal))
            await self._judge.stores.audit.append(entry, self._judge.clock.now())
            await self._whisper(click, self._words(f"not {_past(click.verdict)}: {refusal}"))
            return
        await self._cast(click, proposal)

    async def _found(self, click: Click) -> Proposal | None:
        proposal_id, _, prefix = click.value.partition(":")
        proposal = await self._store.get(ProposalId(proposal_id))
        if proposal is None or not prefix or not proposal.digest.removeprefix("sha256:").startswith(prefix):
            return None
        at_home = (proposal.thread.team, proposal.thread.channel) == (click.place.team, click.place.channel)
        # A quick click may come before the card's own ts is noted.
        same = proposal.message_ts is None or click.message_ts in (proposal.message_ts, "")
        return proposal if at_home and same else None

    async def _entitled(self, click: Click, proposal: Proposal) -> Refusal | None:
        # Whoever asked for a change may withdraw it; for anything else the list decides.
        requested_by = proposal.requested_by if click.verdict is Verdict.APPROVE else None
        if click.verdict is Verdict.DENY and click.user == proposal.requested_by:
            return None
        return await self._judge.may_approve(click.user, click.user_team, proposal.action, requested_by)

    async def _cast(self, click: Click, proposal: Proposal) -> None:
        approved = click.verdict is Verdict.APPROVE
        to = ProposalState.APPROVED if approved else ProposalState.DENIED
        now = self._judge.clock.now()
        fields: dict[str, Any] = {"decided_by": click.user, "decided_at": now, "reason": click.reason}
        decided = replace(proposal, state=to, decided_by=click.user, decided_at=now, reason=click.reason)
        entry = self._entry("vote.cast", proposal, by=click.user, verdict=click.verdict.value, reason=click.reason)
        says = (await self.card_saying(decided),)
        moved = await self._store.move(
            Transition(proposal.id, (ProposalState.PENDING,), to, entry, fields, says=says), now
        )
        if not moved:
            fresh = await self._store.get(proposal.id)
            await self._too_late(click, fresh or proposal)
            return
        log.info("proposal_decided", proposal=proposal.id, state=to.value)
        if approved:
            self._wake()
        try:
            await self._chat.deliver(card_key(proposal.id))
        except ChatFault as fault:
            # It is decided all the same, and the card waits in the outbox.
            log.warning("decision_not_shown", proposal=proposal.id, code=fault.code)

    async def card_saying(self, proposal: Proposal) -> Saying:
        """The card as a message for the outbox, to go in with the transaction that changed the proposal."""
        thread = proposal.thread
        place = Place(thread.team, thread.channel, thread.thread_ts)
        return Saying(card_key(proposal.id), place, self._chat.compose(await self.card(proposal)))

    async def _too_late(self, click: Click, proposal: Proposal) -> None:
        # Still pending, and yet not moved: its time ran out while the click was looked at.
        pending = proposal.state is ProposalState.PENDING
        state = "expired" if pending else proposal.state.value.lower()
        await self._whisper(click, self._words(f"this proposal is already {state}; your click changed nothing"))

    async def _whisper(self, click: Click, text: Redacted) -> None:
        message = Notice(text, Tone.WARNING)
        await self._chat.whisper(f"click:{click.key}", click.place, click.user, message)

    # ---- time and switches ----------------------------------------------------------------------------------------

    async def expire(self) -> int:
        """End what nobody decided in time, or what was approved and could not start in time.

        The cards wait in the outbox for whoever drains it: a chat that is away must not hold up the others.
        """
        now = self._judge.clock.now()
        shortest = min(self._judge.policy.approval_for(kind).execute_within for kind in ACTION_KINDS)
        count = 0
        for proposal in await self._store.due(now, now - shortest):
            result = self._words(
                "nobody decided in time" if proposal.decided_by is None else "it could not start in time"
            )
            ended = replace(proposal, state=ProposalState.EXPIRED, result=result)
            entry = self._entry("state.changed", proposal, to=ProposalState.EXPIRED.value, why=result)
            says = (await self.card_saying(ended),)
            transition = Transition(
                proposal.id, (proposal.state,), ProposalState.EXPIRED, entry, {"result": result}, says=says
            )
            if await self._store.move(transition, now):
                count += 1
                log.info("proposal_expired", proposal=proposal.id)
        return count

    def _entry(self, type_: str, proposal: Proposal, **more: Any) -> AuditEntry:
        payload = {
            "proposal": proposal.id,
            "thread": str(proposal.thread),
            "digest": proposal.digest,
            "policy": self._judge.policy.sha256,
            "action": proposal.action.model_dump(mode="json"),
            **more,
        }
        return AuditEntry(type_, self._judge.redactor.json(payload), proposal.id)

    def _words(self, text: str) -> Redacted:
        return self._judge.redactor.text(text)


def card_key(proposal: ProposalId) -> str:
    """The one message of a proposal, for ever."""
    return f"proposal:{proposal}"


def _past(verdict: Verdict) -> str:
    return "approved" if verdict is Verdict.APPROVE else "denied"


def _risk_and_undo(action: AnyAction) -> tuple[str, str]:
    match action:
        case RestartDeployment():
            return (
                "every pod is replaced, a few at a time; requests in flight on a pod end with it",
                "a restart cannot be undone; the settings stay as they are",
            )
        case RollbackDeployment():
            return (
                f"all pods go back to the template of revision {action.to_revision}: what the newer release added is "
                "gone until it is deployed again; data it already wrote stays",
                f"roll back to revision {action.from_revision} the same way",
            )
        case _:
            return of_kind(action).could_go_wrong, of_kind(action).way_back
