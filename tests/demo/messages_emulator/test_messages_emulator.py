"""The emulated Messages API insists on the rules of the real one, breaks streams as told, and keeps a record."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.demo.messages_emulator import (
    Broken,
    Damage,
    MessagesEmulator,
    Reply,
    Thinking,
    ToolUse,
    error,
    rate_limited,
)

HEADERS = {"Authorization": "Bearer emulator-key", "anthropic-version": "2026-10-21"}
Body = dict[str, Any]


class Door:
    """A bare client: what the vendor's package would never send can be sent here."""

    def __init__(self, emulator: MessagesEmulator, session: aiohttp.ClientSession) -> None:
        self.emulator = emulator
        self.session = session

    async def post(self, body: Body, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        url = f"{self.emulator.url}/v1/messages"
        async with self.session.post(url, json=body, headers=HEADERS if headers is None else headers) as answer:
            return answer.status, await answer.json()

    async def stream(self, body: Body) -> str:
        url = f"{self.emulator.url}/v1/messages"
        async with self.session.post(url, json={**body, "stream": True}, headers=HEADERS) as answer:
            assert answer.content_type == "text/event-stream"
            return (await answer.read()).decode()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with MessagesEmulator(decide=lambda _: Reply("fine")) as emulator, aiohttp.ClientSession() as session:
        yield Door(emulator, session)


def user(*content: Any) -> Body:
    return {"role": "user", "content": list(content) if len(content) != 1 else content[0]}


def assistant(*content: Body) -> Body:
    return {"role": "assistant", "content": list(content)}


def text(words: str) -> Body:
    return {"type": "text", "text": words}


def use(number: int) -> Body:
    return {"type": "tool_use", "id": f"t{number}", "name": "look", "input": {}}


def result(number: int) -> Body:
    return {"type": "tool_result", "tool_use_id": f"t{number}", "content": "seen"}


def body(*messages: Body, **more: Any) -> Body:
    return {
        "model": "claude-sonnet-5-5",
        "max_tokens": 100,
        "messages": list(messages) or [user("hello")],
        "tools": [{"name": "look", "input_schema": {"type": "object"}}],
        **more,
    }


GOOD = [
    body(),
    body(user("look"), assistant(use(1)), user([result(1)])),
    body(user("look"), assistant(text("ok"), use(1), use(2)), user(result(2), result(1), text("go on"))),
    body(user("look"), assistant(use(1)), user([result(1)]), assistant(use(2)), user([result(2)])),
    body(cache_control={"type": "ephemeral"}, tool_choice={"type": "none"}, thinking={"type": "between_tools"}),
]
BAD = [
    (body(assistant(text("I begin"))), "first message"),
    (body(user("look"), assistant(use(1))), "without tool_result"),
    (body(user("look"), assistant(use(1)), user("and?")), "without tool_result"),
    (body(user("look"), assistant(use(1), use(2)), user([result(1)])), "without tool_result"),
    (body(user("look"), assistant(use(1)), user(text("first"), result(1))), "must come first"),
    (body(user("look"), assistant(use(1)), user(result(1), result(1))), "single result"),
    (body(user("look"), assistant(use(1)), user(result(1), result(9))), "unexpected tool_use_id"),
    (body(user([result(1)])), "unexpected tool_use_id"),
    (body(user([use(1)]), user([result(1)])), "belong to the assistant"),
    (body(user([text("  ")])), "non-empty"),
    (body(user([])), "non-empty content"),
    (body({"role": "robot", "content": "hi"}, user("x")), "first message"),
    (body(user("x"), {"role": "robot", "content": "hi"}), "unknown role"),
    (body(messages=[]), "at least one message"),
    (body(tools=[{"name": "look"}, {"name": "look"}]), "unique"),
    (body(tools=[{"name": "look at me"}]), "not a tool name"),
    (body(user("look"), assistant(use(1)), user([result(1)]), tools=[]), "tools: required"),
    (body(tool_choice={"type": "any"}), "forced tool use"),
    (body(tool_choice={"type": "tool", "name": "look"}), "forced tool use"),
    (body(temperature=0), "temperature"),
    (body(top_k=3), "top_k"),
    (body(thinking={"type": "disabled"}), "disabled is not supported"),
    (body(max_tokens=-1), "max_tokens"),
    (body(max_tokens=200_000), "maximum for claude-sonnet-5-5"),
    ({"model": "claude-sonnet-5-5", "messages": [user("x")]}, "max_tokens: Field required"),
    (body(user(*[{**text("x"), "cache_control": {"type": "ephemeral"}}] * 5)), "at most 4"),
]


@pytest.mark.parametrize("number", range(len(GOOD)))
async def test_a_legal_request_is_answered(door: Door, number: int) -> None:
    status, answer = await door.post(GOOD[number])
    assert (status, answer["type"], answer["stop_reason"]) == (200, "message", "end_turn")
    assert door.emulator.faults == []


@pytest.mark.parametrize(("sent", "words"), BAD)
async def test_an_illegal_request_is_refused_with_the_reason(door: Door, sent: Body, words: str) -> None:
    status, answer = await door.post(sent)
    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert words in answer["error"]["message"]
    assert door.emulator.requests == [sent]
    assert len(door.emulator.faults) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"x-api-key": "emulator-key", "anthropic-version": "2026-10-21"}, 401),
        ({**HEADERS, "Authorization": "Bearer other"}, 401),
        ({"Authorization": HEADERS["Authorization"]}, 400),
    ],
)
async def test_the_credentials_and_the_version_are_required(door: Door, headers: dict[str, str], status: int) -> None:
    assert (await door.post(body(), headers))[0] == status


async def test_a_model_nobody_knows_is_not_found(door: Door) -> None:
    status, answer = await door.post(body(model="claude-1"))
    assert (status, answer["error"]["type"]) == (404, "not_found_error")


async def test_thinking_must_come_back_as_it_was_and_after_what_stood_before_it(door: Door) -> None:
    door.emulator.then(Reply(Thinking("hm"), ToolUse("look", id="t1")))
    question = user("look")
    _, answer = await door.post(body(question))
    thinking, call = answer["content"]
    good = body(question, assistant(thinking, call), user([result(1)]))
    assert (await door.post(good))[0] == 200
    forged = body(question, assistant({**thinking, "thinking": "aha"}, call), user([result(1)]))
    assert "cannot be modified" in (await door.post(forged))[1]["error"]["message"]
    edited = body(user("look!"), assistant(thinking, call), user([result(1)]))
    assert "cannot be modified" in (await door.post(edited))[1]["error"]["message"]
    moved = body(question, assistant(thinking, call), user([result(1)]), model="claude-haiku-5-5")
    assert "cannot be modified" in (await door.post(moved))[1]["error"]["message"]
    unsigned = body(question, assistant({**thinking, "signature": "x"}, call), user([result(1)]))
    assert "signature" in (await door.post(unsigned))[1]["error"]["message"]


async def test_a_stream_comes_in_pieces_and_ends_with_message_stop(door: Door) -> None:
    door.emulator.then(Reply("a rather long text in several pieces", ToolUse("look", {"deep": [1, 2, 3]})))
    wire = await door.stream(body())
    names = [line.removeprefix("event: ") for line in wire.splitlines() if line.startswith("event: ")]
    assert names[0] == "message_start"
    assert names[-2:] == ["message_delta", "message_stop"]
    assert names.count("content_block_delta") >= 4
    assert names.count("content_block_start") == names.count("content_block_stop") == 2


async def test_a_truncated_stream_has_no_message_stop(door: Door) -> None:
    door.emulator.then(Broken(Damage.TRUNCATED))
    wire = await door.stream(body())
    assert "message_start" in wire
    assert "message_stop" not in wire


async def test_a_dropped_stream_breaks_the_connection(door: Door) -> None:
    door.emulator.then(Broken(Damage.DROPPED))
    with pytest.raises(aiohttp.ClientPayloadError):
        await door.stream(body())


async def test_errors_come_as_the_api_sends_them_with_their_headers(door: Door) -> None:
    door.emulator.then(rate_limited("7"), error(529))
    url = f"{door.emulator.url}/v1/messages"
    async with door.session.post(url, json=body(), headers=HEADERS) as answer:
        assert (answer.status, answer.headers["retry-after"]) == (429, "7")
        assert answer.headers["request-id"] == (await answer.json())["request_id"]
    status, told = await door.post(body())
    assert (status, told["error"]["type"]) == (529, "overloaded_error")


async def test_a_script_that_is_over_says_so() -> None:
    async with MessagesEmulator(Reply("once")) as emulator, aiohttp.ClientSession() as session:
        door = Door(emulator, session)
        assert (await door.post(body()))[0] == 200
        status, told = await door.post(body())
    assert status == 400
    assert "script is over" in told["error"]["message"]


async def test_the_prompt_cache_is_read_by_a_longer_talk_and_not_by_another_one(door: Door) -> None:
    cached = {"cache_control": {"type": "ephemeral"}, "system": [text("rules " * 400)]}
    first = (await door.post(body(user("a"), **cached)))[1]["usage"]
    again = (await door.post(body(user("a"), assistant(text("b")), user("c"), **cached)))[1]["usage"]
    other = (await door.post(body(user("a"), **{**cached, "system": [text("other " * 400)]})))[1]["usage"]
    assert first["cache_creation_input_tokens"] > 512
    assert again["cache_read_input_tokens"] == first["cache_creation_input_tokens"]
    assert other["cache_read_input_tokens"] < 100


async def test_stopping_lets_go_of_a_stream_that_hangs() -> None:
    emulator = MessagesEmulator(Broken(Damage.STALLED))
    await emulator.start()
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{emulator.url}/v1/messages", json={**body(), "stream": True}, headers=HEADERS)
        await answer.content.readany()
        await emulator.stop()
        answer.close()
