"""The numbers of tokens: what was cached is read while it lasts, and a careless change of the prompt shows."""

from typing import Any

import anthropic
import pytest

from bot.demo.messages_emulator import MessagesEmulator, Reply, Thinking
from tests.demo.messages_emulator.conftest import Clock

Body = dict[str, Any]
RULES = [{"type": "text", "text": "rules " * 400}]
CACHED = {"cache_control": {"type": "ephemeral"}}


def talk(*words: str, **more: Any) -> Body:
    messages = [
        {"role": "assistant" if number % 2 else "user", "content": [{"type": "text", "text": each}]}
        for number, each in enumerate(words)
    ]
    return {"model": "claude-sonnet-5-5", "max_tokens": 100, "messages": messages, "system": RULES, **more}


def total(usage: Any) -> int:
    return int(usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens)


async def used(sdk: anthropic.AsyncAnthropic, body: Body) -> Any:
    usage = (await sdk.messages.create(**body)).usage
    counted = {key: value for key, value in body.items() if key != "max_tokens"}
    assert total(usage) == (await sdk.messages.count_tokens(**counted)).input_tokens
    return usage


async def test_a_longer_talk_reads_what_the_shorter_one_wrote(sdk: anthropic.AsyncAnthropic) -> None:
    first = await used(sdk, talk("a", **CACHED))
    again = await used(sdk, talk("a", "b", "c", **CACHED))
    assert (first.cache_read_input_tokens, first.input_tokens) == (0, 0)
    assert again.cache_read_input_tokens == first.cache_creation_input_tokens > 1000
    assert 0 < again.cache_creation_input_tokens < 60


CHANGES: dict[str, Body] = {
    "model": {"model": "claude-haiku-5-5"},
    "system": {"system": [{"type": "text", "text": "It is 10:04. " + "rules " * 400}]},
    "tools": {"tools": [{"name": "look", "input_schema": {"type": "object"}}]},
    "thinking": {"thinking": {"type": "between_tools"}},
}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_before_the_mark_spoils_what_was_cached(sdk: anthropic.AsyncAnthropic, name: str) -> None:
    await used(sdk, talk("a", **CACHED))
    assert (await used(sdk, talk("a", **{**CACHED, **CHANGES[name]}))).cache_read_input_tokens == 0


async def test_without_a_mark_nothing_is_written_or_read(sdk: anthropic.AsyncAnthropic) -> None:
    await used(sdk, talk("a", **CACHED))
    plain = await used(sdk, talk("a"))
    assert (plain.cache_creation_input_tokens, plain.cache_read_input_tokens) == (0, 0)
    assert plain.input_tokens > 1000


async def test_a_prompt_that_is_too_short_is_not_cached(sdk: anthropic.AsyncAnthropic) -> None:
    for _ in range(2):
        usage = await used(sdk, talk("a", system="rules", **CACHED))
        assert (usage.cache_creation_input_tokens, usage.cache_read_input_tokens) == (0, 0)


@pytest.mark.parametrize(("ttl", "seconds"), [("5m", 300), ("1h", 3600)])
async def test_what_is_cached_lasts_as_long_as_its_mark_says_and_anew_when_read(
    sdk: anthropic.AsyncAnthropic, clock: Clock, ttl: str, seconds: int
) -> None:
    body = talk("a", cache_control={"type": "ephemeral", "ttl": ttl})
    written = await used(sdk, body)
    kept = {
        "5m": written.cache_creation.ephemeral_5m_input_tokens,
        "1h": written.cache_creation.ephemeral_1h_input_tokens,
    }
    assert kept.pop(ttl) == written.cache_creation_input_tokens
    assert list(kept.values()) == [0]
    for _ in range(2):
        clock.now += seconds - 1
        assert (await used(sdk, body)).cache_read_input_tokens == written.cache_creation_input_tokens
    clock.now += seconds
    assert (await used(sdk, body)).cache_read_input_tokens == 0


async def test_an_explicit_mark_covers_what_stands_before_it_and_no_more(sdk: anthropic.AsyncAnthropic) -> None:
    marked = talk("a", system=[{**RULES[0], **CACHED}])
    first = await used(sdk, marked)
    assert first.cache_creation_input_tokens > 1000
    assert first.input_tokens > 0
    other = await used(sdk, {**marked, "messages": talk("quite another question")["messages"]})
    assert other.cache_read_input_tokens == first.cache_creation_input_tokens
    assert other.cache_creation_input_tokens == 0


async def test_a_mark_looks_back_twenty_blocks_and_no_further(sdk: anthropic.AsyncAnthropic) -> None:
    words = [f"word {number}" for number in range(41)]
    await used(sdk, talk(*words[:1], **CACHED))
    assert (await used(sdk, talk(*words[:21], **CACHED))).cache_read_input_tokens == 0
    assert (await used(sdk, talk(*words[:39], **CACHED))).cache_read_input_tokens > 1000


async def test_a_request_for_no_tokens_fills_the_cache(
    sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator
) -> None:
    warmed = await sdk.messages.create(**{**talk("a", **CACHED), "max_tokens": 0})
    assert (warmed.content, warmed.stop_reason, warmed.usage.output_tokens) == ([], "max_tokens", 0)
    assert (await used(sdk, talk("a", **CACHED))).cache_read_input_tokens == total(warmed.usage)


async def test_thinking_is_part_of_the_output_and_a_stream_tells_the_same_numbers(
    sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator
) -> None:
    emulator.then(*[Reply(Thinking("hm " * 50), "Fine.")] * 2)
    whole = await sdk.messages.create(**talk("a"))
    async with sdk.messages.stream(**talk("a")) as stream:
        streamed = await stream.get_final_message()
    assert whole.usage.output_tokens_details is not None
    assert 0 < whole.usage.output_tokens_details.thinking_tokens < whole.usage.output_tokens
    assert streamed.usage.output_tokens == whole.usage.output_tokens
    assert total(streamed.usage) == total(whole.usage)
