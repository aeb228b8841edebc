"""People and monitors that do things in the workspace; tests, the story and the page act through them."""

from typing import Any

from bot.demo.slack_emulator.composing import monitor_author, normal_attachments, person_message, rich_text, typed_text
from bot.demo.slack_emulator.interactions import Interactions
from bot.demo.slack_emulator.office import Office
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Change, Json, Message, Monitor, Outcome, User, View


class Person:
    """A member at the keyboard. Channels are given by name or id, messages by their ts."""

    def __init__(self, office: Office, interactions: Interactions, user: User) -> None:
        self.user = user
        self._office = office
        self._team = office.team
        self._interactions = interactions

    # -- writing -----------------------------------------------------------------------------------

    async def say(self, text: str, channel: str) -> Message:
        """Write into a channel; `@name`, `#channel` and links become what Slack makes of them."""
        place = self._team.channel_named(channel)
        self._check_member(place.id)
        return self._team.post(place.id, person_message(self._team, self.user.id, text))

    async def reply(self, text: str, channel: str, thread_ts: str, *, broadcast: bool = False) -> Message:
        place = self._team.channel_named(channel)
        self._check_member(place.id)
        root = self._office.thread_root(place, thread_ts)
        draft = {**person_message(self._team, self.user.id, text), "thread_ts": root.ts}
        if broadcast:
            draft |= {"subtype": "thread_broadcast", "root": dict(root.raw)}
        return self._team.post(place.id, draft)

    async def mention(self, text: str, channel: str, thread_ts: str | None = None) -> Message:
        """Say something to the app, in the channel or in a thread."""
        line = f"<@{self._team.app.user_id}> {text}"
        return await (self.say(line, channel) if thread_ts is None else self.reply(line, channel, thread_ts))

    async def dm(self, text: str, thread_ts: str | None = None) -> Message:
        """Write to the app directly."""
        channel = self._team.open_dm(self.user.id).id
        return await (self.say(text, channel) if thread_ts is None else self.reply(text, channel, thread_ts))

    async def edit(self, channel: str, ts: str, text: str) -> Message:
        message = self._own(channel, ts)
        wire = typed_text(self._team, text)
        edited = {"user": self.user.id, "ts": self._team.next_ts()}
        return self._team.edit(message, {"text": wire, "blocks": rich_text(self._team, wire), "edited": edited})

    async def delete(self, channel: str, ts: str) -> None:
        self._team.delete(self._own(channel, ts))

    async def react(self, channel: str, ts: str, name: str) -> None:
        self._team.react(self._message(channel, ts), self.user.id, name, is_added=True)

    # -- using the app -----------------------------------------------------------------------------

    async def slash(self, line: str, channel: str, thread_ts: str | None = None) -> Outcome:
        """Type a slash command."""
        return await self._interactions.slash(self.user, line, self._team.channel_named(channel), thread_ts)

    async def click(
        self, channel: str, ts: str, action_id: str, value: str | None = None, block_id: str | None = None
    ) -> Outcome:
        """Press a button, or choose `value` in a menu, of a message or an ephemeral message.

        An action_id is unique within one block only: `block_id` says which is meant, else it is the first.
        """
        return await self._interactions.click(self.user, self._message(channel, ts), action_id, value, block_id)

    async def shortcut(self, callback_id: str, channel: str, ts: str) -> Outcome:
        return await self._interactions.shortcut(self.user, callback_id, self._message(channel, ts))

    async def click_in_view(
        self,
        view_id: str,
        action_id: str,
        value: str | None = None,
        typed: dict[str, dict[str, Any]] | None = None,
    ) -> Outcome:
        """Use a control of a form; `typed` is what already stands in it, as for `submit`."""
        return await self._interactions.click_in_view(self.user, self._view(view_id), action_id, value, typed or {})

    async def submit(self, view_id: str, values: dict[str, dict[str, Any]] | None = None) -> Outcome:
        """Send a form: `{block_id: {action_id: value}}`; what is not given keeps its initial value."""
        return await self._interactions.submit(self.user, self._view(view_id), values or {})

    async def close(self, view_id: str, *, is_all: bool = False) -> Outcome:
        return await self._interactions.close(self.user, self._view(view_id), is_all=is_all)

    async def open_home(self, tab: str = "home") -> None:
        """Open the app's Home or Messages tab."""
        home = self._office.views.home_of(self.user.id)
        details: Json = {"user": self.user.id, "tab": tab}
        if home is not None:
            details["view"] = home.raw
        self._team.announce(Change("home_opened", self._team.open_dm(self.user.id).id, details=details))

    async def stop(self, channel: str, thread_ts: str) -> None:
        """Press the Stop button that Slack shows while a session is processing."""
        self._office.conversing.stop(self._team.channel_named(channel).id, thread_ts, self.user.id)

    async def invite(self, channel: str, user: str | None = None) -> None:
        """Bring somebody into a channel; the app when nobody is named."""
        place = self._team.channel_named(channel)
        guest = self._team.user_named(user).id if user else self._team.app.user_id
        self._team.add_member(place, guest, inviter=self.user.id)

    # -- looking up --------------------------------------------------------------------------------

    def _check_member(self, channel: str) -> None:
        if self.user.id not in self._team.channels[channel].members:
            raise Refused("not_in_channel")

    def _message(self, channel: str, ts: str) -> Message:
        place = self._team.channel_named(channel).id
        for message in self._team.ephemerals:
            if message.ts == ts and message.visible_to == self.user.id:
                return message
        found = self._team.find_message(place, ts)
        if found is None:
            raise LookupError(f"{self.user.name} sees no message {ts} in {channel}")
        return found

    def _own(self, channel: str, ts: str) -> Message:
        message = self._message(channel, ts)
        if message.user != self.user.id:
            raise Refused("cant_update_message")
        return message

    def _view(self, view_id: str) -> View:
        view = self._office.views.find(view_id)
        if view.user != self.user.id:
            raise Refused("not_found")
        return view


class MonitorBot:
    """A monitor that posts alerts, through a webhook or with a bot token of its own."""

    def __init__(self, office: Office, monitor: Monitor) -> None:
        self.monitor = monitor
        self._team = office.team

    async def post(self, payload: Json, channel: str | None = None) -> Message:
        """Post what the monitor would send; the channel in the payload counts unless another is given."""
        place = self._team.find_channel(str(channel or payload.get("channel") or self.monitor.channel))
        if place is None:
            raise Refused("channel_not_found")
        draft = {**monitor_author(self._team, self.monitor, payload), **self._content(payload)}
        if payload.get("thread_ts"):
            draft["thread_ts"] = str(payload["thread_ts"])
        return self._team.post(place.id, draft)

    async def edit(self, channel: str, ts: str, payload: Json) -> Message:
        """Change an earlier message, as some monitors do when an alert resolves."""
        message = self._team.find_message(self._team.channel_named(channel).id, ts)
        if message is None:
            raise Refused("message_not_found")
        edited = {"user": self.monitor.user_id or self.monitor.bot_id, "ts": self._team.next_ts()}
        return self._team.edit(message, {**self._content(payload), "edited": edited})

    def _content(self, payload: Json) -> Json:
        content: Json = {"text": str(payload.get("text") or "")}
        if payload.get("blocks"):
            content["blocks"] = payload["blocks"]
        if payload.get("attachments"):
            content["attachments"] = normal_attachments(self._team, list(payload["attachments"]))
        if len(content) == 1 and not content["text"]:
            raise Refused("no_text")
        return content
