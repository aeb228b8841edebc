"""Which recorded change is tied to a fault, and what clears the others."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, Ended, changed, container, crash_loop, template
from tests.tools.analyzers.picture import picture
from tools.analyzers import analyze
from tools.analyzers.changes import blame
from tools.analyzers.ties import Trail, suspect
from tools.world import RecordedChange

SUBJECT = "Deployment/shop/cart"
PANIC = (
    "-1m4s|<t> INFO cart starts\n-1m|panic: runtime error: index out of range [3] with length 3\n\n"
    "goroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x1"
)
UNSET = "-1m4s|<t> INFO cart starts\n-1m|<t> FATAL TAX_RATE is not set"


def crashing(log: str, *, ages: tuple[str, ...] = ("40d",), began: str = "25m", namespace: str = "shop") -> Cluster:
    """A Deployment whose pod crashes since some time, and says why."""
    world = Cluster("2026-03-11T09:42:00Z", namespace)
    world.node("node-a")
    world.namespace()
    body = template(container("cart", f"{REGISTRY}/shop/cart:1"))
    bodies = [changed(body, image=f"{REGISTRY}/shop/cart:{number}") for number in range(1, len(ages) + 1)]
    cart = world.deployment("cart", *bodies, ages=ages, replicas=1, empty=True)
    (pod,) = cart.pods(1, crash_loop(began, 7, Ended(2, "1m", "2s")))
    world.log(pod, log, previous=True)
    return world


def record(world: Cluster, name: str, ago: str, **more: Any) -> None:
    told: dict[str, Any] = {"services": ["cart"], "deployed_by": "argocd", "files": ["src/cart.go"], **more}
    world.change(name, told.pop("kind", "pull_request"), ago, told.pop("title", "cart: rework"), **told)


def judged(world: Cluster) -> tuple[str | None, dict[str, str]]:
    """The change that is blamed, and why each recorded one is or is not."""
    seen = picture(world)
    joined, changes = blame(analyze(seen), seen)
    return joined.roots[0].culprit, {each.id: str(each.why) for each in changes}


def test_a_change_of_the_very_service_just_before_is_tied_by_its_time() -> None:
    world = crashing(PANIC)
    record(world, "PR-1", "30m", kind="config")
    assert judged(world)[0] == "PR-1"


@pytest.mark.parametrize(
    ("why", "more"),
    [
        ("not in force", {"deployed_by": "pipeline failed at 09:02"}),
        ("not in force", {"deployed_by": "scheduled for tonight"}),
        ("not in force", {"deployed_by": "deployed to staging"}),
        ("not in force", {"deployed_by": "reverted at 09:13"}),
        ("not in force", {"title": "Draft: rework the cart"}),
        ("only documentation", {"files": ["docs/cart.md", "README.md"]}),
        ("only documentation", {"files": ["tests/test_cart.py", "src/cart_test.go"]}),
    ],
)
def test_what_does_not_run_is_innocent(why: str, more: dict[str, Any]) -> None:
    world = crashing(PANIC)
    record(world, "PR-1", "30m", **{"kind": "config", **more})
    culprit, told = judged(world)
    assert culprit is None
    assert why in told["PR-1"]


def test_a_manifest_in_a_folder_called_docs_that_bears_the_workloads_name_is_run() -> None:
    world = crashing(PANIC)
    record(world, "PR-1", "30m", kind="config", files=["docs/cart.yaml"])
    assert judged(world)[0] == "PR-1"
    other = crashing(PANIC)
    record(other, "PR-1", "30m", kind="config", files=["docs/mkdocs.yaml"])
    assert judged(other)[0] is None


@pytest.mark.parametrize(
    "more", [{"files": ["requirements.txt"]}, {"deployed_by": "scheduled job"}, {"deployed_by": "deployed to prod"}]
)
def test_what_only_looks_like_that_is_not(more: dict[str, Any]) -> None:
    world = crashing(PANIC)
    record(world, "PR-1", "30m", **{"kind": "config", **more})
    assert judged(world)[0] == "PR-1"


def test_a_change_of_staging_is_in_force_where_staging_is_asked_about() -> None:
    world = crashing(PANIC, namespace="shop-staging")
    record(world, "PR-1", "30m", kind="config", deployed_by="deployed to staging")
    assert judged(world)[0] == "PR-1"


def test_code_that_no_rollout_followed_is_not_tied_by_its_time() -> None:
    world = crashing(PANIC)
    record(world, "PR-1", "30m")
    assert judged(world)[0] is None


def test_a_fault_of_its_settings_is_tied_to_what_names_the_setting_in_another_spelling() -> None:
    world = crashing(UNSET)
    record(
        world, "CFG-2", "2h", kind="config", title="values: less noise", diff="-  taxRate: 19", files=["values.yaml"]
    )
    assert judged(world)[0] == "CFG-2"


def test_a_change_hours_before_that_speaks_of_something_else_is_left_in_peace() -> None:
    world = crashing(UNSET)
    record(world, "CFG-2", "2h", kind="flag", title="new banner", diff="+  banner: on", files=["flags/banner.json"])
    assert judged(world)[0] is None


def test_when_it_began_is_not_read_from_the_age_of_an_object() -> None:
    world = crashing("-1m|<t> FATAL password authentication failed for user cart at db.shop.svc:5432")
    record(world, "ROT-1", "27m", kind="secret_rotation", title="rotate the password of cart", files=[])
    _, told = judged(world)
    assert "came after" not in told["ROT-1"]


def test_renaming_what_a_workload_calls_is_tied_to_its_failing_calls() -> None:
    world = crashing("-1m|<t> FATAL dial tcp: lookup geo.shop.svc.cluster.local: no such host")
    record(world, "PR-5", "26m", services=["geo", "geocoding"], title="Rename geo to geocoding", files=["geo.yaml"])
    assert judged(world)[0] == "PR-5"


def test_what_changes_only_looks_takes_no_memory() -> None:
    world = crashing("-1m|<t> INFO loading", ages=("40d", "40m"))
    for pod in world.of("Pod"):
        status = pod["status"]["containerStatuses"][0]
        status["lastState"]["terminated"] |= {"exitCode": 137, "reason": "OOMKilled"}
    record(world, "PR-7", "41m", title="cart: new footer", files=["web/footer.html", "web/site.css"])
    culprit, told = judged(world)
    assert culprit != "PR-7"
    assert told["PR-7"] == "touches only how something looks"


def _refused(**more: Any) -> str | None:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    world.deployment("people", template(container("people", "mysql:8.0", port=3306)))
    body = template(container("cart", f"{REGISTRY}/shop/cart:1", port=8080))
    (pod,) = world.deployment("cart", body, ages=("40d",), replicas=1, empty=True).pods(1)
    line = "PHP Fatal error: Uncaught PDOException: running with the --super-read-only option in /app/CartStore.php:71"
    world.log(pod, "\n".join(f"-{each}m|[<t>] {line}" for each in (30, 12, 4, 2)))
    record(world, "PR-8", files=["src/CartStore.php"], **more)
    return judged(world)[0]


def test_a_file_that_a_trace_leads_through_is_no_tie_where_something_else_has_to_be_mended() -> None:
    assert _refused(ago="47h") is None
    assert _refused(ago="5h") is None


@pytest.mark.parametrize(("title", "is_tied"), [("rotate the password of stock_app", True), ("tidy up", False)])
def test_the_name_of_a_file_adds_to_words_that_speak_of_the_fault_and_ties_nothing_alone(
    title: str, is_tied: bool
) -> None:
    seen = picture(crashing(PANIC))
    began = seen.observed_at
    values = frozenset({"cartstore.php", "stock_app"})
    trail = Trail(frozenset({"cart"}), values, re.compile("rotat"), began, subject="people")
    at = began - timedelta(minutes=53)
    change = RecordedChange("ROT-1", "secret_rotation", at, title, files=("src/CartStore.php",), services=("dba",))
    assert suspect(change, trail, seen).is_tied is is_tied


def test_what_is_rolled_out_to_all_pods_does_not_make_one_of_them_differ() -> None:
    at = picture(crashing(PANIC)).observed_at
    change = RecordedChange("REL-1", "release", at - timedelta(minutes=5), "cart 7.7.1", services=("cart",))
    trail = Trail(frozenset({"cart"}), frozenset({"7.7.1"}), None, at)
    assert suspect(change, trail, picture(crashing(PANIC))).is_tied
    drift = replace(trail, of_one_pod=True)
    assert suspect(change, drift, picture(crashing(PANIC))).alibi
