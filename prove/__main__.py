"""``python -m prove [F1 …] [--short]``: run the proofs; the last line says how many held. 0 only if all did."""

import argparse
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from prove._catalogue import proofs
from prove._paper import Ran, Run, paper
from prove._pool import Done, Part, parts_of, side_by_side
from prove.figure import Figure, Proof, Size

SEED = 20261129
# How often it says what runs, in seconds, when nothing ends meanwhile.
_EVERY = 60.0


def put_together(proof: Proof, cases: int, done: Sequence[Done]) -> Ran:
    """The figure of a proof from its parts. One with a part that could not be run has failed."""
    seconds = sum(each.seconds for each in done)
    broken = tuple(f"{each.part}: {each.failure}" for each in done if each.failure is not None)
    if broken:
        return Ran(proof, cases, Figure(cases, "it could not be run", broken), seconds)
    answers = [each.answer for each in sorted(done, key=lambda each: each.part.share.number if each.part.share else 0)]
    figure: Figure = proof.split.whole(cases, answers) if proof.split is not None else answers[0]
    return Ran(proof, cases, figure, seconds)


def carry_out(wanted: Sequence[tuple[Proof, int]], seed: int, tell: "Progress") -> Iterator[Ran]:
    """Run them side by side, and give out each when it is through."""
    chosen = {proof.id for proof, _ in wanted}
    derived = [one for one in wanted if one[0].over is not None and chosen.issuperset(one[0].over.proofs)]
    parts = {proof.id: parts_of(proof, seed, cases) for proof, cases in wanted if (proof, cases) not in derived}
    # Those in one part first: most are quick, and of the others the last parts share the processors evenly.
    order = sorted((part for each in parts.values() for part in each), key=lambda part: part.share is not None)
    tell.parts, cases_of = len(order), {proof.id: cases for proof, cases in wanted}
    ended, figures = dict[str, list[Done]](), dict[str, Figure]()
    for done in side_by_side(order, tell.running):
        proof = done.part.proof
        ended.setdefault(proof.id, []).append(done)
        tell.done += 1
        if len(ended[proof.id]) == len(parts[proof.id]):
            ran = put_together(proof, cases_of[proof.id], ended[proof.id])
            figures[proof.id] = ran.figure
            yield ran
    for proof, cases in derived:
        assert proof.over is not None
        yield Ran(proof, cases, proof.over.judge([figures[each] for each in proof.over.proofs]), 0.0)


class Progress:
    """Says on standard error how far it is."""

    def __init__(self) -> None:
        self.parts = self.done = 0
        self._began, self._said = time.monotonic(), ("", 0.0)

    def running(self, now: Sequence[Part]) -> None:
        """What runs at this moment; said when it changed, and now and then."""
        words = f"{self.done} of {self.parts} parts done; running: {', '.join(map(str, now)) or 'nothing'}"
        passed = time.monotonic() - self._began
        if words != self._said[0] or passed - self._said[1] >= _EVERY:
            self._said = words, passed
            print(f"…      {passed / 60:4.1f} min  {words}", file=sys.stderr, flush=True)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began


def told(ran: Ran) -> str:
    """One line, and under it up to five of what failed."""
    figure, word = ran.figure, "held  " if ran.figure.held else "FAILED"
    lines = [f"{word} {ran.proof.id:<4} {ran.proof.claim}: {figure.seen}  ({ran.seconds:.0f} s)"]
    return "\n".join([*lines, *(f"            {each}" for each in figure.failures[:5])])


def _stopped(_signal: int, _frame: FrameType | None) -> None:
    # By an exception, so that no process is left behind.
    sys.exit(143)


def main(arguments: list[str]) -> int:
    """0 when every proof held, 1 otherwise."""
    known = proofs()
    parser = argparse.ArgumentParser(prog="python -m prove", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="F", help=f"of {' '.join(known)} (default: all)")
    parser.add_argument("--short", action="store_true", help="as many cases as CI runs, instead of the long run")
    parser.add_argument("--seed", type=int, default=SEED, help="what the random cases are drawn from (%(default)s)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the paper of this run, such as docs/proof.md")
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.ids) - set(known))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}")
    size = Size.SHORT if chosen.short else Size.LONG
    wanted = [each for each in known.values() if (not chosen.ids or each.id in chosen.ids) and each.cases_of(size)]
    print(f"seed {chosen.seed}, {size} run", flush=True)
    signal.signal(signal.SIGTERM, _stopped)
    tell = Progress()
    ran = list(_said(carry_out([(each, each.cases_of(size)) for each in wanted], chosen.seed, tell)))
    held = sum(each.figure.held for each in ran)
    if chosen.write:
        chosen.write.write_text(paper(Run(chosen.seed, size, tell.seconds, ran)), encoding="utf-8")
    print(f"{held} held, {len(ran) - held} failed")
    return 0 if ran and held == len(ran) else 1


def _said(ran: Iterable[Ran]) -> Iterator[Ran]:
    for each in ran:
        print(told(each), flush=True)
        yield each


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
