"""Autoscalers at their maximum: what they say of themselves is enough to see that there is too much to do."""

from typing import Any

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, container, template
from tests.tools.analyzers.picture import found_by, named
from tools.analyzers.capacity import above_target, at_maximum
from tools.kubernetes.scan import _is_odd

API = "Deployment/shop/api"
CAPPED = ("ScalingLimited", "True", "TooManyReplicas", "the desired replica count is more than the maximum")
WITHIN = ("ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the acceptable range")


def capped(cpu: int, *, since: str = "25m", current: int = 6, condition: Any = CAPPED, log: str = "") -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    made = world.deployment("api", template(container("api", f"{REGISTRY}/shop/api:1")), replicas=current, empty=True)
    (pod, *_) = made.pods(current)
    if log:
        world.log(pod, "\n".join(f"-{each}m|<t> {log}" for each in (5, 4, 3, 2)))
    world.autoscaler("api", most=6, current=current, cpu=cpu, target=70, conditions=[condition], since=since)
    return world


def test_pods_far_above_the_target_at_the_maximum_are_too_much_to_do() -> None:
    found = found_by(capped(196), at_maximum)[API]
    assert (found.category, found.remedy) == ("traffic_overload", None)
    assert "cpu is at 196%, the target is 70%" in found.summary
    assert "needs about 2.8 times as many" in found.summary


def test_a_little_above_the_target_counts_once_the_program_says_that_it_cannot_keep_up() -> None:
    assert found_by(capped(88), at_maximum) == {}
    assert API in found_by(capped(88, log="WARN worker queue full, rejecting request"), at_maximum)


@pytest.mark.parametrize(
    "world",
    [capped(196, since="2m"), capped(196, current=4), capped(196, condition=WITHIN), capped(74)],
    ids=["just now", "below its maximum", "not limited", "about at its target"],
)
def test_a_busy_hour_is_nothing(world: Cluster) -> None:
    assert found_by(world, at_maximum) == {}


def test_answers_that_are_measured_and_as_good_as_before_are_nothing() -> None:
    world = capped(196)
    world.series("http_request_duration_seconds_p95", "s", ("6h", 0.1), ("0m", 0.1), deployment="api")
    assert found_by(world, at_maximum) == {}


def test_answers_that_are_measured_say_nothing_of_requests_that_are_turned_away() -> None:
    world = capped(196, log="WARN accept queue full (512), shedding connection")
    world.series("http_request_duration_seconds_p95", "s", ("6h", 0.1), ("0m", 0.1), deployment="api")
    assert found_by(world, at_maximum)[API].category == "traffic_overload"


def test_of_several_metrics_the_one_furthest_above_its_target_counts() -> None:
    world = capped(100)
    scaler = named(world, "HorizontalPodAutoscaler", "api")
    target, current = {"averageValue": "10", "type": "AverageValue"}, {"averageValue": "31500m"}
    scaler["spec"]["metrics"].append({"type": "Pods", "pods": {"metric": {"name": "queued"}, "target": target}})
    told = {"type": "Pods", "pods": {"metric": {"name": "queued"}, "current": current}}
    scaler["status"]["currentMetrics"].append(told)
    assert above_target(scaler) == ("queued is at 31500m, the target is 10", pytest.approx(3.15))


def test_a_table_of_autoscalers_shows_which_ones_are_at_their_maximum() -> None:
    def row(targets: str, replicas: str) -> bool:
        return _is_odd("HorizontalPodAutoscaler", {"Targets": targets, "MaxPods": "6", "Replicas": replicas})

    assert row("cpu: 196%/70%", "6")
    assert row("cpu: <unknown>/70%", "2")
    assert not row("cpu: 196%/70%", "5")
    assert not row("cpu: 66%/70%", "6")
