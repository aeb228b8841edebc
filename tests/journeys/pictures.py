"""Draws the pictures of the README: ``python -m tests.journeys.pictures``. Needs Chromium, and Node or PyPI."""

import asyncio
import tempfile
from pathlib import Path

from bot.demo.cluster_emulator import load_scenario
from bot.demo.stage import ROOT, stage
from tests.browser import browser
from tests.journeys import on_the_page

PICTURES = ROOT / "docs" / "pictures"
KEPT = ("first-findings", "approved-and-verified", "small-screen")


async def draw(folder: Path) -> None:
    for name in ("stage", "browser"):
        (folder / name).mkdir()
    async with (
        stage(load_scenario("oom-after-release"), folder / "stage", can_skip=True) as on,
        browser(folder / "browser") as page,
    ):
        await on.slack.page.set_up(print)

        async def look(name: str) -> None:
            if name in KEPT:
                await page.picture(PICTURES / f"{name}.png")

        await on_the_page.ready(page, on.slack.page_url)
        await page.size(1440, 860)
        await on_the_page.bob_asks(page, look)
        await on_the_page.bob_is_refused(page)
        await on_the_page.alice_approves(page, look)
        await on_the_page.on_a_small_screen(page, look)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(draw(Path(made)))
