"""The Details button of the first findings: a dialog with all that a run found, read from the store at each click."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack_blocks import compose
from bot.adapters.slack_details import pages
from bot.adapters.slack_findings import DETAILS
from bot.adapters.slack_parts import words
from bot.domain import Person
from bot.entrypoints.slack import views
from bot.flows.console import Console
from bot.messages import Notice, Tone

log = structlog.get_logger()

# Slack waits three seconds for the dialog.
_QUICKLY = 1.5
_READ_LATER = "I could not read that in time: the database is busy. Close this and click Details again."
_TOO_LATE = "That took too long and Slack would not open the details. Click Details again."

Body = Mapping[str, Any]


def listen(app: AsyncApp, console: Console) -> None:
    """Register the button, and those that turn the pages."""

    @app.action(DETAILS)
    async def opened(ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        # The dialog must open within three seconds of the click, so it comes before anything else.
        channel, message, user = str(body["channel"]["id"]), body["message"], str(body["user"]["id"])
        kept = views.Kept(_value(body), channel)
        try:
            await client.views_open(trigger_id=str(body["trigger_id"]), view=await _view(console, kept, body))
        except SlackApiError as error:
            log.warning("dialog_not_opened", code=error.response.get("error"))
            thread = message.get("thread_ts")
            await client.chat_postEphemeral(channel=channel, user=user, thread_ts=thread, text=_TOO_LATE)
        await ack()

    async def turned(ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        view = body["view"]
        kept = views.kept_in(view, _value(body))
        try:
            await client.views_update(view_id=view["id"], hash=view["hash"], view=await _view(console, kept, body))
        except SlackApiError as error:
            # It was closed meanwhile, or turned by another click: what stands there is right.
            log.info("page_not_turned", code=error.response.get("error"))
        await ack()

    app.action(views.EARLIER_PAGE)(turned)
    app.action(views.LATER_PAGE)(turned)


def _value(body: Body) -> str:
    return str(body["actions"][0].get("value") or "")


async def _view(console: Console, kept: views.Kept, body: Body) -> View:
    team = str(body["team"]["id"])
    person = Person(str(body["user"].get("team_id") or team), str(body["user"]["id"]))
    try:
        async with asyncio.timeout(_QUICKLY):
            found = await console.details(kept.run, person, kept.channel)
    except TimeoutError:
        found = Notice(words(_READ_LATER), Tone.WARNING)
    if isinstance(found, Notice):
        return views.details([compose(found).blocks], kept)
    return views.details(pages(found), kept)
