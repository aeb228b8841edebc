"""Programs from npm that tests are judged by: installed once from a lock file, and kept beside it."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest


def found_node() -> str:
    """Where Node is. A missing one fails: these tests are asked for by name, and vouch for what others rest on."""
    found = {name: shutil.which(name) for name in ("node", "npm")}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        pytest.fail(f"{' and '.join(missing)} must be on the PATH for the tests marked `outside` (Node 20 or newer)")
    return str(found["node"])


def installed(home: Path) -> Path:
    """The folder with package.json, its packages installed as the lock file says."""
    wanted = hashlib.sha256((home / "package-lock.json").read_bytes()).hexdigest()
    mark = home / "node_modules" / ".installed"
    with (home / ".lock").open("w") as lock:
        # Several test processes share the folder.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_text() != wanted:
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.fail(f"npm ci failed:\n{done.stdout}\n{done.stderr}")
            mark.write_text(wanted)
    return home
