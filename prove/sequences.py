"""F1: random sequences of clicks, crashes, foreign writes, lost answers and switches on the real engine."""

import asyncio
import shutil
from collections import Counter

from bot.adapters.store.database import migrate
from prove._engine import scratch
from prove._sequence import Sequence
from prove.figure import Figure, Proof

STEPS = 25


def run(seed: int, cases: int) -> Figure:
    """``cases`` sequences of 25 steps; every rule is looked at after every step."""
    return asyncio.run(_run(seed, cases))


async def _run(seed: int, cases: int) -> Figure:
    failures, ends, crashes = list[str](), Counter[str](), 0
    with scratch() as folder:
        fresh = folder / "fresh.db"
        await asyncio.to_thread(migrate, f"sqlite:///{fresh}")
        for number in range(cases):
            file = folder / "bot.db"
            for each in folder.glob("bot.db*"):
                each.unlink()
            shutil.copyfile(fresh, file)
            sequence = Sequence(seed * 1_000_003 + number, file)
            try:
                await sequence.play(STEPS)
            finally:
                await sequence.database.close()
            failures += [f"sequence {number}: {each}" for each in sorted(set(sequence.failures))]
            ends.update(sequence.ends())
            crashes += sequence.crashes
    told = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
    seen = f"{cases:,} sequences of {STEPS} steps, {crashes} crashes at named points; {told}"
    return Figure(cases, f"{seen}; {len(failures)} rules broken", tuple(failures))


PROOF = Proof(
    id="F1",
    claim="whatever happens in whatever order, no rule of approval and execution is broken",
    cases=(200, 1000, 10_000),
    run=run,
    not_covered="others keep our annotation when they change an object; crashes are simulated here, F4 kills.",
)
