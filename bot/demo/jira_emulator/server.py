"""The HTTP server: the read calls of Jira's REST API, versions 2 and 3, of Jira Cloud or of a Jira of one's own."""

import asyncio
import base64
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.demo.jira_emulator.data import Ticket
from bot.demo.jira_emulator.jql import BadQuery, select

JsonObject = dict[str, Any]
_NAMES = {"new": "To Do", "indeterminate": "In Progress", "done": "Done"}
_FIELDS = (
    *("summary", "status", "issuetype", "labels", "components", "created", "updated", "resolution"),
    *("resolutiondate", "assignee", "reporter", "project", "description", "comment"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What one request gets instead of an answer."""

    status: int
    message: str = "Internal server error"
    headers: dict[str, str] = field(default_factory=dict)


class JiraEmulator:
    """Serves tickets. ``cloud``: as Jira Cloud, which takes e-mail and API token and has only the newer search.

    ``requests`` are the paths that were asked for; ``fail`` puts faults before the next answers.
    """

    def __init__(
        self,
        tickets: Sequence[Ticket],
        token: str = "emulator-token",
        user: str = "bot@example.com",
        cloud: bool = True,
    ) -> None:
        self._tickets = tuple(tickets)
        self.token, self.user, self.cloud = token, user, cloud
        self.requests: list[str] = []
        self._faults: deque[Fault] = deque()
        self._runner: web.AppRunner | None = None
        self._released = asyncio.Event()
        self._released.set()
        self.url = ""

    def fail(self, *faults: Fault) -> None:
        """The next requests get these, one each."""
        self._faults.extend(faults)

    def hold(self) -> None:
        """Answer nothing until ``release``."""
        self._released.clear()

    def release(self) -> None:
        self._released.set()

    async def start(self, port: int = 0) -> str:
        """Listen on this machine; answers the address."""
        app = web.Application(middlewares=[self._door])
        for base in ("/rest/api/2", "/rest/api/3"):
            for path, answer in self._answers():
                app.router.add_get(f"{base}{path}", answer)
            app.router.add_post(f"{base}/search", self._search)
            app.router.add_post(f"{base}/search/jql", self._search_jql)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        self.release()
        if self._runner is not None:
            await self._runner.cleanup()

    def _answers(self) -> tuple[tuple[str, Callable[[web.Request], Awaitable[web.Response]]], ...]:
        return (
            ("/serverInfo", self._server_info),
            ("/myself", self._myself),
            ("/field", self._fields),
            ("/search", self._search),
            ("/search/jql", self._search_jql),
            ("/issue/{key}", self._issue),
            ("/issue/{key}/changelog", self._changelog),
            ("/issue/{key}/comment", self._comments),
            ("/project", self._projects),
            ("/project/{key}", self._project_of),
        )

    @web.middleware
    async def _door(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.requests.append(request.path_qs)
        await self._released.wait()
        if self._faults:
            fault = self._faults.popleft()
            answer = _refusal(fault.status, fault.message)
            answer.headers.update(fault.headers)
            return answer
        # Whom the server is can be asked by anybody.
        if not request.path.endswith("/serverInfo") and not self._is_known(request.headers.get("Authorization", "")):
            return web.Response(status=401, text="Client must be authenticated to access this resource.")
        return await handler(request)

    def _is_known(self, sent: str) -> bool:
        pair = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        return sent == (f"Basic {pair}" if self.cloud else f"Bearer {self.token}")

    # ---- what is answered -----------------------------------------------------------------------------------------

    async def _server_info(self, request: web.Request) -> web.Response:
        told = {
            "baseUrl": self.url,
            "version": "1001.0.0-SNAPSHOT" if self.cloud else "10.3.5",
            "versionNumbers": [1001, 0, 0] if self.cloud else [10, 3, 5],
            "deploymentType": "Cloud" if self.cloud else "Server",
            "buildNumber": 100_287,
            "buildDate": "2026-05-04T00:00:00.000+0000",
            "serverTime": _time(datetime.now(UTC)),
            "scmInfo": _digest("scm"),
            "serverTitle": "Jira",
        }
        return web.json_response(told)

    async def _myself(self, request: web.Request) -> web.Response:
        return web.json_response(self._person("Ask Claude") | {"emailAddress": self.user, "locale": "en_US"})

    async def _fields(self, request: web.Request) -> web.Response:
        made = [
            {"id": each, "key": each, "name": each.capitalize(), "custom": False, "navigable": True} for each in _FIELDS
        ]
        return web.json_response(made)

    async def _search(self, request: web.Request) -> web.Response:
        if self.cloud:
            words = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."
            return _refusal(410, words)
        asked = await _asked(request)
        try:
            found = select(str(asked.get("jql") or ""), self._tickets, datetime.now(UTC))
        except BadQuery as fault:
            return _refusal(400, str(fault))
        start, most = int(asked.get("startAt") or 0), min(1_000, int(asked.get("maxResults") or 50))
        shown = [self._shown(each, asked, request) for each in found[start : start + most]]
        return web.json_response({"startAt": start, "maxResults": most, "total": len(found), "issues": shown})

    async def _search_jql(self, request: web.Request) -> web.Response:
        if not self.cloud:
            return _refusal(404, "null for uri")
        asked = await _asked(request)
        query = str(asked.get("jql") or "")
        if not query.lower().partition("order by")[0].strip():
            return _refusal(400, "Unbounded JQL queries are not allowed here. Please add a search restriction.")
        try:
            found = select(query, self._tickets, datetime.now(UTC))
        except BadQuery as fault:
            return _refusal(400, str(fault))
        start, most = int(asked.get("nextPageToken") or 0), min(100, int(asked.get("maxResults") or 50))
        is_last = start + most >= len(found)
        answer = {"issues": [self._shown(each, asked, request) for each in found[start : start + most]]}
        return web.json_response(
            answer | {"isLast": is_last} | ({} if is_last else {"nextPageToken": str(start + most)})
        )

    async def _issue(self, request: web.Request) -> web.Response:
        found = self._ticket(request)
        return web.json_response(self._shown(found, {"fields": "*all"}, request)) if found else _no_issue()

    async def _changelog(self, request: web.Request) -> web.Response:
        found = self._ticket(request)
        if found is None:
            return _no_issue()
        moved = {"field": "status", "fieldtype": "jira", "fromString": "To Do", "toString": found.status}
        history = {"id": "1", "author": self._person(found.assignee or found.reporter), "created": _time(found.updated)}
        values = [history | {"items": [moved]}] if found.status != "To Do" else []
        return web.json_response(
            {"startAt": 0, "maxResults": 100, "total": len(values), "isLast": True, "values": values}
        )

    async def _comments(self, request: web.Request) -> web.Response:
        found = self._ticket(request)
        return web.json_response(self._comments_of(found, request)) if found else _no_issue()

    async def _projects(self, request: web.Request) -> web.Response:
        return web.json_response([self._project(each) for each in sorted({one.project for one in self._tickets})])

    async def _project_of(self, request: web.Request) -> web.Response:
        key = request.match_info["key"].upper()
        if key not in {each.project for each in self._tickets}:
            return _refusal(404, f"No project could be found with key '{key}'.")
        return web.json_response(self._project(key))

    # ---- shapes ---------------------------------------------------------------------------------------------------

    def _ticket(self, request: web.Request) -> Ticket | None:
        key = request.match_info["key"].upper()
        return next((each for each in self._tickets if each.key == key), None)

    def _shown(self, each: Ticket, asked: Mapping[str, Any], request: web.Request) -> JsonObject:
        told, base = asked.get("fields"), f"{self.url}{request.path.partition('/search')[0].partition('/issue')[0]}"
        wanted = told.split(",") if isinstance(told, str) else list(told or (() if self.cloud else ("*all",)))
        is_all = "*all" in wanted or "*navigable" in wanted
        fields = {
            name: value for name, value in self._fields_of(each, base, request).items() if is_all or name in wanted
        }
        identity = str(10_000 + int(_digest(each.key)[:4], 16))
        return {"expand": "", "id": identity, "self": f"{base}/issue/{identity}", "key": each.key, "fields": fields}

    def _fields_of(self, each: Ticket, base: str, request: web.Request) -> JsonObject:
        category = {"id": 3 if each.category == "done" else 2, "key": each.category, "name": _NAMES[each.category]}
        return {
            "summary": each.summary,
            "status": {"self": f"{base}/status/1", "id": "1", "name": each.status, "statusCategory": category},
            "issuetype": {"self": f"{base}/issuetype/1", "id": "1", "name": each.type, "subtask": False},
            "labels": list(each.labels),
            "components": [{"self": f"{base}/component/1", "id": "1", "name": name} for name in each.components],
            "created": _time(each.created),
            "updated": _time(each.updated),
            "resolutiondate": _time(each.resolved),
            "resolution": {"self": f"{base}/resolution/1", "id": "1", "name": each.resolution}
            if each.resolution
            else None,
            "assignee": self._person(each.assignee) if each.assignee else None,
            "reporter": self._person(each.reporter),
            "project": self._project(each.project),
            "description": _document(each.description, request) if each.description else None,
            "comment": self._comments_of(each, request),
        }

    def _comments_of(self, each: Ticket, request: web.Request) -> JsonObject:
        made = [
            {
                "id": str(index),
                "author": self._person(who),
                "body": _document(text, request),
                "created": _time(each.updated),
            }
            for index, (who, text) in enumerate(each.comments, 1)
        ]
        return {"comments": made, "maxResults": 5_000, "total": len(made), "startAt": 0}

    def _person(self, name: str) -> JsonObject:
        key = (
            {"accountId": _digest(name)[:24], "accountType": "atlassian"} if self.cloud else {"name": name, "key": name}
        )
        return key | {"displayName": name, "active": True, "timeZone": "Etc/UTC"}

    def _project(self, key: str) -> JsonObject:
        return {
            "self": f"{self.url}/rest/api/2/project/{key}",
            "id": _number(key),
            "key": key,
            "name": key.capitalize(),
        }


def _document(text: str, request: web.Request) -> Any:
    """Plain text in version 2, a document of blocks in version 3."""
    if request.path.startswith("/rest/api/2/"):
        return text
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


async def _asked(request: web.Request) -> Mapping[str, Any]:
    if request.method == "POST":
        found = await request.json()
        return found if isinstance(found, dict) else {}
    fields = [part for each in request.query.getall("fields", []) for part in each.split(",")]
    return {**request.query, "fields": fields}


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"errorMessages": [message], "errors": {}}, status=status)


def _no_issue() -> web.Response:
    return _refusal(404, "Issue does not exist or you do not have permission to see it.")


def _digest(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _number(text: str) -> str:
    return str(10_000 + int(_digest(text)[:3], 16))


def _time(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000+0000" if at else None
