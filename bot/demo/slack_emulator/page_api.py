"""What the page in the browser talks to: the whole workspace as one person sees it, and what they do there."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.demo.slack_emulator.actors import MonitorBot, Person
from bot.demo.slack_emulator.drawing_kit import NO_KIT, Say, drawing_kit
from bot.demo.slack_emulator.interactions import Interactions
from bot.demo.slack_emulator.office import Office
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Change, Json, Outcome, User
from bot.demo.slack_emulator.text import with_plain_text

FILES = Path(__file__).parent / "page"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"

_LONGEST_SKIP = timedelta(days=1)

Deed = Callable[[Person, Json], Awaitable[Json]]
SkipTime = Callable[[timedelta], Awaitable[None]]


class PageApi:
    """Serves the page's files, its view of the workspace, and the deeds of the person who looks at it.

    `kit` is what draws Block Kit. `skip_time` moves the clocks of the emulator, the app and whatever else belongs
    to them; only who started them all can give one, and without it the page has no such button.
    """

    def __init__(self, office: Office, interactions: Interactions) -> None:
        self._office = office
        self._team = office.team
        self._interactions = interactions
        self.kit = NO_KIT
        self.skip_time: SkipTime | None = None
        self._listeners: set[asyncio.Queue[str | None]] = set()
        office.team.listeners.append(self._notice)
        self._deeds: dict[str, Deed] = {
            "say": self._say,
            "slash": self._slash,
            "click": self._click,
            "view_click": self._view_click,
            "submit": self._submit,
            "close": self._close,
            "shortcut": self._shortcut,
            "home": self._home,
            "stop": self._stop,
            "alert": self._alert,
            "dm": self._dm,
            "invite": self._invite,
            "skip": self._skip,
        }

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/", self._file)
        app.router.add_get("/page/{name}", self._file)
        app.router.add_get("/page-api/state", self._state)
        app.router.add_get("/page-api/feed", self._feed)
        app.router.add_post("/page-api/do/{deed}", self._do)

    async def set_up(self, say: Say) -> None:
        """Have Block Kit drawn; until then, and where that cannot be, the page shows plain text and says why."""
        self.kit = await drawing_kit(say)
        self._team.announce(Change("page"))

    def close(self) -> None:
        for queue in self._listeners:
            queue.put_nowait(None)

    # -- reading -----------------------------------------------------------------------------------

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "index.html")
        folders = [FILES, self.kit.folder] if self.kit.folder else [FILES]
        known = {path.name: path for folder in folders for path in folder.iterdir() if path.suffix in _TYPES}
        if name not in known:
            return web.Response(status=404, text="no such file")
        body = await asyncio.to_thread(known[name].read_text, encoding="utf-8")
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
        return web.Response(text=body, content_type=_TYPES[known[name].suffix], headers=headers)

    async def _state(self, request: web.Request) -> web.Response:
        try:
            user = self._team.user_named(request.query.get("user", ""))
        except KeyError:
            user = next(u for u in self._team.users.values() if u.bot_id is None)
        team = self._team
        body = {
            "team": {"name": team.workspace.name, "bot": team.app.user_id, "app": team.app.name, "app_id": team.app.id},
            "me": user.id,
            "users": [self._person(user) for user in team.users.values()],
            "groups": [{"id": g.id, "handle": g.handle} for g in team.workspace.groups],
            "channels": [self._channel(c.id, user.id) for c in team.channels.values() if user.id in c.members],
            "ephemerals": [
                {"channel": m.channel, **self._shown(m.raw)} for m in team.ephemerals if m.visible_to == user.id
            ],
            "views": [self._shown(view.raw) for view in self._office.views.open_by(user.id)],
            "home": self._shown(home.raw) if (home := self._office.views.home_of(user.id)) else None,
            "commands": [
                {"name": c.name, "description": c.description, "hint": c.usage_hint}
                for c in self._office.manifest.commands.values()
            ],
            "shortcuts": [s for s in self._office.manifest.shortcuts if s.get("type") == "message"],
            "connected": self._office.sockets.connections,
            "alerts": [path.stem for path in sorted((FILES / "alerts").glob("*.json"))],
            "kit": {"is_there": self.kit.folder is not None, "problem": self.kit.problem},
            "clock": {"now": team.now().timestamp(), "can_skip": self.skip_time is not None},
        }
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    def _person(self, user: User) -> Json:
        return {
            "id": user.id,
            "name": user.name,
            "title": user.title,
            "bot": bool(user.bot_id),
            "is_stranger": self._team.is_stranger(user),
        }

    def _channel(self, channel_id: str, viewer: str) -> Json:
        team, channel = self._team, self._team.channels[channel_id]
        messages = [m for m in team.all_messages() if m.channel == channel_id]
        statuses = {}
        for message in messages:
            status = self._office.conversing.status_of((channel_id, message.ts))
            session = self._office.conversing.sessions.get((channel_id, message.ts))
            if status or session:
                statuses[message.ts] = {"text": status.text if status else "", "session": session}
        return {
            "id": channel.id,
            "name": team.app.name if channel.kind == "im" else channel.name,
            "kind": channel.kind,
            "topic": channel.topic,
            "has_bot": team.app.user_id in channel.members,
            "messages": [self._shown(m.raw) for m in messages],
            "statuses": statuses,
        }

    def _shown(self, raw: Json) -> Json:
        """What the page draws; where it cannot draw, with the plain text of every block."""
        if self.kit.folder is not None:
            return raw
        found = {"blocks": [with_plain_text(self._team, block) for block in raw.get("blocks") or []]}
        if raw.get("attachments"):
            found["attachments"] = [self._shown(attachment) for attachment in raw["attachments"]]
        return {**raw, **found}

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: a word whenever something changed; the page then asks for the state."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            await response.write(b"data: hello\n\n")
            while (kind := await queue.get()) is not None:
                await response.write(f"data: {kind}\n\n".encode())
        except ConnectionResetError:
            # The browser closed the page.
            return response
        finally:
            self._listeners.discard(queue)
        return response

    def _notice(self, change: Change) -> None:
        for queue in self._listeners:
            queue.put_nowait(change.kind)

    # -- doing -------------------------------------------------------------------------------------

    async def _do(self, request: web.Request) -> web.Response:
        """One deed. A JSON body is required: a form on another page could not send one unasked."""
        deed = self._deeds.get(request.match_info["deed"])
        if deed is None or request.content_type != "application/json":
            return web.json_response({"problem": "unknown deed"}, status=404)
        try:
            asked = await request.json()
            person = Person(self._office, self._interactions, self._team.user_named(str(asked["user"])))
            body = await deed(person, asked)
        except Refused as refused:
            return web.json_response({"problem": refused.error}, status=400)
        except (LookupError, json.JSONDecodeError) as problem:
            return web.json_response({"problem": str(problem)}, status=400)
        return web.json_response(body)

    async def _say(self, person: Person, asked: Json) -> Json:
        if asked.get("thread_ts"):
            broadcast = bool(asked.get("broadcast"))
            await person.reply(asked["text"], asked["channel"], asked["thread_ts"], broadcast=broadcast)
        else:
            await person.say(asked["text"], asked["channel"])
        return {}

    async def _slash(self, person: Person, asked: Json) -> Json:
        return _told(await person.slash(asked["text"], asked["channel"], asked.get("thread_ts")))

    async def _click(self, person: Person, asked: Json) -> Json:
        what = (asked["action_id"], asked.get("value"), asked.get("block_id"))
        return _told(await person.click(asked["channel"], asked["ts"], *what))

    async def _view_click(self, person: Person, asked: Json) -> Json:
        typed: dict[str, dict[str, Any]] = asked.get("values") or {}
        return _told(await person.click_in_view(asked["view_id"], asked["action_id"], asked.get("value"), typed))

    async def _submit(self, person: Person, asked: Json) -> Json:
        values: dict[str, dict[str, Any]] = asked.get("values") or {}
        return _told(await person.submit(asked["view_id"], values))

    async def _close(self, person: Person, asked: Json) -> Json:
        return _told(await person.close(asked["view_id"]))

    async def _shortcut(self, person: Person, asked: Json) -> Json:
        return _told(await person.shortcut(asked["callback_id"], asked["channel"], asked["ts"]))

    async def _home(self, person: Person, asked: Json) -> Json:
        await person.open_home(str(asked.get("tab", "home")))
        return {}

    async def _stop(self, person: Person, asked: Json) -> Json:
        await person.stop(asked["channel"], asked["thread_ts"])
        return {}

    async def _dm(self, person: Person, asked: Json) -> Json:
        return {"channel": self._team.open_dm(person.user.id).id}

    async def _invite(self, person: Person, asked: Json) -> Json:
        await person.invite(asked["channel"])
        return {}

    async def _skip(self, person: Person, asked: Json) -> Json:
        span = timedelta(minutes=float(asked["minutes"]))
        if self.skip_time is None or not timedelta() < span <= _LONGEST_SKIP:
            raise Refused("cannot_skip")
        await self.skip_time(span)
        self._team.announce(Change("page"))
        return {}

    async def _alert(self, person: Person, asked: Json) -> Json:
        samples = {path.stem: path for path in (FILES / "alerts").glob("*.json")}
        body = await asyncio.to_thread(samples[str(asked["name"])].read_text, encoding="utf-8")
        monitor = self._team.workspace.monitors[0]
        message = await MonitorBot(self._office, monitor).post(json.loads(body))
        return {"channel": message.channel, "ts": message.ts}


def _told(outcome: Outcome) -> Json:
    return {"acked": outcome.is_acked, "shown": outcome.shown, "errors": outcome.errors}
