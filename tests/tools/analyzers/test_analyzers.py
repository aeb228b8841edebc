"""The analyzers on small hand-made snapshots: what they find, and above all where they keep quiet."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from safety.redaction import Redactor
from tools.analyzers import analyze
from tools.evidence import Evidence, EvidenceId, Finding, ObjectRef
from tools.kubernetes.objects import missing_thing
from tools.snapshot import (
    Container,
    Deployment,
    Difference,
    Ended,
    Event,
    LogTail,
    Pod,
    Probe,
    Release,
    Snapshot,
    Thresholds,
    Topic,
    Workload,
)

SAY = Redactor().text
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
RELEASED = NOW - timedelta(minutes=30)
OWNER = ObjectRef("Deployment", "ns", "app")


def seen(identity: str) -> Evidence:
    return Evidence(EvidenceId(identity), "test", identity, None, SAY(identity))


def event(pod: str, reason: str, message: str, count: int = 5, first: datetime | None = None) -> Event:
    return Event(
        subject=ObjectRef("Pod", "ns", pod),
        kind="Warning",
        reason=reason,
        message=SAY(message),
        count=count,
        first_at=first or RELEASED + timedelta(minutes=3),
        last_at=NOW,
        missing=missing_thing(message),
        evidence=seen(f"event {pod} {reason} {message}"),
    )


def ended(code: int, reason: str = "Error", ago: timedelta = timedelta(minutes=1)) -> Ended:
    return Ended(reason, code, NOW - ago - timedelta(minutes=1), NOW - ago, SAY(""))


BASE = Container(
    name="main",
    image="img:2",
    is_init=False,
    state="waiting",
    reason="CrashLoopBackOff",
    message=SAY(""),
    ready=False,
    restarts=8,
    running_since=None,
    ended=ended(1),
    memory_limit="256Mi",
    ports=(("http", "8080"),),
    liveness=None,
    readiness=None,
    startup=None,
)


def container(**changes: Any) -> Container:
    return dataclasses.replace(BASE, **changes)


def pod(*containers: Container, name: str = "app-new-1", events: tuple[Event, ...] = (), **changes: Any) -> Pod:
    made = Pod(
        ref=ObjectRef("Pod", "ns", name),
        created_at=RELEASED,
        phase="Running",
        reason="",
        message=SAY(""),
        node="n1",
        owner=ObjectRef("ReplicaSet", "ns", "app-new"),
        template_hash="new",
        containers=containers,
        unschedulable=None,
        requests=SAY("cpu 1"),
        going=False,
        evidence=seen(f"pod {name}"),
        events=events,
    )
    return dataclasses.replace(made, **changes)


def difference(topic: Topic, before: str = "a", after: str = "b") -> Difference:
    return Difference(topic, SAY(topic), SAY(before), SAY(after))


def release(number: int, *changes: Difference, at: datetime = RELEASED, back: bool = False, **more: Any) -> Release:
    made = Release(
        number=number,
        replica_set=f"app-{number}",
        template_hash="new",
        created_at=at,
        images=("img",),
        title=SAY(f"revision {number}"),
        by=None,
        desired=3,
        current=3,
        ready=0,
        came_back=back,
        config_names=frozenset(),
        differences=changes,
        evidence=seen(f"release {number}"),
    )
    return dataclasses.replace(made, **more)


OLD = release(1, at=NOW - timedelta(days=9), template_hash="old")


def deployment(*releases: Release, **changes: Any) -> Deployment:
    made = Deployment(
        ref=OWNER,
        uid="u",
        generation=2,
        observed_generation=2,
        created_at=NOW - timedelta(days=9),
        desired=3,
        current=3,
        ready=0,
        updated=3,
        available=0,
        paused=False,
        deleting=False,
        deadline_exceeded=False,
        replica_failure=None,
        evidence=seen("deployment"),
        releases=releases,
    )
    return dataclasses.replace(made, **changes)


def snapshot(*pods: Pod, of: Deployment | None = None, ref: ObjectRef = OWNER) -> Snapshot:
    workload = Workload(ref, pods, of)
    return Snapshot("c", "ns", NOW, workloads=(workload,), deployments=(of,) if of else ())


def only(found: Snapshot) -> Finding:
    (finding,) = causes(found)
    assert finding.evidence
    return finding


def causes(found: Snapshot) -> list[Finding]:
    return list(analyze(found).roots)


BACK_OFF = (event("app-new-1", "BackOff", "Back-off restarting failed container"),)
OOM = container(ended=ended(137, "OOMKilled"))


def test_a_lowered_memory_limit_is_the_culprit_even_long_after() -> None:
    newest = release(2, difference("memory limit", "512Mi", "256Mi"), at=NOW - timedelta(days=3))
    finding = only(snapshot(pod(OOM, events=BACK_OFF), of=deployment(newest, OLD)))
    assert (finding.category, finding.culprit) == ("oom_killed", "Deployment/ns/app@2")
    assert finding.remedy is not None
    assert finding.remedy.to_revision == 1


def test_a_new_image_is_the_culprit_when_the_trouble_began_shortly_after_it() -> None:
    newest = release(2, difference("image"))
    finding = only(snapshot(pod(OOM, events=BACK_OFF), of=deployment(newest, OLD)))
    assert finding.culprit == "Deployment/ns/app@2"


@pytest.mark.parametrize("topic", ["image", "memory limit"])
def test_an_old_release_is_not_blamed_for_what_it_did_not_cause(topic: Topic) -> None:
    newest = release(2, difference(topic, "256Mi", "512Mi"), at=NOW - timedelta(days=3))
    finding = only(snapshot(pod(OOM, events=BACK_OFF), of=deployment(newest, OLD)))
    assert (finding.category, finding.culprit, finding.remedy) == ("oom_killed", None, None)


def test_without_an_earlier_revision_nothing_is_blamed_or_suggested() -> None:
    finding = only(snapshot(pod(OOM, events=BACK_OFF), of=deployment(release(1))))
    assert (finding.culprit, finding.remedy) == (None, None)


def test_when_pods_of_an_earlier_release_fail_too_it_is_not_the_release() -> None:
    newest = release(2, difference("image"))
    pods = pod(OOM, events=BACK_OFF), pod(OOM, name="app-old-1", template_hash="old")
    assert only(snapshot(*pods, of=deployment(newest, OLD))).culprit is None


def test_a_restart_since_the_release_is_looked_through() -> None:
    restarted = release(3, difference("restart"), at=NOW - timedelta(minutes=5))
    newest = release(2, difference("image"), template_hash="mid")
    finding = only(snapshot(pod(OOM, events=BACK_OFF), of=deployment(restarted, newest, OLD)))
    assert finding.culprit == "Deployment/ns/app@2"
    assert finding.remedy is not None
    assert finding.remedy.to_revision == 1


def test_a_release_that_was_brought_back_is_not_blamed() -> None:
    newest = release(3, difference("image"), back=True)
    finding = only(snapshot(pod(OOM, events=BACK_OFF), of=deployment(newest, OLD)))
    assert (finding.culprit, finding.remedy) == (None, None)


def test_nothing_is_suggested_before_it_crashed_often_enough() -> None:
    newest = release(2, difference("image"))
    young = container(ended=ended(137, "OOMKilled"), restarts=3)
    finding = only(snapshot(pod(young, events=BACK_OFF), of=deployment(newest, OLD)))
    assert finding.culprit == "Deployment/ns/app@2"
    assert finding.remedy is None


def test_a_paused_deployment_is_not_to_be_rolled_back() -> None:
    newest = release(2, difference("image"))
    assert only(snapshot(pod(OOM, events=BACK_OFF), of=deployment(newest, OLD, paused=True))).remedy is None


def test_137_without_the_kernels_word_is_less_sure() -> None:
    sure = only(snapshot(pod(OOM), of=deployment(OLD)))
    unsure = only(snapshot(pod(container(ended=ended(137))), of=deployment(OLD)))
    assert unsure.category == "oom_killed"
    assert unsure.confidence < sure.confidence
    assert only(snapshot(pod(container(ended=ended(137), memory_limit=None)))).category == "app_crash"


def test_an_exit_of_its_own_is_a_crash_with_its_log_cited() -> None:
    log = LogTail(ObjectRef("Pod", "ns", "app-new-1"), "main", True, SAY("boom"), seen("log"))
    finding = only(snapshot(pod(container(), logs=(log,)), of=deployment(OLD)))
    assert finding.category == "app_crash"
    assert "log" in [each.id for each in finding.evidence]
    assert "exit code 1" in finding.summary


@pytest.mark.parametrize(
    "quiet",
    [
        container(state="terminated", reason="Completed", ended=ended(0, "Completed"), restarts=0),
        container(state="running", reason="", ready=True, restarts=1, ended=ended(1)),
        container(state="running", reason="", ready=True, restarts=5, ended=ended(1)),
        container(state="running", reason="", ready=True, restarts=9, ended=ended(137, "OOMKilled", timedelta(days=2))),
        container(state="waiting", reason="ContainerCreating", ended=None, restarts=0),
    ],
    ids=["completed", "one restart", "five restarts", "long ago", "starting"],
)
def test_healthy_noise_yields_nothing(quiet: Container) -> None:
    assert causes(snapshot(pod(quiet), of=deployment(OLD, available=3, ready=3))) == []


def test_more_than_five_recent_restarts_of_a_pod_of_some_age_are_a_crash() -> None:
    again = container(state="running", reason="", ready=True, restarts=6, ended=ended(1))
    assert only(snapshot(pod(again), of=deployment(OLD))).category == "app_crash"
    fresh = pod(again, created_at=NOW - timedelta(minutes=4))
    assert causes(snapshot(fresh, of=deployment(OLD))) == []


PULL = container(reason="ImagePullBackOff", ended=None, restarts=0)


@pytest.mark.parametrize(
    ("message", "category"),
    [
        ('Failed to pull image "img:2": code = NotFound: img:2: not found', "image_not_found"),
        ("Failed to pull image: manifest unknown", "image_not_found"),
        ("Failed to pull image: 401 Unauthorized", "image_auth"),
        ("pull access denied, repository does not exist or may require authorization", "image_auth"),
        ("toomanyrequests: You have reached your pull rate limit", "image_rate_limited"),
        ("dial tcp 10.0.0.1:443: i/o timeout", "image_registry_unreachable"),
        ("unexpected status from HEAD request to https://r.io/v2: 502 Bad Gateway", "image_registry_unreachable"),
        ('Container image "img:2" is not present with pull policy of Never', "image_not_found"),
    ],
)
def test_the_registrys_words_decide_what_is_wrong_with_an_image(message: str, category: str) -> None:
    events = (event("app-new-1", "Failed", message), event("app-new-1", "Failed", "Error: ImagePullBackOff", 90))
    finding = only(snapshot(pod(PULL, events=events), of=deployment(release(2, difference("image")), OLD)))
    assert finding.category == category
    assert (finding.remedy is not None) == (category in ("image_not_found", "image_auth"))


def test_a_registry_that_takes_no_more_pulls_is_no_fault_of_the_release() -> None:
    events = (event("app-new-1", "Failed", "toomanyrequests: You have reached your pull rate limit"),)
    found = only(snapshot(pod(PULL, events=events), of=deployment(release(2, difference("image")), OLD)))
    assert (found.category, found.culprit) == ("image_rate_limited", None)


@pytest.mark.parametrize(
    ("reason", "category", "confidence"),
    [("BackOff", "image_not_found", 0.5), ("FailedToRetrieveImagePullSecret", "image_auth", 0.7)],
)
def test_without_the_registrys_words_the_likeliest_is_named_as_such(
    reason: str, category: str, confidence: float
) -> None:
    events = (event("app-new-1", reason, "Back-off pulling image"),)
    finding = only(snapshot(pod(PULL, events=events)))
    assert (finding.category, finding.confidence) == (category, confidence)
    assert "nothing that was read says why" in finding.summary


def test_an_image_that_does_not_come_for_a_few_seconds_is_nothing() -> None:
    young = pod(PULL, events=(event("app-new-1", "Failed", "not found"),), created_at=NOW - timedelta(seconds=10))
    assert causes(snapshot(young, of=deployment(OLD))) == []


CONFIG = container(reason="CreateContainerConfigError", ended=None, restarts=0)


@pytest.mark.parametrize(
    ("message", "category", "words"),
    [
        ('Error: secret "creds" not found', "missing_secret", "Secret creds does not exist"),
        ('Error: configmap "flags" not found', "missing_configmap", "ConfigMap flags does not exist"),
        ("Error: couldn't find key url in Secret ns/creds", "missing_secret", "Secret creds has no key url"),
        (
            'MountVolume.SetUp failed for volume "api-token" : secret "creds" not found',
            "missing_secret",
            "Secret creds",
        ),
    ],
)
def test_what_is_missing_is_read_from_the_message(message: str, category: str, words: str) -> None:
    reason = "FailedMount" if "Mount" in message else "Failed"
    finding = only(snapshot(pod(CONFIG, events=(event("app-new-1", reason, message),)), of=deployment(OLD)))
    assert finding.category == category
    assert words in finding.summary


def test_the_release_that_first_asks_for_the_missing_thing_is_the_culprit() -> None:
    newest = release(2, difference("environment"), at=NOW - timedelta(days=2), config_names=frozenset({"Secret/creds"}))
    events = (event("app-new-1", "Failed", 'Error: secret "creds" not found'),)
    assert only(snapshot(pod(CONFIG, events=events), of=deployment(newest, OLD))).culprit == "Deployment/ns/app@2"
    had = dataclasses.replace(OLD, config_names=frozenset({"Secret/creds"}))
    assert only(snapshot(pod(CONFIG, events=events), of=deployment(newest, had))).culprit is None


def probe(port: str = "8080") -> Probe:
    return Probe(f"GET :{port}/ok", port, "/ok", 10, 1, 3, 0)


def unready(**changes: Any) -> Container:
    running = {"state": "running", "reason": "", "restarts": 0, "ended": None, "readiness": probe()}
    return container(**{**running, "running_since": NOW - timedelta(minutes=20), **changes})


REFUSED = 'Readiness probe failed: Get "http://10.0.0.1:8080/ok": connect: connection refused'


@pytest.mark.parametrize(
    ("asked", "message", "changed", "category"),
    [
        (probe(), REFUSED, "image", "readiness_probe_failing"),
        (probe(), REFUSED, "readiness probe", "readiness_probe_misconfig"),
        (probe("9999"), REFUSED, "image", "readiness_probe_misconfig"),
        (probe("http"), REFUSED, "image", "readiness_probe_failing"),
        (
            probe(),
            "Readiness probe failed: HTTP probe failed with statuscode: 404",
            "image",
            "readiness_probe_misconfig",
        ),
        (probe(), "Readiness probe failed: HTTP probe failed with statuscode: 503", "image", "readiness_probe_failing"),
    ],
)
def test_a_probe_is_misconfigured_or_its_program_is_not_well(
    asked: Probe, message: str, changed: Topic, category: str
) -> None:
    events = (event("app-new-1", "Unhealthy", message),)
    newest = release(2, difference(changed))
    finding = only(snapshot(pod(unready(readiness=asked), events=events), of=deployment(newest, OLD)))
    assert finding.category == category


def test_a_single_failed_probe_or_a_fresh_start_is_nothing() -> None:
    once = pod(unready(), events=(event("app-new-1", "Unhealthy", REFUSED, count=1),))
    fresh = pod(unready(running_since=NOW - timedelta(seconds=30)), events=(event("app-new-1", "Unhealthy", REFUSED),))
    for quiet in (once, fresh):
        assert causes(snapshot(quiet, of=deployment(OLD))) == []


def test_a_program_that_is_killed_by_its_liveness_probe_did_not_run_out_of_memory() -> None:
    events = (event("app-new-1", "Unhealthy", "Liveness probe failed: timeout"), *BACK_OFF)
    killed = container(ended=ended(137), liveness=probe())
    finding = only(snapshot(pod(killed, events=events), of=deployment(OLD)))
    assert (finding.category, finding.remedy) == ("liveness_probe_failing", None)


def test_a_program_that_dies_by_itself_is_a_crash_though_its_probes_fail_too() -> None:
    events = (event("app-new-1", "Unhealthy", REFUSED), event("app-new-1", "Unhealthy", "Liveness probe failed: x"))
    assert only(snapshot(pod(container(), events=events), of=deployment(OLD))).category == "app_crash"


def pending(message: str, **changes: Any) -> Pod:
    waiting = container(state="unknown", reason="", ended=None, restarts=0)
    made = pod(waiting, phase="Pending", unschedulable=SAY(message), node=None)
    told = (event("app-new-1", "FailedScheduling", message),)
    return dataclasses.replace(made, events=told, **changes)


@pytest.mark.parametrize(
    ("message", "category"),
    [
        ("0/3 nodes are available: 3 Insufficient memory.", "insufficient_resources"),
        (
            "0/3 nodes are available: 1 node(s) had untolerated taint {a: b}, 2 Insufficient cpu.",
            "insufficient_resources",
        ),
        ("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", "node_selector_mismatch"),
        ("0/3 nodes are available: 3 node(s) had untolerated taint {gpu: true}.", "taint_not_tolerated"),
        ("pod has unbound immediate PersistentVolumeClaims", "pvc_unbound"),
    ],
)
def test_the_schedulers_words_decide_why_a_pod_waits(message: str, category: str) -> None:
    finding = only(snapshot(pending(message), of=deployment(OLD)))
    assert (finding.category, finding.remedy) == (category, None)


def test_a_release_that_asks_for_more_is_the_culprit_of_pods_that_wait() -> None:
    newest = release(2, difference("memory request", "1Gi", "64Gi"))
    finding = only(snapshot(pending("3 Insufficient memory."), of=deployment(newest, OLD)))
    assert finding.culprit == "Deployment/ns/app@2"
    assert finding.remedy is not None


def test_a_pod_that_waits_for_a_minute_is_nothing() -> None:
    young = pending("3 Insufficient cpu.", created_at=NOW - timedelta(minutes=1))
    assert causes(snapshot(young, of=deployment(OLD))) == []


def test_a_pod_that_waits_for_a_node_on_its_way_is_given_longer() -> None:
    coming = event("app-new-1", "TriggeredScaleUp", "pod triggered scale-up", count=1)
    for minutes, count in ((9, 0), (11, 1)):
        waiting = pending("3 Insufficient cpu.", created_at=NOW - timedelta(minutes=minutes))
        waiting = dataclasses.replace(waiting, events=(*waiting.events, coming))
        assert len(causes(snapshot(waiting, of=deployment(OLD)))) == count


def test_a_stuck_rollout_is_a_symptom_beside_its_cause_and_a_finding_without_one() -> None:
    stuck = deployment(release(2, difference("image")), OLD, deadline_exceeded=True, updated=1)
    assert only(snapshot(pod(OOM, events=BACK_OFF), of=stuck)).category == "oom_killed"
    assert only(snapshot(of=stuck)).category == "rollout_stuck"


def test_a_used_up_quota_is_found_on_the_controller() -> None:
    words = 'pods "app-1" is forbidden: exceeded quota: q'
    short = deployment(OLD, replica_failure=SAY(words))
    finding = only(snapshot(of=short))
    assert (finding.category, finding.remedy) == ("quota_exceeded", None)


def test_other_controllers_get_findings_and_no_rollback() -> None:
    ref = ObjectRef("StatefulSet", "ns", "db")
    finding = only(snapshot(pod(OOM, name="db-0", template_hash=None), ref=ref))
    assert (finding.subject, finding.category, finding.remedy) == (ref, "oom_killed", None)
    job = only(snapshot(pod(container(), name="j-1"), ref=ObjectRef("Job", "ns", "j")))
    assert job.category == "job_failed"


def test_a_job_that_failed_long_ago_is_no_news() -> None:
    ref = ObjectRef("Job", "ns", "j")
    for ago, count in ((timedelta(minutes=5), 1), (timedelta(days=2), 0)):
        done = container(state="terminated", reason="Error", restarts=0, ended=ended(1, ago=ago))
        assert len(causes(snapshot(pod(done, name="j-1", phase="Failed"), ref=ref))) == count


def test_thresholds_are_settings() -> None:
    again = container(state="running", reason="", ready=True, restarts=2, ended=ended(1))
    found = snapshot(pod(again), of=deployment(OLD))
    assert causes(found) == []
    assert len(causes(dataclasses.replace(found, thresholds=Thresholds(restarts=1)))) == 1


def test_a_restart_is_never_suggested() -> None:
    for found in (snapshot(pod(OOM)), snapshot(pod(container())), snapshot(pending("Insufficient cpu"))):
        remedy = only(found).remedy
        assert remedy is None or remedy.class_ != "restart"
