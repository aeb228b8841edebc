"""What a snapshot of one namespace holds is enough to see what lies outside of it."""

from pathlib import Path

from safety.redaction import Redactor
from tests.scenarios.kit import REGISTRY, Cluster, State, Truth, container, running, template, terminating, write
from tools.adapters.cluster_dump import DumpReader
from tools.analyzers import analyze
from tools.kubernetes.scope import Scope
from tools.kubernetes.snapshot import take
from tools.world import Reader

APP = template(container("api", f"{REGISTRY}/shop/api:1"))


def ground(leases: str = "1s") -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.system(leases=False)
    world.namespace()
    world.lease("kube-scheduler", "kube-system", leases, 15)
    return world


async def causes(world: Cluster, folder: Path) -> list[tuple[str, str]]:
    truth = Truth("healthy", ("healthy",))
    made = world.scenario("case", "platform", "what is wrong?", truth, notes="a test")
    write(made, folder)
    found = await take(Reader(cluster=DumpReader(folder), redactor=Redactor()), Scope("shop"), made.observed_at)
    return [(each.category.value, str(each.subject)) for each in analyze(found).roots]


async def test_a_scheduler_that_renews_no_lease_is_seen_from_where_pods_wait(tmp_path: Path) -> None:
    world = ground(leases="14m")
    made = world.deployment("api", APP, replicas=1, empty=True)
    (pod,) = made.pods(1, State("Pending", "8m", scheduled=False))
    pod["status"] = {"phase": "Pending", "conditions": []}
    world.objects = [each for each in world.objects if each["kind"] != "Event"]
    assert await causes(world, tmp_path / "dump") == [("scheduler_unavailable", "Lease/kube-system/kube-scheduler")]


async def test_a_namespace_that_does_not_end_and_a_pod_in_it_are_seen(tmp_path: Path) -> None:
    world = ground()
    made = world.statefulset("db", APP, replicas=1, empty=True)
    made.pods(1, terminating(running(), "30m", finalizers=("example.com/drain",)))
    space = next(each for each in world.of("Namespace") if each["metadata"]["name"] == "shop")
    space["metadata"]["deletionTimestamp"] = world.at("31m")
    found = await causes(world, tmp_path / "dump")
    assert sorted(found) == [("stuck_terminating", "Namespace/shop"), ("stuck_terminating", "Pod/shop/db-0")]


async def test_a_place_that_is_well_has_no_finding(tmp_path: Path) -> None:
    world = ground()
    world.storage_class("standard", "ebs.csi.aws.com", default=True)
    world.claim("data")
    world.deployment("api", APP, replicas=2)
    world.autoscaler("api", current=2)
    world.quota("compute", {"pods": "10"}, {"pods": "2"})
    assert await causes(world, tmp_path / "dump") == []
