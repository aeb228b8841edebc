"""The library itself: each scenario can be written, is whole, and its truth is about things that are in it."""

import functools
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml
from kubernetes.client import ApiClient

from tests.scenarios.kit import JsonObject, Scenario, all_scenarios, write
from tools.evidence import Category

VERDICTS = {"incident", "healthy", "inconclusive"}
REMEDIES = {"restart", "rollback", "scale", "delete-pod", "none"}
WELL = {"healthy", "no_issue", "recovered", "rollout_in_progress", "transient"}
# Kinds of which the client has several forms.
MODELS = {"Event": "CoreV1Event", "HorizontalPodAutoscaler": "V2HorizontalPodAutoscaler"}
# Words that an author might name a thing after its part in the story.
GIVEAWAYS = re.compile(
    r"broken|faulty|failing|failed|crash|leak|\boom|oomkill|stuck|misconfig|mismatch|unreachable|bad-|-bad\b|wrong|"
    r"problem|victim|culprit|innocent|decoy|herring"
)


@functools.cache
def _library() -> tuple[Scenario, ...]:
    return tuple(all_scenarios())


NAMES = [each.name for each in _library()]
each_scenario = pytest.mark.parametrize("made", _library(), ids=NAMES)


def _full_name(found: JsonObject) -> str:
    meta = found["metadata"]
    return "/".join(filter(None, (found["kind"], meta.get("namespace"), meta["name"])))


def _rollouts(made: Scenario) -> Iterator[str]:
    """The ids of all rollouts: of Deployments by their ReplicaSets, of the others by their ControllerRevisions."""
    for found in made.objects:
        for owner in found["metadata"].get("ownerReferences", []):
            place = f"{owner['kind']}/{found['metadata']['namespace']}/{owner['name']}"
            if found["kind"] == "ReplicaSet":
                yield f"{place}@{found['metadata']['annotations']['deployment.kubernetes.io/revision']}"
            elif found["kind"] == "ControllerRevision":
                yield f"{place}@{found['revision']}"


def test_names_are_unique() -> None:
    assert len(NAMES) == len(set(NAMES))


@each_scenario
def test_a_scenario_is_written_as_a_dump(made: Scenario, tmp_path: Path) -> None:
    write(made, tmp_path / made.name)
    listing = json.loads((tmp_path / made.name / "cluster.json").read_text(encoding="utf-8"))
    assert listing["kind"] == "List"
    assert len(listing["items"]) == len(made.objects) > 10
    assert yaml.safe_load((tmp_path / made.name / "meta.yaml").read_text(encoding="utf-8")).keys() == {"observed_at"}
    logs = {each.name for each in (tmp_path / made.name / "logs").iterdir()}
    assert len(logs) == len(made.logs) + len(made.previous_logs)
    assert (tmp_path / made.name / "changes.json").exists() == (made.changes is not None)
    assert (tmp_path / made.name / "metrics.json").exists() == (made.metrics is not None)


def test_a_scenario_is_the_same_each_time_it_is_made() -> None:
    again = {each.name: each for each in all_scenarios()}
    assert all(again[each.name] == each for each in _library())


@each_scenario
def test_every_object_is_whole_and_there_once(made: Scenario) -> None:
    uids = set()
    for each in made.objects:
        meta = each["metadata"]
        assert each["apiVersion"], each
        assert meta["name"], each
        assert meta["creationTimestamp"] <= made.observed_at.strftime("%Y-%m-%dT%H:%M:%SZ"), _full_name(each)
        assert int(meta["resourceVersion"]) > 0
        uids.add(meta["uid"])
    assert len(uids) == len({_full_name(each) for each in made.objects}) == len(made.objects)


def _lost(before: object, after: object, path: str) -> Iterator[str]:
    """Fields with a value that did not survive."""
    if isinstance(before, dict):
        for key, value in before.items():
            if value in (None, {}, [], ""):
                continue
            if not isinstance(after, dict) or key not in after:
                yield f"{path}.{key}"
            else:
                yield from _lost(value, after[key], f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list):
        for one, other in zip(before, after, strict=True):
            yield from _lost(one, other, f"{path}[]")


@each_scenario
def test_the_official_client_knows_every_field_and_misses_none(made: Scenario) -> None:
    api = ApiClient()
    for each in made.objects:
        if each["apiVersion"].startswith("gateway.networking.k8s.io/"):
            continue  # Not part of Kubernetes itself.
        model = MODELS.get(each["kind"], f"V1{each['kind']}")
        back = api.sanitize_for_serialization(api.deserialize(json.dumps(each), model, "application/json"))
        assert list(_lost(each, back, _full_name(each))) == []


def _moments(found: object) -> Iterator[tuple[str, str]]:
    """Every pair of begin and end in an object."""
    if isinstance(found, dict):
        for begin, end in (
            ("startedAt", "finishedAt"),
            ("startTime", "completionTime"),
            ("firstTimestamp", "lastTimestamp"),
        ):
            if found.get(begin) and found.get(end):
                yield found[begin], found[end]
        for value in found.values():
            yield from _moments(value)
    elif isinstance(found, list):
        for value in found:
            yield from _moments(value)


def _stamps(found: object) -> Iterator[str]:
    if isinstance(found, dict):
        for key, value in found.items():
            if key.endswith(("Timestamp", "Time", "startedAt", "finishedAt")) and isinstance(value, str):
                yield value
            elif key not in ("annotations", "deletionTimestamp"):
                yield from _stamps(value)
    elif isinstance(found, list):
        for value in found:
            yield from _stamps(value)


@each_scenario
def test_nothing_ends_before_it_began_or_happens_before_its_object_or_in_the_future(made: Scenario) -> None:
    now = made.observed_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    for each in made.objects:
        assert all(begin <= end for begin, end in _moments(each)), _full_name(each)
        if each["kind"] in ("Pod", "Job", "Event"):
            born = each["metadata"]["creationTimestamp"]
            times = sorted(_stamps({**each, "metadata": {}}))
            assert not times or times[0][:19] >= born[:19], (_full_name(each), times[0])
            assert not times or times[-1][:19] <= now[:19], (_full_name(each), times[-1])


@each_scenario
def test_no_event_is_older_than_the_server_keeps_them(made: Scenario) -> None:
    for each in made.objects:
        if each["kind"] == "Event":
            last = each.get("series", {}).get("lastObservedTime") or each["lastTimestamp"] or each["eventTime"]
            assert made.observed_at - datetime.fromisoformat(last.replace("Z", "+00:00")) <= timedelta(hours=1), each


@each_scenario
def test_owners_nodes_and_namespaces_exist(made: Scenario) -> None:
    by_uid = {each["metadata"]["uid"]: each for each in made.objects}
    nodes = {each["metadata"]["name"] for each in made.objects if each["kind"] == "Node"}
    namespaces = {each["metadata"]["name"] for each in made.objects if each["kind"] == "Namespace"}
    for each in made.objects:
        for owner in each["metadata"].get("ownerReferences", []):
            found = by_uid[owner["uid"]]
            assert (found["kind"], found["metadata"]["name"]) == (owner["kind"], owner["name"])
        assert {each["metadata"].get("namespace", "default")} <= namespaces, _full_name(each)
        if each["kind"] == "Pod" and "nodeName" in each["spec"]:
            assert each["spec"]["nodeName"] in nodes


@each_scenario
def test_logs_belong_to_containers_that_exist(made: Scenario) -> None:
    containers = {
        (each["metadata"]["namespace"], each["metadata"]["name"], container["name"])
        for each in made.objects
        if each["kind"] == "Pod"
        for container in [*each["spec"].get("initContainers", []), *each["spec"]["containers"]]
    }
    assert {*made.logs, *made.previous_logs} <= containers
    assert all(text.strip() for text in [*made.logs.values(), *made.previous_logs.values()])


@each_scenario
def test_the_truth_names_what_is_in_the_scenario(made: Scenario) -> None:
    truth = made.truth
    names = {_full_name(each) for each in made.objects}
    changes = {each["id"] for each in made.changes or ()} | set(_rollouts(made))
    assert truth.verdict in VERDICTS
    assert truth.categories
    assert set(truth.categories) <= {each.value for each in Category}
    assert set(truth.remediation) <= REMEDIES
    assert bool(truth.targets) == (set(truth.remediation) != {"none"})
    assert {*truth.subjects, *truth.targets} <= names
    assert {*filter(None, [truth.culprit]), *truth.culprits, *truth.innocent} <= changes
    assert not {truth.culprit, *truth.culprits} & set(truth.innocent)
    assert len({each["id"] for each in made.changes or ()}) == len(made.changes or ())
    if truth.verdict == "healthy":
        assert set(truth.categories) <= WELL
        assert truth.culprit is None
    else:
        assert not set(truth.categories) & WELL
    if truth.verdict == "incident":
        assert truth.subjects
        assert truth.evidence


@each_scenario
def test_what_the_evidence_should_hold_is_there_to_be_found(made: Scenario) -> None:
    shown = json.dumps([made.objects, made.changes, made.metrics], ensure_ascii=False, default=str)
    texts = [shown, *made.logs.values(), *made.previous_logs.values()]
    for wanted in made.truth.evidence:
        spellings = (wanted, json.dumps(wanted, ensure_ascii=False)[1:-1])
        assert any(spelling in text for text in texts for spelling in spellings), wanted


# What a good report may say about any scenario: that something is not so, or would not help.
FAIR = (
    "A restart would not help: it would end the same way. A restart would ask for the same and be refused.",
    "Rolling back would not help, as the older revision needs the same. There is no earlier revision to roll back to.",
    "No quota, taint, network policy or lack of memory is in the way; the CronJob is not suspended.",
    "Adding nodes would not help. Scaling out would not help. Deleting the pod would not help.",
    "It was not killed for memory, and the image exists. The probe is set up as before. The kubelet of each node is well.",
    "Nothing is down. None of the pods is failing. No root cause was found, as nothing is wrong.",
)


@each_scenario
def test_what_must_not_be_said_leaves_room_for_the_question_and_for_denials(made: Scenario) -> None:
    for pattern in made.truth.must_not_say:
        for sentence in (made.question, *FAIR):
            assert not re.search(pattern, sentence, re.IGNORECASE), (pattern, sentence)


@each_scenario
def test_no_name_gives_the_answer_away(made: Scenario) -> None:
    words = {each.value.replace("_", "-") for each in Category}
    for each in made.objects:
        if each["kind"] == "Event":
            continue
        for name in (each["metadata"]["name"], each["metadata"].get("namespace", "")):
            assert not GIVEAWAYS.search(name), name
            assert not [word for word in words if word in name], name


@each_scenario
def test_a_person_is_told_what_the_scenario_is_about(made: Scenario) -> None:
    assert len(made.notes) > 40
    assert made.question.strip()
