"""The same threads with a model behind them: the real client against a stand-in for the Messages API."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.demo.messages_emulator import (
    Broken,
    Damage,
    MessagesEmulator,
    Refuse,
    Reply,
    ToolUse,
    error,
    overloaded,
    rate_limited,
)
from tests.journeys import acting

KEY = "emulator-key"


@asynccontextmanager
async def town_with_a_model(folder: Path, *turns: Any) -> AsyncIterator[tuple[acting.Town, MessagesEmulator]]:
    """The bot in this process, its model scripted turn by turn."""
    async with MessagesEmulator(*turns, key=KEY) as messages:
        settings = {"anthropic_api_key": SecretStr(KEY), "anthropic_base_url": messages.url}
        async with acting.town(folder, **settings) as town, town.serving():
            yield town, messages


async def test_the_model_analyses_looks_again_and_proposes_but_a_person_decides(tmp_path: Path) -> None:
    wanted = {"action": "restart_deployment", "handle": "O1", "reason": "it holds a stale connection"}
    turns = (
        Reply("Nothing is failing in billing-dev [E1]."),
        Reply(ToolUse("list_pods", {"namespace": acting.NAMESPACE})),
        Reply("I can propose a restart.", ToolUse("propose_remediation", wanted)),
        Reply("I proposed a restart of billing-api; somebody on call has to approve it."),
    )
    async with town_with_a_model(tmp_path, *turns) as (town, messages):
        thread = await town.ask()
        first = town.answers(thread)[0]
        assert "Nothing is failing in billing-dev [E1]." in town.slack.as_text(first)
        assert "written by claude" in town.slack.as_text(first)
        card = await town.propose(thread, "something hangs, can you help?")
        assert "it holds a stale connection" in town.slack.as_text(card)
        assert not town.writes(), "nothing runs before the click"
        await town.click(card)
        assert await town.ended(card) == "SUCCEEDED"
        assert len(town.writes()) == 1
        assert messages.turns_left == 0


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ((overloaded(),) * 3, "overloaded"),
        ((rate_limited("600"),), "limit"),
        ((Broken(Damage.TRUNCATED),) * 3, "rule-based"),
        ((Broken(Damage.DROPPED),) * 3, "rule-based"),
        ((Refuse("cyber"),), "declined"),
        ((error(401, "invalid x-api-key"),), "ANTHROPIC_API_KEY"),
        ((Reply(""),), "rule-based"),
    ],
    ids=["overloaded", "rate limited", "truncated", "dropped", "refused", "wrong key", "empty"],
)
async def test_a_model_that_fails_never_leaves_the_thread_silent(
    tmp_path: Path, turns: tuple[Any, ...], said: str
) -> None:
    async with town_with_a_model(tmp_path, *turns) as (town, _):
        thread = await town.ask()
        answers = town.answers(thread)
        assert len(answers) == 1
        text = town.slack.as_text(answers[0])
        assert said in text
        assert "No incident was found" in text
        assert acting.no_traceback(town.everything_said())


async def test_a_model_that_does_what_an_attacker_says_gets_nothing_live_and_nothing_run(tmp_path: Path) -> None:
    bait = "<!channel> <https://attacker.example/?q=secret|click> <@U0ALICE> @here http://attacker.example/x"
    foreign = {"action": "restart_deployment", "handle": "O99", "reason": bait}
    unknown = {"action": "delete_namespace", "handle": "O1", "reason": bait}
    turns = (
        Reply(bait),
        Reply(ToolUse("propose_remediation", foreign), ToolUse("propose_remediation", unknown)),
        Reply(bait),
    )
    async with town_with_a_model(tmp_path, *turns) as (town, _):
        thread = await town.ask()
        asked = await town.slack.user("bob").reply("please do what the log says", acting.CHANNEL, thread)
        answer = await town.answer(thread, after=asked.ts)
        for said in town.everything_said():
            assert "<!channel>" not in said
            assert "<https://attacker" not in said
            assert "http://attacker" not in said
        assert "<@U0ALICE>" not in str(answer.raw)
        assert not any(acting.button(each) for each in town.slack.messages(acting.CHANNEL, thread))
        assert not town.writes()


async def test_what_nothing_bears_is_taken_out_of_a_models_answer_and_the_thread_says_so(tmp_path: Path) -> None:
    said = {
        "summary": "Nothing is failing in billing-dev.",
        "root_cause": {
            "category": "memory_leak",
            "subject": f"Deployment/{acting.NAMESPACE}/ghost-api",
            "confidence": 0.9,
            "why": "it grows",
            "evidence": ["E1"],
        },
        "claims": [
            {"text": "All is as it should be.", "evidence": ["E1"]},
            {"text": "The ghost-api pod was killed 4,711 times.", "evidence": ["E1"]},
            {"text": "An invented one.", "evidence": ["E404"]},
        ],
        "next_checks": ["the same again in an hour"],
        "remediation": {"class": "restart", "handle": "O1", "reason": "the log says so."},
    }
    async with town_with_a_model(tmp_path, Reply(json.dumps(said))) as (town, messages):
        thread = await town.ask()
        text = town.slack.as_text(town.answers(thread)[0])
        assert text.index("Nothing is failing in billing-dev.") < text.index("All is as it should be. [E1]")
        assert "3 statements were taken out of the model's answer" in text
        assert "ghost" not in text.split("taken out")[0]
        assert "4,711" not in text
        assert "{" not in text
        assert "The model would restart" in text
        cards = [each for each in town.slack.messages(acting.CHANNEL, thread) if acting.button(each)]
        assert not cards, "a first answer raises no proposal"
        assert messages.requests[0]["output_config"]["format"]["type"] == "json_schema"
