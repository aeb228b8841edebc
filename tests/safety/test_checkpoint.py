"""Checkpoints of the audit log: their one spelling, and every way of tampering that they show and a chain does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.audit import GENESIS, AuditRecord, sealed, verify
from safety.checkpoint import Checkpoint, NotACheckpoint, read_checkpoint, verify_sealed
from safety.redaction import Redactor

AT = datetime(2026, 11, 22, 7, 31, 4, 512000, tzinfo=UTC)
REDACTOR = Redactor()


def log_of(count: int, start: tuple[AuditRecord, ...] = (), word: str = "n") -> tuple[AuditRecord, ...]:
    records = list(start)
    for seq in range(len(records) + 1, count + 1):
        prev = records[-1].hash if records else GENESIS
        records.append(sealed(seq, AT + timedelta(seconds=seq), "vote.cast", REDACTOR.json({word: seq}), prev))
    return tuple(records)


LOG = log_of(12)


def checkpoints_of(records: tuple[AuditRecord, ...], *sizes: int) -> list[Checkpoint]:
    made: list[Checkpoint] = []
    for size in sizes:
        prev = made[-1].id if made else GENESIS
        made.append(Checkpoint(size, records[size - 1].hash, AT + timedelta(minutes=size), prev))
    return made


NOTES = checkpoints_of(LOG, 4, 8, 10)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(st.integers(0, 10**9), digests, st.datetimes(timezones=st.just(UTC)), digests)
def test_a_checkpoint_is_read_as_it_was_written(size: int, head: str, at: datetime, prev: str) -> None:
    made = Checkpoint(size, head, at, prev)
    assert read_checkpoint(made.text()) == made


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("ask-claude.io", "example.com"),
        lambda text: text.replace("\n4\n", "\n04\n"),
        lambda text: text.replace("\n4\n", "\n+4\n"),
        lambda text: text + "one line more\n",
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("at ", "", 1),
        lambda text: text.replace("prev ", "prev A", 1),
        lambda text: "",
    ],
)
def test_a_checkpoint_has_one_spelling(spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(NotACheckpoint):
        read_checkpoint(spoil(NOTES[0].text()))


def test_an_untouched_log_agrees_with_its_checkpoints_and_says_how_much_they_cover() -> None:
    found = verify_sealed(LOG, NOTES)
    assert (found.fault, found.signed, found.unsigned) == (None, 10, 2)


def test_without_checkpoints_all_of_it_could_be_cut_off_unseen() -> None:
    found = verify_sealed(LOG, [])
    assert (found.fault, found.signed, found.unsigned) == (None, 0, 12)


@pytest.mark.parametrize("kept", range(10))
def test_a_tail_that_was_cut_off_is_seen_though_the_chain_holds(kept: int) -> None:
    assert verify(LOG[:kept]).fault is None
    fault = verify_sealed(LOG[:kept], NOTES).fault
    assert fault is not None
    assert "cut off" in fault.why


@pytest.mark.parametrize("kept", range(10))
def test_a_log_that_was_written_anew_from_some_record_on_is_seen_though_the_chain_holds(kept: int) -> None:
    forged = log_of(15, LOG[:kept], word="m")
    assert verify(forged).fault is None
    fault = verify_sealed(forged, NOTES).fault
    assert fault is not None
    assert "rewritten" in fault.why


def test_what_the_newest_checkpoint_does_not_cover_may_still_be_cut_off() -> None:
    assert verify_sealed(LOG[:10], NOTES).fault is None


def test_a_broken_chain_is_named_before_any_checkpoint() -> None:
    edited = (*LOG[:5], replace(LOG[5], type="vote.refused"), *LOG[6:])
    fault = verify_sealed(edited, NOTES).fault
    assert fault is not None
    assert (fault.seq, "changed after it was sealed" in fault.why) == (6, True)


def test_a_checkpoint_that_is_missing_in_the_middle_or_stands_in_a_wrong_place_is_seen() -> None:
    for notes in ([NOTES[0], NOTES[2]], [NOTES[1], NOTES[0], NOTES[2]], [NOTES[0], NOTES[1], NOTES[1]]):
        fault = verify_sealed(LOG, notes).fault
        assert fault is not None
        assert "missing or was swapped" in fault.why


def test_the_oldest_checkpoints_may_be_archived() -> None:
    assert verify_sealed(LOG, NOTES[1:]).fault is None
