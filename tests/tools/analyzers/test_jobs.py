"""CronJobs whose work is done and whose pods are not."""

from dataclasses import replace

from tests.scenarios.kit import REGISTRY, Cluster, completed, container, template
from tests.tools.analyzers.picture import found_by
from tools.analyzers.jobs import not_completing

IMAGE = f"{REGISTRY}/bi/export:9"


def _beside(done: str) -> Cluster:
    """A daily CronJob whose main container ended so long ago, with a proxy beside it that runs on."""
    world = Cluster("2026-11-03T07:00:00Z", "bi")
    world.node("node-a")
    world.namespace()
    body = template(container("export", IMAGE), container("proxy", f"{REGISTRY}/mesh/proxy:2"))
    cron = world.cronjob("export", "0 1 * * *", body)
    world.job("export-1", body, age="6h", pods=[replace(completed("6h", done), phase="Running")], owner=cron)
    return world


def test_a_pod_whose_work_is_done_and_whose_sidecar_runs_on_need_not_wait_for_the_next_turn() -> None:
    found = found_by(_beside("5h"), not_completing)["CronJob/bi/export"]
    assert found.category == "cronjob_not_completing"
    assert "proxy never ends" in found.summary


def test_a_sidecar_may_take_leave_slowly() -> None:
    assert found_by(_beside("9m"), not_completing) == {}
