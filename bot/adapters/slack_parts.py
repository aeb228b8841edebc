"""The small pieces every Slack message is made of: sections, footers, durations, within the limits of the blocks."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.models.blocks import Block, ContextBlock, MarkdownTextObject, SectionBlock

from bot.ports import Rendered
from safety.redaction import Redacted, Redactor
from safety.untrusted import Mrkdwn, clipped, defuse, joined, local_time, mrkdwn

SECTION_LIMIT = 2900
# The text beside the blocks is for notifications. An update takes 4,000 bytes of it, and a character may be four.
NOTIFICATION_LIMIT = 950

_RULES = Redactor()


def words(text: str) -> Redacted:
    """Our own or already redacted words as redacted text; the rules run again, they are idempotent."""
    return _RULES.text(text)


def rendered(text: Mrkdwn, blocks: Iterable[Block]) -> Rendered:
    return Rendered(_shown(text, NOTIFICATION_LIMIT), tuple(_plain(each.to_dict()) for each in blocks))


def _shown(text: Mrkdwn, limit: int) -> Mrkdwn:
    """Slack takes no text that is empty, and refuses the whole message for one."""
    return clipped(text, limit) if text.strip() else mrkdwn("…")


def _plain(value: Any) -> Any:
    """The SDK's dicts without its enums and empty fields, ready for JSON."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def section(text: Mrkdwn, block_id: str | None = None) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=_shown(text, SECTION_LIMIT), verbatim=True), block_id=block_id)


def context(*parts: Mrkdwn) -> ContextBlock:
    line = joined("  ·  ", [each for each in parts if each.strip()])
    return ContextBlock(elements=[MarkdownTextObject(text=_shown(line, SECTION_LIMIT), verbatim=True)])


def lines(lines: Sequence[Mrkdwn]) -> Rendered:
    text = joined("\n", list(lines))
    return rendered(text, [section(text)])


_UTC = re.compile(r"\b(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}(?::\d{2})?) UTC\b")


def told(text: Redacted) -> Mrkdwn:
    """Text from outside, defused; times that it gives in UTC are shown in the reader's own zone."""
    pieces: list[Mrkdwn] = []
    start = 0
    for found in _UTC.finditer(text):
        at = _time(f"{found[1]} {found[2]}")
        if at is not None:
            form = "{date_short_pretty} {time_secs}" if found[2].count(":") == 2 else "{date_short_pretty} {time}"
            pieces += [defuse(words(text[start : found.start()])), local_time(at, form)]
            start = found.end()
    return joined("", [*pieces, defuse(words(text[start:]))])


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def seconds(took: timedelta) -> Mrkdwn:
    """A duration for a footer."""
    whole = took.total_seconds()
    return mrkdwn("{text}", text=words(f"{whole:.1f} s" if whole < 90 else f"{whole / 60:.0f} min"))
