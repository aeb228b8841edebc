"""Runs the emulator alone: `python -m bot.demo.slack_emulator --manifest manifest.yml`."""

import argparse
import asyncio
import contextlib
import signal
import sys

from bot.demo.slack_emulator.emulator import SlackEmulator


async def serve(manifest: str, port: int, *, is_plain: bool) -> None:
    """Run until interrupted; the lines printed can be used as environment variables."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with SlackEmulator(manifest, port) as emulator:
        setting_up = None if is_plain else asyncio.create_task(emulator.page.set_up(_say))
        print(f"SLACK_API_URL={emulator.api_url}")
        print(f"SLACK_BOT_TOKEN={emulator.bot_token}")
        print(f"SLACK_APP_TOKEN={emulator.app_token}")
        for monitor in emulator.team.workspace.monitors:
            print(f"# {monitor.name} posts to {emulator.webhook_url(monitor.name)}")
        print(f"# the page: {emulator.page_url}", flush=True)
        await stop.wait()
        if setting_up is not None:
            setting_up.cancel()
            await asyncio.wait([setting_up])


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bot.demo.slack_emulator", description="A Slack on this machine.")
    parser.add_argument("--manifest", default="manifest.yml", help="the app's manifest (default: %(default)s)")
    parser.add_argument("--port", type=int, default=3000, help="0 takes any free port (default: %(default)s)")
    parser.add_argument("--plain", action="store_true", help="do not set up Block Kit: the page shows plain text")
    options = parser.parse_args()
    asyncio.run(serve(options.manifest, options.port, is_plain=options.plain))


if __name__ == "__main__":
    main()
