"""The signs of ordinary logs of many stacks, and of noise that is no fault; each was redacted first."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from safety.redaction import Redactor
from tools.logs.read import read_log
from tools.logs.reading import Level, LogReading, SignKind

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HERE = Path(__file__).parent
FAULTS: list[dict[str, Any]] = yaml.safe_load((HERE / "faults.yaml").read_text(encoding="utf-8"))
HEALTHY: list[dict[str, Any]] = yaml.safe_load((HERE / "healthy.yaml").read_text(encoding="utf-8"))


def read(text: str) -> LogReading:
    return read_log(Redactor().text(text), now=NOW)


def _name(sample: dict[str, Any]) -> str:
    return str(sample["name"])


@pytest.mark.parametrize("sample", FAULTS, ids=_name)
def test_a_fault_gives_its_signs_and_no_others(sample: dict[str, Any]) -> None:
    reading = read(sample["log"])
    found = {f"{each.kind} {each.target or ''}".strip() for each in reading.standing()}
    assert found == set(sample["signs"])
    for each in reading.standing():
        assert each.line in reading.summary(limit=20)


@pytest.mark.parametrize("sample", [each for each in FAULTS if "first" in each], ids=_name)
def test_a_fault_is_led_by_its_first_error(sample: dict[str, Any]) -> None:
    reading = read(sample["log"])
    assert reading.first_error is not None
    assert sample["first"] in reading.first_error.headline
    if "root" in sample:
        assert sample["root"] in (reading.first_error.root or "")
    if "exit" in sample:
        assert reading.exit_line is not None
        assert sample["exit"] in reading.exit_line.headline


@pytest.mark.parametrize("sample", HEALTHY, ids=_name)
def test_noise_of_a_healthy_program_has_no_weight(sample: dict[str, Any]) -> None:
    reading = read(sample["log"])
    assert [each for each in reading.standing() if each.level >= Level.ERROR] == []
    assert reading.first_error is None
    if "recovered" in sample:
        assert {str(each.kind) for each in reading.signs if each.recovered} == set(sample["recovered"])


def test_every_kind_of_sign_is_in_a_sample_or_says_that_it_is_no_fault() -> None:
    shown = {each.split()[0] for sample in FAULTS for each in sample["signs"]}
    assert {str(each) for each in SignKind} - shown == {"shutdown"}
    assert len(FAULTS) >= 60
    assert len(HEALTHY) >= 30
