"""Runs the emulator alone: `python -m bot.demo.slack_emulator --manifest manifest.yml`."""

import argparse
import asyncio
import contextlib
import signal

from bot.demo.slack_emulator.emulator import SlackEmulator


async def serve(manifest: str, port: int) -> None:
    """Run until interrupted; the lines printed can be used as environment variables."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with SlackEmulator(manifest, port) as emulator:
        print(f"SLACK_API_URL={emulator.api_url}")
        print(f"SLACK_BOT_TOKEN={emulator.bot_token}")
        print(f"SLACK_APP_TOKEN={emulator.app_token}")
        for monitor in emulator.team.workspace.monitors:
            print(f"# {monitor.name} posts to {emulator.webhook_url(monitor.name)}")
        print(f"# the page: {emulator.page_url}", flush=True)
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bot.demo.slack_emulator", description="A Slack on this machine.")
    parser.add_argument("--manifest", default="manifest.yml", help="the app's manifest (default: %(default)s)")
    parser.add_argument("--port", type=int, default=3000, help="0 takes any free port (default: %(default)s)")
    options = parser.parse_args()
    asyncio.run(serve(options.manifest, options.port))


if __name__ == "__main__":
    main()
