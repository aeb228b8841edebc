"""Starts and kills bots that begin at once: loaded one time, then forked for each start."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path


class Nursery:
    """Starts bots and kills them."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._order = json.dumps({"environment": environment, "log": str(log)}).encode() + b"\n"
        self._process: asyncio.subprocess.Process | None = None

    async def open(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "prove._forked"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[1],
        )

    async def begin(self) -> int:
        """Start one; its process id."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(self._order)
        return int((await self._process.stdout.readline()).decode().removeprefix("began "))

    def kill(self, pid: int) -> None:
        """SIGKILL: nothing is flushed, closed or rolled back."""
        os.kill(pid, signal.SIGKILL)

    async def close(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
