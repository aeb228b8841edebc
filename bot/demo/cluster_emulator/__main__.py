"""Runs the emulator alone: python -m bot.demo.cluster_emulator --scenario NAME --port 0 --kubeconfig FILE."""

from __future__ import annotations

import argparse
import asyncio
import signal

from bot.demo.cluster_emulator.clock import VirtualClock
from bot.demo.cluster_emulator.emulator import ClusterEmulator
from bot.demo.cluster_emulator.scenarios import load_scenario, scenario_names


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.demo.cluster_emulator", description=__doc__)
    names = ", ".join(scenario_names())
    parser.add_argument("--scenario", default="oom-after-release", help=f"a name or a file; names: {names}")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--kubeconfig", help="write a kubeconfig here")
    parser.add_argument("--user", default="ask-claude", help="whose token the kubeconfig carries")
    parser.add_argument("--speed", type=float, default=1.0, help="virtual seconds for each real second")
    parser.add_argument(
        "--anonymous-as",
        default="",
        help="who a request without a token is; kubectl sends no token over plain http",
    )
    return parser.parse_args()


async def _run(options: argparse.Namespace) -> None:
    clock = VirtualClock(speed=options.speed)
    emulator = ClusterEmulator(load_scenario(options.scenario), options.port, clock, options.anonymous_as)
    done = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, done.set)
    await emulator.start()
    try:
        if options.kubeconfig:
            emulator.write_kubeconfig(options.kubeconfig, options.user)
        print(emulator.url, flush=True)
        await done.wait()
    finally:
        await emulator.stop()


if __name__ == "__main__":
    asyncio.run(_run(_arguments()))
