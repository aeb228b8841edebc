"""Everything a report holds, as pages of a Slack dialog: findings, changes, what was ruled out, and the evidence."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from slack_sdk.models.blocks import Block, DividerBlock, HeaderBlock, PlainTextObject

from bot.adapters.offline.primer import explain
from bot.adapters.slack_findings import change_line, how_it_shows, is_root, one_line, step, verdict
from bot.adapters.slack_parts import context, section, told, words
from bot.domain import EvidenceRecord, IncidentReport, Issue, ReportedChange, WhereSet
from safety.redaction import Redacted
from safety.untrusted import Mrkdwn, clipped, code, code_block, joined, local_time, mrkdwn, web_link

# A view takes 100 blocks and 250 kB of JSON. Some blocks are kept for turning pages; what is written in JSON with more
# than eight bytes a character, such as emoji, counts by these.
BLOCKS_OF_A_PAGE = 90
CHARACTERS_OF_A_PAGE = 24_000
_PIECE = 2_400
_AT = "{date_short_pretty} {time_secs}"
T = TypeVar("T")


def pages(report: IncidentReport) -> list[list[Block]]:
    """The whole report, what matters most first; at least one page, each within the limits of a view."""
    made: list[list[Block]] = [[]]
    room = CHARACTERS_OF_A_PAGE
    for part in _parts(report):
        size = sum(_size(each) for each in part)
        if made[-1] and (size > room or len(made[-1]) + len(part) > BLOCKS_OF_A_PAGE):
            made.append([])
            room = CHARACTERS_OF_A_PAGE
        made[-1] += part
        room -= size
    return made


def _size(block: Block) -> int:
    made = block.to_dict()
    return max(len(json.dumps(made, ensure_ascii=False)), len(json.dumps(made)) // 8)


def _parts(report: IncidentReport) -> Iterator[list[Block]]:
    """What stays together on one page: a heading with the first thing below it, and each other thing alone."""
    yield [section(_head(report)), context(*_where(report))]
    yield from _chapter("What it means", [report.explanation], _paragraph)
    category = report.root_cause.category if report.root_cause else None
    yield from _chapter("For somebody new to this", explain(category) if category else (), _plainly)
    yield from _chapter("What to do", [report.remediation], lambda _: _advice(report))
    yield from _chapter("Where it is set", [report.where_set] if report.where_set else [], _place)
    yield from _chapter("Seen before", [report.recurrence] if report.recurrence else [], lambda each: told(each.text))
    yield from _chapter("Findings", report.issues_found, lambda each: _issue(report, each))
    yield from _chapter("What changed before", report.changes, _change)
    yield from _chapter("Ruled out", report.ruled_out, _point)
    yield from _chapter("Not checked", report.not_checked, _point)
    yield from _chapter("Evidence", report.evidence, _evidence)


def _chapter(title: str, things: Sequence[T], shown: Callable[[T], Mrkdwn]) -> Iterator[list[Block]]:
    heading: list[Block] = [DividerBlock(), HeaderBlock(text=PlainTextObject(text=words(title)))]
    for text in (shown(each) for each in things):
        if text.strip():
            yield [*heading, section(text)]
            heading = []


def _head(report: IncidentReport) -> Mrkdwn:
    """The cause in full, and how it shows."""
    shown = [clipped(verdict(report), _PIECE)]
    cause = report.root_cause
    if cause is not None:
        line = mrkdwn(
            "{subject}  ({category}, {percent}% sure) {ids}{shown}",
            subject=code(words(cause.subject)),
            category=words(cause.category.value),
            percent=round(cause.confidence * 100),
            ids=_ids(cause.evidence),
            shown=how_it_shows(report),
        )
        shown.append(line)
    return joined("\n", shown)


def _where(report: IncidentReport) -> list[Mrkdwn]:
    place = mrkdwn("namespace {name}", name=words(report.namespace)) if report.namespace else mrkdwn("all namespaces")
    seen = mrkdwn("looked at {at}", at=local_time(report.observed_at, _AT))
    cluster = mrkdwn("cluster {name}", name=words(report.cluster))
    head = report.audit_head
    if head is None:
        return [place, cluster, seen]
    log = mrkdwn("audit log: {count} records, head {head}", count=head.records, head=code(words(head.head)))
    return [place, cluster, seen, log]


def _paragraph(text: Redacted) -> Mrkdwn:
    return clipped(told(text), _PIECE)


def _plainly(text: str) -> Mrkdwn:
    return mrkdwn("• {text}", text=words(text))


def _point(text: Redacted) -> Mrkdwn:
    return clipped(mrkdwn("• {text}", text=told(text)), _PIECE)


def _advice(report: IncidentReport) -> Mrkdwn:
    wanted = report.remediation
    root = next((each for each in report.issues_found if is_root(report, each)), None)
    lines = [step(wanted)] if wanted.class_ != "none" else []
    lines.append(told(wanted.why))
    lines += [mrkdwn("• {text}", text=told(each)) for each in (root.recommendations if root else ())]
    return clipped(joined("\n", lines), _PIECE)


def _place(found: WhereSet) -> Mrkdwn:
    name = words(found.place).clip(300)
    head = mrkdwn(
        "{what}: {where} in {repository}{ref}",
        what=one_line(found.what),
        where=web_link(found.url, name) if found.url else code(name),
        repository=words(found.repository),
        ref=mrkdwn(" at {ref}", ref=words(found.ref[:40])) if found.ref else mrkdwn(""),
    )
    return joined("\n", [head, code_block(found.text, 600)])


def _ids(evidence: Sequence[str]) -> Mrkdwn:
    shown = "".join(f"[{each}]" for each in evidence[:40])
    return mrkdwn("{ids}", ids=words(f"{shown}…" if len(evidence) > 40 else shown))


def _issue(report: IncidentReport, issue: Issue) -> Mrkdwn:
    since = mrkdwn(" since {at}", at=local_time(issue.since, _AT)) if issue.since else mrkdwn("")
    head = mrkdwn(
        "*{subject}* — {severity}, {category}, {state}, {percent}% sure{since}",
        subject=words(issue.subject),
        severity=words(issue.severity),
        category=words(issue.category.value),
        state=one_line(issue.issue_type),
        percent=round(issue.confidence * 100),
        since=since,
    )
    lines = [head, mrkdwn("{text} {ids}", text=one_line(issue.summary), ids=_ids(issue.evidence))]
    if issue.explained_by is not None:
        text = mrkdwn("comes from {what}: {why}", what=code(words(issue.explained_by)), why=one_line(issue.root_cause))
        lines.append(text)
    if issue.affected_pods:
        lines.append(mrkdwn("pods: {names}", names=words(", ".join(issue.affected_pods)).clip(600)))
    if not is_root(report, issue):
        lines += [mrkdwn("• {text}", text=one_line(each)) for each in issue.recommendations]
    return clipped(joined("\n", lines), _PIECE)


def _change(change: ReportedChange) -> Mrkdwn:
    verb = "suspected" if change.suspected else "not suspected"
    lines = [
        mrkdwn("• {change}", change=change_line(change, 600)),
        mrkdwn(
            "{kind} {id}, {verb}: {why}",
            kind=words(change.kind),
            id=code(words(change.id).clip(200)),
            verb=words(verb),
            why=one_line(change.why),
        ),
    ]
    return clipped(joined("\n", lines), _PIECE)


def _evidence(piece: EvidenceRecord) -> Mrkdwn:
    at = mrkdwn(" {at}", at=local_time(piece.at, _AT)) if piece.at else mrkdwn("")
    head = mrkdwn(
        "*[{id}]* {source} {ref}{at}",
        id=words(piece.id),
        source=words(piece.source),
        ref=code(words(piece.ref).clip(300)) if piece.ref else mrkdwn(""),
        at=at,
    )
    return joined("\n", [head, code_block(piece.text, _PIECE - len(head))])
