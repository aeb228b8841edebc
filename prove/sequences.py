"""F1: random sequences of clicks, crashes, foreign writes, lost answers and switches on the real engine."""

import asyncio
import logging
import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import structlog

from bot.adapters.store.database import migrate
from prove._engine import scratch
from prove._sequence import Sequence
from prove.figure import Figure, Proof

STEPS = 25
# Below this a second process costs more than it brings.
_SHARED_FROM = 400


@dataclass(frozen=True, slots=True)
class _Told:
    failures: tuple[str, ...]
    ends: Counter[str]
    crashes: int


def run(seed: int, cases: int) -> Figure:
    """``cases`` sequences of 25 steps; every rule is looked at after every step. Many are shared among processes."""
    processes = min(os.cpu_count() or 1, cases // _SHARED_FROM + 1)
    numbers = [range(each, cases, processes) for each in range(processes)]
    if processes == 1:
        told = [_played(seed, numbers[0])]
    else:
        with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _quiet) as pool:
            told = list(pool.map(partial(_played, seed), numbers))
    failures = tuple(each for one in told for each in one.failures)
    ends = sum((each.ends for each in told), Counter[str]())
    shown = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
    crashes = sum(each.crashes for each in told)
    seen = f"{cases:,} sequences of {STEPS} steps, {crashes} crashes at named points; {shown}"
    return Figure(cases, f"{seen}; {len(failures)} rules broken", failures)


def _quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _played(seed: int, numbers: Iterable[int]) -> _Told:
    return asyncio.run(_play(seed, numbers))


async def _play(seed: int, numbers: Iterable[int]) -> _Told:
    failures, ends, crashes = list[str](), Counter[str](), 0
    with scratch() as folder:
        fresh, file = folder / "fresh.db", folder / "bot.db"
        await asyncio.to_thread(migrate, f"sqlite:///{fresh}")
        for number in numbers:
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
    return _Told(tuple(failures), ends, crashes)


PROOF = Proof(
    id="F1",
    claim="whatever happens in whatever order, no rule of approval and execution is broken",
    cases=(200, 1000, 10_000),
    run=run,
    not_covered="others keep our annotation when they change an object; crashes are simulated here, F4 kills.",
)
