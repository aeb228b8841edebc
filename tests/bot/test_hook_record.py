"""What passes the hook is recorded before it passes, and counts; what cannot be recorded does not pass."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command

from bot import guard
from bot.adapters.store.database import Database, migrate, migration_config
from bot.adapters.store.tally import tally
from bot.changes import About, Tally
from bot.domain import ProposalId, ThreadId
from bot.entrypoints.hook import Caller, DiskFiles, answer, guarded_here
from bot.flows.audit_fields import payload_of
from bot.flows.audit_views import page, readable
from bot.stores import Stores
from bot.wiring import make_stores
from safety.commands.verdict import Wanted
from safety.redaction import Redactor
from tests.bot.guarded import Here
from tests.bot.test_commands import ROOT
from tests.proposals import SOME_DIGEST

RESTART = "kubectl rollout restart deployment/billing-api -n billing-dev"
NOW = datetime.now(UTC)
OTHER = "kubectl rollout restart deployment/mailer -n billing-dev"


async def asked(here: Here, line: str = RESTART, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    """The whole answer of the hook."""
    call = {"tool_name": "Bash", "tool_input": {"command": line}, "session_id": "session-7", **more}

    def ask(wanted: Wanted, caller: Caller) -> tuple[str, ...]:
        return asyncio.run(guard.reasons(wanted, here.settings, here.settings.kubeconfig, caller, at))

    return await asyncio.to_thread(answer, json.dumps(call).encode(), ask)


def why(told: Mapping[str, Any]) -> str:
    return str(told["hookSpecificOutput"]["permissionDecisionReason"])


@asynccontextmanager
async def store_of(here: Here) -> AsyncIterator[tuple[Database, Stores]]:
    database = Database(here.settings.database_url)
    try:
        yield database, make_stores(database, Redactor())
    finally:
        await database.close()


@pytest.fixture
async def kept(here: Here) -> Here:
    """With the bot's database."""
    await asyncio.to_thread(migrate, here.settings.database_url)
    return here


async def test_an_allowed_change_is_recorded_with_who_which_call_and_every_rule_before_it_passes(kept: Here) -> None:
    secret = "hunter2" + "hunter2"
    assert await asked(kept, f"{RESTART} # password={secret}") == {}
    async with store_of(kept) as (_, stores):
        [record] = await stores.audit.records()
        verified = await stores.audit.verify()
    payload = payload_of(record)
    assert (record.type, verified.fault) == ("hook.allowed", None)
    assert payload["actor"] == {"kind": "agent", "id": "session-7", "name": "Claude Code", "team": None}
    assert (payload["tool"], payload["call"].startswith(RESTART)) == ("Bash", True)
    assert secret not in record.payload
    assert (payload["action"]["kind"], payload["action"]["target"]["name"]) == ("restart_deployment", "billing-api")
    assert payload["decision"]["allow"] is True
    assert {each["rule"] for each in payload["decision"]["rules"]} >= {"protected", "limit_target", "ready"}
    assert payload["before"]["ready"] == 3
    assert payload["policy"].startswith("sha256:")
    assert "HOOK: ALLOW  restart_deployment  Deployment/billing-dev/billing-api  by: agent session-7" in readable(
        record
    )
    assert f"call: {RESTART}" in page([record])
    assert not [each for each in kept.emulator.requests if each.method not in ("GET", "HEAD")]


async def test_what_passed_counts_against_the_limits_of_the_hook_and_of_the_bot(kept: Here) -> None:
    assert await asked(kept) == {}
    assert "hour" in why(await asked(kept))
    [key] = await _targets(kept)
    before, after = await _tallies(kept, key, NOW, NOW + timedelta(hours=1, seconds=1))
    assert (before.on_target, before.in_namespace, len(before.sent)) == (1, 1, 1)
    assert (after.on_target, after.in_namespace, len(after.sent)) == (0, 0, 1)
    assert await asked(kept, at=NOW + timedelta(hours=1, seconds=1)) == {}
    async with store_of(kept) as (_, stores):
        assert [each.type for each in await stores.audit.records()] == ["hook.allowed"] * 2


async def test_steps_of_scaling_that_passed_add_up_to_the_drift(kept: Here) -> None:
    scale = "kubectl scale deploy billing-api --replicas=5 -n billing-dev"
    assert await asked(kept, scale) == {}
    [key] = await _targets(kept)
    [counted] = await _tallies(kept, key, NOW)
    assert [(each.kind, getattr(each, "to_replicas", None)) for each in counted.sent] == [("scale_deployment", 5)]


async def test_of_two_calls_at_once_the_limit_lets_one_pass(kept: Here) -> None:
    told = await asyncio.gather(*(asked(kept) for _ in range(4)))
    assert sorted(bool(each) for each in told) == [False, True, True, True]
    async with store_of(kept) as (_, stores):
        assert await stores.audit.count() == 1


async def test_a_denial_and_a_look_leave_no_record(kept: Here) -> None:
    assert why(await asked(kept, OTHER))
    assert why(await asked(kept, "kubectl delete ns billing-dev"))
    assert await asked(kept, "kubectl get pods -n billing-dev") == {}
    async with store_of(kept) as (_, stores):
        assert await stores.audit.count() == 0


async def test_where_the_log_cannot_be_written_nothing_passes(kept: Here) -> None:
    file = _file(kept)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        connection.commit()
    told = why(await asked(kept))
    assert "the audit log cannot be written" in told
    assert "disk is full" in told
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM hook_changes").fetchone() == (0,)


async def test_a_file_that_is_no_database_lets_nothing_pass(here: Here) -> None:
    _file(here).write_bytes(b"not a database" * 100)

    def ask(wanted: Wanted, caller: Caller) -> tuple[str, ...]:
        try:
            return asyncio.run(guard.reasons(wanted, here.settings, here.settings.kubeconfig, caller))
        except guard.BadChange as fault:
            return (str(fault),)

    call = json.dumps({"tool_name": "Bash", "tool_input": {"command": RESTART}}).encode()
    told = why(await asyncio.to_thread(answer, call, ask))
    assert "not a usable database" in told
    assert "none is allowed" in told


async def test_where_the_bot_never_ran_it_passes_unrecorded_and_no_database_is_made(here: Here) -> None:
    assert await asked(here) == {}
    assert not _file(here).exists()


async def test_a_database_of_an_earlier_version_is_brought_up_to_date_and_written_to(here: Here) -> None:
    url = here.settings.database_url
    await asyncio.to_thread(command.upgrade, migration_config(url), "0002")
    assert await asked(here) == {}
    async with store_of(here) as (_, stores):
        assert [each.type for each in await stores.audit.records()] == ["hook.allowed"]


async def test_the_process_prints_one_empty_object_and_the_record_is_there(kept: Here) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "KUBECONFIG": str(kept.settings.kubeconfig),
        "DATABASE_URL": kept.settings.database_url,
        "POLICY_FILE": str(kept.settings.policy_file),
    }
    line = [sys.executable, "-m", "bot", "hook", "pre-tool-use"]
    call = json.dumps({"tool_name": "Bash", "tool_input": {"command": RESTART}, "session_id": "s1"}).encode()

    def typed() -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(line, input=call, cwd=ROOT, env=environment, capture_output=True, timeout=60)

    first, second = [await asyncio.to_thread(typed) for _ in range(2)]
    assert (first.returncode, first.stdout) == (0, b"{}\n"), first.stderr
    assert (second.returncode, second.stdout.count(b"\n")) == (0, 1)
    assert why(json.loads(second.stdout)).startswith("BLOCKED: ")
    async with store_of(kept) as (_, stores):
        assert [payload_of(each)["actor"]["id"] for each in await stores.audit.records()] == ["s1"]


def test_the_log_and_what_seals_it_are_files_that_no_call_may_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    files = DiskFiles(".", guarded_here())
    for name in ("", "-wal", ".checkpoints", ".audit-key"):
        assert files.is_guarded(f"var/ask-claude.db{name}")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'log.db'}")
    monkeypatch.setenv("AUDIT_CHECKPOINTS", str(tmp_path / "elsewhere"))
    files = DiskFiles(".", guarded_here())
    assert files.is_guarded(str(tmp_path / "log.db"))
    assert files.is_guarded(str(tmp_path / "elsewhere"))
    assert not files.is_guarded(str(tmp_path / "other.db"))
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("# DATABASE_URL=sqlite:///no.db\nexport DATABASE_URL='sqlite:///kept/log.db'\n")
    files = DiskFiles(".", guarded_here())
    assert files.is_guarded("kept/log.db")
    assert files.is_guarded("kept/log.db.audit-key")
    assert not files.is_guarded("no.db")


def test_a_look_and_a_denial_import_nothing_of_the_database() -> None:
    look = json.dumps({"tool_name": "Bash", "tool_input": {"command": "kubectl get pods"}})
    deny = json.dumps({"tool_name": "Bash", "tool_input": {"command": "kubectl delete ns a"}})
    code = (
        "import sys; from bot.entrypoints.hook import answer; "
        f"answer({look!r}.encode(), None); answer({deny!r}.encode(), None); "
        "print([each for each in ('sqlalchemy', 'alembic', 'kubernetes', 'bot.guard') if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


# ---- how it is looked at --------------------------------------------------------------------------------------------


def _file(here: Here) -> Path:
    return Path(here.settings.database_url.removeprefix("sqlite:///"))


async def _targets(here: Here) -> list[str]:
    with closing(sqlite3.connect(_file(here))) as connection:
        return [row[0] for row in connection.execute("SELECT target FROM hook_changes")]


async def _tallies(here: Here, key: str, *times: datetime) -> list[Tally]:
    about = About(ProposalId("p_1"), ThreadId("-", "-", "-"), key, "restart_deployment", SOME_DIGEST)
    async with store_of(here) as (database, _), database.read() as connection:
        return [await tally(connection, about, each) for each in times]
