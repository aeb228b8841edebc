"""``python -m prove [F1 …] [--short]``: run the proofs; the last line says how many held. 0 only if all did."""

import argparse
import importlib
import logging
import pkgutil
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

import prove
from prove._paper import paper
from prove.figure import Figure, Proof, Size

SEED = 20261129


@dataclass(frozen=True, slots=True)
class Ran:
    """A proof as it went."""

    proof: Proof
    cases: int
    figure: Figure
    seconds: float


def proofs() -> Mapping[str, Proof]:
    """Every proof by its number, in the order of the numbers."""
    names = sorted(each.name for each in pkgutil.iter_modules(prove.__path__))
    modules = [importlib.import_module(f"prove.{name}") for name in names if name[0] != "_" and name != "figure"]
    found: dict[str, Proof] = {module.PROOF.id: module.PROOF for module in modules}
    return dict(sorted(found.items(), key=lambda item: int(item[0].removeprefix("F"))))


def carry_out(proof: Proof, cases: int, seed: int) -> Ran:
    """Run one. One that cannot be run has failed, whatever the reason."""
    began = time.monotonic()
    try:
        figure = proof.run(seed, cases)
    except Exception:  # noqa: BLE001 - the outermost loop: the other proofs still run
        figure = Figure(cases, "it could not be run", (traceback.format_exc(limit=-3).strip(),))
    return Ran(proof, cases, figure, time.monotonic() - began)


def told(ran: Ran) -> str:
    """One line, and under it up to five of what failed."""
    figure, word = ran.figure, "held  " if ran.figure.held else "FAILED"
    lines = [f"{word} {ran.proof.id:<4} {ran.proof.claim}: {figure.seen}  ({ran.seconds:.0f} s)"]
    return "\n".join([*lines, *(f"            {each}" for each in figure.failures[:5])])


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
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    print(f"seed {chosen.seed}, {size} run", flush=True)
    ran = []
    for proof in known.values():
        if (chosen.ids and proof.id not in chosen.ids) or not proof.cases_of(size):
            continue
        print(f"…      {proof.id:<4} {proof.claim}", file=sys.stderr, flush=True)
        ran.append(carry_out(proof, proof.cases_of(size), chosen.seed))
        print(told(ran[-1]), flush=True)
    held = sum(each.figure.held for each in ran)
    if chosen.write:
        chosen.write.write_text(paper([(e.proof, e.cases, e.figure, e.seconds) for e in ran], chosen.seed, size))
    print(f"{held} held, {len(ran) - held} failed")
    return 0 if ran and held == len(ran) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
