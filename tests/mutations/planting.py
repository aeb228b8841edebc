"""Plants one fault at a time in a copy of this checkout, and asks whether the tests named for it notice.

A list of faults is a TOML file beside this module. Each entry has a title, a file, a `find` that occurs in that file
exactly once, what is put in its `place`, and the `tests` that have to fail. Any file of this checkout can be named.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTS = sorted(Path(__file__).parent.glob("*.toml"))
# What is not part of the project, or is big and made by it.
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "node_modules")
# A bound on a hang: no test of a fault takes a tenth of it, on however busy a machine.
_SECONDS = 900.0
_FAILED = re.compile(r"^FAILED (.+?)(?: - .*)?$", re.MULTILINE)
# pytest's own exit statuses.
_PASSED, _SOME_FAILED = 0, 1


class Misplanted(Exception):
    """A fault cannot be judged: it has no place in its file, or its tests do not give a plain answer."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing done wrong on purpose, and the tests (arguments of pytest) that have to notice."""

    title: str
    file: str
    find: str
    place: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """What pytest said: its exit status, the tests that failed, and all its words."""

    status: int
    failed: tuple[str, ...]
    words: str


def check_green(faults: list[Fault], root: Path = ROOT) -> None:
    """Raise Misplanted unless the tests of all these faults pass, in one run, without any fault."""
    tests = tuple(dict.fromkeys(each for fault in faults for each in fault.tests))
    with _copied(root) as copy:
        found = run(copy, tests)
    if found.status != _PASSED:
        raise Misplanted(f"without a fault all tests must pass; pytest ended with {found.status}\n{found.words}")


def catchers(fault: Fault, root: Path = ROOT) -> tuple[str, ...]:
    """The tests that fail with the fault in place; none when it survives. Misplanted when nobody can tell."""
    with _copied(root) as copy:
        (copy / fault.file).write_text(planted(fault, root), encoding="utf-8")
        found = run(copy, fault.tests)
    if found.status == _PASSED:
        return ()
    if found.status != _SOME_FAILED or not found.failed:
        raise Misplanted(f"{fault.title}: pytest ended with {found.status} and no test that failed\n{found.words}")
    return found.failed


def read_faults(path: Path) -> list[Fault]:
    """The faults of one list."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["fault"]
    return [Fault(**{**entry, "tests": tuple(entry["tests"])}) for entry in entries]


def planted(fault: Fault, root: Path = ROOT) -> str:
    """The text of the fault's file with the fault in it; Misplanted unless there is exactly one place for it."""
    text = (root / fault.file).read_text(encoding="utf-8")
    if text.count(fault.find) != 1 or fault.find == fault.place:
        raise Misplanted(f"{fault.title}: {fault.find!r} occurs {text.count(fault.find)} times in {fault.file}")
    return text.replace(fault.find, fault.place)


@contextmanager
def _copied(root: Path) -> Iterator[Path]:
    # A copy for each run: with two runs in one folder, bytecode of the one could be taken for that of the other.
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(root, copy, ignore=_LEFT_OUT)
        yield copy


def run(folder: Path, tests: tuple[str, ...]) -> Run:
    """Run these tests in that folder."""
    # What pytest tells its own workers must not reach another pytest.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "--color=no", "-rf", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [*command, *tests], cwd=folder, env=environment, capture_output=True, text=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as late:
        raise Misplanted(f"{' '.join(tests)} did not end within {_SECONDS:.0f} seconds") from late
    return Run(done.returncode, tuple(_FAILED.findall(done.stdout)), done.stdout + done.stderr)
