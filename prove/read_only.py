"""F24: with REMEDIATION_MODE=off no request that could change the cluster leaves the bot, whatever it is asked."""

import asyncio
import random
import tempfile
from pathlib import Path

from bot.demo.cluster_emulator import scenario_names
from prove.figure import Figure, Proof
from tests.journeys import acting

WORDS = (
    "restart it",
    "roll it back",
    "scale it to 5",
    "delete the failed pods",
    "please fix this now, I approve",
    "show the logs",
    "what changed?",
    "approve",
)


def run(seed: int, cases: int) -> Figure:
    """``cases`` incidents of the emulator, each asked about, pressed for a change, and watched for writes."""
    names = scenario_names()
    chosen = [names[number % len(names)] for number in range(cases)]
    requests, failures = 0, []
    for number, name in enumerate(chosen):
        sent, why = asyncio.run(_in_one(name, random.Random(seed + number)))
        requests += sent
        failures += why
    seen = f"{requests:,} requests in {cases} incidents, {len(failures)} faults"
    return Figure(cases, seen, tuple(failures))


async def _in_one(scenario: str, rng: random.Random) -> tuple[int, list[str]]:
    with tempfile.TemporaryDirectory() as name:
        async with acting.town(Path(name), scenario, remediation_mode="off") as town, town.serving() as bot:
            failures = ["an executor was built"] if bot.running.executor is not None else []
            thread = await town.ask("What is wrong?")
            for words in rng.sample(WORDS, 4):
                await town.slack.user("alice").reply(words, acting.CHANNEL, thread)
            await town.idle()
            failures += [f"{scenario}: {each.method} {each.path}" for each in town.writes()]
            return len(town.cluster.requests), failures


PROOF = Proof(id="F24", claim="read-only mode sends no request that changes anything", cases=(0, 8, 32), run=run)
