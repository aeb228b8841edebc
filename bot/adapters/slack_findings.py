"""The first findings in Slack: at most twelve lines with the cause, its best evidence, the change and the next step."""

import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, PlainTextObject

from bot.adapters.slack_parts import context, rendered, seconds, section, words
from bot.diagnosis import ACTS
from bot.domain import EvidenceRecord, IncidentReport, Issue, Recurrence, Remediation, ReportedChange, WhereSet
from bot.messages import Findings
from bot.ports import Rendered
from safety.redaction import Redacted
from safety.untrusted import Mrkdwn, clipped, code, defuse, joined, local_time, mrkdwn, web_link

DETAILS = "details"
# A line of a channel on a laptop; what is longer goes on in the next one and counts as two.
WIDTH = 100
MOST_LINES = 12
_FOOTER_AND_BUTTON = 2
# Fewer characters of a piece of evidence say nothing.
_LEAST = 20
_DAY = "{date_short_pretty} {time}"

_SAID = re.compile(r"""\b(?:msg|message)"?[=:]\s?"((?:[^"\\]|\\.){4,})\"""")
_ERROR = re.compile(r"""\b(?:err|error|cause|exception)"?[=:]\s?"((?:[^"\\]|\\.){4,})\"""")
_STAMP = re.compile(r"^\W{0,2}\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d\S*\s+")
_LIVE = re.compile(r"<(?:![^|>]*|[^|>]*)\|([^>]*)>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


@dataclass(frozen=True, slots=True)
class _Line:
    """One line, what it may be cut to, and how soon it is left out where room is short; 0 is never."""

    text: Mrkdwn
    spare: int = 0
    short: Mrkdwn | None = None


def findings(message: Findings) -> Rendered:
    """The TL;DR with a button for everything else, where the run is stored."""
    head = verdict(message.report)
    blocks: list[Block] = [section(joined("\n", _fitted(list(_lines(message.report)))))]
    blocks.append(context(_within(_footer(message), 1)))
    if message.run is not None:
        blocks.append(_details_button(words(message.run)))
    return rendered(mrkdwn("First findings: {head}", head=head), blocks)


def _details_button(run: Redacted) -> ActionsBlock:
    button = ButtonElement(text=PlainTextObject(text=words("Details")), action_id=DETAILS, value=run)
    return ActionsBlock(elements=[button])


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


# ---- room -----------------------------------------------------------------------------------------------------------


def height(text: Mrkdwn) -> int:
    """How many lines it takes where ``WIDTH`` characters fit in one; wide characters count twice."""
    shown = _LIVE.sub(r"\1", text)
    for entity, character in _ENTITIES:
        shown = shown.replace(entity, character)
    wide = "".join(each * 2 if unicodedata.east_asian_width(each) in "WF" else each for each in shown)
    return sum(max(1, len(textwrap.wrap(line, WIDTH))) for line in wide.split("\n"))


def _within(text: Mrkdwn, most: int) -> Mrkdwn:
    """The text on one line, cut so that it is shown in ``most`` lines."""
    limit = len(text)
    while height(text) > most:
        limit = limit * 9 // 10
        text = clipped(text, limit)
    return text


def _filled(make: Callable[[Redacted], Mrkdwn], text: Redacted, most: int) -> Mrkdwn:
    """The line with as much of the text as is shown in ``most`` lines."""
    limit = min(len(text), most * WIDTH)
    while height(made := make(words(text).clip(limit))) > most and limit > _LEAST:
        limit = max(_LEAST, limit - 8)
    return _within(made, most)


def _fitted(lines: list[_Line]) -> list[Mrkdwn]:
    while sum(height(each.text) for each in lines) > MOST_LINES - _FOOTER_AND_BUTTON:
        long = next((index for index, each in enumerate(lines) if each.short is not None), None)
        if long is not None:
            lines[long] = _Line(lines[long].short or lines[long].text, lines[long].spare)
        else:
            lines.remove(max(lines, key=lambda each: each.spare))
    return [each.text for each in lines]


def one_line(text: str) -> Redacted:
    """The words without line breaks, which would be lines that nobody counted."""
    return words(" ".join(text.split()))


# ---- lines ----------------------------------------------------------------------------------------------------------


def _lines(report: IncidentReport) -> Iterator[_Line]:
    """Those that always stay take eight of the ten lines at most."""
    head = mrkdwn("*{head}*", head=_bare(report)) if report.verdict == "incident" else _bare(report)
    yield _Line(_within(joined(" ", [_mark(report), head]), 2))
    if report.root_cause is not None:
        yield _Line(_within(_subject(report), 2))
    yield from _evidence(report)
    if report.changes or report.verdict != "healthy":
        yield _Line(_within(_changes(report), 2))
    if report.where_set is not None:
        yield _Line(_within(_place(report.where_set), 2), 1)
    if report.recurrence is not None:
        yield _Line(_within(_before(report.recurrence), 2), 1)
    others = [each for each in report.issues_found if not is_root(report, each)]
    if others and report.root_cause is not None:
        yield _Line(_within(_also(others), 1), 3)
    if report.verdict != "healthy":
        yield _Line(_within(_next(report), 2))


_MARKS = {
    "healthy": mrkdwn(":large_green_circle:"),
    "incident": mrkdwn(":red_circle:"),
    "inconclusive": mrkdwn(":white_circle:"),
}


def _mark(report: IncidentReport) -> Mrkdwn:
    return _MARKS[report.verdict]


def _bare(report: IncidentReport) -> Mrkdwn:
    text = report.root_cause.summary if report.root_cause else report.symptom
    told = mrkdwn("{text}", text=one_line(text))
    return mrkdwn("Not settled: {told}", told=told) if report.verdict == "inconclusive" else told


def _subject(report: IncidentReport) -> Mrkdwn:
    """Where, what kind of trouble, how sure, and how it shows unless the line above says just that."""
    cause = report.root_cause
    assert cause is not None
    return mrkdwn(
        "{subject}  ({category}, {percent}% sure){shown}",
        subject=code(words(cause.subject).clip(180)),
        category=words(cause.category.value),
        percent=round(cause.confidence * 100),
        shown=how_it_shows(report),
    )


def how_it_shows(report: IncidentReport) -> Mrkdwn:
    """The states behind a colon; nothing where they are the cause's own words."""
    cause = report.root_cause
    shows = one_line(report.symptom.removeprefix(f"{cause.subject}: ") if cause else report.symptom)
    is_news = bool(shows.strip()) and (cause is None or shows[:60] not in cause.summary)
    return mrkdwn(": {shows}", shows=shows) if is_news else mrkdwn("")


def is_root(report: IncidentReport, issue: Issue) -> bool:
    cause = report.root_cause
    return cause is not None and (cause.subject, cause.category) == (issue.subject, issue.category)


def _evidence(report: IncidentReport) -> Iterator[_Line]:
    """Two or three pieces, of different sources where there are any; without a cause, what was seen instead."""
    cause = report.root_cause
    if cause is None:
        for spare, each in enumerate(report.issues_found[:3]):
            seen = mrkdwn("• {what}: {text}", what=code(words(each.subject).clip(150)), text=one_line(each.summary))
            yield _Line(_within(seen, 2), spare * 2)
        return
    by_id = {each.id: each for each in report.evidence}
    groups = _alike([by_id[one] for one in cause.evidence if one in by_id])
    for spare, alike in enumerate(_varied(groups)[:3]):
        short = _seen(alike, 1)
        yield _Line(short, spare * 2) if spare else _Line(_seen(alike, 2), 0, short)


def _alike(evidence: list[EvidenceRecord]) -> list[list[EvidenceRecord]]:
    """Pieces that differ only in names and numbers, such as three pods that died the same way, stand together.

    Rollouts are left out: they stand below, under what changed.
    """
    groups: dict[str, list[EvidenceRecord]] = {}
    for each in (one for one in evidence if one.source != "rollout"):
        shape = re.sub(r"\d+", "#", " ".join(each.text.split())[:60])
        groups.setdefault(f"{each.source}:{each.ref.partition('/')[0]}:{shape}", []).append(each)
    return list(groups.values())


def _varied(groups: list[list[EvidenceRecord]]) -> list[list[EvidenceRecord]]:
    """One of every source before a second of any, each in the order of the citation."""
    met: dict[str, int] = {}
    ranked = []
    for position, each in enumerate(groups):
        source = each[0].source
        ranked.append((met.get(source, 0), position, each))
        met[source] = met.get(source, 0) + 1
    return [each for _, _, each in sorted(ranked, key=lambda one: one[:2])]


def _seen(alike: list[EvidenceRecord], most: int) -> Mrkdwn:
    first = alike[0]
    ids = [f"[{each.id}]" for each in alike]
    known_by = words("".join(ids[:3]) + ("…" if len(ids) > 3 else ""))
    at = mrkdwn(" {at}", at=local_time(first.at)) if first.at else mrkdwn("")
    more = mrkdwn(" and {count} like it", count=len(alike) - 1) if len(alike) > 1 else mrkdwn("")

    def line(text: Redacted) -> Mrkdwn:
        return mrkdwn("• {ids} {text}{at}{more}", ids=known_by, text=code(text), at=at, more=more)

    return _filled(line, words(_gist(first.telling())), most)


def _gist(line: str) -> str:
    """What a line of a log says, without its own time and the words around it: its time stands beside it."""
    said = _SAID.search(line)
    if said is not None and line.startswith(("{", "time=", "ts=", "level=")):
        error = _ERROR.search(line)
        return f"{said[1]}: {error[1]}" if error is not None and error[1] not in said[1] else said[1]
    return _STAMP.sub("", line) or line


def _changes(report: IncidentReport) -> Mrkdwn:
    """The suspected change; or that none is tied to the cause; or that none was found."""
    suspected = next((each for each in report.changes if each.suspected), None)
    if suspected is not None:
        why = suspected.why.removeprefix("tied to the cause; ")
        return mrkdwn("*Changed*: {change}, suspected: {why}", change=change_line(suspected, 90), why=one_line(why))
    if not report.changes:
        return mrkdwn("*Changed*: no change was found")
    count, newest = len(report.changes), change_line(report.changes[0], 90)
    if report.verdict == "healthy":
        return mrkdwn("*Changed*: {newest}", newest=newest)
    if count == 1:
        return mrkdwn("*Changed*: one change before, not tied to it: {newest}", newest=newest)
    return mrkdwn("*Changed*: none of {count} changes is tied to it; the newest: {newest}", count=count, newest=newest)


def change_line(change: ReportedChange, limit: int) -> Mrkdwn:
    """When, what, by whom, and where to read it."""
    at = mrkdwn("{at} ", at=local_time(change.at, _DAY)) if change.at else mrkdwn("")
    by = mrkdwn(" by {by}", by=one_line(change.by).clip(40)) if change.by else mrkdwn("")
    return joined("", [at, mrkdwn("{title}", title=one_line(change.title).clip(limit)), by, _link(change)])


def _link(change: ReportedChange) -> Mrkdwn:
    """The words of the link are the change's name."""
    if change.url is None:
        return mrkdwn("")
    return mrkdwn(" {link}", link=web_link(change.url, words(change.id).clip(60)))


def _place(found: WhereSet) -> Mrkdwn:
    """The file and line, as a link where it is one; what stands there."""
    name = one_line(found.place).clip(120)
    where = web_link(found.url, name) if found.url else code(name)
    return mrkdwn("*Set in*: {where} {text}", where=where, text=code(one_line(found.text).clip(70)))


def _before(recurrence: Recurrence) -> Mrkdwn:
    return mrkdwn("*Before*: {text}", text=one_line(recurrence.text))


def _also(others: list[Issue]) -> Mrkdwn:
    named = joined(", ", [code(words(each.subject).clip(60)) for each in others[:3]])
    more = mrkdwn(" and {count} more", count=len(others) - 3) if len(others) > 3 else mrkdwn("")
    return mrkdwn("*Also not well*: {named}{more}", named=named, more=more)


def _next(report: IncidentReport) -> Mrkdwn:
    """What would remove the cause and whether it may be done from here; else what a person can do."""
    wanted = report.remediation
    if wanted.class_ != "none" and wanted.target is not None:
        return mrkdwn("*Next*: {step}", step=step(wanted))
    root = next((each for each in report.issues_found if is_root(report, each)), None)
    if root is None:
        return mrkdwn("*Next*: {why}", why=one_line(wanted.why))
    return mrkdwn("*Next*, by a person: {what}", what=one_line(root.recommendations[0]))


def step(wanted: Remediation) -> Mrkdwn:
    """The change, and whether it can be approved here or why not."""
    to = mrkdwn(" to revision {number}", number=wanted.to_revision) if wanted.to_revision else mrkdwn("")
    what = mrkdwn(
        "{act} {target}{to}", act=words(ACTS[wanted.class_]), target=code(words(wanted.target or "").clip(150)), to=to
    )
    if wanted.allowed:
        return mrkdwn("{what}; it needs an approval", what=what)
    reasons = one_line("; ".join(wanted.reasons) or "the policy does not allow it")
    return mrkdwn("{what}; not from here: {reasons}", what=what, reasons=reasons)


def _footer(message: Findings) -> Mrkdwn:
    told = mrkdwn("First findings by rules after {took}", took=seconds(message.took))
    head = message.report.audit_head
    if head is not None:
        told = mrkdwn("{told}  ·  {head}", told=told, head=words(head.short))
    unseen = message.report.not_checked
    if not unseen:
        return told
    return mrkdwn("{told}  ·  not checked: {what}", told=told, what=defuse(one_line("; ".join(unseen)).clip(300)))
