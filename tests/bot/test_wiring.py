"""What is imported when, which parts a setting chooses, and that every kind of delivery has somebody to take it."""

import ast
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import wiring
from bot.adapters.claude import ClaudeModel
from bot.adapters.offline import OfflineAnalyst
from bot.config import BadSetting, Settings, read_settings
from bot.entrypoints.slack.intake import Identity
from bot.stores import Stores
from safety.redaction import Redactor
from tests.fakes import FakeChat, FakePeople, FixedClock
from tools.adapters.no_cluster import NoCluster
from tools.snapshot import Thresholds

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("slack_bolt", "slack_sdk", "anthropic", "kubernetes", "sqlalchemy", "alembic", "pydantic", "aiohttp", "yaml")
POLICY = "version: 1\nmode: {mode}\nenvironments: {{dev: {{namespaces: [orchard]}}}}\n"


def _imported_after(code: str) -> set[str]:
    """The heavy packages that a fresh interpreter has loaded after running this."""
    script = f"import sys\n{code}\nprint(*sorted({{each.split('.')[0] for each in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.rsplit("\n", 2)[-2].split()) & set(HEAVY)


HELPS = [
    ["--help"],
    ["--version"],
    *([each, "--help"] for each in ("run", "demo", "check", "investigate", "schema", "db", "audit")),
]


def test_help_and_version_import_nothing_heavy() -> None:
    code = "from bot.__main__ import main\n"
    for each in HELPS:
        code += f"try:\n    main({each!r})\nexcept SystemExit as end:\n    assert end.code in (0, None), end.code\n"
    assert _imported_after(code) == set()


def test_wiring_does_not_import_the_models_package() -> None:
    assert "anthropic" not in _imported_after("import bot.wiring")


# ---- choices --------------------------------------------------------------------------------------------------------


def settings(tmp_path: Path, **changed: Any) -> Settings:
    plain = {"_env_file": None, "policy_file": tmp_path / "policy.yaml", "kubeconfig": str(tmp_path / "none")}
    return read_settings(**{**plain, **changed})


async def test_a_key_chooses_claude_and_no_key_the_rules(tmp_path: Path) -> None:
    assert isinstance(wiring.make_model(settings(tmp_path), Redactor()), OfflineAnalyst)
    model = wiring.make_model(settings(tmp_path, anthropic_api_key="key-" + "1" * 20), Redactor())
    assert isinstance(model, ClaudeModel)
    assert model.connected
    await model.aclose()


@pytest.mark.parametrize(
    ("file_mode", "setting", "mode"),
    [
        (None, "approve", "off"),
        ("approve", "approve", "approve"),
        ("off", "approve", "off"),
        ("approve", "off", "off"),
        ("auto", "auto", "approve"),
    ],
)
async def test_the_stricter_of_the_policy_and_the_setting_holds_and_off_makes_no_writer(
    tmp_path: Path, file_mode: str | None, setting: str, mode: str
) -> None:
    made = settings(tmp_path, remediation_mode=setting)
    if file_mode is not None:
        _write(made.policy_file, POLICY.format(mode=file_mode))
    assert wiring.effective_mode(made) == mode
    if mode == "off":
        assert await wiring.make_writer(made) is None


@pytest.mark.parametrize(("file_mode", "mode"), [("auto", "auto"), ("approve", "approve"), ("off", "off")])
def test_auto_takes_the_policy_and_both_settings(tmp_path: Path, file_mode: str, mode: str) -> None:
    made = settings(tmp_path, remediation_mode="auto", auto_remediation_enabled=True)
    _write(made.policy_file, POLICY.format(mode=file_mode))
    assert wiring.effective_mode(made) == mode


def _write(path: Path, text: str) -> None:
    path.write_text(text)


async def test_without_a_cluster_a_stand_in_says_what_is_missing(tmp_path: Path) -> None:
    assert isinstance(await wiring.make_reader(settings(tmp_path)), NoCluster)


def _built(tmp_path: Path, stores: Stores, clock: FixedClock, **changed: Any) -> wiring.Bot:
    outside = wiring.Outside(FakeChat(clock), FakePeople(), NoCluster("none"), None, OfflineAnalyst(), wiring.Sources())
    identity = Identity("T", "U0BOT", "B0BOT")
    return wiring.build(settings(tmp_path, **changed), outside, stores, identity, clock, Redactor())


async def test_without_a_writer_there_is_no_executor_at_all(tmp_path: Path, stores: Stores, clock: FixedClock) -> None:
    assert _built(tmp_path, stores, clock).running.executor is None


async def test_a_broken_policy_stops_the_start(tmp_path: Path, stores: Stores, clock: FixedClock) -> None:
    _write(tmp_path / "policy.yaml", "version: 9\n")
    with pytest.raises(BadSetting, match=r"policy\.yaml"):
        _built(tmp_path, stores, clock)


async def test_every_kind_of_delivery_that_the_intake_stores_has_a_handler(
    tmp_path: Path, stores: Stores, clock: FixedClock
) -> None:
    tree = ast.parse(_text(ROOT / "bot/entrypoints/slack/intake.py"))
    literals = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    handled = set(_built(tmp_path, stores, clock).running.inbox.handlers)
    assert handled == {"command", "question", "reply", "edited", "alert", "answered", "invited"}
    assert handled <= literals


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_the_client_for_slack_repeats_nothing_by_itself(tmp_path: Path) -> None:
    client = wiring.make_slack_client(settings(tmp_path, slack_api_url="http://127.0.0.1:9/api/"))
    assert client.retry_handlers == []
    assert client.base_url == "http://127.0.0.1:9/api/"


def test_a_librarys_traceback_reaches_the_log_without_its_secrets() -> None:
    script = (
        "import logging\nfrom bot.entrypoints.logs import configure_logging\nfrom bot.config import Settings\n"
        "from safety.redaction import Redactor\n"
        "configure_logging(Settings(_env_file=None), Redactor(['correct-horse-battery']))\n"
        "try:\n    raise ValueError('no way in with correct-horse-battery')\n"
        "except ValueError:\n    logging.getLogger('library').exception('it broke: %s', 'correct-horse-battery')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Traceback" in done.stderr
    assert "no way in with" in done.stderr
    assert "correct-horse-battery" not in done.stderr


def test_the_settings_say_what_is_no_trouble_and_their_defaults_are_those_of_the_engine() -> None:
    assert wiring.thresholds_of(Settings(_env_file=None)) == Thresholds()  # type: ignore[call-arg]
    changed = read_settings(triage_restarts=9, triage_pod_age_minutes=7, triage_crashes=4, triage_image_pull_seconds=5)
    limits = wiring.thresholds_of(changed)
    assert (limits.restarts, limits.crash_loops) == (9, 4)
    assert (limits.pod_age, limits.image_pull) == (timedelta(minutes=7), timedelta(seconds=5))
    with pytest.raises(BadSetting, match="TRIAGE_RESTARTS"):
        read_settings(triage_restarts=-1)


def test_repositories_that_workloads_name_are_opened_only_for_owners_that_were_allowed(tmp_path: Path) -> None:
    token = "-".join(("a", "token"))
    told = wiring.make_sources(settings(tmp_path, github_token=token, github_repositories="acme/shop,Acme/*"))
    assert [each.repository for each in told.repositories] == ["acme/shop"]
    assert told.named is not None
    assert told.named.open("acme/web", ["web"]) is not None
    assert told.named.open("acme/shop", ["shop"]) is None
    assert told.named.open("other/web", ["web"]) is None
    plain = wiring.make_sources(settings(tmp_path, github_token=token, github_repositories="acme/shop"))
    assert plain.named is not None
    assert plain.named.open("acme/web", ["web"]) is None
    assert (plain.named.allows("acme/shop"), plain.named.allows("acme/web")) == (True, False)
    with pytest.raises(BadSetting, match="owner"):
        settings(tmp_path, github_repositories="*/shop")
