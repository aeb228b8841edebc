"""Addresses in logs that no object has any more, and the Service that was meant."""

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, chatter, container, template
from tests.tools.analyzers.picture import found_by, picture
from tools.analyzers.dependencies import troubles, unmet

REFUSED = "dial tcp 10.96.77.77:6379: connect: connection refused"


def called(line: str, env: dict[str, str]) -> str | None:
    """The Service that a log line of a program with these settings is taken to mean."""
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    for name, port in (("redis", 6379), ("stock", 80)):
        world.deployment(name, template(container(name, f"{REGISTRY}/shop/{name}:1", port=port)))
        world.service(name, port, port)
    body = template(container("cart", f"{REGISTRY}/shop/cart:1", env=env))
    (pod,) = world.deployment("cart", body, replicas=1).made
    world.log(pod, chatter("10m", "1s", "20s", f"<t> ERROR {line}"))
    (found, *_) = [each for each in troubles(picture(world)) if each.workload.ref.name == "cart"]
    return str(found.place.service_ref) if found.place is not None and found.place.service_ref is not None else None


def test_a_name_in_the_same_line_tells_which() -> None:
    line = 'Get "http://stock/v1": dial tcp 10.96.77.77:80: connect: connection refused'
    assert called(line, {}) == "Service/shop/stock"


@pytest.mark.parametrize(
    ("env", "service"),
    [
        ({"REDIS_ADDR": "redis:6379"}, "Service/shop/redis"),
        ({"REDIS_ADDR": "redis:6380"}, None),
        ({}, None),
    ],
)
def test_a_setting_with_the_same_port_tells_which(env: dict[str, str], service: str | None) -> None:
    assert called(REFUSED, env) == service


@pytest.mark.parametrize(
    ("host", "category"),
    [
        ("redis.shp", "wrong_dependency_address"),
        ("stocks", "wrong_dependency_address"),
        ("api.partner.example", "dns_failure"),
    ],
)
def test_a_name_of_a_service_with_a_namespace_that_is_none_is_a_wrong_address(host: str, category: str) -> None:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    world.deployment("redis", template(container("redis", f"{REGISTRY}/shop/redis:1", port=6379)))
    world.service("redis", 6379, 6379)
    (pod,) = world.deployment("cart", template(container("cart", f"{REGISTRY}/shop/cart:1")), replicas=1).made
    line = f"<t> ERROR dial tcp: lookup {host} on 10.96.0.10:53: no such host"
    world.log(pod, chatter("10m", "1s", "20s", line))
    assert found_by(world, unmet)["Deployment/shop/cart"].category == category
