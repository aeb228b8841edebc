"""chat.*: posting, changing, taking back, whispering and linking to messages."""

import json
import re

from bot.demo.slack_emulator.arguments import Arguments
from bot.demo.slack_emulator.composing import app_author, normal_attachments, with_block_ids
from bot.demo.slack_emulator.methods.method import Method
from bot.demo.slack_emulator.office import Office
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Channel, Json, Message
from bot.demo.slack_emulator.validation import check_attachments, check_message_blocks

_LONE_AMPERSAND = re.compile(r"&(?!amp;|lt;|gt;)")


def post_message(office: Office, args: Arguments) -> Json:
    channel = _target(office, args)
    content = _content(office, args)
    if args.text("thread_ts"):
        root = office.thread_root(channel, args.need("thread_ts"))
        content["thread_ts"] = root.ts
        if args.flag("reply_broadcast"):
            content |= {"subtype": "thread_broadcast", "root": dict(root.raw)}
    message = office.team.post(channel.id, {**app_author(office.team), **content})
    return {"channel": channel.id, "ts": message.ts, "message": message.raw}


def _target(office: Office, args: Arguments) -> Channel:
    """chat.postMessage also takes a channel's name, and a user's id for a direct message."""
    name = args.need("channel")
    user = office.team.users.get(name)
    if user is not None and user.bot_id is None:
        return office.team.open_dm(user.id)
    channel = office.team.find_channel(name)
    if channel is None or (channel.kind != "channel" and not office.is_member(channel)):
        raise Refused("channel_not_found")
    if not office.is_member(channel):
        raise Refused("not_in_channel")
    return channel


def _content(office: Office, args: Arguments) -> Json:
    """Text, blocks, attachments and metadata, checked and in the form they are kept."""
    blocks = args.items("blocks", "invalid_blocks_format") or []
    attachments = args.items("attachments", "invalid_attachments") or []
    markdown = args.text("markdown_text")
    if markdown is not None:
        if args.text("text") or blocks:
            raise Refused("markdown_text_conflict")
        if len(markdown) > office.limits.markdown:
            raise Refused("msg_too_long")
        blocks = [{"type": "markdown", "text": markdown}]
    text = args.text("text") or markdown or ""
    if not (text or blocks or attachments):
        raise Refused("no_text")
    check_message_blocks(blocks, office.limits)
    check_attachments(attachments, office.limits)
    content: Json = {"text": text[: office.limits.post_text]}
    if blocks:
        content["blocks"] = with_block_ids(office.team, blocks)
    if attachments:
        content["attachments"] = normal_attachments(office.team, attachments)
    metadata = checked_metadata(office, args)
    if metadata is not None:
        content["metadata"] = metadata
    return content


def checked_metadata(office: Office, args: Arguments) -> Json | None:
    metadata = args.record("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not metadata.get("event_type") or not isinstance(metadata.get("event_payload"), dict):
        raise Refused("invalid_metadata_schema")
    if len(json.dumps(metadata)) > office.limits.metadata:
        raise Refused("metadata_too_large")
    return metadata


def update(office: Office, args: Arguments) -> Json:
    channel = office.joined_channel_of(args)
    message = _own(office, office.message_of(channel, args.need("ts")), "cant_update_message")
    if office.conversing.is_streaming(message):
        raise Refused("streaming_state_conflict")
    content = _content(office, args)
    if len(_LONE_AMPERSAND.sub("&amp;", content["text"]).encode()) > office.limits.update_text:
        raise Refused("msg_too_long")
    changes: Json = dict(content)
    if "blocks" not in content:
        # Text alone takes the blocks away, and only then the message is marked as edited.
        changes |= {"blocks": None, "edited": {"user": office.team.app.bot_id, "ts": office.team.next_ts()}}
    if args.items("attachments", "invalid_attachments") == []:
        changes["attachments"] = None
    edited = office.team.edit(message, changes)
    return {"channel": channel.id, "ts": message.ts, "text": edited.text, "message": edited.raw}


def delete(office: Office, args: Arguments) -> Json:
    channel = office.joined_channel_of(args)
    message = _own(office, office.message_of(channel, args.need("ts")), "cant_delete_message")
    office.team.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def _own(office: Office, message: Message, otherwise: str) -> Message:
    if message.bot_id != office.team.app.bot_id:
        raise Refused(otherwise)
    return message


def post_ephemeral(office: Office, args: Arguments) -> Json:
    channel = office.joined_channel_of(args)
    user = args.need("user")
    if user not in office.team.users:
        raise Refused("user_not_found")
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    content = _content(office, args)
    if args.text("thread_ts"):
        content["thread_ts"] = office.thread_root(channel, args.need("thread_ts")).ts
    message = office.team.whisper(channel.id, user, {**app_author(office.team), **content})
    return {"message_ts": message.ts}


def get_permalink(office: Office, args: Arguments) -> Json:
    channel = office.channel_of(args)
    message = office.message_of(channel, args.need("message_ts"))
    link = f"{office.address}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


METHODS = {
    "chat.postMessage": Method(post_message, "chat:write"),
    "chat.update": Method(update, "chat:write"),
    "chat.delete": Method(delete, "chat:write"),
    "chat.postEphemeral": Method(post_ephemeral, "chat:write"),
    "chat.getPermalink": Method(get_permalink),
}
