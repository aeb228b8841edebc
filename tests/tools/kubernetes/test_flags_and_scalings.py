"""Feature flags in ConfigMaps, and scaling as the events tell it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock
from bot.demo.cluster_emulator.resources import CONFIGMAPS, DEPLOYMENTS
from bot.domain import IncidentReport
from bot.flows.triage import triage
from safety.redaction import Redactor
from tools.adapters.kubernetes_api import KubernetesApi
from tools.kubernetes.flags import MARK, flags_of
from tools.world import Reader

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
AN_HOUR_AGO = (NOW - timedelta(hours=1)).isoformat()


def config_map(**meta: Any) -> dict[str, Any]:
    return {
        "kind": "ConfigMap",
        "metadata": {"name": "switches", "namespace": "orchard", "labels": {MARK: "true"}, **meta},
        "data": {"new-checkout": "on", "gift-wrap": "off"},
    }


def deployment(name: str, reads: str) -> dict[str, Any]:
    container = {"name": "a", "image": "i", "envFrom": [{"configMapRef": {"name": reads}}]}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "orchard"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def test_a_marked_config_map_is_a_change_with_time_author_flags_and_who_reads_it() -> None:
    changed = config_map(managedFields=[{"manager": "flagctl", "time": AN_HOUR_AGO}, {"manager": "kubectl"}])
    objects = {"ConfigMap": [changed], "Deployment": [deployment("plum", "switches"), deployment("fig", "other")]}
    (found,) = flags_of(objects, NOW - timedelta(days=14))
    assert (found.kind, found.author, found.services) == ("feature_flag", "flagctl", ("plum",))
    assert found.at == NOW - timedelta(hours=1)
    assert found.title == "Feature flags in ConfigMap/orchard/switches: gift-wrap=off, new-checkout=on"


def test_one_without_the_mark_is_not_told_nor_one_that_was_changed_long_ago() -> None:
    plain = config_map(labels={})
    old = config_map(managedFields=[{"manager": "x", "time": (NOW - timedelta(days=30)).isoformat()}])
    assert list(flags_of({"ConfigMap": [plain, old]}, NOW - timedelta(days=14))) == []


def test_where_nobody_knows_when_it_was_changed_the_flags_are_told_without_a_time() -> None:
    (found,) = flags_of({"ConfigMap": [config_map(labels={}, annotations={MARK: "true"})]}, NOW)
    assert (found.at, found.author) == (None, None)


async def looked(folder: Path, scenario: str, question: str, *steps: Any) -> IncidentReport:
    emulator = ClusterEmulator(scenario, clock=VirtualClock(speed=0))
    for step in steps:
        step(emulator)
    await emulator.start()
    live = await KubernetesApi.connect(str(emulator.write_kubeconfig(folder / "kubeconfig", "ask-claude")))
    try:
        world = Reader(live, Redactor())
        return (await triage(world.redactor.text(question), world, emulator.clock.now)).report
    finally:
        await live.close()
        await emulator.stop()


async def test_what_an_autoscaler_did_is_among_the_changes_and_nobody_accuses_it(tmp_path: Path) -> None:
    report = await looked(tmp_path, "hpa-at-its-max", "why is quote-engine slow?")
    found = [each for each in report.changes if each.kind == "scaling"]
    assert found
    assert all(each.title.startswith("HorizontalPodAutoscaler/") and "New size" in each.title for each in found)
    assert [each.by for each in found] == ["its autoscaler"] * len(found)
    assert not any(each.suspected for each in found)


async def test_a_deployment_that_somebody_scaled_is_told_and_a_rollout_is_not(tmp_path: Path) -> None:
    def scaled(emulator: ClusterEmulator) -> None:
        held = emulator.store.require(DEPLOYMENTS, "billing-dev", "billing-api")
        more = {**held, "spec": {**held["spec"], "replicas": int(held["spec"]["replicas"]) + 1}}
        emulator.store.update(DEPLOYMENTS, emulator.store.amended(DEPLOYMENTS, held, more))
        emulator.clock.advance(300)

    told = await looked(tmp_path, "healthy", "how is billing-dev?", scaled)
    (found,) = [each for each in told.changes if each.kind == "scaling"]
    assert found.title.startswith("Deployment/billing-dev/billing-api: Scaled up replica set ")
    quiet = await looked(tmp_path, "oom-after-release", "how is proteus-dev?")
    assert [each for each in quiet.changes if each.kind == "scaling"] == []


async def test_flags_of_a_live_cluster_are_among_the_changes(tmp_path: Path) -> None:
    def marked(emulator: ClusterEmulator) -> None:
        made = config_map(namespace="billing-dev", managedFields=[])
        emulator.store.create(CONFIGMAPS, made)

    report = await looked(tmp_path, "healthy", "how is billing-dev?", marked)
    (found,) = [each for each in report.changes if each.kind == "feature_flag"]
    assert "new-checkout=on" in found.title
    assert report.verdict == "healthy"
