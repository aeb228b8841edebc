"""The page in a real browser: an alert is fired, a command typed, a button pressed, a form filled."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import SlackEmulator

pytestmark = pytest.mark.outside

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
HOSTILE = "<img src=x onerror=document.title='broken'> <javascript:alert(1)|click me>"


class Tab:
    """One tab, driven through the DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._sent = 0
        self.complaints: list[str] = []

    async def command(self, method: str, **params: Any) -> dict[str, Any]:
        self._sent += 1
        await self._socket.send_json({"id": self._sent, "method": method, "params": params})
        while True:
            frame: dict[str, Any] = await self._socket.receive_json(timeout=20)
            if frame.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded"}:
                self.complaints.append(json.dumps(frame["params"]))
            if frame.get("id") == self._sent:
                return dict(frame["result"])

    async def run(self, script: str) -> Any:
        answer = await self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait in the page until an expression is true; the page draws itself anew on every change."""
        waiting = (
            "new Promise((done) => { const look = () => { let is = false; "
            f"try {{ is = {script}; }} catch {{}} is ? done() : requestAnimationFrame(look); }}; look(); }})"
        )
        async with asyncio.timeout(15):
            await self.run(waiting)


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    if CHROMIUM is None:
        pytest.fail("this test drives a real browser: install Chromium, or run `make test`, which leaves it out")
    browser = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
        f"--user-data-dir={tmp_path}",
        "about:blank",
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert browser.stderr is not None
        line = b""
        while b"DevTools listening on" not in line:
            line = await asyncio.wait_for(browser.stderr.readline(), 20)
        port = line.decode().split(":")[2].split("/")[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as response:
                target = next(t for t in await response.json() if t["type"] == "page")
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                opened = Tab(socket)
                for domain in ("Runtime", "Log", "Page"):
                    await opened.command(f"{domain}.enable")
                yield opened
    finally:
        with contextlib.suppress(ProcessLookupError):
            browser.terminate()
        await browser.communicate()


def register(app: AsyncApp) -> None:
    """An app that asks, and takes a reason for no."""
    form = {
        "type": "modal",
        "callback_id": "reason",
        "title": {"type": "plain_text", "text": "Why not?"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [
            {
                "type": "input",
                "block_id": "why",
                "label": {"type": "plain_text", "text": "Reason"},
                "element": {"type": "plain_text_input", "action_id": "text"},
            }
        ],
    }
    confirm = {part: {"type": "plain_text", "text": part} for part in ("title", "text", "confirm", "deny")}
    deny = {"type": "button", "action_id": "deny", "text": {"type": "plain_text", "text": "Deny"}, "confirm": confirm}

    @app.command("/ask-claude")
    async def ask(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        blocks = [{"type": "markdown", "text": HOSTILE}, {"type": "actions", "elements": [deny]}]
        await client.chat_postMessage(channel=body["channel_id"], text=HOSTILE, blocks=blocks)

    @app.action("deny")
    async def denied(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=form)

    @app.view("reason")
    async def reason(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        said = body["view"]["state"]["values"]["why"]["text"]["value"]
        await client.chat_postEphemeral(channel="C0INCIDENTS", user=body["user"]["id"], text=f"Denied: {said}")

    @app.event("message")
    async def ignore() -> None:
        """Acknowledge what is written."""


async def test_the_story_can_be_played_in_a_browser(
    slack: SlackEmulator, app: AsyncApp, connect: Any, tab: Tab
) -> None:
    register(app)
    await connect()
    await tab.command("Page.navigate", url=slack.page_url)
    await tab.until("document.querySelector('[data-alert=firing]') !== null")
    await tab.run("document.querySelector('[data-alert=firing]').click()")
    await tab.until("document.querySelector('#messages .attachment .title').textContent.includes('FIRING')")

    await tab.run(
        "[...document.querySelectorAll('#channels button')].find((b) => b.textContent.includes('incidents')).click()"
    )
    await tab.run(
        "document.getElementById('text').value = '/ask-claude why?';document.getElementById('composer').requestSubmit()"
    )
    await tab.until("document.querySelector('#messages [data-action-id=deny]') !== null")
    assert (
        await tab.run("document.querySelectorAll('#messages .body img, #messages .body a[href^=javascript]').length")
        == 0
    )
    assert await tab.run("document.title") == "Slack emulator"

    await tab.run("document.querySelector('#messages [data-action-id=deny]').click()")
    await tab.until("document.querySelector('dialog.confirm') !== null")
    await tab.run("document.querySelector('dialog.confirm .primary').click()")
    await tab.until("document.querySelector('dialog.view input') !== null")
    await tab.run("document.querySelector('dialog.view .foot .primary').click()")
    await tab.until("document.querySelector('dialog.view .problem').textContent.includes('required')")
    await tab.run("document.querySelector('dialog.view input').value = 'too early'")
    await tab.run("document.querySelector('dialog.view .foot .primary').click()")
    await tab.until("document.querySelector('#messages .mine-only').textContent.includes('Denied: too early')")
    await tab.until("document.querySelector('dialog') === null")
    assert tab.complaints == []
