"""The same answer live as from files: every picture of the library served by a cluster, and read from its dump."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock
from bot.demo.cluster_emulator.rbac import DEFAULT_USERS
from bot.demo.cluster_emulator.resources import resource_of_kind
from bot.demo.cluster_emulator.scenarios import Scenario as Stage
from bot.flows.triage import triage
from safety.redaction import Redactor
from tests.scenarios.kit import Scenario, all_scenarios, write
from tools.adapters.cluster_dump import DumpReader
from tools.adapters.kubernetes_api import KubernetesApi, Limits
from tools.world import KINDS, Reader

EMPTY = Stage("picture", "a picture", "picture", "picture", "v1.31.4", {}, DEFAULT_USERS, ())
# Kinds that the engine reads on a live cluster and the emulated one does not serve.
NOT_SERVED = frozenset(each for each in KINDS if resource_of_kind(each) is None)
LIBRARY = {each.name: each for each in all_scenarios()}


def as_a_cluster_shows_it(made: Scenario) -> Scenario:
    """Without what a live cluster does not give the bot: kinds it may not read, and sources beside the cluster."""
    objects = tuple(each for each in made.objects if each["kind"] in KINDS)
    return dataclasses.replace(made, objects=objects, changes=None, metrics=None)


def can_be_served(made: Scenario) -> bool:
    return not any(each["kind"] in NOT_SERVED for each in made.objects)


@dataclass(frozen=True, slots=True)
class Answers:
    """The reports on one picture: served by a cluster, read from its dump no deeper, and as deep as files are read."""

    live: dict[str, Any]
    dump: dict[str, Any]
    deep: dict[str, Any]


async def answers(made: Scenario, folder: Path) -> Answers:
    """Asked through the real client of the cluster, and through the reader of dumps."""
    shown = as_a_cluster_shows_it(made)
    write(shown, folder / "dump")
    dump = DumpReader(folder / "dump")
    emulator = ClusterEmulator(EMPTY, clock=VirtualClock(dump.observed_at, speed=0))
    emulator.stand([*shown.objects, *(await _namespaces(shown, dump))], _logs(shown))
    await emulator.start()
    where = str(emulator.write_kubeconfig(folder / "kubeconfig", "admin"))
    live = await KubernetesApi.connect(where, limits=Limits(requests_per_second=10_000))
    try:
        redactor = Redactor()
        question = redactor.text(made.question)
        worlds = (Reader(live, redactor), Reader(dump, redactor), Reader(dump, redactor, at_hand=True))
        told = [
            (await triage(question, world, dump.observed_at, namespace=made.namespace)).report.model_dump(mode="json")
            for world in worlds
        ]
    finally:
        await live.close()
        await emulator.stop()
    assert [each.pop("cluster") for each in told] == [live.name, "dump", "dump"]
    return Answers(*told)


async def _namespaces(shown: Scenario, dump: DumpReader) -> list[dict[str, Any]]:
    known = {each["metadata"]["name"] for each in shown.objects if each["kind"] == "Namespace"}
    return [dict(each, kind="Namespace") for each in await dump.namespaces() if each["metadata"]["name"] not in known]


def _logs(shown: Scenario) -> Mapping[tuple[str, str, str, bool], str]:
    groups = ((shown.logs, False), (shown.previous_logs, True))
    return {(*key, previous): text for held, previous in groups for key, text in held.items()}


def decided(report: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody acts upon."""
    cause, remedy = report["root_cause"] or {}, report["remediation"]
    return {
        "verdict": report["verdict"],
        "cause": [cause.get(key) for key in ("category", "subject", "confidence")],
        "culprit": report["culprit_change"],
        "remedy": [remedy[key] for key in ("class_", "target", "to_revision")],
        "suspected": [each["id"] for each in report["changes"] if each["suspected"]],
    }


def each_of_the_library() -> Iterator[Any]:
    """Every fourth is asked at each run, all of them by ``make test-all``."""
    served = [name for name, made in LIBRARY.items() if can_be_served(made)]
    for index, name in enumerate(served):
        yield pytest.param(name, marks=() if index % 4 == 0 else pytest.mark.long)


@pytest.mark.parametrize("name", list(each_of_the_library()))
async def test_a_cluster_gets_the_answer_of_its_dump_field_by_field(tmp_path: Path, name: str) -> None:
    told = await answers(LIBRARY[name], tmp_path)
    assert {key: (told.live[key], told.dump[key]) for key in told.live if told.live[key] != told.dump[key]} == {}
    # Files cost no server anything, so more of them is read: that may add, and decides nothing otherwise.
    assert decided(told.live) == decided(told.deep)
    assert set(told.live["failing"]) <= set(told.deep["failing"])


def test_nearly_all_of_the_library_can_be_served() -> None:
    left_out = [name for name, made in LIBRARY.items() if not can_be_served(made)]
    assert len(left_out) <= 0.04 * len(LIBRARY), left_out
