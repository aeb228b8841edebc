"""Settings and the policy file: read once, and every fault named with what to write instead."""

from pathlib import Path
from typing import Any

import pytest

from bot.config import BadSetting, Settings, read_policy, read_settings

GOOD = """
version: 1
mode: approve
environments: {dev: {namespaces: [orchard]}}
actions: {restart_deployment: {environments: [dev]}}
approvals: {default: {groups: [S0ONCALL]}}
"""


def settings(**changed: Any) -> Settings:
    return read_settings(_env_file=None, **changed)


# ---- settings -------------------------------------------------------------------------------------------------------


def test_without_any_variable_there_are_defaults_that_change_nothing_anywhere() -> None:
    plain = settings()
    assert plain.slack_api_url == "https://slack.com/api/"
    assert plain.database_url == "sqlite:///var/ask-claude.db"
    assert plain.thread_idle_minutes == 30
    assert plain.alert_channels == {}


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("", {}),
        (" , ", {}),
        ("C0A=Alertmanager", {"C0A": ("Alertmanager",)}),
        ("C0A=Alertmanager,C0B=Grafana", {"C0A": ("Alertmanager",), "C0B": ("Grafana",)}),
        (" C0A = Alertmanager | A0GRAF ,", {"C0A": ("Alertmanager", "A0GRAF")}),
    ],
)
def test_alert_channels_name_channels_and_their_monitors(text: str, channels: dict[str, tuple[str, ...]]) -> None:
    assert settings(alert_channels=text).alert_channels == channels


@pytest.mark.parametrize("text", ["C0A", "C0A=", "=Alertmanager", "C0A=Alertmanager,C0B", "C0A= ", "C0A=|"])
def test_a_channel_without_its_monitor_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadSetting, match="ALERT_CHANNELS") as caught:
        settings(alert_channels=text)
    assert "C0123ABCD=Alertmanager" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slack_sockets", "0"),
        ("slack_sockets", "many"),
        ("thread_idle_minutes", "-1"),
        ("verify_seconds", "soon"),
        ("remediation_mode", "always"),
        ("log_level", "loud"),
        ("parallel_threads", "65"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name.upper()) as caught:
        settings(**{name: value})
    assert "\n" not in str(caught.value)


def test_a_bad_value_next_to_a_token_does_not_tell_the_token() -> None:
    token = "xoxb-" + "4f6e" * 6
    with pytest.raises(BadSetting) as caught:
        settings(slack_bot_token=token, slack_sockets="0")
    assert token not in str(caught.value)


def test_secrets_are_known_by_value_and_never_shown() -> None:
    tokens = {
        "slack_bot_token": "xoxb-" + "1" * 20,
        "slack_app_token": "xapp-" + "2" * 20,
        "anthropic_api_key": "key-" + "3" * 20,
    }
    made = settings(**tokens)
    assert sorted(made.secrets()) == sorted(tokens.values())
    assert not any(each in repr(made) for each in tokens.values())
    assert settings().secrets() == []


def test_settings_are_read_from_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("PARALLEL_THREADS=3\nALERT_CHANNELS=C0A=Alertmanager\nUNKNOWN=ignored\n")
    made = read_settings(_env_file=path)
    assert (made.parallel_threads, made.alert_channels) == (3, {"C0A": ("Alertmanager",)})


def test_every_setting_has_a_description() -> None:
    assert [name for name, each in Settings.model_fields.items() if not each.description] == []


# ---- the policy file ------------------------------------------------------------------------------------------------


def test_without_a_policy_file_nothing_may_be_changed(tmp_path: Path) -> None:
    policy = read_policy(tmp_path / "none.yaml")
    assert policy.mode == "off"
    assert policy.rule_for("restart_deployment") is None


def test_a_good_policy_file_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(GOOD)
    policy = read_policy(path)
    assert policy.mode == "approve"
    assert policy.approval_for("restart_deployment").groups == ("S0ONCALL",)
    assert policy.rule_for("rollback_deployment") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version: [1", "not YAML"),
        (b"version: 2\n", "version"),
        (b"version: 1\nnamespaces: [a]\n", "namespaces"),
        (b"version: 1\nenvironments: {dev: {namespaces: ['*']}}\n", "would allow everything"),
        (b"version: 1\napprovals: {default: {count: 6}}\n", "approvals.default.count"),
        (b"- a list\n", "policy.yaml"),
        (b"just words\n", "policy.yaml"),
        (b"\xff\xfe\x00binary\x00", "policy.yaml"),
        (b"", "version"),
    ],
)
def test_a_broken_policy_file_is_refused_with_its_name_and_the_fault(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(content)
    with pytest.raises(BadSetting, match=r"policy\.yaml") as caught:
        read_policy(path)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "why"),
    [("evict_pod", "cannot be taken back"), ("rollback_daemon_set", "is of high risk")],
)
def test_what_never_goes_without_a_person_is_refused_under_auto_with_its_line_and_what_to_do(
    tmp_path: Path, kind: str, why: str
) -> None:
    path = tmp_path / "policy.yaml"
    dev = "version: 1\nenvironments: {dev: {namespaces: [team-a-dev]}}\n"
    path.write_text(f"{dev}auto:\n  environments: [dev]\n  actions: [restart_deployment, {kind}]\n")
    with pytest.raises(BadSetting) as caught:
        read_policy(path)
    said = str(caught.value)
    assert said.startswith(f"{path}, line 5: auto.actions: ")
    assert f"{kind} {why}, so a person approves it; take it out of auto.actions" in said


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("version: 1\n\nmode: sometimes\n", 3),
        ("version: 1\napprovals:\n  default:\n    users: [U0ALICE, alice]\n", 4),
        ("version: 1\nnamespaces: [a]\n", 2),
    ],
)
def test_a_fault_in_the_policy_file_is_told_with_its_line(tmp_path: Path, content: str, line: int) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(content)
    with pytest.raises(BadSetting, match=f"policy.yaml, line {line}: "):
        read_policy(path)


def test_a_policy_may_ask_for_several_approvals(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("version: 1\napprovals: {default: {count: 2}}\n")
    assert read_policy(path).approval_for("restart_deployment").count == 2


def test_a_policy_that_cannot_be_read_is_not_taken_for_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").mkdir()
    with pytest.raises(BadSetting, match=r"policy\.yaml"):
        read_policy(tmp_path / "policy.yaml")
