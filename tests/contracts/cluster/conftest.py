"""Each test gets a namespace of its own on each backend, made by an identity that may do everything."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from kubernetes.aio import client

from tests.contracts.cluster.backends import Backend, Raw, connect, emulated, named

PATIENCE = {"emulator": 10.0, "cluster": 120.0}


@pytest.fixture(scope="session")
def emulator_backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with emulated(tmp_path_factory.mktemp("contract")) as backend:
        yield backend


@pytest.fixture(params=["emulator", "cluster"] if named() else ["emulator"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """The emulator always, and the cluster that the environment names."""
    found = named() if request.param == "cluster" else None
    return found or request.getfixturevalue("emulator_backend")


@pytest.fixture
async def admin(backend: Backend) -> AsyncIterator[client.ApiClient]:
    async with await connect(backend.kubeconfig) as connected:
        yield connected


@pytest.fixture
def core(admin: client.ApiClient) -> client.CoreV1Api:
    return client.CoreV1Api(admin)


@pytest.fixture
def apps(admin: client.ApiClient) -> client.AppsV1Api:
    return client.AppsV1Api(admin)


@pytest.fixture
def raw(admin: client.ApiClient) -> Raw:
    return Raw(admin)


@pytest.fixture
async def namespace(core: client.CoreV1Api, raw: Raw, eventually: Any) -> AsyncIterator[str]:
    """A new namespace that takes pods: its default service account is there."""
    name = f"contract-{uuid.uuid4().hex[:10]}"
    await core.create_namespace(client.V1Namespace.from_dict({"metadata": {"name": name}}))

    async def has_account() -> bool:
        return (await raw("GET", f"/api/v1/namespaces/{name}/serviceaccounts/default"))[0] == 200

    await eventually(has_account)
    yield name
    # Its going takes a while on a real cluster, and nobody waits for it.
    await core.delete_namespace(name)


@pytest.fixture
def eventually(backend: Backend) -> Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]:
    """Ask again until the answer is true; the answer."""

    async def wait(question: Callable[[], Awaitable[Any]]) -> Any:
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE[backend.name]
        while not (answer := await question()):
            assert loop.time() < end, f"still not so: {question.__name__}"
            await asyncio.sleep(0.02 if backend.name == "emulator" else 0.5)
        return answer

    return wait


@pytest.fixture
async def has_nodes(core: client.CoreV1Api) -> None:
    """For what a cluster without nodes cannot do."""
    if not (await core.list_node()).items:
        pytest.skip("this cluster has no nodes, so no container runs in it")


@pytest.fixture
async def nobody(backend: Backend, core: client.CoreV1Api, namespace: str) -> AsyncIterator[Raw]:
    """Somebody who is known and may do nothing. Needs cluster rights: a token of a new service account."""
    if backend.nobody:
        async with await connect(backend.nobody) as connected:
            yield Raw(connected)
        return
    account = client.V1ServiceAccount.from_dict({"metadata": {"name": "nobody"}})
    await core.create_namespaced_service_account(namespace, account)
    wanted = client.AuthenticationV1TokenRequest.from_dict({"spec": {"audiences": []}})
    token = (await core.create_namespaced_service_account_token("nobody", namespace, wanted)).status.token
    async with await connect(backend.kubeconfig) as connected:
        _become(connected, token)
        yield Raw(connected)


@pytest.fixture
async def stranger(backend: Backend) -> AsyncIterator[Raw]:
    """Somebody with a token that nobody has issued."""
    async with await connect(backend.kubeconfig) as connected:
        _become(connected, "no-such-token")
        yield Raw(connected)


def _become(connected: client.ApiClient, token: str) -> None:
    connected.configuration.api_key = {"authorization": f"Bearer {token}"}
    connected.configuration.api_key_prefix = {}
    connected.configuration.refresh_api_key_hook = None
