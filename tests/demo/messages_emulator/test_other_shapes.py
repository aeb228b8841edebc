"""The other vendors' shapes: chat completions, and /v1/messages as Ollama answers it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anthropic
import pytest

from bot.demo.messages_emulator import (
    OLLAMA_MODELS,
    Broken,
    Damage,
    MessagesEmulator,
    Refuse,
    Reply,
    Thinking,
    ToolUse,
    overloaded,
    rate_limited,
)
from tests.demo.messages_emulator.conftest import client

Body = dict[str, Any]
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
ASKED: Body = {"role": "user", "content": "hello"}
CALLED: Body = {"role": "assistant", "content": None, "tool_calls": [CALL]}
SEEN: Body = {"role": "tool", "tool_call_id": "c1", "content": "seen"}


class Chat:
    """A bare client of chat completions."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = f"{url}/v1/chat/completions"
        self._session = session

    async def __call__(self, *messages: Body, key: str = "emulator-key", **more: Any) -> tuple[int, Any]:
        body = {"model": "gpt-4-turbo", "messages": list(messages) or [ASKED], **more}
        headers = {"Authorization": f"Bearer {key}"}
        async with self._session.post(self._url, json=body, headers=headers) as answer:
            if answer.content_type == "text/event-stream":
                lines = (await answer.text()).splitlines()
                return answer.status, [each.removeprefix("data: ") for each in lines if each]
            return answer.status, await answer.json()


@pytest.fixture
async def chat(emulator: MessagesEmulator, session: aiohttp.ClientSession) -> Chat:
    return Chat(emulator.url, session)


async def test_a_reply_is_a_completion_with_text_calls_and_usage(chat: Chat, emulator: MessagesEmulator) -> None:
    emulator.then(Reply(Thinking("hm"), "Let me look.", ToolUse("look", {"n": 1}, id="c1")))
    status, answer = await chat(tools=[TOOL])
    choice = answer["choices"][0]
    assert (status, answer["object"], choice["finish_reason"]) == (200, "chat.completion", "tool_calls")
    assert choice["message"]["content"] == "Let me look."
    assert choice["message"]["tool_calls"] == [{**CALL, "function": {"name": "look", "arguments": '{"n": 1}'}}]
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"]
    status, answer = await chat(ASKED, CALLED, SEEN, tools=[TOOL])
    assert (status, answer["choices"][0]["message"]["content"]) == (200, "fine")


@pytest.mark.parametrize(
    ("turn", "reason"),
    [
        (Reply("x"), "stop"),
        (Reply("x", stop_reason="max_tokens"), "length"),
        (Refuse(), "content_filter"),
        (Reply("x", stop_reason="stop_sequence"), "stop"),
    ],
)
async def test_the_reason_to_stop_is_told_in_the_words_of_that_api(
    chat: Chat, emulator: MessagesEmulator, turn: Reply, reason: str
) -> None:
    emulator.then(turn)
    assert (await chat())[1]["choices"][0]["finish_reason"] == reason


async def test_a_stream_gives_text_and_arguments_in_pieces_and_says_when_it_is_done(
    chat: Chat, emulator: MessagesEmulator
) -> None:
    emulator.then(Reply("a rather long text in pieces", ToolUse("look", {"n": 1}), ToolUse("look", {"n": 2})))
    _, lines = await chat(tools=[TOOL], stream=True, stream_options={"include_usage": True})
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(each) for each in lines[:-1]]
    assert {each["object"] for each in chunks} == {"chat.completion.chunk"}
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["prompt_tokens"] > 0
    deltas = [each["choices"][0]["delta"] for each in chunks[:-1]]
    assert "".join(each.get("content") or "" for each in deltas) == "a rather long text in pieces"
    arguments = {0: "", 1: ""}
    for each in (call for delta in deltas for call in delta.get("tool_calls", ())):
        arguments[each["index"]] += each["function"]["arguments"]
    assert arguments == {0: '{"n": 1}', 1: '{"n": 2}'}
    assert chunks[-2]["choices"][0]["finish_reason"] == "tool_calls"
    _, lines = await chat(stream=True)
    assert all("usage" not in json.loads(each) for each in lines[:-1])


@pytest.mark.parametrize(
    ("messages", "more", "words"),
    [
        ((), {"cache_control": {}}, "Unknown parameter: 'cache_control'"),
        ((), {"messages": []}, "Missing required parameter: 'messages'"),
        ((), {"stream_options": {}}, "only allowed when 'stream'"),
        ((), {"tools": []}, "too short"),
        ((), {"tools": [{"name": "look", "input_schema": {}}]}, "function"),
        ((), {"tools": [{"type": "function", "function": {}}]}, "Missing required parameter"),
        ((), {"tool_choice": "auto"}, "only allowed when 'tools'"),
        (({"role": "robot", "content": "x"},), {}, "Invalid value: 'robot'"),
        (({"role": "assistant", "content": None},), {}, "got null"),
        ((ASKED, SEEN), {}, "must be a response to a preceeding message"),
        ((ASKED, CALLED), {}, "did not have response messages: c1"),
        ((ASKED, CALLED, ASKED), {}, "did not have response messages: c1"),
    ],
)
async def test_a_wrong_completion_is_refused_in_the_shape_of_that_api(
    chat: Chat, messages: tuple[Body, ...], more: Body, words: str
) -> None:
    status, answer = await chat(*messages, **more)
    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert words in answer["error"]["message"]
    assert set(answer["error"]) == {"message", "type", "param", "code"}


async def test_errors_of_that_api_have_its_types_and_codes(chat: Chat, emulator: MessagesEmulator) -> None:
    status, answer = await chat(key="wrong")
    assert (status, answer["error"]["code"]) == (401, "invalid_api_key")
    status, answer = await chat(model="gpt-0")
    assert (status, answer["error"]["code"]) == (404, "model_not_found")
    emulator.then(rate_limited("3"), overloaded())
    status, answer = await chat()
    assert (status, answer["error"]["code"]) == (429, "rate_limit_exceeded")
    status, answer = await chat()
    assert (status, answer["error"]["type"]) == (529, "server_error")


@pytest.mark.parametrize(
    ("damage", "last"), [(Damage.TRUNCATED, "content"), (Damage.ERROR_EVENT, "error"), (Damage.OUT_OF_ORDER, "7")]
)
async def test_a_stream_of_that_api_breaks_before_it_is_done(
    chat: Chat, emulator: MessagesEmulator, damage: Damage, last: str
) -> None:
    emulator.then(Broken(damage))
    _, lines = await chat(stream=True)
    assert last in lines[-1]
    assert "[DONE]" not in lines


# ---- Ollama ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def llama() -> AsyncIterator[MessagesEmulator]:
    async with MessagesEmulator(decide=lambda _: Reply(Thinking("hm"), "fine"), ollama=OLLAMA_MODELS) as made:
        yield made


def ask(model: str = "llama3:70b", **more: Any) -> Body:
    return {"model": model, "max_tokens": 100, "messages": [ASKED], **more}


LOOK = {"name": "look", "input_schema": {"type": "object"}}


async def test_ollama_needs_no_key_and_tells_nothing_of_a_cache(llama: MessagesEmulator) -> None:
    async with client(llama, api_key="whatever") as sdk:
        whole = await sdk.messages.create(**ask(cache_control={"type": "ephemeral"}, system="rules " * 400))
        async with sdk.messages.stream(**ask()) as stream:
            streamed = await stream.get_final_message()
    assert set(whole.usage.model_dump(exclude_unset=True)) == {"input_tokens", "output_tokens"}
    assert whole.stop_reason == streamed.stop_reason == "end_turn"
    assert [each.type for each in streamed.content] == ["thinking", "text"]


async def test_ollama_ignores_what_it_does_not_know(llama: MessagesEmulator) -> None:
    async with client(llama) as sdk:
        odd = {"oops": 1, "temperature": 2, "output_config": {"format": {}}, "thinking": {"type": "adaptive"}}
        assert (await sdk.messages.create(**ask(), extra_body=odd)).stop_reason == "end_turn"
    assert llama.faults == []


@pytest.mark.parametrize(
    ("more", "able", "words"),
    [
        ({"tools": [LOOK]}, "llama3.3:70b", "does not support tools"),
        ({"output_config": {"effort": "low"}}, "qwen3:32b", "does not support thinking"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "qwen3:32b", "does not support thinking"),
    ],
)
async def test_ollama_refuses_what_the_model_cannot_do(
    llama: MessagesEmulator, more: Body, able: str, words: str
) -> None:
    async with client(llama) as sdk:
        assert (await sdk.messages.create(**ask(able, **more))).stop_reason == "end_turn"
        with pytest.raises(anthropic.BadRequestError, match=words):
            await sdk.messages.create(**ask(**more))


async def test_ollama_counts_nothing_and_knows_only_its_own_models(llama: MessagesEmulator) -> None:
    async with client(llama) as sdk:
        with pytest.raises(anthropic.NotFoundError):
            await sdk.messages.count_tokens(model="llama3:70b", messages=[{"role": "user", "content": "x"}])
        with pytest.raises(anthropic.NotFoundError, match="not found"):
            await sdk.messages.create(**ask("claude-sonnet-5-5"))
        with pytest.raises(anthropic.BadRequestError, match="max_tokens"):
            await sdk.messages.create(**{**ask(), "max_tokens": 0})


async def test_an_error_within_a_stream_of_ollama_is_only_an_end(llama: MessagesEmulator) -> None:
    llama.then(Broken(Damage.ERROR_EVENT))
    async with client(llama) as sdk, sdk.messages.stream(**ask()) as stream:
        assert (await stream.get_final_message()).stop_reason is None


async def test_ollama_speaks_chat_completions_too(llama: MessagesEmulator, session: aiohttp.ClientSession) -> None:
    assert (await Chat(llama.url, session)(model="llama3:70b"))[0] == 200
