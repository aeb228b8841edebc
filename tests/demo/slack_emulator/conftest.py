"""An emulator, and the real Bolt app and SDK client to drive it with."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import Channel, Monitor, SlackEmulator, SocketTiming, Workspace

MANIFEST = Path(__file__).parents[3] / "manifest.yml"


class SteppingClock:
    """Real time, plus whatever a test skips."""

    def __init__(self) -> None:
        self.skipped = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.skipped

    def skip(self, **span: float) -> None:
        self.skipped += timedelta(**span)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def workspace() -> Workspace:
    built = Workspace()
    built.channels.append(Channel("G0SECRET", "secret", {"U0ALICE"}, kind="group"))
    built.channels.append(Channel("G0WAR", "war-room", {"U0ALICE", "U0BOT"}, kind="group"))
    built.monitors.append(Monitor("Grafana", "B0GRAF", "C0ALERTS", "graf", user_id="U0GRAF", app_id="A0GRAF"))
    return built


@pytest.fixture
async def slack(manifest: dict[str, Any], clock: SteppingClock, workspace: Workspace) -> AsyncIterator[SlackEmulator]:
    timing = SocketTiming(ack_deadline=0.6, redelivery=(0.0, 0.05, 0.05))
    async with SlackEmulator(manifest, clock=clock, workspace=workspace, timing=timing) as emulator:
        yield emulator


@pytest.fixture
def client(slack: SlackEmulator) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)


@pytest.fixture
def app(client: AsyncWebClient) -> AsyncApp:
    return AsyncApp(client=client)


@pytest.fixture
async def connect(
    slack: SlackEmulator, app: AsyncApp
) -> AsyncIterator[Callable[[], Awaitable[AsyncSocketModeHandler]]]:
    """Open a socket for the app; tests register their listeners first."""
    opened: list[AsyncSocketModeHandler] = []

    async def open_socket() -> AsyncSocketModeHandler:
        runner = AsyncSocketModeHandler(app, slack.app_token)
        opened.append(runner)
        await runner.connect_async()
        await slack.wait_connected(len(opened))
        return runner

    yield open_socket
    for runner in opened:
        await runner.close_async()


class Heard:
    """Collects what listeners got, and lets a test wait for it."""

    def __init__(self, slack: SlackEmulator) -> None:
        self._slack = slack
        self.bodies: list[dict[str, Any]] = []

    async def __call__(self, body: dict[str, Any]) -> None:
        self.bodies.append(body)
        self._slack.team.beat()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [body["event"] for body in self.bodies]

    async def wait(self, count: int = 1) -> list[dict[str, Any]]:
        await self._slack.wait_until(lambda: len(self.bodies) >= count or None)
        return self.bodies


@pytest.fixture
def heard(slack: SlackEmulator) -> Heard:
    return Heard(slack)
