"""Programs that end: what a release has to do with it, and tries that were made up for."""

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, Ended, completed, container, crash_loop, failed, running, template
from tests.tools.analyzers.picture import found_by, roots_of
from tools.analyzers.crashes import crashed

IMAGE = f"{REGISTRY}/shop/ads:1"


def test_a_crash_over_the_value_that_a_release_set_is_a_fault_of_the_settings() -> None:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    before = template(container("ads", IMAGE, env={"ADS_PORT": "9555"}))
    after = template(container("ads", IMAGE, env={"ADS_PORT": "9555tcp"}))
    ads = world.deployment("ads", before, after, ages=("40d", "25m"), replicas=1, empty=True)
    (pod,) = ads.pods(1, crash_loop("25m", 7, Ended(1, "1m", "2s")))
    frame = "\n\tat java.base/java.lang.Integer.parseInt(Integer.java:661)\n\tat oteldemo.Main.main(Main.java:81)"
    world.log(
        pod,
        f'-1m|Exception in thread "main" java.lang.NumberFormatException: For input string: "9555tcp"{frame}',
        previous=True,
    )
    found = found_by(world, crashed)["Deployment/shop/ads"]
    assert (found.category, found.culprit) == ("app_config_error", "Deployment/shop/ads@2")


def runs(*jobs: tuple[str, bool]) -> Cluster:
    """A CronJob with Jobs of these ages; the first try of each failed, and the second one, if any, succeeded."""
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    body = template(container("sync", IMAGE))
    cron = world.cronjob("sync", "*/10 * * * *", body)
    for number, (age, succeeds) in enumerate(jobs):
        tries = [failed(age, Ended(1, f"{int(age[:-1]) - 1}m"))]
        tries += [completed(f"{int(age[:-1]) - 1}m", f"{int(age[:-1]) - 2}m")] if succeeds else []
        done = f"{int(age[:-1]) - 2}m" if succeeds else ""
        world.job(f"sync-{number}", body, age=age, done=done, pods=tries, owner=cron)
    return world


@pytest.mark.parametrize("jobs", [[("14m", True)], [("24m", False), ("14m", True)]])
def test_a_try_that_another_one_made_up_for_is_nothing(jobs: list[tuple[str, bool]]) -> None:
    assert roots_of(runs(*jobs), crashed) == []


def test_a_try_after_which_the_next_is_at_work_is_nothing_yet() -> None:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    tries = [failed("14m", Ended(1, "13m")), running("12m")]
    world.job("sync", template(container("sync", IMAGE)), age="14m", pods=tries)
    assert roots_of(world, crashed) == []


def test_a_try_that_nothing_made_up_for_is_told() -> None:
    assert [subject for _, subject in roots_of(runs(("24m", True), ("14m", False)), crashed)] == ["CronJob/shop/sync"]


@pytest.mark.parametrize(("lasted", "category"), [("3s", "missing_env_var"), ("40m", "app_crash")])
def test_loose_words_about_a_setting_count_only_right_after_the_start(lasted: str, category: str) -> None:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    ads = world.deployment("ads", template(container("ads", IMAGE)), ages=("40d",), replicas=1, empty=True)
    (pod,) = ads.pods(1, crash_loop("25m", 7, Ended(1, "1m", lasted)))
    world.log(pod, "-1m|failed to start: env BUCKET_NAME empty", previous=True)
    found = found_by(world, crashed)["Deployment/shop/ads"]
    assert found.category == category
    assert ("BUCKET_NAME" in found.summary) == (category == "missing_env_var")


def _ended(code: int, log: str) -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    ads = world.deployment("ads", template(container("ads", IMAGE)), ages=("40d",), replicas=1, empty=True)
    (pod,) = ads.pods(1, crash_loop("25m", 7, Ended(code, "1m", "2s")))
    world.log(pod, log, previous=True)
    return world


@pytest.mark.parametrize("code", [64, 78])
def test_an_exit_code_for_wrong_settings_is_believed(code: int) -> None:
    found = found_by(_ended(code, "-1m|lz5 is nothing I know (none, gzip)"), crashed)["Deployment/shop/ads"]
    assert found.category == "app_config_error"
    assert found.confidence < 0.7


def test_giving_up_on_an_address_is_waiting_for_somebody_else() -> None:
    log = '-1m|lvl=crit what="giving up on the feed" peer=10.60.4.9:7070 tries=12'
    found = found_by(_ended(1, log), crashed)["Deployment/shop/ads"]
    assert found.category == "dependency_unreachable"
    assert "10.60.4.9:7070" in found.summary


def test_a_log_that_names_a_new_argument_blames_the_release_that_gave_it() -> None:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    before = template(container("ads", IMAGE, args=["--batch=500"]))
    after = template(container("ads", IMAGE, args=["--batch=500", "--compress=lz5"]))
    ads = world.deployment("ads", before, after, ages=("40d", "3h"), replicas=1, empty=True)
    (pod,) = ads.pods(1, crash_loop("100m", 7, Ended(1, "1m", "2s")))
    world.log(pod, "-1m|ship: lz5 is nothing I know (none, gzip)", previous=True)
    found = found_by(world, crashed)["Deployment/shop/ads"]
    assert (found.category, found.culprit) == ("app_config_error", "Deployment/shop/ads@2")
