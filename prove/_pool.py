"""Runs the proofs side by side in a small, fixed number of processes, each part in a process of its own.

Two parts that compute run at a time, one that mostly waits beside them, and those that print durations alone at the
end. What a part says does not depend on what runs beside it.
"""

import gc
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from typing import Any

from prove._catalogue import proofs, quiet
from prove.figure import Lane, Proof, Share

AT_ONCE: Mapping[Lane, int] = {Lane.BUSY: 2, Lane.WAITING: 1, Lane.ALONE: 1}
# A bound on a part that hangs, in real seconds: none is ever waited for so long.
_HANGS = 1800.0


@dataclass(frozen=True, slots=True)
class Part:
    """What one process runs: a whole proof, or a share of one."""

    proof: Proof
    seed: int
    cases: int
    share: Share | None = None

    def __str__(self) -> str:
        return self.proof.id if self.share is None else f"{self.proof.id} {self.share.number + 1}/{self.share.of}"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a part: what it answered, or why there is no answer."""

    part: Part
    seconds: float
    answer: Any = None
    failure: str | None = None


@dataclass(slots=True)
class _Running:
    part: Part
    process: ForkServerProcess
    answers: Connection
    began: float = field(default_factory=time.monotonic)

    def done(self, answer: Any = None, failure: str | None = None) -> Done:
        return Done(self.part, time.monotonic() - self.began, answer, failure)


def parts_of(proof: Proof, seed: int, cases: int) -> list[Part]:
    """What the processes run for one proof."""
    if proof.split is None:
        return [Part(proof, seed, cases)]
    return [Part(proof, seed, cases, share) for share in proof.split.shares(cases)]


def run_in(part: Part) -> Done:
    """Run it here and now. A part that cannot be run has failed, whatever the reason."""
    began, proof = time.monotonic(), part.proof
    try:
        if part.share is None or proof.split is None:
            answer = proof.run(part.seed, part.cases)
        else:
            answer = proof.split.part(part.seed, part.cases, part.share)
    except Exception:  # noqa: BLE001 - the outermost loop: the other proofs still run
        return Done(part, time.monotonic() - began, failure=traceback.format_exc(limit=-3).strip())
    return Done(part, time.monotonic() - began, answer)


def side_by_side(
    parts: Sequence[Part], tell: Callable[[Sequence[Part]], None], hangs: float = _HANGS
) -> Iterator[Done]:
    """Run them all; each is given out when it ends. ``tell`` hears what runs when that changes and now and then."""
    context = multiprocessing.get_context("forkserver")
    # Loaded once and forked for each part.
    context.set_forkserver_preload(["prove._everything"])
    waiting, running = list(parts), list[_Running]()
    try:
        while waiting or running:
            while (part := _next(waiting, [each.part for each in running])) is not None:
                waiting.remove(part)
                running.append(_begun(context, part))
            tell([each.part for each in running])
            yield from _ended(running, hangs)
    finally:
        for one in running:
            _end(one)


def _next(waiting: Sequence[Part], running: Sequence[Part]) -> Part | None:
    for part in waiting:
        lane = part.proof.lane
        if lane is Lane.ALONE and (running or any(each.proof.lane is not Lane.ALONE for each in waiting)):
            continue
        if sum(each.proof.lane is lane for each in running) < AT_ONCE[lane]:
            return part
    return None


def _begun(context: multiprocessing.context.ForkServerContext, part: Part) -> _Running:
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, part.proof.id, part.seed, part.cases, part.share))
    process.start()
    theirs.close()
    return _Running(part, process, ours)


def _work(answers: Connection, proof: str, seed: int, cases: int, share: Share | None) -> None:
    """In the process of its own, and in a group of its own, so that what it started ends with it."""
    os.setsid()
    # All that was loaded before stays; looking through it again and again is a twentieth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    quiet()
    done = run_in(Part(proofs()[proof], seed, cases, share))
    answers.send((done.answer, done.failure))


def _ended(running: list[_Running], hangs: float) -> Iterator[Done]:
    ready = wait([each.answers for each in running], timeout=20.0)
    for one in tuple(running):
        late = time.monotonic() - one.began > hangs
        if one.answers not in ready and not late:
            continue
        if one.answers in ready:
            try:
                done = one.done(*one.answers.recv())
            except EOFError:
                one.process.join()
                done = one.done(failure=f"its process ended with {one.process.exitcode} and without an answer")
        else:
            done = one.done(failure=f"no end within {hangs / 60:.0f} minutes")
        running.remove(one)
        _end(one)
        yield done


def _end(one: _Running) -> None:
    if one.process.pid is not None:
        with suppress(ProcessLookupError):
            os.killpg(one.process.pid, signal.SIGKILL)
    one.process.kill()
    one.process.join()
    one.answers.close()
