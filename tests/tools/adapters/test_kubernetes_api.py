"""The Kubernetes client: what it asks, and which world error each kind of fault becomes."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tools.adapters.kubernetes_api import KubernetesApi, Limits
from tools.adapters.kubernetes_connection import Bucket
from tools.world import (
    KINDS,
    Conflict,
    Forbidden,
    LogOptions,
    NotFound,
    Rejected,
    Unreachable,
    WorldError,
    WriteOptions,
)

Stage = Any
StageMaker = Callable[..., Awaitable[Stage]]
OPTIONS = WriteOptions(audit_id="p1.1")
WHERE = ("Deployment", "proteus-dev", "proteus-api")


async def test_a_table_has_columns_by_name_and_no_objects(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    table = await made.api.table("Pod", "proteus-dev")
    assert {"Name", "Ready", "Status", "Restarts", "Age"} <= set(table.columns)
    assert {each["Status"] for each in table.records()} == {"CrashLoopBackOff", "Running"}
    assert made.emulator.requests[-1].query["includeObject"] == "None"


async def test_a_table_with_a_limit_says_that_there_is_more(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    cut = await made.api.table("Pod", None, limit=2)
    assert (len(cut.rows), cut.truncated) == (2, True)
    whole = await made.api.table("Pod", None)
    assert len(whole.rows) > 2
    assert not whole.truncated


async def test_a_list_follows_the_pages_up_to_its_limit(stage: StageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.adapters.kubernetes_api.PAGE", 2)
    made = await stage("oom-after-release")
    assert len(await made.api.list("Pod", "proteus-dev", limit=5)) == 5
    assert sum("/pods" in each for each in made.paths) == 3


async def test_the_cluster_says_who_it_is(stage: StageMaker) -> None:
    made = await stage("healthy")
    assert made.api.name == "dev-eks"
    assert await made.api.uid()
    assert (await made.api.version()).startswith("v1.")
    assert "billing-dev" in {each["metadata"]["name"] for each in await made.api.namespaces()}


async def test_a_log_is_bounded_on_the_server(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    pod = next(each["Name"] for each in (await made.api.table("Pod", "proteus-dev")).records() if "api" in each["Name"])
    options = LogOptions(previous=True, tail_lines=3, limit_bytes=4_000, since=timedelta(hours=1))
    text = await made.api.log("proteus-dev", pod, "proteus-api", options)
    assert len(text.splitlines()) == 3
    asked = made.emulator.requests[-1].query
    assert asked["tailLines"] == "3"
    assert asked["limitBytes"] == "4000"
    assert asked["previous"] == "true"
    assert asked["sinceSeconds"] == "3600"


async def test_rights_are_asked_of_the_server(stage: StageMaker) -> None:
    writer, reader = await stage("healthy"), await stage("healthy", user="ask-claude-reader")
    for made, expected in ((writer, True), (reader, False)):
        assert await made.api.may("patch", "deployments", "billing-dev", group="apps") is expected
        assert await made.api.may("get", "pods", "billing-dev")


async def test_secrets_are_not_among_the_kinds(stage: StageMaker) -> None:
    made = await stage("healthy")
    assert "Secret" not in KINDS
    with pytest.raises(Rejected, match="not a kind"):
        await made.api.get("Secret", "billing-dev", "anything")
    assert made.paths == []


async def test_what_does_not_exist_is_not_found(stage: StageMaker) -> None:
    made = await stage("healthy")
    with pytest.raises(NotFound, match=r'deployments\.apps "nope" not found'):
        await made.api.get("Deployment", "billing-dev", "nope")


async def test_a_name_cannot_leave_its_place_in_the_path(stage: StageMaker) -> None:
    made = await stage("healthy")
    for name in ("../../secrets/x", "..", "a/b", "", "a?b", "a#b", "%2e%2e"):
        with pytest.raises(Rejected, match="not a name"):
            await made.api.get("Pod", "billing-dev", name)
    assert made.paths == []


FAULTS: list[tuple[int, type[WorldError]]] = [
    (400, Rejected),
    (401, Forbidden),
    (403, Forbidden),
    (404, NotFound),
    (409, Conflict),
    (415, Rejected),
    (422, Rejected),
    (429, Unreachable),
    (500, Unreachable),
    (503, Unreachable),
    (504, Unreachable),
]


async def test_each_status_becomes_the_error_named_for_what_to_do_next(stage: StageMaker) -> None:
    made = await stage("healthy")
    for status, error in FAULTS:
        made.emulator.faults.clear()
        made.emulator.faults.fail("GET", "/pods", status, message="because")
        with pytest.raises(error, match="because") as caught:
            await made.api.list("Pod", "billing-dev")
        assert type(caught.value) is error, status


async def test_a_busy_server_says_when_to_come_back(stage: StageMaker) -> None:
    made = await stage("healthy")
    made.emulator.faults.fail("GET", "/pods", 429, retry_after=7)
    with pytest.raises(Unreachable) as caught:
        await made.api.table("Pod", None)
    assert caught.value.retry_after == timedelta(seconds=7)


async def test_a_silent_server_is_unreachable_after_the_time_limit(stage: StageMaker) -> None:
    made = await stage("healthy", limits=Limits(timeout=timedelta(milliseconds=50)))
    hold = made.emulator.faults.hold("GET", "/pods")
    with pytest.raises(Unreachable, match=r"within 0\.05 seconds"):
        await made.api.table("Pod", None)
    hold.release()


async def test_a_cut_connection_is_unreachable(stage: StageMaker) -> None:
    made = await stage("healthy")
    made.emulator.faults.cut("GET", "/pods", times=None)
    with pytest.raises(Unreachable, match="cannot reach the cluster dev-eks"):
        await made.api.table("Pod", None)


async def test_no_server_at_all_is_unreachable(stage: StageMaker) -> None:
    made = await stage("healthy")
    await made.emulator.stop()
    with pytest.raises(Unreachable, match="Check the kubeconfig"):
        await made.api.table("Pod", None)


async def test_a_missing_kubeconfig_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="Name an existing file and context"):
        await KubernetesApi.connect(str(tmp_path / "none.yaml"))


async def test_an_unknown_context_says_what_to_do(stage: StageMaker, tmp_path: Path) -> None:
    made = await stage("healthy")
    path = str(made.emulator.write_kubeconfig(tmp_path / "one.yaml"))
    with pytest.raises(Unreachable, match="Name an existing file and context"):
        await KubernetesApi.connect(path, context="nowhere")


async def test_a_fault_that_quotes_a_secret_is_redacted(stage: StageMaker) -> None:
    made = await stage("healthy")
    made.emulator.faults.fail("GET", "/pods", 400, message="bad value password=hunter2hunter2")
    with pytest.raises(Rejected) as caught:
        await made.api.table("Pod", None)
    assert "hunter2" not in str(caught.value)


async def test_a_dry_run_stores_nothing(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    before = await made.api.get(*WHERE)
    patch = {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}}
    answer = await made.writer.patch(*WHERE, patch, WriteOptions("p1.1", dry_run=True))
    assert answer.stored["spec"]["template"]["metadata"]["annotations"]["a"] == "b"
    assert await made.api.get(*WHERE) == before
    assert made.emulator.requests[-2].query == {"fieldManager": "ask-claude", "dryRun": "All"}


async def test_a_merge_patch_keeps_what_it_does_not_name(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    before = await made.api.get(*WHERE)
    written = await made.writer.patch(*WHERE, {"metadata": {"annotations": {"a": "b"}}}, OPTIONS)
    stored = written.stored
    assert written.audit_id == OPTIONS.audit_id
    assert stored["metadata"]["annotations"] == {**before["metadata"]["annotations"], "a": "b"}
    assert stored["spec"] == before["spec"]


async def test_an_old_resource_version_is_a_conflict(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    with pytest.raises(Conflict):
        await made.writer.patch(*WHERE, {"metadata": {"resourceVersion": "1", "annotations": {"a": "b"}}}, OPTIONS)


async def test_a_failed_test_of_a_json_patch_is_a_conflict(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    patch = [{"op": "test", "path": "/metadata/uid", "value": "other"}]
    with pytest.raises(Conflict, match="changed since it was read"):
        await made.writer.patch(*WHERE, patch, OPTIONS)


async def test_a_json_patch_to_something_invalid_is_rejected(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    with pytest.raises(Rejected, match="is invalid"):
        await made.writer.patch(*WHERE, [{"op": "replace", "path": "/spec/replicas", "value": -1}], OPTIONS)


async def test_a_reader_cannot_write(stage: StageMaker) -> None:
    made = await stage("oom-after-release", user="ask-claude-reader")
    with pytest.raises(Forbidden, match="cannot patch"):
        await made.writer.patch(*WHERE, {"metadata": {"annotations": {"a": "b"}}}, OPTIONS)


async def test_requests_above_the_rate_wait_their_turn() -> None:
    bucket = Bucket(per_second=2.0)
    for _ in range(2):
        await bucket.take()
    assert -0.01 <= bucket._tokens < 0.1
    fast = Bucket(per_second=10_000.0)
    for _ in range(100):
        await fast.take()


@pytest.mark.parametrize(("status", "after"), [(429, 1), (429, None), (500, None), (503, 0)])
async def test_a_read_for_which_the_server_is_too_busy_is_sent_again_at_most_twice(
    status: int, after: int | None, stage: StageMaker
) -> None:
    made = await stage("healthy")
    made.emulator.faults.fail("GET", "/pods", status, after, times=2 if after is None else 1)
    assert await made.api.list("Pod", "billing-dev")
    made.emulator.faults.fail("GET", "/pods", status, after if after != 1 else None)
    before = len(made.paths)
    with pytest.raises(Unreachable):
        await made.api.list("Pod", "billing-dev")
    assert len(made.paths) - before == 3


async def test_a_read_is_not_sent_again_when_the_server_wants_a_longer_pause_or_means_no(stage: StageMaker) -> None:
    made = await stage("healthy")
    made.emulator.faults.fail("GET", "/pods", 429, retry_after=2)
    made.emulator.faults.fail("GET", "/services", 403)
    for kind in ("Pod", "Service"):
        with pytest.raises(WorldError):
            await made.api.list(kind, "billing-dev")
    assert len(made.paths) == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_a_write_is_never_sent_again(status: int, stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    made.emulator.faults.fail("PATCH", ".", status)
    with pytest.raises(Unreachable):
        await made.writer.patch(*WHERE, {"metadata": {"labels": {"a": "b"}}}, OPTIONS)
    assert len(made.paths) == 1
