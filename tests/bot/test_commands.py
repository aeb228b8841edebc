"""What is typed after ``python -m bot``: exit statuses, one line per thing, no traceback for what people can mend."""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot import wiring
from bot.__main__ import main
from bot.adapters.checkpoints import CheckpointFile
from bot.adapters.offline import OfflineAnalyst
from bot.adapters.store.database import Database
from bot.config import Settings, read_settings
from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock
from bot.demo.slack_emulator import SlackEmulator
from bot.entrypoints.check import Line, Surroundings, check_all
from bot.flows.sealing import Sealing
from safety.redaction import Redactor
from tests.fakes import START, FixedClock
from tests.proposals import entry
from tools.adapters.no_cluster import NoCluster

ROOT = Path(__file__).resolve().parents[2]
# Starting Python and importing everything takes longer than any of these commands, so they share one process.
SCRIPT = """
import contextlib, io, json, os, sys
from bot.__main__ import main
told = []
for words, variables in json.loads(sys.argv[1]):
    os.environ.update(variables)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(words)
        except SystemExit as end:
            code = end.code
    for name in variables:
        os.environ.pop(name)
    told.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(told))
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.err.splitlines()[-1]


def type_in(folder: Path, *commands: tuple[list[str], dict[str, str]]) -> list[Told]:
    """Commands as a person would type them, with nothing of this machine's own settings."""
    fixed = {"DATABASE_URL": f"sqlite:///{folder}/bot.db", "KUBECONFIG": f"{folder}/none"}
    typed = [(words, {**fixed, "POLICY_FILE": f"{folder}/policy.yaml", **more}) for words, more in commands]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    line = [sys.executable, "-c", SCRIPT, json.dumps(typed)]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return [Told(*each) for each in json.loads(done.stdout.splitlines()[-1])]


# ---- as processes ---------------------------------------------------------------------------------------------------


def test_the_database_is_upgraded_as_often_as_one_likes(tmp_path: Path) -> None:
    upgrade: tuple[list[str], dict[str, str]] = (["db", "upgrade"], {})
    for told in type_in(tmp_path, upgrade, upgrade):
        assert (told.code, told.out, told.err) == (0, "the database is up to date\n", "")


def test_what_people_can_mend_is_one_line_and_exit_status_two(tmp_path: Path) -> None:
    cluster, token, setting, address = type_in(
        tmp_path,
        (["investigate", "what is wrong?"], {}),
        (["run"], {}),
        (["run"], {"SLACK_SOCKETS": "99"}),
        (["db", "upgrade"], {"DATABASE_URL": "postgresql://localhost/x"}),
    )
    for each in (cluster, token, setting, address):
        assert each.code == 2
        assert each.out == ""
        assert "Traceback" not in each.err
        assert each.last_line.startswith("ask-claude: ")
    assert "kubeconfig" in cluster.last_line
    assert "SLACK_BOT_TOKEN is not set" in token.last_line
    assert "SLACK_SOCKETS" in setting.last_line
    assert "postgresql is not supported" in address.last_line


def test_a_word_that_is_no_command_shows_how_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["fly"])
    assert end.value.code == 2
    assert "usage: python -m bot" in capsys.readouterr().err


async def _three_records(url: str) -> None:
    database = Database(url)
    stores = wiring.make_stores(database, Redactor())
    for number in range(3):
        await stores.audit.append(entry(id_=f"p{number}"), START)
    await database.close()


def _break(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER audit_no_update")
    connection.execute("UPDATE audit SET type = 'other' WHERE seq = 2")
    connection.commit()
    connection.close()


def test_the_audit_log_is_verified_fresh_filled_and_broken(tmp_path: Path, fresh_file: Path) -> None:
    shutil.copyfile(fresh_file, tmp_path / "fresh")
    for name in ("filled", "broken"):
        shutil.copyfile(fresh_file, tmp_path / name)
        asyncio.run(_three_records(f"sqlite:///{tmp_path}/{name}"))
    _break(tmp_path / "broken")
    at = {name: {"DATABASE_URL": f"sqlite:///{tmp_path}/{name}"} for name in ("fresh", "filled", "broken")}
    at["nowhere"] = {"DATABASE_URL": f"sqlite:///{tmp_path}/nowhere"}
    verify = ["audit", "verify"]
    fresh, filled, broken, in_json, nowhere = type_in(
        tmp_path,
        ([*verify, "--json"], at["fresh"]),
        (verify, at["filled"]),
        (verify, at["broken"]),
        ([*verify, "--json"], at["broken"]),
        (verify, at["nowhere"]),
    )
    assert (nowhere.code, nowhere.out) == (2, "")
    assert "there is no database at" in nowhere.err
    assert not (tmp_path / "nowhere").exists()
    assert (fresh.code, json.loads(fresh.out)["records"], json.loads(fresh.out)["fault"]) == (0, 0, None)
    assert filled.code == 0
    assert filled.out.startswith("3 records")
    assert (broken.code, broken.out.splitlines()[0][:19]) == (1, "BROKEN at record 2:")
    assert (in_json.code, json.loads(in_json.out)["fault"]["seq"]) == (1, 2)


async def _signed(path: Path) -> None:
    """Three records, and a checkpoint over them beside the database."""
    url = f"sqlite:///{path}"
    await _three_records(url)
    database = Database(url)
    stores = wiring.make_stores(database, Redactor())
    files = path.with_name(f"{path.name}.checkpoints"), path.with_name(f"{path.name}.audit-key")
    sealing = Sealing(stores, CheckpointFile.to_sign(*files), FixedClock(), Redactor())
    assert await sealing.sign(at_once=True) is not None
    await database.close()


def test_an_end_that_was_cut_off_is_found_by_the_checkpoints_beside_the_database_or_named(
    tmp_path: Path, fresh_file: Path
) -> None:
    shutil.copyfile(fresh_file, tmp_path / "whole")
    asyncio.run(_signed(tmp_path / "whole"))
    shutil.copyfile(fresh_file, tmp_path / "cut")
    whole, cut = ({"DATABASE_URL": f"sqlite:///{tmp_path}/{name}"} for name in ("whole", "cut"))
    notes = ["--checkpoints", f"{tmp_path}/whole.checkpoints", "--pubkey", f"{tmp_path}/whole.audit-key.pub"]
    good, bad, in_json, missing = type_in(
        tmp_path,
        (["audit", "verify"], whole),
        (["audit", "verify", *notes], cut),
        (["audit", "verify", "--json"], whole),
        (["audit", "verify", "--checkpoints", f"{tmp_path}/none"], whole),
    )
    assert good.code == 0
    assert "1 signed checkpoints agree; the newest covers 3 records, 0 came after it" in good.out
    assert (bad.code, bad.out[:40]) == (1, "BROKEN at record 1: the end was cut off:")
    assert {"checkpoints": 1, "signed": 3, "unsigned": 0}.items() <= json.loads(in_json.out).items()
    assert (missing.code, missing.last_line) == (2, f"ask-claude: there is no file {tmp_path}/none")


def test_the_audit_log_is_shown_listed_and_exported(tmp_path: Path, fresh_file: Path) -> None:
    shutil.copyfile(fresh_file, tmp_path / "filled")
    asyncio.run(_three_records(f"sqlite:///{tmp_path}/filled"))
    at = {"DATABASE_URL": f"sqlite:///{tmp_path}/filled"}
    page, nobody, lines, plain, ocsf, events = type_in(
        tmp_path,
        (["audit", "show", "p1"], at),
        (["audit", "show", "p9"], at),
        (["audit", "log"], at),
        (["audit", "export"], at),
        (["audit", "export", "--format", "ocsf"], at),
        (["audit", "export", "--format", "cloudevents"], at),
    )
    assert (page.code, page.out.splitlines()[-1][:15]) == (0, "records 2 to 2,")
    assert (nobody.code, nobody.out) == (2, "")
    assert "there is no record of a proposal p9" in nobody.err
    assert [len(each.out.splitlines()) for each in (lines, plain, ocsf, events)] == [3, 3, 3, 3]
    assert json.loads(ocsf.out.splitlines()[0])["class_uid"] == 6003
    assert json.loads(events.out.splitlines()[0])["specversion"] == "1.0"


# ---- check, in this process -----------------------------------------------------------------------------------------


def _settings(tmp_path: Path, slack: SlackEmulator, **changed: Any) -> Settings:
    plain = {
        "_env_file": None,
        "slack_bot_token": slack.bot_token,
        "slack_app_token": slack.app_token,
        "slack_api_url": slack.api_url,
        "database_url": f"sqlite:///{tmp_path}/bot.db",
        "policy_file": tmp_path / "policy.yaml",
        "alert_channels": "C0ALERTS=Alertmanager",
    }
    return read_settings(**{**plain, **changed})


async def _checked(settings: Settings, cluster: Any) -> dict[str, Line]:
    around = Surroundings(settings, wiring.make_slack_client(settings), cluster, OfflineAnalyst(), "approve")
    return {each.what: each async for each in check_all(around)}


async def test_everything_in_order_is_one_good_line_each(tmp_path: Path, slack: SlackEmulator) -> None:
    emulator = ClusterEmulator("healthy", clock=VirtualClock(speed=0))
    await emulator.start()
    kubeconfig = str(emulator.write_kubeconfig(tmp_path / "kubeconfig", "ask-claude"))
    settings = _settings(tmp_path, slack, kubeconfig=kubeconfig)
    cluster = await wiring.make_reader(settings)
    found = await _checked(settings, cluster)
    await cluster.close()
    await emulator.stop()
    names = [
        "database",
        "slack",
        "scopes",
        "channel",
        "cluster",
        "rights",
        "changes",
        "github",
        "jira",
        "model",
        "policy",
    ]
    assert list(found) == names
    assert [each for each in found.values() if not each.ok] == []
    assert "rules" in found["model"].text


class Elsewhere(NoCluster):
    """Another cluster, in which everything is allowed."""

    async def uid(self) -> str:
        return "uid-of-another-cluster"

    async def may(self, *_asked: Any, **_more: Any) -> bool:
        return True


async def test_credentials_for_changes_that_lead_to_another_cluster_are_told(
    tmp_path: Path, slack: SlackEmulator
) -> None:
    emulator = ClusterEmulator("healthy", clock=VirtualClock(speed=0))
    await emulator.start()
    kubeconfig = str(emulator.write_kubeconfig(tmp_path / "kubeconfig", "ask-claude"))
    settings = _settings(tmp_path, slack, kubeconfig=kubeconfig)
    cluster = await wiring.make_reader(settings)
    client, model = wiring.make_slack_client(settings), OfflineAnalyst()
    around = Surroundings(settings, client, cluster, model, "approve", writer=Elsewhere("elsewhere"))
    found = {each.what: each async for each in check_all(around)}["changes"]
    await cluster.close()
    await emulator.stop()
    assert not found.ok
    assert "another cluster" in found.text


async def test_everything_broken_is_one_line_each_with_the_mend(tmp_path: Path, slack: SlackEmulator) -> None:
    settings = _settings(
        tmp_path, slack, database_url="mysql://x/y", alert_channels="C0RANDOM=A,C0NOWHERE=B", slack_bot_token="xoxb-no"
    )
    found = await _checked(settings, NoCluster("no kubeconfig: set KUBECONFIG"))
    assert [name for name, each in found.items() if not each.ok] == ["database", "slack", "cluster"]
    assert "use sqlite:///" in found["database"].text
    assert found["slack"].text == "SLACK_BOT_TOKEN: Slack says invalid_auth; " + _MEND
    assert "set KUBECONFIG" in found["cluster"].text
    assert "nothing may be changed" in found["policy"].text


_MEND = "it is not valid: copy it again from api.slack.com/apps"


async def test_a_wrong_app_token_is_told_from_a_wrong_bot_token(tmp_path: Path, slack: SlackEmulator) -> None:
    found = await _checked(_settings(tmp_path, slack, slack_app_token="xapp-no"), NoCluster("none"))
    assert found["slack"].text.startswith("SLACK_APP_TOKEN: Slack says invalid_auth")


async def test_two_tokens_that_were_swapped_are_told(tmp_path: Path, slack: SlackEmulator) -> None:
    swapped = {"slack_bot_token": slack.app_token, "slack_app_token": slack.bot_token}
    found = await _checked(_settings(tmp_path, slack, **swapped), NoCluster("none"))
    assert not found["slack"].ok
    assert "xapp-" in found["slack"].text


@pytest.mark.parametrize(
    ("channel", "mend"), [("C0RANDOM", "/invite @ask-claude"), ("C0NOWHERE", "channel_not_found; use its id")]
)
async def test_a_channel_without_us_says_how_to_mend_it(
    tmp_path: Path, slack: SlackEmulator, channel: str, mend: str
) -> None:
    found = await _checked(_settings(tmp_path, slack, alert_channels=f"{channel}=A"), NoCluster("none"))
    assert not found["channel"].ok
    assert mend in found["channel"].text


async def test_a_slack_that_cannot_be_reached_is_told_with_its_address(tmp_path: Path, slack: SlackEmulator) -> None:
    found = await _checked(_settings(tmp_path, slack, slack_api_url="http://127.0.0.1:9/api/"), NoCluster("none"))
    assert "cannot be reached at http://127.0.0.1:9/api/" in found["slack"].text


async def test_a_scope_that_is_missing_is_named(tmp_path: Path, slack: SlackEmulator) -> None:
    manifest = slack.office.manifest
    fewer = tuple(each for each in manifest.scopes if each != "usergroups:read")
    slack.office.manifest = type(manifest)(
        manifest.name, fewer, manifest.events, manifest.commands, manifest.shortcuts, manifest.is_interactive
    )
    found = await _checked(_settings(tmp_path, slack), NoCluster("none"))
    assert found["scopes"].text.startswith("missing: usergroups:read")


async def test_a_broken_policy_is_one_line_too(tmp_path: Path, slack: SlackEmulator) -> None:
    await asyncio.to_thread((tmp_path / "policy.yaml").write_text, "version: 9\n")
    found = await _checked(_settings(tmp_path, slack), NoCluster("none"))
    assert not found["policy"].ok
    assert "policy.yaml" in found["policy"].text
