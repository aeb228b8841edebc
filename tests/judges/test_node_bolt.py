"""Slack's own client for Node lives in the emulator as it would in Slack."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.demo.slack_emulator import Limits, SlackEmulator

pytestmark = [pytest.mark.outside, pytest.mark.timeout(400)]

MANIFEST = Path(__file__).parents[2] / "manifest.yml"


class NodeApp:
    """The app in node/app.mjs, running; what it says it heard comes line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: list[dict[str, Any]] = []

    async def hears(self, what: str) -> dict[str, Any]:
        """The first thing of this kind that was not asked for yet."""
        async with asyncio.timeout(20):
            while True:
                for position, line in enumerate(self.said):
                    if line["what"] == what:
                        return self.said.pop(position)
                await self._read(what)

    async def _read(self, what: str) -> None:
        assert self._process.stdout is not None
        raw = await self._process.stdout.readline()
        if not raw:
            assert self._process.stderr is not None
            complaint = (await self._process.stderr.read()).decode()
            raise AssertionError(f"the app ended before it said {what!r}: {self.said}\n{complaint}")
        self.said.append(json.loads(raw))

    async def stop(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(b"stop\n")
        await self.hears("stopped")
        return await self._end()

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._end()

    async def _end(self) -> int:
        await self._process.communicate()
        return self._process.returncode or 0


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator(MANIFEST, limits=Limits(rate_limits=True)) as emulator:
        yield emulator


@pytest.fixture
async def app(slack: SlackEmulator, node: str, node_home: Path) -> AsyncIterator[NodeApp]:
    surroundings = {
        "PATH": os.environ["PATH"],
        "SLACK_API_URL": slack.api_url,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_BOT_TOKEN": slack.bot_token,
    }
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        node, "app.mjs", cwd=node_home, env=surroundings, stdin=pipe, stdout=pipe, stderr=pipe
    )
    running = NodeApp(process)
    assert (await running.hears("started"))["bot"] == "B0BOT"
    await slack.wait_connected()
    yield running
    await running.kill()


async def test_a_command_is_answered_in_the_channel_and_to_the_person(slack: SlackEmulator, app: NodeApp) -> None:
    outcome = await slack.user("bob").slash("/ask-claude why is <it> slow @alice", "incidents")
    assert outcome.is_acked
    heard = await app.hears("command")
    assert heard["text"] == "why is <it> slow <@U0ALICE|alice>"
    assert [m.ts for m in slack.messages("incidents")] == [heard["ts"]]
    assert [m.text for m in slack.ephemerals("bob")] == ["on it"]


async def test_a_message_is_answered_in_its_thread(slack: SlackEmulator, app: NodeApp) -> None:
    said = await slack.user("bob").say("hello", "incidents")
    assert await app.hears("message") == {"what": "message", "text": "hello", "replies": 1}
    assert [m.text for m in slack.messages("incidents", said.ts)] == ["hello", "heard: hello"]


async def test_a_mention_is_two_events_for_this_client_too(slack: SlackEmulator, app: NodeApp) -> None:
    await slack.user("bob").mention("look", "incidents")
    assert (await app.hears("mention"))["text"] == "<@U0BOT> look"
    assert (await app.hears("message"))["text"] == "<@U0BOT> look"


async def test_a_click_opens_a_form_whose_answer_changes_the_message(slack: SlackEmulator, app: NodeApp) -> None:
    bob = slack.user("bob")
    await bob.slash("/ask-claude x", "incidents")
    ts = (await app.hears("command"))["ts"]
    assert (await bob.click("incidents", ts, "approve")).is_acked
    heard = await app.hears("action")
    assert (heard["value"], [view.id for view in slack.views("bob")]) == ("p1", [heard["view"]])
    refused = await bob.submit(heard["view"], {"why": {"text": "no"}})
    assert refused.errors == {"why": "Say more."}
    assert (await bob.submit(heard["view"], {"why": {"text": "it is slow"}})).is_acked
    assert (await app.hears("view"))["reason"] == "it is slow"
    assert [m.text for m in slack.messages("incidents")] == ["done: it is slow"]
    assert slack.views("bob") == []


async def test_it_connects_again_when_it_is_told_to(slack: SlackEmulator, app: NodeApp) -> None:
    opened = len(slack.calls("apps.connections.open"))
    await slack.disconnect("refresh_requested")
    await slack.wait_until(lambda: len(slack.calls("apps.connections.open")) > opened or None, timeout=20)
    await slack.wait_connected(timeout=20)
    await slack.user("bob").say("still there?", "incidents")
    assert (await app.hears("message"))["text"] == "still there?"


async def test_it_stops_when_asked_and_leaves_no_socket(slack: SlackEmulator, app: NodeApp) -> None:
    assert await app.stop() == 0
    await slack.wait_until(lambda: slack.connections == 0 or None)
    assert app.said == []
