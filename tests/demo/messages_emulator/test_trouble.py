"""What can go wrong on the way, as the vendor's package meets it, and what every answer says about limits."""

import io
from typing import Any

import aiohttp
import anthropic
import httpx2
import pytest

from bot.demo.messages_emulator import (
    Broken,
    Damage,
    MessagesEmulator,
    NoAnswer,
    Reply,
    Thinking,
    ToolUse,
    error,
    overloaded,
    rate_limited,
)
from tests.demo.messages_emulator.conftest import Clock, client

BODY: dict[str, Any] = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "hello"}],
}


async def streamed(sdk: anthropic.AsyncAnthropic) -> Any:
    async with sdk.messages.stream(**BODY) as stream:
        return await stream.get_final_message()


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (Damage.DROPPED, httpx2.RemoteProtocolError),
        (Damage.CORRUPT, ValueError),
        (Damage.ERROR_EVENT, anthropic.APIStatusError),
        (Damage.STALLED, httpx2.ReadTimeout),
        (Damage.SLOW_START, httpx2.ReadTimeout),
    ],
)
async def test_a_damaged_stream_is_the_error_it_is_in_life(
    emulator: MessagesEmulator, damage: Damage, kind: type[Exception]
) -> None:
    emulator.then(Broken(damage))
    async with client(emulator, timeout=anthropic.Timeout(5, read=0.2)) as sdk:
        with pytest.raises(kind) as caught:
            await streamed(sdk)
    if isinstance(caught.value, anthropic.APIStatusError):
        assert (caught.value.status_code, caught.value.type) == (200, "overloaded_error")


async def test_a_truncated_stream_has_no_error_and_no_reason_to_stop(
    sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator
) -> None:
    emulator.then(Broken(Damage.TRUNCATED))
    message = await streamed(sdk)
    assert message.stop_reason is None
    assert message.content[0].text == "It begins well and then"


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (Damage.DROPPED, (anthropic.APIConnectionError, httpx2.HTTPError)),
        (Damage.TRUNCATED, (ValueError, anthropic.APIError)),
        (Damage.EMPTY, (ValueError, anthropic.APIError)),
        (Damage.STALLED, (anthropic.APITimeoutError, httpx2.ReadTimeout)),
        (Damage.ERROR_EVENT, (anthropic.APIStatusError,)),
    ],
)
async def test_a_body_in_one_piece_can_be_damaged_too(
    emulator: MessagesEmulator, damage: Damage, kind: tuple[type[Exception], ...]
) -> None:
    emulator.then(Broken(damage))
    async with client(emulator, timeout=anthropic.Timeout(5, read=0.2)) as sdk:
        with pytest.raises(kind):
            await sdk.messages.create(**BODY)


async def test_a_connection_that_closes_without_an_answer_is_tried_again(emulator: MessagesEmulator) -> None:
    emulator.then(NoAnswer(), error(529, retry_after_ms="1"))
    async with client(emulator, max_retries=2) as sdk:
        assert (await sdk.messages.create(**BODY)).stop_reason == "end_turn"
    assert len(emulator.requests) == 3
    emulator.then(NoAnswer())
    async with client(emulator) as sdk:
        with pytest.raises(anthropic.APIConnectionError):
            await sdk.messages.create(**BODY)


@pytest.mark.parametrize(
    ("turn", "kind", "name"),
    [
        (overloaded(), anthropic.OverloadedError, "overloaded_error"),
        (rate_limited("900"), anthropic.RateLimitError, "rate_limit_error"),
        (error(500), anthropic.InternalServerError, "api_error"),
        (error(403), anthropic.PermissionDeniedError, "permission_error"),
    ],
)
async def test_a_status_is_the_error_of_its_kind(
    sdk: anthropic.AsyncAnthropic,
    emulator: MessagesEmulator,
    turn: Any,
    kind: type[anthropic.APIStatusError],
    name: str,
) -> None:
    emulator.then(turn)
    with pytest.raises(kind) as caught:
        await sdk.messages.create(**BODY)
    assert caught.value.type == name
    assert str(caught.value.request_id).startswith("req_")


async def test_chunks_respect_neither_events_nor_characters_and_nothing_is_lost(
    sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator, session: aiohttp.ClientSession
) -> None:
    words = "Größe: 10 µs – 😀 " * 20
    reply = Reply(words, ToolUse("look", {"name": "żółw"}))
    emulator.then(reply, reply)
    headers = {"Authorization": "Bearer emulator-key", "anthropic-version": "2026-10-21"}
    url = f"{emulator.url}/v1/messages"
    async with session.post(url, json={**BODY, "stream": True}, headers=headers) as answer:
        assert answer.headers["Transfer-Encoding"] == "chunked"
        chunks = [data async for data, _ in answer.content.iter_chunks()]
    assert not all(each.endswith(b"\n\n") for each in chunks)
    assert any("\ufffd" in each.decode(errors="replace") for each in chunks)
    message = await streamed(sdk)
    assert message.content[0].text == words
    assert message.content[1].input == {"name": "żółw"}


async def test_every_answer_tells_the_limits_and_has_an_id_of_its_own(
    sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator, clock: Clock
) -> None:
    first = await sdk.messages.with_raw_response.create(**BODY)
    second = await sdk.messages.with_raw_response.create(**BODY)
    kinds = ("requests", "input-tokens", "output-tokens")
    for name in kinds:
        left = [int(each.headers[f"anthropic-ratelimit-{name}-remaining"]) for each in (first, second)]
        assert int(first.headers[f"anthropic-ratelimit-{name}-limit"]) > left[0] > left[1]
        assert first.headers[f"anthropic-ratelimit-{name}-reset"].endswith("Z")
    assert first.request_id != second.request_id


async def test_a_request_over_the_limit_waits_until_the_minute_is_over(
    sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator, clock: Clock
) -> None:
    emulator.limit(requests=1)
    await sdk.messages.create(**BODY)
    clock.now += 20
    with pytest.raises(anthropic.RateLimitError) as caught:
        await sdk.messages.create(**BODY)
    assert caught.value.response.headers["retry-after"] == "40"
    clock.now += 40
    assert (await sdk.messages.create(**BODY)).stop_reason == "end_turn"


async def test_tokens_run_out_but_those_read_from_the_cache_do_not_count(
    sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator
) -> None:
    long = {**BODY, "system": "rules " * 400, "cache_control": {"type": "ephemeral"}}
    emulator.limit(input_tokens=1_500)
    for _ in range(5):
        await sdk.messages.create(**long)
    await sdk.messages.create(**{**long, "system": "other " * 400})
    with pytest.raises(anthropic.RateLimitError):
        await sdk.messages.create(**long)


@pytest.mark.parametrize(("sent", "status"), [("{", 400), ("[]", 400), ("too long", 413)])
async def test_a_body_that_is_no_request_is_refused(
    emulator: MessagesEmulator, session: aiohttp.ClientSession, sent: str, status: int
) -> None:
    data = io.BytesIO(sent.encode() if status == 400 else bytes(33 * 1024 * 1024))
    async with session.post(f"{emulator.url}/v1/messages", data=data) as answer:
        assert answer.status == status
        assert (await answer.json())["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("stop", ["end_turn", "max_tokens", "stop_sequence", "pause_turn", "refusal"])
async def test_every_kind_of_reply_passes_the_strict_validation_of_the_package(
    sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator, stop: str
) -> None:
    reply = Reply(Thinking("hm"), "Look:", stop_reason=stop, category="cyber" if stop == "refusal" else None)
    emulator.then(reply, reply)
    whole, stream = await sdk.messages.create(**BODY), await streamed(sdk)
    assert whole.stop_reason == stream.stop_reason == stop
    assert whole.stop_details == stream.stop_details
    assert [each.type for each in whole.content] == [each.type for each in stream.content]
