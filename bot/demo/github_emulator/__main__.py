"""Runs the emulator alone: `python -m bot.demo.github_emulator --data FILE` prints its address."""

import argparse
import asyncio
import contextlib
import signal
from pathlib import Path

from bot.demo.github_emulator.data import read_data
from bot.demo.github_emulator.server import GitHubEmulator


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.demo.github_emulator", description="GitHub on this machine.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port (default: %(default)s)")
    parser.add_argument("--token", default="emulator-token", help="the token clients must send (default: %(default)s)")
    parser.add_argument("--data", type=Path, required=True, help="a YAML file with the repositories")
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    emulator = GitHubEmulator(read_data(options.data.read_text(encoding="utf-8")), options.token)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(await emulator.start(options.port), flush=True)
    await stop.wait()
    await emulator.stop()


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
