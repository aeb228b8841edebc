"""Scenarios: each shows what it promises, is cured by its cure, and a broken file is explained."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.demo.cluster_emulator import ClusterEmulator, ScenarioError, VirtualClock, load_scenario, scenario_names
from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.objects import clone, condition, dig, parse_stamp
from bot.demo.cluster_emulator.patches import strategic_merge
from bot.demo.cluster_emulator.podwords import pod_words
from bot.demo.cluster_emulator.resources import EVENTS, PODS, REPLICASETS, resource_of_kind

REVISION = "deployment.kubernetes.io/revision"
RESTARTED = "kubectl.kubernetes.io/restartedAt"
SICK = [name for name in scenario_names() if name != "healthy"]


# A time of its own: what runs by a schedule would else be looked at in another second of its life in each run.
BEGIN = datetime(2026, 11, 23, 14, 20, 30, tzinfo=UTC)


def _play(name: str) -> ClusterEmulator:
    return ClusterEmulator(name, clock=VirtualClock(BEGIN, speed=0))


@functools.cache
def _shown(name: str) -> ClusterEmulator:
    """A played scenario that tests only look at, shared because playing costs a tenth of a second."""
    return _play(name)


def _unready(emulator: ClusterEmulator) -> list[dict]:
    return [
        pod
        for pod in emulator.store.all_of(PODS)
        if (condition(pod, "Ready") or {"status": "False"})["status"] == "False"
        and pod["status"]["phase"] != "Succeeded"
    ]


def _named(emulator: ClusterEmulator, about: dict) -> dict:
    """The object that a deed or a promise is about: the subject, unless it names another."""
    about = {**emulator.scenario.expect["subject"], **about}
    resource = resource_of_kind(about["kind"])
    assert resource is not None
    found = emulator.store.get(resource, about["namespace"], about["name"])
    assert found is not None
    return found


def _subject(emulator: ClusterEmulator) -> dict:
    return _named(emulator, {})


def _do(emulator: ClusterEmulator, deed: dict) -> None:
    """What somebody does about an incident, as the scenario says it: one of four deeds."""
    [(what, about)] = deed.items()
    if what == "node":
        assert about["does"] == "returns"
        emulator.cluster.revive(about["name"])
        return
    before = _named(emulator, about)
    if what == "restart":
        body = {"spec": {"template": {"metadata": {"annotations": {RESTARTED: "2026-01-01T00:00:00Z"}}}}}
        after = strategic_merge(before, body)
    elif what == "patch":
        after = strategic_merge(before, about["body"])
    else:
        held = emulator.store.owned_by(REPLICASETS, before)
        old = next(each for each in held if each["metadata"]["annotations"][REVISION] == str(about["to_revision"]))
        after = clone(before)
        after["spec"]["template"] = clone(old["spec"]["template"])
        after["spec"]["template"]["metadata"]["labels"].pop("pod-template-hash")
    emulator.store.update(resource_of_kind(before["kind"]), after)


class _Watcher:
    """Tells whether an incident still goes on, looked at again and again."""

    def __init__(self, emulator: ClusterEmulator) -> None:
        self._emulator = emulator
        self._since = emulator.clock.now
        self._failed = self._failures()

    def is_well(self) -> bool:
        """No pod that is not ready, none that has failed since the last look, and what was promised has come."""
        before, self._failed = self._failed, self._failures()
        namespace = self._emulator.scenario.expect["subject"]["namespace"]
        sick = [pod for pod in _unready(self._emulator) if pod["metadata"]["namespace"] == namespace]
        return (
            not [pod for pod in sick if pod["status"]["phase"] != "Failed"] and self._failed <= before and self._kept()
        )

    def _failures(self) -> set[str]:
        return {
            pod["metadata"]["uid"] for pod in self._emulator.store.all_of(PODS) if pod["status"]["phase"] == "Failed"
        }

    def _kept(self) -> bool:
        promise = self._emulator.scenario.expect.get("well_when")
        if promise is None:
            return True
        obj = _named(self._emulator, promise)
        if "condition" in promise:
            return (condition(obj, promise["condition"]) or {}).get("reason") == promise["reason"]
        return parse_stamp(obj["status"][promise["field"]]) > self._since


def test_the_scenarios_that_the_demo_needs_are_there():
    assert {
        *("oom-after-release", "bad-image-tag", "missing-secret", "pending-resources"),
        *("failing-probe", "failing-liveness", "healthy", "node-lost", "node-memory-pressure-eviction"),
        *("hpa-at-its-max", "cronjob-failing", "service-selector-mismatch", "dependency-down", "config-key-missing"),
        *("init-container-failing", "quota-exceeded"),
    } <= set(scenario_names())


@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_shows_the_pods_that_it_promises_and_no_other_trouble(name):
    emulator = _shown(name)
    expect, sick = emulator.scenario.expect, _unready(emulator)
    here = [pod for pod in sick if pod["metadata"]["namespace"] == expect["subject"]["namespace"]]
    least, most = expect["pods"] if isinstance(expect["pods"], list) else (expect["pods"], expect["pods"])
    assert least <= len(here) <= most
    words = {pod_words(pod, emulator.clock.now).status for pod in here}
    assert expect["status"] in words if here else words == set()
    # A node that is lost or full troubles the neighbours as well, and a run that failed may be tried again just now.
    if not expect.get("elsewhere"):
        assert here == sick
    if isinstance(expect["pods"], int):
        assert len(words) <= 1
    assert name == "healthy" or not _Watcher(emulator).is_well() or expect["pods"] != 0


@pytest.mark.parametrize("name", SICK)
def test_the_cure_of_a_scenario_cures_it(name):
    emulator = _play(name)
    watcher = _Watcher(emulator)
    _do(emulator, emulator.scenario.expect["cure"])
    emulator.clock.advance(3600)
    watcher.is_well()
    for _ in range(20):
        emulator.clock.advance(60)
        assert watcher.is_well()


@pytest.mark.parametrize(
    ("name", "number"),
    [(name, number) for name in SICK for number in range(len(load_scenario(name).expect["does_not_cure"]))],
)
def test_what_does_not_cure_a_scenario_leaves_it_sick(name, number):
    emulator = _play(name)
    watcher = _Watcher(emulator)
    _do(emulator, emulator.scenario.expect["does_not_cure"][number])
    sick_at = []
    for minute in range(50):
        emulator.clock.advance(60)
        if not watcher.is_well():
            sick_at.append(minute)
    assert max(sick_at) > 30


def test_every_scenario_says_what_cures_it_and_what_does_not():
    for name in SICK:
        expect = load_scenario(name).expect
        assert expect["cure"], name
        assert expect["does_not_cure"], name


@pytest.mark.parametrize("name", scenario_names())
def test_no_object_is_from_the_future_and_events_are_from_the_last_hour(name):
    emulator = _shown(name)
    assert emulator.clock.now == BEGIN
    for event in emulator.store.all_of(EVENTS):
        assert 0 <= (emulator.clock.now - parse_stamp(event["lastTimestamp"])).total_seconds() <= 3600
    for pod in emulator.store.all_of(PODS):
        assert parse_stamp(pod["metadata"]["creationTimestamp"]) <= emulator.clock.now


@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_that_is_given_no_time_is_told_as_of_now(name):
    emulator = ClusterEmulator(name, clock=VirtualClock(speed=0))
    assert abs((emulator.clock.now - datetime.now(UTC)).total_seconds()) < 60


@pytest.mark.parametrize("name", ["bad-image-tag", "missing-secret", "failing-probe"])
def test_a_stuck_rollout_has_passed_its_deadline_while_old_pods_serve(name):
    deployment = _subject(_shown(name))
    progressing = condition(deployment, "Progressing")
    assert (progressing["status"], progressing["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert progressing["message"].endswith("has timed out progressing.")
    assert condition(deployment, "Available")["status"] == "True"


def test_the_demo_story_tells_who_released_what_and_when():
    emulator = _shown("oom-after-release")
    deployment = _subject(emulator)
    notes = deployment["metadata"]["annotations"]
    assert notes[REVISION] == "3"
    assert "v2.14.5 (adds a response cache)" in notes["kubernetes.io/change-cause"]
    sets = emulator.store.owned_by(REPLICASETS, deployment)
    causes = {each["metadata"]["annotations"][REVISION]: each["metadata"]["annotations"] for each in sets}
    assert "v2.14.4" in causes["2"]["kubernetes.io/change-cause"]
    newest = next(each for each in sets if each["metadata"]["annotations"][REVISION] == "3")
    age = emulator.clock.now - parse_stamp(newest["metadata"]["creationTimestamp"])
    assert 34 <= age.total_seconds() / 60 <= 36
    pods = [pod for pod in emulator.store.all_of(PODS, "proteus-dev") if "proteus-api" in pod["metadata"]["name"]]
    assert all(6 <= dig(pod, "status", "containerStatuses", 0, "restartCount") <= 8 for pod in pods)
    reasons = {event["reason"] for event in emulator.store.all_of(EVENTS, "proteus-dev")}
    assert {"BackOff", "ScalingReplicaSet", "Unhealthy", "Killing"} <= reasons


def test_the_demo_story_stays_in_back_off_long_enough_to_be_told():
    emulator = _play("oom-after-release")
    emulator.clock.advance(180)
    assert {pod_words(pod, emulator.clock.now).status for pod in _unready(emulator)} == {"CrashLoopBackOff"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("histroy: []", "unknown key histroy"),
        ("cluster: {}\nhistory: [{ago: 3x, objects: []}]", "'3x' is no span"),
        ("cluster: {}\nhistory: [{ago: 3, objects: []}]", "lacks a unit"),
        ("cluster: {}\nhistory: [{ago: 3d}]", "exactly one of"),
        ("cluster: {}\nhistory: [{ago: 3d, node: {name: a}}]", "does is missing"),
        ("cluster: {}\nhistory: [{ago: 3d, node: {name: a, does: sings}}]", "must be one of stops, returns"),
        ("cluster: {}\nhistory: [{ago: 3d, workload: {name: a, namespace: b, image: c, kind: Pod}}]", "must be one of"),
        ("cluster: {}\nhistory: [{ago: 3d, workload: {name: a}}]", "namespace, image is missing"),
        ("cluster: {}\nimages: {a: {startz_in: 3}}", "unknown key startz_in"),
        ("cluster: {}\nimages: {a: {serves: [{paths: []}]}}", "port"),
        ("a: [", "is not valid YAML"),
        ("[]", "must be a mapping"),
    ],
)
def test_a_broken_scenario_is_explained(tmp_path, text, complaint):
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as told:
        load_scenario(path)
    assert complaint in str(told.value)


def test_an_unknown_scenario_is_answered_with_the_names_that_there_are():
    with pytest.raises(ScenarioError, match="oom-after-release"):
        load_scenario("nope")


CROWD = """
title: a big cluster
cluster: {}
include: [platform]
history:
  - {ago: 9d, objects: [{kind: Namespace, metadata: {name: many}}]}
  - {ago: 8d, crowd: {namespace: many, like: ingress-controller, pods: 2000}}
"""


def test_a_crowd_of_extras_makes_a_big_cluster_at_once(tmp_path):
    path = tmp_path / "crowd.yaml"
    path.write_text(CROWD, encoding="utf-8")
    emulator = ClusterEmulator(load_scenario(path), clock=VirtualClock(speed=0))
    pods = emulator.store.all_of(PODS, "many")
    assert len({pod["metadata"]["uid"] for pod in pods}) == 2000
    assert {pod_words(pod, emulator.clock.now).status for pod in pods} == {"Running"}
    delete(emulator.store, PODS, pods[0])
    emulator.clock.advance(60)
    assert len(emulator.store.all_of(PODS, "many")) == 1999


def test_a_crowd_like_nobody_is_refused(tmp_path):
    path = tmp_path / "crowd.yaml"
    path.write_text(CROWD.replace("ingress-controller", "nobody"), encoding="utf-8")
    with pytest.raises(ScenarioError, match="no pod whose name begins with 'nobody'"):
        ClusterEmulator(load_scenario(path), clock=VirtualClock(speed=0))


def test_the_papers_name_every_scenario_with_its_title():
    paper = Path(__file__).parents[3] / "docs" / "emulators.md"
    rows = [line for line in paper.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert [f"| `{name}` | {load_scenario(name).title} |" for name in scenario_names()] == rows
