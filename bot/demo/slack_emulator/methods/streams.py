"""chat.*Stream: a message that grows while the app is still writing it."""

from bot.demo.slack_emulator.arguments import Arguments
from bot.demo.slack_emulator.composing import app_author, with_block_ids
from bot.demo.slack_emulator.conversing import Stream
from bot.demo.slack_emulator.methods.chat import checked_metadata
from bot.demo.slack_emulator.methods.method import Method
from bot.demo.slack_emulator.office import Office
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Channel, Json, Message
from bot.demo.slack_emulator.validation import check_message_blocks

MODES = ("timeline", "plan", "dense")


def start_stream(office: Office, args: Arguments) -> Json:
    channel = office.joined_channel_of(args)
    root = office.thread_root(channel, args.need("thread_ts"))
    if channel.kind != "im":
        _check_recipient(office, args)
    mode = args.text("task_display_mode") or "timeline"
    if mode not in MODES:
        raise Refused("invalid_arguments", ["[ERROR] must be a valid enum value [json-pointer:/task_display_mode]"])
    stream = Stream(mode, office.team.now())
    _take(office, args, stream)
    draft = {**app_author(office.team), "text": stream.text, "thread_ts": root.ts}
    message = office.team.post(channel.id, {**draft, "streaming_state": "in_progress", **_blocks(office, stream)})
    office.conversing.streams[(channel.id, message.ts)] = stream
    return {"channel": channel.id, "ts": message.ts}


def _check_recipient(office: Office, args: Arguments) -> None:
    """Outside direct messages Slack wants to know for whom the text is streamed."""
    if not args.text("recipient_team_id"):
        raise Refused("missing_recipient_team_id")
    if not args.text("recipient_user_id"):
        raise Refused("missing_recipient_user_id")
    if args.text("recipient_team_id") != office.team.workspace.team_id:
        raise Refused("team_not_found")
    if args.text("recipient_user_id") not in office.team.users:
        raise Refused("user_not_found")


def append_stream(office: Office, args: Arguments) -> Json:
    channel, message = _streamed(office, args)
    stream = office.conversing.stream_of(message)
    if stream.is_stopped_by_user:
        raise Refused("stopped_by_user")
    if not args.text("markdown_text") and not args.items("chunks"):
        raise Refused("no_text")
    _take(office, args, stream)
    office.team.edit(message, {"text": stream.text, **_blocks(office, stream)}, is_quiet=True)
    return {"channel": channel.id, "ts": message.ts}


def stop_stream(office: Office, args: Arguments) -> Json:
    channel, message = _streamed(office, args)
    stream = office.conversing.stream_of(message)
    _take(office, args, stream)
    last = args.items("blocks", "invalid_blocks_format") or []
    check_message_blocks(last, office.limits)
    stream.is_open = False
    changes: Json = {"text": stream.text, "streaming_state": None, "metadata": checked_metadata(office, args)}
    blocks = with_block_ids(office.team, stream.as_blocks() + last)
    edited = office.team.edit(message, {**changes, "blocks": blocks or None})
    status = args.text("session_status")
    if status and message.thread_ts:
        office.conversing.sessions.setdefault((channel.id, message.thread_ts), {})["status"] = status
    return {"channel": channel.id, "ts": message.ts, "message": edited.raw}


def _streamed(office: Office, args: Arguments) -> tuple[Channel, Message]:
    channel = office.joined_channel_of(args)
    message = office.message_of(channel, args.need("ts"))
    if message.bot_id != office.team.app.bot_id:
        raise Refused("message_not_owned_by_app")
    return channel, message


def _take(office: Office, args: Arguments, stream: Stream) -> None:
    """Add what this call brings, or refuse all of it."""
    chunks = args.items("chunks", "invalid_chunks") or []
    text = args.text("markdown_text")
    if text:
        chunks = [{"type": "markdown_text", "text": text}, *chunks]
    if sum(len(str(c.get("text") or "")) for c in chunks if c.get("type") == "markdown_text") > office.limits.markdown:
        raise Refused("msg_too_long")
    for chunk in chunks:
        if chunk.get("type") == "blocks":
            check_message_blocks(stream.blocks + list(chunk.get("blocks") or []), office.limits)
        stream.take(chunk)
    stream.touched_at = office.team.now()


def _blocks(office: Office, stream: Stream) -> Json:
    blocks = stream.as_blocks()
    return {"blocks": with_block_ids(office.team, blocks)} if blocks else {}


METHODS = {
    "chat.startStream": Method(start_stream, "chat:write"),
    "chat.appendStream": Method(append_stream, "chat:write"),
    "chat.stopStream": Method(stop_stream, "chat:write"),
}
