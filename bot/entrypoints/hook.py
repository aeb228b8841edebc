"""``python -m bot hook pre-tool-use``: asked by Claude Code before a tool is used; prints one JSON object.

``{}`` lets the call go on, anything else stops it with a reason. Whatever goes wrong here is a no as well, and the
exit status is always 0: to Claude Code a hook that fails is a hook that has nothing against it. So the work is done in
a child process, and its parent, which does nothing else, answers for it when it dies, hangs or prints something else.
"""

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from safety.calls import judge_call
from safety.commands.files import matters
from safety.commands.verdict import Wanted

LARGEST = 4_000_000
# Claude Code waits for a hook for a minute, and then goes on without it.
PATIENCE = 50.0
_LONGEST_REASON = 1_500
_LARGEST_SCRIPT = 200_000
# As bot.config has it, which is too much to import for a look.
_DATABASE = "sqlite:///var/ask-claude.db"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as it says itself: the session, and the tool with all it is given (raw)."""

    session: str
    tool: str
    given: Mapping[str, Any] = field(default_factory=dict)


# Why a change may not be made, each reason; nothing if it may, and then that is recorded already.
Asking = Callable[[Wanted, Caller], tuple[str, ...]]


class DiskFiles:
    """``Files`` of this machine, seen from the folder in which the agent works."""

    def __init__(self, folder: str, guarded: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._guarded = frozenset(os.path.realpath(each) for each in guarded)

    def text(self, path: str) -> str | None:
        place = self._at(path)
        try:
            if not place.is_file() or place.stat().st_size > _LARGEST_SCRIPT:
                return None
            return place.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None

    def real_name(self, program: str) -> str | None:
        place = self._at(program)
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            return place.resolve().name if place.exists() else None
        return None

    def is_guarded(self, path: str) -> bool:
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            place = os.path.abspath(self._at(path))
            real = os.path.realpath(place)
            return real in self._guarded or (real != place and matters(real))
        return True

    def _at(self, path: str) -> Path:
        return Path(self._folder) / os.path.expanduser(path)


def guarded_here() -> tuple[str, ...]:
    """Files that say what may be changed, where, and what was: policy, settings, kubeconfigs, database, checkpoints."""
    kubeconfigs = os.environ.get("KUBECONFIG", "").split(os.pathsep)
    written = _written_settings()

    def setting(name: str, usual: str = "") -> str:
        return os.environ.get(name) or written.get(name) or usual

    database = setting("DATABASE_URL", _DATABASE).partition(":///")[2]
    beside = [f"{database}{end}" for end in ("", "-wal", "-shm", ".checkpoints", ".audit-key")] if database else []
    named = [setting(each) for each in ("AUDIT_CHECKPOINTS", "AUDIT_KEY_FILE", "KUBECONFIG")]
    return (setting("POLICY_FILE", "policy.yaml"), ".env", *filter(None, (*kubeconfigs, *named)), *beside)


def _written_settings() -> dict[str, str]:
    """What the file of settings says, read plainly: what reads it properly is too much to import for a look."""
    try:
        lines = Path(".env").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    pairs = (each.strip().removeprefix("export ").partition("=") for each in lines if not each.strip().startswith("#"))
    return {name.strip().upper(): value.strip().strip("\"'") for name, equals, value in pairs if equals}


def answer(data: bytes, ask: Asking) -> dict[str, Any]:
    """What is printed for what was read: ``{}`` or a denial with its reasons."""
    try:
        given = _read(data)
    except (ValueError, RecursionError) as fault:
        return denial(f"the call could not be read ({str(fault)[:200]}), so it may be anything")
    folder = given.get("cwd")
    files = DiskFiles(folder if isinstance(folder, str) and folder else ".", guarded_here())
    verdict = judge_call(given.get("tool_name"), given.get("tool_input"), files)
    if verdict.refused:
        return denial(*dict.fromkeys(verdict.refused))
    if not verdict.wanted:
        return {}
    if len(verdict.wanted) > 1:
        return denial("one change at a time: the facts that the second is judged by are those that the first changes")
    if not verdict.known:
        return denial("a change has to stand alone: nothing is known of another program beside it")
    against = ask(verdict.wanted[0], _caller(given))
    return denial(*against) if against else {}


def _caller(given: Mapping[str, Any]) -> Caller:
    """It was judged before, so the tool and its input have the right form; a session need not be named."""
    session, tool_input = given.get("session_id"), given.get("tool_input")
    named = session if isinstance(session, str) and session else "unnamed"
    return Caller(named, str(given.get("tool_name")), tool_input if isinstance(tool_input, dict) else {})


def _read(data: bytes) -> dict[str, Any]:
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST} bytes")
    if not data.strip():
        raise ValueError("nothing came on standard input")
    given = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_without_doubles)
    if not isinstance(given, dict):
        raise ValueError("it is not a JSON object")
    return given


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values for one name, who knows which one the tool would take."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def denial(*reasons: str) -> dict[str, Any]:
    """The answer that stops a call, as Claude Code reads it."""
    text = "BLOCKED: " + "; ".join(reasons)
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": text[:_LONGEST_REASON],
        }
    }


# ---- the process ----------------------------------------------------------------------------------------------------


def run(ask: Asking, patience: float = PATIENCE) -> int:
    """Read standard input, print one JSON object. Always 0."""
    told = denial("the check was stopped before it was done")
    with contextlib.suppress(BaseException):
        signal.signal(signal.SIGTERM, _stopped)
        signal.signal(signal.SIGINT, _stopped)
        told = _from_child(ask, patience) if hasattr(os, "fork") else answer(_all_of(sys.stdin.buffer), ask)
    _print(told)
    return 0


def _stopped(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _print(told: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        os.write(1, (json.dumps(told, ensure_ascii=True) + "\n").encode())


def _all_of(stream: BinaryIO) -> bytes:
    return stream.read(LARGEST + 1)


def _from_child(ask: Asking, patience: float) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_the_child(ask, writing)
    os.close(writing)
    try:
        said = b"".join(_until(reading, time.monotonic() + patience))
    finally:
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.waitpid(child, 0)
    return _checked(said)


def _until(stream: int, end: float) -> Iterator[bytes]:
    """What comes until the other side closes; nothing that counts if the time is over before."""
    while True:
        ready, _, _ = select.select([stream], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            yield b"too late"
            return
        part = os.read(stream, 65_536)
        if not part:
            return
        yield part


def _checked(said: bytes) -> dict[str, Any]:
    """The child's answer, if it is whole and one of the two there are."""
    try:
        told = json.loads(said)
    except ValueError:
        return denial("the check itself failed or took too long, so nothing runs")
    if told == {}:
        return {}
    reason = told["hookSpecificOutput"]["permissionDecisionReason"] if isinstance(told, dict) else ""
    return denial(str(reason).removeprefix("BLOCKED: "))


def _be_the_child(ask: Asking, writing: int) -> None:
    """Answer into the pipe, and end at once whatever happens. Everything printed goes to standard error."""
    with contextlib.suppress(BaseException):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.dup2(2, 1)
        os.write(writing, json.dumps(_safely(_all_of(sys.stdin.buffer), ask)).encode())
    os._exit(0)


def _safely(data: bytes, ask: Asking) -> dict[str, Any]:
    try:
        return answer(data, ask)
    except Exception as fault:  # noqa: BLE001 - the outermost edge: whatever it is, it must not become a yes
        sys.stderr.write(f"ask-claude: {type(fault).__name__}: {fault}\n")
        return denial(f"the check itself failed ({type(fault).__name__}), so nothing runs")
