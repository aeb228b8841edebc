"""F25: faults planted by turning the syntax of the rules, one at a time; how many the tests of the rules notice."""

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from prove.figure import Figure, Proof, Share, Split
from tests.mutations.operators import Mutant, mutants

ROOT = Path(__file__).resolve().parents[1]
LEAST = 0.9
# What decides whether a change may run, and the tests that hold it.
MODULES = (
    *("safety/validator.py", "safety/policy.py", "safety/action_rules.py", "safety/actions.py", "safety/approval.py"),
    *("safety/floor.py", "safety/freezes.py", "safety/risk.py", "safety/drafts.py"),
    *("safety/rules/case.py", "safety/rules/place.py", "safety/rules/pods.py"),
    *("safety/rules/standing.py", "safety/rules/workloads.py"),
)
TESTS = tuple(
    f"tests/safety/test_{each}.py"
    for each in ("rules", "validator", "policy", "policy_bounds", "risk", "actions", "floor", "approval")
)
_COPIED = ("safety", "tests/safety", "pyproject.toml")
# A fault that never ends is one that everybody notices; how long that takes to see, in runs without a fault.
_NEVER, _AT_LEAST = 20.0, 120.0
_HANGS = 900.0


def all_mutants() -> list[Mutant]:
    """Every one of every module, in a fixed order."""
    return [each for file in MODULES for each in mutants(file, (ROOT / file).read_text(encoding="utf-8"))]


def part(seed: int, cases: int, share: Share) -> tuple[int, list[str]]:
    """Plant those of this share, drawn at random, and ask the tests; each in a copy of the rules and their tests.

    How many, and those that no test noticed.
    """
    known = all_mutants()
    drawn = random.Random(seed).sample(known, min(cases, len(known)))
    mine = [drawn[number] for number in share.of_cases(len(drawn))]
    began = time.monotonic()
    if _ran(None, _HANGS):
        return 0, ["the tests fail without any fault"]
    patience = max(_AT_LEAST, _NEVER * (time.monotonic() - began))
    return len(mine), [str(each) for each in mine if not is_caught(each, patience)]


def whole(_cases: int, parts: Sequence[tuple[int, list[str]]]) -> Figure:
    """The share that was noticed. Tests that fail by themselves notice nothing."""
    planted, survivors = sum(each for each, _ in parts), [one for _, missed in parts for one in missed]
    score = 1 - len(survivors) / planted if planted else 0.0
    known = len(all_mutants())
    seen = f"{planted - len(survivors)} of {planted} caught ({score:.1%}), drawn from {known}"
    enough = score >= LEAST and all(each for each, _ in parts)
    return Figure(planted, seen, () if enough else tuple(survivors))


def is_caught(mutant: Mutant, patience: float = _HANGS) -> bool:
    """Whether a test fails, or nothing works any more, with this fault in place; or no end comes in so many seconds."""
    return _ran(mutant, patience) != 0


def _ran(mutant: Mutant | None, patience: float) -> int:
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        copy = Path(name)
        for part in _COPIED:
            source = ROOT / part
            (copy / part).parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / part)
        if mutant is not None:
            (copy / mutant.file).write_text(mutant.text, encoding="utf-8")
        command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        # Random examples would take most of the time, and a score must not depend on what they happen to draw.
        command += ["-m", "not hypothesis"]
        try:
            done = subprocess.run([*command, *TESTS], cwd=copy, capture_output=True, timeout=patience, check=False)
        except subprocess.TimeoutExpired:
            return 1
        return done.returncode


SPLIT = Split(30, part, whole)
PROOF = Proof(
    id="F25",
    claim="the tests of the rules notice a fault in them",
    cases=(0, 60, 120),
    run=SPLIT.run,
    split=SPLIT,
    not_covered="faults that take more than one change, and words that people read; equivalent faults count as missed.",
)
