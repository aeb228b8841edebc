"""Fixtures for everything that stands on a database or on the emulated Slack; conftest files import what they need."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack_chat import SlackChat
from bot.adapters.store.database import Database, migrate
from bot.adapters.store.outbox import Outbox
from bot.demo.slack_emulator import Channel, Monitor, SlackEmulator, Workspace
from bot.stores import Stores
from bot.wiring import make_stores
from safety.redaction import Redactor
from tests.fakes import FixedClock

MANIFEST = Path(__file__).parents[1] / "manifest.yml"
TEAM, CHANNEL, RANDOM = "T0DEMO", "C0INCIDENTS", "C0RANDOM"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(scope="session")
def fresh_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated database; every test starts from a copy."""
    path = tmp_path_factory.mktemp("fresh") / "fresh.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def database_file(fresh_file: Path, tmp_path: Path) -> Path:
    path = tmp_path / "bot.db"
    shutil.copyfile(fresh_file, path)
    return path


@pytest.fixture
def database_url(database_file: Path) -> str:
    return f"sqlite:///{database_file}"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def stores(database: Database) -> Stores:
    return make_stores(database, Redactor())


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


@pytest.fixture
def workspace() -> Workspace:
    built = Workspace()
    built.channels.append(Channel("G0WAR", "war-room", {"U0ALICE", "U0BOT"}, kind="group"))
    built.monitors.append(Monitor("Grafana", "B0GRAF", "C0ALERTS", "graf", user_id="U0GRAF", app_id="A0GRAF"))
    return built


@pytest.fixture
async def slack(workspace: Workspace) -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator(MANIFEST, workspace=workspace) as emulator:
        yield emulator


@pytest.fixture
def client(slack: SlackEmulator) -> AsyncWebClient:
    # As wiring makes it: the chat does its own retries.
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, timeout=5, retry_handlers=[])


@pytest.fixture
def chat(client: AsyncWebClient, outbox: Outbox, clock: FixedClock) -> SlackChat:
    return SlackChat(client, outbox, clock)
