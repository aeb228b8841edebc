"""Prometheus Alertmanager's Slack messages (default template): everything is in the first attachment's title."""

import re
from collections.abc import Mapping
from typing import Any

from bot.sources.flatten import flatten, title_of
from bot.sources.interface import Recognised

_TITLE = re.compile(r"^\[(FIRING|RESOLVED)(?::\d+)?\]\s*(.+)$", re.IGNORECASE | re.DOTALL)
_SEVERITY = re.compile(r"\b(critical|error|high|warning|info|low)\b", re.IGNORECASE)


def recognise(event: Mapping[str, Any]) -> Recognised | None:
    """An alert group, firing or resolved. The same group keeps its fingerprint whatever its number of alerts."""
    title = title_of(event)
    found = _TITLE.match(title)
    if found is None:
        return None
    same = found[2].strip()
    severity = _SEVERITY.search(same)
    return Recognised(
        monitor="Alertmanager",
        firing=found[1].upper() == "FIRING",
        title=same,
        text=flatten(event),
        same=same,
        severity=severity[1].lower() if severity else None,
    )
