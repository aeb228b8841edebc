"""Response URLs: five answers within thirty minutes to a command or a click, without a token."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.demo.slack_emulator.composing import app_author, normal_attachments, with_block_ids
from bot.demo.slack_emulator.limits import Limits
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Json, Message
from bot.demo.slack_emulator.team import Team
from bot.demo.slack_emulator.validation import check_attachments, check_message_blocks

LIFETIME = timedelta(minutes=30)
MOST_USES = 5


@dataclass(slots=True)
class _ResponseUrl:
    user: str
    channel: str
    issued_at: datetime
    original: str | None
    uses: int = 0


class ResponseUrls:
    """The response URLs that were handed out, and what is posted to them."""

    def __init__(self, team: Team, limits: Limits) -> None:
        self._team = team
        self._limits = limits
        self._issued: dict[str, _ResponseUrl] = {}

    def issue(self, user: str, channel: str, original: str | None = None) -> str:
        """The last part of a new URL; `original` is the message that was clicked."""
        key = self._team.new_id("r")
        self._issued[key] = _ResponseUrl(user, channel, self._team.now(), original)
        return key

    def post(self, key: str, payload: Json) -> None:
        entry = self._issued.get(key)
        if entry is None:
            raise Refused("no_such_url")
        if self._team.now() - entry.issued_at > LIFETIME:
            raise Refused("expired_url")
        if entry.uses >= MOST_USES:
            raise Refused("used_url")
        entry.uses += 1
        self.answer(entry.user, entry.channel, payload, entry.original)

    def answer(self, user: str, channel: str, payload: Json, original: str | None = None) -> None:
        """Do what a response payload asks for; the payload of a command's ack is treated the same way."""
        target = self._original(channel, original) if original else None
        if target is not None and payload.get("delete_original"):
            self._delete(target)
            return
        content = self._content(payload)
        if target is not None and payload.get("replace_original"):
            self._replace(target, content)
            return
        if payload.get("thread_ts"):
            content["thread_ts"] = str(payload["thread_ts"])
        if payload.get("response_type") == "in_channel":
            self._team.post(channel, {**app_author(self._team), **content})
        else:
            self._team.whisper(channel, user, {**app_author(self._team), **content})

    def _content(self, payload: Json) -> Json:
        blocks = list(payload.get("blocks") or [])
        attachments = list(payload.get("attachments") or [])
        if not (payload.get("text") or blocks or attachments):
            raise Refused("no_text")
        check_message_blocks(blocks, self._limits)
        check_attachments(attachments, self._limits)
        content: Json = {"text": str(payload.get("text") or "")}
        if blocks:
            content["blocks"] = with_block_ids(self._team, blocks)
        if attachments:
            content["attachments"] = normal_attachments(self._team, attachments)
        return content

    def _original(self, channel: str, ts: str) -> Message | None:
        hidden = next((m for m in self._team.ephemerals if m.ts == ts), None)
        return hidden or self._team.find_message(channel, ts)

    def _delete(self, message: Message) -> None:
        if message.visible_to is not None:
            self._team.replace_whisper(message, None)
        else:
            self._team.delete(message)

    def _replace(self, message: Message, content: Json) -> None:
        changes = {"blocks": None, "attachments": None, **content}
        if message.visible_to is not None:
            self._team.replace_whisper(message, changes)
        else:
            self._team.edit(message, changes)
