"""F8: whatever the network does between the bot and the cluster, a change happens once, and no other is claimed."""

import asyncio
import json
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prove._faulty_network import Fault, FaultyNetwork
from prove._yard import Ledger
from prove.figure import Figure, Lane, Proof, Witnessed
from tests.journeys import acting

# One read in ten meets a fault, and one write in three. So many bots and clusters run side by side.
SHARES = (0.1, 0.33)
TOWNS = 4
MARKER = "ask-claude.io/proposal"
# In these a change must not be in the cluster, now or later.
_WITHOUT = {"FAILED", "STALE", "BLOCKED", "EXPIRED", "DENIED", "CANCELLED"}
POLICY = f"""
version: 1
mode: approve
environments:
  dev: {{namespaces: [{acting.NAMESPACE}]}}
actions:
  restart_deployment: {{environments: [dev]}}
approvals:
  default: {{groups: [S0ONCALL], requester_may_approve: true}}
limits: {{per_namespace_per_hour: 100000, per_target_per_hour: 100000, per_incident: 100000,
  breaker: {{failures: 10, cooldown: 1m}}}}
"""


def run(seed: int, cases: int) -> Figure:
    """Changes are asked for and approved until ``cases`` calls went through the network."""
    return asyncio.run(_run(seed, cases))


@dataclass(frozen=True, slots=True)
class _Told:
    calls: int
    faults: Counter[Fault]
    ends: Counter[str]
    effects: int
    unrecorded: tuple[str, ...]
    failures: tuple[str, ...]


async def _run(seed: int, cases: int) -> Figure:
    told = await asyncio.gather(*(_in_one_town(seed + number, cases // TOWNS) for number in range(TOWNS)))
    calls = sum(each.calls for each in told)
    faults = sum((each.faults for each in told), Counter[Fault]())
    ends = sum((each.ends for each in told), Counter[str]())
    failures = [why for each in told for why in each.failures]
    if not ends["SUCCEEDED"]:
        failures.append("no change succeeded, so nothing was shown")
    seen = (
        f"{calls:,} calls, {faults.total():,} with a fault of {len(faults)} kinds; {ends.total()} proposals: "
        f"{', '.join(f'{count} {end}' for end, count in sorted(ends.items()))}"
    )
    unrecorded = tuple(each for one in told for each in one.unrecorded)
    return Figure(calls, seen, tuple(failures), Witnessed(sum(each.effects for each in told), unrecorded))


async def _in_one_town(seed: int, calls: int) -> _Told:
    ends: Counter[str] = Counter()
    failures: list[str] = []
    async with _behind_a_faulty_network(seed) as (town, network), town.serving():
        ledger = Ledger(town.cluster.store, town.database)
        thread = await _thread(town)
        while network.calls < calls and not failures:
            end, why = await _one_change(town, thread)
            ends[end] += 1
            failures += why
    failures += ledger.failures
    effects, unrecorded = ledger.effects.total(), tuple(ledger.unrecorded)
    return _Told(network.calls, network.faults, ends, effects, unrecorded, tuple(failures))


@asynccontextmanager
async def _behind_a_faulty_network(seed: int) -> AsyncIterator[tuple[acting.Town, FaultyNetwork]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
        async with (
            acting.town(folder, policy_file=folder / "policy.yaml", flooded=True) as town,
            FaultyNetwork(town.cluster.url, random.Random(seed), SHARES) as network,
        ):
            kubeconfig = folder / "kubeconfig"
            text = kubeconfig.read_text(encoding="utf-8")
            kubeconfig.write_text(text.replace(town.cluster.url, network.url), encoding="utf-8")
            yield town, network


async def _thread(town: acting.Town) -> str:
    """Ask until it is taken: who is told to send it again does so."""
    while True:
        told = _turned_away(town)
        try:
            return str(await town.ask())
        except (AssertionError, TimeoutError):
            if _turned_away(town) == told:
                raise


def _turned_away(town: acting.Town) -> int:
    """How often somebody was told to send something again, since the database was busy."""
    return sum("send it again" in town.slack.as_text(each) for each in town.slack.ephemerals("bob"))


async def _one_change(town: acting.Town, thread: str) -> tuple[str, list[str]]:
    """Ask, approve and wait; how it ended, and what of it must not be."""
    before, known = town.generation, len(town.rows("SELECT 1 FROM proposals"))
    refused = len(town.rows("SELECT 1 FROM audit WHERE type = 'proposal.rejected'"))

    def answered() -> bool:
        made = len(town.rows("SELECT 1 FROM proposals WHERE message_ts IS NOT NULL")) > known
        return made or len(town.rows("SELECT 1 FROM audit WHERE type = 'proposal.rejected'")) > refused

    try:
        while not answered():
            told = _turned_away(town)
            await town.slack.user("bob").reply(f"restart {acting.DEPLOYMENT}", acting.CHANNEL, thread)
            await acting.until(lambda told=told: answered() or _turned_away(town) > told, 120)
    except TimeoutError:
        said = [town.slack.as_text(each) for each in town.slack.messages(acting.CHANNEL, thread)[-2:]]
        return "unheard", [f"a change was asked for, and neither offered nor refused; last said: {said}"]
    if len(town.rows("SELECT 1 FROM proposals")) == known:
        return "not offered", [] if town.generation == before else ["a change without a proposal"]
    made = town.rows("SELECT id, message_ts FROM proposals ORDER BY created_at DESC LIMIT 1")[0]
    proposal, ts = str(made[0]), str(made[1])
    await town.slack.user("alice").click(acting.CHANNEL, ts, "approve")

    def state() -> str:
        return str(town.rows(f"SELECT state FROM proposals WHERE id = '{proposal}'")[0][0])

    await acting.until(lambda: state() in acting.FINAL, 120)
    await acting.until(lambda: bool(_calm(town, proposal)), 120)
    wrong = _wrong(town, proposal, state(), before)
    if state() == "UNKNOWN":
        await _settle(town, proposal, thread, ts)
    return state(), wrong


async def _settle(town: acting.Town, proposal: str, thread: str, ts: str) -> None:
    """Somebody looks, since an outcome that nobody knows holds the object against every further change."""
    alice = town.slack.user("alice")

    def can_be_settled() -> bool:
        cards = [each.blocks for each in town.slack.messages(acting.CHANNEL, thread) if each.ts == ts]
        return '"settle"' in json.dumps(cards)

    await acting.until(can_be_settled, 60)
    await alice.click(acting.CHANNEL, ts, "settle")
    await alice.submit(town.slack.views("alice")[0].id, {"reason": {"text": "looked"}})
    is_settled = f"SELECT 1 FROM proposals WHERE id = '{proposal}' AND settled_at IS NOT NULL"
    await acting.until(lambda: bool(town.rows(is_settled)), 60)


def _calm(town: acting.Town, proposal: str) -> bool:
    """Nothing watches it any more, and the pods are as they should be, so that the next change can be judged."""
    row = town.rows(f"SELECT state, verified FROM proposals WHERE id = '{proposal}'")[0]
    status = town.deployment()["status"]
    calm = status.get("updatedReplicas") == status.get("readyReplicas") == status.get("replicas")
    return calm and (row[0] != "SUCCEEDED" or row[1] is not None)


def _wrong(town: acting.Town, proposal: str, state: str, before: int) -> list[str]:
    changes = town.generation - before
    is_marked = town.deployment()["metadata"].get("annotations", {}).get(MARKER) == proposal
    wrong = []
    if changes > 1:
        wrong.append(f"{proposal}: {changes} changes for one approval")
    if state == "SUCCEEDED" and not (changes == 1 and is_marked):
        wrong.append(f"{proposal}: said to have succeeded, and the cluster has {changes} changes")
    if state in _WITHOUT and changes:
        wrong.append(f"{proposal}: {state}, and the cluster was changed")
    intents = town.rows(f"SELECT 1 FROM audit WHERE proposal = '{proposal}' AND type = 'execution.sent'")
    if changes and not intents:
        wrong.append(f"{proposal}: changed without a durable record that it was sent")
    return wrong


PROOF = Proof(
    id="F8",
    claim="on a faulty network a change happens once, and none is claimed that is not there",
    cases=(0, 1_500, 3_000),
    run=run,
    lane=Lane.WAITING,
    not_covered="a server that answers one thing and stores another.",
)
