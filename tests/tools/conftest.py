"""An emulated cluster behind the real client, stopped by hand so that nothing waits for real time."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bot.demo.cluster_emulator.clock import VirtualClock
from bot.demo.cluster_emulator.emulator import ClusterEmulator
from safety.redaction import Redactor
from tools.adapters.kubernetes_api import KubernetesApi, Limits
from tools.adapters.kubernetes_writer import KubernetesWriter
from tools.world import Reader


class Stage:
    """One emulated cluster with a reader and a writer on it."""

    def __init__(self, emulator: ClusterEmulator, api: KubernetesApi, writer: KubernetesWriter) -> None:
        self.emulator, self.api, self.writer = emulator, api, writer
        self.world = Reader(api, Redactor())

    @property
    def paths(self) -> list[str]:
        return [each.path for each in self.emulator.requests]


StageMaker = Callable[..., Awaitable[Stage]]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[StageMaker]:
    made: list[Stage] = []

    async def make(scenario: str, user: str = "ask-claude", limits: Limits | None = None) -> Stage:
        emulator = ClusterEmulator(scenario, clock=VirtualClock(speed=0))
        await emulator.start()
        path = str(emulator.write_kubeconfig(tmp_path / f"{len(made)}.yaml", user))
        writer = await KubernetesWriter.connect(path)
        api = await (KubernetesApi.connect(path, limits=limits) if limits else KubernetesApi.connect(path))
        made.append(Stage(emulator, api, writer))
        return made[-1]

    yield make
    for each in made:
        await each.api.close()
        await each.writer.close()
        await each.emulator.stop()
