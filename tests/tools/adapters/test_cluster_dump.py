"""A cluster from files answers like the cluster that the files were taken from."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock
from bot.demo.cluster_emulator.scenarios import scenario_names
from tests.tools.conftest import StageMaker
from tools.adapters.cluster_dump import BadDump, DumpReader
from tools.adapters.kubernetes_api import KubernetesApi
from tools.world import KINDS, LogOptions, NotFound, Rejected

NOW = datetime(2026, 5, 7, 11, 16, 28, tzinfo=UTC)
STAMP = "2026-05-07T11:10:00Z"
KINDS_IN_BOTH = (
    *("Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Node", "Event"),
    *("Namespace", "Service", "Endpoints", "ConfigMap", "PersistentVolumeClaim"),
)


def obj(kind: str, name: str, namespace: str | None = "shop", version: str = "v1", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "creationTimestamp": STAMP, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": {**metadata, **more.pop("metadata", {})}, **more}


def pod(name: str = "web-1", **status: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "web", "image": "web:1"}]}
    return obj("Pod", name, spec=spec, status={"phase": "Running", **status})


def written(folder: Path, objects: Iterable[Any], meta: str = f"observed_at: {NOW.isoformat()}\n") -> Path:
    folder.mkdir(exist_ok=True)
    document = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    (folder / "cluster.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / "meta.yaml").write_text(meta, encoding="utf-8")
    return folder


def opened(folder: Path, *objects: Any) -> DumpReader:
    return DumpReader(written(folder, objects))


# ---- the same as live -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", scenario_names())
async def test_tables_and_objects_are_those_that_the_server_answers(
    stage: StageMaker, tmp_path: Path, scenario: str
) -> None:
    made = await stage(scenario, "admin")
    live, clock = made.api, made.emulator.clock
    everything = [{"kind": kind, **each} for kind in KINDS_IN_BOTH for each in await live.list(kind, None, limit=5_000)]
    dump = DumpReader(written(tmp_path / "dump", everything, f'observed_at: "{clock.now.isoformat()}"\n'))
    compared = 0
    for kind in KINDS_IN_BOTH:
        theirs, ours = await live.table(kind, None), await dump.table(kind, None)
        assert ours.columns == theirs.columns, kind
        assert sorted(ours.rows) == sorted(theirs.rows), kind
        compared += len(ours.rows)
    assert compared > 40
    for selector in ("app=coredns", "app!=coredns", "app in (coredns, kube-proxy)", "!app", "app"):
        named = [
            {each["metadata"]["name"] for each in await world.list("Pod", "kube-system", label_selector=selector)}
            for world in (live, dump)
        ]
        assert named[0] == named[1]


# ---- logs -----------------------------------------------------------------------------------------------------------


async def test_a_log_is_read_from_its_end_however_long_it_is(tmp_path: Path) -> None:
    dump = opened(tmp_path, pod())
    (tmp_path / "logs").mkdir()
    path = tmp_path / "logs" / "shop__web-1__web.log"
    with path.open("wb") as file:
        file.write(b"\xff\xfe an odd line\r\n")
        file.truncate(50_000_000)
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast but one\r\nl\xe4st\r\n")
    told = await dump.log("shop", "web-1", "web", LogOptions(tail_lines=2))
    assert told == "last but one\nl\ufffdst\n"
    assert len(await dump.log("shop", "web-1", "web", LogOptions(limit_bytes=100))) <= 100


async def test_no_file_of_a_log_means_no_log(tmp_path: Path) -> None:
    dump = opened(tmp_path, pod())
    with pytest.raises(NotFound):
        await dump.log("shop", "web-1", "web", LogOptions())
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "shop__web-1__web.previous.log").write_text("panic\n")
    (tmp_path / "logs" / "shop__gone__web.log").write_text("unknown\n")
    with pytest.raises(NotFound):
        await dump.log("shop", "web-1", "web", LogOptions())
    assert await dump.log("shop", "web-1", "web", LogOptions(previous=True)) == "panic\n"
    with pytest.raises(NotFound):
        await dump.log("shop", "gone", "web", LogOptions())
    with pytest.raises(Rejected, match="not valid for pod"):
        await dump.log("shop", "web-1", "other", LogOptions())


async def test_since_holds_where_lines_begin_with_a_time(tmp_path: Path) -> None:
    dump = opened(tmp_path, pod())
    (tmp_path / "logs").mkdir()
    path = tmp_path / "logs" / "shop__web-1__web.log"
    path.write_text("2026-05-07T10:00:00Z old\n2026-05-07T11:15:00Z new\n  at Trace.java\n")
    told = await dump.log("shop", "web-1", "web", LogOptions(since=timedelta(minutes=5)))
    assert told == "2026-05-07T11:15:00Z new\n  at Trace.java\n"
    path.write_text("old\nnew\n")
    assert await dump.log("shop", "web-1", "web", LogOptions(since=timedelta(minutes=5))) == "old\nnew\n"


async def test_a_log_outside_the_folder_is_never_read(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("not yours\n")
    odd = pod("../../outside")
    dump = opened(tmp_path / "dump", pod(), odd)
    (tmp_path / "dump" / "logs").mkdir()
    (tmp_path / "dump" / "logs" / "shop__web-1__web.log").symlink_to(tmp_path / "outside")
    for name in ("web-1", "../../outside"):
        with pytest.raises(NotFound):
            await dump.log("shop", name, "web", LogOptions())


# ---- secrets --------------------------------------------------------------------------------------------------------


async def test_of_a_secret_only_names_and_keys_are_kept(tmp_path: Path) -> None:
    value = "c3dvcmRm" + "aXNoCg=="
    applied = json.dumps({"data": {"password": value}})
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": applied, "note": value, "rotated-at": STAMP}
    held = obj("Secret", "db", metadata={"annotations": annotations}, data={"password": value}, type="Opaque")
    held["stringData"] = {"user": value}
    typed = {"kind": "SecretList", "apiVersion": "v1", "items": [{"metadata": {"name": "more"}, "data": {"a": value}}]}
    dump = opened(tmp_path, pod(), held, typed)
    found = await dump.list("Secret", None)
    assert [each["metadata"]["name"] for each in found] == ["more", "db"]
    assert found[1]["data"] == {"password": None, "user": None}
    assert found[1]["metadata"]["annotations"] == {"note": "", "rotated-at": STAMP}
    assert value not in json.dumps(found)
    assert (await dump.table("Secret", "shop")).rows == (("db", "Opaque", "2", "6m28s"),)


# ---- odd dumps ------------------------------------------------------------------------------------------------------


async def test_lists_in_lists_marks_and_foreign_kinds_are_read(tmp_path: Path) -> None:
    inner = {"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "inner", "namespace": "shop"}}]}
    foreign = obj("Service", "knative", version="serving.knative.dev/v1")
    custom = obj("Widget", "w", version="example.com/v1", spec={"size": 3})
    document = {"kind": "List", "items": [{"kind": "List", "items": [inner, pod()]}, foreign, custom]}
    written(tmp_path, [])
    (tmp_path / "cluster.json").write_bytes(
        b"\xef\xbb\xbf" + json.dumps(document, indent=1).replace("\n", "\r\n").encode()
    )
    dump = DumpReader(tmp_path)
    assert [each["metadata"]["name"] for each in await dump.list("Pod", "shop")] == ["inner", "web-1"]
    assert await dump.list("Service", None) == []
    assert [each["spec"] for each in await dump.list("Widget", None)] == [{"size": 3}]
    assert (await dump.table("Widget", "shop")).records() == [{"Name": "w", "Age": "6m28s"}]
    assert [each["metadata"]["name"] for each in await dump.namespaces()] == ["shop"]


async def test_what_no_server_would_send_is_dropped(tmp_path: Path) -> None:
    odd = pod()
    odd["spec"]["containers"] = [None, "x", {"name": "web", "image": 7}]
    odd["status"] = {"conditions": "none", "startTime": "0001-01-01T00:00:00Z", "containerStatuses": None}
    odd["metadata"]["labels"] = {"a": 1, "b": None, "c": {}}
    dump = opened(tmp_path, odd, pod(""), {"kind": "Pod"}, {"kind": "Pod", "metadata": 3}, 17)
    found = await dump.list("Pod", None)
    assert len(found) == 1
    assert found[0]["spec"]["containers"] == [{"name": "web", "image": "7"}]
    assert found[0]["status"] == {}
    assert found[0]["metadata"]["labels"] == {"a": "1"}
    assert (await dump.table("Pod", None)).records()[0]["Ready"] == "0/1"


@pytest.mark.parametrize("version", ["0", "v1beta7", "v1"])
async def test_what_says_that_it_is_of_a_version_nobody_knows_is_brought_into_shape_as_well(
    tmp_path: Path, version: str
) -> None:
    odd = pod() | {"apiVersion": version}
    odd["spec"]["containers"] = [{"name": "web", "image": "web:1", "resources": {"limits": True}}]
    (found,) = await opened(tmp_path, odd).list("Pod", None)
    assert found["spec"]["containers"] == [{"name": "web", "image": "web:1", "resources": {}}]


async def test_an_event_of_the_newer_api_reads_like_one_of_the_core(tmp_path: Path) -> None:
    event = obj("Event", "e", version="events.k8s.io/v1", type="Warning", reason="BackOff", note="Back-off restarting")
    event |= {"regarding": {"kind": "Pod", "name": "web-1", "namespace": "shop"}, "deprecatedCount": 4}
    event |= {"deprecatedLastTimestamp": STAMP, "reportingController": "kubelet", "eventTime": None}
    dump = opened(tmp_path, pod(), event)
    found = await dump.list("Event", "shop", field_selector="involvedObject.name=web-1,type=Warning")
    assert [(each["message"], each["count"], each["lastTimestamp"]) for each in found] == [
        ("Back-off restarting", 4, STAMP)
    ]
    assert (await dump.table("Event", "shop")).records()[0]["Object"] == "pod/web-1"


async def test_a_field_that_the_kind_is_not_indexed_by_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="field label not supported"):
        await opened(tmp_path, pod()).list("Pod", None, field_selector="spec.image=web")


# ---- the moment ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "meta",
    [
        "observed_at: 2026-05-07T11:16:28Z",
        'observed_at: "2026-05-07T11:16:28Z"',
        "observed_at: 2026-05-07 13:16:28+02:00",
        "observed_at: 2026-05-07T11:16:28",
        "\ufeffobserved_at: '2026-05-07T11:16:28+00:00'\r\n",
    ],
)
def test_now_is_what_meta_says(tmp_path: Path, meta: str) -> None:
    assert DumpReader(written(tmp_path, [pod()], meta)).observed_at == NOW


def test_without_meta_now_is_the_newest_time_at_which_something_happened(tmp_path: Path) -> None:
    ended = {"name": "web", "lastState": {"terminated": {"finishedAt": "2026-05-07T11:12:00Z"}}}
    going = pod(containerStatuses=[ended])
    going["metadata"]["deletionTimestamp"] = "2026-05-07T12:00:00Z"
    written(tmp_path, [going], "")
    assert DumpReader(tmp_path).observed_at == datetime(2026, 5, 7, 11, 12, tzinfo=UTC)
    points = [["2026-05-07T11:14:00Z", 1.5]]
    (tmp_path / "metrics.json").write_text(json.dumps({"series": [{"metric": "m", "points": points}]}))
    assert DumpReader(tmp_path).observed_at == datetime(2026, 5, 7, 11, 14, tzinfo=UTC)


def test_without_any_time_now_is_when_the_files_were_written(tmp_path: Path) -> None:
    bare = pod()
    del bare["metadata"]["creationTimestamp"]
    written(tmp_path, [bare], "other: yes\n")
    os.utime(tmp_path / "cluster.json", (NOW.timestamp(), NOW.timestamp()))
    assert DumpReader(tmp_path).observed_at == NOW


# ---- changes and metrics ---------------------------------------------------------------------------------------------


async def test_changes_and_series_are_those_of_the_span_asked_for(tmp_path: Path) -> None:
    written(tmp_path, [pod()])
    changes = [
        {"id": "1", "kind": "commit", "at": "2026-05-01T00:00:00Z", "title": "old"},
        {"id": 2, "kind": "feature_flag", "at": "2026-05-07T11:00:00", "deployed_by": "not deployed yet"},
        {"id": "3", "kind": "release", "at": None, "files": ["a.py"], "services": ["web"], "repo": "shop/web"},
    ]
    (tmp_path / "changes.json").write_text(json.dumps({"changes": changes}))
    points = [[1778152500, "2"], ["2026-05-07T11:14:00Z", 1], ["2026-05-07T11:15:30Z", None], ["2026-05-01", 0]]
    series = [
        {"metric": "rate", "labels": {"namespace": "shop"}, "unit": "1/s", "points": points},
        {"metric": "rate", "labels": {"namespace": "other"}, "points": points},
        {"metric": "node", "points": points},
    ]
    (tmp_path / "metrics.json").write_text(json.dumps({"series": series}))
    dump = DumpReader(tmp_path)
    assert (dump.has_changes, dump.has_metrics) == (True, True)
    span = (NOW - timedelta(hours=1), NOW)
    found = await dump.changes(*span)
    assert [(each.id, each.deployed_by) for each in found] == [("2", "not deployed yet"), ("3", None)]
    told = await dump.series("shop", *span)
    assert [(each.metric, [value for _, value in each.points]) for each in told] == [
        ("rate", [1.0, 2.0]),
        ("node", [1.0, 2.0]),
    ]


def test_without_files_of_them_there_are_no_sources(tmp_path: Path) -> None:
    dump = opened(tmp_path, pod())
    assert (dump.has_changes, dump.has_metrics) == (False, False)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("cluster.json", '{"kind": "List",\n "items": [\n}', "cluster.json, line 3: not JSON"),
        ("cluster.json", "", "cluster.json is empty"),
        ("cluster.json", '"words"', "not a list of Kubernetes objects"),
        ("cluster.json", '{"kind": "List", "items": []}', "holds no objects"),
        ("cluster.json", "[" * 100_000, "nested too deeply"),
        ("meta.yaml", "observed_at: [\n", "meta.yaml, line 2: not YAML"),
        ("meta.yaml", "observed_at: yesterday", "observed_at is 'yesterday'"),
        ("meta.yaml", "observed_at: 2026-13-45", "meta.yaml: not YAML that can be read"),
        ("meta.yaml", "- a", "must be a mapping"),
        ("changes.json", "[]", 'must be {"changes": [...]}'),
        ("changes.json", '{"changes": [{"id": "a"}, {}]}', "change 2: has no id"),
        ("changes.json", '{"changes": [{"id": "a", "at": "noon"}]}', "change 1: at must be a time"),
        ("changes.json", '{"changes": [{"id": "a", "files": "x"}]}', "change 1: files must be a list"),
        ("metrics.json", '{"series": [{"metric": "m", "points": [[1]]}]}', "series 1: point 1 must be [time, value]"),
        ("metrics.json", '{"series": [{"points": []}]}', "series 1: has no metric"),
        ("metrics.json", '{"series": [{"metric": "m", "points": [[1778152500, "x"]]}]}', "value must be a number"),
    ],
)
def test_bad_input_is_told_by_file_and_place(tmp_path: Path, name: str, text: str, said: str) -> None:
    written(tmp_path, [pod()])
    (tmp_path / name).write_text(text)
    with pytest.raises(BadDump) as fault:
        DumpReader(tmp_path)
    assert said in str(fault.value)


def test_a_folder_that_is_no_dump_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadDump, match="there is no folder"):
        DumpReader(tmp_path / "nowhere")
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(BadDump, match="is not a dump"):
        DumpReader(tmp_path)


# ---- kubectl's layout -----------------------------------------------------------------------------------------------


async def test_the_folders_of_kubectl_are_read_with_their_logs(tmp_path: Path) -> None:
    space = tmp_path / "shop"
    (space / "web-1").mkdir(parents=True)
    listed = {"kind": "PodList", "apiVersion": "v1", "items": [{**pod(), "kind": None, "apiVersion": None}]}
    for each in listed["items"]:
        each.pop("kind"), each.pop("apiVersion"), each["metadata"].pop("namespace")
    (space / "pods.json").write_text(json.dumps(listed))
    (space / "events.json").write_text("")
    where = "container web of pod shop/web-1"
    log = f"==== START logs for {where} ====\none\ntwo==== END logs for {where} ====\n"
    other = "==== START logs for container side of pod shop/web-1 ====\nRequest log error: gone\n"
    (space / "web-1" / "logs.txt").write_text(log + other)
    dump = DumpReader(tmp_path)
    assert [each["kind"] for each in await dump.list("Pod", "shop")] == ["Pod"]
    assert await dump.log("shop", "web-1", "web", LogOptions()) == "one\ntwo\n"
    assert await dump.log("shop", "web-1", "web", LogOptions(tail_lines=1)) == "two\n"
    with pytest.raises(NotFound):
        await dump.log("shop", "web-1", "web", LogOptions(previous=True))
    assert "PersistentVolumeClaim" in dump.missing_kinds()
    assert not {"Pod", "Event", "Namespace"} & set(dump.missing_kinds())
    told = " ".join(dump.not_checked())
    for words in (
        "PersistentVolumeClaims",
        "Ingresses",
        "NetworkPolicies",
        "Gateways",
        "nodes.json",
        "shop/services.json",
    ):
        assert words in told


async def test_files_that_kubectl_does_not_write_are_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "pods.json").write_text(json.dumps({"kind": "List", "items": [pod()]}))
    (tmp_path / "notes.json").write_text('{"who": "on call"}')
    (tmp_path / "shop" / "draft.json").write_text("{")
    dump = DumpReader(tmp_path)
    assert len(await dump.list("Pod", "shop")) == 1
    assert "Left out, because they hold no Kubernetes objects: notes.json, shop/draft.json." in dump.not_checked()
    (tmp_path / "nodes.json").write_text('{"who": "on call"}')
    with pytest.raises(BadDump, match=r"nodes\.json"):
        DumpReader(tmp_path)


@pytest.mark.outside
async def test_what_kubectl_writes_is_read(tmp_path: Path) -> None:
    program = os.environ.get("KUBECTL") or shutil.which("kubectl")
    assert program, "kubectl is missing: put it on the PATH or name it by KUBECTL"
    # It sends no token over plain http, so whoever comes without one is the admin here.
    emulator = ClusterEmulator("oom-after-release", clock=VirtualClock(speed=0), anonymous="admin")
    await emulator.start()
    kubeconfig = str(emulator.write_kubeconfig(tmp_path / "kubeconfig", "admin"))
    live = await KubernetesApi.connect(kubeconfig)
    try:
        folder = tmp_path / "dump"
        command = [program, "cluster-info", "dump", "--all-namespaces", f"--output-directory={folder}"]
        environment = {"KUBECONFIG": kubeconfig, "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=subprocess.DEVNULL)
        assert await process.wait() == 0
        (folder / "meta.yaml").write_text(f"observed_at: {emulator.clock.now.isoformat()}\n")
        await _assert_alike(DumpReader(folder), live)
    finally:
        await live.close()
        await emulator.stop()


async def _assert_alike(dump: DumpReader, live: KubernetesApi) -> None:
    both = {"Pod", "Deployment", "ReplicaSet", "DaemonSet", "Service", "Node", "Event"}
    for kind in both:
        assert sorted((await dump.table(kind, None)).rows) == sorted((await live.table(kind, None)).rows), kind
    spaces = [{each["metadata"]["name"] for each in await world.namespaces()} for world in (dump, live)]
    assert spaces[0] == spaces[1]
    found = next(each for each in await live.list("Pod", "kube-system") if "coredns" in each["metadata"]["name"])
    asked = ("kube-system", found["metadata"]["name"], "coredns", LogOptions())
    assert await dump.log(*asked) == await live.log(*asked) != ""
    assert set(KINDS) - set(dump.missing_kinds()) == both | {"Namespace"}


# ---- words of pods and autoscalers ----------------------------------------------------------------------------------

RUNS, ENDED = {"running": {"startedAt": STAMP}}, {"terminated": {"exitCode": 0, "reason": "Completed"}}
LAST = {"terminated": {"exitCode": 1, "finishedAt": "2026-05-07T11:15:28Z"}}


def waits(reason: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason}}


def status(name: str, state: dict[str, Any], restarts: int = 0, ready: bool = False, **more: Any) -> dict[str, Any]:
    told = {"name": name, "image": "i", "imageID": "", "state": state, "ready": ready, "restartCount": restarts}
    return {**told, **({"lastState": LAST} if restarts else {}), **more}


def lives(main: list[Any], init: Sequence[Any] = (), sidecar: bool = False, **more: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [{"name": each["name"]} for each in main]}
    always = {"restartPolicy": "Always"} if sidecar else {}
    spec["initContainers"] = [{"name": each["name"], **always} for each in init]
    told = {"phase": "Running", "containerStatuses": main, "initContainerStatuses": [*init], **more.pop("status", {})}
    return obj("Pod", "p", spec=spec, status=told, **more)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (lives([status("a", RUNS, ready=True)]), ("1/1", "Running", "0")),
        (lives([status("a", waits("CrashLoopBackOff"), 5)]), ("0/1", "CrashLoopBackOff", "5 (60s ago)")),
        (lives([status("a", ENDED), status("b", RUNS, ready=True)]), ("1/2", "NotReady", "0")),
        (lives([status("a", {"terminated": {"exitCode": 2}})]), ("0/1", "ExitCode:2", "0")),
        (lives([status("a", {"terminated": {"exitCode": 2, "signal": 9}})]), ("0/1", "Signal:9", "0")),
        (lives([status("a", {"terminated": {"exitCode": 137, "reason": "OOMKilled"}})]), ("0/1", "OOMKilled", "0")),
        (
            lives([status("a", waits("PodInitializing"))], [status("i", RUNS), status("j", {})]),
            ("0/1", "Init:0/2", "0"),
        ),
        (
            lives([status("a", waits("PodInitializing"))], [status("i", ENDED), status("j", RUNS)]),
            ("0/1", "Init:1/2", "0"),
        ),
        (
            lives([status("a", waits("PodInitializing"))], [status("i", waits("CrashLoopBackOff"), 3)]),
            ("0/1", "Init:CrashLoopBackOff", "3 (60s ago)"),
        ),
        (
            lives([status("a", RUNS, ready=True)], [status("s", RUNS, 2, ready=True, started=True)], sidecar=True),
            ("2/2", "Running", "2 (60s ago)"),
        ),
        (lives([], status={"phase": "Failed", "reason": "Evicted"}), ("0/0", "Evicted", "0")),
        (lives([status("a", RUNS, ready=True)], metadata={"deletionTimestamp": STAMP}), ("1/1", "Terminating", "0")),
        (
            lives([status("a", RUNS)], status={"reason": "NodeLost"}, metadata={"deletionTimestamp": STAMP}),
            ("0/1", "Unknown", "0"),
        ),
        (
            lives([], status={"phase": "Succeeded"}, metadata={"deletionTimestamp": STAMP}),
            ("0/0", "Succeeded", "0"),
        ),
        (
            lives(
                [], status={"conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]}
            ),
            ("0/0", "SchedulingGated", "0"),
        ),
        (obj("Pod", "p"), ("0/0", "", "0")),
    ],
)
async def test_a_pod_is_told_in_the_words_of_kubectl(tmp_path: Path, held: Any, words: tuple[str, str, str]) -> None:
    (row,) = (await opened(tmp_path, held).table("Pod", None)).records()
    assert (row["Ready"], row["Status"], row["Restarts"]) == words


async def test_an_autoscaler_is_told_by_what_it_measures(tmp_path: Path) -> None:
    def metric(kind: str, key: str, target: dict[str, Any], current: dict[str, Any]) -> tuple[Any, Any]:
        name = {"name": "cpu"} if key == "resource" else {}
        return {"type": kind, key: {**name, "target": target}}, {"type": kind, key: {**name, "current": current}}

    metrics = [
        metric("Resource", "resource", {"type": "Utilization", "averageUtilization": 80}, {"averageUtilization": 97}),
        metric("External", "external", {"type": "AverageValue", "averageValue": "30"}, {"averageValue": "12"}),
        metric("Pods", "pods", {"type": "AverageValue", "averageValue": "5"}, {}),
    ]
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 9}
    plain = obj("HorizontalPodAutoscaler", "plain", version="autoscaling/v2", spec=spec)
    spec = {**spec, "minReplicas": 2, "metrics": [each for each, _ in metrics]}
    told = {"currentReplicas": 9, "desiredReplicas": 9, "currentMetrics": [each for _, each in metrics]}
    full = obj("HorizontalPodAutoscaler", "web", version="autoscaling/v2", spec=spec, status=told)
    first, second = (await opened(tmp_path, plain, full).table("HorizontalPodAutoscaler", "shop")).rows
    assert first == ("plain", "Deployment/web", "<none>", "<unset>", "9", "0", "6m28s")
    assert second == ("web", "Deployment/web", "cpu: 97%/80%, 12/30 (avg) + 1 more...", "2", "9", "9", "6m28s")


async def test_a_container_that_waits_gives_the_log_of_the_run_that_ended(tmp_path: Path) -> None:
    name = "books__p__a.log"
    crashing = lives([status("a", waits("CrashLoopBackOff"), 3)], metadata={"namespace": "books"})
    dump = opened(tmp_path, crashing)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / name).write_text("panic: no such file\n")
    for previous in (False, True):
        assert await dump.log("books", "p", "a", LogOptions(previous=previous)) == "panic: no such file\n"
    running = lives([status("a", RUNS, 3, ready=True)], metadata={"namespace": "books"})
    with pytest.raises(NotFound):
        await opened(tmp_path, running).log("books", "p", "a", LogOptions(previous=True))
