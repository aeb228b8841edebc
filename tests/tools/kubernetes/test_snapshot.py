"""The snapshot's bounds: whatever the size of the cluster, so many requests and no more."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from safety.redaction import Redactor
from tools.analyzers import analyze
from tools.kubernetes.rows import is_suspicious, pod_rows, span
from tools.kubernetes.scope import Scope
from tools.kubernetes.snapshot import take
from tools.snapshot import Thresholds
from tools.world import (
    KINDS,
    Forbidden,
    JsonObject,
    LogOptions,
    NotFound,
    Reader,
    Rejected,
    Table,
    Unreachable,
    WorldError,
)

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
COLUMNS = ("Name", "Ready", "Status", "Restarts", "Age")


class CrowdedCluster:
    """A ``ClusterReader`` with any number of deployments, all of whose pods crash; it counts what is asked."""

    name = "crowded"

    def __init__(self, deployments: int, pods_each: int, error: WorldError | None = None) -> None:
        self._names = [f"app{number}" for number in range(deployments)]
        self._pods_each = pods_each
        self._error = error
        self.asked: Counter[str] = Counter()

    def _count(self, what: str) -> None:
        self.asked[what] += 1
        if self._error is not None:
            raise self._error

    async def uid(self) -> str:
        return "uid"

    async def version(self) -> str:
        return "v1"

    async def may(self, *_args: Any, **_more: Any) -> bool:
        return True

    async def namespaces(self) -> list[JsonObject]:
        self._count("namespaces")
        return [{"metadata": {"name": "ns"}}]

    async def table(self, kind: str, namespace: str | None, **_more: Any) -> Table:
        self._count(f"table {kind}")
        match kind:
            case "Pod" if namespace == "kube-system":
                return Table(COLUMNS, ())
            case "Pod":
                cells = ("0/1", "CrashLoopBackOff", "9 (1m ago)", "30m")
                return Table(COLUMNS, tuple((each, *cells) for each in self._pods()))
            case "Deployment":
                return Table(COLUMNS, tuple((each, f"0/{self._pods_each}", "", "", "30m") for each in self._names))
            case _:
                return Table(COLUMNS, (("node", "", "Ready", "", "3d"),))

    async def get(self, kind: str, namespace: str | None, name: str) -> JsonObject:
        self._count(f"get {kind}")
        return self._pod(name) if kind == "Pod" else self._deployment(name)

    async def list(self, kind: str, namespace: str | None, **more: Any) -> list[JsonObject]:
        if kind not in KINDS:
            raise Rejected("not a kind that can be read here")
        self._count(f"list {kind}")
        name = str(more.get("field_selector", "")).removeprefix("metadata.name=")
        match kind:
            case "Deployment":
                return [self._deployment(each) for each in ([name] if name else self._names)]
            case "Pod":
                return [self._pod(each) for each in ([name] if name else self._pods())]
            case _:
                return []

    def _pods(self) -> tuple[str, ...]:
        return tuple(f"{name}-h{name}-{index}" for name in self._names for index in range(self._pods_each))

    async def log(self, namespace: str, pod: str, container: str, options: LogOptions) -> str:
        self._count("log")
        return "fatal: out of luck"

    def _pod(self, name: str) -> JsonObject:
        app = name.split("-")[0]
        owner = {"kind": "ReplicaSet", "name": f"{app}-h{app}", "uid": "u", "controller": True}
        ended = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-01-05T11:59:00Z"}
        status = {"name": "c", "restartCount": 9, "lastState": {"terminated": ended}}
        status["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
        return {
            "metadata": {
                "name": name,
                "namespace": "ns",
                "creationTimestamp": "2026-01-05T11:30:00Z",
                "labels": {"pod-template-hash": f"h{app}"},
                "ownerReferences": [owner],
            },
            "spec": {"containers": [{"name": "c", "image": "i"}]},
            "status": {"phase": "Running", "containerStatuses": [status]},
        }

    def _deployment(self, name: str) -> JsonObject:
        return {
            "metadata": {"name": name, "namespace": "ns", "uid": f"uid-{name}", "generation": 1},
            "spec": {"replicas": self._pods_each, "selector": {"matchLabels": {"app": name}}},
            "status": {"observedGeneration": 1},
        }


def reader(cluster: CrowdedCluster) -> Reader:
    return Reader(cluster, Redactor())


@pytest.mark.parametrize(("namespace", "most"), [("ns", 70), (None, 80)])
async def test_a_thousand_failing_pods_take_a_bounded_number_of_requests(namespace: str | None, most: int) -> None:
    cluster = CrowdedCluster(deployments=100, pods_each=10)
    found = await take(reader(cluster), Scope(namespace), NOW)
    assert sum(cluster.asked.values()) <= most
    assert len(found.rows) == 1_000
    assert {each.category for each in analyze(found).roots} == {"app_crash"}


async def test_the_pods_of_a_small_place_are_read_at_once() -> None:
    cluster = CrowdedCluster(deployments=1, pods_each=50)
    found = await take(reader(cluster), Scope("ns"), NOW)
    assert cluster.asked["list Pod"] == 1
    (finding,) = analyze(found).roots
    assert "50 of 50 pods" in finding.summary


@pytest.mark.parametrize(("namespace", "is_said"), [("ns", True), (None, False)])
async def test_callers_in_namespaces_that_a_live_look_does_not_read_are_told_as_not_checked(
    namespace: str | None, is_said: bool
) -> None:
    found = await take(reader(CrowdedCluster(1, 1)), Scope(namespace), NOW)
    told = "Programs in other namespaces that may call what fails here: read are pods and logs of ns"
    assert (told in found.not_checked) is is_said


async def test_of_many_alike_pods_only_a_few_are_read_and_the_others_are_counted() -> None:
    cluster = CrowdedCluster(deployments=1, pods_each=90)
    found = await take(reader(cluster), Scope("ns"), NOW)
    assert cluster.asked["list Pod"] == 3
    (finding,) = analyze(found).roots
    assert "90 of 90 pods" in finding.summary


@pytest.mark.parametrize("error", [Unreachable("gone"), Forbidden("no"), NotFound("none")])
async def test_a_cluster_that_answers_nothing_leaves_a_blind_snapshot(error: WorldError) -> None:
    found = await take(reader(CrowdedCluster(1, 1, error)), Scope("ns"), NOW)
    assert found.blind
    assert str(error) in found.not_checked[0]
    assert analyze(found).roots == ()


@pytest.mark.parametrize(
    ("text", "seconds"), [("45s", 45), ("3m20s", 200), ("5h", 18_000), ("2d4h", 187_200), ("<unknown>", 0)]
)
def test_ages_are_read_as_kubectl_prints_them(text: str, seconds: int) -> None:
    assert span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("ready", "status", "restarts", "age", "expected"),
    [
        ("1/1", "Running", "0", "3d", False),
        ("1/1", "Running", "1 (2d ago)", "3d", False),
        ("1/1", "Running", "5 (1m ago)", "3d", False),
        ("1/1", "Running", "6 (1m ago)", "3d", True),
        ("1/1", "Running", "6 (1m ago)", "4m", False),
        ("1/1", "Running", "60 (3h ago)", "3d", False),
        ("0/1", "Completed", "0", "3d", False),
        ("0/1", "CrashLoopBackOff", "4 (10s ago)", "4m", True),
        ("0/1", "ImagePullBackOff", "0", "10s", False),
        ("0/1", "ErrImagePull", "0", "2m", True),
        ("0/1", "Pending", "0", "30s", False),
        ("0/1", "Pending", "0", "5m", True),
        ("0/1", "Init:0/1", "0", "20s", False),
        ("0/1", "Init:CrashLoopBackOff", "5 (1m ago)", "6m", True),
        ("0/1", "Running", "0", "30s", False),
        ("0/1", "Running", "0", "10m", True),
        ("1/1", "Terminating", "0", "10m", False),
        ("0/1", "OOMKilled", "1 (5s ago)", "10m", True),
    ],
)
def test_a_row_is_worth_reading_only_beyond_the_thresholds(
    ready: str, status: str, restarts: str, age: str, expected: bool
) -> None:
    (row,) = pod_rows(Table(COLUMNS, (("p", ready, status, restarts, age),)), "ns")
    assert is_suspicious(row, Thresholds()) is expected
