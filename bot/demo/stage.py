"""The stage: a Slack and a cluster on this machine, and the real bot between them as its own process.

``python -m bot demo`` opens a page to play in; ``--headless`` plays the story in the terminal. The bot is started as
``python -m bot run`` with nothing but other addresses: it does not know that it is on a stage. Only with a page is its
clock another one, since the page has a button that skips time for everybody at once.
"""

import argparse
import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.demo.cluster_emulator import ClusterEmulator, Scenario, ScenarioError, load_scenario, scenario_names
from bot.demo.github_emulator import GitHubEmulator, read_data
from bot.demo.player import Story, play
from bot.demo.skipped_time import SkippedTime
from bot.demo.slack_emulator import Limits, SlackEmulator

ROOT = Path(__file__).resolve().parents[2]
POLICY = Path(__file__).with_name("policy.yaml")
BOT = ("bot", "run")
BOT_THAT_SKIPS = ("bot.demo.skipping_bot",)
_START = 60.0
_GRACE = 12.0


class StageError(Exception):
    """The demo could not be set up or did not end as it should; the message says what was seen."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What is running."""

    slack: SlackEmulator
    cluster: ClusterEmulator
    bot: "BotProcess"


class BotProcess:
    """``python -m bot …`` with an environment of its own; can be killed and started again."""

    def __init__(self, environment: dict[str, str], log: Path, command: tuple[str, ...] = BOT) -> None:
        self.environment, self.log, self.command = environment, log, command
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", *self.command),
                cwd=ROOT,
                env=self.environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    async def skip(self, span: timedelta) -> None:
        """Let its time jump ahead; only for one started as ``BOT_THAT_SKIPS``."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{span.total_seconds()}\n".encode())
        await self._process.stdin.drain()

    @property
    def exit_status(self) -> int | None:
        """None while it runs, and before it was started."""
        return None if self._process is None else self._process.returncode

    @property
    def has_ended(self) -> bool:
        return self.exit_status is not None

    async def ended(self) -> None:
        """Wait until it ends by itself."""
        if self._process is not None:
            await self._process.wait()

    async def kill(self) -> None:
        """SIGKILL: no farewell, as when the machine dies."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """SIGTERM, and a moment to finish."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(_GRACE):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def ask(self, *arguments: str) -> tuple[int, str]:
        """Run another command of the bot on the same settings; its exit status and standard output."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            cwd=ROOT,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode() or err.decode()

    def last_words(self) -> str:
        """The end of its log."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-15:])


@asynccontextmanager
async def stage(
    scenario: Scenario, folder: Path, port: int = 0, extra: dict[str, str] | None = None, *, can_skip: bool = False
) -> AsyncIterator[Stage]:
    """Everything started and connected; everything ended at the end. ``can_skip``: the page can move all clocks."""
    clock = SkippedTime()
    cluster = ClusterEmulator(scenario)
    slack = SlackEmulator(ROOT / "manifest.yml", port, clock=clock.now, limits=Limits(rate_limits=True))
    github = _github(scenario)
    await cluster.start()
    try:
        await github.start()
        await slack.start()
        settings = environment(slack, cluster, folder) | _repositories(github) | (extra or {})
        bot = BotProcess(settings, folder / "bot.log", BOT_THAT_SKIPS if can_skip else BOT)

        async def skip(span: timedelta) -> None:
            clock.skip(span)
            cluster.clock.skip(span.total_seconds())
            await bot.skip(span)

        if can_skip:
            slack.page.skip_time = skip
        try:
            await bot.start()
            await connected(slack, bot)
            yield Stage(slack, cluster, bot)
        finally:
            await bot.stop()
            await slack.stop()
    finally:
        await github.stop()
        await cluster.stop()


async def connected(slack: SlackEmulator, bot: BotProcess) -> None:
    """Wait until the bot holds a socket; say why it never will."""
    try:
        async with asyncio.timeout(_START):
            while slack.connections == 0:
                if bot.has_ended:
                    raise StageError(f"the bot ended at once; its last words:\n{bot.last_words()}")
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise StageError(f"the bot did not connect in {_START:.0f} s; its last words:\n{bot.last_words()}") from None


def _github(scenario: Scenario) -> GitHubEmulator:
    """The repositories that belong to a scenario; none for most."""
    path = Path(__file__).with_name("repositories") / f"{scenario.name}.yaml"
    return GitHubEmulator(read_data(path.read_text(encoding="utf-8")) if path.is_file() else ())


def _repositories(github: GitHubEmulator) -> dict[str, str]:
    """Always those of the stage: real ones know nothing of what happens on it."""
    return {
        "GITHUB_TOKEN": github.token,
        "GITHUB_URL": github.url,
        "GITHUB_REPOSITORIES": ",".join(github.repositories),
        "GITHUB_ENVIRONMENT": "",
        "SERVICE_MAP": "",
        "JIRA_URL": "",
    }


def environment(slack: SlackEmulator, cluster: ClusterEmulator, folder: Path) -> dict[str, str]:
    """The real settings with the addresses of the stage; a model key in the caller's environment stays in force."""
    return dict(os.environ) | {
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "KUBECONFIG": str(cluster.write_kubeconfig(folder / "kubeconfig")),
        "CLUSTER_NAME": cluster.scenario.cluster_name,
        "DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
        "POLICY_FILE": str(POLICY),
        "REMEDIATION_MODE": "approve",
        "ALERT_CHANNELS": "C0ALERTS=Alertmanager",
        "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
    }


# ---- the command ----------------------------------------------------------------------------------------------------


async def demo(arguments: argparse.Namespace) -> int:
    """``python -m bot demo``: 0 when the story came true."""
    try:
        scenario = load_scenario(arguments.scenario)
    except ScenarioError as error:
        _say(f"{error}\nthere are: {', '.join(scenario_names())}")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="ask-claude-demo-"))
    try:
        return await (_headless if arguments.headless else _with_page)(arguments, scenario, folder)
    except StageError as error:
        _say(f"the demo failed: {error}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _headless(arguments: argparse.Namespace, scenario: Scenario, folder: Path) -> int:
    _say(f"starting a Slack, a cluster ({scenario.title}) and the bot on 127.0.0.1 …")
    async with stage(scenario, folder) as on:
        _say("connected; the story begins\n")
        record = await play(on.slack, on.cluster, Story.of(scenario), _say)
        _, printed = await on.bot.ask("audit", "verify", "--json")
        record["audit"] = json.loads(printed)
        if record["failure"]:
            _say(f"\nthe bot's last words:\n{on.bot.last_words()}")
    _summary(record)
    if arguments.json:
        print(json.dumps(record, ensure_ascii=False), flush=True)
    return 0 if record["failure"] is None and record["audit"]["fault"] is None else 1


def _summary(record: dict[str, Any]) -> None:
    _say("")
    findings, answer = record["first_findings_seconds"], record["answer_seconds"]
    _say(f"first findings after {findings:.2f} s, analysis after {answer:.2f} s")
    if record["proposal"]:
        _say(f"proposal {record['proposal']['id']}: {record['proposal']['state']}")
    _say(f"cluster before: {record['cluster']['before']}")
    _say(f"cluster after:  {record['cluster']['after']}")
    _say(f"audit log: {record['audit']['records']} records, chain {'broken' if record['audit']['fault'] else 'intact'}")
    _say("the story came true" if record["failure"] is None else f"FAILED: {record['failure']}")


async def _with_page(arguments: argparse.Namespace, scenario: Scenario, folder: Path) -> int:
    port = arguments.port
    if not _is_free(port):
        _say(f"port {port} is busy, taking a free one")
        port = 0
    async with stage(scenario, folder, port, can_skip=True) as on:
        setting_up = asyncio.create_task(on.slack.page.set_up(_say))
        try:
            return await _open_house(on, scenario)
        finally:
            setting_up.cancel()
            await asyncio.wait([setting_up])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def _open_house(on: Stage, scenario: Scenario) -> int:
    story = Story.of(scenario)
    _say(
        f"""
Ask Claude is running. Open  {on.slack.page_url}

You are bob. What to try in #incidents:
  /ask-claude {story.question}
  then reply in the thread:  {story.follow_up}
  Approve as bob is refused; switch to alice, who is on call, and approve.
  Fire an alert, or skip half an hour to see a proposal expire: at the bottom of the left column.
Another incident: make demo ARGS="--scenario NAME" with {", ".join(scenario_names())}
Ctrl-C ends everything."""
    )
    await on.bot.ended()
    raise StageError(f"the bot ended; its last words:\n{on.bot.last_words()}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
