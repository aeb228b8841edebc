"""Certificates past their end, and those that only end soon."""

from typing import Any

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, container, template
from tests.tools.analyzers.picture import found_by, roots_of
from tools.analyzers.certificates import called_expired, expired
from tools.analyzers.dependencies import unmet
from tools.analyzers.networking import shown_expired

OVER = (
    "x509: certificate has expired or is not yet valid: current time 2026-03-11T09:40:00Z is after 2026-03-10T00:00:00Z"
)


def app(name: str, **more: Any) -> dict[str, Any]:
    return template(container(name, f"{REGISTRY}/shop/{name}:1", port=8080), **more)


def cluster() -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    world.deployment("pay", app("pay"))
    world.service("pay", port=443)
    return world


def complain(
    world: Cluster, host: str, *callers: str, error: str = f"tls: failed to verify certificate: {OVER}"
) -> None:
    for name in callers:
        (pod,) = world.deployment(name, app(name), replicas=1, empty=True).pods(1)
        line = f'<t> level=ERROR msg="charge" error="Post https://{host}/charge: {error}"'
        world.log(pod, "\n".join(f"-{each}m|{line}" for each in (4, 3, 2)))


def certificate(world: Cluster, ends: str, *names: str) -> None:
    spec = {"secretName": "pay-tls", "dnsNames": list(names)}
    world.add("Certificate", "pay", {"spec": spec, "status": {"notAfter": ends, "conditions": []}})


def test_a_certificate_whose_end_is_past_explains_who_refuses_it() -> None:
    world = cluster()
    certificate(world, "2026-03-10T00:00:00Z", "pay.shop.svc")
    complain(world, "pay:443", "web", "cart")
    assert roots_of(world, expired, shown_expired, unmet) == [("certificate_expired", "Certificate/shop/pay")]
    assert "2026-03-10" in found_by(world, expired)["Certificate/shop/pay"].summary


@pytest.mark.parametrize("ends", ["2026-03-12T00:00:00Z", "2027-01-01T00:00:00Z", ""])
def test_a_certificate_that_ends_soon_is_nothing(ends: str) -> None:
    world = cluster()
    certificate(world, ends, "pay.shop.svc")
    assert found_by(world, expired) == {}


def test_a_secret_that_says_when_it_ended_is_found_with_what_mounts_it() -> None:
    world = cluster()
    made = world.secret("pay-tls", {})
    made["metadata"]["annotations"] = {"auth.openshift.io/certificate-not-after": "2026-03-10T00:00:00Z"}
    world.ingress("shop", "shop.example.com", {"/": ("pay", 443)}, tls_secret="pay-tls")
    found = found_by(world, expired)["Secret/shop/pay-tls"]
    assert [str(each) for each in found.affected] == ["Ingress/shop/shop"]


def test_without_an_object_for_it_the_program_that_shows_it_is_named() -> None:
    world = cluster()
    complain(world, "pay:443", "web")
    assert roots_of(world, expired, shown_expired, unmet) == [("certificate_expired", "Deployment/shop/pay")]


def test_a_host_of_an_ingress_means_the_ingress() -> None:
    world = cluster()
    world.ingress("shop", "pay.example.com", {"/": ("pay", 443)}, tls_secret="pay-tls")
    complain(world, "pay.example.com:443", "web")
    assert roots_of(world, expired, shown_expired, unmet) == [("certificate_expired", "Ingress/shop/shop")]


def test_a_webhook_that_shows_an_old_certificate_is_found_by_what_the_api_server_says() -> None:
    world = cluster()
    (made,) = [each for each in world.of("ReplicaSet") if each["metadata"]["name"].startswith("pay-")]
    message = (
        'Error creating: Internal error occurred: failed calling webhook "pay.example.com": failed to call webhook: '
        f'Post "https://pay.shop.svc:443/mutate?timeout=10s": tls: failed to verify certificate: {OVER}'
    )
    world.event(made, "FailedCreate", message, last="1m", first="20m", count=9)
    assert roots_of(world, called_expired) == [("certificate_expired", "Deployment/shop/pay")]
    old = cluster()
    (made,) = [each for each in old.of("ReplicaSet") if each["metadata"]["name"].startswith("pay-")]
    old.event(made, "FailedCreate", message, last="50m", first="55m", count=2)
    assert found_by(old, called_expired) == {}


def test_of_several_programs_that_miss_something_outside_one_stands_for_it() -> None:
    world = cluster()
    complain(world, "api.example.com:443", "web", "cart", error="dial tcp 203.0.113.9:443: connect: connection refused")
    joined = roots_of(world, unmet)
    assert len(joined) == 1
    assert len(found_by(world, unmet)) == 2
    apart = cluster()
    complain(apart, "a.example.com:443", "web", error="dial tcp a.example.com:443: connect: connection refused")
    complain(apart, "b.example.com:443", "cart", error="dial tcp b.example.com:443: connect: connection refused")
    assert len(roots_of(apart, unmet)) == 2
