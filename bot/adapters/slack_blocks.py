"""How messages look in Slack: Block Kit from the SDK's models, within every limit, nothing live but our own markup."""

from collections.abc import Callable, Iterator
from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.adapters.slack_cards import card_blocks, not_allowed, title
from bot.adapters.slack_findings import findings, verdict
from bot.adapters.slack_parts import SECTION_LIMIT, context, lines, rendered, seconds, section, told, words
from bot.domain import Answer, Origin, Thread, ThreadId
from bot.messages import (
    AlertSeen,
    Analysis,
    Card,
    Findings,
    Message,
    NotAllowed,
    Notice,
    Opening,
    Overview,
    Page,
    Tone,
    Working,
)
from bot.ports import Rendered
from safety.redaction import Redacted
from safety.untrusted import (
    Mrkdwn,
    channel,
    clipped,
    code_block,
    defuse,
    group,
    joined,
    local_time,
    mention,
    mrkdwn,
)

# Lengths of an answer in characters as Slack counts them, and of what is looked at at all.
PIECE_LIMIT = 2400
MESSAGE_LIMIT = 10_000
RAW_LIMIT = 40_000
ASIDE_LIMIT = 900
# How many people and groups one message calls.
MOST_CALLED = 20

_TONES = {
    Tone.INFO: mrkdwn(":information_source:"),
    Tone.GOOD: mrkdwn(":white_check_mark:"),
    Tone.WARNING: mrkdwn(":warning:"),
    Tone.BAD: mrkdwn(":x:"),
}


def compose(message: Message) -> Rendered:
    """Any message as text and blocks."""
    match message:
        case Opening():
            return _opening(message)
        case Findings():
            return findings(message)
        case Analysis():
            return _analysis(message)
        case Card():
            return card_blocks(message)
        case Overview():
            return _overview(message)
        case AlertSeen():
            return _alert(message)
        case Working() | NotAllowed() | Notice() | Page():
            return _few_lines(message)


def _few_lines(message: Working | NotAllowed | Notice | Page) -> Rendered:
    match message:
        case Working():
            return lines([mrkdwn(":hourglass_flowing_sand: {text}", text=message.text)])
        case NotAllowed():
            return not_allowed(message)
        case Notice():
            who = [mention(message.who)] if message.who else []
            return lines([joined(" ", [_TONES[message.tone], *who, told(message.text)])])
        case Page():
            called = [*(group(each) for each in message.groups), *(mention(each) for each in message.users)]
            return lines([joined(" ", [mrkdwn(":rotating_light:"), *called[:MOST_CALLED], told(message.text)])])


def _overview(message: Overview) -> Rendered:
    waiting = [
        mrkdwn(
            "• {title} in {where}, expires {at}", title=title(each), where=_home(each.thread), at=_day(each.expires_at)
        )
        for each in message.waiting
    ]
    recent = [
        mrkdwn("• {at} {where} {question}", at=_day(each.created_at), where=_home(each.id), question=_asked(each))
        for each in message.recent
    ]
    nothing = [mrkdwn("none that you can see")]
    return lines(
        [mrkdwn("*Waiting for a decision*"), *(waiting or nothing), mrkdwn("*Latest threads*"), *(recent or nothing)]
    )


def _home(thread: ThreadId) -> Mrkdwn:
    return mrkdwn("a direct message") if thread.channel.startswith("D") else channel(thread.channel)


def _day(at: datetime) -> Mrkdwn:
    return local_time(at, "{date_short_pretty} {time}")


def _asked(thread: Thread) -> Redacted:
    return words(" ".join(thread.question.split())).clip(150)


def _opening(message: Opening) -> Rendered:
    question = message.question.clip(1500)
    if message.origin is Origin.COMMAND and message.asked_by:
        head = mrkdwn("{who} asked: *{question}*", who=mention(message.asked_by), question=question)
    else:
        head = mrkdwn("*{question}*", question=question)
    if message.report is None:
        return rendered(head, [section(head), context(mrkdwn("Investigating — the answer is in the thread"))])
    return rendered(head, [section(head), context(verdict(message.report))])


def _analysis(message: Analysis) -> Rendered:
    answer = message.answer
    blocks: list[Block] = []
    if message.preface:
        blocks.append(context(clipped(told(message.preface), ASIDE_LIMIT)))
    if answer.caveat:
        blocks.append(section(clipped(mrkdwn(":warning: {text}", text=answer.caveat), ASIDE_LIMIT)))
    blocks += [section(each) for each in paragraphs(answer.text)]
    blocks.append(context(*_signature(answer), mrkdwn("{took}", took=seconds(message.took))))
    first = words(answer.text.strip().split("\n", 1)[0])
    return rendered(mrkdwn("{text}", text=first), blocks)


def _signature(answer: Answer) -> list[Mrkdwn]:
    if not answer.connected:
        return [mrkdwn("no model connected: written by rules from the evidence")]
    tokens = answer.usage.input_tokens + answer.usage.output_tokens
    parts = [mrkdwn("written by {name} — check it against the evidence", name=words(answer.written_by))]
    return [*parts, mrkdwn("{tokens} tokens", tokens=tokens)] if tokens else parts


def paragraphs(text: Redacted) -> list[Mrkdwn]:
    """Long text as sections: cut between lines, code fences kept as code blocks, the rest said to be cut."""
    sections: list[Mrkdwn] = []
    room = MESSAGE_LIMIT
    for piece in _pieces(text[:RAW_LIMIT]):
        room -= len(piece) + 1
        if room < 0:
            break
        if sections and len(sections[-1]) + len(piece) < SECTION_LIMIT:
            sections[-1] = joined("\n", [sections[-1], piece])
        else:
            sections.append(piece)
    if room < 0 or len(text) > RAW_LIMIT:
        sections.append(mrkdwn("… (cut: the answer was longer than a message may be)"))
    return sections


def _pieces(text: str) -> Iterator[Mrkdwn]:
    for number, piece in enumerate(text.split("```")):
        if piece.strip():
            yield from _fitting(piece.strip("\n"), code_block if number % 2 else told, PIECE_LIMIT)


def _fitting(text: str, shown: Callable[[Redacted], Mrkdwn], size: int) -> Iterator[Mrkdwn]:
    """What is escaped grows: a piece that got too long for a section is cut into smaller ones, not cut off."""
    for each in _slices(text, size):
        raw = words(each)
        piece = shown(raw)
        if max(len(piece), len(defuse(raw))) > PIECE_LIMIT and size > 100:
            yield from _fitting(each, shown, size // 4)
        else:
            yield piece


def _slices(text: str, size: int) -> list[str]:
    """Pieces of at most ``size`` characters, cut at line ends where there are any."""
    pieces: list[str] = []
    while len(text) > size:
        end = text.rfind("\n", 1, size) if "\n" in text[1:size] else size
        pieces.append(text[:end])
        text = text[end:].lstrip("\n")
    return [*pieces, text]


def _alert(message: AlertSeen) -> Rendered:
    alert = message.alert
    if not alert.firing:
        return lines([mrkdwn(":large_green_circle: {monitor} says this is resolved.", monitor=words(alert.monitor))])
    times = words("once") if message.count == 1 else words(f"{message.count} times")
    head = mrkdwn("{monitor} fired: *{title}*", monitor=words(alert.monitor), title=alert.title.clip(300))
    seen = mrkdwn(
        "seen {times}, last {at}", times=times, at=local_time(message.last_at, "{date_short_pretty} {time_secs}")
    )
    return rendered(head, [section(head), context(seen)])
