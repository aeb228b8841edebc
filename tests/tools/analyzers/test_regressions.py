"""Services that got worse since a setting or a revision changed; and changes that are innocent."""

from typing import Any

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, changed, container, from_config_map, template
from tests.tools.analyzers.picture import found_by
from tools.analyzers.regressions import erring, reconfigured

ALL = (reconfigured, erring)
CART = "Deployment/shop/cart"
DIFF = "-  tierDiscount: 5\n+  tierDiscount: null"


def cluster(*, errors_ago: str = "38m", rolled_out: str = "", measured: bool = True) -> tuple[Cluster, Any]:
    """A Deployment that reads a ConfigMap, and answers with errors since some time."""
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    env = {"TIER": from_config_map("promotions", "tierDiscount")}
    body = template(container("cart", f"{REGISTRY}/shop/cart:1", env=env))
    bodies = (body, changed(body, image=f"{REGISTRY}/shop/cart:2"))[: 2 if rolled_out else 1]
    cart = world.deployment("cart", *bodies, ages=("40d", rolled_out)[: len(bodies)], replicas=1, empty=True)
    (pod,) = cart.pods(1)
    world.config_map("promotions", {"tierDiscount": "null"})
    if measured:
        marks = (("6h", 0.001), (f"{int(errors_ago[:-1]) + 1}m", 0.001), (errors_ago, 0.3), ("0m", 0.3))
        world.series("http_errors_ratio", "ratio", *marks, app="cart")
    return world, pod


def record(world: Cluster, ago: str, **more: Any) -> None:
    told: dict[str, Any] = {"services": ["cart"], "diff": DIFF, "deployed_by": "config sync", **more}
    title = told.pop("title", "promotions: new tiers")
    world.change("cfg-7", told.pop("kind", "config"), ago, title, **told)


def written(world: Cluster, ago: str) -> None:
    (promotions,) = (each for each in world.of("ConfigMap") if each["metadata"]["name"] == "promotions")
    promotions["metadata"]["managedFields"] = [{"manager": "sync", "operation": "Update", "time": world.at(ago)}]


def test_errors_right_after_a_recorded_change_of_a_setting_come_of_it() -> None:
    world, _ = cluster()
    record(world, "40m")
    found = found_by(world, *ALL)[CART]
    assert found.category == "config_change_regression"
    assert "cfg-7" in found.explanation
    assert {each.source for each in found.evidence} >= {"metric", "change"}
    assert found.remedy is None


def test_a_config_map_whose_earlier_value_is_on_record_can_be_put_back() -> None:
    world, _ = cluster()
    record(world, "41m")
    written(world, "40m")
    found = found_by(world, *ALL)[CART]
    assert found.remedy is not None
    assert (found.remedy.class_, str(found.remedy.target)) == ("rollback", "ConfigMap/shop/promotions")


def test_a_config_map_whose_earlier_value_nobody_knows_is_left_to_a_person() -> None:
    world, _ = cluster()
    written(world, "40m")
    found = found_by(world, *ALL)[CART]
    assert found.category == "config_change_regression"
    assert found.remedy is None


@pytest.mark.parametrize(
    ("why", "ago", "more"),
    [
        ("long before", "5h", {}),
        ("after the trouble had begun", "20m", {}),
        ("not in force", "40m", {"deployed_by": "not deployed yet"}),
        ("another service", "40m", {"services": ["stock"], "title": "stock: new warehouses", "diff": ""}),
        ("code that is not a setting", "40m", {"kind": "pull_request"}),
    ],
)
def test_other_changes_are_not_blamed(why: str, ago: str, more: dict[str, Any]) -> None:
    world, _ = cluster()
    world.objects = [each for each in world.objects if each["metadata"]["name"] != "promotions"]
    record(world, ago, **more)
    found = found_by(world, *ALL)[CART]
    assert (found.category, found.confidence) == ("app_crash", 0.4), why


def test_a_release_between_the_change_and_the_errors_is_blamed_instead() -> None:
    world, _ = cluster(rolled_out="39m")
    record(world, "45m")
    found = found_by(world, *ALL)[CART]
    assert (found.category, found.culprit) == ("bad_rollout_config", f"{CART}@2")
    assert found.remedy is not None
    assert found.remedy.class_ == "rollback"


def test_a_change_after_which_all_goes_on_as_before_is_innocent() -> None:
    world, _ = cluster(measured=False)
    world.series("http_errors_ratio", "ratio", ("6h", 0.001), ("0m", 0.001), app="cart")
    record(world, "40m")
    written(world, "40m")
    assert found_by(world, *ALL) == {}


def complaining(world: Cluster, pod: Any, line: str) -> None:
    calm = "\n".join(f"-{minute}m|<t> INFO order served" for minute in range(60, 38, -1))
    bad = "\n".join(f"-{minute}m|<t> ERROR {line}" for minute in range(37, 0, -1))
    world.log(pod, f"{calm}\n{bad}")


def test_a_log_that_names_the_changed_setting_is_enough_without_lines() -> None:
    world, pod = cluster(measured=False)
    written(world, "40m")
    complaining(world, pod, "cannot price the cart: tierDiscount has no value")
    found = found_by(world, *ALL)[CART]
    assert found.category == "config_change_regression"
    assert any("tierDiscount has no value" in each.text for each in found.evidence)


def test_a_log_that_complains_of_something_else_is_not() -> None:
    world, pod = cluster(measured=False)
    written(world, "40m")
    complaining(world, pod, "payment provider said no")
    assert found_by(world, *ALL) == {}


FAILS = "checkout failed: BundleException, no price for this one"


@pytest.mark.parametrize("kind", ["feature flag", "feature_flag", "config"])
def test_errors_at_once_after_a_switch_of_that_very_service_come_of_it(kind: str) -> None:
    world, pod = cluster(measured=False)
    record(world, "39m", kind=kind, title="other rules", diff="off -> on")
    complaining(world, pod, FAILS)
    found = found_by(world, *ALL)[CART]
    assert (found.category, found.confidence) == ("config_change_regression", 0.6)


@pytest.mark.parametrize(
    ("why", "ago", "line", "services"),
    [
        ("too long before", "50m", FAILS, ["cart"]),
        ("another service", "39m", FAILS, ["stock"]),
        ("something else fails", "39m", "dial tcp 10.0.0.7:5432: connect: connection refused", ["cart"]),
    ],
)
def test_a_switch_that_only_came_before_is_innocent(why: str, ago: str, line: str, services: list[str]) -> None:
    world, pod = cluster(measured=False)
    record(world, ago, kind="feature flag", title="a new banner", diff="off -> on", services=services)
    complaining(world, pod, line)
    assert found_by(world, *ALL) == {}, why


@pytest.mark.parametrize(
    ("diff", "category"),
    [
        ("-  proxy_read_timeout 60s;\n+  proxy_read_timeout 2s;", "config_change_regression"),
        ("-  proxy_read_timeout: 2s\n+  proxy_read_timeout: 60s", None),
        ("-  read_timeout: 1500ms\n+  read_timeout: 2s", None),
    ],
    ids=["shorter", "longer", "longer in another unit"],
)
def test_timeouts_since_a_reload_that_gave_less_time_come_of_it(diff: str, category: str | None) -> None:
    world, pod = cluster(measured=False)
    record(world, "31m", diff=diff, title="edge: tidy up", services=["promotions"])
    written(world, "30m")
    late = [f"-{age}m|<t> ERROR upstream timed out (110: Operation timed out) while reading" for age in (28, 20, 11, 3)]
    world.log(pod, "\n".join(["-29m|<t> INFO signal 1 (SIGHUP) received, reconfiguring", *late]))
    found = found_by(world, *ALL).get(CART)
    assert (found.category if found else None) == category
