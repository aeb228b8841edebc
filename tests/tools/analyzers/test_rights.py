"""Programs that the API server forbids something."""

from tests.scenarios.kit import REGISTRY, Cluster, Ended, container, crash_loop, running, template
from tests.tools.analyzers.picture import found_by, roots_of
from tools.analyzers.rights import forbidden

APP = template(container("sync", f"{REGISTRY}/ops/sync:1"), service_account="sync")
TOLD = (
    'ERROR configmaps is forbidden: User "system:serviceaccount:{account}" cannot list resource "configmaps" in API '
    'group "" in the namespace "ops"'
)


def cluster(account: str = "ops:sync", *, level: str = "ERROR", crashes: bool = True) -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "ops")
    world.nodes("node-a", "node-b")
    world.namespace()
    sync = world.deployment("sync", APP, replicas=1, empty=True)
    (pod,) = sync.pods(1, crash_loop("40m", 9, Ended(1, "1m", "3s")) if crashes else running())
    told = TOLD.format(account=account).replace("ERROR", level)
    world.log(pod, f"-70s|<t> INFO starting\n-65s|<t> {told}", previous=crashes)
    return world


def test_what_the_account_may_not_do_is_named() -> None:
    found = found_by(cluster(), forbidden)["Deployment/ops/sync"]
    assert found.category == "rbac_forbidden"
    assert "service account sync may not list configmaps in namespace ops" in found.summary
    assert any("cannot list resource" in each.text for each in found.evidence)
    assert found.remedy is None


def test_whether_anything_is_bound_to_the_account_is_said_where_that_was_read() -> None:
    world = cluster()
    role = world.role("reader", [("", "secrets", "get")])
    world.role_binding("others", role, "somebody")
    assert "No RoleBinding" in found_by(world, forbidden)["Deployment/ops/sync"].explanation
    world.role_binding("sync", role, "sync")
    assert "bound to Role reader" in found_by(world, forbidden)["Deployment/ops/sync"].explanation


def test_what_somebody_else_was_forbidden_is_nothing() -> None:
    assert roots_of(cluster("shop:api"), forbidden) == []


def test_a_program_that_runs_without_such_words_is_nothing() -> None:
    world = cluster(crashes=False)
    world.logs.clear()
    assert roots_of(world, forbidden) == []
    assert found_by(cluster(crashes=False), forbidden)["Deployment/ops/sync"].confidence < 0.8
