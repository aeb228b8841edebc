"""Where alerts come from: one recogniser per monitor, tried in order."""

from collections.abc import Mapping
from typing import Any

from bot.sources import alertmanager
from bot.sources.interface import Recognised, Source

SOURCES: tuple[Source, ...] = (alertmanager.recognise,)


def recognise(event: Mapping[str, Any]) -> Recognised | None:
    """The alert in a monitor's message, by the first source that knows it."""
    for source in SOURCES:
        found = source(event)
        if found is not None:
            return found
    return None
