"""The dialogs and the home tab: built from the SDK's models, which check their limits."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    InputBlock,
    PlainTextInputElement,
    PlainTextObject,
)
from slack_sdk.models.views import View

from bot.entrypoints.slack.intake import Answered
from bot.ports import Rendered

DENY_REASON, SETTLE_NOTE = "deny_reason", "settle_note"
DETAILS = "details"
EARLIER_PAGE, LATER_PAGE = "details_earlier", "details_later"
REASON_BLOCK, REASON_INPUT = "reason", "text"


@dataclass(frozen=True, slots=True)
class Kept:
    """Which run's details are open, from which channel, and at which page, counted from 0."""

    run: str
    channel: str
    page: int = 0


def deny_reason(answered: Answered) -> View:
    """Asks why a proposal is denied."""
    return _asking(answered, DENY_REASON, "Deny this change", "Deny", "Why not?")


def settle_note(answered: Answered) -> View:
    """Asks what somebody found who looked at a change whose outcome is unknown."""
    return _asking(answered, SETTLE_NOTE, "Settle the outcome", "Settle", "Did it take effect? What did you see?")


def _asking(answered: Answered, callback: str, title: str, submit: str, label: str) -> View:
    """One question. Carries ids only; the state is read again when it is submitted."""
    kept = {
        "team": answered.team,
        "channel": answered.channel,
        "thread_ts": answered.thread_ts,
        "message_ts": answered.message_ts,
        "value": answered.value,
    }
    question = InputBlock(
        block_id=REASON_BLOCK,
        label=label,
        element=PlainTextInputElement(action_id=REASON_INPUT, multiline=True, max_length=500),
    )
    return View(
        type="modal",
        callback_id=callback,
        title=title,
        submit=submit,
        close="Back",
        private_metadata=json.dumps(kept),
        blocks=[question],
    )


def reason_in(view: Mapping[str, Any]) -> str:
    """What was typed, without the spaces around it."""
    value = view["state"]["values"][REASON_BLOCK][REASON_INPUT].get("value")
    return str(value or "").strip()


def details(pages: Sequence[Sequence[Any]], kept: Kept) -> View:
    """One page of what a run found, with buttons to the pages around it. Carries ids only, read again at each turn."""
    number = min(max(kept.page, 0), len(pages) - 1)
    blocks = list(pages[number])
    if len(pages) > 1:
        blocks += _turning(number, len(pages))
    return View(
        type="modal",
        callback_id=DETAILS,
        title="Details",
        close="Close",
        private_metadata=json.dumps(asdict(kept)),
        blocks=blocks,
    )


def _turning(number: int, count: int) -> list[Block]:
    ways = ((EARLIER_PAGE, "Back", number - 1), (LATER_PAGE, "More", number + 1))
    buttons = [
        ButtonElement(text=PlainTextObject(text=text), action_id=action, value=str(to))
        for action, text, to in ways
        if 0 <= to < count
    ]
    where = PlainTextObject(text=f"page {number + 1} of {count}")
    return [ActionsBlock(elements=list(buttons)), ContextBlock(elements=[where])]


def kept_in(view: Mapping[str, Any], page: str) -> Kept:
    """What a view of the details carries, with the page that is wanted now."""
    told = json.loads(view["private_metadata"])
    return Kept(str(told["run"]), str(told["channel"]), int(page) if page.isdecimal() else 0)


def home(parts: Sequence[Rendered]) -> View:
    """The home tab, from messages that were composed already."""
    return View(type="home", blocks=[dict(block) for each in parts for block in each.blocks])
