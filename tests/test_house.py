"""Keeps the rules of the house that imports cannot show."""

import ast
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import bot
import safety
import tools
from tools.kubernetes.catalogue import catalogue
from tools.tool import ReadTool, WriteTool

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("bot", "tools", "safety")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
PRODUCT = [path for path in MODULES if not path.is_relative_to(ROOT / "bot" / "demo")]
# Templates of messages and prompts must be literals, so that nothing from outside can ever be one.
TEMPLATES = {"mrkdwn": 0, "prompt": 0, "joined": 0}


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id, node
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr, node


@pytest.mark.parametrize("path", MODULES, ids=_named)
def test_a_module_says_what_it_is_for_and_stays_under_four_hundred_lines(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert (ast.get_docstring(_tree(path)) or "").strip()
    assert len(text.splitlines()) <= 400


def test_the_three_packages_are_the_ones_of_this_checkout() -> None:
    for package in (bot, tools, safety):
        assert Path(str(package.__file__)).resolve().parents[1] == ROOT


EMULATORS = sorted(path.parent for path in (ROOT / "bot" / "demo").glob("*_emulator/__init__.py"))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


@pytest.mark.parametrize("emulator", EMULATORS, ids=lambda folder: folder.name)
def test_an_emulator_imports_only_itself_aiohttp_yaml_and_the_standard_library(emulator: Path) -> None:
    own = f"bot.demo.{emulator.name}"
    names = {name for path in emulator.rglob("*.py") for name in _imported(path)}
    strange = {name for name in names if name != own and not name.startswith(f"{own}.")}
    assert {name.partition(".")[0] for name in strange} - sys.stdlib_module_names <= {"aiohttp", "yaml"}
    assert len(EMULATORS) >= 3


def test_only_the_validator_makes_a_clearance() -> None:
    makers = {_named(path) for path in MODULES for name, _ in _calls(path) if name == "Clearance"}
    assert makers == {"safety/validator.py"}


def test_only_wiring_makes_a_writer() -> None:
    makers = {_named(path) for path in PRODUCT for name, _ in _calls(path) if name == "Writer"}
    assert makers == {"bot/wiring.py"}
    named = {_named(path) for path in PRODUCT if "KubernetesWriter" in path.read_text(encoding="utf-8")}
    assert named == {"bot/wiring.py", "tools/adapters/kubernetes_writer.py"}


def test_only_safety_seals_redacted_text() -> None:
    sealers = {_named(path) for path in MODULES for name, _ in _calls(path) if name == "seal"}
    assert all(each.startswith("safety/") for each in sealers)


def test_text_read_back_is_trusted_only_by_the_store() -> None:
    users = {_named(path) for path in PRODUCT for name, _ in _calls(path) if name in ("stored", "stored_json")}
    assert all(each.startswith(("bot/adapters/store/", "safety/")) for each in users)


@pytest.mark.parametrize("path", PRODUCT, ids=_named)
def test_templates_of_messages_and_prompts_are_literals(path: Path) -> None:
    constants = {
        target.id
        for node in _tree(path).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for name, call in _calls(path):
        if name in TEMPLATES and call.args and not _named(path).startswith("safety/"):
            first = call.args[TEMPLATES[name]]
            choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
            literal = (isinstance(each, ast.Constant) or getattr(each, "id", "") in constants for each in choices)
            assert all(literal), f"{_named(path)}:{call.lineno}: the first argument of {name} must be a literal"


def test_every_tool_is_in_the_catalogue() -> None:
    found = set()
    for module in pkgutil.walk_packages(tools.__path__, "tools."):
        for thing in vars(importlib.import_module(module.name)).values():
            if isinstance(thing, ReadTool | WriteTool):
                found.add(thing.name)
    assert found == {each.name for each in catalogue()}
    assert {"restart_deployment", "rollback_deployment"} <= found


def _words_of_scenarios() -> set[str]:
    """Names that belong to the demo's incidents: workloads, namespaces, images."""
    words: set[str] = set()
    for path in sorted((ROOT / "bot" / "demo" / "scenarios").glob("[!_]*.yaml")):
        text = path.read_text(encoding="utf-8")
        subject = yaml.safe_load(text)["expect"]["subject"]
        words |= {subject["namespace"], subject["name"]}
        words |= set(re.findall(r"registry\.example\.com/([\w.-]+/[\w.-]+)", text))
    return words


def test_no_name_of_a_scenario_occurs_in_the_product() -> None:
    words = _words_of_scenarios()
    assert len(words) > 10
    pattern = re.compile(r"(?<![\w-])(" + "|".join(map(re.escape, sorted(words))) + r")(?![\w-])")
    found = [
        f"{_named(path)}: {match[0]}"
        for path in PRODUCT
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
