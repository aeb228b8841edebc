"""The judges from Node: @slack/bolt and @slack/types, installed once from the lock file and kept."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.npm import found_node, installed

Complaints = Callable[[Any], list[str]]
NODE_HOME = Path(__file__).parent / "node"


@pytest.fixture(scope="session")
def node() -> str:
    """Where Node is."""
    return found_node()


@pytest.fixture(scope="session")
def node_home(node: str) -> Path:
    """The folder with package.json, its packages installed."""
    return installed(NODE_HOME)


@pytest.fixture(scope="session")
def of_block(node: str, node_home: Path) -> Complaints:
    """What Slack's own types have against a block."""
    return _judge("KnownBlock", node, node_home)


@pytest.fixture(scope="session")
def of_view(node: str, node_home: Path) -> Complaints:
    """What Slack's own types have against a view; they let nearly any block in it pass."""
    return _judge("View", node, node_home)


@pytest.fixture(scope="session")
def of_event(node: str, node_home: Path) -> Complaints:
    """What Slack's own types have against an event; Slack sends more keys than they name."""
    return _judge("SlackEvent", node, node_home, "open")


def _judge(type_name: str, node: str, node_home: Path, keys: str = "named") -> Complaints:
    command = [node, "schema.mjs", type_name, keys]
    made = subprocess.run(command, cwd=node_home, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    schema = json.loads(made.stdout)
    Draft7Validator.check_schema(schema)
    validator = Draft7Validator(schema)

    def complaints(thing: Any) -> list[str]:
        return [line for error in validator.iter_errors(json.loads(json.dumps(thing))) for line in _told(error)]

    return complaints


def _told(error: Any) -> list[str]:
    """Of a union, the alternative with the same `type` is the one worth reading."""
    meant = [each for each in error.context if (list(each.relative_path), each.validator) != (["type"], "const")]
    return [f"{error.json_path}: {each.message}" for each in meant] or [str(error.message)]
