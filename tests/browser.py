"""A headless Chromium, driven through the DevTools protocol as a person would: by typing, clicking and looking."""

import asyncio
import base64
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
_KEYS = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38}
_SHIFT = 8


class Tab:
    """One tab. ``complaints`` are errors of its scripts and what its security policy turned away."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._sent = 0
        self.complaints: list[str] = []
        self.requested: list[str] = []

    async def command(self, method: str, **params: Any) -> dict[str, Any]:
        self._sent += 1
        await self._socket.send_json({"id": self._sent, "method": method, "params": params})
        while True:
            frame: dict[str, Any] = await self._socket.receive_json(timeout=30)
            if frame.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded"}:
                self.complaints.append(json.dumps(frame["params"]))
            if frame.get("method") == "Network.requestWillBeSent":
                self.requested.append(frame["params"]["request"]["url"])
            if frame.get("id") == self._sent:
                assert "error" not in frame, frame
                return dict(frame["result"])

    async def open(self, url: str, width: int = 1440, height: int = 900) -> None:
        await self.size(width, height)
        await self.command("Page.navigate", url=url)

    async def size(self, width: int, height: int) -> None:
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        await self.until(f"innerWidth === {width}")

    # -- looking ---------------------------------------------------------------------------------------

    async def run(self, script: str) -> Any:
        answer = await self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, script: str, timeout: float = 20.0) -> None:
        """Wait in the page until an expression is true; the page draws itself anew on every change."""
        waiting = (
            "new Promise((done) => { const end = performance.now() + 2000; const look = () => { let is = false; "
            f"try {{ is = {script}; }} catch {{}} "
            "is ? done(true) : performance.now() > end ? done(false) : setTimeout(look, 30); }; look(); })"
        )
        end = asyncio.get_running_loop().time() + timeout
        while not await self.run(waiting):
            if asyncio.get_running_loop().time() > end:
                shown = await self.text()
                raise AssertionError(f"never true: {script}\n{self.complaints}\nthe page shows:\n{shown}")

    async def reads(self, part: str, where: str = "body", timeout: float = 20.0) -> None:
        """Wait until the text of an element has this in it."""
        await self.until(f"document.querySelector({json.dumps(where)}).innerText.includes({json.dumps(part)})", timeout)

    async def text(self, where: str = "body") -> str:
        return str(await self.run(f"document.querySelector({json.dumps(where)}).innerText"))

    async def picture(self, path: Path) -> None:
        shot = await self.command("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(shot["data"]))

    # -- doing -----------------------------------------------------------------------------------------

    async def click(self, where: str, text: str = "") -> None:
        """Click in the middle of the first visible element that matches and has this text."""
        found = (
            f"[...document.querySelectorAll({json.dumps(where)})].find((each) => each.checkVisibility() && "
            f"each.textContent.includes({json.dumps(text)}))"
        )
        await self.until(f"{found} !== undefined")
        # A thread that still scrolls to its newest message takes what is to be clicked away from under the mouse, and
        # what shows itself only under the mouse takes a click only when the mouse is there.
        settled = (
            f"(async () => {{ const node = {found}; if (node === undefined) return null; "
            "node.scrollIntoView({ block: 'center', behavior: 'instant' }); "
            "const at = () => { const box = node.getBoundingClientRect(); "
            "return { x: box.x + box.width / 2, y: box.y + box.height / 2 }; }; "
            "const before = at(); await new Promise((done) => setTimeout(done, 40)); const now = at(); "
            "const hit = document.elementFromPoint(now.x, now.y); "
            "return { ...now, holds: before.x === now.x && before.y === now.y && hit !== null && node.contains(hit) }; "
            "})()"
        )
        spot: dict[str, Any] | None = None
        end = asyncio.get_running_loop().time() + 20
        while spot is None or not spot.pop("holds"):
            assert asyncio.get_running_loop().time() < end, f"nothing takes a click: {where} {text}: {spot}"
            if spot is not None:
                await self.mouse("mouseMoved", spot)
            spot = await self.run(settled)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            await self.mouse(kind, spot)

    async def mouse(self, kind: str, spot: dict[str, Any]) -> None:
        at = {"x": spot["x"], "y": spot["y"]}
        await self.command("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **at)

    async def middle(self, where: str) -> dict[str, Any]:
        """The middle of the first element that matches, in pixels of the window."""
        box = f"document.querySelector({json.dumps(where)}).getBoundingClientRect()"
        spot: dict[str, Any] = await self.run(
            f"(() => {{ const box = {box}; return {{ x: box.x + box.width / 2, y: box.y + box.height / 2 }}; }})()"
        )
        return spot

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self.command("Input.insertText", text=text)

    async def key(self, name: str, *, shift: bool = False) -> None:
        code = _KEYS[name]
        common = {"key": name, "code": name, "windowsVirtualKeyCode": code, "modifiers": _SHIFT if shift else 0}
        text = {"text": "\r"} if name == "Enter" else {}
        await self.command("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        await self.command("Input.dispatchKeyEvent", type="keyUp", **common)

    async def choose(self, where: str, value: str) -> None:
        """Choose in a menu; a headless browser does not open the system's list."""
        script = (
            f"(() => {{ const menu = document.querySelector({json.dumps(where)}); menu.value = {json.dumps(value)}; "
            "menu.dispatchEvent(new Event('change', { bubbles: true })); return menu.value; })()"
        )
        assert await self.run(script) == value


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Tab]:
    """A browser of its own, with nothing remembered and nothing to say to anybody."""
    if CHROMIUM is None:
        pytest.fail("this test drives a real browser: install Chromium, or run `make test`, which leaves it out")
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
        # A window that nobody looks at is slowed down.
        *("--disable-background-timer-throttling", "--disable-renderer-backgrounding"),
        "--disable-backgrounding-occluded-windows",
        f"--user-data-dir={folder}",
        "about:blank",
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        line = b""
        while b"DevTools listening on" not in line:
            line = await asyncio.wait_for(process.stderr.readline(), 30)
            assert line, "Chromium ended at once"
        port = line.decode().split(":")[2].split("/")[0]
        reading = asyncio.create_task(process.stderr.read())
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as response:
                target = next(t for t in await response.json() if t["type"] == "page")
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                opened = Tab(socket)
                for domain in ("Runtime", "Log", "Page", "Network"):
                    await opened.command(f"{domain}.enable")
                yield opened
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
    await reading
