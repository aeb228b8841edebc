"""files.*UploadExternal: the two calls around sending a file."""

from bot.demo.slack_emulator.arguments import Arguments
from bot.demo.slack_emulator.composing import app_author
from bot.demo.slack_emulator.files import StoredFile
from bot.demo.slack_emulator.methods.method import Method
from bot.demo.slack_emulator.office import Office
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Json


def get_upload_url(office: Office, args: Arguments) -> Json:
    length = args.number("length", 0)
    if length <= 0:
        raise Refused("invalid_arguments", ["[ERROR] must be greater than 0 [json-pointer:/length]"])
    stored = office.files.expect(args.need("filename"), length)
    return {"upload_url": f"{office.address}/upload/{stored.id}", "file_id": stored.id}


def complete_upload(office: Office, args: Arguments) -> Json:
    """Assumed about the real Slack: all files of one call are shared by one message of subtype file_share."""
    entries = args.items("files") or []
    if not entries:
        raise Refused("invalid_arguments", ["[ERROR] missing required field: files"])
    stored = [_uploaded(office, entry) for entry in entries]
    described = [office.files.describe(each, office.address) for each in stored]
    if args.text("channel_id"):
        _share(office, args, described)
    return {"files": described}


def _uploaded(office: Office, entry: Json) -> StoredFile:
    stored = office.files.find(str(entry.get("id")))
    if stored.content is None:
        # The address was asked for, but nothing was sent there.
        raise Refused("file_not_found")
    stored.title = str(entry.get("title") or stored.name)
    return stored


def _share(office: Office, args: Arguments, described: list[Json]) -> None:
    channel = office.joined_channel_of(args, "channel_id")
    draft: Json = {**app_author(office.team), "subtype": "file_share", "files": described, "upload": False}
    draft["text"] = args.text("initial_comment") or ""
    if args.text("thread_ts"):
        draft["thread_ts"] = office.thread_root(channel, args.need("thread_ts")).ts
    office.team.post(channel.id, draft)


METHODS = {
    "files.getUploadURLExternal": Method(get_upload_url, "files:write"),
    "files.completeUploadExternal": Method(complete_upload, "files:write", channel_argument="channel_id"),
}
