"""Checkpoints of the audit log: what is signed, and whether a log still is what its checkpoints say it was.

The text of a checkpoint is that of a transparency log (origin, size, head), with two lines more: when, and the hash of
the checkpoint before it. It is signed as a note (https://c2sp.org/signed-note) by an adapter; nothing here holds a key.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from safety.audit import GENESIS, AuditRecord, Fault, Verified, verify

ORIGIN = "ask-claude.io/audit"


class NotACheckpoint(ValueError):
    """A text is not one that ``Checkpoint.text`` wrote."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log had ``size`` records and ended in ``head`` (hex). ``prev`` is the ``id`` of the checkpoint before it."""

    size: int
    head: str
    at: datetime
    prev: str = GENESIS

    def text(self) -> str:
        """The lines that are signed."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return f"{ORIGIN}\n{self.size}\n{_base64(self.head)}\nat {at}\nprev {_base64(self.prev)}\n"

    @property
    def id(self) -> str:
        """A hash over the text, so that each checkpoint names the one before it."""
        return hashlib.sha256(self.text().encode()).hexdigest()


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint of a signed text; ``NotACheckpoint`` when it is something else, or spelled otherwise."""
    lines = text.split("\n")
    try:
        origin, size, head, at, prev, end = lines
        if origin != ORIGIN or end or not at.startswith("at ") or not prev.startswith("prev "):
            raise NotACheckpoint("these are not the lines of a checkpoint of this log")
        found = Checkpoint(
            int(size), _hex(head), datetime.fromisoformat(at.removeprefix("at ")), _hex(prev.removeprefix("prev "))
        )
    except (ValueError, binascii.Error) as error:
        raise NotACheckpoint(f"not a checkpoint: {error}") from None
    if found.text() != text:
        raise NotACheckpoint("a checkpoint has one spelling, and this is another")
    return found


@dataclass(frozen=True, slots=True)
class Sealed:
    """A log held against its chain and its checkpoints; ``signed`` records are under the newest checkpoint."""

    chain: Verified
    signed: int
    fault: Fault | None

    @property
    def unsigned(self) -> int:
        """How many records at the end no checkpoint speaks of yet: a cut there would not be seen."""
        return max(0, self.chain.count - self.signed)


def verify_sealed(records: Iterable[AuditRecord], checkpoints: Sequence[Checkpoint]) -> Sealed:
    """Follow the chain, and hold it against every checkpoint. The first fault is the one that is named."""
    kept = tuple(records)
    chain = verify(kept)
    signed = max((each.size for each in checkpoints), default=0)
    fault = chain.fault or _unlike(kept, chain.count, checkpoints) or _unchained(checkpoints)
    return Sealed(chain, signed, fault)


def _unlike(records: Sequence[AuditRecord], count: int, checkpoints: Sequence[Checkpoint]) -> Fault | None:
    """Where the log is not what a checkpoint says it was. The chain holds up to ``count``."""
    for each in sorted(checkpoints, key=lambda one: one.size):
        when = f"the checkpoint of {each.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        if each.size > count:
            return Fault(count + 1, f"the end was cut off: {when} counts {each.size} records, here are {count}")
        head = records[each.size - 1].hash if each.size else GENESIS
        if head != each.head:
            return Fault(each.size, f"the log was rewritten: {when} has another hash for record {each.size}")
    return None


def _unchained(checkpoints: Sequence[Checkpoint]) -> Fault | None:
    """Where one of the checkpoints itself is missing, or stands in a wrong place."""
    prev, size = (checkpoints[0].prev, 0) if checkpoints else (GENESIS, 0)
    for each in checkpoints:
        if each.prev != prev:
            return Fault(each.size, f"a checkpoint before the one of {each.size} records is missing or was swapped")
        if each.size < size:
            return Fault(each.size, f"the checkpoint of {each.size} records stands after one of {size}")
        prev, size = each.id, each.size
    return None


def _base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()


def _hex(text: str) -> str:
    digest = base64.b64decode(text, validate=True)
    if len(digest) != hashlib.sha256().digest_size:
        raise NotACheckpoint("a hash of SHA-256 has 32 bytes")
    return digest.hex()
