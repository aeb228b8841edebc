"""Stores whose connections are all taken: what is named, who is refused, and who took more just before."""

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, chatter, container, running, template
from tests.tools.analyzers.picture import found_by
from tools.analyzers.dependencies import unmet

FULL = "FATAL:  sorry, too many clients already"


def _used_up(*, more: int, line: str = FULL) -> Cluster:
    """A database that refuses an API, and a worker with this many pods more since 20 minutes."""
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    world.deployment("pg", template(container("pg", "postgres:16", port=5432)), replicas=1)
    world.service("pg", 5432, 5432)
    env = {"PGHOST": "pg"}
    api = world.deployment("api", template(container("api", f"{REGISTRY}/shop/api:1", env=env)), replicas=1)
    world.log(api.made[0], chatter("14m", "1s", "20s", f'<t> ERROR server at "pg", port 5432 failed: {line}'))
    body = template(container("worker", f"{REGISTRY}/shop/worker:1", env=env))
    worker = world.deployment("worker", body, replicas=2 + more, empty=True)
    worker.pods(2, running("9d"))
    worker.pods(more, running("20m"))
    return world


def test_the_store_is_named_and_who_is_refused_suffers() -> None:
    found = found_by(_used_up(more=8), unmet)
    store = found["Deployment/shop/pg"]
    assert store.category == "connection_pool_exhausted"
    assert [str(each) for each in store.affected] == ["Deployment/shop/api"]
    assert store.confidence > found["Deployment/shop/api"].confidence
    assert "worker (8 more pods)" in store.explanation
    assert [str(each) for each in store.because] == ["Deployment/shop/worker"]


def test_a_client_that_did_not_grow_is_not_named() -> None:
    assert found_by(_used_up(more=0), unmet)["Deployment/shop/pg"].because == ()


def test_a_pool_of_the_caller_s_own_is_no_fault_of_the_store() -> None:
    line = "could not obtain a connection from the pool within 5.000 seconds"
    assert "Deployment/shop/pg" not in found_by(_used_up(more=8, line=line), unmet)


@pytest.mark.parametrize(("pool", "remedy"), [("60", "rollback"), ("5", None), ("2", None)])
def test_a_client_whose_revision_takes_more_each_can_go_back(pool: str, remedy: str | None) -> None:
    world = _used_up(more=0)
    bodies = [
        template(container("survey", f"{REGISTRY}/shop/survey:{number}", env={"PGHOST": "pg", "DB_POOL_MAX": size}))
        for number, size in ((1, "5"), (2, pool))
    ]
    world.deployment("survey", *bodies, ages=("40d", "25m"), replicas=2)
    found = found_by(world, unmet)["Deployment/shop/pg"]
    told = (found.remedy.class_, str(found.remedy.target), found.remedy.to_revision) if found.remedy else None
    assert told == ((remedy, "Deployment/shop/survey", 1) if remedy else None)
