"""The page in a browser, with the whole bot and a cluster behind it: what people do there changes the cluster."""

from pathlib import Path

import pytest

from bot.demo.cluster_emulator import load_scenario
from bot.demo.cluster_emulator.resources import DEPLOYMENTS
from bot.demo.stage import stage
from tests.browser import browser
from tests.journeys import on_the_page

pytestmark = [pytest.mark.outside, pytest.mark.timeout(300)]


async def unseen(_name: str) -> None:
    """No picture is wanted."""


async def test_the_story_is_played_on_the_page_and_the_cluster_changes(tmp_path: Path) -> None:
    for name in ("stage", "browser"):
        (tmp_path / name).mkdir()
    async with (
        stage(load_scenario("oom-after-release"), tmp_path / "stage", can_skip=True) as on,
        browser(tmp_path / "browser") as page,
    ):
        await on.slack.page.set_up(print)
        assert on.slack.page.kit.problem == ""

        def deployment() -> tuple[int, str]:
            held = on.cluster.store.require(DEPLOYMENTS, on_the_page.NAMESPACE, on_the_page.DEPLOYMENT)
            image = held["spec"]["template"]["spec"]["containers"][0]["image"]
            return int(held["metadata"]["generation"]), str(image).rpartition(":")[2]

        generation, image = deployment()
        await on_the_page.ready(page, on.slack.page_url)
        await on_the_page.bob_asks(page, unseen)
        await on_the_page.bob_is_refused(page)
        assert deployment() == (generation, image)
        await on_the_page.alice_approves(page, unseen)
        changed = deployment()
        assert changed[0] == generation + 1
        assert changed[1] != image
        await on_the_page.an_alert_fires(page)
        await on_the_page.time_is_skipped(page)
        assert deployment() == changed
        await on_the_page.on_a_small_screen(page, unseen)
        assert page.complaints == []
        assert [url for url in page.requested if not url.startswith((on.slack.page_url, "data:"))] == []
