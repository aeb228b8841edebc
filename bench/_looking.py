"""The client that ``triage`` measures: looks at a cluster one way, and prints what that took."""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kubernetes.aio import client

from bench._listing import NAMESPACE
from bot.adapters.claude_pack import pack
from bot.flows.triage import triage
from safety.redaction import Redactor
from tools.adapters.kubernetes_api import KubernetesApi, Limits
from tools.world import Reader

PAGE = 500
QUESTION = "what is wrong?"


@dataclass(frozen=True, slots=True)
class Looked:
    """Seconds of processor and of the clock, MiB above what the imports took, and what was found."""

    cpu: float
    wall: float
    mebibytes: float
    found: int
    pack: int


async def look(kubeconfig: str, way: str) -> Looked:
    """``way`` is ``triage`` for picture, analysis and report, or ``typed`` for the pods as the client's models."""
    api = await KubernetesApi.connect(kubeconfig, limits=Limits(timeout=timedelta(seconds=120)))
    try:
        await api.version()
        memory, cpu, wall = _held("VmRSS"), time.process_time(), time.perf_counter()
        found, size = await (_triaged(api) if way == "triage" else _typed(kubeconfig))
        return Looked(time.process_time() - cpu, time.perf_counter() - wall, _held("VmHWM") - memory, found, size)
    finally:
        await api.close()


async def _triaged(api: KubernetesApi) -> tuple[int, int]:
    redactor = Redactor()
    world = Reader(api, redactor)
    done = await triage(redactor.text(QUESTION), world, datetime.now(UTC), namespace=NAMESPACE)
    return len(done.report.issues_found), len(json.dumps(pack(done.report, done.objects)))


async def _typed(kubeconfig: str) -> tuple[int, int]:
    from kubernetes.aio.config import new_client_from_config

    api = await new_client_from_config(config_file=kubeconfig)
    found, more = 0, None
    try:
        while True:
            page = await client.CoreV1Api(api).list_namespaced_pod(NAMESPACE, limit=PAGE, _continue=more)
            found += len(page.items)
            more = page.metadata.var_continue or None
            if more is None:
                return found, 0
    finally:
        await api.close()


def _held(field: str) -> float:
    """MiB: ``VmHWM`` is the most this program held, ``VmRSS`` what it holds now. The system's own count of the most
    (``ru_maxrss``) would begin with what the parent held."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"this system does not tell {field}")


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(look(sys.argv[1], sys.argv[2])))))
