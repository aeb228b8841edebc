"""Collects what the pure rules in ``safety`` judge by: live facts, circumstances, and who somebody is."""

from dataclasses import dataclass
from typing import Any

from bot.domain import Proposal, ProposalState
from bot.ports import ChatFault, Clock, People
from bot.records import Recorder, ruled
from bot.stores import Guard, Stores, Tally, about
from safety.actions import ScaleDeployment, TargetKind, digest, same_change
from safety.approval import Voter, entitled
from safety.policy import ApprovalRule, Mode, Policy
from safety.redaction import Redacted, Redactor
from safety.risk import weigh
from safety.validator import AnyAction, Circumstances, Clearance, Facts, Reason, Refusal, clear, explain
from tools.kubernetes.facts import read_facts
from tools.world import Reader

PAUSED = "paused"

_OTHER_POLICY = Refusal((Reason("digest", "the policy changed after this was approved; propose it again"),))


@dataclass(frozen=True, slots=True)
class Judge:
    """Asks the validator with everything it needs; holds no rule of its own."""

    policy: Policy
    mode: Mode
    stores: Stores
    people: People
    clock: Clock
    world: Reader
    redactor: Redactor
    home_team: str

    def rule(self, action: AnyAction) -> ApprovalRule:
        return self.policy.approval_for(action.kind)

    def needed(self, action: AnyAction, facts: Facts) -> int:
        """How many different people have to approve."""
        return self.rule(action).needed(weigh(action, facts).risk)

    def environment(self, namespace: str) -> str:
        return self.policy.environment_of(self.world.cluster.name, namespace) or "not listed"

    async def facts(self, action: AnyAction) -> Facts | None:
        """What is true now of the object. Raises the world's errors: not knowing is not the same as not there."""
        return await self.facts_of(action.target.kind, action.target.namespace, action.target.name)

    async def facts_of(self, kind: TargetKind, namespace: str, name: str) -> Facts | None:
        """The same for an object that no action names yet."""
        return await read_facts(self.world, namespace, name, self.clock.now(), kind)

    async def clear(self, proposal: Proposal, facts: Facts | None) -> Clearance | Refusal:
        """The validator's answer on live facts, about a draft or about what is executing."""
        tally = await self.stores.proposals.tally(about(proposal), self.clock.now())
        return self._judged(proposal, facts, tally)

    async def ruled(self, proposal: Proposal, facts: Facts | None) -> tuple[Clearance | Refusal, dict[str, Any]]:
        """The same, and how it came about, rule by rule, for the record."""
        tally = await self.stores.proposals.tally(about(proposal), self.clock.now())
        verdict = self._judged(proposal, facts, tally)
        asked = explain(proposal.action, facts, self.policy, self._circumstances(proposal, tally))
        return verdict, ruled(verdict, asked)

    @property
    def records(self) -> Recorder:
        return Recorder(self.redactor, self.policy.sha256)

    def guard(self, proposal: Proposal, facts: Facts) -> Guard:
        """The same question, asked again inside the transaction that depends on its answer."""

        def asked(tally: Tally) -> Refusal | None:
            verdict = self._judged(proposal, facts, tally)
            return verdict if isinstance(verdict, Refusal) else None

        return asked

    def _judged(self, proposal: Proposal, facts: Facts | None, tally: Tally) -> Clearance | Refusal:
        if digest(proposal.action, self.policy.sha256) != proposal.digest:
            return _OTHER_POLICY
        return clear(proposal.action, facts, self.policy, self._circumstances(proposal, tally))

    def _circumstances(self, proposal: Proposal, tally: Tally) -> Circumstances:
        """What was counted, as the validator takes it."""
        now, is_new = self.clock.now(), proposal.state is ProposalState.PENDING
        return Circumstances(
            now=now,
            mode_switch=self.mode,
            paused_by=tally.paused.by if tally.paused else None,
            in_flight=tally.in_flight,
            recent_on_target=tally.on_target,
            recent_in_namespace=tally.in_namespace,
            in_incident=tally.in_incident,
            # Once it has its answer, what else waits is no reason any more, nor what was turned down.
            pending=tally.waiting if is_new else 0,
            recent_failures=sum(each >= now - self.policy.limits.breaker.cooldown for each in tally.failures),
            drift_24h=sum(_step(each) for each in tally.sent),
            denied_recently=is_new and any(same_change(each, proposal.action) for each in tally.denied),
            approved_by_policy=proposal.by_policy,
            undo_of=proposal.undo_of,
        )

    async def voter(self, user: str, team: str, rule: ApprovalRule) -> Voter:
        """Who somebody is for this rule. What cannot be read is a no."""
        voter, _ = await self._known(user, team, rule)
        return voter

    async def may_approve(self, user: str, team: str, action: AnyAction, requested_by: str | None) -> Refusal | None:
        """Whether this person may approve this action now; what could not be read is named in the refusal."""
        rule = self.rule(action)
        voter, unread = await self._known(user, team, rule)
        refusal = entitled(voter, rule, requested_by, self.home_team)
        if refusal is None or not unread:
            return refusal
        # A member who could not be looked up must not be told to be none.
        known = [each for each in refusal.reasons if each.rule not in unread]
        return Refusal((*known, *(Reason("unread", text) for texts in unread.values() for text in texts)))

    async def _known(self, user: str, team: str, rule: ApprovalRule) -> tuple[Voter, dict[str, list[str]]]:
        """Who somebody is, and by rule what could not be read about it."""
        groups, unread_groups = await self._groups_of(user, rule)
        unread = {"approvers": unread_groups} if unread_groups else {}
        try:
            human = await self.people.is_active_human(user, team)
        except ChatFault as fault:
            human, unread["human"] = False, [f"{fault}; click again in a moment"]
        return Voter(user, team, human, groups), unread

    async def _groups_of(self, user: str, rule: ApprovalRule) -> tuple[frozenset[str], list[str]]:
        groups, unread = set(), []
        for group in rule.groups:
            try:
                if user in await self.people.members(group):
                    groups.add(group)
            except ChatFault as fault:
                unread.append(f"{fault}, so whether you are one is not known")
        return frozenset(groups), unread

    def reasons(self, refusal: Refusal) -> tuple[Redacted, ...]:
        return tuple(self.redactor.text(each.text) for each in refusal.reasons)


def _step(action: AnyAction) -> int:
    """By how many replicas it moved its object."""
    return action.to_replicas - action.from_replicas if isinstance(action, ScaleDeployment) else 0
