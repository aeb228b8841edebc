"""Signs the head of the audit log now and then, and looks at the start whether the log is still what was signed.

A hash chain alone does not show that its end was cut off, or that all of it was written anew. A checkpoint that lies
somewhere else does.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from bot.flows.judging import PAUSED
from bot.ports import Clock
from bot.provenance import BOT
from bot.records import Recorder
from bot.stores import CheckpointLedger, LedgerUnusable, Stores
from safety.audit import GENESIS
from safety.checkpoint import Checkpoint, Sealed, verify_sealed
from safety.redaction import Redactor

log = structlog.get_logger()

# A checkpoint after so many records, or after so long if there is anything new.
EVERY_RECORDS = 100
EVERY = timedelta(minutes=5)
_LOOK_EVERY = 5.0
# Who has set the pause when it was nobody.
GUARD = "the audit log's check"


class Sealing:
    """Keeps the checkpoints of one log."""

    def __init__(self, stores: Stores, ledger: CheckpointLedger, clock: Clock, redactor: Redactor) -> None:
        self._stores, self._ledger, self._clock, self._redactor = stores, ledger, clock, redactor
        self._last: Checkpoint | None = None
        self._unusable = False

    async def check(self) -> Sealed:
        """Hold the log against its checkpoints. One that does not hold stops every change until a person resumes."""
        checkpoints: Sequence[Checkpoint] = ()
        try:
            checkpoints = self._ledger.read()
        except LedgerUnusable as fault:
            self._unusable = True
            await self._stop_changes(0, str(fault))
        self._last = checkpoints[-1] if checkpoints else None
        found = verify_sealed(await self._stores.audit.records(), checkpoints)
        if found.fault is not None:
            await self._stop_changes(found.fault.seq, found.fault.why)
        return found

    async def _stop_changes(self, record: int, why: str) -> None:
        log.error("audit_log_does_not_hold", record=record, why=why)
        by = replace(BOT, name=GUARD)
        entry = Recorder(self._redactor).entry("mode.changed", by, to="pause", record=record, why=why)
        await self._stores.flags.set(PAUSED, GUARD, self._clock.now(), entry)

    async def sign(self, *, at_once: bool = False) -> Checkpoint | None:
        """Sign the head if it is time to, or ``at_once`` if there is anything new."""
        if self._unusable:
            return None  # nothing is signed on top of what cannot be checked
        count, head = await self._stores.audit.head()
        new = count - (self._last.size if self._last else 0)
        now = self._clock.now()
        due = new >= EVERY_RECORDS or self._last is None or now - self._last.at >= EVERY
        if new <= 0 or not (due or at_once):
            return None
        made = Checkpoint(count, head, now, self._last.id if self._last else GENESIS)
        note = self._ledger.append(made)
        self._last = made
        # Whoever collects the log's lines holds the checkpoints too, out of reach of this machine.
        log.info("audit_checkpoint", records=count, head=head, note=note)
        return made

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.sign()
            await self._clock.sleep(_LOOK_EVERY)
