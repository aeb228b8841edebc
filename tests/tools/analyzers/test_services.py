"""Services that lead nowhere, and those that only look so."""

from typing import Any

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, container, http_probe, template
from tests.tools.analyzers.picture import found_by, named, roots_of
from tools.analyzers.dependencies import unmet
from tools.analyzers.services import port_mismatch, selector_mismatch

REFUSED = '-2m|<t> level=ERROR msg="get stock" error="dial tcp {}: connect: connection refused"'


def body(name: str, port: int = 8080, **more: Any) -> dict[str, Any]:
    return template(container(name, f"{REGISTRY}/shop/{name}:1", port=port, **more.pop("first", {})), **more)


def cluster() -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    return world


def complain(world: Cluster, address: str, caller: str = "web") -> None:
    made = world.deployment(caller, body(caller), replicas=1, empty=True)
    (pod,) = made.pods(1)
    world.log(pod, "\n".join(REFUSED.format(address).replace("-2m", f"-{each}m") for each in (4, 3, 2)))


def test_a_selector_with_a_typo_is_found_and_explains_who_calls_it() -> None:
    world = cluster()
    world.deployment("stock", body("stock"))
    world.service("stock", selector={"app": "stok"})
    complain(world, "stock:80")
    assert roots_of(world, selector_mismatch, unmet) == [("service_selector_mismatch", "Service/shop/stock")]
    found = found_by(world, selector_mismatch)["Service/shop/stock"]
    assert "stok" in found.summary
    assert "app is stock there" in found.explanation
    assert found.remedy is None


def test_a_label_that_a_release_took_away_is_that_releases_fault() -> None:
    world = cluster()
    before, after = body("stock", labels={"tier": "back"}), body("stock", labels={"tier": "data"})
    world.deployment("stock", before, after, ages=("9d", "20m"), first_revision=4)
    world.service("stock", selector={"app": "stock", "tier": "back"})
    found = found_by(world, selector_mismatch)["Service/shop/stock"]
    assert found.category == "service_selector_mismatch"
    assert found.culprit == "Deployment/shop/stock@5"
    assert found.remedy is not None
    assert (found.remedy.class_, found.remedy.to_revision) == ("rollback", 4)


def test_services_without_pods_on_purpose_are_nothing() -> None:
    world = cluster()
    world.deployment("stock", body("stock"))
    world.service("stock")
    world.service("stock-canary", selector={"app": "stock", "track": "canary"})
    world.service("outside", selector={}, type="ExternalName", externalName="db.example.com")
    world.service("by-hand", selector={})
    world.service("db-primary", selector={"app": "stock", "role": "primary"})
    world.service("legacy", selector={"app": "reports"})
    world.deployment("shard-b", body("shard-b"))
    world.service("shard-a")
    world.ingress("canary", "shop.example.com", {"/": ("stock-canary", 80)})["metadata"]["annotations"] = {
        "nginx.ingress.kubernetes.io/canary": "true"
    }
    world.deployment("paused", body("paused"), replicas=0)
    world.service("paused")
    world.service("new", selector={"app": "stokk"}, age="2m")
    assert found_by(world, selector_mismatch, port_mismatch) == {}


def test_pods_of_another_program_behind_a_service_are_found_only_when_callers_fail() -> None:
    def mixed() -> Cluster:
        world = cluster()
        world.deployment("stock", body("stock", labels={"part": "shop"}))
        world.deployment("worker", template(container("worker", f"{REGISTRY}/w:1"), labels={"part": "shop"}))
        world.service("stock", selector={"part": "shop"}, target=8080)
        return world

    assert found_by(mixed(), selector_mismatch) == {}
    world = mixed()
    complain(world, "stock:80")
    assert roots_of(world, selector_mismatch, unmet) == [("service_selector_mismatch", "Service/shop/stock")]
    assert "worker" in found_by(world, selector_mismatch)["Service/shop/stock"].summary


def test_a_named_port_that_no_container_has_is_found() -> None:
    world = cluster()
    world.deployment("stock", body("stock"))
    world.service("stock", target="web")
    assert roots_of(world, port_mismatch) == [("service_port_mismatch", "Service/shop/stock")]


def test_a_second_named_port_that_nobody_misses_is_nothing() -> None:
    world = cluster()
    world.deployment("stock", body("stock"))
    rows = [
        {"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"},
        {"name": "metrics", "port": 9090, "protocol": "TCP", "targetPort": "metrics"},
    ]
    world.service("stock", ports=rows)
    assert found_by(world, port_mismatch) == {}


def test_a_wrong_number_is_found_where_callers_are_refused() -> None:
    world = cluster()
    made = world.deployment("stock", body("stock"), replicas=1, empty=True)
    (pod,) = made.pods(1)
    world.log(pod, "-5m|<t> INFO server listening on 0.0.0.0:8080")
    world.service("stock", target=9000)
    complain(world, "stock:80")
    assert roots_of(world, port_mismatch, unmet) == [("service_port_mismatch", "Service/shop/stock")]
    found = found_by(world, port_mismatch)["Service/shop/stock"]
    assert "8080" in found.summary
    assert found.confidence > 0.9
    assert str(found.affected[0]) == "Deployment/shop/web"


def test_where_in_its_code_a_program_wrote_a_line_is_no_port_that_it_listens_on() -> None:
    world = cluster()
    made = world.deployment("stock", body("stock"), replicas=1, empty=True)
    (pod,) = made.pods(1)
    world.log(pod, "-5m|I0103 12:30:00.915289       1 serving.go:380] Generated self-signed cert in-memory")
    world.service("stock", target="http")
    assert found_by(world, port_mismatch) == {}


def test_a_number_that_no_container_declares_proves_nothing_by_itself() -> None:
    world = cluster()
    world.deployment("stock", body("stock"))
    world.service("stock", target=9000)
    assert found_by(world, port_mismatch) == {}


def test_a_port_that_the_readiness_probe_reaches_is_not_a_wrong_one() -> None:
    world = cluster()
    world.deployment("stock", body("stock", first={"readinessProbe": http_probe("/", 9000)}))
    world.service("stock", target=9000)
    complain(world, "stock:80")
    assert found_by(world, port_mismatch) == {}


def test_a_port_that_a_release_moved_is_that_releases_fault() -> None:
    world = cluster()
    world.deployment("stock", body("stock", 8080), body("stock", 9090), ages=("9d", "12m"), first_revision=2)
    world.service("stock", target=8080)
    complain(world, "stock:80")
    found = found_by(world, port_mismatch)["Service/shop/stock"]
    assert found.culprit == "Deployment/shop/stock@3"
    assert found.remedy is not None
    assert found.remedy.to_revision == 2


def test_refusals_of_a_service_whose_ports_are_right_are_not_its_fault() -> None:
    world = cluster()
    world.deployment("stock", body("stock"))
    world.service("stock")
    complain(world, "stock:80")
    assert named(world, "Service", "stock")["spec"]["ports"][0]["targetPort"] == "http"
    assert found_by(world, port_mismatch, selector_mismatch) == {}


def test_a_port_that_several_callers_agree_on_is_missing_from_the_service() -> None:
    world = cluster()
    world.deployment("stock", body("stock"))
    world.service("stock", port=8081)
    complain(world, "stock:80")
    assert roots_of(world, port_mismatch, unmet) == [("wrong_dependency_address", "Deployment/shop/web")]
    complain(world, "stock:80", "cart")
    assert roots_of(world, port_mismatch, unmet) == [("service_port_mismatch", "Service/shop/stock")]


def test_a_label_of_run_time_that_no_pod_has_is_a_mismatch_once_somebody_misses_the_service() -> None:
    def led(label: str | None, *, missed: bool) -> list[tuple[str, str]]:
        world = cluster()
        made = world.deployment("solr", body("solr"))
        world.service("solr", selector={"app": "solr", "role": "leader"})
        for pod in made.made if label else ():
            pod["metadata"]["labels"]["role"] = label
        if missed:
            complain(world, "solr:80")
        return [each for each in roots_of(world, selector_mismatch, unmet) if each[1] == "Service/shop/solr"]

    assert led(None, missed=True) == [("service_selector_mismatch", "Service/shop/solr")]
    assert led(None, missed=False) == []
    assert led("follower", missed=True) == []


@pytest.mark.parametrize("route", [True, False])
def test_a_route_to_a_port_that_nothing_is_known_to_have_is_told(route: bool) -> None:
    world = cluster()
    ready = {"readinessProbe": http_probe("/up", 7700)}
    finder = world.deployment("finder", body("finder", 7700, first=ready), replicas=2)
    world.service("finder", 80, 7070)
    if route:
        world.ingress("front", "www.example.org", {"/find": ("finder", 80)})
    assert ("Service/shop/finder" in found_by(world, port_mismatch)) == route
    world.log(finder.made[0], '-1m|<t> INFO "GET /find HTTP/1.1" 200 12')
    assert "Service/shop/finder" not in found_by(world, port_mismatch)
