"""A stand-in for the Messages API: scripted replies, every fault of the way, and the API's rules about requests."""

from bot.demo.messages_emulator.models import MODELS
from bot.demo.messages_emulator.ollama_door import OLLAMA_MODELS
from bot.demo.messages_emulator.openai_door import OPENAI_MODELS
from bot.demo.messages_emulator.server import MessagesEmulator
from bot.demo.messages_emulator.turns import (
    Broken,
    Damage,
    NoAnswer,
    Pause,
    Redacted,
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
    "MODELS",
    "OLLAMA_MODELS",
    "OPENAI_MODELS",
    "Broken",
    "Damage",
    "MessagesEmulator",
    "NoAnswer",
    "Pause",
    "Redacted",
    "Refuse",
    "Reply",
    "Text",
    "Thinking",
    "ToolUse",
    "error",
    "overloaded",
    "rate_limited",
]
