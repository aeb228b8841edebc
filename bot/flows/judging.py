"""Collects what the pure rules in ``safety`` judge by: live facts, circumstances, and who somebody is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.domain import Proposal, ProposalState, ThreadId
from bot.ports import ChatFault, Clock, People
from bot.stores import Stores
from safety.actions import ScaleDeployment, digest, same_change
from safety.approval import Voter, entitled
from safety.policy import ApprovalRule, Mode, Policy
from safety.redaction import Redacted, Redactor
from safety.validator import AnyAction, Circumstances, Clearance, Facts, Reason, Refusal, clear
from tools.kubernetes.facts import read_facts
from tools.world import Reader

PAUSED = "paused"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_FAILURES = (ProposalState.FAILED, ProposalState.UNKNOWN)
_MADE = (ProposalState.EXECUTING, ProposalState.SUCCEEDED, ProposalState.UNKNOWN)


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

    def environment(self, namespace: str) -> str:
        return self.policy.environment_of(self.world.cluster.name, namespace) or "not listed"

    async def facts(self, namespace: str, name: str) -> Facts | None:
        """What is true now. Raises the world's errors: not knowing is not the same as not there."""
        return await read_facts(self.world, namespace, name, self.clock.now())

    async def clear(
        self, action: AnyAction, facts: Facts | None, thread: ThreadId, running: Proposal | None = None
    ) -> Clearance | Refusal:
        """The validator's answer on live facts. ``running`` is the proposal that asks, if it is already executing."""
        if running is not None and digest(action, self.policy.sha256) != running.digest:
            text = "the policy changed after this was approved; propose it again"
            return Refusal((Reason("digest", text),))
        now = self.clock.now()
        paused = await self.stores.flags.get(PAUSED)
        target = action.target
        namespace = f"{target.cluster}/{target.namespace}/"
        key = f"{namespace}{target.kind}/{target.name}"
        store = self.stores.proposals
        own = 1 if running is not None and await store.was_sent(running.id) else 0
        circumstances = Circumstances(
            now=now,
            mode_switch=self.mode,
            paused_by=paused.by if paused else None,
            in_flight=False if running is not None else await store.in_flight(key),
            recent_on_target=await store.started_since(key, now - _HOUR) - own,
            recent_in_namespace=await store.started_since(namespace, now - _HOUR) - own,
            in_incident=await self._shown_in(thread, running),
            pending=0 if running is not None else len(await store.waiting()),
            **await self._of_late(action, now, running),
        )
        return clear(action, facts, self.policy, circumstances)

    async def _of_late(self, action: AnyAction, now: datetime, running: Proposal | None) -> dict[str, Any]:
        """What became of the other proposals of the last day."""
        decided = await self.stores.proposals.decided_since(now - _DAY)
        others = [each for each in decided if running is None or each.id != running.id]
        since = now - self.policy.limits.breaker.cooldown
        return {
            "recent_failures": sum(each.state in _FAILURES and _decided(each) >= since for each in others),
            "drift_24h": sum(_step(each.action, action) for each in others if each.state in _MADE),
            "denied_recently": any(
                each.state is ProposalState.DENIED
                and _decided(each) >= now - _HOUR
                and same_change(each.action, action)
                for each in others
            ),
        }

    async def _shown_in(self, thread: ThreadId, running: Proposal | None) -> int:
        """How many proposals this thread has had; the one that asks does not count against itself."""
        shown = await self.stores.proposals.of_thread(thread)
        return sum(1 for each in shown if running is None or each.id != running.id)

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


def _decided(proposal: Proposal) -> datetime:
    assert proposal.decided_at is not None
    return proposal.decided_at


def _step(made: AnyAction, action: AnyAction) -> int:
    """By how many replicas another action moved the object of this one."""
    if not isinstance(made, ScaleDeployment) or made.target.uid != action.target.uid:
        return 0
    return made.to_replicas - made.from_replicas
