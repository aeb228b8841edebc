"""The analyst that needs no model, network or key: it answers by rules, from the report and from what tools saw."""

from bot.adapters.offline.analyst import OfflineAnalyst

__all__ = ["OfflineAnalyst"]
