"""Runs the emulator alone: `python -m bot.demo.jira_emulator --data FILE` prints its address."""

import argparse
import asyncio
import contextlib
import signal
from pathlib import Path

from bot.demo.jira_emulator.data import read_data
from bot.demo.jira_emulator.server import JiraEmulator


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.demo.jira_emulator", description="Jira on this machine.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port (default: %(default)s)")
    parser.add_argument("--token", default="emulator-token", help="the token clients must send (default: %(default)s)")
    parser.add_argument("--server", action="store_true", help="a Jira of one's own, which takes personal tokens")
    parser.add_argument("--data", type=Path, required=True, help="a YAML file with the tickets")
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    emulator = JiraEmulator(
        read_data(options.data.read_text(encoding="utf-8")), options.token, cloud=not options.server
    )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(await emulator.start(options.port), flush=True)
    await stop.wait()
    await emulator.stop()


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
