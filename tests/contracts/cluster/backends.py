"""What the contract is checked against: the emulator, always, and any cluster that the environment names."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes.aio import client, config

from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock, load_scenario

VARIABLE = "CONTRACT_KUBECONFIG"
SCENARIO = Path(__file__).with_name("contract.yaml")
# Virtual seconds in a real one: a rollout of seconds is over in a moment, and is still not over at once.
SPEED = 20.0


@dataclass(frozen=True, slots=True)
class Backend:
    """One cluster: how to reach it, and the two things that are done to it from outside its API."""

    name: str
    kubeconfig: str
    nobody: str = ""
    compact: Callable[[], None] | None = None


@contextmanager
def emulated(folder: Path, anonymous: str = "") -> Iterator[Backend]:
    """The emulator in a thread of its own, so that clients which block can be tested as well."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="emulated cluster")
    thread.start()

    def do(work: Awaitable[Any]) -> Any:
        async def whole() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(whole(), loop).result(30)

    emulator = ClusterEmulator(load_scenario(SCENARIO), clock=VirtualClock(speed=SPEED), anonymous=anonymous)
    try:
        do(emulator.start())
        admin = emulator.write_kubeconfig(folder / "admin", "admin")
        nobody = emulator.write_kubeconfig(folder / "nobody", "nobody")

        async def compact() -> None:
            emulator.store.compact()

        yield Backend("emulator", str(admin), str(nobody), lambda: do(compact()))
        do(emulator.stop())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def named() -> Backend | None:
    """The cluster that the environment names."""
    path = os.environ.get(VARIABLE, "")
    return Backend("cluster", path) if path else None


async def connect(kubeconfig: str) -> client.ApiClient:
    """An official client for a kubeconfig."""
    configuration = client.Configuration()
    await config.load_kube_config(kubeconfig, client_configuration=configuration)
    return client.ApiClient(configuration)


class Raw:
    """Requests that the typed methods of the official client cannot make, through its own transport and identity."""

    def __init__(self, connected: client.ApiClient) -> None:
        self.connected = connected

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: dict[str, Any] | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> tuple[int, Any]:
        """The status code, and the body as JSON or text."""
        headers = {"Accept": accept, **({"Content-Type": content_type} if body is not None else {})}
        request = await self.connected.param_serialize(
            method=method,
            resource_path=path,
            query_params=list((query or {}).items()),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        answer = await self.connected.call_api(*request)
        held = await answer.read()
        if answer.getheader("Content-Type", "").startswith("application/json") and "watch" not in (query or {}):
            return answer.status, json.loads(held)
        return answer.status, held.decode()
