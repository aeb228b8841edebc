"""A Slack that runs on this machine: Web API, Socket Mode and a page to look at, for demos and tests.

It depends on nothing but aiohttp and pyyaml and can serve any Slack app: give it the app's manifest,
point the app's Web API address at `SlackEmulator.api_url`, and use the tokens it names.
"""

from bot.demo.slack_emulator.actors import MonitorBot, Person
from bot.demo.slack_emulator.emulator import SlackEmulator
from bot.demo.slack_emulator.faults import Faults, Hold
from bot.demo.slack_emulator.limits import Limits
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import App, Channel, Message, Monitor, Outcome, User, UserGroup, View, Workspace
from bot.demo.slack_emulator.socket_mode import Delivery, SocketTiming
from bot.demo.slack_emulator.web_api import Call

__all__ = [
    "App",
    "Call",
    "Channel",
    "Delivery",
    "Faults",
    "Hold",
    "Limits",
    "Message",
    "Monitor",
    "MonitorBot",
    "Outcome",
    "Person",
    "Refused",
    "SlackEmulator",
    "SocketTiming",
    "User",
    "UserGroup",
    "View",
    "Workspace",
]
