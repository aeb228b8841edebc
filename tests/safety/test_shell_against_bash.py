"""Bash itself runs lines in many spellings, with stand-ins for every program: what it runs is what was read."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from prove._calls import spelled
from safety.shell import UNKNOWN, read

pytestmark = pytest.mark.outside
LINES = (
    "kubectl delete namespace production",
    "kubectl -n dev get pods -o wide",
    "helm uninstall api -n prod",
    "curl -X DELETE https://k:6443/api/v1/namespaces/prod",
    "terraform destroy -auto-approve",
)
REAL = ("bash", "cat", "timeout", "ls")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A PATH with programs that write down their words, and a few real ones."""
    for name in {each.split()[0] for each in LINES}:
        writes = f'printf "%s\\x1f" "${{0##*/}}" "$@" >> "{tmp_path}/log"; echo >> "{tmp_path}/log"'
        script = f"#!{shutil.which('bash')}\n{writes}\n"
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    for name in REAL:
        found = shutil.which(name)
        assert found, f"{name} is missing"
        (tmp_path / name).symlink_to(found)
    # A plain sh may be another shell, with other quotes.
    (tmp_path / "sh").symlink_to(tmp_path / "bash")
    return tmp_path


def ran(folder: Path, line: str) -> list[tuple[str, ...]]:
    log = folder / "log"
    log.unlink(missing_ok=True)
    subprocess.run(
        [str(folder / "bash"), "-c", line],
        env={"PATH": str(folder)},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    lines = log.read_text().splitlines() if log.exists() else []
    return [tuple(each.split("\x1f")[:-1]) for each in lines]


def read_through(line: str) -> list[tuple[str, ...]]:
    """The commands of a line, those of the shells it starts included."""
    found = []
    for each in read(line):
        words = each.words
        while words[:1] == ("timeout",):
            words = words[2:]
        if words[:1] in (("bash",), ("sh",)):
            text = words[words.index("-c") + 1] if "-c" in words else each.stdin or ""
            found += read_through(text) if UNKNOWN not in text else []
        elif words[:1] == ("eval",):
            found += read_through(" ".join(words[1:]))
        elif words:
            found.append(words)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_bash_runs_no_program_with_other_words_than_were_read(folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    words = tuple(rng.choice(LINES).split())
    line = spelled(words, rng)
    done = ran(folder, line)
    assert done, f"bash ran nothing of {line!r}"
    assert set(done) <= set(read_through(line)), line
