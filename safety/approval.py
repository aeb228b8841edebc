"""A person's answer to a proposal, bound to the exact action they saw."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from safety.actions import Digest
from safety.policy import ApprovalRule
from safety.redaction import Redacted
from safety.validator import Reason, Refusal

# Stands where the name of a person would, when the policy approved a change in a person's place.
POLICY = "policy"


class Verdict(StrEnum):
    """What a person answered."""

    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Decision:
    """Who answered what, when, about which digest."""

    by: str
    team: str
    verdict: Verdict
    digest: Digest
    at: datetime
    reason: Redacted | None


@dataclass(frozen=True, slots=True)
class Voter:
    """A person as the chat knows them now. ``active_human`` is false for bots, guests, and people who left."""

    user: str
    team: str
    active_human: bool
    groups: frozenset[str]


def entitled(voter: Voter, rule: ApprovalRule, requested_by: str | None, home_team: str) -> Refusal | None:
    """Every reason why this person may not decide; ``None`` if they may. Asked at the vote and before the write."""
    reasons: list[Reason] = []
    if not voter.active_human:
        reasons.append(Reason("human", "only active members of the workspace may approve: no bots and no guests"))
    if voter.team != home_team:
        reasons.append(Reason("team", "people of another workspace may not approve"))
    if not _is_listed(voter, rule):
        reasons.append(Reason("approvers", _who_may(rule)))
    if voter.user == requested_by and not rule.requester_may_approve:
        reasons.append(Reason("requester", "you asked for this change, so somebody else has to approve it"))
    return Refusal(tuple(reasons)) if reasons else None


def acceptable(decision: Decision, shown_digest: Digest, expires_at: datetime, paused_by: str | None) -> Refusal | None:
    """Every reason why this answer does not count; ``None`` if it does. A pause stops approvals, never a "no"."""
    reasons: list[Reason] = []
    if decision.digest != shown_digest:
        reasons.append(Reason("digest", "this answer is about another change than the one proposed now"))
    if decision.at >= expires_at:
        reasons.append(Reason("expired", "the proposal expired before this answer"))
    if decision.verdict is Verdict.APPROVE and paused_by is not None:
        reasons.append(Reason("kill_switch", f"all changes are paused by {paused_by}"))
    if decision.verdict is Verdict.DENY and not (decision.reason or "").strip():
        reasons.append(Reason("reason", "a denial needs a reason, so that the next person can learn from it"))
    return Refusal(tuple(reasons)) if reasons else None


def _is_listed(voter: Voter, rule: ApprovalRule) -> bool:
    return voter.user in rule.users or not voter.groups.isdisjoint(rule.groups)


def _who_may(rule: ApprovalRule) -> str:
    if not rule.groups and not rule.users:
        return "nobody may approve this: the policy names no approvers"
    return "only those named on the card may approve this"
