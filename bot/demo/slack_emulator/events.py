"""The event feed: what happened in the workspace, as the Events API tells the app about it.

Only what the manifest subscribes to and has the scope for is sent, and only from channels the bot is in.
Assumed about the real Slack: message metadata is not part of message events; `team_id` of an event from a
channel shared by Slack Connect is that of the workspace the app is installed in, whoever wrote.
"""

from collections.abc import Callable

from bot.demo.slack_emulator.composing import MENTION
from bot.demo.slack_emulator.manifest import Manifest
from bot.demo.slack_emulator.shapes import SCOPE_PREFIX, Change, Channel, Json, Message
from bot.demo.slack_emulator.team import Team

CHANNEL_LETTER = {"channel": "C", "group": "G", "im": "D", "mpim": "G"}
# Kept by conversations.replies, never part of an event.
_NOT_IN_EVENTS = frozenset(
    {
        "metadata",
        "reply_count",
        "reply_users",
        "reply_users_count",
        "latest_reply",
        "is_locked",
        "subscribed",
        "reactions",
    }
)


class EventFeed:
    """Listens to a team and passes on event payloads."""

    def __init__(self, team: Team, manifest: Manifest, send: Callable[[Json], None]) -> None:
        self.sent: list[Json] = []
        self._team = team
        self._manifest = manifest
        self._send = send
        self._makers: dict[str, Callable[[Change], None]] = {
            "posted": self._posted,
            "edited": self._edited,
            "deleted": self._deleted,
            "joined": self._joined,
            "reaction_added": self._reacted,
            "reaction_removed": self._reacted,
            "home_opened": self._home_opened,
            "session_stopped": self._session_stopped,
        }
        team.listeners.append(self.notice)

    def notice(self, change: Change) -> None:
        maker = self._makers.get(change.kind)
        if maker is not None:
            maker(change)

    # -- messages ----------------------------------------------------------------------------------

    def _posted(self, change: Change) -> None:
        channel, message = self._visible(change), change.message
        if channel is None or message is None:
            return
        event = self._in_channel(channel, _inner(message))
        if self._hears_messages(channel):
            self._emit(event)
        if self._is_mention(channel, message):
            kept = {key: value for key, value in event.items() if key != "channel_type"}
            self._emit({**kept, "type": "app_mention"}, needs="app_mention")

    def _edited(self, change: Change) -> None:
        channel = self._visible(change)
        if channel is None or change.message is None or change.previous is None:
            return
        self._emit_hidden(
            channel,
            {
                "subtype": "message_changed",
                "message": _inner(change.message),
                "previous_message": _inner(change.previous),
            },
        )

    def _deleted(self, change: Change) -> None:
        channel = self._visible(change)
        if channel is None or change.previous is None:
            return
        deleted = {"subtype": "message_deleted", "deleted_ts": change.previous.ts}
        self._emit_hidden(channel, {**deleted, "previous_message": _inner(change.previous)})

    def _emit_hidden(self, channel: Channel, body: Json) -> None:
        if self._hears_messages(channel):
            ts = self._team.next_ts()
            self._emit(self._in_channel(channel, {"type": "message", "hidden": True, "ts": ts, **body}))

    def _is_mention(self, channel: Channel, message: Message) -> bool:
        app = self._team.app
        mentioned = app.user_id in MENTION.findall(message.text)
        return mentioned and channel.kind != "im" and message.user != app.user_id

    # -- the rest ----------------------------------------------------------------------------------

    def _joined(self, change: Change) -> None:
        channel = self._visible(change)
        if channel is None:
            return
        event: Json = {
            "type": "member_joined_channel",
            "user": change.details["user"],
            "channel": channel.id,
            "channel_type": CHANNEL_LETTER[channel.kind],
            "team": self._team.home_of(self._team.users[change.details["user"]]),
        }
        if change.details.get("inviter"):
            event["inviter"] = change.details["inviter"]
        self._emit({**event, "event_ts": self._team.next_ts()}, needs="member_joined_channel")

    def _reacted(self, change: Change) -> None:
        if self._visible(change) is None or change.message is None:
            return
        event: Json = {
            "type": change.kind,
            "user": change.details["user"],
            "reaction": change.details["reaction"],
            "item": {"type": "message", "channel": change.channel, "ts": change.message.ts},
            "item_user": change.message.user,
            "event_ts": self._team.next_ts(),
        }
        self._emit(event, needs=change.kind)

    def _home_opened(self, change: Change) -> None:
        event: Json = {"type": "app_home_opened", "channel": change.channel, **change.details}
        self._emit({**event, "event_ts": self._team.next_ts()}, needs="app_home_opened")

    def _session_stopped(self, change: Change) -> None:
        event: Json = {"type": "agent_session_stopped", "channel": change.channel, **change.details}
        self._emit({**event, "event_ts": self._team.next_ts()}, needs="agent_session_stopped")

    # -- envelopes ---------------------------------------------------------------------------------

    def _visible(self, change: Change) -> Channel | None:
        channel = self._team.channels[change.channel]
        return channel if self._team.app.user_id in channel.members else None

    def _hears_messages(self, channel: Channel) -> bool:
        return self._manifest.delivers(f"message.{SCOPE_PREFIX[channel.kind]}")

    @staticmethod
    def _in_channel(channel: Channel, event: Json) -> Json:
        return {**event, "channel": channel.id, "event_ts": event["ts"], "channel_type": channel.kind}

    def _emit(self, event: Json, needs: str | None = None) -> None:
        if needs is not None and not self._manifest.delivers(needs):
            return
        team = self._team
        authorization = {"enterprise_id": None, "team_id": team.workspace.team_id, "user_id": team.app.user_id}
        payload: Json = {
            "token": "demo-verification",
            "team_id": team.workspace.team_id,
            "context_team_id": team.workspace.team_id,
            "context_enterprise_id": None,
            "api_app_id": team.app.id,
            "event": event,
            "type": "event_callback",
            "event_id": team.new_id("Ev"),
            "event_time": int(team.now().timestamp()),
            "authorizations": [{**authorization, "is_bot": True, "is_enterprise_install": False}],
            "is_ext_shared_channel": self._is_shared(event),
            "event_context": f"4-{event['type']}-{team.workspace.team_id}-{event.get('channel', '')}",
        }
        self.sent.append(payload)
        self._send(payload)

    def _is_shared(self, event: Json) -> bool:
        where = event.get("channel") or event.get("item", {}).get("channel")
        return where in self._team.channels and self._team.channels[where].is_shared


def _inner(message: Message) -> Json:
    return {key: value for key, value in message.raw.items() if key not in _NOT_IN_EVENTS}
