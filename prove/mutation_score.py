"""F25: faults planted by turning the syntax of the rules, one at a time; how many the tests of the rules notice."""

import random
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prove.figure import Figure, Proof
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
_SECONDS = 120.0


def all_mutants() -> list[Mutant]:
    """Every one of every module, in a fixed order."""
    return [each for file in MODULES for each in mutants(file, (ROOT / file).read_text(encoding="utf-8"))]


def run(seed: int, cases: int) -> Figure:
    """Plant ``cases`` of them, drawn at random, and ask the tests; each in a copy of the rules and their tests."""
    whole = all_mutants()
    drawn = random.Random(seed).sample(whole, min(cases, len(whole)))
    with ThreadPoolExecutor(2) as pool:
        caught = list(pool.map(is_caught, drawn))
    survivors = [str(each) for each, was in zip(drawn, caught, strict=True) if not was]
    score = 1 - len(survivors) / len(drawn)
    seen = f"{len(drawn) - len(survivors)} of {len(drawn)} caught ({score:.1%}), drawn from {len(whole)}"
    enough = score >= LEAST and _is_green()
    return Figure(len(drawn), seen, () if enough else tuple(survivors) or ("the tests fail without any fault",))


def is_caught(mutant: Mutant) -> bool:
    """Whether a test fails, or nothing works any more, with this fault in place."""
    return _ran(mutant) != 0


def _is_green() -> bool:
    return _ran(None) == 0


def _ran(mutant: Mutant | None) -> int:
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
            done = subprocess.run([*command, *TESTS], cwd=copy, capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            # A fault that never ends is one that everybody notices.
            return 1
        return done.returncode


PROOF = Proof(
    id="F25",
    claim="the tests of the rules notice a fault in them",
    cases=(0, 60, 400),
    run=run,
    not_covered="faults that take more than one change, and words that people read; equivalent faults count as missed.",
)
