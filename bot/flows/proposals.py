"""Propose a change: make a typed action of a wish, have it judged, let the cluster check it, and show the card."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.domain import Proposal, ProposalId, ProposalState, ThreadId, WantedChange
from bot.flows.cards import Cards, place_of
from bot.flows.standing_in import PolicyVotes
from bot.lifecycle import Checkpoints, Point
from bot.messages import NotAllowed, Notice
from bot.ports import Place
from bot.provenance import BOT, Actor, Provenance
from bot.records import planned, ruled
from bot.stores import CardPayload, about
from safety.actions import TARGET_KINDS, digest
from safety.drafts import Wish, within_step
from safety.drafts import draft as as_action
from safety.policy import ScaleRule
from safety.redaction import Redacted
from safety.risk import weigh
from safety.validator import AnyAction, Facts, Refusal
from tools.evidence import SeenObject
from tools.kubernetes.facts import read_before_after
from tools.tool import Catalogue
from tools.world import Order, WorldError, Writer

log = structlog.get_logger()

WriterFor = Callable[[Order], Writer]


@dataclass(frozen=True, slots=True)
class Ask:
    """A change to propose, and where: the object as the investigation saw it, and who asked in words, if anybody.

    ``by_policy``: a monitor raised it and no person's words did, so the policy approves it where its ``auto`` says so;
    elsewhere people are asked. ``monitor`` is whose alert led to it, where nobody asked in words. ``against``: what a
    runbook has against it, which nothing outweighs.
    """

    key: str
    thread: ThreadId
    wanted: WantedChange
    seen: SeenObject
    requested_by: str | None
    by_policy: bool = False
    monitor: str | None = None
    against: Redacted | None = None

    @property
    def raised_by(self) -> Actor:
        """Who brought it about, for the record."""
        if self.requested_by is not None:
            return Actor("person", self.requested_by, team=self.thread.team)
        return Actor("monitor", self.monitor, self.monitor) if self.monitor is not None else BOT


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal that is allowed as things are, with the facts it was judged by, and how that came about."""

    proposal: Proposal
    facts: Facts
    decision: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Against:
    """Every reason why there is no proposal, and the validator's decision where it came to be asked."""

    reasons: tuple[Redacted, ...]
    decision: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Tools:
    """What proposing works with: the write tools, how to get at a cluster that can be changed, if at all, and what
    votes where no person has to."""

    catalogue: Catalogue
    writer_for: WriterFor | None
    votes: PolicyVotes


class Proposals:
    """Proposals up to the moment they are shown; ``Decisions`` takes the answers."""

    def __init__(self, cards: Cards, tools: Tools, checkpoints: Checkpoints) -> None:
        self._cards, self._tools, self._checkpoints = cards, tools, checkpoints
        self._judge, self._chat = cards.judge, cards.chat
        self._store = cards.judge.stores.proposals

    async def propose(self, ask: Ask) -> Proposal | None:
        """Show a card, or say every reason why there is none."""
        place = Place(ask.thread.team, ask.thread.channel, ask.thread.thread_ts)
        proposal_id = ProposalId("p_" + hashlib.sha256(f"{ask.thread}:{ask.key}".encode()).hexdigest()[:16])
        known = await self._store.get(proposal_id)
        if known is not None:
            return await self._shown(known)
        try:
            drafted = await self._draft(proposal_id, ask)
        except WorldError as error:
            drafted = self._against(f"its state could not be read: {error}")
        if isinstance(drafted, Draft):
            return await self.offer(drafted, ask.key)
        await self._refuse(ask, proposal_id, drafted, place)
        return None

    async def offer(self, draft: Draft, key: str) -> Proposal | None:
        """Store a draft and show its card, unless the same change waits already or something came between."""
        proposal = draft.proposal
        twin = await self._store.twin(about(proposal))
        if twin is not None:
            return await self._point_at(twin, proposal, key)
        entry = self._cards.entry(
            "proposal.created",
            proposal,
            _raiser(proposal),
            **planned(proposal),
            decision=draft.decision,
            requested_by=proposal.requested_by,
            undo_of=proposal.undo_of,
            by_policy=proposal.by_policy,
        )
        guard = self._judge.guard(proposal, draft.facts)
        made = await self._store.create(proposal, self._card_payload(draft), entry, guard, self._cards.draw)
        self._checkpoints.passed(Point.PROPOSED, proposal.id)
        if isinstance(made, Refusal):
            await self._not_offered(key, proposal, Against(self._judge.reasons(made), ruled(made)))
            return None
        if made:
            log.info("proposal_created", proposal=proposal.id, kind=proposal.action.kind)
        return await self._shown(await self._store.get(proposal.id) or proposal)

    async def reasons_against(self, ask: Ask) -> tuple[Redacted, ...]:
        """Every reason why this change would not be offered now; empty when it would. Shows and stores nothing."""
        try:
            drafted = await self._draft(ProposalId("p_preview"), ask)
        except WorldError as error:
            drafted = self._against(f"its state could not be read: {error}")
        return () if isinstance(drafted, Draft) else drafted.reasons

    async def _shown(self, proposal: Proposal) -> Proposal:
        """A proposal that stands on its card; one that the policy approves without delay is approved by it, once."""
        await self._tools.votes.cast(proposal)
        await self._cards.show(proposal)
        return await self._store.get(proposal.id) or proposal

    async def _point_at(self, twin: Proposal, proposal: Proposal, key: str) -> Proposal:
        """The same change waits already. In its own thread a word is enough, elsewhere its card is shown as well."""
        if twin.thread == proposal.thread:
            text = self._words("the same change is proposed above already and waits for a decision")
            await self._chat.say(f"{key}:twin", place_of(proposal), Notice(text))
        else:
            await self._cards.copy_to(twin, f"{key}:copy", place_of(proposal))
        return twin

    # ---- drafted ------------------------------------------------------------------------------------------------

    def _wish(self, ask: Ask, facts: Facts) -> Wish:
        wanted = ask.wanted
        replicas, rule = wanted.to_replicas, self._judge.policy.rule_for(wanted.kind)
        if replicas is not None and wanted.reason_by_rules and isinstance(rule, ScaleRule):
            # The evidence says where to; how far at a time is the policy's to say.
            replicas = within_step(replicas, facts.desired, rule.max_step)
        return Wish(wanted.kind, ask.seen.ref.name, wanted.to_revision, replicas)

    async def _draft(self, proposal_id: ProposalId, ask: Ask) -> Draft | Against:
        drafted = await self._wished(proposal_id, ask)
        if ask.against is None:
            return drafted
        if isinstance(drafted, Draft):
            return Against((ask.against,), drafted.decision)
        return Against((ask.against, *drafted.reasons), drafted.decision)

    async def _wished(self, proposal_id: ProposalId, ask: Ask) -> Draft | Against:
        ref, judge = ask.seen.ref, self._judge
        kind = TARGET_KINDS[ask.wanted.kind]
        if ref.kind != kind or ref.namespace is None:
            return self._against(f"this kind of change is for a {kind}, and {ref} is not one")
        facts = await judge.facts_of(kind, ref.namespace, ref.name)
        if facts is None:
            return self._against(f"{ref} is not there any more")
        if facts.uid != ask.seen.uid:
            return self._against(f"{ref} was deleted and made anew since it was looked at")
        action = as_action(self._wish(ask, facts), facts)
        if isinstance(action, Refusal):
            return Against(judge.reasons(action), ruled(action))
        why = ask.wanted.reason, ask.wanted.reason_by_rules
        # Words never take the place of a person, whoever wrote them: neither a model's nor a requester's.
        by_policy = ask.by_policy and ask.wanted.reason_by_rules and ask.requested_by is None
        provenance = Provenance(ask.raised_by, judge.policy.sha256, ask.wanted.prompted)
        wanted = Wanted(proposal_id, ask.thread, action, why, ask.requested_by, provenance, by_policy)
        return await self.draft(wanted, facts)

    async def draft(self, wanted: "Wanted", facts: Facts) -> Draft | Against:
        """A typed action as a proposal that is allowed now, or every reason why it is not."""
        judge, action = self._judge, wanted.action
        now, needed = judge.clock.now(), judge.needed(action, facts)
        why, by_rules = wanted.why
        proposal = Proposal(
            id=wanted.id,
            thread=wanted.thread,
            action=action,
            digest=digest(action, judge.policy.sha256),
            why=why,
            why_by_rules=by_rules,
            before_after=await read_before_after(judge.world.within(str(wanted.thread)), action),
            state=ProposalState.PENDING,
            requested_by=wanted.requested_by,
            created_at=now,
            expires_at=now + judge.rule(action).ttl,
            needed=needed,
            # The policy stands in for one person, never for two.
            by_policy=wanted.by_policy and needed == 1,
            undo_of=wanted.undo_of,
            provenance=wanted.provenance,
        )
        verdict, decision = await judge.ruled(proposal, facts)
        if isinstance(verdict, Refusal):
            if wanted.by_policy and {each.rule for each in verdict.reasons} == {"auto"}:
                # What stands against it is only that nobody was asked: so people are.
                return await self.draft(replace(wanted, by_policy=False), facts)
            return Against(judge.reasons(verdict), decision)
        refused = await self._dry_run(proposal, facts)
        return Against(refused, decision) if refused else Draft(proposal, facts, decision)

    async def _dry_run(self, proposal: Proposal, facts: Facts) -> tuple[Redacted, ...]:
        """Ask the cluster itself whether it would take the change: its rights, its validation, its admission."""
        if self._tools.writer_for is None:
            return (self._words("remediation is switched off (REMEDIATION_MODE=off)"),)
        order = Order(proposal.id, proposal.created_at, facts.resource_version, f"{proposal.id}.0", dry_run=True)
        try:
            write = self._tools.catalogue.write(proposal.action.kind)
            await write.run(proposal.action, self._tools.writer_for(order))
        except WorldError as error:
            return (self._words(f"the cluster would not accept it: {error}"),)
        return ()

    # ---- refused ------------------------------------------------------------------------------------------------

    async def _refuse(self, ask: Ask, proposal_id: ProposalId, against: Against, place: Place) -> None:
        ref, prompted = ask.seen.ref, ask.wanted.prompted
        told: dict[str, Any] = {
            "proposal": proposal_id,
            "incident": str(ask.thread),
            "kind": ask.wanted.kind,
            "target": {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name, "uid": ask.seen.uid},
            "requested_by": ask.requested_by,
            "reasons": against.reasons,
            "decision": against.decision,
            "model": prompted.model if prompted else None,
            "prompt_sha256": prompted.prompt_sha256 if prompted else None,
        }
        entry = replace(self._judge.records.entry("proposal.rejected", ask.raised_by, **told), proposal=proposal_id)
        await self._judge.stores.audit.append(entry, self._judge.clock.now())
        verb = self._words(ask.wanted.kind.split("_", 1)[0].capitalize())
        await self._chat.say(f"{ask.key}:refused", place, NotAllowed(verb, str(ref), against.reasons))

    async def _not_offered(self, key: str, proposal: Proposal, against: Against) -> None:
        told = {"reasons": against.reasons, "decision": against.decision, **planned(proposal)}
        entry = self._cards.entry("proposal.rejected", proposal, _raiser(proposal), **told)
        await self._judge.stores.audit.append(entry, self._judge.clock.now())
        verb = self._words(proposal.action.kind.split("_", 1)[0].capitalize())
        message = NotAllowed(verb, str(proposal.action.target), against.reasons)
        await self._chat.say(f"{key}:refused", place_of(proposal), message)

    def _card_payload(self, draft: Draft) -> CardPayload:
        action = draft.proposal.action
        rule, weight = self._judge.rule(action), weigh(action, draft.facts)
        pods = "1 pod" if weight.pods == 1 else f"{weight.pods} pods"
        told = f"{weight.risk} risk, touches {pods}, {_WAYS[weight.reversibility]}"
        return CardPayload(
            self._judge.world.cluster.name,
            self._judge.environment(action.target.namespace),
            self._words(weight.could_go_wrong),
            self._words(weight.way_back),
            rule.users,
            rule.groups,
            self._words("; ".join([told, *weight.raised_by])),
        )

    def _against(self, text: str) -> Against:
        return Against((self._words(text),))

    def _words(self, text: str) -> Redacted:
        return self._judge.redactor.text(text)


def _raiser(proposal: Proposal) -> Actor:
    return proposal.provenance.by if proposal.provenance else BOT


@dataclass(frozen=True, slots=True)
class Wanted:
    """A typed action on its way to a proposal; ``why`` goes with whether code wrote it."""

    id: ProposalId
    thread: ThreadId
    action: AnyAction
    why: tuple[Redacted, bool]
    requested_by: str | None
    provenance: Provenance
    by_policy: bool = False
    undo_of: ProposalId | None = None


_WAYS = {"undo": "can be undone", "nothing to undo": "nothing to undo", "cannot be undone": "cannot be undone"}
