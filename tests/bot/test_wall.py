"""The admission policy of the policy file in use is printed as a manifest."""

from pathlib import Path

import pytest
import yaml

from bot import commands
from bot.config import BadSetting
from bot.entrypoints.cli import parser

FILE = "version: 1\nprotected: {tokens: [ledger], require_label: example.com/changes=allowed}\n"


async def test_it_prints_the_wall_of_this_very_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    arguments = parser().parse_args(["policy", "wall", "--account", "system:serviceaccount:a:b"])
    assert await commands.policy(arguments) == 0
    policy, binding = yaml.safe_load_all(capsys.readouterr().out)
    assert (policy["kind"], binding["spec"]["validationActions"]) == ("ValidatingAdmissionPolicy", ["Deny", "Audit"])
    expressions = " ".join(each["expression"] for each in policy["spec"]["validations"])
    assert "ledger" in expressions
    assert '"example.com/changes"' in expressions
    assert "system:serviceaccount:a:b" in policy["spec"]["matchConditions"][0]["expression"]


async def test_a_broken_file_prints_no_wall_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy.yaml").write_text("version: 2\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadSetting, match=r"policy\.yaml"):
        await commands.policy(parser().parse_args(["policy", "wall"]))
    assert capsys.readouterr().out == ""
