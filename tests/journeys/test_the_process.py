"""The process itself: how it starts, refuses to start, ends, and what it never lets out."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE

from bot.demo.stage import ROOT, Stage
from tests.journeys.acting import CHANNEL, QUESTION, no_traceback
from tests.journeys.conftest import OpenStage

TYPED = "AK" + "IA" + "Q7R2" * 4
LOGGED = "gh" + "p_" + "a1B2" * 9


async def test_a_whole_story_leaves_no_secret_and_a_quick_clean_end(open_stage: OpenStage) -> None:
    began = time.monotonic()
    seen, on = await open_stage(LOG_LEVEL="debug", LOG_FORMAT="json")
    assert time.monotonic() - began < 60, "started and connected"
    thread = await seen.ask(f"{QUESTION} my key is {TYPED} and password=hunter2hunter2")
    card = await seen.propose(thread, f"restart billing-api (token {LOGGED})")
    await seen.click(card)
    assert await seen.ended(card) == "SUCCEEDED"
    assert len(seen.audit()) >= 4
    began = time.monotonic()
    assert await ended_by_sigterm(on) == 0
    assert time.monotonic() - began < 60
    secrets = [TYPED, LOGGED, "hunter2hunter2", on.slack.bot_token, on.slack.app_token, on.cluster.token()]
    kept = on.bot.log.read_bytes() + b"".join(each.read_bytes() for each in seen.database.parent.glob("demo.db*"))
    ours = [each for each in seen.everything_said() if '"bot_id"' in each]
    assert [each for each in secrets if each.encode() in kept] == []
    assert [each for each in secrets if any(each in said for said in ours)] == []
    assert b"Traceback" not in on.bot.log.read_bytes()
    assert no_traceback(seen.everything_said())


async def test_told_to_end_in_the_middle_of_an_investigation_it_ends_in_time_and_finishes_later(
    open_stage: OpenStage,
) -> None:
    seen, on = await open_stage()
    looking = seen.held("GET", "/pods")
    await seen.slack.user("bob").slash(f"/ask-claude {QUESTION}", CHANNEL)
    await looking.reached()
    began = time.monotonic()
    assert await ended_by_sigterm(on) == 0
    assert time.monotonic() - began < 60
    looking.release()
    await on.bot.start()
    await seen.answer()


async def ended_by_sigterm(on: Stage) -> int:
    await on.bot.stop()
    status = on.bot.exit_status
    assert status is not None
    return status


REFUSALS: dict[str, tuple[dict[str, str | None], str]] = {
    "a second copy on the same database": ({}, "another Ask Claude is running"),
    "no bot token": ({"SLACK_BOT_TOKEN": None}, "SLACK_BOT_TOKEN is not set"),
}


async def test_what_forbids_the_start_is_one_line_and_status_2(open_stage: OpenStage) -> None:
    _seen, on = await open_stage()
    endings = await asyncio.gather(*(refused(on, changed) for changed, _ in REFUSALS.values()))
    for (case, (_changed, words)), (status, line) in zip(REFUSALS.items(), endings, strict=True):
        assert status == 2, (case, line)
        assert words in line, case
        assert line.count("\n") == 1, (case, line)
        assert line.startswith("ask-claude: "), case


async def refused(on: Stage, changed: dict[str, str | None]) -> tuple[int, str]:
    """The exit status and the error line of one more bot with other settings."""
    environment = {key: value for key, value in {**on.bot.environment, **changed}.items() if value is not None}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"), cwd=ROOT, env=environment, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert out == b""
    return process.returncode or 0, err.decode()
