"""What is typed after ``python -m bot``: exit statuses, one line per thing, no traceback for what people can mend."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot import wiring
from bot.adapters.offline import OfflineAnalyst
from bot.adapters.store.database import Database
from bot.config import Settings, read_settings
from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock
from bot.demo.slack_emulator import SlackEmulator
from bot.entrypoints.check import Line, Surroundings, check_all
from safety.redaction import Redactor
from tests.fakes import START
from tests.proposals import entry
from tools.adapters.no_cluster import NoCluster

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """One command as a person would type it, with nothing of this machine's own settings."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "DATABASE_URL": f"sqlite:///{folder}/bot.db"}
    environment |= {"KUBECONFIG": str(folder / "none"), "POLICY_FILE": str(folder / "policy.yaml"), **variables}
    line = [sys.executable, "-m", "bot", *words]
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


# ---- as processes ---------------------------------------------------------------------------------------------------


def test_the_database_is_upgraded_as_often_as_one_likes(tmp_path: Path) -> None:
    for _ in range(2):
        done = run(tmp_path, "db", "upgrade")
        assert (done.returncode, done.stdout, done.stderr) == (0, "the database is up to date\n", "")


def test_a_question_without_a_cluster_ends_with_two_and_one_clear_line(tmp_path: Path) -> None:
    done = run(tmp_path, "investigate", "what is wrong?", KUBECONFIG=str(tmp_path / "none"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("ask-claude: ")


@pytest.mark.parametrize(
    ("words", "variables", "told"),
    [
        (("run",), {}, "SLACK_BOT_TOKEN is not set"),
        (("run",), {"SLACK_SOCKETS": "99"}, "SLACK_SOCKETS"),
        (("db", "upgrade"), {"DATABASE_URL": "postgresql://localhost/x"}, "postgresql is not supported"),
    ],
    ids=["no token", "bad setting", "bad address"],
)
def test_what_people_can_mend_is_one_line_and_exit_status_two(
    tmp_path: Path, words: tuple[str, ...], variables: dict[str, str], told: str
) -> None:
    done = run(tmp_path, *words, **variables)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    (line,) = [each for each in done.stderr.splitlines() if each.startswith("ask-claude: ")]
    assert told in line


def test_a_word_that_is_no_command_shows_how_to_use_it(tmp_path: Path) -> None:
    done = run(tmp_path, "fly")
    assert done.returncode == 2
    assert "usage: python -m bot" in done.stderr


async def _three_records(url: str) -> None:
    database = Database(url)
    stores = wiring.make_stores(database, Redactor())
    for number in range(3):
        await stores.audit.append(entry(id_=f"p{number}"), START)
    await database.close()


def test_the_audit_log_is_verified_fresh_filled_and_broken(tmp_path: Path) -> None:
    fresh = run(tmp_path, "audit", "verify", "--json")
    assert (fresh.returncode, json.loads(fresh.stdout)["records"], json.loads(fresh.stdout)["fault"]) == (0, 0, None)
    asyncio.run(_three_records(f"sqlite:///{tmp_path}/bot.db"))
    filled = run(tmp_path, "audit", "verify")
    assert filled.returncode == 0
    assert filled.stdout.startswith("3 records")
    connection = sqlite3.connect(tmp_path / "bot.db")
    connection.execute("DROP TRIGGER audit_no_update")
    connection.execute("UPDATE audit SET type = 'other' WHERE seq = 2")
    connection.commit()
    connection.close()
    broken = run(tmp_path, "audit", "verify")
    assert (broken.returncode, broken.stdout.splitlines()[0][:19]) == (1, "BROKEN at record 2:")
    assert json.loads(run(tmp_path, "audit", "verify", "--json").stdout)["fault"]["seq"] == 2


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
    names = ["database", "slack", "scopes", "channel", "cluster", "rights", "changes", "model", "policy"]
    assert list(found) == names
    assert [each for each in found.values() if not each.ok] == []
    assert "rules" in found["model"].text


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
