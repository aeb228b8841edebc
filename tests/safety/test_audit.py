"""The audit chain: what it shows, and the one thing it cannot."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.audit import GENESIS, AuditRecord, sealed, verify
from safety.redaction import Redactor, stored_json

AT = datetime(2026, 11, 22, 7, 31, 4, 512000, tzinfo=UTC)
REDACTOR = Redactor()


def log_of(count: int) -> list[AuditRecord]:
    records: list[AuditRecord] = []
    for seq in range(1, count + 1):
        prev = records[-1].hash if records else GENESIS
        records.append(sealed(seq, AT + timedelta(seconds=seq), "vote.cast", REDACTOR.json({"n": seq}), prev))
    return records


LOG = log_of(12)
places = st.integers(0, len(LOG) - 1)


def test_an_untouched_log_holds() -> None:
    verified = verify(LOG)
    assert (verified.count, verified.head, verified.fault) == (12, LOG[-1].hash, None)


def test_an_empty_log_holds_and_ends_where_it_began() -> None:
    assert verify([]).head == GENESIS


EDITS: list[dict[str, Any]] = [
    {"at": AT},
    {"type": "vote.refused"},
    {"payload": stored_json('{"n": 999}')},
    {"prev": "1" * 64},
    {"hash": "2" * 64},
    {"prev": "not a hash"},
    {"at": datetime(2026, 1, 1)},  # noqa: DTZ001 - a time without its zone is what is tested
]


@given(places, st.sampled_from(EDITS))
def test_an_edited_record_is_found_where_it_is(place: int, edit: dict[str, Any]) -> None:
    edited = [*LOG[:place], replace(LOG[place], **edit), *LOG[place + 1 :]]
    verified = verify(edited)
    assert verified.fault is not None
    assert verified.fault.seq == place + 1
    assert verified.count == place


@given(places)
def test_a_record_that_was_edited_and_sealed_again_breaks_the_chain_at_the_next_one(place: int) -> None:
    old = LOG[place]
    forged = sealed(old.seq, old.at, old.type, REDACTOR.json({"n": 999}), old.prev)
    fault = verify([*LOG[:place], forged, *LOG[place + 1 :]]).fault
    if place == len(LOG) - 1:
        assert fault is None  # the newest record is covered by nothing yet
    else:
        assert fault is not None
        assert fault.seq == place + 2


@given(st.integers(0, len(LOG) - 2))
def test_a_deleted_record_is_found(place: int) -> None:
    fault = verify([*LOG[:place], *LOG[place + 1 :]]).fault
    assert fault is not None
    assert fault.seq == place + 1
    assert "missing" in fault.why


@given(places, places)
def test_swapped_records_are_found(one: int, other: int) -> None:
    swapped = list(LOG)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    fault = verify(swapped).fault
    assert (fault is None) == (one == other)
    if fault is not None:
        assert fault.seq == min(one, other) + 1


@given(places, places)
def test_swapped_contents_are_found(one: int, other: int) -> None:
    swapped = list(LOG)
    swapped[one] = replace(LOG[other], seq=LOG[one].seq, prev=LOG[one].prev)
    assert (verify(swapped).fault is None) == (one == other)


@given(places, st.booleans())
def test_an_inserted_record_is_found(place: int, sealed_well: bool) -> None:
    prev = LOG[place - 1].hash if place else GENESIS
    payload = REDACTOR.json({"n": 999})
    extra = sealed(place + 1, AT, "vote.cast", payload, prev) if sealed_well else LOG[place]
    fault = verify([*LOG[:place], extra, *LOG[place:]]).fault
    assert fault is not None
    assert fault.seq == place + 2


def test_a_tail_that_was_cut_off_is_not_found_by_the_chain_alone_only_by_a_head_kept_elsewhere() -> None:
    cut = verify(LOG[:7])
    assert cut.fault is None
    assert cut.head != verify(LOG).head


def test_a_log_whose_start_is_archived_is_verified_from_there() -> None:
    assert verify(LOG[5:], first=6, prev=LOG[4].hash).fault is None
    assert verify(LOG[5:]).fault is not None


def test_the_zone_in_which_a_time_is_written_does_not_matter() -> None:
    record = LOG[0]
    elsewhere = replace(record, at=record.at.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert verify([elsewhere]).fault is None


def test_a_record_comes_back_from_the_store_as_it_was() -> None:
    back = [replace(each, payload=stored_json(str(each.payload))) for each in LOG]
    assert verify(back).fault is None


@pytest.mark.parametrize("payload", ['{"a": 1}', REDACTOR.text("redacted, but no JSON"), {"a": 1}, None])
def test_only_redacted_json_goes_in(payload: Any) -> None:
    with pytest.raises(TypeError):
        sealed(1, AT, "vote.cast", payload, GENESIS)
    with pytest.raises(TypeError):
        AuditRecord(1, AT, "vote.cast", payload, GENESIS, GENESIS)


def test_a_time_without_its_zone_is_never_sealed() -> None:
    with pytest.raises(ValueError, match="zone"):
        sealed(1, AT.replace(tzinfo=None), "vote.cast", REDACTOR.json({}), GENESIS)


def test_the_hash_feels_every_field() -> None:
    payload = REDACTOR.json({})
    records = [
        sealed(1, AT, "a", payload, GENESIS),
        sealed(2, AT, "a", payload, GENESIS),
        sealed(1, AT + timedelta(microseconds=1), "a", payload, GENESIS),
        sealed(1, AT, "b", payload, GENESIS),
        sealed(1, AT, "a", REDACTOR.json({"x": 1}), GENESIS),
        sealed(1, AT, "a", payload, "1" * 64),
    ]
    assert len({each.hash for each in records}) == len(records)
