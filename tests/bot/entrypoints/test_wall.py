"""The admission policy of a policy file is printed as a manifest, and a broken file is told."""

from pathlib import Path

import pytest
import yaml

from bot.entrypoints.wall import main

FILE = "version: 1\nprotected: {tokens: [ledger], require_label: example.com/changes=allowed}\n"


def test_it_prints_the_wall_of_this_very_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy.yaml").write_text(FILE)
    assert main([str(tmp_path / "policy.yaml"), "--account", "system:serviceaccount:a:b"]) == 0
    policy, binding = yaml.safe_load_all(capsys.readouterr().out)
    assert (policy["kind"], binding["spec"]["validationActions"]) == ("ValidatingAdmissionPolicy", ["Deny", "Audit"])
    expressions = " ".join(each["expression"] for each in policy["spec"]["validations"])
    assert "ledger" in expressions
    assert '"example.com/changes"' in expressions
    assert "system:serviceaccount:a:b" in policy["spec"]["matchConditions"][0]["expression"]


@pytest.mark.parametrize("content", [None, "version: 2\n"])
def test_a_file_that_is_missing_or_broken_prints_nothing_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    path = tmp_path / "policy.yaml"
    if content is not None:
        path.write_text(content)
    assert main([str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "policy.yaml" in err
