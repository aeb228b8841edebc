"""A stand-in for the Messages API: scripted replies, every fault of the way, and the API's rules about requests."""

from bot.demo.messages_emulator.server import MessagesEmulator
from bot.demo.messages_emulator.turns import (
    Broken,
    Damage,
    Pause,
    Refuse,
    Reply,
    Text,
    Thinking,
    ToolUse,
    error,
    overloaded,
    rate_limited,
)

__all__ = [
    "Broken",
    "Damage",
    "MessagesEmulator",
    "Pause",
    "Refuse",
    "Reply",
    "Text",
    "Thinking",
    "ToolUse",
    "error",
    "overloaded",
    "rate_limited",
]
