"""What a source of alerts is: a pure function from a message to an alert, or None when it is not its kind."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain import Fingerprint


@dataclass(frozen=True, slots=True)
class Recognised:
    """An alert as a source read it, not yet redacted. ``same`` is what stays equal while it fires and resolves."""

    monitor: str
    firing: bool
    title: str
    text: str
    same: str
    severity: str | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        folded = re.sub(r"\s+", " ", self.same).strip().casefold()
        return Fingerprint(hashlib.sha256(f"{self.monitor}\n{folded}".encode()).hexdigest()[:32])


Source = Callable[[Mapping[str, Any]], Recognised | None]


def sender_names(event: Mapping[str, Any]) -> set[str]:
    """Every name and id by which a channel's allow-list may know the sender of a bot message."""
    profile = event.get("bot_profile")
    profile = profile if isinstance(profile, Mapping) else {}
    found = (
        event.get("username"),
        event.get("bot_id"),
        event.get("app_id"),
        profile.get("name"),
        profile.get("app_id"),
    )
    return {each for each in found if isinstance(each, str) and each}
