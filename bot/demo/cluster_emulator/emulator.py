"""The whole emulator: a scenario brought to now, served over HTTP, and moved on by a clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml
from aiohttp import web

from bot.demo.cluster_emulator.api.server import ApiServer, Recorded
from bot.demo.cluster_emulator.clock import VirtualClock
from bot.demo.cluster_emulator.cluster import Cluster
from bot.demo.cluster_emulator.faults import Faults
from bot.demo.cluster_emulator.history import play
from bot.demo.cluster_emulator.kubelet.node_agents import LogKey
from bot.demo.cluster_emulator.objects import Obj, clone
from bot.demo.cluster_emulator.resources import resource_of_kind
from bot.demo.cluster_emulator.scenarios import Scenario, ScenarioError, load_scenario
from bot.demo.cluster_emulator.store import Store

HOST = "127.0.0.1"


class ClusterEmulator:
    """A cluster that can be started, asked, moved on and stopped, in one asyncio loop with anything else."""

    def __init__(
        self,
        scenario: Scenario | str,
        port: int = 0,
        clock: VirtualClock | None = None,
        anonymous: str = "",
    ) -> None:
        self.scenario = load_scenario(scenario) if isinstance(scenario, str) else scenario
        self.clock = clock or VirtualClock()
        self._port = port
        self._cluster = Cluster(self.clock, self.scenario.images)
        play(self.scenario, self._cluster)
        self._server = ApiServer(self._cluster, self.scenario.users, self.scenario.version, anonymous)
        self._runner: web.AppRunner | None = None
        self._clockwork: asyncio.Task[None] | None = None

    @property
    def store(self) -> Store:
        """What the cluster remembers, for tests that look inside."""
        return self._cluster.store

    @property
    def cluster(self) -> Cluster:
        """The cluster behind the API."""
        return self._cluster

    @property
    def faults(self) -> Faults:
        """Trouble on demand."""
        return self._server.faults

    @property
    def requests(self) -> list[Recorded]:
        """Every request that has come in, oldest first."""
        return self._server.requests

    @property
    def url(self) -> str:
        """Where the API is served; only while it runs."""
        return f"http://{HOST}:{self._port}"

    def stand(self, objects: Iterable[Obj], logs: Mapping[LogKey, str]) -> None:
        """Hold a picture of another cluster: objects as they are, which nobody acts upon, and what containers wrote.

        ``logs`` is by namespace, pod, container, and whether it is of the run before. Raises ``ScenarioError`` for
        a kind that is not served.
        """
        for obj in objects:
            resource = resource_of_kind(str(obj["kind"]))
            if resource is None:
                raise ScenarioError(f"no kind {obj['kind']!r} is served")
            self.store.stand(resource, [clone(obj)])
        self._cluster.agents.recorded.update(logs)

    async def start(self) -> None:
        """Serve, and follow real time unless the clock is moved by hand."""
        self._runner = web.AppRunner(self._server.application(), shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port)
        await site.start()
        self._port = int(self._runner.addresses[0][1])
        self._clockwork = asyncio.create_task(self.clock.follow())

    async def stop(self) -> None:
        """End all streams and close the server."""
        self.faults.clear()
        self._server.stopping.set()
        if self._clockwork is not None:
            self._clockwork.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._clockwork
        if self._runner is not None:
            await self._runner.cleanup()

    async def advance(self, seconds: float) -> None:
        """Let virtual time pass at once, and give open streams the chance to send what happened."""
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    def token(self, user: str = "ask-claude") -> str:
        """The bearer token of a user."""
        return next(each.token for each in self.scenario.users if each.name == user)

    def write_kubeconfig(self, path: str | Path, user: str = "ask-claude") -> Path:
        """Write a kubeconfig for one user; the file is readable by its owner only."""
        scenario = self.scenario
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": scenario.context,
            "clusters": [{"name": scenario.cluster_name, "cluster": {"server": self.url}}],
            "users": [{"name": user, "user": {"token": self.token(user)}}],
            "contexts": [{"name": scenario.context, "context": {"cluster": scenario.cluster_name, "user": user}}],
        }
        target = Path(path)
        target.touch(mode=0o600)
        target.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        return target
