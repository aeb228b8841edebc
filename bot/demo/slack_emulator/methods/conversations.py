"""conversations.*: channels, who is in them, and what was said."""

from bot.demo.slack_emulator.arguments import Arguments
from bot.demo.slack_emulator.methods.method import Method
from bot.demo.slack_emulator.office import Office
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import SCOPE_PREFIX, Channel, ChannelKind, Json, Message

LIST_TYPES: dict[str, ChannelKind] = {
    "public_channel": "channel",
    "private_channel": "group",
    "im": "im",
    "mpim": "mpim",
}


def describe(office: Office, channel: Channel) -> Json:
    created = 1_700_000_000
    about: Json = {
        "id": channel.id,
        "created": created,
        "is_archived": False,
        "is_im": channel.kind == "im",
        "is_org_shared": False,
        "context_team_id": office.team.workspace.team_id,
    }
    if channel.kind == "im":
        return about | {"user": next(iter(channel.members - {office.team.app.user_id}))}
    return about | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "channel",
        "is_general": False,
        "is_shared": channel.is_shared,
        "is_ext_shared": channel.is_shared,
        "is_member": office.is_member(channel),
        "creator": "U0ALICE",
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": len(channel.members),
    }


def info(office: Office, args: Arguments) -> Json:
    return {"channel": describe(office, office.channel_of(args))}


def list_channels(office: Office, args: Arguments) -> Json:
    kinds = [LIST_TYPES[name] for name in _types(args)]
    for kind in kinds:
        office.require_scope(f"{SCOPE_PREFIX[kind]}:read")
    visible = [c for c in office.team.channels.values() if c.kind in kinds]
    known = [describe(office, c) for c in visible if c.kind == "channel" or office.is_member(c)]
    page, more = _page(known, args, default=100)
    return {"channels": page, **more}


def _types(args: Arguments) -> list[str]:
    wanted = [name.strip() for name in (args.text("types") or "public_channel").split(",")]
    if any(name not in LIST_TYPES for name in wanted):
        raise Refused("invalid_types")
    return wanted


def history(office: Office, args: Arguments) -> Json:
    channel = office.joined_channel_of(args)
    newest_first = list(reversed(_between(office.team.history(channel.id), args)))
    page, more = _page([_shown(m, args) for m in newest_first], args, default=100)
    return {"messages": page, "pin_count": 0, **more}


def replies(office: Office, args: Arguments) -> Json:
    channel = office.joined_channel_of(args)
    message = office.team.find_message(channel.id, args.need("ts"))
    if message is None:
        raise Refused("thread_not_found")
    root = message.thread_ts or message.ts
    thread = office.team.thread(channel.id, root)
    kept = [m for m in thread if m.ts == root or m in _between(thread, args)]
    page, more = _page([_shown(m, args) for m in kept], args, default=1000)
    return {"messages": page, **more}


def _between(messages: list[Message], args: Arguments) -> list[Message]:
    oldest, latest = args.text("oldest") or "0", args.text("latest") or "9" * 20
    if args.flag("inclusive"):
        return [m for m in messages if float(oldest) <= float(m.ts) <= float(latest)]
    return [m for m in messages if float(oldest) < float(m.ts) < float(latest)]


def _shown(message: Message, args: Arguments) -> Json:
    if args.flag("include_all_metadata"):
        return message.raw
    return {key: value for key, value in message.raw.items() if key != "metadata"}


def _page(items: list[Json], args: Arguments, default: int) -> tuple[list[Json], Json]:
    """One page; the cursor is where the next one starts."""
    cursor = args.text("cursor") or "at-0"
    if not cursor.removeprefix("at-").isdigit():
        raise Refused("invalid_cursor")
    start = int(cursor.removeprefix("at-"))
    end = start + max(1, min(args.number("limit", default), 1000))
    has_more = end < len(items)
    following = f"at-{end}" if has_more else ""
    return items[start:end], {"has_more": has_more, "response_metadata": {"next_cursor": following}}


def members(office: Office, args: Arguments) -> Json:
    channel = office.channel_of(args)
    return {"members": sorted(channel.members), "response_metadata": {"next_cursor": ""}}


def open_conversation(office: Office, args: Arguments) -> Json:
    if args.text("channel"):
        return {"channel": {"id": office.channel_of(args).id}}
    # The app itself is always one of them.
    named = [name for name in (args.text("users") or "").split(",") if name]
    users = [name for name in dict.fromkeys(named) if name != office.team.app.user_id]
    if not users:
        raise Refused("users_list_not_supplied")
    if any(user not in office.team.users for user in users):
        raise Refused("user_not_found")
    office.require_scope("mpim:write" if len(users) > 1 else "im:write")
    known = set(office.team.channels)
    channel = office.team.open_group_dm(set(users)) if len(users) > 1 else office.team.open_dm(users[0])
    opened: Json = {"channel": {"id": channel.id}}
    return opened | ({"no_op": True, "already_open": True} if channel.id in known else {})


def join(office: Office, args: Arguments) -> Json:
    channel = office.channel_of(args)
    if channel.kind != "channel":
        raise Refused("method_not_supported_for_channel_type")
    was_member = office.is_member(channel)
    office.team.add_member(channel, office.team.app.user_id)
    body: Json = {"channel": describe(office, channel)}
    return body | ({"warning": "already_in_channel"} if was_member else {})


METHODS = {
    "conversations.info": Method(info, "{kind}:read"),
    "conversations.list": Method(list_channels),
    "conversations.history": Method(history, "{kind}:history"),
    "conversations.replies": Method(replies, "{kind}:history"),
    "conversations.members": Method(members, "{kind}:read"),
    "conversations.open": Method(open_conversation),
    "conversations.join": Method(join, "channels:join"),
}
