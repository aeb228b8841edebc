"""users.*, bots.*, team.*, usergroups.*: who there is."""

from bot.demo.slack_emulator.arguments import Arguments
from bot.demo.slack_emulator.methods.method import Method
from bot.demo.slack_emulator.office import Office
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Json, User, UserGroup


def describe_user(office: Office, user: User) -> Json:
    is_bot = user.bot_id is not None
    profile: Json = {
        "real_name": user.real_name,
        "display_name": user.name,
        "title": user.title,
        "team": office.team.home_of(user),
    }
    if user.email and office.manifest.grants("users:read.email"):
        profile["email"] = user.email
    if is_bot:
        apps = {m.bot_id: m.app_id for m in office.team.workspace.monitors}
        profile |= {"bot_id": user.bot_id, "api_app_id": apps.get(str(user.bot_id), office.team.app.id)}
    stranger = {"is_stranger": True} if office.team.is_stranger(user) else {}
    return {
        **stranger,
        "id": user.id,
        "team_id": office.team.home_of(user),
        "name": user.name,
        "real_name": user.real_name,
        "deleted": False,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "profile": profile,
        "is_bot": is_bot,
        "is_app_user": False,
        "is_admin": False,
        "is_owner": False,
        "is_restricted": user.is_guest,
        "is_ultra_restricted": False,
        "updated": 1_700_000_000,
    }


def user_info(office: Office, args: Arguments) -> Json:
    user = office.team.users.get(args.need("user"))
    if user is None:
        raise Refused("user_not_found")
    return {"user": describe_user(office, user)}


def user_by_email(office: Office, args: Arguments) -> Json:
    wanted = args.need("email").lower()
    for user in office.team.users.values():
        # Only people of this workspace can be looked up.
        if office.team.is_stranger(user):
            continue
        if user.email and user.email.lower() == wanted:
            return {"user": describe_user(office, user)}
    raise Refused("users_not_found")


def user_list(office: Office, args: Arguments) -> Json:
    members = [describe_user(office, user) for user in office.team.users.values()]
    return {
        "members": members,
        "cache_ts": int(office.team.now().timestamp()),
        "response_metadata": {"next_cursor": ""},
    }


def bot_info(office: Office, args: Arguments) -> Json:
    app = office.team.app
    wanted = args.text("bot") or app.bot_id
    common: Json = {"deleted": False, "updated": 1_700_000_000, "icons": {}}
    if wanted == app.bot_id:
        return {"bot": common | {"id": app.bot_id, "name": app.name, "app_id": app.id, "user_id": app.user_id}}
    for monitor in office.team.workspace.monitors:
        if monitor.bot_id == wanted:
            bot = common | {"id": monitor.bot_id, "name": monitor.name, "app_id": monitor.app_id}
            return {"bot": bot | ({"user_id": monitor.user_id} if monitor.user_id else {})}
    raise Refused("bot_not_found")


def team_info(office: Office, args: Arguments) -> Json:
    workspace = office.team.workspace
    return {"team": {"id": workspace.team_id, "name": workspace.name, "domain": workspace.domain, "email_domain": ""}}


def group_list(office: Office, args: Arguments) -> Json:
    return {"usergroups": [_describe_group(office, g, args) for g in office.team.workspace.groups]}


def _describe_group(office: Office, group: UserGroup, args: Arguments) -> Json:
    about: Json = {
        "id": group.id,
        "team_id": office.team.workspace.team_id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "description": "",
        "is_external": False,
        "date_delete": 0,
        "user_count": len(group.members),
    }
    return about | ({"users": list(group.members)} if args.flag("include_users") else {})


def group_users(office: Office, args: Arguments) -> Json:
    wanted = args.need("usergroup")
    for group in office.team.workspace.groups:
        if group.id == wanted:
            return {"users": list(group.members)}
    raise Refused("no_such_subteam")


METHODS = {
    "users.info": Method(user_info, "users:read"),
    "users.list": Method(user_list, "users:read"),
    "users.lookupByEmail": Method(user_by_email, "users:read.email"),
    "bots.info": Method(bot_info, "users:read"),
    "team.info": Method(team_info, "team:read"),
    "usergroups.list": Method(group_list, "usergroups:read"),
    "usergroups.users.list": Method(group_users, "usergroups:read"),
}
