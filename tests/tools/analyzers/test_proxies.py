"""Proxies that pass requests on to the wrong place, and paths that lead to another's Service."""

from typing import Any

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, Ended, container, crash_loop, template
from tests.tools.analyzers.picture import found_by, roots_of
from tools.analyzers.dependencies import unmet
from tools.analyzers.proxies import upstreams_in, wrong_services, wrong_upstreams, wrong_weights


def cluster() -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    for name in ("cart", "orders"):
        world.deployment(name, template(container(name, f"{REGISTRY}/shop/{name}:1", port=8080)))
        world.service(name)
    return world


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("upstream back { server cart:80; }\n proxy_pass http://back;", ["cart:80"]),
        ("upstream back {\n  server cart:80 weight=2;\n}\nproxy_pass http://back;", ["cart:80"]),
        ("location / { proxy_pass http://cart.shop.svc:8080/x; }", ["cart.shop.svc:8080"]),
        ("proxy_pass http://$target;", []),
        ("backend b\n  server one cart:80 check", ["cart:80"]),
        ("reverse_proxy cart:80", ["cart:80"]),
        ('ProxyPass /x "http://cart:80/"', ["cart:80"]),
        ("socket_address:\n  address: cart\n  port_value: 80", ["cart:80"]),
    ],
)
def test_upstreams_are_read_as_each_proxy_writes_them(text: str, found: list[str]) -> None:
    assert upstreams_in(text) == found


def front(world: Cluster, target: str, image: str = "nginx:1.27", state: Any = None) -> None:
    world.config_map("front-conf", {"default.conf": f"location / {{ proxy_pass http://{target}; }}"})
    body = template(container("front", f"{REGISTRY}/{image}"), volumes={"conf": {"configMap": {"name": "front-conf"}}})
    (pod,) = world.deployment("front", body, replicas=1, empty=True).pods(1, state)
    if state is not None:
        line = f'-1m|<t> [emerg] 1#1: host not found in upstream "{target}" in /etc/nginx/conf.d/default.conf:4'
        world.log(pod, line, previous=True)


BROKEN = crash_loop("20m", 7, Ended(1, "1m", "1s"))


def test_a_proxy_that_names_a_service_that_is_not_there_is_a_misroute() -> None:
    world = cluster()
    front(world, "carts", state=BROKEN)
    assert roots_of(world, wrong_upstreams, unmet) == [("gateway_misroute", "Deployment/shop/front")]
    found = found_by(world, wrong_upstreams)["Deployment/shop/front"]
    assert "ConfigMap front-conf, key default.conf" in found.explanation
    assert "There is a Service cart;" in found.explanation


def test_a_proxy_that_does_not_complain_and_a_program_that_is_no_proxy_are_nothing_here() -> None:
    quiet = cluster()
    front(quiet, "carts")
    assert found_by(quiet, wrong_upstreams) == {}
    other = cluster()
    front(other, "carts", image="shop/api:1", state=BROKEN)
    assert found_by(other, wrong_upstreams) == {}


def misled(path: str, service: str, status: int) -> Cluster:
    world = cluster()
    world.ingress("shop", "shop.example.com", {"/orders": ("orders", 80), path: (service, 80)})
    pod = next(each for each in world.of("Pod") if each["metadata"]["name"].startswith("orders-"))
    world.log(pod, "\n".join(f'-{each}m|<ip> "GET /cart/7 HTTP/1.1" {status} 12' for each in (5, 4, 3, 2)))
    return world


def test_a_path_that_leads_to_a_service_that_does_not_know_it_is_a_misroute() -> None:
    assert roots_of(misled("/cart", "orders", 404), wrong_services) == [("gateway_misroute", "Ingress/shop/shop")]


@pytest.mark.parametrize("world", [misled("/cart", "orders", 200), misled("/cart", "cart", 404)])
def test_a_path_that_is_answered_or_leads_where_its_name_says_is_nothing(world: Cluster) -> None:
    assert found_by(world, wrong_services) == {}


def shared(main: int, preview: int, *, known: bool = False) -> Cluster:
    """A path shared by a version that serves and one that does not know what is asked, by weights."""
    world = cluster()
    for name, status in (("menu", 200), ("menu-next", 200 if known else 404)):
        made = world.deployment(name, template(container(name, f"{REGISTRY}/shop/{name}:1", port=8080)), replicas=1)
        world.service(name)
        world.log(made.made[0], "\n".join(f'-{each}m|<ip> "GET /v2/menu HTTP/1.1" {status} 12' for each in range(9)))
    refs = [{"name": "menu", "port": 80, "weight": main}, {"name": "menu-next", "port": 80, "weight": preview}]
    rule = {"backendRefs": refs, "matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}
    world.http_route("menu", "public", "example.com", [rule])
    return world


def test_weights_that_send_most_to_what_does_not_know_the_path_are_a_misroute() -> None:
    assert roots_of(shared(0, 100), wrong_weights) == [("gateway_misroute", "HTTPRoute/shop/menu")]
    assert "menu 0, menu-next 100" in found_by(shared(0, 100), wrong_weights)["HTTPRoute/shop/menu"].explanation


@pytest.mark.parametrize("world", [shared(99, 1), shared(0, 100, known=True)], ids=["a canary", "a finished move"])
def test_a_small_share_and_a_version_that_serves_are_nothing(world: Cluster) -> None:
    assert found_by(world, wrong_weights) == {}


def test_a_proxy_that_logs_only_the_address_of_the_service_is_known_by_the_port() -> None:
    world = cluster()
    front(world, "cart:81")
    pod = next(each for each in world.of("Pod") if each["metadata"]["name"].startswith("front-"))
    line = "[error] 31#31: *2 connect() failed (111: Connection refused) while connecting to upstream, upstream:"
    world.log(pod, "\n".join(f'-{each}m|<t> {line} "http://10.99.1.1:81/x"' for each in (4, 3, 2)))
    assert roots_of(world, wrong_upstreams, unmet) == [("gateway_misroute", "Deployment/shop/front")]
