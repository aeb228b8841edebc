"""Databases that nobody names: told apart by their sort, by settings, and by what is missing."""

from typing import Any

from tests.scenarios.kit import REGISTRY, Cluster, container, template
from tests.tools.analyzers.picture import found_by, roots_of
from tools.analyzers.dependencies import unmet
from tools.analyzers.networking import name_service
from tools.analyzers.nodes import service_routing

READ_ONLY = '-2m|<t> level=ERROR msg="save" error="(1290, \'server is running with the --super-read-only option\')"'
UNKNOWN = '-2m|<t> level=ERROR msg="cannot start" error="[Errno -2] Name or service not known"'


def cluster() -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    return world


def says(world: Cluster, line: str, caller: str = "web", **more: Any) -> None:
    logs(world, "\n".join(line.replace("-2m", f"-{each}m") for each in (4, 3, 2)), caller, **more)


def logs(world: Cluster, text: str, caller: str = "web", **more: Any) -> None:
    body = template(container(caller, f"{REGISTRY}/shop/{caller}:1", port=8080, **more))
    (pod,) = world.deployment(caller, body, replicas=1, empty=True).pods(1)
    world.log(pod, text)


def store(world: Cluster, name: str, image: str) -> None:
    world.deployment(name, template(container(name, image, port=3306)))
    world.service(name, 3306)


def test_the_only_database_of_the_sort_that_refuses_is_what_has_to_be_mended() -> None:
    world = cluster()
    store(world, "people", "mysql:8.0")
    store(world, "sessions", "redis:7")
    says(world, READ_ONLY)
    assert roots_of(world, unmet) == [("database_read_only", "Deployment/shop/people")]


def test_of_two_databases_the_one_that_the_settings_name_is_meant() -> None:
    world = cluster()
    store(world, "people", "mysql:8.0")
    store(world, "stock", "percona/percona-server:8.0")
    says(world, READ_ONLY, env={"DB_HOST": "stock"})
    assert roots_of(world, unmet) == [("database_read_only", "Deployment/shop/stock")]


def test_of_two_databases_that_nothing_names_neither_is_accused() -> None:
    world = cluster()
    store(world, "people", "mysql:8.0")
    store(world, "stock", "mariadb:11")
    says(world, READ_ONLY)
    assert roots_of(world, unmet) == [("database_read_only", "Deployment/shop/web")]


WRITES_REFUSED = (
    "-{}m|E, [<t> #17] ERROR -- : [a81c] StatementInvalid (PG::ReadOnlySqlTransaction: ERROR:  cannot execute {} in a "
    "read-only transaction"
)


def refusing(*statements: str, says: str) -> Cluster:
    """A program that complains once of each statement, and the database that it writes to."""
    world = cluster()
    lines = [WRITES_REFUSED.format(12 - 4 * at, each) for at, each in enumerate(statements)]
    logs(world, "\n".join(lines), env={"DATABASE_HOST": "ledger"})
    body = template(container("pg", "postgres:16", port=5432))
    (pod,) = world.deployment("ledger", body, replicas=1, empty=True).pods(1)
    world.log(pod, f"-25m|<t> UTC [42] LOG:  {says}")
    world.service("ledger", 5432)
    return world


def test_a_database_that_says_it_stands_by_is_heard_as_well() -> None:
    found = found_by(refusing("UPDATE", "INSERT", "DELETE", says="entering standby mode"), unmet)
    assert any("entering standby mode" in each.text for each in found["Deployment/shop/ledger"].evidence)


def test_complaints_of_different_statements_are_counted_together() -> None:
    assert found_by(refusing("UPDATE", "INSERT", says="checkpoint complete"), unmet) == {}
    found = found_by(refusing("UPDATE", "INSERT", "DELETE", says="checkpoint complete"), unmet)
    assert found["Deployment/shop/ledger"].category == "database_read_only"


def test_a_replica_that_nobody_writes_to_is_well() -> None:
    assert found_by(refusing(says="database system is ready to accept read-only connections"), unmet) == {}


def test_a_name_that_is_not_told_is_the_one_address_in_the_settings_that_leads_nowhere() -> None:
    world = cluster()
    store(world, "people", "mysql:8.0")
    says(world, UNKNOWN, env={"DB_HOST": "people", "CACHE_ADDR": "redsi:6379"})
    found = found_by(world, unmet)["Deployment/shop/web"]
    assert found.category == "wrong_dependency_address"
    assert "looks for redsi" in found.summary


def test_a_name_service_without_pods_explains_names_that_are_not_known() -> None:
    world = cluster()
    says(world, UNKNOWN.replace("[Errno -2]", "getaddrinfo ENOTFOUND stok.shop.svc.cluster.local"))
    body = template(container("coredns", "registry.k8s.io/coredns/coredns:v1.11.1", port=53))
    world.deployment("coredns", body, replicas=0, namespace="kube-system", empty=True)
    assert roots_of(world, unmet, name_service) == [("dns_failure", "Deployment/kube-system/coredns")]


def test_a_node_without_service_routing_explains_who_calls_services_from_there() -> None:
    world = cluster()
    store(world, "stock", "example/stock:1")
    line = '-2m|<t> level=ERROR msg="get" error="dial tcp: connect to stock:3306 timed out"'
    says(world, line)
    caller = next(each for each in world.of("Pod") if each["metadata"]["name"].startswith("web-"))
    proxy = template(container("kube-proxy", "registry.k8s.io/kube-proxy:v1.30.4"))
    world.objects.append(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "kube-proxy-x",
                "namespace": "kube-system",
                "creationTimestamp": "2026-03-01T00:00:00Z",
            },
            "spec": {**proxy["spec"], "nodeName": caller["spec"]["nodeName"]},
            "status": {
                "phase": "Running",
                "containerStatuses": [
                    {
                        "name": "kube-proxy",
                        "restartCount": 30,
                        "ready": False,
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-03-11T09:40:00Z"}},
                    }
                ],
            },
        }
    )
    roots = roots_of(world, unmet, service_routing)
    assert roots == [("kube_proxy_unavailable", "Pod/kube-system/kube-proxy-x")]


REFUSED = '-2m|<t> FATAL:  password authentication failed for user "shopper"'


def test_a_database_that_turns_a_client_away_is_not_turned_away_itself() -> None:
    world = cluster()
    store(world, "pg", "postgres:16")
    (pod,) = [each for each in world.of("Pod", "shop") if each["metadata"]["name"].startswith("pg-")][:1]
    world.log(pod, "\n".join(REFUSED.replace("-2m", f"-{each}m") for each in (4, 3, 2)))
    assert roots_of(world, unmet) == []


def test_the_name_of_a_user_is_not_taken_for_an_address() -> None:
    world = cluster()
    store(world, "pg", "postgres:16")
    says(world, REFUSED.replace("FATAL", "ERROR PSQLException: FATAL"), env={"DB_HOST": "pg"})
    found = found_by(world, unmet)["Deployment/shop/web"]
    assert "refused by pg" in found.summary
    assert "user shopper" in found.summary


def test_an_address_that_nobody_has_means_the_service_that_stands_beside_it() -> None:
    world = cluster()
    store(world, "stock", "example/stock:1")
    line = '-2m|{"level":"error","time":"<t>","msg":"dial tcp 10.99.0.44:80: connect: connection refused","upstream":"http://stock:3306/x"}'
    says(world, line)
    assert "cannot reach stock" in found_by(world, unmet)["Deployment/shop/web"].summary


def test_a_name_with_a_port_beside_an_address_that_nobody_has_is_what_was_called() -> None:
    world = cluster()
    store(world, "kafka", "apache/kafka:3.7")
    told = (
        "[thrd:kafka:3306/bootstrap]: kafka:3306/bootstrap: Connect to ipv4#10.99.0.4:3306 failed: Connection refused"
    )
    says(world, f"-2m|<t> ERROR {told}")
    assert "cannot reach kafka" in found_by(world, unmet)["Deployment/shop/web"].summary


def test_an_address_of_ours_that_nobody_has_is_not_called_outside() -> None:
    world = cluster()
    says(world, '-2m|<t> level=ERROR msg="get" error="dial tcp 10.99.0.44:80: connect: connection refused"')
    found = found_by(world, unmet)["Deployment/shop/web"]
    assert "No Service and no pod that was read has this address" in found.explanation
    assert "outside" not in found.explanation


def complaints(first: int, last: int, level: str) -> str:
    told = f'<t> level={level} msg="send" error="dial tcp 203.0.113.9:443: connect: connection refused"'
    return "\n".join(f"-{each}m|{told}" for each in range(first, last, -1))


def test_a_log_that_complains_up_to_its_end_counts_though_its_clock_is_behind() -> None:
    world = cluster()
    logs(world, complaints(95, 60, "ERROR"))
    assert roots_of(world, unmet) == [("dependency_unreachable", "Deployment/shop/web")]


def test_a_log_that_complained_long_ago_and_went_on_is_nothing() -> None:
    world = cluster()
    logs(world, complaints(95, 60, "ERROR") + "".join(f'\n-{each}m|<t> level=INFO msg="sent"' for each in (9, 8, 7)))
    assert roots_of(world, unmet) == []


def test_a_client_that_only_warns_and_tries_again_for_ever_is_believed() -> None:
    world = cluster()
    logs(world, complaints(20, 1, "WARN"))
    assert roots_of(world, unmet) == [("dependency_unreachable", "Deployment/shop/web")]
    few = cluster()
    logs(few, complaints(4, 1, "WARN"))
    assert roots_of(few, unmet) == []
