"""F9: the bot is killed again and again while people ask; what it acknowledged is answered, and answered once.

The real bot over Socket Mode against the Slack emulator, which delivers again what was not acknowledged. Each kill is
SIGKILL of a real process, at a random moment after a question.
"""

import asyncio
import json
import random
import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.demo.cluster_emulator import ClusterEmulator, load_scenario
from bot.demo.slack_emulator import Message, Outcome, SlackEmulator, SocketTiming
from bot.demo.stage import ROOT, environment
from prove._engine import scratch
from prove._forking import Nursery
from prove.figure import Figure, Lane, Proof
from tests.journeys import acting

CHANNEL = "incidents"
# Bounds on a hang, in real seconds: none is ever waited for in full.
_CONNECTS, _ENDS = 120.0, 900.0
_MARK = re.compile(r"mark\d+")
_OPEN = (
    "SELECT (SELECT count(*) FROM inbox WHERE state IN ('new', 'taken'))"
    " + (SELECT count(*) FROM outbox WHERE state IN ('new', 'sending'))"
)


@dataclass(slots=True)
class _Asked:
    """One thing somebody said: where its answer belongs. A command opens its own thread, which is found by its mark."""

    mark: str
    thread: str | None = None


@dataclass(slots=True)
class _Story:
    asked: list[_Asked] = field(default_factory=list)
    commands: list[asyncio.Task[Outcome]] = field(default_factory=list)
    kills: int = 0
    bursts: Counter[str] = field(default_factory=Counter)


def run(seed: int, cases: int) -> Figure:
    """``cases`` kills, with questions before each; then one bot may finish, and everything is counted."""
    return asyncio.run(_run(seed, cases))


async def _run(seed: int, cases: int) -> Figure:
    rng, story = random.Random(seed), _Story()
    slack = SlackEmulator(ROOT / "manifest.yml", timing=SocketTiming(redelivery=(0.0, 0.5, 1.0)))
    cluster = ClusterEmulator(load_scenario("healthy"))
    with scratch() as folder:
        await cluster.start()
        await slack.start()
        nursery = Nursery(environment(slack, cluster, folder) | {"ANTHROPIC_API_KEY": ""}, folder / "log")
        await nursery.open()
        try:
            await _lives(nursery, slack, rng, story, cases)
            last = await _connected(nursery, slack)
            await asyncio.gather(*story.commands)
            database = folder / "demo.db"
            await acting.until(lambda: _count(database) == 0 and not _unacknowledged(slack), _ENDS)
            nursery.kill(last)
            return _counted(slack, database, story)
        finally:
            await nursery.close()
            await slack.stop()
            await cluster.stop()


async def _lives(nursery: Nursery, slack: SlackEmulator, rng: random.Random, story: _Story, cases: int) -> None:
    while story.kills < cases:
        pid = await _connected(nursery, slack)
        for _ in range(rng.choice((1, 1, 2, 3))):
            await _ask(slack, rng, story)
        # Between the delivery and the last word of an answer: most moments are early, where most is at stake.
        await asyncio.sleep(rng.choice((0.0, 0.01, 0.02, 0.05, 0.2, 0.5, 1.0, 3.0)) * rng.random())
        nursery.kill(pid)
        story.kills += 1
        await acting.until(lambda: slack.connections == 0, _CONNECTS)


async def _connected(nursery: Nursery, slack: SlackEmulator) -> int:
    pid = await nursery.begin()
    await acting.until(lambda: slack.connections > 0, _CONNECTS)
    return pid


async def _ask(slack: SlackEmulator, rng: random.Random, story: _Story) -> None:
    bob, mark = slack.user("bob"), f"mark{len(story.asked)}"
    threads = _threads(slack)
    kind = rng.choice(("command", "mention", "direct", *(("reply",) * 6 if threads else ())))
    story.bursts[kind] += 1
    asked = _Asked(mark)
    match kind:
        case "command":
            story.commands.append(asyncio.create_task(bob.slash(f"/ask-claude is all well? {mark}", CHANNEL)))
        case "mention":
            asked.thread = (await bob.mention(f"is all well? {mark}", CHANNEL)).ts
        case "direct":
            asked.thread = (await bob.dm(f"is all well? {mark}")).ts
        case _:
            root = rng.choice(threads)
            await bob.reply(f"show the events {mark}", root.channel, root.ts)
            asked.thread = root.ts
    story.asked.append(asked)


def _threads(slack: SlackEmulator) -> list[Message]:
    """Those that somebody of the bot's has said something in, or that the bot opened."""
    everything = list(slack.team.all_messages())
    answered = {each.thread_ts for each in everything if each.bot_id and each.is_reply}
    return [each for each in everything if not each.is_reply and each.ts in answered]


def _count(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        return int(connection.execute(_OPEN).fetchone()[0])


def _unacknowledged(slack: SlackEmulator) -> bool:
    """Whether an event is still to be delivered again; commands never are."""
    marks = Counter[str]()
    acked = Counter[str]()
    for each in slack.deliveries("events_api"):
        event = str(each.envelope["payload"]["event_id"])
        marks[event] += 1
        acked[event] += each.is_acked
    return any(acked[event] == 0 and marks[event] <= len(slack.office.sockets.timing.redelivery) for event in marks)


def _counted(slack: SlackEmulator, database: Path, story: _Story) -> Figure:
    acked = _acknowledged(slack)
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT payload, state FROM inbox").fetchall()
    stored = Counter(mark for payload, _ in rows for mark in _MARK.findall(json.loads(payload).get("text") or ""))
    failures = [f"{mark} was acknowledged and is nowhere" for mark in sorted(acked - set(stored))]
    failures += [f"{mark} was taken {count} times" for mark, count in stored.items() if count > 1]
    failures += [f"an item ended as {state}: {payload[:120]}" for payload, state in rows if state != "done"]
    answers, expected = _answers(slack), _expected(slack, story, set(stored))
    failures += [
        f"thread {thread}: {answers[thread]} answers to {count} questions"
        for thread, count in expected.items()
        if answers[thread] != count
    ]
    failures += [f"said twice: {nonce}" for nonce, count in _nonces(slack).items() if count > 1]
    lost = len(acked - set(stored))
    kinds = ", ".join(f"{count} of kind {kind}" for kind, count in sorted(story.bursts.items()))
    seen = (
        f"{story.kills} kills, {len(story.asked)} questions ({kinds}), {len(acked)} acknowledged, {lost} lost, "
        f"{sum(answers.values())} answers to {len(stored)} questions in {len(expected)} threads"
    )
    return Figure(story.kills, seen, tuple(failures))


def _acknowledged(slack: SlackEmulator) -> set[str]:
    acked = [each.envelope["payload"] for each in slack.deliveries() if each.is_acked]
    said = [str(each.get("text") or (each.get("event") or {}).get("text") or "") for each in acked if _is_asked(each)]
    return {mark for text in said for mark in _MARK.findall(text)}


def _is_asked(payload: dict[str, Any]) -> bool:
    """What the bot has to take: not its own words, and of a mention not the copy that everybody in the channel gets."""
    event = payload.get("event")
    if event is None:
        return True
    if event.get("bot_id") or event.get("subtype"):
        return False
    return event["type"] == "app_mention" or event.get("channel_type") == "im" or "thread_ts" in event


def _answers(slack: SlackEmulator) -> Counter[str]:
    ours = [each for each in slack.team.all_messages() if each.bot_id and each.is_reply]
    return Counter(str(each.thread_ts) for each in ours if "written by" in slack.as_text(each))


def _expected(slack: SlackEmulator, story: _Story, stored: set[str]) -> Counter[str]:
    """How many answers belong into each thread: to what was stored, acknowledged in time or not."""
    roots = {
        mark: each.ts
        for each in slack.team.all_messages()
        if each.bot_id and not each.is_reply
        for mark in _MARK.findall(each.text)
    }
    where = {each.mark: each.thread or roots.get(each.mark, f"no thread for {each.mark}") for each in story.asked}
    return Counter(where[mark] for mark in stored)


def _nonces(slack: SlackEmulator) -> Counter[str]:
    said = [each.metadata for each in slack.team.all_messages() if each.bot_id and each.metadata]
    return Counter(str(each["event_payload"].get("nonce")) for each in said)


PROOF = Proof(
    id="F9",
    claim="what was acknowledged to Slack is answered, once, however often the bot is killed",
    cases=(20, 60, 100),
    run=run,
    lane=Lane.WAITING,
    not_covered="commands and clicks that Slack gave up on before they were acknowledged: it never sends them again.",
)
