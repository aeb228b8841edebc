"""What the journeys share: a bot in this process or as its own, people who ask and click, and what they see."""

import asyncio
import contextlib
import itertools
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot import wiring
from bot.config import Settings
from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock, load_scenario
from bot.demo.cluster_emulator.faults import Hold
from bot.demo.cluster_emulator.resources import DEPLOYMENTS
from bot.demo.github_emulator import GitHubEmulator
from bot.demo.jira_emulator import JiraEmulator
from bot.demo.slack_emulator import (
    Channel,
    Limits,
    Message,
    Monitor,
    Outcome,
    SlackEmulator,
    SocketTiming,
    User,
    UserGroup,
    Workspace,
)
from bot.demo.stage import POLICY, ROOT
from bot.entrypoints.serving import serve
from safety.redaction import Redactor

CHANNEL = "incidents"
NAMESPACE, DEPLOYMENT = "billing-dev", "billing-api"
QUESTION = "Is everything fine in billing-dev?"
FINAL = ("SUCCEEDED", "FAILED", "STALE", "BLOCKED", "UNKNOWN", "DENIED", "EXPIRED", "CANCELLED")
PATIENCE = 60.0


class QuickClock:
    """Time that runs faster than the machine's, and can be moved on at once."""

    def __init__(self, speed: float = 10.0) -> None:
        self.speed = speed
        self._began, self._real = datetime.now(UTC), time.monotonic()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=(time.monotonic() - self._real) * self.speed)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)

    def skip(self, **span: float) -> None:
        self._began += timedelta(**span)


def crowded() -> Workspace:
    """The demo's workspace with a second person on call, people from outside, and a monitor that nobody listed."""
    made = Workspace()
    made.users.append(User("U0CAROL", "carol", "Carol Example", title="On call"))
    for channel in made.channels:
        channel.members.add("U0CAROL")
    made.users.append(User("U0GUEST", "gus", "Gus Guest", is_guest=True))
    made.users.append(User("U0MALLORY", "mallory", "Mallory Elsewhere", team_id="T0OTHER"))
    shared = {"U0BOT", "U0ALICE", "U0BOB", "U0GUEST", "U0MALLORY"}
    made.channels.append(Channel("C0SHARED", "shared", shared, is_shared=True))
    # Listed by mistake, those from outside still have no vote.
    on_call = ("U0ALICE", "U0CAROL", "U0GUEST", "U0MALLORY")
    made.groups[:] = [UserGroup("S0ONCALL", "oncall", "On call", on_call)]
    made.monitors.append(Monitor("Stranger", "B0STRANGER", "C0ALERTS", "stranger"))
    return made


class Seen:
    """A Slack and a cluster, looked at as people would."""

    def __init__(self, slack: SlackEmulator, cluster: ClusterEmulator, database: Path) -> None:
        self.slack, self.cluster, self.database = slack, cluster, database

    # ---- asking and clicking --------------------------------------------------------------------------------------

    async def ask(self, question: str = QUESTION, channel: str = CHANNEL, user: str = "bob") -> str:
        """Type the command and wait for the answer; the thread."""
        outcome = await self.slack.user(user).slash(f"/ask-claude {question}", channel)
        assert outcome.is_acked, outcome.shown
        answer = await self.answer()
        return str(answer.thread_ts)

    async def answer(self, thread: str | None = None, after: str = "0") -> Message:
        """The analyst's answer in a thread, or in whatever thread gets one."""

        def found(message: Message) -> bool:
            at_home = message.is_reply if thread is None else message.thread_ts == thread
            return at_home and message.ts > after and self.is_answer(message)

        return await self.slack.wait_for(found, PATIENCE)

    def is_answer(self, message: Message) -> bool:
        return message.bot_id is not None and "written by" in self.slack.as_text(message)

    def answers(self, thread: str, channel: str = CHANNEL) -> list[Message]:
        return [each for each in self.slack.messages(channel, thread) if self.is_answer(each)]

    async def propose(self, thread: str, words: str = f"restart {DEPLOYMENT}", user: str = "bob") -> Message:
        """Ask for a change in words and wait for its card."""
        known = {each.ts for each in self.slack.messages(CHANNEL, thread) if button(each)}
        await self.slack.user(user).reply(words, CHANNEL, thread)

        def is_its_card(message: Message) -> bool:
            return message.thread_ts == thread and button(message) is not None and message.ts not in known

        return await self.slack.wait_for(is_its_card, PATIENCE)

    async def click(self, card: Message, what: str = "approve", user: str = "alice") -> Outcome:
        return await self.slack.user(user).click(CHANNEL, card.ts, what)

    async def ended(self, card: Message, timeout: float = PATIENCE) -> str:
        """The state the card ends with."""
        seen = await self.slack.wait_for(lambda each: each.ts == card.ts and state_of(each) in FINAL, timeout)
        return state_of(seen)

    async def told(self, user: str, part: str) -> Message:
        """A line that only this person sees."""
        return await self.slack.wait_until(
            lambda: next((each for each in self.slack.ephemerals(user) if part in each.text), None), PATIENCE
        )

    async def says(self, part: str, timeout: float = PATIENCE) -> Message:
        return await self.slack.wait_for(
            lambda each: each.bot_id is not None and part in self.slack.as_text(each), timeout
        )

    def scaled(self, replicas: int) -> None:
        """Somebody else changes the deployment."""
        held = self.deployment()
        changed = {**held, "spec": {**held["spec"], "replicas": replicas}}
        store = self.cluster.store
        store.update(DEPLOYMENTS, store.amended(DEPLOYMENTS, held, changed))

    # ---- looking --------------------------------------------------------------------------------------------------

    def deployment(self, name: str = DEPLOYMENT) -> dict[str, Any]:
        found: dict[str, Any] = self.cluster.store.require(DEPLOYMENTS, NAMESPACE, name)
        return found

    @property
    def generation(self) -> int:
        return int(self.deployment()["metadata"]["generation"])

    def held(self, method: str, path: str, *, before: bool = True) -> Hold:
        """Stop the cluster's next such request; ``await reached(hold)`` waits until there is one."""
        return self.cluster.faults.hold(method, path, before)

    async def idle(self) -> None:
        """Wait until all that was taken in is dealt with."""
        await until(lambda: not self.rows("SELECT 1 FROM inbox WHERE state IN ('new', 'taken')"))
        await until(lambda: not self.rows("SELECT 1 FROM outbox WHERE state IN ('new', 'sending')"))

    async def changed(self, generation: int) -> None:
        await until(lambda: self.generation == generation)

    def writes(self) -> list[Any]:
        """Every request that would have changed something and was not a dry run."""
        return [
            each
            for each in self.cluster.requests
            if each.method not in ("GET", "HEAD") and "dryRun" not in each.query and "reviews" not in each.path
        ]

    def everything_said(self) -> list[str]:
        """All text of all messages, private ones included, as the API would give it."""
        everything = [*self.slack.team.all_messages(), *self.slack.team.ephemerals]
        return [json.dumps(each.raw, ensure_ascii=False) for each in everything]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database says, read beside the bot."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=10)) as connection:
            return connection.execute(sql).fetchall()

    def audit(self) -> list[str]:
        return [kind for (kind,) in self.rows("SELECT type FROM audit ORDER BY seq")]

    async def recorded(self, kind: str, timeout: float = PATIENCE) -> None:
        """Wait until the audit log has a record of this type."""
        await until(lambda: kind in self.audit(), timeout)


async def until(true: Callable[[], bool], timeout: float = PATIENCE) -> None:
    """Look again every moment at something that nobody announces, such as a file."""
    async with asyncio.timeout(timeout):
        for pause in itertools.repeat(0.05):
            if true():
                return
            await asyncio.sleep(pause)


async def reached(hold: Hold, timeout: float = PATIENCE) -> None:
    async with asyncio.timeout(timeout):
        await hold.reached()


def button(message: Message) -> str | None:
    """The value behind the Approve button, if there is one."""
    for block in message.blocks:
        for element in block.get("elements") or []:
            if isinstance(element, dict) and element.get("action_id") == "approve":
                return str(element["value"])
    return None


def state_of(message: Message) -> str:
    return message.text.rsplit(": ", 1)[-1]


def no_traceback(said: list[str]) -> bool:
    return not any("Traceback" in each or 'File \\"' in each for each in said)


# ---- the bot in this process ----------------------------------------------------------------------------------------


class Town(Seen):
    """The whole bot in this process, on a clock that tests can move."""

    def __init__(
        self, slack: SlackEmulator, cluster: ClusterEmulator, settings: Settings, clock: QuickClock, database: Path
    ) -> None:
        super().__init__(slack, cluster, database)
        self.settings, self.clock = settings, clock

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[wiring.Bot]:
        """The bot at work until the end of the block."""
        async with wiring.assembled(self.settings, self.clock, Redactor(self.settings.secrets())) as (bot, sockets):
            stop = asyncio.Event()
            task = asyncio.create_task(serve(bot.running, sockets, stop))
            try:
                await self.slack.wait_connected(1, 10)
                yield bot
            finally:
                stop.set()
                await task


@asynccontextmanager
async def town(
    folder: Path, scenario: str | Path = "healthy", *, flooded: bool = False, **settings: Any
) -> AsyncIterator[Town]:
    """Both emulators and the settings for a bot between them; nothing serves yet.

    Slack's rate limits hold, on the bot's own clock; that the bot met one is a failure unless the test floods it.
    """
    clock = QuickClock()
    cluster = ClusterEmulator(load_scenario(scenario), clock=VirtualClock(speed=clock.speed))
    timing = SocketTiming(redelivery=(0.0, 0.1, 0.1))
    limits = Limits(rate_limits=True, trigger_seconds=3 * clock.speed)
    slack = SlackEmulator(ROOT / "manifest.yml", clock=clock.now, workspace=crowded(), timing=timing, limits=limits)
    await cluster.start()
    try:
        async with slack:
            made = settings_for(slack, cluster, folder, **settings)
            yield Town(slack, cluster, made, clock, folder / "bot.db")
            assert flooded or not slack.too_many, [(each.method, each.at) for each in slack.too_many]
    finally:
        await cluster.stop()


def told_by(github: GitHubEmulator, jira: JiraEmulator, *repositories: str) -> dict[str, Any]:
    """The settings of a bot that reads changes from both."""
    return {
        "github_token": SecretStr(github.token),
        "github_url": github.url,
        "github_repositories": repositories,
        "jira_url": jira.url,
        "jira_user": jira.user,
        "jira_token": SecretStr(jira.token),
    }


def settings_for(slack: SlackEmulator, cluster: ClusterEmulator, folder: Path, **changed: Any) -> Settings:
    fields: dict[str, Any] = {
        "slack_api_url": slack.api_url,
        "slack_bot_token": slack.bot_token,
        "slack_app_token": slack.app_token,
        "slack_sockets": 1,
        "anthropic_api_key": None,
        "kubeconfig": str(cluster.write_kubeconfig(folder / "kubeconfig")),
        "cluster_name": cluster.scenario.cluster_name,
        "database_url": f"sqlite:///{folder / 'bot.db'}",
        "policy_file": POLICY,
        "alert_channels": {"C0ALERTS": ("Alertmanager",)},
        "verify_seconds": 120.0,
    }
    return Settings(_env_file=None, **{**fields, **changed})  # type: ignore[call-arg]
