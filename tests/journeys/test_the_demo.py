"""The demo as a person runs it, and every incident that comes with it, played to its end."""

import ast
import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.__main__ import main
from bot.demo.cluster_emulator import load_scenario, scenario_names
from bot.demo.player import Story, play
from bot.demo.stage import ROOT
from tests.journeys import acting


async def test_the_headless_demo_prints_one_record_and_nothing_else() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", "--headless", "--json", "--scenario", "healthy"),
        cwd=ROOT,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    record = json.loads(out)
    assert out.count(b"\n") == 1
    assert record["first_findings_seconds"] <= record["answer_seconds"]
    assert record["cluster"].keys() >= {"before", "after"}
    assert isinstance(record["audit"]["records"], int)
    assert record["messages"]
    assert record["failure"] is None
    assert "the story came true" in err.decode()


async def test_the_demo_with_a_page_needs_no_node_and_ends_when_it_is_told_to() -> None:
    # Neither Node nor an index of packages: the page must open all the same.
    environment = dict(os.environ) | {
        "PATH": "",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": "",
        "PIP_CONFIG_FILE": os.devnull,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", "--port", "0", "--scenario", "healthy"),
        cwd=ROOT,
        env=environment,
        stderr=PIPE,
        # A shell starts what it puts into the background deaf to Ctrl-C, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    said = b""
    async with asyncio.timeout(60):
        while b"Ctrl-C ends everything" not in said:
            line = await process.stderr.readline()
            assert line, said.decode()
            said += line
    url = said.decode().partition("Open ")[2].split()[0]
    async with aiohttp.ClientSession() as session, session.get(f"{url}page-api/state") as response:
        state = await response.json()
    assert state["connected"] > 0
    assert state["clock"]["can_skip"]
    assert state["kit"]["is_there"] or "plain text" in state["kit"]["problem"]
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        rest = await process.stderr.read()
        assert await process.wait() == 130
    assert b"Traceback" not in said + rest


def test_a_scenario_that_is_not_there_is_named_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--headless", "--json", "--scenario", "nothing-like-it"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "oom-after-release" in err


@pytest.mark.parametrize("name", scenario_names())
async def test_every_story_comes_true(name: str, tmp_path: Path) -> None:
    async with acting.town(tmp_path, name) as town, town.serving():
        record: dict[str, Any] = await play(town.slack, town.cluster, Story.of(load_scenario(name)), lambda _line: None)
        assert record["failure"] is None, town.slack.thread_as_text(acting.CHANNEL, record["messages"][0]["ts"])
        if record["proposal"]:
            assert record["proposal"]["state"] == "SUCCEEDED"
            assert len(town.audit()) >= 4
        else:
            assert town.writes() == []
        assert acting.no_traceback(town.everything_said())


@pytest.mark.parametrize("module", ["player.py", "stage.py"])
def test_who_plays_the_story_knows_nothing_of_the_inside(module: str) -> None:
    tree = ast.parse((ROOT / "bot" / "demo" / module).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {
        f"{node.module}.{each.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for each in node.names
    }
    inside = {each for each in imported if each.split(".")[0] in ("bot", "tools", "safety")}
    assert {each for each in inside if not each.startswith("bot.demo.")} == set()
