"""Everything the bot shows is what Slack's own types say it may be: no unknown block, key, style or level.

The schemas are made from npm's @slack/types when the tests run. They know shapes, not lengths; the lengths are
tested beside the messages.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.slack_blocks import compose
from bot.demo.slack_emulator import SlackEmulator
from bot.entrypoints.slack.intake import Answered
from bot.entrypoints.slack.views import deny_reason, home
from bot.messages import Message
from safety.approval import Verdict
from tests.bot.adapters.test_slack_blocks import RED, every_message

pytestmark = [pytest.mark.outside, pytest.mark.timeout(400)]

Complaints = Callable[[Any], list[str]]
MANIFEST = Path(__file__).parents[2] / "manifest.yml"
WORDS = RED.text("checkout is slow, see <https://shop.example|the page> & `the log`")
MESSAGES = list(every_message(WORDS))


def _named(message: Message) -> str:
    return type(message).__name__


@pytest.mark.parametrize("message", MESSAGES, ids=_named)
def test_every_block_of_every_message_is_one_that_slack_knows(message: Message, of_block: Complaints) -> None:
    blocks = compose(message).blocks
    assert blocks or compose(message).text
    for block in blocks:
        assert of_block(block) == [], block


def test_the_dialogs_and_the_home_tab_are_views_that_slack_knows(of_block: Complaints, of_view: Complaints) -> None:
    asked = Answered("d1", "T0DEMO", "C0X", "1.1", "1.2", "U0ALICE", "T0DEMO", "p1:abc", Verdict.DENY)
    views = [deny_reason(asked).to_dict(), home([compose(message) for message in MESSAGES[:6]]).to_dict()]
    for view in views:
        assert of_view(view) == [], view
        # The type of a view lets any block pass.
        assert [of_block(block) for block in view["blocks"]] == [[]] * len(view["blocks"])


TEXT = {"type": "mrkdwn", "text": "x"}
PLAIN = {"type": "plain_text", "text": "x"}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "invented"},
        {"type": "section", "text": TEXT, "colour": "red"},
        {"type": "section", "text": "x"},
        {"type": "header", "text": TEXT},
        {"type": "actions", "elements": [{"type": "button", "text": PLAIN, "style": "loud"}]},
        {"type": "actions", "elements": [{"type": "button", "text": TEXT}]},
        {"type": "task_card", "task_id": "1", "title": "x", "status": "half done"},
        {"type": "alert", "text": TEXT, "level": "dreadful"},
    ],
    ids=lambda block: block["type"],
)
def test_the_judge_refuses_what_slack_would(block: dict[str, Any], of_block: Complaints) -> None:
    assert of_block(block)


def test_the_judge_of_views_refuses_what_slack_would(of_view: Complaints) -> None:
    view = {"type": "modal", "title": PLAIN, "blocks": []}
    assert of_view(view) == []
    for wrong in ({"title": TEXT}, {"colour": "red"}, {"type": "drawer"}, {"submit": "Send"}):
        assert of_view(view | wrong)


def test_the_judge_takes_what_slack_would(of_block: Complaints) -> None:
    button = {"type": "button", "text": PLAIN, "style": "primary", "action_id": "go", "value": "1"}
    assert of_block({"type": "actions", "elements": [button]}) == []
    assert of_block({"type": "task_card", "task_id": "1", "title": "x", "status": "pending"}) == []


async def test_what_the_emulators_people_type_is_a_block_that_slack_knows(of_block: Complaints) -> None:
    async with SlackEmulator(MANIFEST) as slack:
        said = await slack.user("bob").say("look @alice at #incidents: https://shop.example", "incidents")
    assert [of_block(block) for block in said.blocks] == [[]]
