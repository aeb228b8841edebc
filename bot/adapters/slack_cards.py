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
from safety.approval import POLICY
from safety.redaction import Redacted
from safety.untrusted import Mrkdwn, code, group, joined, local_time, mention, mrkdwn

APPROVE, DENY, UNDO, SETTLE, PROPOSAL_BLOCK = "approve", "deny", "undo", "settle", "proposal"

# How many people and groups a card names.
MOST_NAMED = 20

_DONE = {
    # Only one that the policy approves comes here before it is decided.
    ProposalState.PENDING: mrkdwn(":hourglass_flowing_sand: *Starts by itself*"),
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
    if proposal.state is ProposalState.PENDING and not proposal.by_policy:
        blocks += [_buttons(card), context(_who_may(card), _expiry(proposal.expires_at), _binding(proposal))]
        if proposal.needed > 1:
            blocks.append(context(_so_far(proposal)))
    elif proposal.state is ProposalState.PENDING:
        blocks += [section(_by_itself(card)), _only_deny(proposal), context(_who_may_deny(card), _binding(proposal))]
    else:
        blocks += [section(_decided(card)), *_afterwards(card), context(_binding(proposal))]
    if not proposal.why_by_rules:
        blocks.append(context(mrkdwn("in the analyst's words, not checked: {why}", why=proposal.why.clip(600))))
    text = mrkdwn("Proposal: {title}", title=title(proposal))
    if proposal.state is not ProposalState.PENDING:
        text = mrkdwn("{title}: {state}", title=title(proposal), state=words(proposal.state.value))
    return rendered(text, blocks)


def _by_itself(card: Card) -> Mrkdwn:
    """What happens without anybody's doing, and when."""
    at = card.starts_at or card.proposal.created_at
    head = mrkdwn("{state} at {at}, unless somebody denies it", state=_DONE[ProposalState.PENDING], at=local_time(at))
    return joined("  ·  ", [head, mrkdwn("approved by policy (rule {rule}), no person is asked", rule=_rule(card))])


def _rule(card: Card) -> Mrkdwn:
    return code(words(f"auto: {card.proposal.action.kind} in {card.environment}"))


def _only_deny(proposal: Proposal) -> ActionsBlock:
    text = PlainTextObject(text=words("Deny"))
    button = ButtonElement(text=text, action_id=DENY, value=button_value(proposal), style="danger")
    return ActionsBlock(block_id=PROPOSAL_BLOCK, elements=[button])


def _so_far(proposal: Proposal) -> Mrkdwn:
    """Who approved already; the one who clicks last is told by it that the change will run."""
    who = [mention(each) for each in proposal.approvers]
    count = mrkdwn("{count} of {needed} approvals", count=len(who), needed=proposal.needed)
    return _named(count, who) if who else count


def _named(head: Mrkdwn, who: list[Mrkdwn]) -> Mrkdwn:
    return joined(": ", [head, joined(" ", who)])


def _afterwards(card: Card) -> list[Block]:
    """The button that an ended change still has: the way back, or a word about what nobody knows."""
    proposal = card.proposal
    if card.can_undo:
        about = words(f"This proposes the way back for {proposal.action.target.name}. It needs an approval of its own.")
        return [_one_button(proposal, "Undo", UNDO, about)]
    if proposal.state is ProposalState.UNKNOWN and proposal.settled_by is None:
        return [_one_button(proposal, "I looked: settle it", SETTLE, None)]
    return []


def _one_button(proposal: Proposal, label: str, action: str, question: Redacted | None) -> ActionsBlock:
    confirm = None
    if question is not None:
        confirm = ConfirmObject(
            title=PlainTextObject(text=words("Propose the way back?")),
            text=PlainTextObject(text=question.clip(300)),
            confirm=PlainTextObject(text=words("Propose it")),
            deny=PlainTextObject(text=words("Back")),
        )
    text = PlainTextObject(text=words(label))
    button = ButtonElement(text=text, action_id=action, value=button_value(proposal), confirm=confirm)
    return ActionsBlock(block_id=PROPOSAL_BLOCK, elements=[button])


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
            *([mrkdwn("*How much*: {weight}", weight=card.weight)] if card.weight else []),
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


def _who_may_deny(card: Card) -> Mrkdwn:
    who = _listed(card)
    return mrkdwn("may deny: {who}", who=_some(who)) if who else mrkdwn("nobody may deny this; pause stops it")


def _listed(card: Card) -> list[Mrkdwn]:
    return [*(group(each) for each in card.may_approve_groups), *(mention(each) for each in card.may_approve_users)]


def _who_may(card: Card) -> Mrkdwn:
    who = _listed(card)
    if not who:
        return mrkdwn("nobody may approve this")
    if card.proposal.needed > 1:
        return mrkdwn("{count} of these have to approve: {who}", count=card.proposal.needed, who=_some(who))
    return mrkdwn("may approve: {who}", who=_some(who))


def _some(who: list[Mrkdwn]) -> Mrkdwn:
    """A policy may name many; a line holds so many."""
    more = [mrkdwn("and {count} more", count=len(who) - MOST_NAMED)] if len(who) > MOST_NAMED else []
    return joined(" ", [*who[:MOST_NAMED], *more])


def _expiry(at: datetime) -> Mrkdwn:
    return mrkdwn("expires {at}", at=local_time(at, "{time}"))


def _binding(proposal: Proposal) -> Mrkdwn:
    return mrkdwn("{digest}", digest=words(proposal.digest[:23]))


def _decided(card: Card) -> Mrkdwn:
    proposal = card.proposal
    parts = [_DONE[proposal.state], *_by_whom(card)]
    line = joined("  ·  ", parts)
    more = [each for each in (proposal.reason, proposal.result) if each]
    if proposal.state not in FINAL_STATES and proposal.state is not ProposalState.UNKNOWN:
        more = []
    return joined("\n", [line, *(mrkdwn("{text}", text=each.clip(800)) for each in more), *_settled(proposal)])


def _by_whom(card: Card) -> list[Mrkdwn]:
    proposal = card.proposal
    if proposal.by_policy and proposal.decided_by == POLICY:
        return [mrkdwn("approved by policy (rule {rule}), no person was asked", rule=_rule(card))]
    if not proposal.decided_by or not proposal.decided_at:
        return []
    denied = proposal.state is ProposalState.DENIED
    who = [proposal.decided_by] if denied else list(proposal.approvers) or [proposal.decided_by]
    verb, at = words("denied" if denied else "approved"), local_time(proposal.decided_at)
    named = joined(" ", [mention(each) for each in who])
    return [mrkdwn("{verb} by {who} {at}", verb=verb, who=named, at=at)]


def _settled(proposal: Proposal) -> list[Mrkdwn]:
    if proposal.settled_by is None or proposal.settled_note is None:
        return []
    note = proposal.settled_note.clip(800)
    return [mrkdwn("*Settled* by {who}: {note}", who=mention(proposal.settled_by), note=note)]


def not_allowed(message: NotAllowed) -> Rendered:
    head = mrkdwn(
        ":no_entry: {action} of {target} is not offered:",
        action=message.action,
        target=code(words(message.target)),
    )
    return lines([head, *(mrkdwn("• {reason}", reason=each) for each in message.reasons)])
