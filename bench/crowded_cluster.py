"""Ten thousand pods listed as a table beside a tenth of them listed as objects, and twenty watchers of changes.

The client runs in a process of its own and tells its own processor time: what the emulator uses does not count.
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from aiohttp import ClientSession

from bench._listing import NAMESPACE
from bench.figures import Figure
from bot.demo.cluster_emulator import ClusterEmulator, load_scenario
from bot.demo.cluster_emulator.objects import clone
from bot.demo.cluster_emulator.resources import CONFIGMAPS, PODS

MOST_SECONDS = 0.5
ROOT = Path(__file__).resolve().parents[1]


async def run(short: bool) -> list[Figure]:
    """Seconds of processor for the listing; changes delivered a second for the watchers."""
    pods, watchers, changes = (300, 3, 5) if short else (10_000, 20, 100)
    cluster = crowded(pods)
    await cluster.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            kubeconfig = str(cluster.write_kubeconfig(Path(folder) / "kubeconfig"))
            rows_took, rows = await _asked(kubeconfig, "table", pods)
            objects_took, objects = await _asked(kubeconfig, "objects", pods // 10)
        one, _ = await _watched(cluster, 1, changes)
        many, delivered = await _watched(cluster, watchers, changes)
    finally:
        await cluster.stop()
    listed = {"rows": rows, "objects": objects}
    return [
        Figure(
            f"{pods} pods as a table", rows_took, "s", objects_took, "a tenth as objects", listed, most=MOST_SECONDS
        ),
        Figure(f"changes to {watchers} watchers", many, "/s", one, "one watcher", {"delivered": delivered}),
    ]


def crowded(pods: int) -> ClusterEmulator:
    """A healthy cluster with so many more pods in a namespace of their own, as they are when they run."""
    cluster = ClusterEmulator(load_scenario("healthy"))
    pattern = cluster.store.all_of(PODS)[0]
    # Kept as they are: what would happen to them by itself is not what is measured.
    cluster.store.listeners.clear()
    for number in range(pods):
        pod = clone(pattern)
        pod["metadata"] |= {"name": f"worker-{number:05}", "namespace": NAMESPACE, "uid": cluster.store.new_uid()}
        cluster.store.keep(PODS, pod)
    return cluster


async def _asked(kubeconfig: str, way: str, most: int) -> tuple[float, int]:
    command = [sys.executable, "-m", "bench._listing", kubeconfig, way, str(most)]
    client = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    said, _ = await client.communicate()
    taken, found = json.loads(said)
    return float(taken), int(found)


async def _watched(cluster: ClusterEmulator, watchers: int, changes: int) -> tuple[float, int]:
    """Changes delivered a second, and how many were delivered at all."""
    name = f"news-{watchers}"
    made = cluster.store.create(CONFIGMAPS, {"metadata": {"name": name, "namespace": NAMESPACE}, "data": {"n": "0"}})
    since = cluster.store.version
    query = {"watch": "1", "resourceVersion": str(since), "fieldSelector": f"metadata.name={name}"}
    headers = {"Authorization": f"Bearer {cluster.token()}"}
    url = f"{cluster.url}/api/v1/namespaces/{NAMESPACE}/configmaps"

    async def watch(session: ClientSession) -> int:
        seen = 0
        async with session.get(url, params=query, headers=headers) as stream:
            async for line in stream.content:
                seen += json.loads(line)["type"] == "MODIFIED"
                if seen == changes:
                    break
        return seen

    async with ClientSession() as session:
        began = time.perf_counter()
        tasks = [asyncio.create_task(watch(session)) for _ in range(watchers)]
        for number in range(changes):
            cluster.store.update(CONFIGMAPS, {**made, "data": {"n": str(number + 1)}})
            await asyncio.sleep(0)
        delivered = sum(await asyncio.gather(*tasks))
    return delivered / (time.perf_counter() - began), delivered
