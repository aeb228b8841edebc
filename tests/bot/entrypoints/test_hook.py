"""The hook of Claude Code: what it reads, what it prints, and that nothing makes it say yes by failing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bot.entrypoints.hook import LARGEST, Caller, DiskFiles, answer
from prove._calls import Sample, written_down
from safety.commands.verdict import Wanted

ROOT = Path(__file__).resolve().parents[3]
BAD, GOOD = written_down()


def nothing_allowed(_wanted: Wanted, _caller: Caller) -> tuple[str, ...]:
    return ("no cluster is in reach",)


def reason(told: dict[str, Any]) -> str:
    """Why it was denied; only the one shape that Claude Code reads is a denial."""
    inner = told["hookSpecificOutput"]
    assert told == {"hookSpecificOutput": inner}
    assert {*inner} == {"hookEventName", "permissionDecision", "permissionDecisionReason"}
    assert (inner["hookEventName"], inner["permissionDecision"]) == ("PreToolUse", "deny")
    assert inner["permissionDecisionReason"].startswith("BLOCKED: ")
    return str(inner["permissionDecisionReason"])


def typed(data: bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command as a process, without a cluster, in a folder without settings."""
    surroundings = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment}
    line = [sys.executable, "-m", "bot", "hook", "pre-tool-use"]
    return subprocess.run(line, input=data, cwd=ROOT, env=surroundings, capture_output=True, timeout=60)


def test_there_are_enough_samples_to_say_something() -> None:
    assert len({each.call for each in BAD}) >= 300
    assert len({each.call for each in GOOD}) >= 120
    assert all(each.why for each in BAD)


@pytest.mark.parametrize("sample", BAD, ids=lambda each: each.why[:60])
def test_a_call_that_destroys_is_denied_with_a_reason(sample: Sample) -> None:
    assert len(reason(answer(sample.call, nothing_allowed))) > len("BLOCKED: ")


@pytest.mark.parametrize("sample", GOOD, ids=lambda each: (each.line or each.call.decode())[:60])
def test_a_call_that_only_looks_goes_on(sample: Sample) -> None:
    assert answer(sample.call, nothing_allowed) == {}


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b" \n", b"{", b"[]", b"null", b'"Bash"', b"{}", b"\xff\xfe", b'{"tool_name": 7, "tool_input": {}}'),
        *(b'{"tool_name": "", "tool_input": {}}', b'{"tool_name": "Bash", "tool_input": {"command": null}}'),
        b'{"tool_name": "Bash", "tool_input": {"command": "ls", "command": "ls"}}',
        b"[" * 100_000,
        b'{"tool_name": "Bash", "tool_input": {"command": "' + b"ls " * (LARGEST // 2) + b'"}}',
        b'{"tool_name": "Bash", "tool_input": {"command": "' + b"ls; " * 40_000 + b'"}}',
        b'{"tool_name": "Bash", "tool_input": {"command": "' + b"$(" * 20_000 + b'"}}',
        b'{"tool_name": "mcp__k__list", "tool_input": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
    ],
    ids=range(17),
)
def test_what_cannot_be_read_is_denied(data: bytes) -> None:
    reason(answer(data, nothing_allowed))


def test_several_reasons_are_all_told() -> None:
    told = reason(
        answer(b'{"tool_name":"Bash","tool_input":{"command":"kubectl delete ns a; rm -rf /"}}', nothing_allowed)
    )
    assert "kubectl delete ns a" in told
    assert "rm -r /" in told


def test_a_change_that_the_policy_allows_goes_on_and_only_alone() -> None:
    asked: list[Wanted] = []

    def ask(wanted: Wanted, _caller: Caller) -> tuple[str, ...]:
        asked.append(wanted)
        return ()

    call = {"tool_name": "mcp__k__deployment_restart", "tool_input": {"namespace": "dev", "deployment": "api"}}
    assert answer(json.dumps(call).encode(), ask) == {}
    assert [(each.kind, each.namespace, each.name) for each in asked] == [("restart_deployment", "dev", "api")]
    one = "kubectl rollout restart deployment/api -n dev"
    for line in (f"{one}; {one}", f"{one}; ./unknown", f"{one}; rm -rf /"):
        call = {"tool_name": "Bash", "tool_input": {"command": line}}
        reason(answer(json.dumps(call).encode(), ask))
    assert len(asked) == 1


def test_the_process_prints_one_object_and_ends_well_whatever_it_is_given() -> None:
    calls = [*BAD[::150], *GOOD[::150]]
    for sample in calls:
        done = typed(sample.call)
        assert done.returncode == 0
        told = json.loads(done.stdout)
        assert done.stdout.count(b"\n") == 1
        assert bool(told) == bool(sample.why), sample
    for data in (b"", b"{", b"\xff", b"[" * 100_000):
        done = typed(data)
        assert done.returncode == 0
        reason(json.loads(done.stdout))


def test_without_a_cluster_in_reach_a_change_is_denied_and_so_with_a_broken_policy(tmp_path: Path) -> None:
    call = b'{"tool_name":"mcp__k__deployment_restart","tool_input":{"namespace":"team-dev","deployment":"api"}}'
    done = typed(call, KUBECONFIG=str(tmp_path / "none"))
    assert "cannot be read" in reason(json.loads(done.stdout))
    (tmp_path / "policy.yaml").write_text("mode: [")
    done = typed(call, POLICY_FILE=str(tmp_path / "policy.yaml"))
    assert (done.returncode, "policy.yaml" in reason(json.loads(done.stdout))) == (0, True)
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_stopped_while_it_waits_denies(number: signal.Signals) -> None:
    line = [sys.executable, "-m", "bot", "hook", "pre-tool-use"]
    running = subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    deadline = time.monotonic() + 30
    while not children.read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(number)
    out, _ = running.communicate(timeout=30)
    assert running.returncode == 0
    reason(json.loads(out))


def test_a_check_that_dies_hangs_or_babbles_is_a_denial(tmp_path: Path) -> None:
    script = """
import os, signal, sys, time
from bot.entrypoints.hook import run
def ask(wanted, caller):
    print("babble")
    print("babble", file=sys.stderr)
    {"die": lambda: os.kill(os.getpid(), signal.SIGKILL), "exit": lambda: sys.exit(3), "hang": lambda: time.sleep(60),
     "raise": lambda: 1 / 0, "deep": lambda: ask(wanted, caller), "fine": lambda: None}[sys.argv[1]]()
    return ()
sys.exit(run(ask, patience=3.0))
"""
    call = b'{"tool_name":"mcp__k__deployment_restart","tool_input":{"namespace":"dev","deployment":"api"}}'
    for how in ("die", "exit", "hang", "raise", "deep", "fine"):
        line = [sys.executable, "-c", script, how]
        done = subprocess.run(line, input=call, cwd=ROOT, capture_output=True, timeout=60)
        assert done.returncode == 0, how
        told = json.loads(done.stdout)
        assert told == {} if how == "fine" else reason(told), how


def test_it_starts_without_the_heavy_parts() -> None:
    script = "import sys; import bot.entrypoints.hook, bot.__main__; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    loaded = {each.partition(".")[0] for each in done.stdout.split()}
    assert not loaded & {
        "anthropic",
        "slack_sdk",
        "slack_bolt",
        "kubernetes",
        "sqlalchemy",
        "aiohttp",
        "pydantic",
        "yaml",
    }


def test_files_are_looked_for_where_the_agent_works(tmp_path: Path) -> None:
    (tmp_path / "x.sh").write_text("kubectl delete ns x\n")
    (tmp_path / "big.sh").write_bytes(b"#" * 300_000)
    (tmp_path / "bytes.sh").write_bytes(b"\xff\xfe")
    (tmp_path / "tool").symlink_to("/usr/bin/kubectl")
    (tmp_path / "rules").write_text("x")
    (tmp_path / "other").symlink_to(tmp_path / "rules")
    files = DiskFiles(str(tmp_path), (str(tmp_path / "rules"),))
    assert files.text("./x.sh") == "kubectl delete ns x\n"
    assert [files.text(each) for each in ("none.sh", "big.sh", "bytes.sh", ".", "a\0b")] == [None] * 5
    assert files.is_guarded("other")
    assert not files.is_guarded("x.sh")
    call = {"tool_name": "Bash", "tool_input": {"command": "bash x.sh"}, "cwd": str(tmp_path)}
    assert "kubectl delete ns x" in reason(answer(json.dumps(call).encode(), nothing_allowed))
