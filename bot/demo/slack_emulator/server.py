"""The HTTP side: routes, the loopback guard, webhooks and response URLs.

Only this machine may talk to the emulator: it binds to 127.0.0.1, and a web page elsewhere that makes a
name of its own point here is turned away by its Host header.
"""

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.demo.slack_emulator.actors import MonitorBot
from bot.demo.slack_emulator.office import Office
from bot.demo.slack_emulator.page_api import PageApi
from bot.demo.slack_emulator.rates import TooOften
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Json
from bot.demo.slack_emulator.web_api import WebApi

LOOPBACK = "127.0.0.1"
_NAMES = frozenset({LOOPBACK, "localhost"})
_WEBHOOK_STATUS = {"channel_not_found": 404, "no_service": 404}

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_from_here(request: web.Request, handler: Respond) -> web.StreamResponse:
    """Turn away other machines, other names for this one, and pages from elsewhere."""
    host = (request.host or "").rsplit(":", 1)[0]
    origin = request.headers.get("Origin")
    if host not in _NAMES or request.remote != LOOPBACK:
        return web.Response(status=403, text="only reachable as 127.0.0.1 or localhost")
    if origin is not None and origin != f"http://{request.host}":
        return web.Response(status=403, text="another page may not talk to this one")
    return await handler(request)


class Server:
    """Listens on a port of 127.0.0.1."""

    def __init__(self, office: Office, web_api: WebApi, page: PageApi) -> None:
        self._office = office
        self._page = page
        app = web.Application(middlewares=[only_from_here], client_max_size=4 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", web_api.respond)
        app.router.add_get("/link/", office.sockets.link)
        app.router.add_get("/link", office.sockets.link)
        app.router.add_post("/response/{key}", self._response_url)
        app.router.add_post("/services/{team}/{bot}/{hook}", self._webhook)
        app.router.add_post("/upload/{file}", office.files.take_upload)
        app.router.add_get("/files/{file}", office.files.give)
        page.add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def start(self, port: int) -> int:
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        self._page.close()
        await self._office.sockets.close()
        await self._runner.cleanup()

    async def _response_url(self, request: web.Request) -> web.Response:
        try:
            self._office.response_urls.post(request.match_info["key"], await _payload(request))
        except Refused as refused:
            return web.json_response(refused.as_body(), status=404 if refused.error.endswith("_url") else 200)
        return web.Response(text="ok")

    async def _webhook(self, request: web.Request) -> web.Response:
        """An incoming webhook: a real Alertmanager can be pointed at it."""
        info = request.match_info
        try:
            monitors = self._office.team.workspace.monitors
            if info["team"] != self._office.team.workspace.team_id:
                raise Refused("no_service")
            monitor = next((m for m in monitors if (m.bot_id, m.hook) == (info["bot"], info["hook"])), None)
            if monitor is None:
                raise Refused("no_service")
            self._office.rates.count_webhook(monitor.bot_id)
            await MonitorBot(self._office, monitor).post(await _payload(request))
        except TooOften as refused:
            return web.Response(status=429, text="rate_limited", headers={"Retry-After": str(refused.retry_after)})
        except Refused as refused:
            return web.Response(status=_WEBHOOK_STATUS.get(refused.error, 400), text=refused.error)
        return web.Response(text="ok")


async def _payload(request: web.Request) -> Json:
    """JSON, or a form whose field `payload` is JSON."""
    body = await request.text()
    if request.content_type == "application/x-www-form-urlencoded":
        body = str((await request.post()).get("payload", ""))
    try:
        payload = json.loads(body)
    except json.JSONDecodeError:
        raise Refused("invalid_payload") from None
    if not isinstance(payload, dict):
        raise Refused("invalid_payload")
    return payload
