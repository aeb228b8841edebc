"""``python -m bot run`` on a clock that can be told to jump ahead: one line of standard input is a number of seconds.

The demo starts the bot so when it has a page. The product itself knows no such clock.
"""

import asyncio
import sys
from datetime import timedelta

from bot import wiring
from bot.config import read_settings
from bot.demo.skipped_time import SkippedTime


async def _obey(clock: SkippedTime) -> None:
    """Jump as standard input says, until it ends."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        clock.skip(timedelta(seconds=float(line)))


async def _run() -> None:
    clock = SkippedTime()
    obeying = asyncio.create_task(_obey(clock))
    try:
        await wiring.run(read_settings(), clock)
    finally:
        obeying.cancel()


if __name__ == "__main__":
    asyncio.run(_run())
