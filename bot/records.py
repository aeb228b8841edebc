"""What every audit record says besides what happened: who did it, under which policy, decided how, by which version."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bot import __version__
from bot.changes import AuditEntry
from bot.domain import Proposal
from bot.provenance import BOT, Actor
from safety.redaction import Redactor
from safety.validator import Clearance, Judged, Refusal

# Of the payload. Records of version 1 name no version; they stay as they were sealed, and are read as they are.
VERSION = 2
APP = {"name": "ask-claude", "version": __version__}
# What has a value in some types of record only. It is written all the same, so that "not so" and "not said" differ.
_NOTHING: Mapping[str, Any] = dict.fromkeys(
    (
        *("proposal", "incident", "digest", "decision", "action", "before", "after", "attempt", "fence"),
        *("k8s_audit_id", "model", "prompt_sha256"),
    )
)


@dataclass(frozen=True, slots=True)
class Recorder:
    """Makes records. ``policy`` is the hash of the one in force; without it that of the proposal counts."""

    redactor: Redactor
    policy: str | None = None

    def entry(self, type_: str, by: Actor, proposal: Proposal | None = None, /, **more: Any) -> AuditEntry:
        """A record of something that ``by`` did; ``more`` is what its type has to say."""
        policy = self.policy or (proposal.provenance.policy if proposal and proposal.provenance else None)
        head = {"v": VERSION, "app": APP, "actor": asdict(by), "policy": policy}
        payload = {**head, **_NOTHING, **(_about(proposal) if proposal else {}), **more}
        return AuditEntry(type_, self.redactor.json(payload), proposal.id if proposal else None)

    def intent(self, proposal: Proposal) -> AuditEntry:
        """A worker is about to carry it out; the validator is asked again before anything is sent."""
        approved = list(proposal.approvers)
        by = "the policy" if proposal.by_policy else ", ".join(approved) or proposal.decided_by
        judged = Judged("approvals", True, f"approved by {by}, {proposal.needed} needed")
        return self.entry(
            "execution.intent",
            BOT,
            proposal,
            **planned(proposal),
            decision=decided(True, [judged]),
            attempt=proposal.attempts,
            fence=proposal.fence,
            k8s_audit_id=audit_id(proposal),
            approved_by=approved or proposal.decided_by,
            by_policy=proposal.by_policy,
        )


def audit_id(proposal: Proposal) -> str:
    """What a request of this attempt is called in the cluster's own audit log, unless the server calls it otherwise."""
    return f"{proposal.id}.{proposal.attempts}"


def planned(proposal: Proposal) -> dict[str, dict[str, str]]:
    """The object before and after it, as the card shows them."""
    rows = proposal.before_after
    return {
        "before": {str(label): str(before) for label, before, _ in rows},
        "after": {str(label): str(after) for label, _, after in rows},
    }


def decided(allow: bool, judged: Iterable[Judged]) -> dict[str, Any]:
    """A decision with each rule that was asked, and its reason."""
    return {
        "allow": allow,
        "rules": [{"rule": each.rule, "allow": each.passed, "reason": each.text} for each in judged],
    }


def ruled(verdict: Clearance | Refusal, judged: Iterable[Judged] = ()) -> dict[str, Any]:
    """The validator's decision; ``judged`` are the rules that it asked, where they are known."""
    asked = list(judged)
    against = verdict.reasons if isinstance(verdict, Refusal) else ()
    known = {each.rule for each in asked if not each.passed}
    asked += [Judged(each.rule, False, each.text) for each in against if each.rule not in known]
    return decided(isinstance(verdict, Clearance), asked)


def _about(proposal: Proposal) -> dict[str, Any]:
    prompted = proposal.provenance.prompted if proposal.provenance else None
    return {
        "proposal": proposal.id,
        "incident": str(proposal.thread),
        "digest": proposal.digest,
        "action": proposal.action.model_dump(mode="json"),
        "model": prompted.model if prompted else None,
        "prompt_sha256": prompted.prompt_sha256 if prompted else None,
    }
