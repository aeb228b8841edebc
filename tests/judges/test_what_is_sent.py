"""A whole incident, and every block and view of every call the bot made for it held against Slack's own types."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.demo.slack_emulator import Call
from tests.journeys import acting

pytestmark = [pytest.mark.outside, pytest.mark.timeout(400)]

Complaints = Callable[[Any], list[str]]


def views_and_blocks(calls: list[Call]) -> tuple[list[Any], list[Any]]:
    """What was sent to be shown, wherever a method takes it."""
    views = [call.args["view"] for call in calls if call.args.get("view")]
    blocks = [block for view in views for block in view["blocks"]]
    for call in calls:
        blocks += call.args.get("blocks") or []
        for chunk in call.args.get("chunks") or []:
            blocks += chunk.get("blocks") or []
    return views, blocks


def check(calls: list[Call], of_block: Complaints, of_view: Complaints) -> None:
    views, blocks = views_and_blocks(calls)
    assert len(blocks) > 10
    assert [found for block in blocks if (found := of_block(block))] == []
    assert [found for view in views if (found := of_view(view))] == []
    assert [(call.method, call.answer) for call in calls if not call.is_ok] == []


async def test_everything_sent_until_a_change_is_approved_and_verified_is_what_slack_knows(
    tmp_path: Path, of_block: Complaints, of_view: Complaints
) -> None:
    async with acting.town(tmp_path) as town, town.serving():
        thread = await town.ask()
        findings = await town.says("First findings")
        await town.slack.user("carol").click(acting.CHANNEL, findings.ts, "details")
        await town.slack.wait_until(lambda: next(iter(town.slack.views("carol")), None))
        await town.slack.monitor("Alertmanager").post({"text": "[FIRING:1] HighErrorRate billing-api"})
        card = await town.propose(thread)
        await town.click(card, "approve", user="alice")
        await town.ended(card)
        await town.says("Verified")
        await town.slack.user("bob").reply("restart billing-api", acting.CHANNEL, thread)
        await town.says("1 change was already made of this object")
        await town.idle()
        check(town.slack.calls(), of_block, of_view)


async def test_everything_sent_until_a_change_is_denied_and_the_home_tab_is_opened_is_what_slack_knows(
    tmp_path: Path, of_block: Complaints, of_view: Complaints
) -> None:
    async with acting.town(tmp_path) as town, town.serving():
        card = await town.propose(await town.ask())
        await town.click(card, "deny", user="alice")
        form = await town.slack.wait_until(lambda: next(iter(town.slack.views("alice")), None))
        await town.slack.user("alice").submit(form.id, {"reason": {"text": "not now"}})
        await town.ended(card)
        await town.slack.user("bob").open_home()
        await town.slack.wait_until(lambda: town.slack.home("bob"))
        await town.idle()
        check(town.slack.calls(), of_block, of_view)
        assert {view["type"] for view in views_and_blocks(town.slack.calls())[0]} == {"modal", "home"}
