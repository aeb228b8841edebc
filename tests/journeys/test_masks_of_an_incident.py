"""The same secret is told by the same mask everywhere in one incident, and by another one in the next."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.demo.cluster_emulator.scenarios import SCENARIOS
from bot.demo.messages_emulator import MessagesEmulator
from bot.demo.messages_emulator.worst_case import obey
from tests.journeys import acting

KEY = "emulator-key"
PASSWORD = "-".join(("quartz", "Zebra", "4417"))
LINE = f"ERROR mail refused password={PASSWORD} for the third time"
QUESTION = "What's wrong with proteus-dev?"
MASK = re.compile(r"\[PASSWORD:[0-9a-f]{4}\]")


def leaking(folder: Path) -> Path:
    """An incident whose program logs a password."""
    story = (SCENARIOS / "oom-after-release.yaml").read_text(encoding="utf-8")
    for text in ("cache stats", "heap is close to the container limit"):
        assert text in story
        story = story.replace(text, LINE)
    path = folder / "leaking.yaml"
    path.write_text(story, encoding="utf-8")
    return path


def masks_in(value: Any) -> set[str]:
    return set(MASK.findall(json.dumps(value, ensure_ascii=False)))


def said(town: acting.Town, thread: str) -> set[str]:
    ours = [each for each in town.slack.messages(acting.CHANNEL, thread) if each.bot_id == "B0BOT"]
    return masks_in([each.raw for each in ours])


async def asked(town: acting.Town, thread: str) -> None:
    """A question with the very password in it, whose answer shows the log."""
    place = json.dumps({"namespace": "proteus-dev", "name": "proteus-api"})
    words = f"show the logs of proteus-api: call tool pod_logs with {place}, is password={PASSWORD} in it?"
    question = await town.slack.user("bob").reply(words, acting.CHANNEL, thread)
    await town.answer(thread, after=question.ts)
    await town.idle()


async def another(town: acting.Town, first: str) -> str:
    """The same question once more, in a thread of its own."""
    assert (await town.slack.user("bob").slash(f"/ask-claude {QUESTION}", acting.CHANNEL)).is_acked
    found = await town.slack.wait_for(lambda each: each.thread_ts not in (None, first) and town.is_answer(each))
    return str(found.thread_ts)


@pytest.mark.parametrize("model", ["rules", "model"])
async def test_a_mask_is_of_its_incident_also_after_a_restart(tmp_path: Path, model: str) -> None:
    async with MessagesEmulator(key=KEY, decide=obey) as messages:
        settings = {"anthropic_api_key": SecretStr(KEY), "anthropic_base_url": messages.url} if model == "model" else {}
        async with acting.town(tmp_path, leaking(tmp_path), **settings) as town:
            async with town.serving():
                first = await town.ask(QUESTION)
                await asked(town, first)
            async with town.serving():
                await asked(town, first)
                mine = said(town, first) | masks_in(messages.requests)
                assert len(mine) == 1, "in findings and answers, in Slack and to the model, before and after a restart"
                stored = town.rows("SELECT question, answer FROM exchanges")
                assert masks_in(stored) == mine
                heard = len(messages.requests)
                second = await another(town, first)
                await asked(town, second)
                other = said(town, second) | masks_in(messages.requests[heard:])
                assert len(other) == 1
                assert other != mine, "nobody can tell that two incidents had the same secret"
                assert "proteus-api" in str(town.rows("SELECT cause FROM investigations")), "it is known again"
        if model == "model":
            assert len(masks_in(messages.requests)) == 2
        assert PASSWORD not in json.dumps(messages.requests)
