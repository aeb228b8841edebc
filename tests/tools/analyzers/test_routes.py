"""Ingresses, Gateways, routes and the rules of a mesh that name what does not exist."""

from typing import Any

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, container, template
from tests.tools.analyzers.picture import found_by, picture, roots_of
from tools.analyzers import analyze
from tools.analyzers.changes import blame
from tools.analyzers.misroutes import misled
from tools.analyzers.routes import gateways, ingresses, meshes


def cluster() -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    world.deployment("cart", template(container("cart", f"{REGISTRY}/shop/cart:1", port=8080)))
    world.service("cart")
    return world


def test_an_ingress_to_a_service_that_is_not_there_is_found_with_what_was_meant() -> None:
    world = cluster()
    world.ingress("shop", "shop.example.com", {"/": ("cart", 80), "/pay": ("carts", 80)})
    assert roots_of(world, ingresses) == [("ingress_backend_missing", "Ingress/shop/shop")]
    found = found_by(world, ingresses)["Ingress/shop/shop"]
    assert "Service carts" in found.summary
    assert "There is a Service cart;" in found.explanation


def test_an_ingress_to_a_port_that_the_service_lacks_is_found() -> None:
    world = cluster()
    world.ingress("shop", "shop.example.com", {"/": ("cart", 8080)})
    assert "port 8080" in found_by(world, ingresses)["Ingress/shop/shop"].summary
    named = cluster()
    named.ingress("shop", "shop.example.com", {"/": ("cart", "web")})
    assert roots_of(named, ingresses) == [("ingress_backend_missing", "Ingress/shop/shop")]


def test_an_ingress_that_is_right_or_is_just_being_made_is_nothing() -> None:
    world = cluster()
    world.add("IngressClass", "nginx", {"spec": {}})
    world.ingress("numbers", "a.example.com", {"/": ("cart", 80)})
    world.ingress("names", "b.example.com", {"/": ("cart", "http")})
    world.ingress("fresh", "c.example.com", {"/": ("soon", 80)}, age="1m")
    world.ingress("cm-acme-http-solver-x7k2p", "d.example.com", {"/": ("gone", 80)})
    world.ingress("actions", "e.example.com", {"/": ("ssl-redirect", "use-annotation")})
    assert found_by(world, ingresses) == {}


def test_a_class_that_is_not_there_is_found_unless_others_are_served_with_it() -> None:
    world = cluster()
    world.add("IngressClass", "nginx", {"spec": {}})
    world.ingress("shop", "shop.example.com", {"/": ("cart", 80)}, ingress_class="ngnix")
    assert roots_of(world, ingresses) == [("gateway_misroute", "Ingress/shop/shop")]
    usual = cluster()
    usual.add("IngressClass", "nginx", {"spec": {}})
    for name in ("one", "two"):
        usual.ingress(name, f"{name}.example.com", {"/": ("cart", 80)}, ingress_class="traefik")
    assert found_by(usual, ingresses) == {}


def test_a_missing_certificate_is_told_only_where_secrets_were_read() -> None:
    world = cluster()
    world.ingress("shop", "shop.example.com", {"/": ("cart", 80)}, tls_secret="shop-tls")
    assert found_by(world, ingresses) == {}
    world.secret("other", {})
    assert roots_of(world, ingresses) == [("missing_secret", "Ingress/shop/shop")]


def backend(name: str, port: int, **more: Any) -> dict[str, Any]:
    return {"backendRefs": [{"name": name, "port": port, **more}]}


def test_a_route_to_what_is_not_there_is_found_and_one_without_weight_is_not() -> None:
    world = cluster()
    world.gateway("edge", "envoy", "*.example.com")
    world.http_route("good", "edge", "a.example.com", [backend("cart", 80), backend("old", 80, weight=0)])
    world.http_route("wrong", "edge", "b.example.com", [backend("cart", 8080)])
    world.http_route("lost", "edge", "c.example.com", [backend("basket", 80)])
    assert sorted(roots_of(world, gateways)) == [
        ("gateway_misroute", "HTTPRoute/shop/lost"),
        ("gateway_misroute", "HTTPRoute/shop/wrong"),
    ]


def test_what_the_controller_refuses_is_found_but_not_while_it_is_being_done() -> None:
    def refused(ago: str) -> Cluster:
        world = cluster()
        row = {
            "type": "Accepted",
            "status": "False",
            "reason": "NoMatchingListenerHostname",
            "message": "There were no hostname intersections between the HTTPRoute and this parent ref's Listener(s).",
            "lastTransitionTime": world.at(ago),
        }
        world.http_route("shop", "edge", "shop.example.com", [backend("cart", 80)], conditions=[row])
        return world

    found = found_by(refused("20m"), gateways)["HTTPRoute/shop/shop"]
    assert "NoMatchingListenerHostname" in found.summary
    assert found.since is not None
    assert found_by(refused("20s"), gateways) == {}


def test_a_gateway_that_is_not_programmed_is_found() -> None:
    world = cluster()
    made = world.gateway("edge", "envoy", "*.example.com")
    assert found_by(world, gateways) == {}
    rows = [{**each} for each in made["status"]["conditions"]]
    rows[1] |= {"status": "False", "reason": "Invalid", "message": "listener https: certificate is not there"}
    made["status"]["conditions"] = rows
    assert roots_of(world, gateways) == [("gateway_misroute", "Gateway/shop/edge")]


def mesh(subset: str, labels: dict[str, str], host: str = "cart") -> Cluster:
    world = cluster()
    row = {"route": [{"destination": {"host": host, "subset": subset}}]}
    world.add("VirtualService", "cart", {"spec": {"hosts": ["cart"], "http": [row]}})
    subsets = [{"name": "v1", "labels": labels}, {"name": "v9", "labels": {"version": "9"}}]
    world.add("DestinationRule", "cart", {"spec": {"host": "cart.shop.svc.cluster.local", "subsets": subsets}})
    return world


def test_a_subset_that_no_rule_has_or_that_has_no_pods_is_found() -> None:
    assert roots_of(mesh("v2", {}), meshes) == [("gateway_misroute", "VirtualService/shop/cart")]
    assert roots_of(mesh("v1", {"version": "1"}), meshes) == [("gateway_misroute", "DestinationRule/shop/cart")]
    assert found_by(mesh("v1", {"app": "cart"}), meshes) == {}


def test_a_host_outside_the_mesh_is_nobodys_fault() -> None:
    assert found_by(mesh("", {}, "api.example.com"), meshes) == {}
    assert roots_of(mesh("", {}, "basket"), meshes) == [("gateway_misroute", "VirtualService/shop/cart")]


MOVED = "   - path: /orders\n     backend:\n       service:\n-        name: till\n+        name: cart"


def _moved(status: int = 404, *, ago: str = "20m", at: tuple[int, ...] = (15, 12, 9, 6, 3), **more: Any) -> Cluster:
    world = cluster()
    world.deployment("till", template(container("till", f"{REGISTRY}/shop/till:1", port=8080)))
    world.service("till")
    world.ingress("shop", "shop.example.com", {"/orders": ("cart", 80), "/": ("cart", 80)})
    line = f'"POST /orders HTTP/1.1" {status} 153 "-" "okhttp/4.12"'
    pod = next(each for each in world.of("Pod") if each["metadata"]["name"].startswith("cart-"))
    world.log(pod, "\n".join(f"-{each}m|10.0.0.9 - - [<t>] {line}" for each in at), style="access")
    told: dict[str, Any] = {"services": ["shop"], "diff": MOVED, "deployed_by": "argocd", **more}
    world.change("ROUTES-1", "config", ago, "shop: tidy up routes", **told)
    return world


def test_a_path_that_a_change_led_to_a_service_which_does_not_know_it_is_the_cause() -> None:
    seen = picture(_moved())
    joined, _ = blame(analyze(seen), seen)
    (root,) = joined.roots
    assert (root.category, str(root.subject), root.culprit) == ("gateway_misroute", "Ingress/shop/shop", "ROUTES-1")
    assert "to till before" in root.explanation


@pytest.mark.parametrize(
    "quiet",
    [
        _moved(201),
        _moved(at=(15, 9)),
        _moved(at=(40, 12, 9, 6, 3)),
        _moved(deployed_by="not deployed yet"),
        _moved(ago="30h"),
        _moved(diff=MOVED.replace("till\n+", "gone\n+")),
        _moved(diff=MOVED.replace("name: cart", "name: other")),
    ],
    ids=["answered", "hardly asked", "before as well", "not in force", "long ago", "old one is gone", "led elsewhere"],
)
def test_a_path_that_is_answered_or_was_led_nowhere_else_is_nothing(quiet: Cluster) -> None:
    assert found_by(quiet, misled) == {}
