"""Connects to Slack: checks both tokens first, holds several sockets, and closes them in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Settings
from bot.entrypoints.slack.intake import Identity

log = structlog.get_logger()

_MENDS: Mapping[str, str] = {
    "invalid_auth": "it is not valid: copy it again from api.slack.com/apps",
    "not_authed": "it is empty",
    "account_inactive": "its workspace or user was deactivated",
    "token_revoked": "it was revoked: reinstall the app and copy the new one",
    "token_expired": "it has expired: create a new one",
    "not_allowed_token_type": "it is of the wrong kind: the bot token begins with xoxb-, the app token with xapp-",
    "missing_scope": "it lacks a scope: the app token needs connections:write, the bot token those of manifest.yml",
    "no_permission": "it has no permission for this",
    "team_access_not_granted": "the app is not approved for this workspace",
}


class CannotStart(Exception):
    """Something in the surroundings forbids the start; one line says what and how to mend it."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """What Slack said of our tokens."""

    identity: Identity
    workspace: str
    scopes: frozenset[str]


async def check_tokens(client: AsyncWebClient, settings: Settings) -> Greeting:
    """Ask Slack about both tokens before anything else. ``CannotStart`` says which one is wrong and why."""
    if settings.slack_bot_token is None or settings.slack_app_token is None:
        missing = "SLACK_BOT_TOKEN" if settings.slack_bot_token is None else "SLACK_APP_TOKEN"
        raise CannotStart(f"{missing} is not set: see 'Connect a real workspace' in the README, or try `make demo`")
    answer = await _ask("SLACK_BOT_TOKEN", client, "auth.test", None)
    await _ask("SLACK_APP_TOKEN", client, "apps.connections.open", settings.slack_app_token.get_secret_value())
    identity = Identity(str(answer["team_id"]), str(answer["user_id"]), str(answer.get("bot_id") or ""))
    scopes = frozenset(
        each.strip() for each in str(answer.headers.get("x-oauth-scopes", "")).split(",") if each.strip()
    )
    return Greeting(identity, str(answer.get("team") or answer["team_id"]), scopes)


async def _ask(variable: str, client: AsyncWebClient, method: str, token: str | None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else None
    try:
        return await client.api_call(method, headers=headers)
    except SlackApiError as error:
        code = str(error.response.get("error") or error.response.status_code)
        raise CannotStart(f"{variable}: Slack says {code}; {_MENDS.get(code, 'see api.slack.com/apps')}") from None
    except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise CannotStart(f"Slack cannot be reached at {client.base_url} ({type(error).__name__})") from None


class Sockets:
    """Several Socket Mode connections on one app, so that one stays open while another is renewed."""

    def __init__(self, app: AsyncApp, app_token: str, count: int) -> None:
        self._handlers = [AsyncSocketModeHandler(app, app_token) for _ in range(count)]

    async def open(self) -> None:
        for handler in self._handlers:
            await handler.connect_async()  # type: ignore[no-untyped-call]
        log.info("slack_connected", sockets=len(self._handlers))

    async def close(self) -> None:
        for handler in self._handlers:
            await handler.close_async()  # type: ignore[no-untyped-call]
