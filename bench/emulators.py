"""How long each emulator takes from nothing to answering, beside a bare aiohttp server."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import ClientSession, web

from bench.figures import Figure
from bot.demo.cluster_emulator import ClusterEmulator, load_scenario
from bot.demo.messages_emulator import MessagesEmulator
from bot.demo.slack_emulator import SlackEmulator

MANIFEST = Path(__file__).resolve().parents[1] / "manifest.yml"
MOST_SECONDS = 0.5

Start = Callable[[], Awaitable[int]]


async def run(short: bool) -> list[Figure]:
    """Seconds, the best of five; each start counts one answered request."""
    times = 1 if short else 5
    starts: dict[str, Start] = {"cluster": _cluster, "slack": _slack, "messages": _messages}
    bare, _ = await _best(_bare, times)
    figures = []
    for name, start in starts.items():
        seconds, answered = await _best(start, times)
        name = f"start of the {name} emulator"
        figures.append(Figure(name, seconds, "s", bare, "a bare server", {"answered": answered}, most=MOST_SECONDS))
    return figures


async def _best(start: Start, times: int) -> tuple[float, int]:
    taken, answered = [], 0
    for _ in range(times):
        began = time.perf_counter()
        status = await start()
        taken.append(time.perf_counter() - began)
        answered += 1 if status < 500 else 0
    return min(taken), answered


async def _status(url: str) -> int:
    async with ClientSession() as session, session.get(url) as answer:
        return answer.status


async def _cluster() -> int:
    cluster = ClusterEmulator(load_scenario("oom-after-release"))
    await cluster.start()
    try:
        return await _status(f"{cluster.url}/version")
    finally:
        await cluster.stop()


async def _slack() -> int:
    async with SlackEmulator(MANIFEST) as slack:
        return await _status(f"{slack.api_url}auth.test")


async def _messages() -> int:
    async with MessagesEmulator() as messages:
        return await _status(f"{messages.url}/v1/models")


async def _bare() -> int:
    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return await _status(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    finally:
        await runner.cleanup()
