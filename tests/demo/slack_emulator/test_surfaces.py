"""Titles, suggested prompts, people by e-mail, direct messages of several people, and what a form holds."""

from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import SlackEmulator, User, Workspace

PROMPT = {"title": "Investigate", "message": "Why is it slow?"}
FORM = [
    {
        "type": "input",
        "block_id": "why",
        "label": {"type": "plain_text", "text": "Why"},
        "element": {"type": "plain_text_input", "action_id": "text", "initial_value": "seed"},
    },
    {
        "type": "actions",
        "block_id": "row",
        "elements": [
            {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}},
            {
                "type": "static_select",
                "action_id": "pick",
                "options": [
                    {"value": word, "text": {"type": "plain_text", "text": word}} for word in ("plum", "cherry")
                ],
            },
        ],
    },
]


async def error(client: AsyncWebClient, method: str, **args: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=args)
    return str(caught.value.response["error"])


def with_scopes(manifest: dict[str, Any], *scopes: str) -> dict[str, Any]:
    manifest["oauth_config"]["scopes"]["bot"] += scopes
    return manifest


@pytest.fixture
def workspace(workspace: Workspace) -> Workspace:
    workspace.users.append(User("U0CAROL", "carol", "Carol Example", email="carol@example.com"))
    return workspace


async def test_a_thread_gets_a_title_and_suggested_prompts(slack: SlackEmulator, client: AsyncWebClient) -> None:
    root = await slack.user("bob").dm("hello")
    where = {"channel_id": root.channel, "thread_ts": root.ts}
    await client.assistant_threads_setTitle(**where, title="Slow checkout")
    await client.assistant_threads_setSuggestedPrompts(**where, prompts=[PROMPT])
    assert slack.office.conversing.titles[(root.channel, root.ts)] == "Slow checkout"
    assert slack.office.conversing.prompts[(root.channel, root.ts)] == [PROMPT]
    five = {**where, "prompts": [PROMPT] * 5}
    assert await error(client, "assistant.threads.setSuggestedPrompts", **five) == "invalid_arguments"
    half = {**where, "prompts": [{"title": "Investigate"}]}
    assert await error(client, "assistant.threads.setSuggestedPrompts", **half) == "invalid_arguments"
    nowhere = {"channel_id": root.channel, "thread_ts": "1.1", "title": "x"}
    assert await error(client, "assistant.threads.setTitle", **nowhere) == "thread_not_found"


async def test_titles_need_a_scope_that_statuses_do_not(manifest: dict[str, Any]) -> None:
    manifest["oauth_config"]["scopes"]["bot"].remove("assistant:write")
    async with SlackEmulator(manifest) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        root = await slack.user("bob").say("hello", "incidents")
        where = {"channel_id": root.channel, "thread_ts": root.ts}
        assert await error(client, "assistant.threads.setTitle", **where, title="x") == "missing_scope"
        assert (await client.assistant_threads_setStatus(**where, status="is looking"))["ok"]


async def test_a_person_is_found_by_email_with_the_scope_for_it(manifest: dict[str, Any], workspace: Workspace) -> None:
    scopes = with_scopes(manifest, "users:read.email")
    async with SlackEmulator(scopes, workspace=workspace) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        found = await client.users_lookupByEmail(email="Carol@example.com")
        assert (found["user"]["id"], found["user"]["profile"]["email"]) == ("U0CAROL", "carol@example.com")
        assert await error(client, "users.lookupByEmail", email="nobody@example.com") == "users_not_found"


async def test_without_the_scope_nobody_has_an_email(client: AsyncWebClient) -> None:
    assert await error(client, "users.lookupByEmail", email="carol@example.com") == "missing_scope"
    assert "email" not in (await client.users_info(user="U0CAROL"))["user"]["profile"]


async def test_several_people_and_the_app_have_one_conversation(manifest: dict[str, Any], workspace: Workspace) -> None:
    scopes = with_scopes(manifest, "mpim:write", "mpim:read", "mpim:history")
    scopes["settings"]["event_subscriptions"]["bot_events"].append("message.mpim")
    async with SlackEmulator(scopes, workspace=workspace) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        channel = (await client.conversations_open(users="U0BOB,U0ALICE"))["channel"]["id"]
        again = await client.conversations_open(users="U0ALICE,U0BOB,U0BOT")
        assert (again["channel"]["id"], again["already_open"]) == (channel, True)
        described = (await client.conversations_info(channel=channel))["channel"]
        assert (described["is_mpim"], described["name"]) == (True, "mpdm-alice--ask-claude--bob-1")
        await slack.user("bob").say("hello both", channel)
        assert slack.events("message")[-1]["event"]["channel_type"] == "mpim"
        listed = await client.conversations_list(types="mpim")
        assert [entry["id"] for entry in listed["channels"]] == [channel]


async def test_a_conversation_of_several_people_needs_its_scope(slack: SlackEmulator, client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await client.conversations_open(users="U0BOB,U0ALICE")
    assert caught.value.response["needed"] == "mpim:write"


async def test_a_click_in_a_form_tells_what_the_form_holds(
    slack: SlackEmulator, app: AsyncApp, connect: Any, client: AsyncWebClient, heard: Any
) -> None:
    @app.action({"block_id": "row"})
    async def used(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await heard(body)

    await connect()
    await client.views_publish(user_id="U0BOB", view={"type": "home", "blocks": FORM})
    home = slack.home("bob")
    assert home is not None
    bob = slack.user("bob")
    await bob.click_in_view(home.id, "go", typed={"why": {"text": "a hunch"}})
    await bob.click_in_view(home.id, "pick", "plum")
    typed, picked = (body["view"]["state"]["values"] for body in heard.bodies)
    assert typed["why"]["text"] == {"type": "plain_text_input", "value": "a hunch"}
    assert typed["row"]["pick"] == {"type": "static_select", "selected_option": None}
    assert picked["why"]["text"]["value"] == "seed"
    assert picked["row"]["pick"]["selected_option"]["value"] == "plum"


async def test_a_click_in_a_message_tells_what_its_menus_hold(
    slack: SlackEmulator, app: AsyncApp, connect: Any, client: AsyncWebClient, heard: Any
) -> None:
    @app.action("pick")
    async def used(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await heard(body)

    await connect()
    posted = await client.chat_postMessage(channel="C0INCIDENTS", text="x", blocks=FORM[1:])
    await slack.user("bob").click("incidents", posted["ts"], "pick", "cherry")
    chosen = heard.bodies[0]["state"]["values"]["row"]["pick"]
    assert (chosen["type"], chosen["selected_option"]["value"]) == ("static_select", "cherry")
