"""Network policies as the API defines them, and a name service that fails."""

from typing import Any

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, Ended, container, crash_loop, running, template, unready
from tests.tools.analyzers.picture import found_by, roots_of
from tools.analyzers.crashes import crashed
from tools.analyzers.dependencies import unmet
from tools.analyzers.networking import name_service, policy_blocks
from tools.analyzers.nodes import service_routing
from tools.analyzers.policies import End, blocks

WEB = End("shop", {"app": "web"}, {"team": "a"}, ("10.1.0.5",))
DB = End("data", {"app": "db"}, {"team": "b"}, ("10.1.0.9",), {"sql": 5432})


def policy(spec: dict[str, Any], namespace: str = "data", name: str = "p") -> dict[str, Any]:
    return {"kind": "NetworkPolicy", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def inward(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return policy({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": list(rules), **more})


def outward(*rules: dict[str, Any]) -> dict[str, Any]:
    return policy({"podSelector": {}, "policyTypes": ["Egress"], "egress": list(rules)}, "shop")


TEAM_A = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
APP_WEB = {"podSelector": {"matchLabels": {"app": "web"}}}
EVERYBODY: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("made", "is_blocked"),
    [
        ([], False),
        ([inward()], True),
        ([inward(EVERYBODY)], False),
        ([inward(), inward({"from": [TEAM_A]})], False),
        ([inward({"from": [{"namespaceSelector": {}}]})], False),
        ([inward({"from": [APP_WEB]})], True),
        ([inward({"from": [{**TEAM_A, **APP_WEB}]})], False),
        ([inward({"from": [{**TEAM_A, "podSelector": {"matchLabels": {"app": "x"}}}]})], True),
        ([inward({"from": [APP_WEB, TEAM_A]})], False),
        ([inward({"ports": [{"port": 5432}]})], False),
        ([inward({"ports": [{"port": "sql"}]})], False),
        ([inward({"ports": [{"port": 5000, "endPort": 6000}]})], False),
        ([inward({"ports": [{"port": 3306}]})], True),
        ([inward({"ports": [{"protocol": "UDP", "port": 5432}]})], True),
        ([inward({"from": [TEAM_A], "ports": [{"port": 3306}]}, {"ports": [{"port": 5432}], "from": [APP_WEB]})], True),
        ([inward({"from": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]})], False),
        ([inward({"from": [{"ipBlock": {"cidr": "10.1.0.0/16", "except": ["10.1.0.0/28"]}}]})], True),
        ([inward(podSelector={"matchLabels": {"app": "other"}})], False),
        ([inward(podSelector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["db"]}]})], True),
        ([policy({"podSelector": {}})], True),
        ([policy({"podSelector": {}}, "shop")], False),
        ([policy({"podSelector": {}, "egress": [{"to": [APP_WEB]}]}, "shop")], True),
        ([outward()], True),
        ([outward({"to": [{"namespaceSelector": {"matchLabels": {"team": "b"}}}]})], False),
        ([outward({"to": [{"podSelector": {}}]})], True),
        ([policy({"podSelector": {}, "policyTypes": ["Egress"]})], False),
    ],
)
def test_policies_add_up_as_the_api_defines_it(made: list[dict[str, Any]], is_blocked: bool) -> None:
    assert (blocks(made, WEB, DB, 5432) is not None) is is_blocked


def test_pods_on_the_hosts_network_have_no_policies() -> None:
    assert blocks([outward()], End("shop", is_host_network=True), DB, 5432) is None


def test_a_name_outside_may_be_in_any_block_that_is_admitted() -> None:
    outside = End(None)
    assert blocks([outward({"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]})], WEB, outside, 443) is None
    assert blocks([outward({"to": [{"podSelector": {}}]})], WEB, outside, 443) is not None
    known = End(None, addresses=("198.51.100.7",))
    assert blocks([outward({"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]})], WEB, known, 443) is not None


def app(name: str, port: int = 8080, **more: Any) -> dict[str, Any]:
    return template(container(name, f"{REGISTRY}/shop/{name}:1", port=port), **more)


def cluster(line: str = 'error="dial tcp stock:80: i/o timeout"', *callers: str) -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    world.deployment("stock", app("stock"))
    world.service("stock")
    for name in callers or ("web",):
        (pod,) = world.deployment(name, app(name), replicas=1, empty=True).pods(1)
        world.log(pod, "\n".join(f'-{each}m|<t> level=ERROR msg="get" {line}' for each in (4, 3, 2)))
    return world


ADMIN_ONLY = {
    "podSelector": {"matchLabels": {"app": "stock"}},
    "policyTypes": ["Ingress"],
    "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "admin"}}}]}],
}


def test_a_policy_that_does_not_admit_who_complains_is_the_cause() -> None:
    world = cluster()
    world.network_policy("stock-in", ADMIN_ONLY)
    assert roots_of(world, policy_blocks, unmet) == [("network_policy_block", "NetworkPolicy/shop/stock-in")]
    found = found_by(world, policy_blocks, unmet)
    assert [str(each) for each in found["NetworkPolicy/shop/stock-in"].affected] == ["Deployment/shop/web"]
    assert found["Deployment/shop/web"].because[0] == found["NetworkPolicy/shop/stock-in"].subject


def test_the_port_that_counts_is_the_pods_own_not_the_services() -> None:
    world = cluster()
    world.network_policy("stock-in", {**ADMIN_ONLY, "ingress": [{"ports": [{"port": 8080}]}]})
    assert found_by(world, policy_blocks) == {}
    world = cluster()
    world.network_policy("stock-in", {**ADMIN_ONLY, "ingress": [{"ports": [{"port": 80}]}]})
    assert "NetworkPolicy/shop/stock-in" in found_by(world, policy_blocks)


@pytest.mark.parametrize("line", ['error="dial tcp stock:80: connect: connection refused"', 'msg="all is well"'])
def test_a_policy_is_quiet_where_nobody_waits_in_vain(line: str) -> None:
    world = cluster(line)
    world.network_policy("stock-in", ADMIN_ONLY)
    assert found_by(world, policy_blocks) == {}


def test_a_policy_that_keeps_a_program_from_the_name_service_is_the_cause() -> None:
    world = cluster('error="getaddrinfo EAI_AGAIN payments.example.com"')
    own = {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"]}
    world.network_policy("web-out", {**own, "egress": [{"to": [{"podSelector": {}}]}]})
    assert roots_of(world, policy_blocks, unmet, name_service)[0] == (
        "network_policy_block",
        "NetworkPolicy/shop/web-out",
    )
    admitted = cluster('error="getaddrinfo EAI_AGAIN payments.example.com"')
    admitted.network_policy("web-out", {**own, "egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}]})
    assert found_by(admitted, policy_blocks) == {}


def test_a_release_that_took_the_admitted_label_is_the_culprit() -> None:
    world = cluster('msg="well"', "other")
    before, after = app("web", labels={"db-client": "yes"}), app("web")
    made = world.deployment("web", before, after, ages=("9d", "15m"), first_revision=7, replicas=1, empty=True)
    (pod,) = made.pods(1)
    world.log(pod, "\n".join(f'-{each}m|<t> level=ERROR error="dial tcp stock:80: i/o timeout"' for each in (4, 3, 2)))
    rule = {"from": [{"podSelector": {"matchLabels": {"db-client": "yes"}}}]}
    world.network_policy("stock-in", {**ADMIN_ONLY, "ingress": [rule]})
    found = found_by(world, policy_blocks)["NetworkPolicy/shop/stock-in"]
    assert found.culprit == "Deployment/shop/web@8"
    assert found.remedy is not None
    assert found.remedy.to_revision == 7


def name_server(world: Cluster, state: Any = None, log: str = "") -> None:
    home, world.home = world.home, "kube-system"
    made = world.deployment("coredns", template(container("coredns", "registry.k8s.io/coredns:v1")), empty=True)
    for pod in made.pods(2, state):
        if log:
            world.log(pod, log)
        if state is not None:
            world.log(
                pod, "-1m|/etc/coredns/Corefile:7 - Error during parsing: Unknown directive 'forwad'", previous=True
            )
    world.home = home


UNANSWERED = 'error="getaddrinfo EAI_AGAIN stock"'


def test_a_name_service_that_crashes_is_the_cause_of_who_cannot_resolve() -> None:
    world = cluster(UNANSWERED, "web", "cart")
    name_server(world, crash_loop("20m", 8, Ended(1, "1m", "1s")))
    assert roots_of(world, name_service, unmet) == [("dns_failure", "Deployment/kube-system/coredns")]
    found = found_by(world, name_service)["Deployment/kube-system/coredns"]
    assert any("Unknown directive" in each.text for each in found.evidence)
    assert found.confidence > 0.9


def test_several_programs_without_an_answer_point_at_the_name_service_and_one_does_not() -> None:
    many = cluster(UNANSWERED, "web", "cart")
    name_server(many)
    assert roots_of(many, name_service, unmet) == [("dns_failure", "Deployment/kube-system/coredns")]
    one = cluster(UNANSWERED)
    name_server(one)
    assert found_by(one, name_service) == {}


def test_a_name_that_the_name_service_itself_got_no_answer_for_is_its_fault() -> None:
    world = cluster('error="getaddrinfo ENOTFOUND api.payments.example"')
    name_server(world)
    assert found_by(world, name_service) == {}
    line = "[ERROR] plugin/errors: 2 {}. A: read udp 10.244.0.3:41000->10.99.0.53:53: i/o timeout"
    for name, whose in (("other.example", None), ("api.payments.example", "Deployment/kube-system/coredns")):
        world = cluster('error="getaddrinfo ENOTFOUND api.payments.example"')
        name_server(world, log="\n".join([f"-5m|{line.format(name)}"] * 5))
        assert next(iter(found_by(world, name_service)), None) == whose


def test_a_name_service_that_runs_is_nothing() -> None:
    world = cluster('msg="well"')
    name_server(world)
    assert found_by(world, name_service, policy_blocks) == {}


def test_names_that_do_not_exist_are_not_the_name_services_fault() -> None:
    world = cluster('error="lookup stok on 10.96.0.10:53: no such host"', "web", "cart")
    name_server(world)
    assert found_by(world, name_service) == {}
    known = cluster('error="lookup stock.shop.svc on 10.96.0.10:53: no such host"', "web", "cart")
    name_server(known)
    assert roots_of(known, name_service, unmet) == [("dns_failure", "Deployment/kube-system/coredns")]


def on_one_node(*, agent: str = "kube-proxy") -> Cluster:
    """Two programs on both nodes; those on node-b complain and are not ready. The agent of that node is broken."""
    world = cluster('msg="well"', "other")
    for name in ("web", "cart"):
        made = world.deployment(name, app(name), empty=True)
        made.pods(1, running("3d"), node="node-a")
        (pod,) = made.pods(1, unready("3d", "20m"), node="node-b")
        world.log(pod, "\n".join(f"-{each}m|<t> level=ERROR {UNANSWERED}" for each in (14, 9, 4, 3, 2)))
    name_server(world)
    for pod in world.of("Pod", "kube-system"):
        world.log(pod, "[ERROR] plugin/errors: 2 example.org. A: read udp 10.1.0.2:5353->10.0.0.2:53: i/o timeout")
    world.home = "kube-system"
    agents = world.daemonset(agent, template(container(agent, f"registry.k8s.io/{agent}:v1")), empty=True)
    agents.pods(1, running("75d"), node="node-a")
    agents.pods(1, crash_loop("25m", 9, Ended(1, "1m", "2s")), node="node-b")
    world.home = "shop"
    return world


def test_a_kube_proxy_that_fails_where_all_complain_explains_names_that_are_not_answered() -> None:
    world = on_one_node()
    assert roots_of(world, name_service, unmet, service_routing) == [
        ("kube_proxy_unavailable", "DaemonSet/kube-system/kube-proxy")
    ]


@pytest.mark.parametrize("agent", ["calico-node", "something-else"])
def test_a_name_service_that_answers_on_other_nodes_is_not_at_fault(agent: str) -> None:
    assert found_by(on_one_node(agent=agent), name_service) == {}


def test_an_agent_of_the_network_that_crashes_explains_who_cannot_resolve_there() -> None:
    assert roots_of(on_one_node(agent="calico-node"), name_service, unmet, crashed) == [
        ("app_crash", "DaemonSet/kube-system/calico-node")
    ]


@pytest.mark.parametrize(("lines", "is_found"), [(1, False), (5, True)])
def test_one_line_about_a_name_elsewhere_is_no_fault_of_the_name_service(lines: int, is_found: bool) -> None:
    world = cluster(UNANSWERED)
    name_server(world)
    told = "[ERROR] plugin/errors: 2 example.org. A: read udp 10.1.0.2:5353->10.0.0.2:53: i/o timeout"
    world.log(world.of("Pod", "kube-system")[0], "\n".join([told] * lines))
    assert bool(found_by(world, name_service)) is is_found


DENY_ALL: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Ingress"]}


def admitting(*peers: dict[str, Any], **rule: Any) -> dict[str, Any]:
    return {**DENY_ALL, "ingress": [{"from": list(peers), **rule}]}


def walled(*allowed: dict[str, Any]) -> Cluster:
    """A caller in another namespace that waits in vain; all policies are of the same time."""
    world = cluster('msg="well"', "other")
    world.namespace("front")
    (pod,) = world.deployment("desk", app("desk"), replicas=1, namespace="front", empty=True).pods(1)
    line = 'error="dial tcp stock.shop.svc.cluster.local:80: i/o timeout"'
    world.log(pod, "\n".join(f"-{each}m|<t> level=ERROR {line}" for each in (4, 3, 2)))
    world.network_policy("nobody", DENY_ALL, age="6m")
    for number, spec in enumerate(allowed):
        world.network_policy(f"some-{number}", spec, age="6m")
    return world


SHOP: dict[str, Any] = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}
FRONT: dict[str, Any] = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "front"}}}
GONE: dict[str, Any] = {"namespaceSelector": {"matchLabels": {"team": "frnt"}}}


@pytest.mark.parametrize(
    ("allowed", "named"),
    [
        ([], "nobody"),
        ([admitting({"podSelector": {}}), admitting(SHOP)], "nobody"),
        ([admitting({"podSelector": {}}), admitting(FRONT, ports=[{"port": 9999}])], "some-1"),
        ([admitting({"podSelector": {}}), admitting(GONE)], "some-1"),
        ([admitting({"podSelector": {"matchLabels": {"app": "stok"}}}), admitting(SHOP)], "some-0"),
    ],
    ids=["alone", "others are admitted", "wrong port", "a namespace that is none", "pods that are none"],
)
def test_of_several_policies_the_one_that_has_to_be_mended_is_named(allowed: list[dict[str, Any]], named: str) -> None:
    assert roots_of(walled(*allowed), policy_blocks, unmet, namespace="shop") == [
        ("network_policy_block", f"NetworkPolicy/shop/{named}")
    ]


EMPTY_POOL = (
    "-{0}m|<t> ERROR SqlExceptionHelper - HikariPool-1 - Connection is not available, request timed out after 30000ms "
    "(total={1}, active={1}, idle=0, waiting=4)"
)


def _pooled(held: int) -> Cluster:
    world = cluster('msg="all is well"')
    world.namespace("vault")
    world.deployment("ledger", app("ledger", 5432), namespace="vault")
    world.service("ledger", 5432, target=5432, namespace="vault")
    world.network_policy("closed", {"podSelector": {}, "policyTypes": ["Ingress"]}, namespace="vault", age="20m")
    url = {"SPRING_DATASOURCE_URL": "jdbc:postgresql://ledger.vault.svc.cluster.local:5432/books"}
    body = template(container("books", f"{REGISTRY}/shop/books:1", port=8080, env=url))
    (pod,) = world.deployment("books", body, replicas=1, empty=True).pods(1)
    world.log(pod, "\n".join(EMPTY_POOL.format(each, held) for each in (4, 3, 2)))
    return world


def test_a_pool_that_holds_nothing_got_no_connection_and_its_url_tells_from_where() -> None:
    world = _pooled(0)
    assert roots_of(world, policy_blocks, unmet) == [("network_policy_block", "NetworkPolicy/vault/closed")]


def test_a_pool_that_holds_connections_is_used_up_whatever_the_policies_say() -> None:
    world = _pooled(10)
    assert roots_of(world, policy_blocks, unmet) == [("connection_pool_exhausted", "Deployment/shop/books")]


def test_a_dependency_that_nothing_names_is_not_said_to_be_outside() -> None:
    world = cluster('error="connection timed out"')
    found = found_by(world, unmet)["Deployment/shop/web"]
    assert "outside" not in found.explanation
