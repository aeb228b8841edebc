"""What people do to an app: slash commands, clicks, shortcuts and forms, as the payloads Slack sends.

None of these is ever delivered twice. When the app does not acknowledge, the person sees an error.
Somebody of another workspace, met by Slack Connect, can press buttons but has neither the app's commands nor
its shortcuts. Assumed about the real Slack: `team` of such a click is the workspace the app is installed in.
"""

from typing import Any

from bot.demo.slack_emulator.composing import command_text
from bot.demo.slack_emulator.controls import find_control, form_state, pressed, state_values
from bot.demo.slack_emulator.office import Office
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Channel, Json, Message, Outcome, User, View
from bot.demo.slack_emulator.socket_mode import Ack

CHANNEL_NAMES = {"im": "directmessage", "group": "privategroup"}
NO_ANSWER = "The app did not answer in time. Try again."


class Interactions:
    """Sends interactions to the app and does what its ack asks for."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._team = office.team

    # -- slash commands ----------------------------------------------------------------------------

    async def slash(self, user: User, line: str, channel: Channel, thread_ts: str | None = None) -> Outcome:
        name, _, text = line.partition(" ")
        command = self._office.manifest.commands.get(name)
        if thread_ts is not None:
            return self._told(channel, user, f"{name} cannot be used in a thread.")
        if command is None or self._team.is_stranger(user) or not self._office.manifest.grants("commands"):
            return self._told(channel, user, f"{name} is not a valid command.")
        payload = {
            "token": "demo-verification",
            "team_id": self._team.workspace.team_id,
            "team_domain": self._team.workspace.domain,
            "channel_id": channel.id,
            "channel_name": CHANNEL_NAMES.get(channel.kind, channel.name),
            "user_id": user.id,
            "user_name": user.name,
            "command": name,
            "text": command_text(self._team, text.strip(), should_escape=command.should_escape),
            "api_app_id": self._team.app.id,
            "is_enterprise_install": "false",
            "response_url": self._response_url(user, channel),
            "trigger_id": self._office.triggers.issue(user.id),
        }
        if not self._office.sockets.connections:
            return self._told(channel, user, f'{name} failed with the error "dispatch_failed"')
        ack = await self._office.sockets.ask("slash_commands", payload)
        if ack is None:
            return self._told(channel, user, f'{name} failed with the error "operation_timeout"')
        return self._answer_command(name, user, channel, ack)

    def _answer_command(self, name: str, user: User, channel: Channel, ack: Ack) -> Outcome:
        if not ack.payload.get("text") and not ack.payload.get("blocks"):
            return Outcome(True, ack.payload)
        try:
            self._office.response_urls.answer(user.id, channel.id, ack.payload)
        except Refused:
            return self._told(channel, user, f'{name} failed with the error "invalid_command_response"')
        return Outcome(True, ack.payload, shown=str(ack.payload.get("text") or ""))

    def _told(self, channel: Channel, user: User, text: str) -> Outcome:
        """An error as Slack shows it: from Slackbot, to this person only."""
        self._team.whisper(channel.id, user.id, {"user": "USLACKBOT", "text": text})
        return Outcome(False, shown=text)

    # -- messages ----------------------------------------------------------------------------------

    async def click(
        self, user: User, message: Message, action_id: str, value: str | None = None, block_id: str | None = None
    ) -> Outcome:
        """Press a button, or choose `value` in a menu, in one of the app's messages."""
        if message.raw.get("app_id") != self._team.app.id:
            raise LookupError(f"message {message.ts} is not from this app: its buttons lead elsewhere")
        control = find_control(message.blocks, message.attachments, action_id, block_id)
        inside = [*message.blocks, *(b for a in message.attachments for b in a.get("blocks") or [])]
        channel = self._team.channels[message.channel]
        container: Json = {"type": "message", "message_ts": message.ts, "channel_id": channel.id}
        container["is_ephemeral"] = message.visible_to is not None
        if message.thread_ts is not None:
            container["thread_ts"] = message.thread_ts
        if control.attachment_id is not None:
            container |= {"type": "message_attachment", "attachment_id": control.attachment_id}
        payload = self._interaction("block_actions", user) | {
            "container": container,
            "channel": self._channel_part(channel),
            "state": {"values": form_state(inside, control, value, {})},
            "response_url": self._response_url(user, channel, message.ts),
            "actions": [pressed(control, value, self._team.next_ts())],
        }
        if message.visible_to is None:
            payload["message"] = message.raw
        outcome = await self._ask_about(message, user, payload)
        return Outcome(outcome.is_acked, outcome.ack, outcome.shown, confirm=control.element.get("confirm"))

    async def shortcut(self, user: User, callback_id: str, message: Message) -> Outcome:
        """Choose a message shortcut from the menu of any message."""
        known = [s for s in self._office.manifest.shortcuts if s.get("type") == "message"]
        if callback_id not in [s.get("callback_id") for s in known]:
            raise LookupError(f"the manifest has no message shortcut {callback_id!r}")
        if self._team.is_stranger(user):
            raise LookupError(f"{user.name} belongs to another workspace, where this app has no shortcuts")
        channel = self._team.channels[message.channel]
        payload = self._interaction("message_action", user) | {
            "callback_id": callback_id,
            "action_ts": self._team.next_ts(),
            "message_ts": message.ts,
            "message": message.raw,
            "channel": self._channel_part(channel),
            "response_url": self._response_url(user, channel),
        }
        return await self._ask_about(message, user, payload)

    async def _ask_about(self, message: Message, user: User, payload: Json) -> Outcome:
        """Ask; when nothing comes back, the person is told beside the message."""
        outcome = await self._ask(payload)
        if not outcome.is_acked:
            notice: Json = {"user": "USLACKBOT", "text": outcome.shown}
            if message.thread_ts is not None:
                notice["thread_ts"] = message.thread_ts
            self._team.whisper(message.channel, user.id, notice)
        return outcome

    # -- views -------------------------------------------------------------------------------------

    async def click_in_view(
        self, user: User, view: View, action_id: str, value: str | None, typed: dict[str, dict[str, Any]]
    ) -> Outcome:
        """Use a control of a view; `typed` is what already stands in its fields."""
        control = find_control(view.blocks, [], action_id)
        state = {"values": form_state(view.blocks, control, value, typed)}
        payload = self._interaction("block_actions", user) | {
            "container": {"type": "view", "view_id": view.id},
            "view": {**view.raw, "state": state},
            "actions": [pressed(control, value, self._team.next_ts())],
        }
        return await self._ask(payload)

    async def submit(self, user: User, view: View, values: dict[str, dict[str, Any]]) -> Outcome:
        filled, missing = state_values(view.blocks, values)
        if missing:
            # Slack's own client stops here too: the app never hears of an incomplete form.
            return Outcome(False, shown="Please complete this required field.", errors=missing)
        submitted = {**view.raw, "state": {"values": filled}}
        payload = self._interaction("view_submission", user) | {"view": submitted, "response_urls": []}
        outcome = await self._ask(payload)
        if outcome.is_acked:
            return self._follow(user, view, outcome.ack or {})
        return outcome

    def _follow(self, user: User, view: View, ack: Json) -> Outcome:
        """Do what the ack of a submission asks for; an empty one closes the view."""
        views = self._office.views
        try:
            match ack.get("response_action"):
                case "errors":
                    return Outcome(True, ack, errors=dict(ack.get("errors") or {}))
                case "clear":
                    views.clear(user.id)
                case "update":
                    views.update(view, ack["view"])
                case "push":
                    views.push(user.id, ack["view"])
                case _:
                    views.close(view)
        except Refused as refused:
            return Outcome(
                True, ack, shown=f"The app answered with a view Slack refuses: {refused.messages or refused.error}"
            )
        return Outcome(True, ack)

    async def close(self, user: User, view: View, *, is_all: bool = False) -> Outcome:
        if is_all:
            self._office.views.clear(user.id)
        else:
            self._office.views.close(view)
        if not view.raw.get("notify_on_close"):
            return Outcome(True)
        return await self._ask(self._interaction("view_closed", user) | {"view": view.raw, "is_cleared": is_all})

    # -- shared parts ------------------------------------------------------------------------------

    async def _ask(self, payload: Json) -> Outcome:
        if not self._office.manifest.is_interactive:
            return Outcome(False, shown="This app is not configured to handle interactive responses.")
        ack = await self._office.sockets.ask("interactive", payload)
        return Outcome(False, shown=NO_ANSWER) if ack is None else Outcome(True, ack.payload)

    def _interaction(self, kind: str, user: User) -> Json:
        team = self._team.workspace
        person = {"id": user.id, "username": user.name, "name": user.name, "team_id": self._team.home_of(user)}
        payload: Json = {
            "type": kind,
            "user": person,
            "api_app_id": team.app.id,
            "token": "demo-verification",
            "team": {"id": team.team_id, "domain": team.domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }
        if kind != "view_closed":
            payload["trigger_id"] = self._office.triggers.issue(user.id)
        return payload

    @staticmethod
    def _channel_part(channel: Channel) -> Json:
        return {"id": channel.id, "name": CHANNEL_NAMES.get(channel.kind, channel.name)}

    def _response_url(self, user: User, channel: Channel, original: str | None = None) -> str:
        return f"{self._office.address}/response/{self._office.response_urls.issue(user.id, channel.id, original)}"
