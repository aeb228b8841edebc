"""What measured lines say about load, latency, the network and pools; and what is only normal life."""

from collections.abc import Iterator

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, changed, container, running, template
from tests.tools.analyzers.picture import found_by, picture, roots_of
from tools.analyzers.dependencies import unmet
from tools.analyzers.latency import degraded, late, slow
from tools.analyzers.load import overloaded, throttled
from tools.analyzers.metrics import Measure, by_workload, measure_of
from tools.analyzers.pools import exhausted
from tools.world import Series

ALL = (throttled, overloaded, slow, late, degraded, exhausted)
CART, DATABASE = "Deployment/shop/cart", "Deployment/shop/carts-db"
Marks = tuple[tuple[str, float], ...]


def cluster(*, cpu: tuple[str, str] = ("200m", "500m"), before: tuple[str, str] | None = None) -> Cluster:
    """Two Deployments, one of which names the other in its settings."""
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    for node in ("node-a", "node-b"):
        world.node(node)
    world.namespace()
    env = {"DB_HOST": "carts-db.shop.svc"}
    new = template(container("cart", f"{REGISTRY}/shop/cart:2", cpu=cpu, env=env))
    old = template(container("cart", f"{REGISTRY}/shop/cart:2", cpu=before or cpu, env=env))
    bodies, ages = ((old, new), ("40d", "42m")) if before else ((new,), ("40d",))
    cart = world.deployment("cart", *bodies, ages=ages, replicas=2, empty=True)
    cart.pods(1, running(ages[-1]), node="node-a")
    cart.pods(1, running(ages[-1]), node="node-b")
    world.deployment("carts-db", template(container("pg", f"{REGISTRY}/shop/pg:15")), replicas=1)
    world.service("carts-db")
    return world


def step(before: float, now: float, ago: str = "40m") -> Marks:
    return ("6h", before), (f"{int(ago[:-1]) + 1}m", before), (ago, now), ("0m", now)


def test_throttled_and_slow_is_held_at_the_limit() -> None:
    world = cluster()
    world.series("container_cpu_cfs_throttled_periods_ratio", "ratio", *step(0.02, 0.62), app="cart")
    world.series("latency_p99_ms", "ms", *step(120, 900), app="cart")
    found = found_by(world, *ALL)[CART]
    assert found.category == "cpu_throttling"
    assert found.remedy is None
    assert found.since is not None
    assert (world.observed_at - found.since).total_seconds() == pytest.approx(2400, abs=120)
    assert any("62%" in each.text or "61%" in each.text or "63%" in each.text for each in found.evidence)


def test_a_release_that_lowered_the_cpu_limit_is_blamed_and_taken_back() -> None:
    world = cluster(cpu=("100m", "200m"), before=("100m", "1"))
    world.series("container_cpu_cfs_throttled_periods_ratio", "ratio", *step(0.01, 0.7), app="cart")
    world.series("latency_p99_ms", "ms", *step(120, 900), app="cart")
    found = found_by(world, *ALL)[CART]
    assert (found.category, found.culprit) == ("cpu_throttling", f"{CART}@2")
    assert found.remedy is not None
    assert found.remedy.class_ == "rollback"


def test_a_limit_that_always_bites_a_little_and_harms_nobody_is_no_fault() -> None:
    world = cluster()
    world.series("container_cpu_cfs_throttled_periods_ratio", "ratio", ("6h", 0.3), ("0m", 0.3), app="cart")
    world.series("latency_p99_ms", "ms", ("6h", 120), ("0m", 122), app="cart")
    assert found_by(world, *ALL) == {}


def busy(world: Cluster) -> Cluster:
    world.series("http_requests_per_second", "req/s", *step(200, 900), service="cart")
    world.series("http_request_duration_seconds_p95", "s", *step(0.1, 1.4, "38m"), service="cart")
    world.series("cpu_usage", "cores", *step(0.4, 0.98), deployment="cart")
    return world


def test_far_more_traffic_than_it_can_serve_asks_for_more_replicas() -> None:
    world = busy(cluster())
    found = found_by(world, *ALL)[CART]
    assert found.category == "traffic_overload"
    assert found.remedy is not None
    assert (found.remedy.class_, found.remedy.replicas) == ("scale", 6)


def test_an_autoscaler_at_its_maximum_is_not_scaled_by_hand() -> None:
    world = busy(cluster())
    capped = ("ScalingLimited", "True", "TooManyReplicas", "the desired replica count is more than the maximum")
    world.autoscaler("cart", most=2, current=2, cpu=190, conditions=[("AbleToScale", "True", "Ready", ""), capped])
    found = found_by(world, *ALL)[CART]
    assert found.category == "traffic_overload"
    assert found.remedy is None
    assert "maxReplicas" in found.explanation
    assert any("TooManyReplicas" in each.text for each in found.evidence)


def test_more_traffic_that_is_served_well_is_no_fault() -> None:
    world = cluster()
    world.series("http_requests_per_second", "req/s", *step(200, 900), service="cart")
    world.series("latency_p99_ms", "ms", *step(100, 108), service="cart")
    assert found_by(world, *ALL) == {}


def calls(world: Cluster, **peers: Marks) -> None:
    for peer, marks in peers.items():
        name = peer.replace("_", "-")
        world.series("client_request_duration_p95", "ms", *marks, app="cart", destination=name)


def test_slow_calls_to_one_of_several_name_that_one() -> None:
    world = cluster()
    calls(world, payments=step(40, 2100), search=step(30, 31), mail=step(30, 30))
    found = found_by(world, *ALL)[CART]
    assert found.category == "slow_dependency"
    assert "payments" in found.summary


def test_a_dependency_in_the_cluster_that_is_slow_itself_explains_its_caller() -> None:
    world = cluster()
    calls(world, carts_db=step(12, 640))
    world.series("latency_p99_ms", "ms", *step(100, 780), app="cart")
    world.series("query_duration_p95", "ms", *step(9, 620), app="carts-db")
    assert roots_of(world, *ALL) == [("slow_dependency", DATABASE)]


def test_when_all_of_several_are_slow_it_is_none_of_them() -> None:
    world = cluster()
    calls(world, payments=step(40, 800), search=step(30, 700), mail=step(30, 800))
    assert found_by(world, *ALL) == {}


def test_late_answers_with_no_other_sign_are_only_called_late() -> None:
    world = cluster()
    world.series("latency_p99_ms", "ms", *step(100, 900), app="cart")
    found = found_by(world, *ALL)[CART]
    assert (found.category, found.confidence) == ("high_latency", 0.55)


def noise() -> Iterator[tuple[str, Marks]]:
    yield "a spike that is over", (("6h", 100), ("61m", 100), ("60m", 900), ("50m", 900), ("49m", 100), ("0m", 100))
    yield "a little more", step(100, 125)
    yield "less", step(900, 100)
    yield "a few milliseconds", step(2, 8)


@pytest.mark.parametrize(("why", "marks"), list(noise()))
def test_normal_courses_of_latency_are_no_fault(why: str, marks: Marks) -> None:
    world = cluster()
    world.series("latency_p99_ms", "ms", *marks, app="cart")
    assert found_by(world, *ALL) == {}, why


def test_lines_in_any_order_with_gaps_and_about_nobody_known_are_read_or_left_out() -> None:
    world = cluster()
    world.series("latency_p99_ms", "ms", *step(100, 900), app="cart")
    world.series("latency_p99_ms", "ms", *step(100, 900), app="somebody-else")
    assert world.metrics is not None
    points = world.metrics[0]["points"]
    world.metrics[0]["points"] = [
        [when, None if index % 5 == 0 else value] for index, (when, value) in enumerate(points)
    ]
    world.metrics[0]["points"].reverse()
    assert list(found_by(world, *ALL)) == [CART]


def test_loss_on_one_node_is_the_network_of_that_node() -> None:
    world = cluster()
    world.series("node_network_packet_loss", "percent", *step(0.01, 6), node="node-a")
    world.series("node_network_packet_loss", "percent", *step(0.01, 0.01), node="node-b")
    found = found_by(world, *ALL)["Node/node-a"]
    assert found.category == "network_degraded"
    assert "since 09:0" in found.summary


@pytest.mark.parametrize(
    ("metric", "unit", "before", "now"),
    [
        ("node_tcp_retransmits_ratio", "ratio", 0.001, 0.17),
        ("node_network_receive_errors_ratio", "ratio", 0.001, 0.17),
        ("node_network_transmit_drop", "packets/s", 0.2, 340.0),
    ],
)
def test_loss_is_known_by_many_names(metric: str, unit: str, before: float, now: float) -> None:
    world = cluster()
    world.series(metric, unit, *step(before, now), node="node-a")
    world.series(metric, unit, *step(before, before), node="node-b")
    assert found_by(world, *ALL)["Node/node-a"].category == "network_degraded"


def test_a_few_packets_that_are_dropped_are_nothing() -> None:
    world = cluster()
    world.series("node_network_receive_drop", "packets/s", *step(0.2, 1.5), node="node-a")
    assert found_by(world, *ALL) == {}


def test_the_node_that_loses_packets_explains_who_gets_no_answer_from_there() -> None:
    world = cluster()
    world.series("node_network_packet_loss", "percent", *step(0.01, 6), node="node-a")
    world.series("node_network_packet_loss", "percent", *step(0.01, 0.01), node="node-b")
    pod = next(each for each in world.of("Pod") if each["spec"]["nodeName"] == "node-a")
    line = "ERROR dial tcp 203.0.113.9:443: i/o timeout"
    world.log(pod, "\n".join(f"-{each}m|<t> {line}" for each in (5, 4, 3, 2)))
    assert roots_of(world, unmet, degraded) == [("network_degraded", "Node/node-a")]


def test_a_node_with_little_loss_is_well() -> None:
    world = cluster()
    world.series("node_network_packet_loss", "percent", *step(0.01, 0.2), node="node-a")
    assert found_by(world, *ALL) == {}


@pytest.mark.parametrize(("active", "pending", "is_found"), [(10, 14, True), (10, 0, False), (6, 2, False)])
def test_a_pool_is_exhausted_when_all_is_in_use_and_requests_wait(active: int, pending: int, is_found: bool) -> None:
    world = cluster()
    world.series("hikaricp_connections_active", "count", *step(3, active), noise=0, app="cart")
    world.series("hikaricp_connections_max", "count", ("6h", 10), ("0m", 10), noise=0, app="cart")
    world.series("hikaricp_connections_pending", "count", *step(0, pending), noise=0, app="cart")
    found = found_by(world, *ALL)
    assert [each.category.value for each in found.values()] == (["connection_pool_exhausted"] if is_found else [])


def test_a_change_of_the_image_before_late_answers_is_blamed() -> None:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    body = template(container("cart", f"{REGISTRY}/shop/cart:1"))
    world.deployment("cart", body, changed(body, image=f"{REGISTRY}/shop/cart:2"), ages=("40d", "45m"))
    world.series("latency_p99_ms", "ms", *step(100, 900), app="cart")
    assert found_by(world, *ALL)[CART].culprit == f"{CART}@2"


@pytest.mark.parametrize(
    ("metric", "labels", "measure"),
    [
        ("http_requests_503_per_second", {}, Measure.ERRORS),
        ("http_responses_per_second", {"code": "503"}, Measure.ERRORS),
        ("http_server_requests_total", {"http_response_status_code": "500"}, Measure.ERRORS),
        ("http_responses_per_second", {"code": "200"}, Measure.TRAFFIC),
        ("http_responses_per_second", {"code": "429"}, Measure.TURNED_AWAY),
        ("rate_limited_total", {}, Measure.TURNED_AWAY),
        ("container_cpu_cfs_throttled_periods_ratio", {}, Measure.THROTTLED),
        ("http_requests_per_second", {}, Measure.TRAFFIC),
    ],
)
def test_a_status_in_name_or_label_says_what_a_series_counts(
    metric: str, labels: dict[str, str], measure: Measure
) -> None:
    assert measure_of(Series(metric, labels, "", ())) is measure


def test_requests_turned_away_are_errors_only_where_answers_became_fewer() -> None:
    def measures(answers: Marks) -> set[Measure]:
        world = cluster()
        world.series("http_responses_per_second", "req/s", *step(0.1, 212), app="cart", code="429")
        world.series("http_responses_per_second", "req/s", *answers, app="cart", code="200")
        seen = picture(world)
        return {each.measure for several in by_workload(seen).values() for each in several}

    assert measures(step(260, 48)) == {Measure.ERRORS, Measure.TRAFFIC}
    assert measures(step(260, 258)) == {Measure.TURNED_AWAY, Measure.TRAFFIC}
