"""Turns a Slack message, whatever its shape, into plain lines: text, blocks, attachments, nested blocks.

Monitors rarely fill ``text``; most put everything into attachments. Odd shapes are passed over, never an error.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

LIMIT = 8_000
_DEEPEST = 30
_MARKUP = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


def plain(text: str) -> str:
    """Slack's markup as words: links become their label, mentions ``@U…`` or ``#name``, entities are decoded."""

    def replace(match: re.Match[str]) -> str:
        sign, target, label = match[1], match[2], match[3]
        if sign == "!":
            return label or target.split("^")[0]
        return f"{sign}{label or target}" if sign else (label or target)

    text = _MARKUP.sub(replace, text)
    return re.sub("&(?:lt|gt|amp);", lambda each: _ENTITIES[each[0]], text)


def flatten(event: Mapping[str, Any]) -> str:
    """Everything a person would read in the message, one piece a line, at most 8,000 characters."""
    lines: dict[str, None] = {}
    room = LIMIT
    for piece in _pieces(event):
        line = plain(piece[: 4 * LIMIT]).strip()
        if line and line not in lines:
            lines[line] = None
            room -= len(line) + 1
        if room < 0:
            break
    return "\n".join(lines)[:LIMIT]


def title_of(event: Mapping[str, Any]) -> str:
    """The first line a person would read: the first attachment's title, else the first line there is."""
    for attachment in _maps(event.get("attachments")):
        title = attachment.get("title")
        if isinstance(title, str) and title.strip():
            return plain(title[:LIMIT]).strip()
    return flatten(event).split("\n", 1)[0]


def _pieces(event: Mapping[str, Any]) -> Iterator[str]:
    yield from _strings(event, "text")
    yield from _of_blocks(event.get("blocks"))
    for attachment in _maps(event.get("attachments")):
        found = False
        for piece in _of_attachment(attachment):
            found = True
            yield piece
        if not found:
            yield from _strings(attachment, "fallback")


def _of_attachment(attachment: Mapping[str, Any]) -> Iterator[str]:
    yield from _strings(attachment, "pretext", "title", "text")
    for field in _maps(attachment.get("fields")):
        yield ": ".join(_strings(field, "title", "value"))
    yield from _of_blocks(attachment.get("blocks"))
    yield from _strings(attachment, "footer")


def _of_blocks(blocks: Any) -> Iterator[str]:
    for block in _maps(blocks):
        yield from _texts(block)


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Every ``text`` inside a block, in order; deeper than any real block goes, nothing is read."""
    if depth > _DEEPEST:
        return
    match value:
        case Mapping():
            text = value.get("text")
            if isinstance(text, str):
                yield text
            for key in ("text", "fields", "elements", "rows"):
                if not isinstance(value.get(key), str):
                    yield from _texts(value.get(key), depth + 1)
        case list():
            for each in value:
                yield from _texts(each, depth + 1)
        case _:
            return


def _strings(holder: Mapping[str, Any], *keys: str) -> Iterator[str]:
    for key in keys:
        value = holder.get(key)
        if isinstance(value, str) and value.strip():
            yield value


def _maps(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, Mapping))
