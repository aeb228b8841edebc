"""The file of signed checkpoints: what it accepts, what it refuses, and that a crash leaves it readable."""

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.adapters.checkpoints import CheckpointFile, open_note, read_verifier_key, verifier_key
from bot.stores import LedgerUnusable
from safety.checkpoint import Checkpoint, NotACheckpoint

AT = datetime(2026, 11, 22, 7, 31, tzinfo=UTC)
FIRST = Checkpoint(3, "ab" * 32, AT)
SECOND = Checkpoint(9, "cd" * 32, AT, FIRST.id)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "there" / "notes", tmp_path / "here" / "key"


def test_what_was_signed_is_read_again_by_whoever_has_the_public_key(files: tuple[Path, Path]) -> None:
    notes, key = files
    ledger = CheckpointFile.to_sign(notes, key)
    assert ledger.read() == []
    ledger.append(FIRST)
    CheckpointFile.to_sign(notes, key).append(SECOND)
    public = read_verifier_key(key.with_name("key.pub").read_text(encoding="utf-8"))
    checker = CheckpointFile.to_check(notes, public)
    assert checker.read() == [FIRST, SECOND]
    with pytest.raises(LedgerUnusable, match="private key"):
        checker.append(SECOND)


def test_the_key_is_for_its_owner_alone(files: tuple[Path, Path]) -> None:
    CheckpointFile.to_sign(*files)
    assert stat.S_IMODE(os.stat(files[1]).st_mode) == 0o600


def test_a_note_is_three_lines_of_a_log_two_of_ours_a_blank_one_and_a_signature(files: tuple[Path, Path]) -> None:
    lines = CheckpointFile.to_sign(*files).append(FIRST).split("\n")
    assert lines[:3] == ["ask-claude.io/audit", "3", "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="]
    assert [line.split(" ")[0] for line in lines[3:5]] == ["at", "prev"]
    assert lines[5] == ""
    assert lines[6].startswith("— ask-claude.io/audit ")
    assert lines[7:] == [""]


def test_a_note_that_was_changed_or_signed_by_another_key_is_refused(files: tuple[Path, Path]) -> None:
    note = CheckpointFile.to_sign(*files).append(FIRST)
    public = read_verifier_key(files[1].with_name("key.pub").read_text(encoding="utf-8"))
    assert open_note(note, public) == FIRST
    for spoiled in (note.replace("\n3\n", "\n4\n"), note.replace("— ", "- "), note.partition("\n\n")[0], ""):
        with pytest.raises(NotACheckpoint):
            open_note(spoiled, public)
    with pytest.raises(NotACheckpoint, match="no signature is of this key"):
        open_note(note, Ed25519PrivateKey.generate().public_key())


def test_a_file_with_a_forged_line_is_refused_with_the_number_of_the_line(files: tuple[Path, Path]) -> None:
    ledger = CheckpointFile.to_sign(*files)
    ledger.append(FIRST)
    forged = json.dumps({"size": 1, "head": "", "note": "ask-claude.io/audit\n1\n"})
    with files[0].open("a", encoding="utf-8") as file:
        file.write(forged + "\n")
    with pytest.raises(LedgerUnusable, match="line 2"):
        ledger.read()


def test_a_last_line_that_a_crash_cut_short_is_no_checkpoint_and_stands_in_nobodys_way(
    files: tuple[Path, Path],
) -> None:
    ledger = CheckpointFile.to_sign(*files)
    ledger.append(FIRST)
    with files[0].open("a", encoding="utf-8") as file:
        file.write('{"size": 9, "he')
    assert ledger.read() == [FIRST]
    ledger.append(SECOND)
    assert ledger.read() == [FIRST, SECOND]


@pytest.mark.parametrize("line", ["", "a+b", "ask-claude.io/audit+00000000+AAAA", "x+y+!!!!"])
def test_what_is_no_verifier_key_is_refused(line: str) -> None:
    with pytest.raises(LedgerUnusable):
        read_verifier_key(line)


def test_a_verifier_key_of_another_log_is_refused() -> None:
    line = verifier_key(Ed25519PrivateKey.generate().public_key())
    with pytest.raises(LedgerUnusable, match="another log"):
        read_verifier_key(line.replace("ask-claude.io/audit", "example.com/log"))


def test_a_file_that_is_no_key_is_named(files: tuple[Path, Path]) -> None:
    files[1].parent.mkdir()
    files[1].write_text("not a key", encoding="utf-8")
    with pytest.raises(LedgerUnusable, match="key"):
        CheckpointFile.to_sign(*files)
