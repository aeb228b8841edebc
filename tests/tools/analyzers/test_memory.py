"""Memory that grows without bound, and memory that only seems to."""

import re

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, Ended, changed, container, crash_loop, running, template
from tests.tools.analyzers.picture import found_by
from tools.analyzers.memory import leaking
from tools.analyzers.metrics import Measure, brought, measure_of
from tools.analyzers.pods import out_of_memory
from tools.evidence import Finding
from tools.world import Series

MI = 2.0**20
APP = template(container("feed", f"{REGISTRY}/news/feed:7.1.0", memory=("256Mi", "512Mi")))
SUBJECT = "Deployment/news/feed"
GROWING = (("23h", 150 * MI), ("0m", 490 * MI))


def cluster(state: object = None, ages: tuple[str, ...] = ("41d",)) -> tuple[Cluster, str]:
    world = Cluster("2026-03-11T09:42:00Z", "news")
    world.node("node-1")
    world.namespace()
    bodies = [changed(APP, image=f"{REGISTRY}/news/feed:7.0.0"), APP][-len(ages) :]
    feed = world.deployment("feed", *bodies, ages=ages, replicas=1, empty=True)
    (pod,) = feed.pods(1, state or running(ages[-1]))  # type: ignore[arg-type]
    return world, pod["metadata"]["name"]


def leak_of(world: Cluster) -> Finding | None:
    return found_by(world, leaking).get(SUBJECT)


def measured(
    *marks: tuple[str, float], metric: str = "container_memory_working_set_bytes", unit: str = "bytes"
) -> Cluster:
    world, pod = cluster()
    world.series(metric, unit, *marks, step="5m", pod=pod, container="feed")
    return world


def test_a_ramp_towards_the_limit_is_a_leak_with_its_numbers() -> None:
    found = leak_of(measured(*GROWING))
    assert found is not None
    assert found.category == "memory_leak"
    assert "of its limit of 512 MiB" in found.summary
    assert any(each.source == "metric" and "container_memory_working_set_bytes" in each.text for each in found.evidence)
    assert found.remedy is not None
    assert found.remedy.class_ == "restart"


def test_a_saw_tooth_that_is_killed_at_the_limit_is_a_leak() -> None:
    saw = (("20h", 120 * MI), ("13h", 505 * MI), ("12h55m", 120 * MI), ("6h", 505 * MI), ("5h55m", 120 * MI))
    found = leak_of(measured(*saw, ("0m", 450 * MI)))
    assert found is not None
    assert found.confidence >= 0.8


@pytest.mark.parametrize(
    ("why", "marks"),
    [
        ("level", (("23h", 300 * MI), ("0m", 300 * MI))),
        ("warming up", (("8h", 100 * MI), ("7h", 300 * MI), ("5h", 340 * MI), ("0m", 345 * MI))),
        (
            "a nightly batch",
            (("23h", 200 * MI), ("7h", 200 * MI), ("6h", 480 * MI), ("5h", 200 * MI), ("0m", 200 * MI)),
        ),
        ("little and far from the limit", (("23h", 100 * MI), ("0m", 140 * MI))),
        ("too short", (("50m", 100 * MI), ("0m", 480 * MI))),
    ],
)
def test_other_courses_are_no_leak(why: str, marks: tuple[tuple[str, float], ...]) -> None:
    assert leak_of(measured(*marks)) is None, why


def test_slow_growth_that_will_be_at_the_limit_within_hours_is_a_leak() -> None:
    found = leak_of(measured(("23h", 425 * MI), ("0m", 500 * MI)))
    assert found is not None
    assert "of its limit of 512 MiB" in found.summary
    assert leak_of(measured(("23h", 380 * MI), ("0m", 440 * MI))) is None, "days are left"
    assert leak_of(measured(("23h", 490 * MI), ("0m", 500 * MI))) is None, "hardly any growth"


def test_memory_that_grows_with_the_traffic_is_no_leak() -> None:
    world = measured(*GROWING)
    assert leak_of(world) is not None
    busier = measured(*GROWING)
    busier.series("http_requests_per_second", "req/s", ("23h", 40), ("12h", 40), ("11h", 160), ("0m", 160), app="feed")
    assert leak_of(busier) is None


def test_growth_that_began_with_a_release_is_blamed_on_it() -> None:
    world, pod = cluster(running("10h"), ages=("41d", "10h"))
    world.series("memory_usage", "MiB", ("10h", 150), ("0m", 480), step="5m", pod=pod)
    found = leak_of(world)
    assert found is not None
    assert found.culprit == f"{SUBJECT}@2"
    assert found.remedy is not None
    assert (found.remedy.class_, found.remedy.to_revision) == ("rollback", 1)


def test_a_chart_of_the_last_life_alone_does_not_hide_the_release_that_began_the_first() -> None:
    world, pod = cluster(running("23h", restarts=2, last=Ended(137, "8h", "7h", "OOMKilled")), ages=("41d", "23h"))
    world.series("memory_usage", "MiB", ("8h", 150), ("0m", 500), step="5m", pod=pod)
    found = leak_of(world)
    assert found is not None
    assert found.culprit == f"{SUBJECT}@2"


def test_lives_that_end_alike_are_a_leak_without_any_metrics() -> None:
    world, _ = cluster(running("4d2h", restarts=5, last=Ended(137, "2h", "19h", "OOMKilled")))
    found = leak_of(world)
    assert found is not None
    assert "after 19.0 h each time" in found.summary


@pytest.mark.parametrize(
    ("why", "state"),
    [
        ("lives of minutes", running("1h", restarts=8, last=Ended(137, "2m", "6m", "OOMKilled"))),
        ("once", running("4d", restarts=1, last=Ended(137, "2h", "3d", "OOMKilled"))),
        ("not alike", running("60d", restarts=4, last=Ended(137, "2h", "5h", "OOMKilled"))),
        ("long ago", running("60d", restarts=6, last=Ended(137, "30d", "5d", "OOMKilled"))),
        ("each night", running("5d1h", restarts=5, last=Ended(137, "1h", "1d", "OOMKilled"))),
        ("another end", running("4d2h", restarts=5, last=Ended(1, "2h", "19h", "Error"))),
    ],
)
def test_other_ends_are_no_leak(why: str, state: object) -> None:
    assert leak_of(cluster(state)[0]) is None, why


@pytest.mark.parametrize(
    ("metric", "unit", "measure", "value"),
    [
        ("container_memory_working_set_bytes", "bytes", "memory", 3.0),
        ("memory_usage", "MiB", "memory", 3 * MI),
        ("container_cpu_usage_seconds_total", "cores", "cpu", 3.0),
        ("cpu_usage", "millicores", "cpu", 0.003),
        ("cpu_utilization", "percent", "cpu share", 0.03),
        ("container_cpu_cfs_throttled_periods_ratio", "ratio", "throttled", 3.0),
        ("http_requests_per_second", "rps", "traffic", 3.0),
        ("http_request_duration_seconds_p95", "", "latency", 3000.0),
        ("latency_p99_ms", "ms", "latency", 3.0),
        ("errors_5xx", "req/s", "errors", 3.0),
        ("error_rate", "%", "error share", 0.03),
        ("hikaricp_connections_active", "count", "pool active", 3.0),
        ("hikaricp_connections_pending", "count", "pool pending", 3.0),
        ("db_connections_max", "count", "pool most", 3.0),
        ("node_network_packet_loss", "percent", "loss", 0.03),
        ("tcp_retransmits_per_second", "", "retransmits", 3.0),
        ("container_memory_limit_bytes", "bytes", None, 3.0),
        ("memory_usage_percent", "%", None, 3.0),
        ("jvm_gc_pause_duration", "ms", None, 3.0),
        ("replicas", "count", None, 3.0),
    ],
)
def test_words_and_units_say_what_is_measured(metric: str, unit: str, measure: str | None, value: float) -> None:
    world, _ = cluster()
    series = Series(metric, {}, unit, ((world.observed_at, 3.0),))
    assert measure_of(series) == measure
    if measure is not None:
        assert brought(series, Measure(measure))[0][1] == pytest.approx(value)


def test_a_kill_for_memory_quotes_what_was_measured() -> None:
    world, pod = cluster(crash_loop("40m", 9, Ended(137, "1m", "3m", "OOMKilled")))
    (quiet,) = found_by(world, out_of_memory).values()
    assert "measured" not in quiet.summary
    world.series("container_memory_working_set_bytes", "bytes", ("40m", 90 * MI), ("0m", 511 * MI), pod=pod)
    (found,) = found_by(world, out_of_memory).values()
    assert re.search(r"\(limit 512Mi, measured at most 5\d\d MiB, (?:9|10)\d% of it\)", found.summary)
    assert any(each.source == "metric" for each in found.evidence)


@pytest.mark.parametrize(("restarts", "is_leak"), [(4, True), (1, False)])
def test_one_whole_life_is_enough_where_the_kernel_ended_several(restarts: int, is_leak: bool) -> None:
    state = running("9d", restarts=restarts, last=Ended(137, "40m", "5h", "OOMKilled"))
    world, pod = cluster(state)
    marks = (("5h40m", 90 * MI), ("41m", 505 * MI), ("39m", 90 * MI), ("0m", 110 * MI))
    world.series("container_memory_working_set_bytes", "bytes", *marks, step="5m", pod=pod, container="feed")
    assert (leak_of(world) is not None) == is_leak
