"""Runs the emulator alone, for kubectl, for another program or for a look around."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bot.demo.cluster_emulator.clock import VirtualClock
from bot.demo.cluster_emulator.emulator import ClusterEmulator
from bot.demo.cluster_emulator.scenarios import Scenario, ScenarioError, load_scenario


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody asked for; `speed` is virtual seconds for each real one."""

    scenario: str
    port: int = 0
    kubeconfig: str = ""
    user: str = "ask-claude"
    anonymous: str = ""
    speed: float = 1.0


async def run_alone(wishes: Wishes) -> int:
    """Serve until SIGINT or SIGTERM: the address goes to standard output, all talk to standard error.

    2 when it cannot begin: no such scenario or user, a port that is taken.
    """
    try:
        scenario = load_scenario(wishes.scenario)
        _check(scenario, wishes)
        emulator = ClusterEmulator(scenario, wishes.port, VirtualClock(speed=wishes.speed), wishes.anonymous)
        await emulator.start()
    except (ScenarioError, OSError) as fault:
        _say(str(fault))
        return 2
    done = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, done.set)
    try:
        with tempfile.TemporaryDirectory(prefix="ask-claude-cluster-") as folder:
            path = emulator.write_kubeconfig(wishes.kubeconfig or Path(folder) / "kubeconfig", wishes.user)
            _welcome(emulator, path, wishes)
            await done.wait()
    finally:
        await emulator.stop()
    return 0


def _check(scenario: Scenario, wishes: Wishes) -> None:
    names = [each.name for each in scenario.users]
    for wanted in (wishes.user, wishes.anonymous):
        if wanted and wanted not in names:
            raise ScenarioError(f"no user {wanted!r} in this cluster; there are: {', '.join(names)}")


def _welcome(emulator: ClusterEmulator, path: Path, wishes: Wishes) -> None:
    _say(f"{emulator.scenario.name}: {emulator.scenario.title}")
    _say(f"kubeconfig of {wishes.user}: {path}")
    _say(f"  KUBECONFIG={path} python -m bot investigate {_asked(emulator.scenario)}")
    if wishes.anonymous:
        _say(f"  kubectl --kubeconfig {path} get pods --all-namespaces     (as {wishes.anonymous})")
    else:
        _say("  for kubectl add --anonymous-as admin: like all programs of its kind it sends no token over plain http")
    _say("Ctrl-C ends it. Its address:")
    print(emulator.url, flush=True)


def _asked(scenario: Scenario) -> str:
    return f'"{scenario.story.get("question", "what is wrong?")}"'


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
