"""A clock that can be told to jump ahead."""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class SkippedTime:
    """The machine's time and whatever was skipped. A ``Clock`` as the bot wants one."""

    def __init__(self) -> None:
        self._skipped = timedelta()
        self._jumped = asyncio.Event()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._skipped

    def skip(self, span: timedelta) -> None:
        """Jump ahead; whoever sleeps notices."""
        self._skipped += span
        jumped, self._jumped = self._jumped, asyncio.Event()
        jumped.set()

    async def sleep(self, seconds: float) -> None:
        until = self._elapsed() + seconds
        while (left := until - self._elapsed()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._jumped.wait()
            except TimeoutError:
                return

    def _elapsed(self) -> float:
        return time.monotonic() + self._skipped.total_seconds()
