"""A cluster, a policy, and the settings that name both: what a change is judged by where the bot runs."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot import guard
from bot.config import Settings
from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock, load_scenario
from bot.entrypoints.hook import Caller, answer
from safety.commands.verdict import Wanted
from tests.bot.test_commands import ROOT

POLICY = """
version: 1
environments:
  dev: {clusters: [dev-eks], namespaces: [billing-dev, books-dev, kube-public]}
actions:
  restart_deployment: {environments: [dev]}
  scale_deployment: {environments: [dev], max_step: 2, min: 1, max: 9}
  delete_failed_pod: {environments: [dev]}
"""
RESTART = '{"action": "restart_deployment", "namespace": "billing-dev", "name": "billing-api"}'


@dataclass(frozen=True, slots=True)
class Here:
    """An emulated cluster, a policy, and the settings that name both."""

    emulator: ClusterEmulator
    folder: Path
    settings: Settings

    async def hook(self, tool: str, **given: Any) -> str:
        """Why it was denied; nothing if it was not."""
        call = json.dumps({"tool_name": tool, "tool_input": given}).encode()

        def ask(wanted: Wanted, caller: Caller) -> tuple[str, ...]:
            try:
                return asyncio.run(guard.reasons(wanted, self.settings, self.settings.kubeconfig, caller))
            except guard.BadChange as fault:
                return (str(fault),)

        told = await asyncio.to_thread(answer, call, ask)
        return str(told["hookSpecificOutput"]["permissionDecisionReason"]) if told else ""

    def but(self, **settings: Any) -> "Here":
        return Here(self.emulator, self.folder, self.settings.model_copy(update=settings))

    async def explain(self, change: str, **more: Any) -> str:
        return await guard.explain(change, more.pop("dump", None), self.settings, **more)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    """``billing-api`` has three ready pods there, ``mailer`` has one."""
    text = (ROOT / "bot/demo/scenarios/healthy.yaml").read_text(encoding="utf-8")
    (tmp_path / "three.yaml").write_text(text.replace("replicas: 2", "replicas: 3"), encoding="utf-8")
    emulator = ClusterEmulator(load_scenario(tmp_path / "three.yaml"), clock=VirtualClock(speed=0))
    await emulator.start()
    (tmp_path / "policy.yaml").write_text(POLICY)
    settings = Settings(
        _env_file=None,
        kubeconfig=str(emulator.write_kubeconfig(tmp_path / "kubeconfig", "ask-claude")),
        policy_file=tmp_path / "policy.yaml",
        database_url=f"sqlite:///{tmp_path / 'bot.db'}",
    )
    yield Here(emulator, tmp_path, settings)
    await emulator.stop()
