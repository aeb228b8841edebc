"""Each rule about requests, through the vendor's package: one request that passes, one that is refused and why."""

from typing import Any

import anthropic
import pytest

from bot.demo.messages_emulator import MessagesEmulator, Pause, Redacted, Reply, Thinking, ToolUse

Body = dict[str, Any]
LOOK = {"name": "look", "input_schema": {"type": "object"}}
USE = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "seen"}
SHORT = {"type": "ephemeral"}
LONG = {"type": "ephemeral", "ttl": "1h"}
ADAPTIVE = {"type": "adaptive", "display": "summarized"}


def user(*content: Any) -> Body:
    return {"role": "user", "content": list(content)}


def assistant(*content: Any) -> Body:
    return {"role": "assistant", "content": list(content)}


def text(words: str = "hello", **more: Any) -> Body:
    return {"type": "text", "text": words, **more}


def talk(*messages: Body, **more: Any) -> Body:
    made = {"model": "claude-sonnet-5-5", "max_tokens": 2000, "messages": list(messages) or [user(text())], **more}
    return {key: value for key, value in made.items() if value is not None}


async def refusal(sdk: anthropic.AsyncAnthropic, body: Body) -> str:
    with pytest.raises(anthropic.BadRequestError) as caught:
        await sdk.messages.create(**body)
    assert caught.value.type == "invalid_request_error"
    return str(caught.value)


def loop(*results: Body, tools: Any = (LOOK,)) -> Body:
    return talk(user(text()), assistant(USE), user(*results), tools=list(tools))


PAIRS = {
    "a text block has a text": (talk(user(text())), talk(user({"type": "text"})), "messages.0.content.0.text: Field"),
    "no stray keys": (talk(), talk(user(text(oops=1))), "messages.0.content.0.oops: Extra"),
    "a lifetime the cache knows": (
        talk(user(text(cache_control=LONG))),
        talk(user(text(cache_control={"type": "ephemeral", "ttl": "2h"}))),
        "messages.0.content.0.cache_control.ttl",
    ),
    "a tool has a schema": (talk(tools=[LOOK]), talk(tools=[{"name": "look"}]), "tools.0.input_schema: Field"),
    "no unknown argument": (talk(), talk(extra_body={"temprature": 1}), "temprature: Extra"),
    "no sampling": (talk(), talk(extra_body={"temperature": 1}), "temperature: Extra"),
    "the user begins": (talk(), talk(assistant(text())), "first message"),
    "calls are answered": (loop(RESULT), talk(user(text()), assistant(USE), user(text()), tools=[LOOK]), "without"),
    "results come first": (loop(RESULT, text()), loop(text(), RESULT), "must come first"),
    "results are of calls": (loop(RESULT), loop(RESULT, {**RESULT, "tool_use_id": "t2"}), "unexpected tool_use_id"),
    "ids are used once": (
        talk(
            user(text()),
            assistant(USE),
            user(RESULT),
            assistant({**USE, "id": "t2"}),
            user({**RESULT, "tool_use_id": "t2"}),
            tools=[LOOK],
        ),
        talk(user(text()), assistant(USE), user(RESULT), assistant(USE), user(RESULT), tools=[LOOK]),
        "must be unique",
    ),
    "ids are plain": (
        loop(RESULT),
        talk(user(text()), assistant({**USE, "id": "t 1"}), user({**RESULT, "tool_use_id": "t 1"}), tools=[LOOK]),
        "not an id",
    ),
    "names of tools are unique": (loop(RESULT), loop(RESULT, tools=(LOOK, LOOK)), "unique"),
    "four breakpoints": (
        talk(user(*[text(cache_control=SHORT)] * 4)),
        talk(user(*[text(cache_control=SHORT)] * 4), cache_control=SHORT),
        "at most 4",
    ),
    "a breakpoint within a result counts": (
        loop({**RESULT, "content": [text(cache_control=SHORT)]}),
        loop({**RESULT, "content": [text(cache_control=SHORT)] * 5}),
        "at most 4",
    ),
    "a word about breakpoints is none": (
        talk(user(text('"cache_control" ' * 9))),
        talk(user(*[text(cache_control=SHORT)] * 5)),
        "at most 4",
    ),
    "long breakpoints before short ones": (
        talk(user(text(cache_control=LONG), text(cache_control=SHORT))),
        talk(user(text(cache_control=SHORT), text(cache_control=LONG))),
        "must not come after",
    ),
    "no empty text": (talk(), talk(user(text(""))), "non-empty"),
    "no empty text in instructions": (talk(system=[text()]), talk(system=[text(" ")]), "system.0"),
    "no empty text in a result": (
        loop({**RESULT, "content": [text()]}),
        loop({**RESULT, "content": [text("")]}),
        "messages.2.content.0.content.0",
    ),
    "a choice needs tools": (
        talk(tools=[LOOK], tool_choice={"type": "auto"}),
        talk(tool_choice={"type": "auto"}),
        "while providing tools",
    ),
    "the tool chosen is there": (
        talk(model="claude-haiku-4-5", tools=[LOOK], tool_choice={"type": "tool", "name": "look"}),
        talk(model="claude-haiku-4-5", tools=[LOOK], tool_choice={"type": "tool", "name": "other"}),
        "not found in provided tools",
    ),
    "forced tools on old models only": (
        talk(model="claude-haiku-4-5", tools=[LOOK], tool_choice={"type": "any"}),
        talk(tools=[LOOK], tool_choice={"type": "any"}),
        "forced tool use",
    ),
    "no forced tools while thinking": (
        talk(model="claude-sonnet-4-6", tools=[LOOK], tool_choice={"type": "any"}, thinking={"type": "disabled"}),
        talk(model="claude-sonnet-4-6", tools=[LOOK], tool_choice={"type": "any"}, thinking={"type": "adaptive"}),
        "thinking may not be enabled",
    ),
    "thinking is switched off on old models only": (
        talk(model="claude-haiku-4-5", thinking={"type": "disabled"}),
        talk(thinking={"type": "disabled"}),
        "disabled is not supported",
    ),
    "budgets on old models only": (
        talk(model="claude-haiku-4-5", thinking={"type": "enabled", "budget_tokens": 1024}),
        talk(thinking={"type": "enabled", "budget_tokens": 1024}),
        "enabled is not supported",
    ),
    "a budget has a least": (
        talk(model="claude-haiku-4-5", thinking={"type": "enabled", "budget_tokens": 1024}),
        talk(model="claude-haiku-4-5", thinking={"type": "enabled", "budget_tokens": 1023}),
        "at least 1024",
    ),
    "a budget leaves room": (
        talk(model="claude-haiku-4-5", thinking={"type": "enabled", "budget_tokens": 1999}),
        talk(model="claude-haiku-4-5", thinking={"type": "enabled", "budget_tokens": 2000}),
        "greater than thinking.budget_tokens",
    ),
    "thinking between tools on one model only": (
        talk(thinking={"type": "between_tools"}),
        talk(model="claude-haiku-5-5", thinking={"type": "between_tools"}),
        "between_tools is not supported",
    ),
    "effort between tools": (
        talk(thinking={"type": "between_tools"}, output_config={"effort": "high"}),
        talk(thinking={"type": "between_tools"}, output_config={"effort": "max"}),
        "output_config.effort",
    ),
    "begun answers on old models only": (
        talk(user(text()), assistant(text("It is")), model="claude-haiku-4-5"),
        talk(user(text()), assistant(text("It is"))),
        "must end with a user message",
    ),
    "system messages on new models only": (
        talk(user(text()), {"role": "system", "content": "be brief"}, user(text())),
        talk(user(text()), {"role": "system", "content": "be brief"}, user(text()), model="claude-haiku-4-5"),
        "not supported on this model",
    ),
    "room for the answer": (talk(max_tokens=20_000), talk(max_tokens=128_001, timeout=9), "the maximum for"),
    "room for the prompt": (
        talk(user(text("x" * 430_000)), model="claude-haiku-5-5"),
        talk(user(text("x" * 450_000)), model="claude-haiku-5-5"),
        "prompt is too long",
    ),
}


@pytest.mark.parametrize("name", PAIRS)
async def test_a_request_within_a_rule_passes_and_one_against_it_is_refused(
    sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator, name: str
) -> None:
    good, bad, words = PAIRS[name]
    assert (await sdk.messages.create(**good)).stop_reason == "end_turn"
    assert emulator.faults == []
    assert words in await refusal(sdk, bad)
    assert len(emulator.faults) == 1


async def test_thinking_comes_back_unmodified_and_whole(
    sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator
) -> None:
    emulator.then(Reply(Thinking("hm"), Redacted(), ToolUse("look", id="t1")))
    question = talk(tools=[LOOK], thinking=ADAPTIVE)
    thinking, hidden, call = (await sdk.messages.create(**question)).model_dump(exclude_none=True)["content"]
    assert thinking["thinking"] == "hm"

    def back(*content: Any, **more: Any) -> Body:
        return {**question, "messages": [*question["messages"], assistant(*content), user(RESULT)], **more}

    assert (await sdk.messages.create(**back(thinking, hidden, call))).stop_reason == "end_turn"
    assert "cannot be modified" in await refusal(sdk, back({**thinking, "thinking": "aha"}, hidden, call))
    assert "cannot be modified" in await refusal(sdk, back(hidden, thinking, call))
    assert "Invalid `signature`" in await refusal(sdk, back(thinking, {**hidden, "data": "forged"}, call))
    assert "must be returned" in await refusal(sdk, back(call))
    assert "must be returned" in await refusal(sdk, back(thinking, call))
    assert "cannot be modified" in await refusal(sdk, back(thinking, hidden, call, model="claude-haiku-5-5"))


async def test_thinking_of_a_turn_that_is_over_may_be_left_out(
    sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator
) -> None:
    emulator.then(Reply(Thinking("hm"), "It is fine."))
    await sdk.messages.create(**talk())
    later = talk(user(text()), assistant(text("It is fine.")), user(text("sure?")))
    assert (await sdk.messages.create(**later)).stop_reason == "end_turn"


async def test_the_effort_between_tools_stays_the_same_within_a_talk(
    sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator
) -> None:
    emulator.then(Reply(Thinking("hm"), ToolUse("look", id="t1")))
    question = talk(tools=[LOOK], thinking={"type": "between_tools"}, output_config={"effort": "low"})
    answer = (await sdk.messages.create(**question)).to_param()
    question["messages"] += [answer, user(RESULT)]
    assert (await sdk.messages.create(**question)).stop_reason == "end_turn"
    assert "cannot change" in await refusal(sdk, {**question, "output_config": {"effort": "high"}})


async def test_thinking_is_shown_only_to_who_asks(sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator) -> None:
    emulator.then(*[Reply(Thinking("hm"), "Fine.")] * 3)
    asked: list[Body] = [{}, {"thinking": {"type": "adaptive"}}, {"thinking": ADAPTIVE}]
    shown = [(await sdk.messages.create(**talk(**each))).content[0] for each in asked]
    assert [each.type == "thinking" and each.thinking for each in shown] == ["", "", "hm"]


async def test_a_paused_turn_may_be_sent_back_as_it_was(
    sdk: anthropic.AsyncAnthropic, emulator: MessagesEmulator
) -> None:
    emulator.then(Pause("So far so good."))
    answer = (await sdk.messages.create(**talk())).to_param()
    assert (await sdk.messages.create(**talk(user(text()), dict(answer)))).stop_reason == "end_turn"
    assert "must end with a user" in await refusal(sdk, talk(user(text()), assistant(text("So far so bad."))))


async def test_a_count_is_refused_for_what_a_message_is_refused_for(sdk: anthropic.AsyncAnthropic) -> None:
    assert (await sdk.messages.count_tokens(**count())).input_tokens > 0
    with pytest.raises(anthropic.BadRequestError, match="first message"):
        await sdk.messages.count_tokens(**count(assistant(text())))
    with pytest.raises(anthropic.BadRequestError, match="max_tokens: Extra"):
        await sdk.messages.count_tokens(**count(), extra_body={"max_tokens": 3})


def count(*messages: Body) -> Body:
    return {key: value for key, value in talk(*messages).items() if key != "max_tokens"}
