"""The file and line that set what failed: named with evidence where a repository or a change shows it for certain."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock
from bot.demo.cluster_emulator.resources import DEPLOYMENTS
from bot.demo.github_emulator import GitHubEmulator, read_data
from bot.demo.github_emulator.server import Fault
from bot.demo.stage import ROOT
from bot.domain import IncidentReport
from bot.flows.triage import triage
from safety.redaction import Redactor
from tests.scenarios.exam.scoring import ask
from tests.scenarios.kit import all_scenarios
from tools.adapters.github_api import GitHubChanges
from tools.adapters.github_client import GitHubAccess
from tools.adapters.github_named import GitHubNamed
from tools.adapters.kubernetes_api import KubernetesApi
from tools.world import Reader

DATA = (ROOT / "bot" / "demo" / "repositories" / "oom-after-release.yaml").read_text(encoding="utf-8")
VALUES = "charts/proteus-api/values.yaml"


@asynccontextmanager
async def surroundings(folder: Path, data: str = DATA) -> AsyncIterator[tuple[ClusterEmulator, GitHubEmulator, Reader]]:
    cluster = ClusterEmulator("oom-after-release", clock=VirtualClock(speed=0))
    github = GitHubEmulator(read_data(data, cluster.clock.now))
    await cluster.start()
    await github.start()
    api = await KubernetesApi.connect(str(cluster.write_kubeconfig(folder / "kubeconfig", "ask-claude")))
    source = GitHubChanges(GitHubAccess(github.token, github.url), "proteus/proteus-api")
    try:
        yield cluster, github, Reader(api, Redactor(), (source,), repositories=(source,))
    finally:
        await api.close()
        await github.stop()
        await cluster.stop()


async def looked(cluster: ClusterEmulator, world: Reader) -> IncidentReport:
    return (await triage(Redactor().text("what is wrong with proteus-dev?"), world, cluster.clock.now)).report


async def test_the_line_of_the_limit_is_named_with_a_link_and_its_evidence_is_cited(tmp_path: Path) -> None:
    async with surroundings(tmp_path) as (cluster, github, world):
        report = await looked(cluster, world)
    found, cause = report.where_set, report.root_cause
    assert found is not None
    assert cause is not None
    assert (found.what, found.place, found.text) == ("memory limit", f"{VALUES}:10", "memory: 512Mi")
    assert found.url is not None
    assert found.url.startswith(f"{github.url}/proteus/proteus-api/blob/")
    assert found.url.endswith(f"{VALUES}#L10")
    (seen,) = [each for each in report.evidence if each.source == "repository"]
    assert seen.id in cause.evidence
    assert seen.ref == f"File/proteus/proteus-api/{VALUES}:10"
    assert "sets the memory limit: memory: 512Mi" in seen.text


async def test_what_the_files_do_not_tell_is_said_and_nothing_is_named(tmp_path: Path) -> None:
    other = DATA.replace("memory: 512Mi", "memory: 1Gi").replace("tag: v2.14.5", "tag: latest")
    async with surroundings(tmp_path, other) as (cluster, _, world):
        report = await looked(cluster, world)
    assert report.where_set is None
    assert [each for each in report.not_checked if each.startswith("Where it is set: no file that could be read sets")]


async def test_a_repository_that_refuses_its_files_is_told_and_the_cause_stands(tmp_path: Path) -> None:
    async with surroundings(tmp_path) as (cluster, github, world):
        github.fail_always(Fault(403, "Resource not accessible by personal access token"))
        report = await looked(cluster, world)
    assert report.root_cause is not None
    assert report.where_set is None
    assert any("the files of proteus/proteus-api: GITHUB_TOKEN may not read" in each for each in report.not_checked)


async def test_a_secret_that_stands_in_the_line_is_not_told(tmp_path: Path) -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 4
    leaky = DATA.replace("    memory: 512Mi", f"    memory: 512Mi # token {secret}")
    async with surroundings(tmp_path, leaky) as (cluster, _, world):
        report = await looked(cluster, world)
    assert report.where_set is not None
    assert secret not in report.model_dump_json()


async def test_a_well_cluster_asks_for_no_file(tmp_path: Path) -> None:
    async with surroundings(tmp_path) as (cluster, github, world):
        await triage(Redactor().text("what is wrong with kube-system?"), world, cluster.clock.now)
        assert [each for each in github.requests if "/contents/" in each or "/search/" in each] == []


def annotated(cluster: ClusterEmulator, address: str) -> None:
    held = cluster.store.require(DEPLOYMENTS, "proteus-dev", "proteus-api")
    told = {**held["metadata"].get("annotations", {}), "org.opencontainers.image.source": address}
    changed = {**held, "metadata": {**held["metadata"], "annotations": told}}
    cluster.store.update(DEPLOYMENTS, cluster.store.amended(DEPLOYMENTS, held, changed))


@pytest.mark.parametrize(("owner", "is_read"), [("proteus", True), ("somebody-else", False)])
async def test_a_repository_that_the_workload_names_is_read_where_its_owner_is_allowed(
    tmp_path: Path, owner: str, is_read: bool
) -> None:
    async with surroundings(tmp_path) as (cluster, github, world):
        annotated(cluster, f"{github.url}/proteus/proteus-api")
        named = GitHubNamed(GitHubAccess(github.token, github.url), frozenset({owner}), frozenset())
        report = await looked(cluster, dataclasses.replace(world, changes=(), repositories=(), named=named))
        assert bool(github.requests) is is_read
    assert (report.where_set is not None) is is_read
    assert (report.culprit_change == "proteus/proteus-api#412") is is_read
    told = (
        "changes and files of repositories that workloads name: proteus/proteus-api: not allowed by "
        "GITHUB_REPOSITORIES (add proteus/proteus-api or proteus/* there if it is yours)"
    )
    assert (told in report.not_checked) is not is_read


WRITTEN: dict[str, Any] = {
    "dating-matching-pending": ("matching/values.yaml", "memory: 64Gi"),
    "fleet-reports-read-only-user": ("reports/values.yaml", "PGUSER: reports_ro"),
    "stamps-bids-new-steps": ("bids/values.yaml", 'VALKEY_PORT: "6739"'),
    "thesis-typeset-slow": ("typeset/resources.yaml", "cpu: 300m"),
    "tickets-booking-tag": ("booking/values.yaml", "tag: v1.21"),
}


@pytest.mark.parametrize("name", WRITTEN)
async def test_without_a_repository_the_record_of_the_change_shows_the_file(tmp_path: Path, name: str) -> None:
    (scenario,) = [each for each in all_scenarios() if each.name == name]
    found = (await ask(scenario, tmp_path)).report.where_set
    assert found is not None
    assert (found.path, found.text) == WRITTEN[name]
    assert (found.line, found.url) == (None, None)
