"""Init containers that do not end, and those that only take their time."""

import pytest

from tests.scenarios.kit import Cluster, container, init_running, template
from tests.tools.analyzers.picture import found_by
from tools.analyzers.inits import never_ending

IMAGE = "registry.example.com/shop/api:1"


def waiting(age: str) -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-1")
    body = template(container("api", IMAGE), init=[container("wait", IMAGE)])
    api = world.deployment("api", body, ages=("2h",), replicas=1, empty=True)
    api.pods(1, init_running(age, "wait"))
    return world


def test_an_init_container_that_runs_on_and_on_keeps_the_pod_from_starting() -> None:
    found = found_by(waiting("40m"), never_ending)["Deployment/shop/api"]
    assert found.category == "init_container_failed"
    assert "init container wait does not end" in found.summary
    assert found.remedy is None
    assert found.since is not None
    assert found.evidence


@pytest.mark.parametrize("age", ["40s", "6m"])
def test_one_that_takes_its_time_is_left_alone(age: str) -> None:
    assert found_by(waiting(age), never_ending) == {}
