"""The Bolt app: listeners that translate, store and acknowledge, and nothing else.

``process_before_response`` makes Bolt acknowledge after the listener ran: what could not be stored is not
acknowledged, so Slack delivers it again or tells the person.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import aiohttp
import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext, AsyncRespond
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters import slack_blocks, slack_cards
from bot.adapters.store.database import Busy
from bot.domain import Person
from bot.entrypoints.slack import details, views
from bot.entrypoints.slack.intake import SETTLE, UNDO, Answered, Intake, Taken
from bot.flows.console import Console
from safety.approval import Verdict

log = structlog.get_logger()

COMMAND = "/ask-claude"
SHORTCUT = "investigate_message"
EVENTS = ("agent_session_stopped", "app_home_opened", "app_mention", "member_joined_channel", "message")
# Slack waits three seconds for an answer.
_QUICKLY = 1.5
_BUSY = "I could not store that just now (the database is busy). Nothing was started: please send it again."
_NOT_HERE = "I am not a member here, so I cannot answer in a thread: type /invite and pick ask-claude, then try again."
_SHORTCUT_HINTS = {
    Taken.NEW: None,
    Taken.KNOWN: "I have that one already: its thread hangs on the message. Reply there to ask more.",
    Taken.EMPTY: "I can read only words, and that message has none.",
}
_TOO_LATE = "That took too long and Slack closed the dialog. Click the button again."

Body = Mapping[str, Any]


def build_app(client: AsyncWebClient, intake: Intake, console: Console) -> AsyncApp:
    """The app with every listener; building it reaches nothing."""
    identity = intake.identity

    async def known() -> AuthorizeResult:
        # Asked once at the start. Left alone, Bolt asks again in the first deliveries, once in each that come together.
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity.team,
            bot_user_id=identity.user,
            bot_id=identity.bot,
            bot_token=client.token,
        )

    app = AsyncApp(client=client, authorize=known, process_before_response=True, name="ask-claude")
    _commands(app, intake, console)
    _events(app, intake, console)
    _decisions(app, intake)
    details.listen(app, console)
    return app


def _commands(app: AsyncApp, intake: Intake, console: Console) -> None:
    @app.command(COMMAND)
    async def command(ack: AsyncAck, body: Body) -> None:
        person = Person(str(body["team_id"]), str(body["user_id"]))
        text = str(body.get("text") or "")
        try:
            notice = await console.answer(text, person)
            if notice is not None:
                shown = slack_blocks.compose(notice)
                await ack(text=str(shown.text), blocks=[dict(each) for each in shown.blocks])
                return
            await intake.command(str(body["trigger_id"]), person.team, str(body["channel_id"]), person.user, text)
        except Busy:
            await ack(text=_BUSY)
            return
        await ack()

    @app.shortcut(SHORTCUT)
    async def investigate(ack: AsyncAck, body: Body, client: AsyncWebClient, respond: AsyncRespond) -> None:
        channel, message = str(body["channel"]["id"]), body["message"]
        user, team = str(body["user"]["id"]), str(body["team"]["id"])
        if await _is_elsewhere(client, channel):
            hint: str | None = _NOT_HERE
        else:
            hint = _SHORTCUT_HINTS[await intake.shortcut(str(body["trigger_id"]), team, channel, user, message)]
        await ack()
        if hint:
            # Not by chat.postEphemeral: this way works where the bot is no member, too.
            await respond(hint)


async def _is_elsewhere(client: AsyncWebClient, channel: str) -> bool:
    """Whether the bot is not in this channel and can say nothing there. When Slack does not say, it may be tried."""
    if channel.startswith("D"):
        return False  # of direct messages Slack says nothing without im:read
    try:
        async with asyncio.timeout(_QUICKLY):
            info = await client.conversations_info(channel=channel)
            channel_info: Mapping[str, Any] = info["channel"]
        return channel_info.get("is_member") is False
    except SlackApiError as error:
        return bool(error.response.get("error") == "channel_not_found")
    except (SlackClientError, aiohttp.ClientError, TimeoutError):
        return False


def _events(app: AsyncApp, intake: Intake, console: Console) -> None:
    async def store(body: Body, event: Body, context: AsyncBoltContext) -> None:
        team = str(body.get("team_id") or context.team_id)
        await intake.event(event, str(body["event_id"]), team)

    app.event("app_mention")(store)
    app.event("member_joined_channel")(store)
    app.event("message")(store)

    @app.event("app_home_opened")
    async def home(event: Body, body: Body, client: AsyncWebClient) -> None:
        person = Person(str(body.get("team_id")), str(event["user"]))
        if event.get("tab") != "home":
            await intake.event(event, str(body["event_id"]), person.team)
            return
        told = [
            await console.answer("status", person),
            await console.overview(person),
            await console.answer("help", person),
        ]
        view = views.home([slack_blocks.compose(each) for each in told if each is not None])
        await client.views_publish(user_id=person.user, view=view)

    @app.event(re.compile(".*"))
    async def others(event: Body) -> None:
        # Without a listener Bolt answers 404, Slack sees no acknowledgement and delivers again and again.
        log.debug("event_ignored", type=event.get("type"))


def _decisions(app: AsyncApp, intake: Intake) -> None:
    @app.action(slack_cards.APPROVE)
    async def approve(ack: AsyncAck, body: Body) -> None:
        await intake.answered(_answered(body, Verdict.APPROVE.value))
        await ack()

    @app.action(slack_cards.DENY)
    async def deny(ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        await _open(client, body, views.deny_reason(_answered(body, Verdict.DENY.value)))
        await ack()

    @app.action(slack_cards.UNDO)
    async def undo(ack: AsyncAck, body: Body) -> None:
        await intake.answered(_answered(body, UNDO))
        await ack()

    @app.action(slack_cards.SETTLE)
    async def settle(ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        await _open(client, body, views.settle_note(_answered(body, SETTLE)))
        await ack()

    async def submitted(ack: AsyncAck, body: Body) -> None:
        view = body["view"]
        reason = views.reason_in(view)
        if not reason:
            await ack(response_action="errors", errors={views.REASON_BLOCK: "Say it in a word or two."})
            return
        await intake.answered(_filled_in(body, view, reason))
        await ack()

    app.view(views.DENY_REASON)(submitted)
    app.view(views.SETTLE_NOTE)(submitted)


async def _open(client: AsyncWebClient, body: Body, view: View) -> None:
    """The dialog must open within three seconds of the click, so it comes before anything else."""
    try:
        await client.views_open(trigger_id=str(body["trigger_id"]), view=view)
    except SlackApiError as error:
        log.warning("dialog_not_opened", code=error.response.get("error"))
        message = body["message"]
        await client.chat_postEphemeral(
            channel=str(body["channel"]["id"]),
            user=str(body["user"]["id"]),
            thread_ts=message.get("thread_ts"),
            text=_TOO_LATE,
        )


def _filled_in(body: Body, view: Body, reason: str) -> Answered:
    kept, user = json.loads(view["private_metadata"]), body["user"]
    return Answered(
        delivery=f"view:{view['id']}",
        team=kept["team"],
        channel=kept["channel"],
        thread_ts=kept["thread_ts"],
        message_ts=kept["message_ts"],
        user=str(user["id"]),
        user_team=str(user.get("team_id") or kept["team"]),
        value=kept["value"],
        verdict=SETTLE if view["callback_id"] == views.SETTLE_NOTE else Verdict.DENY.value,
        reason=reason,
        user_name=_name_of(user),
    )


def _answered(body: Body, verdict: str) -> Answered:
    message, user = body["message"], body["user"]
    return Answered(
        delivery=f"act:{body['trigger_id']}",
        team=str(body["team"]["id"]),
        channel=str(body["channel"]["id"]),
        thread_ts=message.get("thread_ts"),
        message_ts=str(message["ts"]),
        user=str(user["id"]),
        user_team=str(user.get("team_id") or body["team"]["id"]),
        value=str(body["actions"][0].get("value") or ""),
        verdict=verdict,
        user_name=_name_of(user),
    )


def _name_of(user: Body) -> str | None:
    """What Slack calls whoever pressed; for the record only, never to decide by."""
    return str(user.get("username") or user.get("name") or "")[:80] or None
