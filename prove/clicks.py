"""F6: fifty people answer a proposal at once; it moves once, and whoever asked for it never approves it."""

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from datetime import timedelta
from typing import Any

from bot.adapters.store.database import migrate
from bot.domain import Proposal, ProposalId, ProposalState
from bot.lifecycle import NoCheckpoints
from bot.stores import AuditEntry, CardPayload
from prove._at_once import DatabaseAtOnce, others_first
from prove._direct import DirectCluster
from prove._engine import REDACTOR, Engine, Ground, Townsfolk, click, engine, policy, scratch, thread_of
from prove.figure import Figure, Proof, Share, Split
from safety.actions import RestartDeployment, Target, digest
from safety.approval import Verdict
from tests.fakes import START, FixedClock

CLICKS = 50
ENTITLED = [f"U0E{number:02d}" for number in range(20)]
STRANGERS = [f"U0S{number:02d}" for number in range(10)]
REQUESTER = ENTITLED[0]
S = ProposalState


def part(seed: int, cases: int, share: Share) -> tuple[Counter[str], list[str]]:
    """Proposals, each with fifty clicks at the same time; every third needs two approvals."""
    return asyncio.run(_run(seed, share.of_cases(cases)))


async def _run(seed: int, numbers: Iterable[int]) -> tuple[Counter[str], list[str]]:
    failures, ends = list[str](), Counter[str]()
    with scratch() as folder:
        url = f"sqlite:///{folder / 'bot.db'}"
        await asyncio.to_thread(migrate, url)
        database, clock = DatabaseAtOnce(url, others_first), FixedClock()
        cluster = DirectCluster([], random.Random(seed), START)
        rules = policy({"pending_max": 100}, groups=["S0ONCALL"])
        ground = Ground(database, clock, Townsfolk(ENTITLED), cluster, cluster, rules, plain=True)
        # Two engines on one database: the clicks come in at both.
        engines = [engine(ground, NoCheckpoints()) for _ in range(2)]
        try:
            for number in numbers:
                made = await _proposed(engines[0], number)
                await asyncio.gather(*_clicks(engines, made, random.Random(f"{seed}:{number}")))
                ends[await _judged(engines[0], made, failures)] += 1
        finally:
            await database.close()
    return ends, failures


def whole(cases: int, parts: Sequence[tuple[Counter[str], list[str]]]) -> Figure:
    """How all of them ended."""
    ends, failures = sum((each for each, _ in parts), Counter[str]()), [why for _, wrong in parts for why in wrong]
    told = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
    seen = f"{CLICKS * cases:,} clicks on {cases:,} proposals, each moved once at most: {told}; 0 self-approvals"
    return Figure(cases, seen if not failures else "not each moved once", tuple(failures))


async def _proposed(own: Engine, number: int) -> Proposal:
    target = Target(cluster="c", namespace="yard-dev", name=f"w{number}", uid=f"u{number}", generation=1)
    action = RestartDeployment(target=target)
    made = Proposal(
        id=ProposalId(f"p{number}"),
        thread=thread_of(f"{number}.0"),
        action=action,
        digest=digest(action, own.judge.policy.sha256),
        why=REDACTOR.text("because"),
        before_after=(),
        state=S.PENDING,
        requested_by=REQUESTER,
        created_at=START,
        expires_at=START + timedelta(minutes=30),
        needed=1 + number % 3 // 2,
    )
    text = REDACTOR.text("nothing")
    entry = AuditEntry("proposal.created", REDACTOR.json({"proposal": made.id}), made.id)
    payload = CardPayload("yard", "dev", text, text, (), ("S0ONCALL",))
    await own.proposals.create(made, payload, entry, card=own.changes.cards.draw)
    return made


def _clicks(engines: list[Engine], made: Proposal, rng: random.Random) -> list[Coroutine[Any, Any, None]]:
    """In any order: those who may, those who may not, the one who asked, and everybody now and then a second time."""
    crowd = rng.choices([*ENTITLED, *STRANGERS, REQUESTER, REQUESTER], k=CLICKS)
    target = made.id, made.digest, made.thread.thread_ts
    share = rng.choice((0.0, 0.05, 0.5))
    pressed = [
        click(engines[0], target, user, Verdict.DENY if rng.random() < share else Verdict.APPROVE, f"{made.id}.{each}")
        for each, user in enumerate(crowd)
    ]
    return [rng.choice(engines).changes.decisions.decide(each) for each in pressed]


async def _judged(own: Engine, made: Proposal, failures: list[str]) -> str:
    found = await own.proposals.get(made.id)
    assert found is not None
    approvers = set(found.approvers)
    if found.state not in (S.APPROVED, S.DENIED, S.PENDING):
        failures.append(f"{made.id} is {found.state}")
    if found.state is S.APPROVED and len(approvers) != made.needed:
        failures.append(f"{made.id} has {len(approvers)} approvals of {made.needed}")
    if REQUESTER in approvers:
        failures.append(f"{made.id} was approved by whoever asked for it")
    if approvers - set(ENTITLED):
        failures.append(f"{made.id} was approved by somebody without a say")
    decisive = [each for each in await own.stores.audit.records(made.id) if each.type == "vote.cast"]
    most = made.needed + (1 if found.state is S.DENIED else 0)
    if len(decisive) > most:
        failures.append(f"{made.id}: {len(decisive)} votes counted")
    return found.state.value


SPLIT = Split(100, part, whole)
PROOF = Proof(
    id="F6",
    claim="fifty clicks at once move a proposal once, and nobody approves what they asked for",
    cases=(20, 200, 1000),
    run=SPLIT.run,
    split=SPLIT,
)
