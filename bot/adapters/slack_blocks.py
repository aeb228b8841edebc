"""How messages look in Slack: Block Kit from the SDK's models, within every limit, nothing live but our own markup."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from bot.domain import FINAL_STATES, Answer, IncidentReport, Origin, Proposal, ProposalState
from bot.messages import AlertSeen, Analysis, Card, Findings, Message, NotAllowed, Notice, Opening, Tone, Working
from bot.ports import Rendered
from safety.redaction import Redacted, Redactor
from safety.untrusted import Mrkdwn, clipped, code, defuse, group, joined, local_time, mention, mrkdwn

SECTION_LIMIT = 2900
MESSAGE_LIMIT = 11_000
APPROVE, DENY, PROPOSAL_BLOCK = "approve", "deny", "proposal"

_LINE = Redactor()
_TONES = {
    Tone.INFO: mrkdwn(":information_source:"),
    Tone.GOOD: mrkdwn(":white_check_mark:"),
    Tone.WARNING: mrkdwn(":warning:"),
    Tone.BAD: mrkdwn(":x:"),
}
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


def words(text: str) -> Redacted:
    """Our own or already redacted words as redacted text; the rules run again, they are idempotent."""
    return _LINE.text(text)


def compose(message: Message) -> Rendered:
    """Any message as text and blocks."""
    match message:
        case Opening():
            return _opening(message)
        case Findings():
            return _findings(message)
        case Analysis():
            return _analysis(message)
        case Card():
            return _card(message)
        case AlertSeen():
            return _alert(message)
        case Working() | NotAllowed() | Notice():
            return _few_lines(message)


def _few_lines(message: Working | NotAllowed | Notice) -> Rendered:
    match message:
        case Working():
            return _lines([mrkdwn(":hourglass_flowing_sand: {text}", text=message.text)])
        case NotAllowed():
            return _not_allowed(message)
        case Notice():
            who = [mention(message.who)] if message.who else []
            return _lines([joined(" ", [_TONES[message.tone], *who, defuse(message.text)])])


def _rendered(text: Mrkdwn, blocks: Iterable[Block]) -> Rendered:
    return Rendered(clipped(text, 3000), tuple(_plain(each.to_dict()) for each in blocks))


def _plain(value: Any) -> Any:
    """The SDK's dicts without its enums and empty fields, ready for JSON."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _section(text: Mrkdwn, block_id: str | None = None) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=clipped(text, SECTION_LIMIT), verbatim=True), block_id=block_id)


def _context(*parts: Mrkdwn) -> ContextBlock:
    line = joined("  ·  ", [each for each in parts if each])
    return ContextBlock(elements=[MarkdownTextObject(text=clipped(line, SECTION_LIMIT), verbatim=True)])


def _lines(lines: Sequence[Mrkdwn]) -> Rendered:
    text = joined("\n", list(lines))
    return _rendered(text, [_section(text)])


def seconds(took: timedelta) -> Mrkdwn:
    """A duration for a footer."""
    whole = took.total_seconds()
    return mrkdwn("{text}", text=words(f"{whole:.1f} s" if whole < 90 else f"{whole / 60:.0f} min"))


def _opening(message: Opening) -> Rendered:
    question = message.question.clip(1500)
    if message.origin is Origin.COMMAND and message.asked_by:
        head = mrkdwn("{who} asked: *{question}*", who=mention(message.asked_by), question=question)
    else:
        head = mrkdwn("*{question}*", question=question)
    if message.report is None:
        return _rendered(head, [_section(head), _context(mrkdwn("Investigating — the answer is in the thread"))])
    return _rendered(head, [_section(head), _context(verdict(message.report))])


def verdict(report: IncidentReport) -> Mrkdwn:
    """One line on how it stands."""
    match report.verdict:
        case "healthy":
            return mrkdwn(":large_green_circle: {text}", text=report.symptom)
        case "incident":
            text = report.root_cause.summary if report.root_cause else report.symptom
            return mrkdwn(":red_circle: {text}", text=text)
        case _:
            return mrkdwn(":white_circle: Not settled: {text}", text=report.symptom)


def _findings(message: Findings) -> Rendered:
    report = message.report
    head = verdict(report)
    blocks: list[Block] = [_section(mrkdwn("*First findings*\n{head}", head=head))]
    if report.root_cause is not None:
        blocks.append(_section(_cause(report)))
    others = [each for each in report.issues_found if not _is_root(report, each.subject)]
    if others:
        lines = [mrkdwn("• {what} — {text}", what=code(words(i.subject)), text=i.summary.clip(250)) for i in others[:4]]
        blocks.append(_section(joined("\n", [mrkdwn("*Also wrong*"), *lines])))
    if report.changes:
        blocks.append(
            _section(joined("\n", [mrkdwn("*What changed*"), *(_change(each) for each in report.changes[:4])]))
        )
    footer = [mrkdwn("after {took}", took=seconds(message.took)), mrkdwn("found by rules")]
    if report.not_checked:
        footer.append(mrkdwn("not checked: {what}", what=words("; ".join(report.not_checked)).clip(300)))
    blocks.append(_context(*footer))
    return _rendered(mrkdwn("First findings: {head}", head=head), blocks)


def _is_root(report: IncidentReport, subject: str) -> bool:
    return report.root_cause is not None and report.root_cause.subject == subject


def _cause(report: IncidentReport) -> Mrkdwn:
    cause = report.root_cause
    assert cause is not None
    percent = round(cause.confidence * 100)
    lines = [
        mrkdwn(
            "{subject}  ({category}, {percent}% sure)",
            subject=code(words(cause.subject)),
            category=words(cause.category.value),
            percent=percent,
        )
    ]
    by_id = {each.id: each for each in report.evidence}
    for each in (by_id[one] for one in cause.evidence[:5] if one in by_id):
        at = [mrkdwn(" {at}", at=local_time(each.at))] if each.at else []
        text = mrkdwn("• [{id}] {text}", id=words(each.id), text=words(" ".join(each.text.split())).clip(260))
        lines.append(joined("", [text, *at]))
    return joined("\n", lines)


def _change(change: Any) -> Mrkdwn:
    at = mrkdwn("{at} ", at=local_time(change.at, "{date_short_pretty} {time}")) if change.at else mrkdwn("")
    by = mrkdwn(" by {by}", by=change.by) if change.by else mrkdwn("")
    mark = mrkdwn(" — *suspected*: {why}", why=change.why.clip(200)) if change.suspected else mrkdwn("")
    return joined("", [mrkdwn("• "), at, mrkdwn("{title}", title=change.title.clip(250)), by, mark])


def _analysis(message: Analysis) -> Rendered:
    answer = message.answer
    blocks: list[Block] = []
    if message.preface:
        blocks.append(_context(mrkdwn("{text}", text=message.preface)))
    if answer.caveat:
        blocks.append(_section(mrkdwn(":warning: {text}", text=answer.caveat)))
    blocks += [_section(each) for each in paragraphs(answer.text)]
    blocks.append(_context(*_signature(answer), mrkdwn("{took}", took=seconds(message.took))))
    first = words(answer.text.strip().split("\n", 1)[0])
    return _rendered(mrkdwn("{text}", text=first), blocks)


def _signature(answer: Answer) -> list[Mrkdwn]:
    if not answer.connected:
        return [mrkdwn("no model connected: written by rules from the evidence")]
    tokens = answer.usage.input_tokens + answer.usage.output_tokens
    parts = [mrkdwn("written by {name} — check it against the evidence", name=words(answer.written_by))]
    return [*parts, mrkdwn("{tokens} tokens", tokens=tokens)] if tokens else parts


def paragraphs(text: Redacted) -> list[Mrkdwn]:
    """Long text as sections: cut between lines, code fences closed and opened again, the rest said to be cut."""
    pieces: list[str] = []
    current, total, fenced = "", 0, False
    for line in text.split("\n"):
        for part in _slices(line, SECTION_LIMIT // 2):
            if current and len(current) + len(part) > SECTION_LIMIT - 600:
                pieces.append(current + ("\n```" if fenced else ""))
                current = "```" if fenced else ""
            current = f"{current}\n{part}" if current else part
            total += len(part)
            fenced ^= part.count("```") % 2 == 1
        if total > MESSAGE_LIMIT:
            break
    pieces.append(current + ("\n```" if fenced else ""))
    sections = [defuse(words(each)) for each in pieces if each.strip()]
    if total > MESSAGE_LIMIT:
        sections.append(mrkdwn("… (cut: the answer was longer than a message may be)"))
    return sections


def _slices(line: str, size: int) -> list[str]:
    return [line[start : start + size] for start in range(0, len(line), size)] or [""]


def title(proposal: Proposal) -> Redacted:
    """What the button would do, in words."""
    action = proposal.action
    match action.kind:
        case "restart_deployment":
            return words(f"Restart {action.target.name}")
        case "rollback_deployment":
            return words(f"Roll back {action.target.name} to revision {action.to_revision}")


def _card(card: Card) -> Rendered:
    proposal = card.proposal
    blocks: list[Block] = [
        HeaderBlock(text=PlainTextObject(text=title(proposal).clip(140))),
        _section(_what(card)),
    ]
    if proposal.state is ProposalState.PENDING:
        blocks += [_buttons(card), _context(_who_may(card), _expiry(proposal.expires_at), _binding(proposal))]
    else:
        blocks += [_section(_decided(proposal)), _context(_binding(proposal))]
    text = mrkdwn("Proposal: {title}", title=title(proposal))
    if proposal.state is not ProposalState.PENDING:
        text = mrkdwn("{title}: {state}", title=title(proposal), state=words(proposal.state.value))
    return _rendered(text, blocks)


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
            mrkdwn("*Why*: {why}", why=proposal.why.clip(600)),
            mrkdwn("*What could go wrong*: {risk}", risk=card.risk),
            mrkdwn("*Undo*: {undo}", undo=card.undo),
        ],
    )


def _buttons(card: Card) -> ActionsBlock:
    proposal = card.proposal
    value = button_value(proposal)
    confirm = ConfirmObject(
        title=PlainTextObject(text=words("Run this now?")),
        text=PlainTextObject(text=words(f"{title(proposal)} in {proposal.action.target.namespace} on {card.cluster}")),
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


def _not_allowed(message: NotAllowed) -> Rendered:
    head = mrkdwn(
        ":no_entry: {action} of {target} is not offered:",
        action=message.action,
        target=code(words(message.target)),
    )
    return _lines([head, *(mrkdwn("• {reason}", reason=each) for each in message.reasons)])


def _alert(message: AlertSeen) -> Rendered:
    alert = message.alert
    if not alert.firing:
        return _lines([mrkdwn(":large_green_circle: {monitor} says this is resolved.", monitor=words(alert.monitor))])
    times = words("once") if message.count == 1 else words(f"{message.count} times")
    head = mrkdwn("{monitor} fired: *{title}*", monitor=words(alert.monitor), title=alert.title.clip(300))
    seen = mrkdwn(
        "seen {times}, last {at}", times=times, at=local_time(message.last_at, "{date_short_pretty} {time_secs}")
    )
    return _rendered(head, [_section(head), _context(seen)])
