"""What the tests of the emulator share: a running cluster on a clock moved by hand, and clients for it."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from kubernetes.aio import client, config

from bot.demo.cluster_emulator import ClusterEmulator, Scenario, VirtualClock, load_scenario

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


class Raw:
    """Plain HTTP with a user's token, for what the official client cannot send."""

    def __init__(self, emulator: ClusterEmulator, session: aiohttp.ClientSession) -> None:
        self.emulator = emulator
        self.session = session

    async def __call__(
        self, method: str, path: str, body: Any = None, user: str = "admin", **headers: str
    ) -> tuple[int, Any]:
        """The status code, and the body as JSON or text."""
        sent = {"Authorization": f"Bearer {self.emulator.token(user)}"} if user else {}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        async with self.session.request(method, self.emulator.url + path, json=body, headers=sent) as answer:
            if answer.headers["Content-Type"] == "application/json":
                return answer.status, await answer.json()
            return answer.status, await answer.text()

    async def table(self, path: str, user: str = "admin") -> list[dict[str, Any]]:
        """The rows of a Table, each as a mapping from column to cell."""
        mark = "&" if "?" in path else "?"
        status, body = await self("GET", f"{path}{mark}includeObject=None", user=user, Accept=TABLE)
        assert status == 200, body
        names = [column["name"] for column in body["columnDefinitions"]]
        return [dict(zip(names, row["cells"], strict=True)) for row in body["rows"]]


async def connect(emulator: ClusterEmulator, folder: Path, user: str) -> client.ApiClient:
    """An official client, configured by the kubeconfig that the emulator writes."""
    path = emulator.write_kubeconfig(folder / f"kubeconfig-{user}", user)
    configuration = client.Configuration()
    await config.load_kube_config(str(path), client_configuration=configuration)
    return client.ApiClient(configuration)


@functools.cache
def _loaded(name: str) -> Scenario:
    return load_scenario(name)


@pytest.fixture
def scenario() -> str:
    """Which scenario the cluster plays; a test may ask for another by parametrising this."""
    return "oom-after-release"


@pytest.fixture
async def emulator(scenario: str) -> AsyncIterator[ClusterEmulator]:
    running = ClusterEmulator(_loaded(scenario), clock=VirtualClock(speed=0))
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def raw(emulator: ClusterEmulator) -> AsyncIterator[Raw]:
    async with aiohttp.ClientSession() as session:
        yield Raw(emulator, session)


@pytest.fixture
async def admin(emulator: ClusterEmulator, tmp_path: Path) -> AsyncIterator[client.ApiClient]:
    async with await connect(emulator, tmp_path, "admin") as connected:
        yield connected


@pytest.fixture
async def bot(emulator: ClusterEmulator, tmp_path: Path) -> AsyncIterator[client.ApiClient]:
    async with await connect(emulator, tmp_path, "ask-claude") as connected:
        yield connected


@pytest.fixture
def core(admin: client.ApiClient) -> client.CoreV1Api:
    return client.CoreV1Api(admin)


@pytest.fixture
def apps(admin: client.ApiClient) -> client.AppsV1Api:
    return client.AppsV1Api(admin)
