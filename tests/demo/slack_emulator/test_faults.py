"""The knobs: failures, rate limits, delays and calls that are held at a defined point."""

import asyncio

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import SlackEmulator


async def test_a_planned_error_happens_as_often_as_planned(slack: SlackEmulator, client: AsyncWebClient) -> None:
    slack.faults.fail("chat.postMessage", error="fatal_error", times=2)
    for _ in range(2):
        with pytest.raises(SlackApiError, match="fatal_error"):
            await client.chat_postMessage(channel="C0INCIDENTS", text="x")
    assert (await client.chat_postMessage(channel="C0INCIDENTS", text="x"))["ok"]
    assert [call.is_ok for call in slack.calls("chat.postMessage")] == [False, False, True]


async def test_a_rate_limit_is_obeyed_by_the_sdk(slack: SlackEmulator, client: AsyncWebClient) -> None:
    slack.faults.fail("chat.postMessage", status=429, retry_after=0)
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0INCIDENTS", text="x")
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "0")
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    slack.faults.fail("chat.postMessage", status=429, retry_after=0)
    assert (await client.chat_postMessage(channel="C0INCIDENTS", text="x"))["ok"]


async def test_a_server_error_has_its_status(slack: SlackEmulator, client: AsyncWebClient) -> None:
    slack.faults.fail("chat.postMessage", status=503)
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0INCIDENTS", text="x")
    assert caught.value.response.status_code == 503


async def test_a_delayed_call_takes_that_long(slack: SlackEmulator, client: AsyncWebClient) -> None:
    slack.faults.delay("auth.test", 0.1)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await client.auth_test()
    assert loop.time() - started >= 0.1


async def test_a_held_call_has_done_nothing_yet(slack: SlackEmulator, client: AsyncWebClient) -> None:
    hold = slack.faults.hold("chat.postMessage")
    posting = asyncio.create_task(client.chat_postMessage(channel="C0INCIDENTS", text="x"))
    await hold.reached()
    assert slack.messages("incidents") == []
    hold.release()
    assert (await posting)["ok"]
    assert len(slack.messages("incidents")) == 1


async def test_a_call_held_afterwards_is_done_but_not_answered(slack: SlackEmulator, client: AsyncWebClient) -> None:
    hold = slack.faults.hold("chat.postMessage", "after")
    posting = asyncio.create_task(client.chat_postMessage(channel="C0INCIDENTS", text="x"))
    await hold.reached()
    assert len(slack.messages("incidents")) == 1
    assert not posting.done()
    hold.release()
    await posting


async def test_a_caller_that_died_while_held_has_done_nothing(slack: SlackEmulator, client: AsyncWebClient) -> None:
    hold = slack.faults.hold("chat.postMessage")
    posting = asyncio.create_task(client.chat_postMessage(channel="C0INCIDENTS", text="from the grave"))
    await hold.reached()
    posting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await posting
    # One more call shows that the server has seen the connection end.
    await client.auth_test()
    hold.release()
    await client.auth_test()
    assert slack.messages("incidents") == []


async def test_waiting_in_vain_shows_what_there_is(slack: SlackEmulator) -> None:
    await slack.user("bob").say("something else", "incidents")
    with pytest.raises(TimeoutError, match="something else"):
        await slack.wait_for(lambda m: m.text == "never", timeout=0.01)
