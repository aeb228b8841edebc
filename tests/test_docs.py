"""What the papers say is compared with what the code does: settings, commands, states, rights, links."""

import argparse
import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from bot.config import Settings, read_policy
from bot.domain import FINAL_STATES, ProposalState
from bot.entrypoints.cli import parser
from bot.lifecycle import MOVES
from safety.policy import FLOOR_NAMESPACES, FLOOR_TOKENS, Policy, protected_because
from tools.kubernetes.catalogue import catalogue
from tools.tool import WriteTool
from tools.world import KINDS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DEPLOY = sorted((ROOT / "deploy").glob("*.yaml"))
OTHERS = [ROOT / each for each in ("Dockerfile", ".dockerignore", ".env.example", "policy.example.yaml", "LICENSE")]

# How a proposal comes into the world, and how a worker leaves it to another; the rest is the table of moves.
TRANSITIONS = {("[*]", "REJECTED"), ("[*]", "PENDING")} | {
    (source.value, to.value) for source, targets in MOVES.items() for to in targets
}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _section(title: str) -> str:
    """The part of the README under one heading of the second level."""
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def _rows(section: str) -> list[list[str]]:
    """The cells of a table's rows, its head left out."""
    lines = [each for each in section.splitlines() if each.startswith("|")]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in rows if not set("".join(row)) <= set("- ")][1:]


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)


# ---- settings -------------------------------------------------------------------------------------------------------


def _as_typed(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_the_table_of_settings_is_what_the_code_reads() -> None:
    expected = []
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = "not set" if default in (None, {}, ()) else f"`{_as_typed(default)}`"
        expected.append([f"`{name.upper()}`", shown, str(field.description).replace("|", r"\|")])
    assert _rows(_section("Settings")) == expected


def test_the_example_of_the_environment_names_every_setting_and_no_other() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    found = re.findall(r"^# (.+)\n# ([A-Z_]+)=(.*)$", text, re.MULTILINE)
    assert [(name, told) for told, name, _ in found] == [
        (name.upper(), field.description) for name, field in Settings.model_fields.items()
    ]
    assert re.findall(r"^#? ?([A-Z_]+)=", text, re.MULTILINE) == [name for _, name, _ in found]
    for _, name, value in found:
        default = Settings.model_fields[name.lower()].get_default(call_default_factory=True)
        assert value, f"{name}= would be read as an empty value"
        if default not in (None, {}, ()):
            assert value == _as_typed(default)


def test_the_example_of_the_environment_sets_nothing_until_it_is_edited(tmp_path: Path) -> None:
    example = ROOT / ".env.example"
    lines = example.read_text(encoding="utf-8").splitlines()
    assert [each for each in lines if each and not each.startswith("#")] == []
    opened = tmp_path / ".env"
    opened.write_text("\n".join(each.removeprefix("# ") for each in lines if re.match(r"# [A-Z_]+=", each)))
    settings = Settings(_env_file=opened)  # type: ignore[call-arg]
    assert settings.alert_channels == {"C0123ABCD": ("Alertmanager",)}


# ---- commands -------------------------------------------------------------------------------------------------------


def _commands(top: argparse.ArgumentParser, words: str = "") -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Every command that can be typed, its help, and its parser."""
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {each.dest: str(each.help) for each in action._choices_actions}
            for name, below in action.choices.items():
                path = f"{words} {name}".strip()
                deeper = list(_commands(below, path))
                yield from deeper
                if not deeper or any(not each.required for each in _groups(below)):
                    yield path, helps[name], below


def _groups(command: argparse.ArgumentParser) -> list[argparse.Action]:
    return [each for each in command._actions if isinstance(each, argparse._SubParsersAction)]


def _options(command: argparse.ArgumentParser) -> set[str]:
    return {option for each in command._actions for option in each.option_strings} - {"-h", "--help"}


def test_the_table_of_commands_is_what_the_parser_knows() -> None:
    told = {cells[0].strip("`"): cells[1] for cells in _rows(_section("Commands"))}
    expected = {f"python -m bot {path}": (text, command) for path, text, command in _commands(parser())}
    assert set(told) == {*expected, "python -m bot --version"}
    for path, (text, command) in expected.items():
        assert told[path].startswith(text), path
        assert set(re.findall(r"--[a-z-]+", told[path])) == _options(command), path


def test_every_command_line_in_the_papers_can_be_parsed() -> None:
    lines = [
        line.strip()
        for paper in PAPERS
        for block in _blocks(paper.read_text(encoding="utf-8"), "sh")
        for line in block.splitlines()
    ]
    ours = [line for line in lines if " -m bot" in line]
    assert ours
    for line in ours:
        parser().parse_args(shlex.split(line.partition(" -m bot ")[2]))


def test_every_make_target_in_the_papers_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for paper in PAPERS:
        text = paper.read_text(encoding="utf-8")
        code = "\n".join([*_blocks(text, "sh"), *re.findall(r"`([^`\n]+)`", text)])
        assert set(re.findall(r"^make ([a-z-]+)", code, re.MULTILINE)) <= targets, _name(paper)


# ---- policy and rights ----------------------------------------------------------------------------------------------


def _keys(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


def test_the_example_of_the_policy_loads_and_shows_every_key() -> None:
    path = ROOT / "policy.example.yaml"
    policy = read_policy(path)
    text = path.read_text(encoding="utf-8")
    written = set(re.findall(r"([a-z_0-9]+):", text))
    for model in (Policy, *(type(each) for each in (policy.protected, policy.actions, policy.limits))):
        assert _keys(model) <= written
    assert _keys(type(policy.approvals.default)) <= written
    assert len(policy.actions.written()) >= 5
    for rule in policy.actions.written().values():
        assert _keys(type(rule)) <= written


def test_the_example_of_the_policy_lists_no_namespace_that_is_protected_anyway() -> None:
    policy = read_policy(ROOT / "policy.example.yaml")
    for environment in policy.environments.values():
        for namespace in environment.namespaces:
            assert protected_because(policy, namespace.removesuffix("*") + "a") is None


def test_the_readme_names_what_is_protected_and_what_can_be_done() -> None:
    section = _section("What it may do, and what it never does")
    listed = section.partition("**Only where the policy says so.**")[2]
    bullets = re.findall(r"^- (.*(?:\n  .*)*)", listed, re.MULTILINE)
    assert set(re.findall(r"`([^`]+)`", bullets[0].partition("(")[0])) == FLOOR_TOKENS
    assert set(re.findall(r"`([^`]+)`", bullets[1])) == set(FLOOR_NAMESPACES)
    for name in re.findall(r"`([^`]+)`", bullets[0].partition("(")[2]):
        assert protected_because(Policy(version=1), name) is not None
    writes = section.partition("**It writes nine things**")[2].partition("\n\n**")[0]
    assert set(re.findall(r"`([a-z_]+)`", writes)) == {each.name for each in catalogue() if isinstance(each, WriteTool)}


def _manifests() -> list[dict[str, Any]]:
    return [each for path in DEPLOY for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def _rules() -> list[tuple[str, dict[str, Any]]]:
    return [(each["kind"], rule) for each in _manifests() for rule in each.get("rules", ())]


def test_no_role_has_a_wildcard_or_reaches_secrets_or_a_shell() -> None:
    assert _rules()
    for _, rule in _rules():
        words = {word for values in rule.values() for word in values}
        assert not any("*" in word for word in words)
        assert words.isdisjoint({"secrets", "pods/exec", "pods/attach", "pods/portforward", "impersonate", "escalate"})


def test_the_role_that_looks_covers_exactly_the_kinds_that_tools_read() -> None:
    given = {
        (group, resource, verb)
        for kind, rule in _rules()
        if kind == "ClusterRole"
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    needed = {(each.group, each.plural, verb) for each in KINDS.values() for verb in ("get", "list")}
    assert given == needed | {("", "pods/log", "get")}


def test_changes_are_given_namespace_by_namespace_and_to_the_writer_alone() -> None:
    assert [rule for kind, rule in _rules() if kind == "Role"] == [
        {"apiGroups": ["apps"], "resources": ["daemonsets", "deployments", "statefulsets"], "verbs": ["patch"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]},
        {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
    ]
    accounts = {each["metadata"]["name"] for each in _manifests() if each["kind"] == "ServiceAccount"}
    bound = {
        (each["kind"], each["roleRef"]["kind"], each["roleRef"]["name"], subject["name"], subject["namespace"])
        for each in _manifests()
        if "roleRef" in each
        for subject in each["subjects"]
    }
    reader, writer = "ask-claude-reader", "ask-claude-writer"
    assert accounts == {reader, writer}
    assert bound == {
        ("ClusterRoleBinding", "ClusterRole", reader, reader, "ask-claude"),
        ("ClusterRoleBinding", "ClusterRole", reader, writer, "ask-claude"),
        ("RoleBinding", "Role", writer, writer, "ask-claude"),
    }


# ---- the states of a proposal ---------------------------------------------------------------------------------------


def _picture(path: Path) -> str:
    found = [each for each in _blocks(path.read_text(encoding="utf-8"), "mermaid") if "stateDiagram" in each]
    assert len(found) == 1
    return found[0]


def _arrows() -> set[tuple[str, str]]:
    picture = _picture(ROOT / "README.md")
    return set(re.findall(r"^ *(\[\*\]|[A-Z]+) --> (\[\*\]|[A-Z]+)", picture, re.MULTILINE))


def _ends_of_execution() -> set[str]:
    """The states that an attempt ends in: the first argument of every ``Ended(…)``."""
    trees = [
        ast.parse((ROOT / f"bot/flows/{each}.py").read_text(encoding="utf-8")) for each in ("execution", "attempt")
    ]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    firsts = [each.args[0] for each in calls if isinstance(each.func, ast.Name) and each.func.id == "Ended"]
    return {each.attr for each in firsts if isinstance(each, ast.Attribute)}


def test_the_picture_of_the_states_is_the_same_in_both_papers() -> None:
    assert _picture(ROOT / "README.md") == _picture(ROOT / "docs/architecture.md")


def test_the_picture_has_every_state_and_only_transitions_that_exist() -> None:
    arrows = _arrows()
    assert {name for arrow in arrows for name in arrow} - {"[*]"} == {each.value for each in ProposalState}
    assert {arrow for arrow in arrows if arrow[1] != "[*]"} == TRANSITIONS
    assert {source for source, to in arrows if to == "[*]"} == {each.value for each in FINAL_STATES}


def test_an_execution_ends_where_the_picture_says() -> None:
    assert _ends_of_execution() == {to for source, to in TRANSITIONS if source == "EXECUTING"} - {"EXECUTING"}


# ---- the image ------------------------------------------------------------------------------------------------------


def test_the_image_copies_what_exists_and_what_is_not_ignored() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [word.strip("/") for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]
    let_in = {each[1:] for each in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if each[:1] == "!"}
    assert set(copied) == let_in
    assert all((ROOT / each).exists() for each in copied)


def test_the_image_runs_the_bot_as_an_ordinary_user_from_locked_packages() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^FROM python:3\.13-slim$", text, re.MULTILINE)
    assert "pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock" in text
    users = re.findall(r"^USER (\d+):", text, re.MULTILINE)
    assert users
    assert "0" not in users
    assert text.rstrip().endswith('CMD ["python", "-m", "bot", "run"]')


# ---- the papers themselves ------------------------------------------------------------------------------------------


def _anchors(path: Path) -> set[str]:
    """What a heading is called in a link."""
    text = re.sub(r"^ *```.*?^ *```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in heads}


@pytest.mark.parametrize("paper", PAPERS, ids=_name)
def test_every_link_inside_the_project_leads_somewhere(paper: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", paper.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        place, _, anchor = link.partition("#")
        target = (paper.parent / place).resolve() if place else paper
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in _anchors(target), link


@pytest.mark.parametrize("paper", PAPERS, ids=_name)
def test_every_file_of_the_project_that_is_named_exists(paper: Path) -> None:
    pattern = r"`((?:bot|deploy|docs|migrations|safety|tests|tools|\.ci)/[\w./-]*)`"
    for named in re.findall(pattern, paper.read_text(encoding="utf-8")):
        assert (ROOT / named).exists(), named


@pytest.mark.parametrize("paper", [*PAPERS, *DEPLOY, *OTHERS], ids=_name)
def test_no_paper_holds_a_path_of_a_machine_or_something_like_a_token(paper: Path) -> None:
    text = paper.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.~])/(?:work|root|home|Users|opt|tmp|private|mnt)/", text)
    assert not re.search(r"\b(?:xox[a-z]|xapp|sk-ant)-\w", text)


def test_the_decisions_have_numbers_of_their_own_and_the_same_parts() -> None:
    papers = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [each.name[:5] for each in papers]
    assert numbers == [f"{number:04d}-" for number in range(1, len(papers) + 1)], "one each, without a gap"
    for paper in papers:
        text = paper.read_text(encoding="utf-8")
        assert text.startswith(f"# {paper.name[:4]} ")
        for part in ("Context", "Choice", "Why", "What would change our mind"):
            assert f"\n**{part}.** " in text, f"{paper.name}: {part}"
        assert len(text.splitlines()) <= 45


def test_the_licence_is_there_in_full() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    for part in ("Version 2.0, January 2004", "9. Accepting Warranty", "END OF TERMS AND CONDITIONS", "APPENDIX"):
        assert part in text
