"""The dialogs and the home tab: built from the SDK's models, which check their limits."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import InputBlock, PlainTextInputElement
from slack_sdk.models.views import View

from bot.entrypoints.slack.intake import Answered
from bot.ports import Rendered

DENY_REASON = "deny_reason"
REASON_BLOCK, REASON_INPUT = "reason", "text"


def deny_reason(answered: Answered) -> View:
    """Asks why a proposal is denied. Carries ids only; the state is read again when it is submitted."""
    kept = {
        "team": answered.team,
        "channel": answered.channel,
        "thread_ts": answered.thread_ts,
        "message_ts": answered.message_ts,
        "value": answered.value,
    }
    question = InputBlock(
        block_id=REASON_BLOCK,
        label="Why not?",
        element=PlainTextInputElement(action_id=REASON_INPUT, multiline=True, max_length=500),
    )
    return View(
        type="modal",
        callback_id=DENY_REASON,
        title="Deny this change",
        submit="Deny",
        close="Back",
        private_metadata=json.dumps(kept),
        blocks=[question],
    )


def reason_in(view: Mapping[str, Any]) -> str:
    """What was typed, without the spaces around it."""
    value = view["state"]["values"][REASON_BLOCK][REASON_INPUT].get("value")
    return str(value or "").strip()


def home(parts: Sequence[Rendered]) -> View:
    """The home tab, from messages that were composed already."""
    return View(type="home", blocks=[dict(block) for each in parts for block in each.blocks])
