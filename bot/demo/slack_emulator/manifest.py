"""What the app may do: the scopes, events, commands and shortcuts its manifest asks for."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.demo.slack_emulator.shapes import Json

# A subscribed event only arrives when the scope that goes with it was granted too.
EVENT_SCOPES: dict[str, str] = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "reaction_added": "reactions:read",
    "member_joined_channel": "channels:read",
}


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """One slash command as the manifest declares it."""

    name: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """The part of manifest.yml that the emulator enforces."""

    name: str = "app"
    scopes: tuple[str, ...] = ()
    events: frozenset[str] = frozenset()
    commands: dict[str, SlashCommand] = field(default_factory=dict)
    shortcuts: tuple[Json, ...] = ()
    is_interactive: bool = False

    def grants(self, scope: str) -> bool:
        return scope in self.scopes

    def delivers(self, event: str) -> bool:
        needed = EVENT_SCOPES.get(event)
        return event in self.events and (needed is None or self.grants(needed))


def load_manifest(source: Path | str | Json) -> Manifest:
    """Read a manifest from a file (YAML or JSON), or take one that was already read."""
    raw: Any = source if isinstance(source, dict) else yaml.safe_load(Path(source).read_text(encoding="utf-8"))
    if not isinstance(raw, dict):
        raise ValueError(f"{source} is not a manifest: a mapping was expected")
    features = raw.get("features") or {}
    settings = raw.get("settings") or {}
    return Manifest(
        name=str((raw.get("display_information") or {}).get("name", "app")),
        scopes=tuple(((raw.get("oauth_config") or {}).get("scopes") or {}).get("bot") or ()),
        events=frozenset((settings.get("event_subscriptions") or {}).get("bot_events") or ()),
        commands={entry["command"]: _command(entry) for entry in features.get("slash_commands") or ()},
        shortcuts=tuple(features.get("shortcuts") or ()),
        is_interactive=bool((settings.get("interactivity") or {}).get("is_enabled")),
    )


def _command(entry: Json) -> SlashCommand:
    return SlashCommand(
        name=entry["command"],
        description=str(entry.get("description", "")),
        usage_hint=str(entry.get("usage_hint", "")),
        should_escape=bool(entry.get("should_escape")),
    )
