"""Everything around messages: reactions, views, statuses and agent sessions, and signing in.

Assumed about the real Slack: the wording of errors for agent sessions; titles and prompts in any thread.
"""

from bot.demo.slack_emulator.arguments import Arguments
from bot.demo.slack_emulator.conversing import Thread
from bot.demo.slack_emulator.methods.method import Method
from bot.demo.slack_emulator.office import Office
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Change, Json, Message
from bot.demo.slack_emulator.validation import check_view

SESSION_STATUSES = ("active", "processing", "suspended", "closed")


# -- signing in --------------------------------------------------------------------------------------


def auth_test(office: Office, args: Arguments) -> Json:
    workspace, app = office.team.workspace, office.team.app
    if args.values.get("token") == app.app_token:
        return {"app_name": app.name, "app_id": app.id}
    return {
        "url": f"{office.address}/",
        "team": workspace.name,
        "user": app.name,
        "team_id": workspace.team_id,
        "user_id": app.user_id,
        "bot_id": app.bot_id,
        "is_enterprise_install": False,
    }


def open_connection(office: Office, args: Arguments) -> Json:
    socket_address = office.address.replace("http://", "ws://", 1)
    return {"url": f"{socket_address}/link/?ticket={office.sockets.issue_ticket()}&app_id={office.team.app.id}"}


# -- reactions ---------------------------------------------------------------------------------------


def add_reaction(office: Office, args: Arguments) -> Json:
    message, name, has_it = _reaction(office, args)
    if has_it:
        raise Refused("already_reacted")
    office.team.react(message, office.team.app.user_id, name, is_added=True)
    return {}


def remove_reaction(office: Office, args: Arguments) -> Json:
    message, name, has_it = _reaction(office, args)
    if not has_it:
        raise Refused("no_reaction")
    office.team.react(message, office.team.app.user_id, name, is_added=False)
    return {}


def _reaction(office: Office, args: Arguments) -> tuple[Message, str, bool]:
    message = office.message_of(office.joined_channel_of(args), args.need("timestamp"))
    name = args.need("name").strip(":")
    mine = [r["name"] for r in message.raw.get("reactions") or [] if office.team.app.user_id in r["users"]]
    return message, name, name in mine


# -- views -------------------------------------------------------------------------------------------


def open_view(office: Office, args: Arguments) -> Json:
    view = _view(office, args)
    user = office.triggers.exchange(args.need("trigger_id"))
    return {"view": office.views.open(user, view).raw}


def push_view(office: Office, args: Arguments) -> Json:
    view = _view(office, args)
    user = office.triggers.exchange(args.need("trigger_id"))
    return {"view": office.views.push(user, view).raw}


def update_view(office: Office, args: Arguments) -> Json:
    view = _view(office, args)
    old = office.views.find(args.text("view_id") or args.need("external_id"))
    return {"view": office.views.update(old, view, args.text("hash")).raw}


def publish_view(office: Office, args: Arguments) -> Json:
    view = _view(office, args)
    user = args.need("user_id")
    if user not in office.team.users:
        raise Refused("user_not_found")
    return {"view": office.views.publish(user, view).raw}


def _view(office: Office, args: Arguments) -> Json:
    """The view, checked before a trigger is used up for it."""
    view = args.record("view")
    if view is None:
        raise Refused("invalid_arguments", ["[ERROR] missing required field: view"])
    check_view(view, office.limits)
    return view


# -- statuses and sessions ---------------------------------------------------------------------------


def _thread(office: Office, args: Arguments) -> Thread:
    channel = office.joined_channel_of(args, "channel_id")
    return channel.id, office.thread_root(channel, args.need("thread_ts")).ts


def set_thread_status(office: Office, args: Arguments) -> Json:
    thread = _thread(office, args)
    lines = args.words("loading_messages")
    if len(lines) > office.limits.loading_messages:
        raise Refused("invalid_arguments", ["[ERROR] no more than 10 items allowed [json-pointer:/loading_messages]"])
    office.conversing.set_status(thread, args.text("status") or "", tuple(lines))
    return {}


def set_thread_title(office: Office, args: Arguments) -> Json:
    thread = _thread(office, args)
    office.conversing.titles[thread] = args.need("title")
    office.team.announce(Change("status", thread[0]))
    return {}


def set_prompts(office: Office, args: Arguments) -> Json:
    """What the person is offered to ask; without a thread it stands at the top of the conversation."""
    channel = office.joined_channel_of(args, "channel_id")
    root = office.thread_root(channel, args.need("thread_ts")).ts if args.text("thread_ts") else ""
    prompts = args.items("prompts")
    if not prompts:
        raise Refused("invalid_arguments", ["[ERROR] missing required field: prompts"])
    if len(prompts) > office.limits.prompts:
        raise Refused("invalid_arguments", ["[ERROR] no more than 4 items allowed [json-pointer:/prompts]"])
    if not all(prompt.get("title") and prompt.get("message") for prompt in prompts):
        raise Refused("invalid_arguments", ["[ERROR] title and message are required [json-pointer:/prompts]"])
    office.conversing.prompts[(channel.id, root)] = prompts
    office.team.announce(Change("status", channel.id))
    return {}


def set_session_status(office: Office, args: Arguments) -> Json:
    thread = _thread(office, args)
    status = args.need("status")
    if status not in SESSION_STATUSES:
        raise Refused("invalid_arguments", ["[ERROR] must be a valid enum value [json-pointer:/status]"])
    title = _title(office, args.text("title") or "")
    session = office.conversing.sessions.setdefault(thread, {"title": title})
    session["status"] = status
    office.team.announce(Change("status", thread[0]))
    body: Json = {"status": status, "agent_status": status, "title": session.get("title", "")}
    if status == "processing" and not office.manifest.delivers("agent_session_stopped"):
        body["warning"] = "missing_agent_session_stopped_event_subscription"
    return body


def rename_session(office: Office, args: Arguments) -> Json:
    session = office.conversing.sessions.get(_thread(office, args))
    if session is None:
        raise Refused("session_not_found")
    session["title"] = _title(office, args.need("title"))
    office.team.announce(Change("status"))
    return {"title": session["title"]}


def _title(office: Office, title: str) -> str:
    if len(title) > office.limits.status_title:
        raise Refused("invalid_arguments", ["[ERROR] must be less than 201 characters [json-pointer:/title]"])
    return title


METHODS = {
    "auth.test": Method(auth_test, tokens=("bot", "app")),
    "apps.connections.open": Method(open_connection, tokens=("app",)),
    "reactions.add": Method(add_reaction, "reactions:write"),
    "reactions.remove": Method(remove_reaction, "reactions:write"),
    "views.open": Method(open_view),
    "views.push": Method(push_view),
    "views.update": Method(update_view),
    "views.publish": Method(publish_view),
    "assistant.threads.setStatus": Method(set_thread_status, "chat:write", channel_argument="channel_id"),
    "assistant.threads.setTitle": Method(set_thread_title, "assistant:write", channel_argument="channel_id"),
    "assistant.threads.setSuggestedPrompts": Method(set_prompts, "assistant:write", channel_argument="channel_id"),
    "agents.sessions.setStatus": Method(set_session_status, "chat:write", channel_argument="channel_id"),
    "agents.sessions.rename": Method(rename_session, "chat:write", channel_argument="channel_id"),
}
