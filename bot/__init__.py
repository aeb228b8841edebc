"""The bot: what it does (flows), what calls it (entrypoints), what it calls (adapters)."""

__version__ = "0.1.0"
