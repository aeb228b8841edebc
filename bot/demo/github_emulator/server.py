"""The HTTP server: the read calls of GitHub's REST API, its pages, its refusals, and faults on request."""

import asyncio
import time as clock
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.demo.github_emulator.data import Commit, Repository
from bot.demo.github_emulator.shapes import Shapes

JsonObject = dict[str, Any]
_DOCS = "https://docs.github.com/rest"
_LIMIT = 5_000
_Answer = Callable[[Repository, web.Request], web.Response]


@dataclass(frozen=True, slots=True)
class Fault:
    """What one request gets instead of an answer."""

    status: int
    message: str = "Server Error"
    headers: dict[str, str] = field(default_factory=dict)


class GitHubEmulator:
    """Serves repositories; ``requests`` are the paths that were asked for, and ``faults`` come before any answer."""

    def __init__(self, repositories: Iterable[Repository], token: str = "emulator-token") -> None:
        self._held = {each.name.lower(): each for each in repositories}
        self.token = token
        self.requests: list[str] = []
        self._faults: deque[Fault] = deque()
        self._always: Fault | None = None
        self._of_search: Fault | None = None
        self._runner: web.AppRunner | None = None
        self._released = asyncio.Event()
        self._released.set()
        self.url = ""

    @property
    def repositories(self) -> tuple[str, ...]:
        return tuple(each.name for each in self._held.values())

    # ---- faults ---------------------------------------------------------------------------------------------------

    def fail(self, *faults: Fault) -> None:
        """The next requests get these, one each."""
        self._faults.extend(faults)

    def fail_always(self, fault: Fault | None) -> None:
        """Every request gets this; None ends it."""
        self._always = fault

    def fail_search(self, fault: Fault | None) -> None:
        """Every search gets this, as where the limit of searches is used up; None ends it."""
        self._of_search = fault

    def hold(self) -> None:
        """Answer nothing until ``release``."""
        self._released.clear()

    def release(self) -> None:
        self._released.set()

    # ---- serving --------------------------------------------------------------------------------------------------

    async def start(self, port: int = 0) -> str:
        """Listen on this machine; answers the address. GitHub Enterprise's prefix /api/v3 is answered as well."""
        app = web.Application(middlewares=[self._door])
        for prefix in ("", "/api/v3"):
            app.router.add_get(f"{prefix}/rate_limit", self._rate_limit)
            app.router.add_get(f"{prefix}/search/code", self._search_code)
            for path, answer in self._of_repository():
                app.router.add_get(f"{prefix}/repos/{{owner}}/{{name}}{path}", self._found(answer))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        self.release()
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _door(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.requests.append(request.path_qs)
        await self._released.wait()
        fault = self._always or (self._faults.popleft() if self._faults else None)
        fault = fault or (self._of_search if request.path.endswith("/search/code") else None)
        if fault is not None:
            return self._dressed(_refusal(fault.status, fault.message), fault.headers)
        if request.headers.get("Authorization", "").partition(" ")[2] != self.token:
            return self._dressed(_refusal(401, "Bad credentials"))
        try:
            return self._dressed(await handler(request))
        except web.HTTPNotFound:
            return self._dressed(_refusal(404, "Not Found"))

    def _dressed(self, answer: web.StreamResponse, more: dict[str, str] | None = None) -> web.StreamResponse:
        used = min(len(self.requests), _LIMIT)
        answer.headers.update(
            {
                "X-GitHub-Media-Type": "github.v3; format=json",
                "X-GitHub-Request-Id": f"EMU:{len(self.requests):X}",
                "X-RateLimit-Limit": str(_LIMIT),
                "X-RateLimit-Remaining": str(_LIMIT - used),
                "X-RateLimit-Used": str(used),
                "X-RateLimit-Reset": str(int(clock.time()) + 3_600),
                "X-RateLimit-Resource": "core",
            }
        )
        answer.headers.update(more or {})
        return answer

    def _found(self, answer: _Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            told = request.match_info
            held = self._held.get(f"{told['owner']}/{told['name']}".lower())
            return answer(held, request) if held is not None else _refusal(404, "Not Found")

        return handle

    def _shapes(self, request: web.Request) -> Shapes:
        origin = f"{request.scheme}://{request.host}"
        return Shapes(f"{origin}/api/v3" if request.path.startswith("/api/v3/") else origin, origin)

    # ---- what is answered -----------------------------------------------------------------------------------------

    def _of_repository(self) -> tuple[tuple[str, _Answer], ...]:
        return (
            ("", lambda held, request: web.json_response(self._shapes(request).repository(held))),
            ("/pulls", self._pulls),
            ("/pulls/{number:\\d+}", self._pull),
            ("/pulls/{number:\\d+}/files", self._files),
            ("/commits", self._commits),
            ("/commits/{sha}", self._commit),
            ("/compare/{basehead:.+}", self._compare),
            ("/releases", self._releases),
            ("/deployments", self._deployments),
            ("/deployments/{id:\\d+}/statuses", self._statuses),
            ("/contents/{path:.*}", self._contents),
        )

    def _pulls(self, held: Repository, request: web.Request) -> web.Response:
        asked, shapes = request.query, self._shapes(request)
        state, sort = asked.get("state", "open"), asked.get("sort", "created")
        chosen = [each for each in held.pulls if state == "all" or (state == "closed") == bool(each["closed_at"])]
        key = "updated_at" if sort == "updated" else "opened_at"
        newest_first = asked.get("direction", "desc" if sort == "created" else "asc") == "desc"
        chosen.sort(key=lambda each: each[key], reverse=newest_first)
        return _page(request, [shapes.pull(held, each) for each in chosen])

    def _pull(self, held: Repository, request: web.Request) -> web.Response:
        told = _numbered(held, request)
        return web.json_response(self._shapes(request).pull(held, told, full=True))

    def _files(self, held: Repository, request: web.Request) -> web.Response:
        told, shapes = _numbered(held, request), self._shapes(request)
        return _page(request, [shapes.file(held, each, told["head_sha"]) for each in told["files"]])

    def _commits(self, held: Repository, request: web.Request) -> web.Response:
        shapes = self._shapes(request)
        try:
            chosen = _between(held, request)
        except ValueError:
            return _refusal(422, "Validation Failed")
        return _page(request, [shapes.commit(held, each) for each in chosen])

    def _commit(self, held: Repository, request: web.Request) -> web.Response:
        name = request.match_info["sha"]
        index = held.index_of(name)
        if index is None:
            return _refusal(422, f"No commit found for SHA: {name}")
        return web.json_response(self._shapes(request).commit(held, held.commits[index], full=True))

    def _compare(self, held: Repository, request: web.Request) -> web.Response:
        base, _, head = request.match_info["basehead"].partition("...")
        one, other = held.index_of(base), held.index_of(head)
        if one is None or other is None:
            return _refusal(404, "Not Found")
        shapes = self._shapes(request)
        told = {
            "status": "identical" if one == other else "ahead" if one > other else "behind",
            "ahead_by": max(0, one - other),
            "behind_by": max(0, other - one),
            "total_commits": max(0, one - other),
            "base_commit": shapes.commit(held, held.commits[one]),
            "merge_base_commit": shapes.commit(held, held.commits[max(one, other)]),
            "commits": [shapes.commit(held, each) for each in reversed(held.commits[other:one])],
            "files": [shapes.file(held, each, head) for commit in held.commits[other:one] for each in commit.files],
        }
        return web.json_response(told)

    def _releases(self, held: Repository, request: web.Request) -> web.Response:
        shapes = self._shapes(request)
        return _page(request, [shapes.release(held, each) for each in held.releases])

    def _deployments(self, held: Repository, request: web.Request) -> web.Response:
        asked, shapes = request.query, self._shapes(request)
        wanted = {name: asked[name] for name in ("environment", "sha", "ref") if name in asked}
        chosen = [each for each in held.deployments if all(each.get(name) == text for name, text in wanted.items())]
        return _page(request, [shapes.deployment(held, each) for each in chosen])

    def _statuses(self, held: Repository, request: web.Request) -> web.Response:
        number = int(request.match_info["id"])
        found = next((each for each in held.deployments if each["id"] == number), None)
        if found is None:
            return _refusal(404, "Not Found")
        order = sorted(range(len(found["statuses"])), key=lambda index: found["statuses"][index]["at"], reverse=True)
        shapes = self._shapes(request)
        return _page(request, [shapes.status(held, found, index) for index in order])

    def _contents(self, held: Repository, request: web.Request) -> web.Response:
        path, ref = request.match_info["path"].strip("/"), request.query.get("ref", held.default_branch)
        if held.index_of(ref) is None:
            return _refusal(404, f"No commit found for the ref {ref}")
        shapes = self._shapes(request)
        if path in held.files:
            return web.json_response(shapes.content(held, path, ref))
        listed = shapes.folder(held, path, ref)
        return web.json_response(listed) if listed else _refusal(404, "Not Found")

    async def _rate_limit(self, request: web.Request) -> web.Response:
        used = min(len(self.requests), _LIMIT)
        core = {"limit": _LIMIT, "used": used, "remaining": _LIMIT - used, "reset": int(clock.time()) + 3_600}
        search = {"limit": 30, "used": 0, "remaining": 30, "reset": int(clock.time()) + 60}
        return web.json_response({"resources": {"core": core, "search": search}, "rate": core})

    async def _search_code(self, request: web.Request) -> web.Response:
        """Words and ``repo:`` alone: a file is found where all words occur in it."""
        asked = request.query.get("q", "").split()
        words = [each.strip('"').lower() for each in asked if not each.startswith("repo:")]
        named = {each.removeprefix("repo:").lower() for each in asked if each.startswith("repo:")}
        if not words:
            return _refusal(422, "Validation Failed")
        shapes = self._shapes(request)
        found = [
            {**shapes.folder(held, path.rpartition("/")[0], held.default_branch)[0]}
            | {"name": path.rpartition("/")[2], "path": path, "score": 1.0, "repository": shapes.repository(held)}
            | {"url": shapes.content(held, path, held.default_branch)["url"]}
            for name, held in self._held.items()
            if not named or name in named
            for path, text in held.files.items()
            if all(word in text.lower() for word in words)
        ]
        return web.json_response({"total_count": len(found), "incomplete_results": False, "items": found})


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"message": message, "documentation_url": _DOCS, "status": str(status)}, status=status)


def _numbered(held: Repository, request: web.Request) -> JsonObject:
    number = int(request.match_info["number"])
    for each in held.pulls:
        if each["number"] == number:
            return each
    raise web.HTTPNotFound


def _between(held: Repository, request: web.Request) -> Sequence[Commit]:
    asked = request.query
    start = held.index_of(asked.get("sha", held.default_branch)) or 0
    since = datetime.fromisoformat(asked["since"]) if "since" in asked else None
    until = datetime.fromisoformat(asked["until"]) if "until" in asked else None
    return [
        each
        for each in held.commits[start:]
        if (since is None or each.at >= since) and (until is None or each.at <= until)
    ]


def _page(request: web.Request, items: Sequence[JsonObject]) -> web.Response:
    """One page, with the Link header that leads to the others."""
    asked = request.query
    size = max(1, min(100, int(asked.get("per_page", "30"))))
    number, last = max(1, int(asked.get("page", "1"))), max(1, -(-len(items) // size))
    answer = web.json_response(items[(number - 1) * size : number * size])
    wanted = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
    if number >= last:
        del wanted["next"], wanted["last"]
    if number <= 1:
        del wanted["prev"], wanted["first"]
    base = f"{request.scheme}://{request.host}{request.path}"
    links = (f'<{base}?{urlencode({**asked, "page": page})}>; rel="{name}"' for name, page in wanted.items())
    if wanted:
        answer.headers["Link"] = ", ".join(links)
    return answer
