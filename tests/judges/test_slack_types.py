"""Everything the bot shows is what Slack's own types say it may be: no unknown block, key, style or level.

The schemas are made from npm's @slack/types when the tests run. They know shapes, not lengths; the lengths are
tested beside the messages.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from bot.adapters.slack_blocks import compose
from bot.demo.slack_emulator import SlackEmulator
from bot.entrypoints.slack.intake import Answered
from bot.entrypoints.slack.views import deny_reason, home
from bot.messages import Message
from safety.approval import Verdict
from tests.bot.adapters.test_slack_blocks import RED, every_message

pytestmark = [pytest.mark.outside, pytest.mark.timeout(400)]

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
WORDS = RED.text("checkout is slow, see <https://shop.example|the page> & `the log`")
MESSAGES = list(every_message(WORDS))


def schema_of(type_name: str, node: str, node_home: Path) -> Draft7Validator:
    command = [node, "schema.mjs", type_name]
    made = subprocess.run(command, cwd=node_home, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    schema = json.loads(made.stdout)
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


@pytest.fixture(scope="module")
def block_schema(node: str, node_home: Path) -> Draft7Validator:
    return schema_of("KnownBlock", node, node_home)


@pytest.fixture(scope="module")
def view_schema(node: str, node_home: Path) -> Draft7Validator:
    return schema_of("View", node, node_home)


def complaints(schema: Draft7Validator, thing: Any) -> list[str]:
    """What is wrong; of a union the alternative of the same `type` is the one worth reading."""
    plain = json.loads(json.dumps(thing))
    found = []
    for error in schema.iter_errors(plain):
        meant = [
            inner
            for inner in error.context or []
            if not (list(inner.relative_path) == ["type"] and inner.validator == "const")
        ]
        found += [f"{error.json_path}: {inner.message}" for inner in meant] or [error.message]
    return found


def _named(message: Message) -> str:
    return type(message).__name__


@pytest.mark.parametrize("message", MESSAGES, ids=_named)
def test_every_block_of_every_message_is_one_that_slack_knows(message: Message, block_schema: Draft7Validator) -> None:
    blocks = compose(message).blocks
    assert blocks or compose(message).text
    for block in blocks:
        assert complaints(block_schema, block) == [], block


def test_the_dialogs_and_the_home_tab_are_views_that_slack_knows(
    block_schema: Draft7Validator, view_schema: Draft7Validator
) -> None:
    asked = Answered("d1", "T0DEMO", "C0X", "1.1", "1.2", "U0ALICE", "T0DEMO", "p1:abc", Verdict.DENY)
    views = [deny_reason(asked).to_dict(), home([compose(message) for message in MESSAGES[:6]]).to_dict()]
    for view in views:
        assert complaints(view_schema, view) == [], view
        # The type of a view lets any block pass.
        assert [complaints(block_schema, block) for block in view["blocks"]] == [[]] * len(view["blocks"])


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
def test_the_judge_refuses_what_slack_would(block: dict[str, Any], block_schema: Draft7Validator) -> None:
    assert complaints(block_schema, block)


def test_the_judge_of_views_refuses_what_slack_would(view_schema: Draft7Validator) -> None:
    view = {"type": "modal", "title": PLAIN, "blocks": []}
    assert complaints(view_schema, view) == []
    for wrong in ({"title": TEXT}, {"colour": "red"}, {"type": "drawer"}, {"submit": "Send"}):
        assert complaints(view_schema, view | wrong)


def test_the_judge_takes_what_slack_would(block_schema: Draft7Validator) -> None:
    button = {"type": "button", "text": PLAIN, "style": "primary", "action_id": "go", "value": "1"}
    assert complaints(block_schema, {"type": "actions", "elements": [button]}) == []
    assert complaints(block_schema, {"type": "task_card", "task_id": "1", "title": "x", "status": "pending"}) == []


async def test_what_the_emulators_people_type_is_a_block_that_slack_knows(block_schema: Draft7Validator) -> None:
    async with SlackEmulator(MANIFEST) as slack:
        said = await slack.user("bob").say("look @alice at #incidents: https://shop.example", "incidents")
    assert [complaints(block_schema, block) for block in said.blocks] == [[]]
