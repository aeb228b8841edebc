"""A log in which each record carries the hash of the one before it.

The chain shows an edited, missing, inserted or swapped record. It cannot show that the newest records were cut off, or
that somebody who owns the file rewrote all of it: for that the head has to be kept somewhere else as well.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from safety.actions import canonical_json
from safety.redaction import RedactedJson

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One thing that happened, sealed to everything before it. ``seq`` counts from 1 without gaps."""

    seq: int
    at: datetime
    type: str
    payload: RedactedJson
    prev: str
    hash: str

    def __post_init__(self) -> None:
        if not isinstance(self.payload, RedactedJson):
            raise TypeError("only redacted JSON goes into the audit log")


@dataclass(frozen=True, slots=True)
class Fault:
    """The first place at which the log is not what was written."""

    seq: int
    why: str


@dataclass(frozen=True, slots=True)
class Verified:
    """How many records hold, the hash of the last of them, and what is wrong with the one after, if anything."""

    count: int
    head: str
    fault: Fault | None


def sealed(seq: int, at: datetime, type: str, payload: RedactedJson, prev: str) -> AuditRecord:
    """The next record. ``prev`` is the hash of the record before it, or ``GENESIS``."""
    if not isinstance(payload, RedactedJson):
        raise TypeError("only redacted JSON goes into the audit log")
    return AuditRecord(seq, at, type, payload, prev, _hash(seq, at, type, payload, prev))


def verify(records: Iterable[AuditRecord], *, first: int = 1, prev: str = GENESIS) -> Verified:
    """Follow the chain and stop at the first record that breaks it. An archived start is skipped by its end."""
    count = 0
    for record in records:
        why = _fault(record, first + count, prev)
        if why is not None:
            return Verified(count, prev, Fault(first + count, why))
        count, prev = count + 1, record.hash
    return Verified(count, prev, None)


def _fault(record: AuditRecord, expected: int, prev: str) -> str | None:
    if record.seq > expected:
        return f"record {expected} is missing: {record.seq} is in its place"
    if record.seq < expected:
        return f"record {record.seq} stands where {expected} belongs: repeated, inserted or swapped"
    try:
        computed = _hash(record.seq, record.at, record.type, record.payload, record.prev)
    except (ValueError, TypeError, OverflowError, AttributeError):
        return "the record is not one that was ever sealed: its fields cannot be hashed"
    if computed != record.hash:
        return "the record was changed after it was sealed"
    if record.prev != prev:
        return "the record does not follow the one before it: that one was replaced, or this one was"
    return None


def _hash(seq: int, at: datetime, type: str, payload: str, prev: str) -> str:
    if at.tzinfo is None:
        raise ValueError("an audit record needs a time with its zone")
    before = bytes.fromhex(prev)
    if len(before) != hashlib.sha256().digest_size:
        raise ValueError("prev is not a SHA-256 hash")
    # The payload goes in as text, not as parsed JSON: what counts is what was written, to the character.
    at_utc = at.astimezone(UTC).isoformat(timespec="microseconds")
    body = canonical_json({"v": 1, "seq": seq, "at": at_utc, "type": type, "payload": str(payload)})
    return hashlib.sha256(b"\x00" + before + body.encode()).hexdigest()
