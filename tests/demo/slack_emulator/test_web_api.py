"""The Web API: tokens, scopes, encodings, and every refusal it claims to make."""

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import SlackEmulator

Blocks = list[dict[str, Any]]


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(action_id: str = "go", **changes: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": "Go"}, **changes}


async def refusal(client: AsyncWebClient, method: str, **args: Any) -> dict[str, Any]:
    """The body of a call that must fail."""
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=args)
    body: dict[str, Any] = dict(caught.value.response.data)
    return body


async def error(client: AsyncWebClient, method: str, **args: Any) -> str:
    return str((await refusal(client, method, **args))["error"])


# -- tokens, scopes, encodings -------------------------------------------------------------------------


async def test_auth_test_names_the_bot_and_its_scopes(slack: SlackEmulator, client: AsyncWebClient) -> None:
    answer = await client.auth_test()
    assert (answer["user_id"], answer["bot_id"], answer["team_id"]) == ("U0BOT", "B0BOT", "T0DEMO")
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


async def test_the_app_token_may_sign_in_too(slack: SlackEmulator) -> None:
    answer = await AsyncWebClient(token=slack.app_token, base_url=slack.api_url).auth_test()
    assert answer["app_id"] == "A0DEMO"


async def test_tokens_are_checked(slack: SlackEmulator, client: AsyncWebClient) -> None:
    stranger = AsyncWebClient(token="xoxb-somebody-else", base_url=slack.api_url)
    nobody = AsyncWebClient(base_url=slack.api_url)
    app_level = AsyncWebClient(token=slack.app_token, base_url=slack.api_url)
    assert await error(stranger, "auth.test") == "invalid_auth"
    assert await error(nobody, "auth.test") == "not_authed"
    assert await error(app_level, "chat.postMessage", channel="C0INCIDENTS", text="x") == "not_allowed_token_type"
    assert await error(client, "apps.connections.open") == "not_allowed_token_type"


async def test_an_unknown_method_is_refused(client: AsyncWebClient) -> None:
    assert await error(client, "chat.shout") == "unknown_method"


async def test_a_scope_that_is_not_in_the_manifest_is_missing(slack: SlackEmulator, client: AsyncWebClient) -> None:
    body = await refusal(client, "conversations.join", channel="C0RANDOM")
    assert (body["error"], body["needed"]) == ("missing_scope", "channels:join")
    assert "chat:write" in body["provided"].split(",")
    assert (await refusal(client, "team.info"))["needed"] == "team:read"


async def test_reading_a_direct_message_needs_a_scope_of_its_own(slack: SlackEmulator, client: AsyncWebClient) -> None:
    message = await slack.user("bob").dm("hello")
    assert (await client.conversations_history(channel=message.channel))["messages"][0]["text"] == "hello"
    assert (await refusal(client, "conversations.info", channel=message.channel))["needed"] == "im:read"
    assert (await refusal(client, "conversations.list", types="public_channel,im"))["needed"] == "im:read"


async def test_json_form_and_query_all_work(slack: SlackEmulator) -> None:
    blocks = [section("hello")]
    key = {"token": slack.bot_token, "channel": "C0INCIDENTS"}
    url = f"{slack.api_url}chat.postMessage"
    async with aiohttp.ClientSession() as session:
        for sent in (
            session.post(url, json={**key, "text": "json", "blocks": blocks}),
            session.post(url, data={**key, "text": "form", "blocks": json.dumps(blocks)}),
            session.get(url, params={**key, "text": "query", "blocks": json.dumps(blocks)}),
        ):
            async with sent as response:
                assert (await response.json())["ok"]
        async with session.post(url, data="{", headers={"Content-Type": "application/json"}) as response:
            assert (await response.json())["error"] == "invalid_json"
        async with session.post(url, json=[1]) as response:
            assert (await response.json())["error"] == "json_not_object"
    assert [m.blocks[0]["text"]["text"] for m in slack.messages("incidents")] == ["hello"] * 3


async def test_other_machines_names_and_pages_are_turned_away(slack: SlackEmulator) -> None:
    async with aiohttp.ClientSession() as session:
        for headers in ({"Host": "slack.attacker.example"}, {"Origin": "http://attacker.example"}):
            async with session.get(slack.page_url, headers=headers) as response:
                assert response.status == 403
        async with session.get(slack.page_url, headers={"Origin": slack.page_url.rstrip("/")}) as response:
            assert response.status == 200


# -- channels and messages -----------------------------------------------------------------------------


async def test_the_bot_must_be_in_the_channel(client: AsyncWebClient) -> None:
    assert await error(client, "chat.postMessage", channel="C0NOWHERE", text="x") == "channel_not_found"
    assert await error(client, "chat.postMessage", channel="C0RANDOM", text="x") == "not_in_channel"
    assert await error(client, "chat.postMessage", channel="G0SECRET", text="x") == "channel_not_found"
    assert await error(client, "conversations.history", channel="C0RANDOM") == "not_in_channel"
    assert await error(client, "conversations.info", channel="G0SECRET") == "channel_not_found"
    assert (await client.conversations_info(channel="C0RANDOM"))["channel"]["is_member"] is False


async def test_a_channel_can_be_named_when_posting_and_a_user_written_to(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    assert (await client.chat_postMessage(channel="#incidents", text="x"))["channel"] == "C0INCIDENTS"
    direct = (await client.chat_postMessage(channel="U0BOB", text="psst"))["channel"]
    assert (await client.conversations_open(users="U0BOB"))["channel"]["id"] == direct
    assert [m.text for m in slack.messages(direct)] == ["psst"]
    assert await error(client, "conversations.open") == "users_list_not_supplied"
    assert await error(client, "conversations.open", users="U0GHOST") == "user_not_found"


async def test_timestamps_are_unique_increasing_and_have_six_digits(client: AsyncWebClient) -> None:
    stamps = [(await client.chat_postMessage(channel="C0INCIDENTS", text=str(n)))["ts"] for n in range(20)]
    assert stamps == sorted(set(stamps))
    assert all(len(ts.split(".")[1]) == 6 for ts in stamps)


async def test_replies_know_their_thread_and_the_parent_counts_them(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    parent = (await client.chat_postMessage(channel="C0INCIDENTS", text="parent"))["ts"]
    await slack.user("bob").reply("first", "incidents", parent)
    last = await client.chat_postMessage(
        channel="C0INCIDENTS",
        text="second",
        thread_ts=parent,
        reply_broadcast=True,
        metadata={"event_type": "incident_status", "event_payload": {"id": "7"}},
    )
    thread = (await client.conversations_replies(channel="C0INCIDENTS", ts=parent))["messages"]
    assert [m["text"] for m in thread] == ["parent", "first", "second"]
    assert (thread[0]["reply_count"], thread[0]["latest_reply"]) == (2, last["ts"])
    assert thread[1]["parent_user_id"] == "U0BOT"
    assert thread[2]["subtype"] == "thread_broadcast"
    assert "metadata" not in thread[2]
    known = await client.conversations_replies(channel="C0INCIDENTS", ts=parent, include_all_metadata=True)
    assert known["messages"][2]["metadata"]["event_payload"] == {"id": "7"}
    history = (await client.conversations_history(channel="C0INCIDENTS"))["messages"]
    assert [m["text"] for m in history] == ["second", "parent"]


async def test_pages_of_history_follow_each_other(client: AsyncWebClient) -> None:
    for number in range(5):
        await client.chat_postMessage(channel="C0INCIDENTS", text=str(number))
    first = await client.conversations_history(channel="C0INCIDENTS", limit=3)
    assert first["has_more"]
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_history(channel="C0INCIDENTS", limit=3, cursor=cursor)
    assert [m["text"] for m in first["messages"] + second["messages"]] == ["4", "3", "2", "1", "0"]
    assert not second["has_more"]
    assert await error(client, "conversations.history", channel="C0INCIDENTS", cursor="zzz") == "invalid_cursor"
    middle = first["messages"][1]["ts"]
    later = await client.conversations_history(channel="C0INCIDENTS", oldest=middle)
    assert [m["text"] for m in later["messages"]] == ["4"]


async def test_threads_and_messages_must_exist(slack: SlackEmulator, client: AsyncWebClient) -> None:
    ghost = "1700000000.000001"
    here = {"channel": "C0INCIDENTS"}
    parent = (await client.chat_postMessage(channel="C0INCIDENTS", text="parent"))["ts"]
    reply = (await slack.user("bob").reply("hi", "incidents", parent)).ts
    assert await error(client, "chat.postMessage", **here, text="x", thread_ts=ghost) == "thread_not_found"
    assert await error(client, "chat.postMessage", **here, text="x", thread_ts=reply) == "thread_not_found"
    assert await error(client, "conversations.replies", **here, ts=ghost) == "thread_not_found"
    assert await error(client, "chat.update", **here, text="x", ts=ghost) == "message_not_found"
    assert await error(client, "chat.delete", **here, ts=ghost) == "message_not_found"
    assert await error(client, "chat.getPermalink", **here, message_ts=ghost) == "message_not_found"
    assert await error(client, "reactions.add", **here, timestamp=ghost, name="eyes") == "message_not_found"


async def test_only_own_messages_can_be_changed(slack: SlackEmulator, client: AsyncWebClient) -> None:
    theirs = (await slack.user("bob").say("mine", "incidents")).ts
    assert await error(client, "chat.update", channel="C0INCIDENTS", ts=theirs, text="x") == "cant_update_message"
    assert await error(client, "chat.delete", channel="C0INCIDENTS", ts=theirs) == "cant_delete_message"


async def test_an_update_without_blocks_takes_them_away(slack: SlackEmulator, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="C0INCIDENTS", text="a", blocks=[section("a")])
    await client.chat_update(channel="C0INCIDENTS", ts=posted["ts"], text="b", blocks=[section("b")])
    assert "edited" not in slack.messages("incidents")[0].raw
    await client.chat_update(channel="C0INCIDENTS", ts=posted["ts"], text="c")
    message = slack.messages("incidents")[0]
    assert (message.text, message.blocks) == ("c", [])
    assert "edited" in message.raw
    await client.chat_delete(channel="C0INCIDENTS", ts=posted["ts"])
    assert slack.messages("incidents") == []


async def test_an_ephemeral_message_reaches_one_member_only(slack: SlackEmulator, client: AsyncWebClient) -> None:
    await client.chat_postEphemeral(channel="C0INCIDENTS", user="U0BOB", text="not you")
    assert [m.text for m in slack.ephemerals("bob")] == ["not you"]
    assert slack.ephemerals("alice") == []
    assert slack.messages("incidents") == []
    assert "(only visible to bob)" in slack.as_text(slack.ephemerals("bob")[0])
    to_bob = {"channel": "G0WAR", "user": "U0BOB", "text": "x"}
    assert await error(client, "chat.postEphemeral", **to_bob) == "user_not_in_channel"
    assert await error(client, "chat.postEphemeral", **{**to_bob, "user": "U0GHOST"}) == "user_not_found"


async def test_reactions_are_counted_once_per_user(slack: SlackEmulator, client: AsyncWebClient) -> None:
    ts = (await slack.user("bob").say("fire", "incidents")).ts
    await client.reactions_add(channel="C0INCIDENTS", timestamp=ts, name="eyes")
    assert slack.messages("incidents")[0].raw["reactions"][0]["users"] == ["U0BOT"]
    args = {"channel": "C0INCIDENTS", "timestamp": ts, "name": "eyes"}
    assert await error(client, "reactions.add", **args) == "already_reacted"
    await client.reactions_remove(**args)
    assert await error(client, "reactions.remove", **args) == "no_reaction"


async def test_who_there_is(slack: SlackEmulator, client: AsyncWebClient) -> None:
    assert (await client.users_info(user="U0BOB"))["user"]["name"] == "bob"
    assert {u["id"] for u in (await client.users_list())["members"]} == {"U0ALICE", "U0BOB", "U0BOT", "U0GRAF"}
    assert (await client.usergroups_users_list(usergroup="S0ONCALL"))["users"] == ["U0ALICE"]
    assert (await client.usergroups_list(include_users=True))["usergroups"][0]["users"] == ["U0ALICE"]
    assert (await client.bots_info(bot="B0ALERT"))["bot"]["name"] == "Alertmanager"
    assert (await client.bots_info(bot="B0BOT"))["bot"]["user_id"] == "U0BOT"
    names = {c["name"] for c in (await client.conversations_list(types="public_channel,private_channel"))["channels"]}
    assert names == {"incidents", "alerts", "random", "war-room"}
    assert "U0BOT" in (await client.conversations_members(channel="C0INCIDENTS"))["members"]
    assert await error(client, "users.info", user="U0GHOST") == "user_not_found"
    assert await error(client, "bots.info", bot="B0GHOST") == "bot_not_found"
    assert await error(client, "usergroups.users.list", usergroup="S0GHOST") == "no_such_subteam"
    assert await error(client, "conversations.list", types="secret_channel") == "invalid_types"
    permalink = await client.chat_getPermalink(
        channel="C0INCIDENTS", message_ts=(await slack.user("bob").say("x", "incidents")).ts
    )
    assert "/archives/C0INCIDENTS/p" in permalink["permalink"]


async def test_the_app_joins_a_channel_when_it_may(manifest: dict[str, Any]) -> None:
    manifest["oauth_config"]["scopes"]["bot"].append("channels:join")
    async with SlackEmulator(manifest) as emulator:
        client = AsyncWebClient(token=emulator.bot_token, base_url=emulator.api_url)
        await client.conversations_join(channel="C0RANDOM")
        assert (await client.conversations_join(channel="C0RANDOM"))["warning"] == "already_in_channel"
        assert [p["event"]["user"] for p in emulator.events("member_joined_channel")] == ["U0BOT"]
        assert (await client.chat_postMessage(channel="C0RANDOM", text="hello"))["ok"]


async def test_a_file_is_uploaded_and_shared_in_a_thread(slack: SlackEmulator, client: AsyncWebClient) -> None:
    parent = (await slack.user("bob").say("logs?", "incidents")).ts
    await client.files_upload_v2(
        channel="C0INCIDENTS",
        thread_ts=parent,
        filename="pods.log",
        content="line 1",
        title="Pods",
        initial_comment="here",
    )
    shared = slack.messages("incidents", parent)[1]
    assert (shared.subtype, shared.text, shared.raw["files"][0]["title"]) == ("file_share", "here", "Pods")
    assert "(file: Pods)" in slack.as_text(shared)
    async with aiohttp.ClientSession() as session, session.get(shared.raw["files"][0]["url_private"]) as response:
        assert await response.text() == "line 1"
        assert response.headers["Content-Disposition"] == "attachment"
    assert await error(client, "files.completeUploadExternal", files=[{"id": "F0GHOST"}]) == "file_not_found"
    expected = await client.files_getUploadURLExternal(filename="x", length=1)
    unsent = [{"id": expected["file_id"]}]
    assert await error(client, "files.completeUploadExternal", files=unsent) == "file_not_found"
    assert await error(client, "files.getUploadURLExternal", filename="x", length=0) == "invalid_arguments"


# -- limits --------------------------------------------------------------------------------------------

TOO_MUCH: dict[str, tuple[Blocks, str]] = {
    "blocks": ([section("x")] * 51, "no more than 50 items"),
    "section text": ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    "empty text": ([section("")], "must be more than 0 characters"),
    "empty section": ([{"type": "section"}], "missing required field"),
    "field": (
        [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}],
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    "fields": ([{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}], "no more than 10 items"),
    "header": (
        [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    "header in mrkdwn": ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "must be one of plain_text"),
    "button text": (
        [{"type": "actions", "elements": [button(text={"type": "plain_text", "text": "x" * 76})]}],
        "must be less than 76 characters",
    ),
    "button value": ([{"type": "actions", "elements": [button(value="x" * 2001)]}], "must be less than 2001"),
    "button style": ([{"type": "actions", "elements": [button(style="green")]}], "valid enum value"),
    "confirm": (
        [{"type": "actions", "elements": [button(confirm={"title": {"type": "plain_text", "text": "x"}})]}],
        "/confirm/text",
    ),
    "action_id": ([{"type": "actions", "elements": [button("x" * 256)]}], "must be less than 256 characters"),
    "block_id": ([{**section("x"), "block_id": "x" * 256}], "must be less than 256 characters"),
    "same action_id": ([{"type": "actions", "elements": [button(), button()]}], '`action_id` "go" already exists'),
    "same block_id": ([{**section("x"), "block_id": "b"}] * 2, "`block_id` b already exists"),
    "actions": ([{"type": "actions", "elements": [button(str(n)) for n in range(26)]}], "no more than 25 items"),
    "no actions": ([{"type": "actions", "elements": []}], "at least 1 item"),
    "context": ([{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}], "no more than 10 items"),
    "markdown": ([{"type": "markdown", "text": "x" * 12_001}], "must be less than 12001 characters"),
    "two markdowns": ([{"type": "markdown", "text": "x" * 7_000}] * 2, "in total"),
    "table rows": ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101}], "no more than 100 items"),
    "table cells": ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}], "no more than 20 items"),
    "unknown type": ([{"type": "hologram"}], "unsupported type: hologram"),
    "image without alt text": ([{"type": "image", "image_url": "https://example.com/x.png"}], "alt_text"),
    "task status": ([{"type": "task_card", "task_id": "1", "title": "x", "status": "maybe"}], "valid enum value"),
    "alert level": ([{"type": "alert", "level": "panic", "text": {"type": "mrkdwn", "text": "x"}}], "valid enum value"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
async def test_blocks_that_slack_would_refuse_are_refused(client: AsyncWebClient, name: str) -> None:
    blocks, complaint = TOO_MUCH[name]
    body = await refusal(client, "chat.postMessage", channel="C0INCIDENTS", text="x", blocks=blocks)
    assert body["error"] == "invalid_blocks"
    assert complaint in " ".join(body["response_metadata"]["messages"])


async def test_blocks_at_the_limit_pass(client: AsyncWebClient) -> None:
    blocks: Blocks = [
        section("x" * 3000),
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 150}},
        {"type": "actions", "elements": [button(str(n), value="v" * 2000) for n in range(25)]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 20] * 100},
        *[{"type": "divider"}] * 46,
    ]
    assert (await client.api_call("chat.postMessage", json={"channel": "C0INCIDENTS", "text": "x", "blocks": blocks}))[
        "ok"
    ]


async def test_other_sizes_are_limited_too(client: AsyncWebClient) -> None:
    here = {"channel": "C0INCIDENTS"}
    long_blocks = [section("x" * 2900)] * 5
    assert await error(client, "chat.postMessage", **here, text="x", blocks=long_blocks) == "msg_blocks_too_long"
    assert await error(client, "chat.postMessage", **here, markdown_text="x" * 12_001) == "msg_too_long"
    assert await error(client, "chat.postMessage", **here, markdown_text="x", text="y") == "markdown_text_conflict"
    assert await error(client, "chat.postMessage", **here) == "no_text"
    assert await error(client, "chat.postMessage", **here, text="x", blocks="[") == "invalid_blocks_format"
    bad_card = [{"blocks": [{"type": "hologram"}]}]
    assert await error(client, "chat.postMessage", **here, attachments=bad_card) == "invalid_attachments"
    assert await error(client, "chat.postMessage", **here, attachments=[{"text": "x"}] * 101) == "too_many_attachments"
    meta = {"event_type": "x", "event_payload": {"y": "z" * 9000}}
    assert await error(client, "chat.postMessage", **here, text="x", metadata=meta) == "metadata_too_large"
    assert await error(client, "chat.postMessage", **here, text="x", metadata={"a": 1}) == "invalid_metadata_schema"
    assert await error(client, "chat.postMessage", **here, text="x", metadata="{") == "invalid_metadata_format"
    assert await error(client, "chat.postMessage", text="x") == "invalid_arguments"


async def test_long_text_is_cut_when_posted_and_refused_when_updated(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    ts = (await client.chat_postMessage(channel="C0INCIDENTS", text="x" * 50_000))["ts"]
    assert len(slack.messages("incidents")[0].text) == 40_000
    assert await error(client, "chat.update", channel="C0INCIDENTS", ts=ts, text="x" * 4_001) == "msg_too_long"
    # The limit is in bytes, after escaping.
    assert await error(client, "chat.update", channel="C0INCIDENTS", ts=ts, text="é" * 2_001) == "msg_too_long"
    assert await error(client, "chat.update", channel="C0INCIDENTS", ts=ts, text="&" * 801) == "msg_too_long"
    assert (await client.chat_update(channel="C0INCIDENTS", ts=ts, text="x" * 4_000))["ok"]
