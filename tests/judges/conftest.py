"""The judges from Node: @slack/bolt and @slack/types, installed once from the lock file and kept."""

import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

Complaints = Callable[[Any], list[str]]
NODE_HOME = Path(__file__).parent / "node"


@pytest.fixture(scope="session")
def node() -> str:
    """Where Node is. A missing one fails: these tests are asked for by name, and vouch for what others rest on."""
    found = {name: shutil.which(name) for name in ("node", "npm")}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        pytest.fail(f"{' and '.join(missing)} must be on the PATH for the tests marked `outside` (Node 20 or newer)")
    return str(found["node"])


@pytest.fixture(scope="session")
def node_home(node: str) -> Path:
    """The folder with package.json, its packages installed as the lock file says."""
    wanted = hashlib.sha256((NODE_HOME / "package-lock.json").read_bytes()).hexdigest()
    mark = NODE_HOME / "node_modules" / ".installed"
    with (NODE_HOME / ".lock").open("w") as lock:
        # Several test processes share the folder.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_text() != wanted:
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=NODE_HOME, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.fail(f"npm ci failed:\n{done.stdout}\n{done.stderr}")
            mark.write_text(wanted)
    return NODE_HOME


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
