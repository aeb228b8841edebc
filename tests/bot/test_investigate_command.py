"""``python -m bot investigate … --dump DIR``: one document or one clear line, the live cluster's answer, no secret."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.store.audit import SqlAudit
from bot.adapters.store.database import Database, migrate
from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock
from bot.flows.triage import triage
from bot.stores import AuditEntry
from safety.redaction import Redactor
from tests.bot.test_commands import ROOT, Told, type_in
from tests.fakes import START
from tools.adapters.cluster_dump import BadDump, DumpReader
from tools.adapters.kubernetes_api import KubernetesApi
from tools.world import KINDS, LogOptions, Reader, WorldError

QUESTION = "What is wrong?"
# Looks like a password and is made here, so that nothing of the kind stands in the project.
VALUE = "c2VjcmV0" + "LWZyb20t" + "YS1kdW1w"


def write_dump(folder: Path) -> Path:
    """A small cluster: one deployment whose only pod crashes for want of memory, and a Secret beside it."""
    stamp, name = "2026-05-07T11:00:00Z", "ledger-7c9d8f6b5-x2x4z"
    labels = {"app": "ledger", "pod-template-hash": "7c9d8f6b5"}
    container = {"name": "ledger", "image": "ledger:2", "resources": {"limits": {"memory": "64Mi"}}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    ended = {"reason": "OOMKilled", "exitCode": 137, "startedAt": stamp, "finishedAt": "2026-05-07T11:14:00Z"}
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container=ledger"}
    told = {
        **{"name": "ledger", "image": "ledger:2", "imageID": "x", "ready": False, "started": False},
        **{"restartCount": 7, "state": {"waiting": waiting}, "lastState": {"terminated": ended}},
    }

    def meta(name: str, owner: tuple[str, str] | None = None, **more: Any) -> dict[str, Any]:
        owners = [{"kind": owner[0], "name": owner[1], "uid": owner[1], "controller": True}] if owner else []
        base = {"name": name, "namespace": "books-dev", "uid": name, "creationTimestamp": stamp}
        return {**base, "labels": labels, "ownerReferences": owners, **more}

    counts = {"replicas": 1, "updatedReplicas": 1, "unavailableReplicas": 1, "observedGeneration": 1}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "ledger"}}, "template": template}
    applied = json.dumps({"stringData": {"token": VALUE}})
    secret_meta = meta("ledger", annotations={"kubectl.kubernetes.io/last-applied-configuration": applied})
    items: list[dict[str, Any]] = [
        {"kind": "Namespace", "metadata": {"name": "books-dev", "uid": "n"}, "status": {"phase": "Active"}},
        {"kind": "Deployment", "metadata": meta("ledger", generation=1), "spec": spec, "status": counts},
        {"kind": "ReplicaSet", "metadata": meta("ledger-7c9d8f6b5", ("Deployment", "ledger")), "spec": spec},
        {
            **{"kind": "Pod", "metadata": meta(name, ("ReplicaSet", "ledger-7c9d8f6b5")), "spec": template["spec"]},
            "status": {"phase": "Running", "containerStatuses": [told]},
        },
        {"kind": "Secret", "metadata": secret_meta, "data": {"token": VALUE}, "stringData": {"other": VALUE}},
    ]
    items = [
        {"apiVersion": "apps/v1" if each["kind"] in ("Deployment", "ReplicaSet") else "v1", **each} for each in items
    ]
    (folder / "logs").mkdir(parents=True)
    (folder / "cluster.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1))
    (folder / "logs" / f"books-dev__{name}__ledger.log").write_text("reading the ledger … ✓\n", encoding="utf-8")
    (folder / "meta.yaml").write_text("observed_at: 2026-05-07T11:16:28Z\n")
    return folder


def _typed(folder: Path, *words: str) -> tuple[list[str], dict[str, str]]:
    return ["investigate", QUESTION, "--dump", str(folder), *words], {}


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_json_is_one_document_on_standard_output_in_any_locale(tmp_path: Path, encoding: str) -> None:
    folder = write_dump(tmp_path / "dump")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "none")}
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    line = [sys.executable, "-m", "bot", "investigate", "Was ist mit ledger – läuft es?", "--dump", str(folder)]
    done = subprocess.run(
        [*line, "--format", "json"], cwd=ROOT, env=environment | locale, capture_output=True, timeout=60
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    report = json.loads(done.stdout)
    assert (report["verdict"], report["observed_at"]) == ("incident", "2026-05-07T11:16:28Z")
    assert "Deployment/books-dev/ledger" in str(report["root_cause"])
    assert report["question"].startswith("Was ist mit ledger")
    assert VALUE not in (done.stdout + done.stderr).decode()


def test_text_is_the_answer_that_rules_write(tmp_path: Path) -> None:
    (told,) = type_in(tmp_path, _typed(write_dump(tmp_path / "dump"), "--namespace", "books-dev"))
    assert told.code == 0
    assert "Deployment/books-dev/ledger" in told.out
    assert "The dump holds no Nodes, Events." in told.out
    assert VALUE not in told.out + told.err


def test_bad_input_is_one_clear_line_and_exit_status_two(tmp_path: Path) -> None:
    good = write_dump(tmp_path / "good")
    broken: dict[str, Callable[[Path], object]] = {
        "cluster.json, line 2": lambda at: (at / "cluster.json").write_text('{"kind": "List",\n"items": [}'),
        "meta.yaml: observed_at": lambda at: (at / "meta.yaml").write_text("observed_at: soon"),
        "changes.json, change 1": lambda at: (at / "changes.json").write_text('{"changes": [{"title": "x"}]}'),
        "metrics.json, series 1": lambda at: (at / "metrics.json").write_text('{"series": [7]}'),
        "is not a dump": lambda at: (at / "cluster.json").unlink(),
    }
    typed = [_typed(tmp_path / "nowhere"), _typed(good, "--namespace", "book-dev", "--format", "json")]
    for number, spoil in enumerate(broken.values()):
        spoil(write_dump(tmp_path / str(number)))
        typed.append(_typed(tmp_path / str(number), "--format", "json"))
    said = ["there is no folder", "nearest names: books-dev", *broken]
    for told, words in zip(type_in(tmp_path, *typed), said, strict=True):
        assert (told.code, told.out) == (2, ""), words
        assert words in told.last_line
        assert "Traceback" not in told.err


def test_a_question_that_names_an_unknown_namespace_is_answered(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump")
    words = ["investigate", "what is wrong in namespace bocks-dev?", "--dump", str(folder), "--format", "json"]
    (told,) = type_in(tmp_path, (words, {}))
    assert (told.code, json.loads(told.out)["verdict"]) == (0, "inconclusive")


async def test_a_namespace_that_the_live_cluster_lacks_is_told_with_the_nearest(tmp_path: Path) -> None:
    emulator = ClusterEmulator("healthy", clock=VirtualClock(speed=0))
    await emulator.start()
    kubeconfig = str(emulator.write_kubeconfig(tmp_path / "kubeconfig"))
    words = ["investigate", QUESTION, "--namespace", "kube-sistem", "--format", "json"]
    (told,) = await asyncio.to_thread(type_in, tmp_path, (words, {"KUBECONFIG": kubeconfig}))
    await emulator.stop()
    assert (told.code, told.out) == (2, "")
    assert "there is no namespace kube-sistem" in told.last_line
    assert "nearest names: kube-system" in told.last_line


async def test_a_live_report_carries_the_head_of_the_audit_log_where_there_is_one(tmp_path: Path) -> None:
    emulator = ClusterEmulator("healthy", clock=VirtualClock(speed=0))
    await emulator.start()
    kubeconfig = {"KUBECONFIG": str(emulator.write_kubeconfig(tmp_path / "kubeconfig"))}
    document = (["investigate", QUESTION, "--format", "json"], kubeconfig)
    (without,) = await asyncio.to_thread(type_in, tmp_path, document)
    url = f"sqlite:///{tmp_path}/bot.db"
    await asyncio.to_thread(migrate, url)
    (empty,) = await asyncio.to_thread(type_in, tmp_path, document)
    database = Database(url)
    await SqlAudit(database).append(AuditEntry("vote.cast", Redactor().json({})), START)
    count, head = await SqlAudit(database).head()
    await database.close()
    text = (["investigate", QUESTION], kubeconfig)
    dump = (_typed(write_dump(tmp_path / "dump"), "--format", "json")[0], kubeconfig)
    full, spoken, files = await asyncio.to_thread(type_in, tmp_path, document, text, dump)
    (tmp_path / "broken.db").write_bytes(b"no database" * 100)
    elsewhere = (document[0], {**kubeconfig, "DATABASE_URL": f"sqlite:///{tmp_path}/broken.db"})
    (broken,) = await asyncio.to_thread(type_in, tmp_path, elsewhere)
    await emulator.stop()
    assert [json.loads(each.out)["audit_head"] for each in (without, empty, files, broken)] == [None] * 4
    assert json.loads(full.out)["audit_head"] == {"records": count, "head": head}
    assert spoken.out.rstrip().endswith(f"audit log: {count} records, head {head}")
    assert "the audit log cannot be read" in broken.err


# ---- the same answer as live ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scenario", ["bad-image-tag", "failing-liveness", "healthy", "missing-secret", "oom-after-release"]
)
async def test_a_dump_of_a_cluster_gets_the_answer_of_the_cluster(tmp_path: Path, scenario: str) -> None:
    emulator = ClusterEmulator(scenario, clock=VirtualClock(speed=0))
    await emulator.start()
    live = await KubernetesApi.connect(str(emulator.write_kubeconfig(tmp_path / "kubeconfig", "admin")))
    try:
        folder = await _dumped(live, tmp_path / "dump")
        (folder / "meta.yaml").write_text(f"observed_at: {emulator.clock.now.isoformat()}\n")
        redactor, dump = Redactor(), DumpReader(folder)
        question = redactor.text(QUESTION)
        answers = [
            (await triage(question, Reader(cluster, redactor), dump.observed_at)).report.model_dump()
            for cluster in (live, dump)
        ]
    finally:
        await live.close()
        await emulator.stop()
    names = [each.pop("cluster") for each in answers]
    assert names == [live.name, "dump"]
    assert answers[0] == answers[1]


async def _dumped(live: KubernetesApi, folder: Path) -> Path:
    """The flat layout, as a person would write it with kubectl."""
    (folder / "logs").mkdir(parents=True)
    items = []
    for kind in KINDS.values():
        try:
            found = await live.list(kind.name, None, limit=5_000)
        except WorldError:
            continue
        version = f"{kind.group}/{kind.version}" if kind.group else kind.version
        items += [{"kind": kind.name, "apiVersion": version, **each} for each in found]
    (folder / "cluster.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": items}))
    for pod in (each for each in items if each["kind"] == "Pod"):
        await _dump_logs(live, folder, pod)
    return folder


async def _dump_logs(live: KubernetesApi, folder: Path, pod: dict[str, Any]) -> None:
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    for container in (each["name"] for each in pod["spec"]["containers"]):
        for previous, ending in ((False, ".log"), (True, ".previous.log")):
            try:
                text = await live.log(namespace, name, container, LogOptions(previous=previous, limit_bytes=1_000_000))
            except WorldError:
                continue
            (folder / "logs" / f"{namespace}__{name}__{container}{ending}").write_text(text, encoding="utf-8")


# ---- garbage --------------------------------------------------------------------------------------------------------

_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["\ud800", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "-1", "1e999"]),
    st.recursive(st.none() | st.text(max_size=4), lambda inner: st.lists(inner, max_size=2), max_leaves=3),
    st.dictionaries(st.sampled_from(["name", "kind", "items", "x"]), st.none() | st.integers(), max_size=2),
)


def _answer(folder: Path) -> str:
    """The verdict, or that the input is bad; anything else is a traceback for a person."""

    async def ask() -> str:
        dump, redactor = DumpReader(folder), Redactor()
        sources = ((dump,) if dump.has_changes else (), (dump,) if dump.has_metrics else ())
        told = await triage(redactor.text(QUESTION), Reader(dump, redactor, *sources), dump.observed_at)
        told.report.model_dump_json(by_alias=True, ensure_ascii=True)
        return told.report.verdict

    try:
        return asyncio.run(ask())
    except BadDump:
        return "bad"


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(deeper for key, each in pairs for deeper in _places(each, (*path, key)))]


def _put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    """Sets what is at a path, unless an earlier change has taken the way to it."""
    with contextlib.suppress(KeyError, IndexError, TypeError):
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value


_FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("status", "containerStatuses", 0, "restartCount"), 56_064_692),
        (("apiVersion",), "0"),
    ],
)
def test_a_value_that_no_server_would_send_is_no_traceback(tmp_path: Path, path: tuple[Any, ...], value: Any) -> None:
    write_dump(tmp_path)
    document = json.loads((tmp_path / "cluster.json").read_text())
    for pod in (each for each in document["items"] if each["kind"] == "Pod"):
        pod["spec"]["containers"][0]["resources"]["limits"] = True
        _put(pod, path, value)
    (tmp_path / "cluster.json").write_text(json.dumps(document))
    assert _answer(tmp_path) in {"incident", "healthy", "inconclusive"}


@_FUZZ
@given(data=st.data())
def test_odd_values_anywhere_in_the_objects_are_no_traceback(tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "dump"
    if not folder.exists():
        write_dump(folder)
        (folder / "cluster.json").rename(tmp_path / "whole.json")
    document = json.loads((tmp_path / "whole.json").read_text())
    places = _places(document)
    for _ in range(data.draw(st.integers(1, 6))):
        _put(document, data.draw(st.sampled_from(places)), data.draw(_ODD))
    (folder / "cluster.json").write_text(json.dumps(document))
    assert _answer(folder) in {"incident", "healthy", "inconclusive", "bad"}


@_FUZZ
@given(
    name=st.sampled_from(["cluster.json", "changes.json", "metrics.json", "meta.yaml"]),
    content=st.binary(max_size=60) | st.text(alphabet='{}[]:,"\n observed_at1-', max_size=60).map(str.encode),
)
def test_garbage_in_a_file_is_no_traceback(tmp_path: Path, name: str, content: bytes) -> None:
    folder = tmp_path / "dump"
    if not folder.exists():
        write_dump(folder)
    whole = (folder / name).read_bytes() if (folder / name).exists() else None
    (folder / name).write_bytes(content)
    try:
        assert _answer(folder) in {"incident", "healthy", "inconclusive", "bad"}
    finally:
        (folder / name).unlink() if whole is None else (folder / name).write_bytes(whole)


def test_garbage_typed_as_a_command_is_told_in_one_line(tmp_path: Path) -> None:
    contents = [b"\x00\xff\xfe", b"{", b"[[[[", b'{"kind": "Pod"}', b"\xef\xbb\xbf[1, null]", b"1e999", b'{"kind": "X"']
    typed = []
    for number, content in enumerate(contents):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "cluster.json").write_bytes(content)
        typed.append(_typed(tmp_path / str(number), "--format", "json"))
    told: list[Told] = type_in(tmp_path, *typed)
    assert [(each.code, each.out, len(each.err.splitlines())) for each in told] == [(2, "", 1)] * len(contents)
