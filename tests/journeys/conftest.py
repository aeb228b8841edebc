"""A bot between the two emulators: in this process on a quick clock, or as a process of its own that can be killed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.demo.cluster_emulator import load_scenario
from bot.demo.stage import Stage, stage
from tests.journeys import acting


@pytest.fixture(autouse=True)
def without_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journeys use the rules, whatever key the developer has."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "LOG_FORMAT", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def quiet_town(tmp_path: Path) -> AsyncIterator[acting.Town]:
    """Both emulators, and nobody between them yet."""
    async with acting.town(tmp_path) as made:
        yield made


@pytest.fixture
async def town(quiet_town: acting.Town) -> AsyncIterator[acting.Town]:
    """A cluster in which nothing is wrong, and the bot at work in this process."""
    async with quiet_town.serving():
        yield quiet_town


OpenStage = Callable[..., Awaitable[tuple[acting.Seen, Stage]]]


@pytest.fixture
async def open_stage(tmp_path: Path) -> AsyncIterator[OpenStage]:
    """Start the bot as its own process, ended at the end of the test."""
    async with AsyncExitStack() as stack:
        opened: list[Stage] = []

        async def start(scenario: str = "healthy", place: str = "stage", **extra: str) -> tuple[acting.Seen, Stage]:
            folder = tmp_path / place
            folder.mkdir()
            on = await stack.enter_async_context(stage(load_scenario(scenario), folder, extra=extra))
            opened.append(on)
            return acting.Seen(on.slack, on.cluster, folder / "demo.db"), on

        yield start
        assert not [(each.method, each.at) for on in opened for each in on.slack.too_many]
