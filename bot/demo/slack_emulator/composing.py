"""What a message becomes on its way in: typed text, an app's post, a monitor's webhook payload."""

import copy
import re

from bot.demo.slack_emulator.shapes import Json, Monitor
from bot.demo.slack_emulator.team import Team

COLOURS = {"good": "2eb886", "warning": "daa038", "danger": "a30200"}
MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_TOKEN = re.compile(
    r"<@(?P<user>[A-Z0-9]+)(?:\|[^>]*)?>|<#(?P<channel>[A-Z0-9]+)(?:\|[^>]*)?>|<(?P<link>https?://[^>|]+)>"
)
_TYPED = re.compile(
    r"(?P<wire><[@#!][A-Za-z0-9^|._-]+>)|(?P<url>https?://[^\s<>|]*[^\s<>|.,;:!?)])|@(?P<user>\w+(?:[.-]\w+)*)|#(?P<channel>[\w-]+)|(?P<special>[&<>])"
)
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def typed_text(team: Team, text: str) -> str:
    """Text as a person types it, in Slack's wire form: mentions and links in angle brackets, the rest escaped."""

    def wire(found: re.Match[str]) -> str:
        whole = found.group(0)
        if found["wire"]:
            return whole
        if found["url"]:
            return f"<{_escape(whole)}>"
        if found["user"]:
            user = next((u for u in team.users.values() if u.name == found["user"]), None)
            return f"<@{user.id}>" if user else whole
        if found["channel"]:
            channel = team.find_channel(found["channel"])
            return f"<#{channel.id}|{channel.name}>" if channel else whole
        return _ESCAPES[whole]

    return _TYPED.sub(wire, text)


def command_text(team: Team, text: str, *, should_escape: bool) -> str:
    """A slash command's text; escaping names people and channels as `<@U1|bob>` and wraps links."""
    if not should_escape:
        return text

    def wire(found: re.Match[str]) -> str:
        whole = found.group(0)
        if found["url"]:
            return f"<{whole}>"
        if found["user"]:
            user = next((u for u in team.users.values() if u.name == found["user"]), None)
            return f"<@{user.id}|{user.name}>" if user else whole
        if found["channel"]:
            channel = team.find_channel(found["channel"])
            return f"<#{channel.id}|{channel.name}>" if channel else whole
        return whole

    return _TYPED.sub(wire, text)


def _escape(text: str) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def rich_text(team: Team, wire: str) -> list[Json]:
    """The rich_text block that Slack's own composer sends along with a person's message."""
    elements: list[Json] = []
    position = 0
    for found in _TOKEN.finditer(wire):
        if found.start() > position:
            elements.append({"type": "text", "text": _unescape(wire[position : found.start()])})
        if found["user"]:
            elements.append({"type": "user", "user_id": found["user"]})
        elif found["channel"]:
            elements.append({"type": "channel", "channel_id": found["channel"]})
        else:
            elements.append({"type": "link", "url": _unescape(found["link"])})
        position = found.end()
    if position < len(wire):
        elements.append({"type": "text", "text": _unescape(wire[position:])})
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": team.new_id("b"), "elements": [section]}]


def person_message(team: Team, user: str, text: str) -> Json:
    wire = typed_text(team, text)
    return {"client_msg_id": team.new_id("m-"), "text": wire, "user": user, "blocks": rich_text(team, wire)}


def app_author(team: Team) -> Json:
    """Who the app under test is on its own messages."""
    app = team.app
    profile = _profile(team, app.bot_id, app.name, app.id)
    return {"user": app.user_id, "bot_id": app.bot_id, "app_id": app.id, "bot_profile": profile}


def monitor_author(team: Team, monitor: Monitor, payload: Json) -> Json:
    if monitor.user_id is None:
        author: Json = {"subtype": "bot_message", "bot_id": monitor.bot_id}
        author["username"] = str(payload.get("username") or monitor.name)
        if payload.get("icon_emoji"):
            author["icons"] = {"emoji": payload["icon_emoji"]}
        return author
    profile = _profile(team, monitor.bot_id, monitor.name, monitor.app_id)
    return {"user": monitor.user_id, "bot_id": monitor.bot_id, "app_id": monitor.app_id, "bot_profile": profile}


def _profile(team: Team, bot_id: str, name: str, app_id: str) -> Json:
    return {
        "id": bot_id,
        "deleted": False,
        "name": name,
        "updated": 1_700_000_000,
        "app_id": app_id,
        "icons": {},
        "team_id": team.workspace.team_id,
    }


def with_block_ids(team: Team, blocks: list[Json]) -> list[Json]:
    """Slack gives every block and every interactive element an id when the app did not."""
    named = copy.deepcopy(blocks)
    for block in named:
        block.setdefault("block_id", team.new_id("b"))
        for element in interactive_elements(block):
            element.setdefault("action_id", team.new_id("a"))
    return named


def interactive_elements(block: Json) -> list[Json]:
    """Buttons, menus, pickers and inputs of one block, wherever Block Kit puts them."""
    candidates: list[object] = [block.get("accessory"), block.get("element")]
    candidates += list(block.get("elements") or []) if block.get("type") in {"actions", "context_actions"} else []
    candidates += list(block.get("actions") or []) if block.get("type") == "card" else []
    found = [item for item in candidates if isinstance(item, dict) and item.get("type") not in {"image", None}]
    for child in [*(block.get("child_blocks") or []), *(block.get("elements") or [])]:
        if isinstance(child, dict) and child.get("type") in {"card", "actions", "section"}:
            found += interactive_elements(child)
    return found


def normal_attachments(team: Team, attachments: list[Json]) -> list[Json]:
    """Legacy attachments as Slack stores them: numbered, colour words as hex, empty fields dropped."""
    return [_normal_attachment(team, number, item) for number, item in enumerate(attachments, start=1)]


def _normal_attachment(team: Team, number: int, attachment: Json) -> Json:
    kept = {key: copy.deepcopy(value) for key, value in attachment.items() if value not in ("", None)}
    if "color" in kept:
        colour = str(kept["color"])
        kept["color"] = COLOURS.get(colour, colour.removeprefix("#"))
    for position, action in enumerate(kept.get("actions") or [], start=1):
        action.setdefault("id", str(position))
    if kept.get("blocks"):
        kept["blocks"] = with_block_ids(team, kept["blocks"])
        kept.setdefault("fallback", "[no preview available]")
    kept["id"] = number
    return kept
