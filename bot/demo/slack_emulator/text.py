"""Messages as a person would read them in a terminal: names for ids, buttons in brackets, blocks as lines."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from bot.demo.slack_emulator.blocks_as_text import block_lines
from bot.demo.slack_emulator.shapes import Json, Message
from bot.demo.slack_emulator.team import Team

_MARKUP = re.compile(
    r"<!date\^(?P<seconds>\d+)\^(?P<format>[^|^>]*)(?:\^[^|>]*)?(?:\|(?P<fallback>[^>]*))?>"
    r"|<@(?P<user>[A-Z0-9]+)(?:\|[^>]*)?>"
    r"|<#(?P<channel>[A-Z0-9]+)(?:\|[^>]*)?>"
    r"|<!subteam\^(?P<group>[A-Z0-9]+)(?:\|[^>]*)?>"
    r"|<!(?P<special>here|channel|everyone)(?:\|[^>]*)?>"
    r"|<(?P<link>[a-z]+:[^>|]+)(?:\|(?P<label>[^>]*))?>"
)
_DATE_TOKENS: dict[str, Callable[[datetime], str]] = {
    "{date_num}": lambda at: f"{at:%Y-%m-%d}",
    "{date_slash}": lambda at: f"{at:%m/%d/%Y}",
    "{date}": lambda at: f"{at:%B} {at.day}, {at.year}",
    "{date_short}": lambda at: f"{at:%b} {at.day}, {at.year}",
    "{date_long}": lambda at: f"{at:%A}, {at:%B} {at.day}, {at.year}",
    "{date_pretty}": lambda at: f"{at:%B} {at.day}, {at.year}",
    "{date_short_pretty}": lambda at: f"{at:%b} {at.day}, {at.year}",
    "{date_long_pretty}": lambda at: f"{at:%A}, {at:%B} {at.day}, {at.year}",
    "{time}": lambda at: f"{at:%H:%M}",
    "{time_secs}": lambda at: f"{at:%H:%M:%S}",
    "{ago}": lambda at: f"at {at:%H:%M}",
}


def plain(team: Team, text: str) -> str:
    """Slack's markup resolved: `<@U1>` as @bob, links as `label (address)`, dates as UTC times."""

    def readable(found: re.Match[str]) -> str:
        if found["seconds"]:
            return _date(int(found["seconds"]), found["format"])
        if found["user"]:
            return f"@{_user_name(team, found['user'])}"
        if found["channel"]:
            channel = team.channels.get(found["channel"])
            return f"#{channel.name if channel else found['channel']}"
        if found["group"]:
            return f"@{next((g.handle for g in team.workspace.groups if g.id == found['group']), found['group'])}"
        if found["special"]:
            return f"@{found['special']}"
        label = found["label"]
        return f"{label} ({found['link']})" if label and label != found["link"] else str(found["link"])

    resolved = _MARKUP.sub(readable, text)
    return resolved.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _date(seconds: int, layout: str) -> str:
    at = datetime.fromtimestamp(seconds, UTC)

    def part(found: re.Match[str]) -> str:
        writer = _DATE_TOKENS.get(found[0])
        return writer(at) if writer else found[0]

    return re.sub(r"\{\w+\}", part, layout)


def _user_name(team: Team, user: str) -> str:
    if user == "USLACKBOT":
        return "Slackbot"
    known = team.users.get(user)
    return known.name if known else user


def author(team: Team, message: Message) -> str:
    raw = message.raw
    if raw.get("username"):
        return str(raw["username"])
    if message.user and (message.user in team.users or message.user == "USLACKBOT"):
        return _user_name(team, message.user)
    return str((raw.get("bot_profile") or {}).get("name") or message.user or message.bot_id or "somebody")


def as_text(team: Team, message: Message) -> str:
    """One message: who, when, and everything it shows."""
    at = datetime.fromtimestamp(float(message.ts), UTC)
    head = f"{author(team, message)}  {at:%H:%M:%S}"
    if message.visible_to is not None:
        head += f"  (only visible to {_user_name(team, message.visible_to)})"
    if message.raw.get("edited"):
        head += "  (edited)"
    lines = [*_content(team, message), *_reactions(message)]
    return "\n".join([head, *(f"  {line}" for line in lines)])


def with_plain_text(team: Team, block: Json) -> Json:
    """A block and, under `plain`, the lines it would be without any drawing."""
    return {**block, "plain": "\n".join(block_lines(block, lambda text: plain(team, text)))}


def thread_as_text(team: Team, messages: Iterable[Message]) -> str:
    """Messages one below the other; replies are indented."""
    parts = []
    for message in messages:
        shown = as_text(team, message)
        parts.append("\n".join(f"  | {line}" for line in shown.splitlines()) if message.is_reply else shown)
    return "\n".join(parts)


def _content(team: Team, message: Message) -> list[str]:
    def readable(text: str) -> str:
        return plain(team, text)

    lines: list[str] = []
    if message.blocks:
        # With blocks, Slack shows the text only in notifications.
        for block in message.blocks:
            lines += block_lines(block, readable)
    elif message.text:
        lines += readable(message.text).splitlines()
    lines += [f"(file: {file.get('title') or file.get('name')})" for file in message.raw.get("files") or []]
    for attachment in message.attachments:
        lines += [f"| {line}" for line in _attachment(attachment, readable)]
    return lines


def _attachment(attachment: Json, readable: Callable[[str], str]) -> list[str]:
    lines = [readable(str(attachment[key])) for key in ("pretext", "author_name") if attachment.get(key)]
    if attachment.get("title"):
        link = attachment.get("title_link")
        lines.append(f"{readable(str(attachment['title']))} ({link})" if link else readable(str(attachment["title"])))
    if attachment.get("text"):
        lines += readable(str(attachment["text"])).splitlines()
    for block in attachment.get("blocks") or []:
        lines += block_lines(block, readable)
    lines += [f"{f.get('title', '')}: {readable(str(f.get('value', '')))}" for f in attachment.get("fields") or []]
    buttons = [f"[ {action.get('text', '')} ]" for action in attachment.get("actions") or []]
    lines += [" ".join(buttons)] if buttons else []
    lines += [str(attachment["footer"])] if attachment.get("footer") else []
    if not lines and attachment.get("fallback"):
        lines.append(readable(str(attachment["fallback"])))
    return [part for line in lines for part in (line.splitlines() or [""])]


def _reactions(message: Message) -> list[str]:
    reactions = message.raw.get("reactions") or []
    return [" ".join(f":{r['name']}: {r['count']}" for r in reactions)] if reactions else []
