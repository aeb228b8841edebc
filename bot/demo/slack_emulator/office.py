"""Everything a Web API method may reach, and the checks that nearly all of them share."""

from dataclasses import dataclass

from bot.demo.slack_emulator.arguments import Arguments
from bot.demo.slack_emulator.conversing import Conversing
from bot.demo.slack_emulator.files import Files
from bot.demo.slack_emulator.limits import Limits
from bot.demo.slack_emulator.manifest import Manifest
from bot.demo.slack_emulator.rates import Rates
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.response_urls import ResponseUrls
from bot.demo.slack_emulator.shapes import Channel, Message
from bot.demo.slack_emulator.socket_mode import SocketMode
from bot.demo.slack_emulator.team import Team
from bot.demo.slack_emulator.triggers import Triggers
from bot.demo.slack_emulator.views import Views


@dataclass(slots=True)
class Office:
    """The rooms of the emulator; `address` is known once the server listens."""

    team: Team
    manifest: Manifest
    limits: Limits
    sockets: SocketMode
    views: Views
    triggers: Triggers
    response_urls: ResponseUrls
    conversing: Conversing
    files: Files
    rates: Rates
    address: str = ""

    def require_scope(self, scope: str) -> None:
        if not self.manifest.grants(scope):
            raise Refused("missing_scope", needed=scope, provided=",".join(self.manifest.scopes))

    def channel_of(self, args: Arguments, name: str = "channel") -> Channel:
        """The channel a call names by its id, if the app may know of it."""
        channel = self.team.channels.get(args.need(name))
        if channel is None or (channel.kind != "channel" and not self.is_member(channel)):
            raise Refused("channel_not_found")
        return channel

    def joined_channel_of(self, args: Arguments, name: str = "channel") -> Channel:
        channel = self.channel_of(args, name)
        if not self.is_member(channel):
            raise Refused("not_in_channel")
        return channel

    def is_member(self, channel: Channel) -> bool:
        return self.team.app.user_id in channel.members

    def thread_root(self, channel: Channel, thread_ts: str) -> Message:
        """The message a thread hangs on. Assumed: Slack refuses a thread_ts that is not a parent's."""
        root = self.team.find_message(channel.id, thread_ts)
        if root is None or root.is_reply:
            raise Refused("thread_not_found")
        return root

    def message_of(self, channel: Channel, ts: str) -> Message:
        message = self.team.find_message(channel.id, ts)
        if message is None:
            raise Refused("message_not_found")
        return message
