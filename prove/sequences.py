"""F1: random sequences of clicks, crashes, foreign writes, lost answers and switches on the real engine."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence as TheSequence
from dataclasses import dataclass

from bot.adapters.store.database import migrate
from prove._at_once import DatabaseAtOnce
from prove._engine import scratch
from prove._sequence import Sequence
from prove.figure import Figure, Proof, Share, Split

STEPS = 25


@dataclass(frozen=True, slots=True)
class _Told:
    failures: tuple[str, ...]
    ends: Counter[str]
    crashes: int


def part(seed: int, cases: int, share: Share) -> _Told:
    """Sequences of 25 steps; every rule is looked at after every step."""
    return asyncio.run(_play(seed, share.of_cases(cases)))


def whole(cases: int, parts: TheSequence[_Told]) -> Figure:
    """What happened in all of them."""
    failures = tuple(each for one in parts for each in one.failures)
    ends = sum((each.ends for each in parts), Counter[str]())
    shown = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
    crashes = sum(each.crashes for each in parts)
    seen = f"{cases:,} sequences of {STEPS} steps, {crashes} crashes at named points; {shown}"
    return Figure(cases, f"{seen}; {len(failures)} rules broken", failures)


async def _play(seed: int, numbers: Iterable[int]) -> _Told:
    failures, ends, crashes = list[str](), Counter[str](), 0
    with scratch() as folder:
        fresh, file = folder / "fresh.db", folder / "bot.db"
        await asyncio.to_thread(migrate, f"sqlite:///{fresh}")
        # One for all of them: what it learned about the statements stays, and each sequence has a file of its own.
        database = DatabaseAtOnce(f"sqlite:///{file}")
        for number in numbers:
            for each in folder.glob("bot.db*"):
                each.unlink()
            shutil.copyfile(fresh, file)
            sequence = Sequence(seed * 1_000_003 + number, file, database)
            try:
                await sequence.play(STEPS)
            finally:
                await sequence.close()
            failures += [f"sequence {number}: {each}" for each in sorted(set(sequence.failures))]
            ends.update(sequence.ends())
            crashes += sequence.crashes
    return _Told(tuple(failures), ends, crashes)


SPLIT = Split(500, part, whole)
PROOF = Proof(
    id="F1",
    claim="whatever happens in whatever order, no rule of approval and execution is broken",
    cases=(200, 1000, 10_000),
    run=SPLIT.run,
    split=SPLIT,
    not_covered="others keep our annotation when they change an object; crashes are simulated here, F4 kills.",
)
