"""Streams, statuses and agent sessions."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import SlackEmulator

FOR_BOB = {"recipient_team_id": "T0DEMO", "recipient_user_id": "U0BOB"}


async def error(client: AsyncWebClient, method: str, **args: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=args)
    return str(caught.value.response["error"])


@pytest.fixture
async def thread(slack: SlackEmulator) -> dict[str, str]:
    said = await slack.user("bob").say("why?", "incidents")
    return {"channel": "C0INCIDENTS", "thread_ts": said.ts}


async def test_the_sdk_streams_a_message(slack: SlackEmulator, client: AsyncWebClient, thread: dict[str, str]) -> None:
    stream = await client.chat_stream(**thread, **FOR_BOB, task_display_mode="plan", buffer_size=1)
    await stream.append(markdown_text="Looking ")
    await stream.append(chunks=[{"type": "task_update", "id": "1", "title": "Read logs", "status": "in_progress"}])
    await stream.append(markdown_text="around.")
    await stream.append(chunks=[{"type": "task_update", "id": "1", "title": "Read logs", "status": "complete"}])
    growing = slack.messages("incidents", thread["thread_ts"])[1]
    assert growing.raw["streaming_state"] == "in_progress"
    await stream.stop(blocks=[{"type": "divider"}], session_status="active")
    done = slack.messages("incidents", thread["thread_ts"])[1]
    assert done.text == "Looking around."
    assert [block["type"] for block in done.blocks] == ["plan", "markdown", "divider"]
    assert done.blocks[0]["tasks"][0]["status"] == "complete"
    assert "streaming_state" not in done.raw


async def test_a_stream_in_a_channel_needs_a_recipient(client: AsyncWebClient, thread: dict[str, str]) -> None:
    assert await error(client, "chat.startStream", **thread) == "missing_recipient_team_id"
    assert await error(client, "chat.startStream", **thread, recipient_team_id="T0DEMO") == "missing_recipient_user_id"
    assert (
        await error(client, "chat.startStream", **thread, **{**FOR_BOB, "recipient_team_id": "T0X"}) == "team_not_found"
    )
    assert (
        await error(client, "chat.startStream", **thread, **{**FOR_BOB, "recipient_user_id": "U0X"}) == "user_not_found"
    )
    assert await error(client, "chat.startStream", **thread, **FOR_BOB, task_display_mode="x") == "invalid_arguments"


async def test_a_stream_in_a_direct_message_needs_none(slack: SlackEmulator, client: AsyncWebClient) -> None:
    said = await slack.user("bob").dm("why?")
    assert (await client.chat_startStream(channel=said.channel, thread_ts=said.ts, markdown_text="x"))["ok"]


async def test_a_stream_ends_once_expires_and_keeps_updates_out(
    slack: SlackEmulator, client: AsyncWebClient, thread: dict[str, str], clock: Any
) -> None:
    ts = (await client.chat_startStream(**thread, **FOR_BOB, markdown_text="a"))["ts"]
    here = {"channel": "C0INCIDENTS", "ts": ts}
    assert await error(client, "chat.update", **here, text="x") == "streaming_state_conflict"
    assert await error(client, "chat.appendStream", **here) == "no_text"
    assert await error(client, "chat.appendStream", **here, markdown_text="x" * 12_001) == "msg_too_long"
    assert await error(client, "chat.appendStream", **here, chunks=[{"type": "song"}]) == "invalid_chunks"
    await client.chat_stopStream(**here)
    assert await error(client, "chat.appendStream", **here, markdown_text="x") == "message_not_in_streaming_state"
    assert await error(client, "chat.stopStream", **here) == "message_not_in_streaming_state"

    late = (await client.chat_startStream(**thread, **FOR_BOB, markdown_text="a"))["ts"]
    clock.skip(minutes=6)
    late_here = {"channel": "C0INCIDENTS", "ts": late, "markdown_text": "x"}
    assert await error(client, "chat.appendStream", **late_here) == "message_not_in_streaming_state"
    # What cannot be streamed any more can be updated instead.
    assert (await client.chat_update(channel="C0INCIDENTS", ts=late, text="the rest"))["ok"]
    theirs = {"channel": "C0INCIDENTS", "ts": thread["thread_ts"], "markdown_text": "x"}
    assert await error(client, "chat.appendStream", **theirs) == "message_not_owned_by_app"


async def test_after_stop_appending_is_refused(
    slack: SlackEmulator, client: AsyncWebClient, thread: dict[str, str]
) -> None:
    ts = (await client.chat_startStream(**thread, **FOR_BOB, markdown_text="a"))["ts"]
    await slack.user("bob").stop("incidents", thread["thread_ts"])
    assert (
        await error(client, "chat.appendStream", channel="C0INCIDENTS", ts=ts, markdown_text="x") == "stopped_by_user"
    )
    assert (await client.chat_stopStream(channel="C0INCIDENTS", ts=ts))["ok"]


async def test_a_status_goes_with_the_next_message_or_after_two_minutes(
    slack: SlackEmulator, client: AsyncWebClient, thread: dict[str, str], clock: Any
) -> None:
    key = ("C0INCIDENTS", thread["thread_ts"])
    where = {"channel_id": key[0], "thread_ts": key[1]}
    await client.assistant_threads_setStatus(**where, status="is looking")
    status = slack.office.conversing.status_of(key)
    assert status is not None
    assert status.text == "is looking"
    await client.chat_postMessage(**thread, text="found it")
    assert slack.office.conversing.status_of(key) is None
    await client.assistant_threads_setStatus(**where, status="is looking again")
    clock.skip(minutes=3)
    assert slack.office.conversing.status_of(key) is None
    args = {**where, "status": "x", "loading_messages": ["x"] * 11}
    assert await error(client, "assistant.threads.setStatus", **args) == "invalid_arguments"


async def test_sessions_have_a_status_and_a_title(
    slack: SlackEmulator, client: AsyncWebClient, thread: dict[str, str], manifest: dict[str, Any]
) -> None:
    where = {"channel_id": "C0INCIDENTS", "thread_ts": thread["thread_ts"]}
    assert await error(client, "agents.sessions.rename", **where, title="x") == "session_not_found"
    started = await client.agents_sessions_setStatus(**where, status="processing", title="Checkout")
    assert "warning" not in started.data
    renamed = await client.agents_sessions_rename(**where, title="Checkout is slow")
    assert renamed["title"] == "Checkout is slow"
    assert slack.office.conversing.sessions[("C0INCIDENTS", thread["thread_ts"])]["status"] == "processing"
    assert await error(client, "agents.sessions.setStatus", **where, status="asleep") == "invalid_arguments"
    assert await error(client, "agents.sessions.rename", **where, title="x" * 201) == "invalid_arguments"


async def test_processing_without_the_stop_event_is_warned_about(manifest: dict[str, Any]) -> None:
    manifest["settings"]["event_subscriptions"]["bot_events"].remove("agent_session_stopped")
    async with SlackEmulator(manifest) as emulator:
        said = await emulator.user("bob").say("why?", "incidents")
        client = AsyncWebClient(token=emulator.bot_token, base_url=emulator.api_url)
        args = {"channel_id": said.channel, "thread_ts": said.ts, "status": "processing"}
        answer = await client.agents_sessions_setStatus(**args)
    assert answer["warning"] == "missing_agent_session_stopped_event_subscription"
