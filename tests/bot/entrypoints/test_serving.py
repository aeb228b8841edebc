"""Starting and stopping: left-over work first, loops that come back, sockets that open last and close first."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.entrypoints.serving import Running, serve
from tests.fakes import FixedClock


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


class YieldingClock(FixedClock):
    """Sleeping takes no time but lets others run."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        await asyncio.sleep(0)


class Scene:
    """Every part of a running bot, noting what happens; ``fails`` is how often the outbox breaks first."""

    def __init__(self, fails: int = 0) -> None:
        self.happened: list[str] = []
        self.fails = fails
        self.stop = asyncio.Event()
        self.drained = asyncio.Event()

    async def drain(self) -> int:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the outbox broke")
        self.happened.append("drained")
        self.drained.set()
        return 0

    async def expire(self) -> int:
        self.happened.append("expired")
        return 0

    async def run(self) -> None:
        self.happened.append("worked")
        try:
            await asyncio.Event().wait()
        finally:
            self.happened.append("ended")

    async def open(self) -> None:
        self.happened.append("opened")

    async def close(self) -> None:
        self.happened.append("closed")


async def _served(scene: Scene, *, executor: bool) -> YieldingClock:
    part: Any = scene
    clock = YieldingClock()
    running = Running(clock, part, part, part, part if executor else None)
    task = asyncio.create_task(serve(running, part, scene.stop))
    async with asyncio.timeout(5):
        await scene.drained.wait()
        scene.stop.set()
        await task
    return clock


async def test_what_waited_too_long_expires_before_anything_is_executed() -> None:
    scene = Scene()
    await _served(scene, executor=True)
    assert scene.happened[0] == "expired"
    assert scene.happened.count("worked") == 2


async def test_without_an_executor_only_the_inbox_works() -> None:
    scene = Scene()
    await _served(scene, executor=False)
    assert scene.happened.count("worked") == 1


async def test_at_the_end_the_sockets_close_before_the_work_ends() -> None:
    scene = Scene()
    await _served(scene, executor=True)
    assert scene.happened.index("opened") < scene.happened.index("closed") < scene.happened.index("ended")
    assert scene.happened.count("ended") == 2


async def test_a_loop_that_breaks_comes_back_after_a_pause_that_grows() -> None:
    scene = Scene(fails=7)
    clock = await _served(scene, executor=False)
    pauses = [each for each in clock.slept if each not in (2.0, 5.0)]
    assert [each for each in pauses if each >= 4] == [4.0, 8.0, 16.0, 30.0, 30.0]
    assert "drained" in scene.happened


async def test_when_the_sockets_do_not_open_everything_that_runs_is_ended() -> None:
    class Closed(Scene):
        async def open(self) -> None:
            await self.drained.wait()
            raise ConnectionError("refused")

    scene = Closed()
    with pytest.raises(ConnectionError):
        await _served(scene, executor=True)
    assert scene.happened.count("ended") == 2
