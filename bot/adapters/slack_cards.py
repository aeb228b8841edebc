"""How a proposal looks in Slack: its card with the buttons, the same card decided, and why there is none."""

from datetime import datetime

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    HeaderBlock,
    PlainTextObject,
)

from bot.adapters.slack_parts import context, lines, rendered, section, words
from bot.domain import FINAL_STATES, Proposal, ProposalState
from bot.messages import Card, NotAllowed
from bot.ports import Rendered
from safety.actions import in_words
from safety.redaction import Redacted
from safety.untrusted import Mrkdwn, code, group, joined, local_time, mention, mrkdwn

APPROVE, DENY, PROPOSAL_BLOCK = "approve", "deny", "proposal"

_DONE = {
    ProposalState.APPROVED: mrkdwn(":hourglass_flowing_sand: *Approved* — waiting to start"),
    ProposalState.EXECUTING: mrkdwn(":hourglass_flowing_sand: *Approved* — re-checking, then running"),
    ProposalState.SUCCEEDED: mrkdwn(":white_check_mark: *Done*"),
    ProposalState.FAILED: mrkdwn(":x: *Failed*"),
    ProposalState.STALE: mrkdwn(":x: *Not run*: the object changed after this was proposed"),
    ProposalState.BLOCKED: mrkdwn(":no_entry: *Not run*: the safety check said no"),
    ProposalState.UNKNOWN: mrkdwn(":rotating_light: *Outcome unknown*: look at the cluster yourself"),
    ProposalState.DENIED: mrkdwn(":no_entry_sign: *Denied*"),
    ProposalState.EXPIRED: mrkdwn(":clock3: *Expired* without a decision"),
    ProposalState.CANCELLED: mrkdwn(":no_entry_sign: *Cancelled*"),
    ProposalState.REJECTED: mrkdwn(":no_entry: *Refused*"),
}


def title(proposal: Proposal) -> Redacted:
    """What the button would do, in words."""
    return words(in_words(proposal.action))


def card_blocks(card: Card) -> Rendered:
    proposal = card.proposal
    blocks: list[Block] = [
        HeaderBlock(text=PlainTextObject(text=title(proposal).clip(140))),
        section(_what(card)),
    ]
    if proposal.state is ProposalState.PENDING:
        blocks += [_buttons(card), context(_who_may(card), _expiry(proposal.expires_at), _binding(proposal))]
    else:
        blocks += [section(_decided(proposal)), context(_binding(proposal))]
    if not proposal.why_by_rules:
        blocks.append(context(mrkdwn("in the analyst's words, not checked: {why}", why=proposal.why.clip(600))))
    text = mrkdwn("Proposal: {title}", title=title(proposal))
    if proposal.state is not ProposalState.PENDING:
        text = mrkdwn("{title}: {state}", title=title(proposal), state=words(proposal.state.value))
    return rendered(text, blocks)


def _what(card: Card) -> Mrkdwn:
    proposal = card.proposal
    rows = [
        mrkdwn("• {label}: {before} → {after}", label=label, before=code(before.clip(120)), after=code(after.clip(120)))
        for label, before, after in proposal.before_after[:12]
    ]
    where = mrkdwn(
        "{target} on {cluster} ({environment})",
        target=code(words(str(proposal.action.target))),
        cluster=words(card.cluster),
        environment=words(card.environment),
    )
    return joined(
        "\n",
        [
            where,
            *rows,
            _why(proposal),
            mrkdwn("*What could go wrong*: {risk}", risk=card.risk),
            mrkdwn("*Undo*: {undo}", undo=card.undo),
        ],
    )


def _why(proposal: Proposal) -> Mrkdwn:
    """Above the buttons only what code wrote: an analyst's own words stand below them, marked."""
    if proposal.why_by_rules:
        return mrkdwn("*Why*: {why}", why=proposal.why.clip(600))
    if proposal.requested_by:
        return mrkdwn("*Why*: {who} asked for it in this thread", who=mention(proposal.requested_by))
    return mrkdwn("*Why*: the analyst suggests it; no rule does")


def _buttons(card: Card) -> ActionsBlock:
    proposal = card.proposal
    value = button_value(proposal)
    where = f"{title(proposal)} in {proposal.action.target.namespace} on {card.cluster}"
    confirm = ConfirmObject(
        title=PlainTextObject(text=words("Run this now?")),
        text=PlainTextObject(text=words(where).clip(300)),
        confirm=PlainTextObject(text=words("Approve")),
        deny=PlainTextObject(text=words("Back")),
    )
    return ActionsBlock(
        block_id=PROPOSAL_BLOCK,
        elements=[
            ButtonElement(
                text=PlainTextObject(text=words("Approve")),
                action_id=APPROVE,
                value=value,
                style="primary",
                confirm=confirm,
            ),
            ButtonElement(text=PlainTextObject(text=words("Deny")), action_id=DENY, value=value, style="danger"),
        ],
    )


def button_value(proposal: Proposal) -> str:
    """What a click carries: which proposal, and the start of the digest its card showed. Nothing executable."""
    return f"{proposal.id}:{proposal.digest.removeprefix('sha256:')[:16]}"


def _who_may(card: Card) -> Mrkdwn:
    who = [*(group(each) for each in card.may_approve_groups), *(mention(each) for each in card.may_approve_users)]
    return mrkdwn("may approve: {who}", who=joined(" ", who)) if who else mrkdwn("nobody may approve this")


def _expiry(at: datetime) -> Mrkdwn:
    return mrkdwn("expires {at}", at=local_time(at, "{time}"))


def _binding(proposal: Proposal) -> Mrkdwn:
    return mrkdwn("{digest}", digest=words(proposal.digest[:23]))


def _decided(proposal: Proposal) -> Mrkdwn:
    parts = [_DONE[proposal.state]]
    if proposal.decided_by and proposal.decided_at:
        verb = "denied" if proposal.state is ProposalState.DENIED else "approved"
        parts.append(
            mrkdwn(
                "{verb} by {who} {at}",
                verb=words(verb),
                who=mention(proposal.decided_by),
                at=local_time(proposal.decided_at),
            )
        )
    line = joined("  ·  ", parts)
    more = [each for each in (proposal.reason, proposal.result) if each]
    if proposal.state not in FINAL_STATES:
        more = []
    return joined("\n", [line, *(mrkdwn("{text}", text=each.clip(800)) for each in more)])


def not_allowed(message: NotAllowed) -> Rendered:
    head = mrkdwn(
        ":no_entry: {action} of {target} is not offered:",
        action=message.action,
        target=code(words(message.target)),
    )
    return lines([head, *(mrkdwn("• {reason}", reason=each) for each in message.reasons)])
