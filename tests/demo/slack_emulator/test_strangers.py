"""Somebody of another workspace, in a channel shared by Slack Connect."""

from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import Channel, SlackEmulator, User, Workspace

HOMES = ("team", "user_team", "source_team")
BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}


@pytest.fixture
def workspace(workspace: Workspace) -> Workspace:
    workspace.users.append(User("U0MALLORY", "mallory", "Mallory Elsewhere", team_id="T0OTHER", email="m@example.com"))
    members = {"U0BOT", "U0BOB", "U0MALLORY"}
    workspace.channels.append(Channel("C0SHARED", "shared", members, is_shared=True))
    return workspace


async def test_a_strangers_words_name_the_workspace_they_come_from(slack: SlackEmulator) -> None:
    await slack.user("mallory").mention("hello", "shared")
    sent = [payload for payload in slack.events() if payload["event"]["user"] == "U0MALLORY"]
    assert [payload["event"]["type"] for payload in sent] == ["message", "app_mention"]
    for payload in sent:
        assert [payload["event"][key] for key in HOMES] == ["T0OTHER"] * 3
        assert (payload["team_id"], payload["context_team_id"]) == ("T0DEMO", "T0DEMO")
        assert payload["is_ext_shared_channel"] is True


async def test_ones_own_people_are_marked_too_in_a_shared_channel_and_nowhere_else(slack: SlackEmulator) -> None:
    shared = await slack.user("bob").say("hello", "shared")
    private = await slack.user("bob").say("hello", "incidents")
    assert [shared.raw[key] for key in HOMES] == ["T0DEMO"] * 3
    assert "user_team" not in private.raw
    assert [payload["is_ext_shared_channel"] for payload in slack.events("message")] == [True, False]


async def test_users_info_says_who_is_a_stranger(client: AsyncWebClient) -> None:
    mallory = (await client.users_info(user="U0MALLORY"))["user"]
    assert (mallory["is_stranger"], mallory["team_id"], mallory["profile"]["team"]) == (True, "T0OTHER", "T0OTHER")
    assert "is_stranger" not in (await client.users_info(user="U0BOB"))["user"]


async def test_the_channel_says_that_it_is_shared(client: AsyncWebClient) -> None:
    described = [(await client.conversations_info(channel=each))["channel"] for each in ("C0SHARED", "C0INCIDENTS")]
    assert [each["is_ext_shared"] for each in described] == [True, False]


async def test_a_strangers_click_carries_the_strangers_workspace(
    slack: SlackEmulator, app: AsyncApp, connect: Any, client: AsyncWebClient, heard: Any
) -> None:
    @app.action("go")
    async def go(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await heard(body)

    await connect()
    row = [{"type": "actions", "elements": [BUTTON]}]
    posted = await client.chat_postMessage(channel="C0SHARED", text="x", blocks=row)
    await slack.user("mallory").click("shared", posted["ts"], "go")
    assert (heard.bodies[0]["user"]["team_id"], heard.bodies[0]["team"]["id"]) == ("T0OTHER", "T0DEMO")


async def test_a_stranger_has_neither_command_nor_shortcut(slack: SlackEmulator) -> None:
    mallory = slack.user("mallory")
    outcome = await mallory.slash("/ask-claude x", "shared")
    assert outcome.shown == "/ask-claude is not a valid command."
    message = await mallory.say("look at this", "shared")
    with pytest.raises(LookupError, match="another workspace"):
        await mallory.shortcut("investigate_message", "shared", message.ts)


async def test_a_stranger_is_not_found_by_email(manifest: dict[str, Any], workspace: Workspace) -> None:
    manifest["oauth_config"]["scopes"]["bot"].append("users:read.email")
    async with SlackEmulator(manifest, workspace=workspace) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        with pytest.raises(SlackApiError, match="users_not_found"):
            await client.users_lookupByEmail(email="m@example.com")
