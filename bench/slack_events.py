"""How many Slack events a second are taken in: checked, stored and acknowledged, beside an app that only acknowledges.

Slack, the socket and the bot share one process and one core, so that the figure is a floor.
"""

import contextlib
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bench.figures import Figure
from bot import wiring
from bot.config import Settings
from bot.demo.slack_emulator import SlackEmulator
from bot.domain import Origin, Thread, ThreadId
from bot.stores import Stores
from safety.redaction import Redactor

MANIFEST = Path(__file__).resolve().parents[1] / "manifest.yml"
LEAST_EVENTS = 100.0
CHANNEL, ON_THEIR_WAY = "C0INCIDENTS", 40
PATIENCE = 120.0


async def run(short: bool) -> list[Figure]:
    """Events a second, from the first one sent to the last one acknowledged."""
    wanted = 30 if short else 1000
    async with _slack() as slack, _bare(slack):
        bare, _ = await _sent(slack, wanted)
    with tempfile.TemporaryDirectory() as folder:
        async with _slack() as slack, _storing(slack, Path(folder)) as stores:
            thread = await slack.user("bob").say("a thread", CHANNEL)
            # Its own delivery comes first: once the thread is known, it would be stored as a reply.
            await slack.wait_until(lambda: slack.deliveries("events_api") or None, PATIENCE)
            await _open(stores, thread.ts)
            rate, acked = await _sent(slack, wanted, thread.ts)
            stored = _stored(Path(folder) / "bench.db")
    counts = {"acknowledged": acked, "stored": stored}
    name = f"{wanted} events taken in"
    return [Figure(name, rate, "/s", bare, "an app that only acknowledges", counts, least=LEAST_EVENTS)]


@asynccontextmanager
async def _slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator(MANIFEST) as slack:
        yield slack


@asynccontextmanager
async def _bare(slack: SlackEmulator) -> AsyncIterator[None]:
    app = AsyncApp(client=AsyncWebClient(token=slack.bot_token, base_url=slack.api_url))

    @app.event("message")
    async def message() -> None:
        """Bolt acknowledges by itself."""

    handler = AsyncSocketModeHandler(app, slack.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        await slack.wait_connected()
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def _storing(slack: SlackEmulator, folder: Path) -> AsyncIterator[Stores]:
    """The bot with its sockets open and nobody at work on what it stores."""
    settings = Settings(
        _env_file=None,
        slack_api_url=slack.api_url,
        slack_bot_token=SecretStr(slack.bot_token),
        slack_app_token=SecretStr(slack.app_token),
        slack_sockets=1,
        kubeconfig=str(folder / "none"),
        database_url=f"sqlite:///{folder / 'bench.db'}",
        policy_file=folder / "none.yaml",
        remediation_mode="off",
    )
    with structlog.testing.capture_logs():
        async with wiring.assembled(settings, wiring.SystemClock(), Redactor()) as (bot, sockets):
            await sockets.open()
            try:
                await slack.wait_connected()
                yield bot.stores
            finally:
                await sockets.close()


async def _open(stores: Stores, ts: str) -> None:
    """Make the thread one that the bot knows: replies in it are stored."""
    now = wiring.SystemClock().now()
    question = Redactor().text("a thread")
    await stores.threads.open(Thread(ThreadId("T0DEMO", CHANNEL, ts), Origin.MENTION, "U0BOB", question, now, now))


async def _sent(slack: SlackEmulator, wanted: int, thread: str | None = None) -> tuple[float, int]:
    """The rate, and how many different events were acknowledged."""
    before = len(slack.deliveries("events_api"))
    began = time.perf_counter()
    for number in range(wanted):
        if thread is None:
            await slack.user("bob").say(f"word {number}", CHANNEL)
        else:
            await slack.user("bob").reply(f"word {number}", CHANNEL, thread)
        # Never more on their way than can be acknowledged in time: redeliveries are another matter.
        behind = number + 1 - ON_THEIR_WAY
        await slack.wait_until(lambda least=before + behind: len(slack.deliveries()) >= least or None, PATIENCE)  # type: ignore[misc]
    await slack.wait_until(lambda: len(slack.deliveries()) >= before + wanted or None, PATIENCE)
    taken = time.perf_counter() - began
    acked = {each.envelope["payload"]["event_id"] for each in slack.deliveries()[before:] if each.is_acked}
    return wanted / taken, len(acked)


def _stored(database: Path) -> int:
    """How many stand in the inbox."""
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection:
        return int(connection.execute("SELECT count(*) FROM inbox").fetchone()[0])
