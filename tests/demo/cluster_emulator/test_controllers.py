"""Cron jobs, autoscalers, revisions and nodes: what the control plane does by itself, on a clock moved by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock, load_scenario
from bot.demo.cluster_emulator.controllers.schedules import parse_schedule
from bot.demo.cluster_emulator.defaults import apply_defaults
from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.objects import clone, condition, dig, name_of, parse_stamp
from bot.demo.cluster_emulator.podwords import pod_words
from bot.demo.cluster_emulator.resources import (
    AUTOSCALERS,
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    EVENTS,
    JOBS,
    NODES,
    PODS,
    REVISIONS,
    STATEFULSETS,
    resource_of_kind,
)

START = datetime(2026, 3, 4, 10, 7, tzinfo=UTC)
LABELS = {"app": "set"}


@pytest.fixture
def lab() -> ClusterEmulator:
    scenario = load_scenario(Path(__file__).with_name("lab.yaml"))
    return ClusterEmulator(scenario, clock=VirtualClock(START, speed=0))


def _create(lab, kind, name, spec):
    resource = resource_of_kind(kind)
    made = lab.store.prepare(resource, {"metadata": {"name": name, "namespace": "lab"}, "spec": spec})
    apply_defaults(resource, made)
    return lab.store.keep(resource, made)


def _update(lab, resource, name, namespace="lab", **spec):
    held = clone(lab.store.require(resource, namespace, name))
    held["spec"].update(spec)
    return lab.store.update(resource, held)


def _container(image, **more):
    return {"name": "main", "image": f"registry.example.com/lab/{image}", **more}


def _template(image, **more):
    return {"metadata": {"labels": LABELS}, "spec": {"containers": [_container(image, **more)]}}


def _set_spec(image, **more):
    return {"selector": {"matchLabels": LABELS}, "template": _template(image), **more}


def _job_spec(image, **more):
    return {"template": {"spec": {"restartPolicy": "Never", "containers": [_container(image)]}}, **more}


def _events(lab, reason, namespace="lab"):
    return [each["message"] for each in lab.store.all_of(EVENTS, namespace) if each["reason"] == reason]


# ---- schedules ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/15 * * * *", "2026-03-04T10:15"),
        ("0 9-17/4 * * *", "2026-03-04T13:00"),
        ("30 6 * * mon", "2026-03-09T06:30"),
        ("0 0 1 jan *", "2027-01-01T00:00"),
        ("0 0 13 * 5", "2026-03-06T00:00"),
        ("0 12 * * 7", "2026-03-08T12:00"),
        ("7,9 10 * * *", "2026-03-04T10:09"),
        ("@hourly", "2026-03-04T11:00"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
    ],
)
def test_a_schedule_means_the_next_of_its_moments(text, expected):
    assert parse_schedule(text).next_after(START) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_moment_that_never_comes_is_none():
    assert parse_schedule("0 0 30 2 *").next_after(START) is None


@pytest.mark.parametrize("text", ["* * * *", "60 * * * *", "a * * * *", "5-1 * * * *"])
def test_what_is_no_schedule_is_refused(text):
    with pytest.raises(ValueError, match=r"fields|outside|parse"):
        parse_schedule(text)


# ---- cron jobs ------------------------------------------------------------------------------------------------------


def _cron(lab, image="finishes:1", **more):
    return _create(
        lab, "CronJob", "tick", {"schedule": "*/10 * * * *", "jobTemplate": {"spec": _job_spec(image)}, **more}
    )


def _jobs(lab):
    return [name_of(job) for job in lab.store.all_of(JOBS, "lab")]


def test_a_cron_job_starts_jobs_when_they_are_due_and_keeps_the_last_three(lab):
    _cron(lab)
    lab.clock.advance(60)
    assert _jobs(lab) == []
    lab.clock.advance(3 * 60)
    minute = int(datetime(2026, 3, 4, 10, 10, tzinfo=UTC).timestamp()) // 60
    assert _jobs(lab) == [f"tick-{minute}"]
    lab.clock.advance(40 * 60)
    assert _jobs(lab) == [f"tick-{minute + 10 * step}" for step in (2, 3, 4)]
    status = lab.store.get(CRONJOBS, "lab", "tick")["status"]
    assert status["lastScheduleTime"] == "2026-03-04T10:50:00Z"
    assert status["lastSuccessfulTime"] > "2026-03-04T10:50:00Z"
    assert "active" not in status
    assert f"Saw completed job: tick-{minute}, condition: Complete" in _events(lab, "SawCompletedJob")
    assert f"Created job tick-{minute}" in _events(lab, "SuccessfulCreate")
    assert f"Deleted job tick-{minute}" in _events(lab, "SuccessfulDelete")


def test_a_suspended_cron_job_starts_nothing_and_catches_up_once(lab):
    _cron(lab, suspend=True)
    lab.clock.advance(3600)
    assert _jobs(lab) == []
    _update(lab, CRONJOBS, "tick", suspend=False)
    lab.clock.advance(30)
    assert len(_jobs(lab)) == 1


def test_a_start_that_is_too_late_is_missed(lab):
    _cron(lab, suspend=True, startingDeadlineSeconds=30)
    lab.clock.advance(3600)
    _update(lab, CRONJOBS, "tick", suspend=False)
    lab.clock.advance(30)
    assert _jobs(lab) == []
    lab.clock.advance(600)
    assert len(_jobs(lab)) == 1


def test_more_than_a_hundred_missed_starts_are_told(lab):
    _cron(lab, suspend=True)
    lab.clock.advance(3600 * 20)
    _update(lab, CRONJOBS, "tick", suspend=False)
    lab.clock.advance(1)
    assert _events(lab, "TooManyMissedTimes")[0].startswith("too many missed start times: 120. ")


@pytest.mark.parametrize(
    ("policy", "active", "reason"), [("Forbid", 1, "JobAlreadyActive"), ("Replace", 1, ""), ("Allow", 3, "")]
)
def test_the_policy_says_what_becomes_of_runs_that_overlap(lab, policy, active, reason):
    _cron(lab, "good:1", concurrencyPolicy=policy)
    lab.clock.advance(25 * 60)
    status = lab.store.get(CRONJOBS, "lab", "tick")["status"]
    assert len(status["active"]) == active
    assert bool(reason) == bool(_events(lab, "JobAlreadyActive"))
    last = {"Forbid": "2026-03-04T10:10:00Z"}.get(policy, "2026-03-04T10:30:00Z")
    assert status["lastScheduleTime"] == last


def test_a_schedule_that_cannot_be_read_is_told(lab):
    _cron(lab, schedule="every day")
    lab.clock.advance(1)
    assert _events(lab, "UnparseableSchedule")[0].startswith("unparseable schedule: every day")


def test_failed_runs_are_kept_by_their_own_limit(lab):
    _create(
        lab,
        "CronJob",
        "tick",
        {"schedule": "*/10 * * * *", "jobTemplate": {"spec": _job_spec("crashes:1", backoffLimit=0)}},
    )
    lab.clock.advance(35 * 60)
    assert len(_jobs(lab)) == 1
    job = lab.store.all_of(JOBS, "lab")[0]
    assert [each["type"] for each in job["status"]["conditions"]] == ["FailureTarget", "Failed"]
    assert "lastSuccessfulTime" not in lab.store.get(CRONJOBS, "lab", "tick")["status"]


# ---- jobs -----------------------------------------------------------------------------------------------------------


def test_a_job_that_takes_too_long_fails_at_its_deadline(lab):
    _create(lab, "Job", "long", _job_spec("good:1", activeDeadlineSeconds=60))
    lab.clock.advance(50)
    assert dig(lab.store.get(JOBS, "lab", "long"), "status", "active") == 1
    lab.clock.advance(20)
    job = lab.store.get(JOBS, "lab", "long")
    assert condition(job, "Failed")["reason"] == "DeadlineExceeded"
    assert condition(job, "Failed")["message"] == "Job was active longer than specified deadline"
    lab.clock.advance(10)
    assert lab.store.all_of(PODS, "lab") == []


def test_containers_started_again_count_against_the_limit(lab):
    spec = _job_spec("crashes:1", backoffLimit=1)
    spec["template"]["spec"]["restartPolicy"] = "OnFailure"
    _create(lab, "Job", "again", spec)
    lab.clock.advance(120)
    assert condition(lab.store.get(JOBS, "lab", "again"), "Failed")["reason"] == "BackoffLimitExceeded"


def test_a_suspended_job_has_no_pods_until_it_is_resumed(lab):
    _create(lab, "Job", "later", _job_spec("finishes:1", suspend=True))
    lab.clock.advance(30)
    assert lab.store.all_of(PODS, "lab") == []
    assert condition(lab.store.get(JOBS, "lab", "later"), "Suspended")["status"] == "True"
    _update(lab, JOBS, "later", suspend=False)
    lab.clock.advance(30)
    assert condition(lab.store.get(JOBS, "lab", "later"), "Complete")["reason"] == "CompletionsReached"


def test_a_job_with_a_time_to_live_goes(lab):
    _create(lab, "Job", "brief", _job_spec("finishes:1", ttlSecondsAfterFinished=100))
    lab.clock.advance(60)
    assert _jobs(lab) == ["brief"]
    lab.clock.advance(100)
    assert _jobs(lab) == []


# ---- autoscalers ----------------------------------------------------------------------------------------------------


def _scaled(lab, image="busy:1", replicas=2, requests=None, **scaler):
    container = {"resources": {"requests": requests}} if requests else {}
    spec = {"selector": {"matchLabels": LABELS}, "replicas": replicas, "template": _template(image, **container)}
    _create(lab, "Deployment", "web", spec)
    metric = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}
    _create(
        lab,
        "HorizontalPodAutoscaler",
        "web",
        {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "metrics": [{"type": "Resource", "resource": metric}],
            **{"minReplicas": 1, "maxReplicas": 10, **scaler},
        },
    )


def _scaler(lab):
    return lab.store.get(AUTOSCALERS, "lab", "web")


def _size(lab):
    return lab.store.get(DEPLOYMENTS, "lab", "web")["spec"]["replicas"]


def _reason(lab, kind):
    entry = condition(_scaler(lab), kind)
    return entry["status"], entry["reason"]


def test_an_autoscaler_adds_pods_until_their_use_is_as_wanted(lab):
    # 600 millicores of work over pods that ask for 200: at half of that each, six are needed.
    _scaled(lab, requests={"cpu": "200m"})
    lab.clock.advance(20)
    assert _size(lab) == 2
    lab.clock.advance(120)
    assert _size(lab) == 6
    assert _reason(lab, "ScalingActive") == ("True", "ValidMetricFound")
    assert _reason(lab, "ScalingLimited") == ("False", "DesiredWithinRange")
    assert _reason(lab, "AbleToScale") == ("True", "ReadyForNewScale")
    current = _scaler(lab)["status"]["currentMetrics"][0]["resource"]["current"]
    assert current == {"averageUtilization": 50, "averageValue": "100m"}
    assert _events(lab, "SuccessfulRescale")[-1].endswith(
        "cpu resource utilization (percentage of request) above target"
    )


def test_an_autoscaler_stops_at_its_bounds_and_says_so(lab):
    _scaled(lab, requests={"cpu": "200m"}, maxReplicas=3)
    lab.clock.advance(200)
    assert _size(lab) == 3
    assert _reason(lab, "ScalingLimited") == ("True", "TooManyReplicas")
    _update(lab, AUTOSCALERS, "web", minReplicas=4, maxReplicas=4)
    lab.clock.advance(60)
    assert _size(lab) == 4


def test_an_autoscaler_takes_pods_away_only_after_five_minutes(lab):
    _scaled(lab, image="good:1", replicas=4, requests={"cpu": "200m"})
    lab.clock.advance(240)
    assert _size(lab) == 4
    assert _reason(lab, "AbleToScale") == ("True", "ScaleDownStabilized")
    lab.clock.advance(240)
    assert _size(lab) == 1
    assert _events(lab, "SuccessfulRescale") == ["New size: 1; reason: All metrics below target"]


def test_an_autoscaler_without_a_request_to_measure_by_says_what_is_missing(lab):
    _scaled(lab)
    lab.clock.advance(60)
    assert _size(lab) == 2
    assert _reason(lab, "ScalingActive") == ("False", "FailedGetResourceMetric")
    told = "failed to get cpu utilization: missing request for cpu in container main of Pod web-"
    assert [each for each in _events(lab, "FailedGetResourceMetric") if each.startswith(told)]
    assert _events(lab, "FailedComputeMetricsReplicas")


def test_an_autoscaler_of_nothing_and_of_no_pods_does_nothing(lab):
    _scaled(
        lab, requests={"cpu": "200m"}, scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "gone"}
    )
    lab.clock.advance(30)
    assert _reason(lab, "AbleToScale") == ("False", "FailedGetScale")
    _update(lab, AUTOSCALERS, "web", scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"})
    _update(lab, DEPLOYMENTS, "web", replicas=0)
    lab.clock.advance(60)
    assert _reason(lab, "ScalingActive") == ("False", "ScalingDisabled")
    assert _size(lab) == 0


# ---- revisions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "resource"), [("StatefulSet", STATEFULSETS), ("DaemonSet", DAEMONSETS)])
def test_templates_are_kept_as_revisions_and_going_back_to_one_makes_it_the_newest(lab, kind, resource):
    more = {"replicas": 2, "serviceName": "set"} if kind == "StatefulSet" else {}
    _create(lab, kind, "set", _set_spec("good:1", **more))
    lab.clock.advance(60)
    first = lab.store.all_of(REVISIONS, "lab")
    assert [each["revision"] for each in first] == [1]
    _update(lab, resource, "set", template=_template("good:2"))
    lab.clock.advance(120)
    assert sorted(each["revision"] for each in lab.store.all_of(REVISIONS, "lab")) == [1, 2]
    back = clone(first[0]["data"]["spec"]["template"])
    assert back.pop("$patch") == "replace"
    _update(lab, resource, "set", template=back)
    lab.clock.advance(120)
    held = {name_of(each): each["revision"] for each in lab.store.all_of(REVISIONS, "lab")}
    assert held[name_of(first[0])] == 3
    assert len(held) == 2
    assert {each["spec"]["containers"][0]["image"] for each in lab.store.all_of(PODS, "lab")} == {
        "registry.example.com/lab/good:1"
    }


# ---- nodes ----------------------------------------------------------------------------------------------------------


def _node(lab, name="one"):
    return lab.store.get(NODES, "", name)


def _taints(lab, name="one"):
    return {(each["key"], each["effect"]) for each in dig(_node(lab, name), "spec", "taints", default=[])}


def test_a_silent_node_is_unknown_after_forty_seconds_and_its_pods_are_not_ready(lab):
    _create(lab, "Deployment", "web", _set_spec("good:1", replicas=2))
    _create(lab, "DaemonSet", "agent", _set_spec("good:1"))
    lab.clock.advance(60)
    lab.cluster.silence("one")
    lab.clock.advance(39)
    assert condition(_node(lab), "Ready")["status"] == "True"
    lab.clock.advance(2)
    ready = condition(_node(lab), "Ready")
    assert (ready["status"], ready["reason"]) == ("Unknown", "NodeStatusUnknown")
    assert ready["message"] == "Kubelet stopped posting node status."
    assert parse_stamp(ready["lastTransitionTime"]) > parse_stamp(ready["lastHeartbeatTime"])
    assert _taints(lab) == {("node.kubernetes.io/unreachable", effect) for effect in ("NoSchedule", "NoExecute")}
    there = [pod for pod in lab.store.all_of(PODS, "lab") if pod["spec"]["nodeName"] == "one"]
    assert {condition(pod, "Ready")["status"] for pod in there} == {"False"}
    assert _events(lab, "NodeNotReady", "default") == ["Node one status is now: NodeNotReady"]
    assert _events(lab, "NodeNotReady") == ["Node is not ready"] * len(there)


def test_after_five_minutes_the_pods_of_a_silent_node_are_replaced_elsewhere_but_not_its_own(lab):
    _create(lab, "Deployment", "web", _set_spec("good:1", replicas=2))
    _create(lab, "DaemonSet", "agent", _set_spec("good:1"))
    lab.clock.advance(60)
    lab.cluster.silence("one")
    lab.clock.advance(335)
    assert _events(lab, "TaintManagerEviction") == []
    lab.clock.advance(30)
    words = {
        name_of(pod)[:3]: pod_words(pod, lab.clock.now).status
        for pod in lab.store.all_of(PODS, "lab")
        if pod["spec"]["nodeName"] == "one"
    }
    assert words == {"web": "Terminating", "age": "Running"}
    assert lab.store.get(DEPLOYMENTS, "lab", "web")["status"]["readyReplicas"] == 2
    assert _events(lab, "TaintManagerEviction")[0].startswith("Marking for deletion Pod lab/web-")
    lab.cluster.revive("one")
    lab.clock.advance(30)
    assert {pod_words(pod, lab.clock.now).status for pod in lab.store.all_of(PODS, "lab")} == {"Running"}
    assert condition(_node(lab), "Ready")["reason"] == "KubeletReady"
    assert _taints(lab) == set()
    assert len(lab.store.all_of(PODS, "lab")) == 4


def test_a_node_that_is_back_in_time_keeps_its_pods(lab):
    _create(lab, "Deployment", "web", _set_spec("good:1", replicas=2))
    lab.clock.advance(60)
    before = {pod["metadata"]["uid"] for pod in lab.store.all_of(PODS, "lab")}
    lab.cluster.silence("one")
    lab.clock.advance(120)
    lab.cluster.revive("one")
    lab.clock.advance(600)
    pods = lab.store.all_of(PODS, "lab")
    assert {pod["metadata"]["uid"] for pod in pods} == before
    assert {condition(pod, "Ready")["status"] for pod in pods} == {"True"}


def test_a_stateful_pod_on_a_silent_node_waits_until_somebody_forces_it_to_go(lab):
    _create(lab, "StatefulSet", "db", _set_spec("good:1", replicas=2, serviceName="db"))
    lab.clock.advance(60)
    stuck = next(pod for pod in lab.store.all_of(PODS, "lab") if pod["spec"]["nodeName"] == "one")
    lab.cluster.silence("one")
    lab.clock.advance(900)
    assert pod_words(lab.store.get(PODS, "lab", name_of(stuck)), lab.clock.now).status == "Terminating"
    delete(lab.store, PODS, lab.store.get(PODS, "lab", name_of(stuck)), grace=0)
    lab.clock.advance(60)
    held = lab.store.get(PODS, "lab", name_of(stuck))
    assert (held["spec"]["nodeName"], pod_words(held, lab.clock.now).status) == ("two", "Running")


@pytest.mark.parametrize(
    ("image", "kind", "resource"),
    [("grows:1", "MemoryPressure", "memory"), ("writes:1", "DiskPressure", "ephemeral-storage")],
)
def test_a_node_that_runs_out_puts_out_the_pod_that_takes_most(lab, image, kind, resource):
    _create(lab, "Pod", "small", {"containers": [_container("good:1")], "nodeSelector": {"disk": "fast"}})
    _create(lab, "Pod", "big", {"containers": [_container(image)], "nodeSelector": {"disk": "fast"}})
    lab.clock.advance(320)
    pod = lab.store.get(PODS, "lab", "big")
    assert (pod["status"]["phase"], pod["status"]["reason"]) == ("Failed", "Evicted")
    assert pod["status"]["message"].startswith(f"The node was low on resource: {resource}. Threshold quantity: ")
    assert f"request is 0, has larger consumption of {resource}." in pod["status"]["message"]
    assert condition(pod, "DisruptionTarget")["reason"] == "TerminationByKubelet"
    assert _events(lab, "Evicted") == [pod["status"]["message"]]
    assert condition(_node(lab), kind)["status"] == "True"
    assert len(_taints(lab)) == 1
    assert pod_words(lab.store.get(PODS, "lab", "small"), lab.clock.now).status == "Running"
    _create(lab, "Pod", "new", {"containers": [_container("good:1")], "nodeSelector": {"disk": "fast"}})
    lab.clock.advance(5)
    assert "untolerated taint" in condition(lab.store.get(PODS, "lab", "new"), "PodScheduled")["message"]
    lab.clock.advance(400)
    assert condition(_node(lab), kind)["status"] == "False"
    assert _taints(lab) == set()
    assert pod_words(lab.store.get(PODS, "lab", "new"), lab.clock.now).status == "Running"
