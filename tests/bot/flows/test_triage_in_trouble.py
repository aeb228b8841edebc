"""Triage of a cluster that answers badly: whatever fails, there is a report, and it says what was not seen."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.demo.cluster_emulator.clock import VirtualClock
from bot.demo.cluster_emulator.emulator import ClusterEmulator
from bot.domain import IncidentReport
from bot.flows.triage import triage
from safety.redaction import Redactor
from tools.adapters.kubernetes_api import KubernetesApi, Limits
from tools.world import KINDS, Reader

SCENARIO, PLACE = "oom-after-release", "proteus-dev"
FAILURES = (403, 410, 429, 500, 503, 504)
# The kinds of which the emulated cluster is asked in one look, and the logs.
SOURCES = (*sorted({each.plural for each in KINDS.values()}), "log")
# A pause that the server wants and the client does not wait for: the tests need no seconds.
LATER = 60


@asynccontextmanager
async def opened(folder: Path, limits: Limits | None = None) -> AsyncIterator[tuple[ClusterEmulator, KubernetesApi]]:
    emulator = ClusterEmulator(SCENARIO, clock=VirtualClock(speed=0))
    await emulator.start()
    kubeconfig = str(emulator.write_kubeconfig(folder / "kubeconfig"))
    api = await KubernetesApi.connect(kubeconfig, limits=limits or Limits(requests_per_second=10_000))
    try:
        yield emulator, api
    finally:
        await api.close()
        await emulator.stop()


async def report_of(emulator: ClusterEmulator, api: KubernetesApi, namespace: str | None = PLACE) -> IncidentReport:
    redactor = Redactor()
    question = redactor.text("what is wrong?")
    done = await triage(question, Reader(api, redactor), emulator.clock.now, namespace=namespace)
    return done.report


def fail(emulator: ClusterEmulator, source: str, status: int) -> None:
    path = r"/log(\?|$)" if source == "log" else rf"/{source}(\?|$)"
    emulator.faults.fail("GET", path, status, retry_after=LATER)


async def test_each_source_that_is_down_is_told_once_and_by_its_name(tmp_path: Path) -> None:
    async with opened(tmp_path) as (emulator, api):
        whole = await report_of(emulator, api)
        asked = {each.path for each in emulator.requests}
        for kind in KINDS.values():
            if not any(re.search(rf"/{kind.plural}$", path) for path in asked):
                continue
            emulator.faults.clear()
            fail(emulator, kind.plural, 503)
            report = await report_of(emulator, api)
            told = [each for each in report.not_checked if each not in whole.not_checked]
            assert told, kind.name
            assert len(told) == len(set(told)), kind.name
            word = "pods" if kind.name == "Pod" else f"{kind.name}s"
            assert all(len(each) <= 300 for each in told)
            assert any(each.startswith(word) for each in told), (kind.name, told)


@pytest.mark.parametrize("status", FAILURES)
@pytest.mark.parametrize("namespace", [PLACE, None])
async def test_when_everything_is_down_nothing_is_claimed(status: int, namespace: str | None, tmp_path: Path) -> None:
    async with opened(tmp_path) as (emulator, api):
        emulator.faults.fail("GET", ".", status, retry_after=LATER)
        report = await report_of(emulator, api, namespace)
    assert (report.verdict, report.root_cause, report.remediation.class_) == ("inconclusive", None, "none")
    assert report.not_checked


@settings(max_examples=25, deadline=None)
@given(down=st.dictionaries(st.sampled_from(SOURCES), st.sampled_from(FAILURES), min_size=1, max_size=12))
def test_whatever_is_down_there_is_a_report_that_says_so(down: dict[str, int]) -> None:
    asyncio.run(_with_down(down))


async def _with_down(down: dict[str, int]) -> None:
    with TemporaryDirectory() as folder:
        async with opened(Path(folder)) as (emulator, api):
            for source, status in down.items():
                fail(emulator, source, status)
            report = await report_of(emulator, api)
            asked = [each.path for each in emulator.requests]
    missed = [each for each in down if any(path.endswith(f"/{each}") for path in asked)]
    assert report.not_checked or not missed
    assert len(report.not_checked) == len(set(report.not_checked))
    if "pods" in down:
        assert report.verdict == "inconclusive"


async def test_a_source_that_is_too_slow_is_told_and_the_rest_is_answered(tmp_path: Path) -> None:
    # Long enough for what does answer, on a busy machine too.
    async with opened(tmp_path, Limits(timedelta(seconds=3), 10_000)) as (emulator, api):
        hold = emulator.faults.hold("GET", "/configmaps")
        report = await report_of(emulator, api)
        hold.release()
    assert report.root_cause is not None
    assert [each for each in report.not_checked if each.startswith("ConfigMaps") and "did not answer" in each]


async def test_what_passes_by_itself_is_not_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as (emulator, api):
        whole = await report_of(emulator, api)
        emulator.faults.fail("GET", "/events", 503, times=2)
        emulator.faults.fail("GET", "/pods", 429, retry_after=0, times=1)
        report = await report_of(emulator, api)
    assert report == whole


async def test_a_later_page_that_has_expired_is_a_line_and_not_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.adapters.kubernetes_api.PAGE", 1)
    async with opened(tmp_path) as (emulator, api):
        emulator.faults.fail(
            "GET", "/replicasets.*continue=", 410, message="the provided continue parameter is too old"
        )
        report = await report_of(emulator, api)
    assert report.root_cause is not None
    assert len([each for each in report.not_checked if each.startswith("ReplicaSets of")]) == 1


@pytest.mark.parametrize("namespace", [PLACE, None])
async def test_secrets_are_never_asked_for(namespace: str | None, tmp_path: Path) -> None:
    async with opened(tmp_path) as (emulator, api):
        await report_of(emulator, api, namespace)
        asked = [each.path for each in emulator.requests]
    assert len(asked) > 20
    assert [each for each in asked if "secret" in each.lower()] == []
