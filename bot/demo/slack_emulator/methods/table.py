"""All Web API methods the emulator knows, by name."""

from bot.demo.slack_emulator.methods import chat, conversations, people, streams, surfaces, uploads
from bot.demo.slack_emulator.methods.method import Method

METHODS: dict[str, Method] = {
    **surfaces.METHODS,
    **chat.METHODS,
    **streams.METHODS,
    **conversations.METHODS,
    **people.METHODS,
    **uploads.METHODS,
}
