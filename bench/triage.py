"""A look at a crowded cluster beside the typed listing of its pods; the size of what a model gets; requests sent.

The clients run in processes of their own and tell their own processor time and memory.
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from bench._listing import NAMESPACE
from bench._looking import Looked
from bench.figures import Figure
from bot.demo.cluster_emulator import ClusterEmulator, load_scenario
from bot.demo.cluster_emulator.objects import Obj, clone
from bot.demo.cluster_emulator.resources import DEPLOYMENTS, NAMESPACES, PODS, REPLICASETS

FEWER = 1 / 50
MOST_MEBIBYTES = 60
MOST_TOKENS = 2_000
CHARACTERS_OF_A_TOKEN = 2.2
MOST_SECONDS = 1.0
FAILING = 100
ROOT = Path(__file__).resolve().parents[1]


async def run(short: bool) -> list[Figure]:
    """Processor seconds against the typed listing, memory, requests at two sizes, and the wait at 300 pods."""
    pods, few = (300, 100) if short else (10_000, 300)
    many = await _measured(pods, with_typed=True)
    small = await _measured(few, with_typed=False)
    counts = {"pods": pods, "issues": many.looked.found}
    tokens = many.looked.pack / CHARACTERS_OF_A_TOKEN
    typed = many.typed.cpu if many.typed else 0.0
    return [
        Figure(f"look at {pods} pods", many.looked.cpu, "s", typed, "typed listing", counts, most=typed * FEWER),
        Figure(
            f"memory for {pods} pods",
            many.looked.mebibytes,
            "MiB",
            many.typed.mebibytes if many.typed else 0.0,
            "typed pages",
            {},
            most=MOST_MEBIBYTES,
        ),
        Figure(f"requests at {pods} pods", many.requests, "", small.requests, f"at {few} pods", {}),
        Figure(
            f"pack at {pods} pods", tokens, "tokens", small.looked.pack / 2.2, f"at {few} pods", {}, most=MOST_TOKENS
        ),
        Figure(
            f"first findings at {few} pods",
            small.looked.wall,
            "s",
            small.looked.cpu,
            "its processor",
            {},
            most=MOST_SECONDS,
        ),
    ]


class Measured:
    """What one look took, beside the typed listing where that was asked for."""

    def __init__(self, looked: Looked, typed: Looked | None, requests: int) -> None:
        self.looked, self.typed, self.requests = looked, typed, requests


async def _measured(pods: int, with_typed: bool) -> Measured:
    cluster = failing(pods, max(1, pods // FAILING))
    await cluster.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            kubeconfig = str(cluster.write_kubeconfig(Path(folder) / "kubeconfig"))
            before = len(cluster.requests)
            looked = await _asked(kubeconfig, "triage")
            requests = len(cluster.requests) - before
            typed = await _asked(kubeconfig, "typed") if with_typed else None
    finally:
        await cluster.stop()
    return Measured(looked, typed, requests)


def failing(pods: int, bad: int) -> ClusterEmulator:
    """A cluster with so many pods in one namespace, ``bad`` of which crash, ten to a deployment; nothing moves."""
    cluster = ClusterEmulator(load_scenario("oom-after-release"))
    store = cluster.store
    every = [_as_large_as_life(each) for each in store.all_of(PODS)]
    crashing = next(each for each in every if _restarts(each) > 3)
    well = next(each for each in every if each["status"].get("phase") == "Running" and not _restarts(each))
    store.listeners.clear()
    store.keep(
        NAMESPACES, {**clone(store.all_of(NAMESPACES)[0]), "metadata": {"name": NAMESPACE, "uid": store.new_uid()}}
    )
    for number in range(0, pods, 10):
        app = f"worker-{number // 10:04}"
        is_bad = number < bad
        owner = _controllers(cluster, crashing if is_bad else well, app, 0 if is_bad else 10)
        for index in range(10):
            pod = clone(crashing if number + index < bad else well)
            labels = {"app": app, "pod-template-hash": "7f9c4"}
            pod["metadata"] |= {"name": f"{app}-7f9c4-{index:05}", "namespace": NAMESPACE, "uid": store.new_uid()}
            pod["metadata"] |= {"labels": labels, "ownerReferences": [owner]}
            store.keep(PODS, pod)
    return cluster


def _as_large_as_life(pod: Obj) -> Obj:
    """The same pod with what a real one carries too: some variables, and what the server keeps of its writers."""
    made: Obj = clone(pod)
    for container in made["spec"]["containers"]:
        container["env"] = [{"name": f"SETTING_{number}", "value": f"value-{number:04}" * 3} for number in range(18)]
    fields: Obj = {f"f:field{number}": {"f:value": {}, "f:other": {}, ".": {}} for number in range(60)}
    writers = ("kube-controller-manager", "kubelet")
    made["metadata"]["managedFields"] = [
        {"manager": each, "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}
        for each in writers
    ]
    return made


def _controllers(cluster: ClusterEmulator, pattern: Obj, app: str, ready: int) -> Obj:
    """The deployment and its ReplicaSet; answers the reference by which pods name the latter."""
    store = cluster.store
    labels = {"app": app}
    template = {"metadata": {"labels": labels}, "spec": clone(pattern)["spec"]}
    meta = {"namespace": NAMESPACE, "labels": labels, "creationTimestamp": pattern["metadata"]["creationTimestamp"]}
    spec = {"replicas": 10, "selector": {"matchLabels": labels}, "template": template}
    status = {"replicas": 10, "readyReplicas": ready, "availableReplicas": ready, "updatedReplicas": 10}
    uid, set_uid = store.new_uid(), store.new_uid()
    store.keep(
        DEPLOYMENTS,
        {
            "metadata": {**meta, "name": app, "uid": uid, "generation": 1},
            "spec": spec,
            "status": {**status, "observedGeneration": 1},
        },
    )
    above = {"apiVersion": "apps/v1", "kind": "Deployment", "name": app, "uid": uid, "controller": True}
    revision = {"deployment.kubernetes.io/revision": "1"}
    store.keep(
        REPLICASETS,
        {
            "metadata": {
                **meta,
                "name": f"{app}-7f9c4",
                "uid": set_uid,
                "annotations": revision,
                "ownerReferences": [above],
            },
            "spec": spec,
            "status": status,
        },
    )
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{app}-7f9c4", "uid": set_uid, "controller": True}


def _restarts(pod: Obj) -> int:
    return max((each.get("restartCount", 0) for each in pod["status"].get("containerStatuses") or ()), default=0)


async def _asked(kubeconfig: str, way: str) -> Looked:
    command = [sys.executable, "-m", "bench._looking", kubeconfig, way]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    said, _ = await process.communicate()
    return Looked(**json.loads(said))
