"""Half an hour skipped from the page: for the bot in its own process, for Slack and for the cluster alike."""

from datetime import timedelta
from pathlib import Path

from bot.demo.cluster_emulator import load_scenario
from bot.demo.stage import stage
from tests.journeys import acting


async def test_a_proposal_that_waits_runs_out_when_the_page_skips_half_an_hour(tmp_path: Path) -> None:
    async with stage(load_scenario("healthy"), tmp_path, can_skip=True) as on:
        seen = acting.Seen(on.slack, on.cluster, tmp_path / "demo.db")
        thread = await seen.ask()
        card = await seen.propose(thread)
        began, cluster_began = on.slack.team.now(), on.cluster.clock.now
        assert on.slack.page.skip_time is not None
        await on.slack.page.skip_time(timedelta(minutes=31))
        assert await seen.ended(card) == "EXPIRED"
        assert on.slack.team.now() - began >= timedelta(minutes=31)
        assert on.cluster.clock.now - cluster_began >= timedelta(minutes=31)
        assert seen.writes() == []


async def test_the_bot_as_people_run_it_has_no_such_clock(tmp_path: Path) -> None:
    async with stage(load_scenario("healthy"), tmp_path) as on:
        assert on.bot.command == ("bot", "run")
        assert on.slack.page.skip_time is None
