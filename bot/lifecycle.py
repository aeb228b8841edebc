"""The life of a proposal: its states, the moves between them, and the named points of carrying one out.

The store makes no other move than those of ``MOVES``, the executor goes through ``STEPS`` in their order, and whoever
checks the design walks over the same two.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol


class ProposalState(StrEnum):
    """See docs/architecture.md for the picture. Those in ``FINAL_STATES`` never change again."""

    REJECTED = "REJECTED"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    EXECUTING = "EXECUTING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    STALE = "STALE"
    BLOCKED = "BLOCKED"
    UNKNOWN = "UNKNOWN"
    DENIED = "DENIED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


_S = ProposalState
# EXECUTING to EXECUTING is another worker taking over. UNKNOWN stays what it is: a person settles it with a note.
MOVES: Mapping[ProposalState, frozenset[ProposalState]] = {
    _S.PENDING: frozenset({_S.APPROVED, _S.DENIED, _S.EXPIRED, _S.CANCELLED}),
    _S.APPROVED: frozenset({_S.EXECUTING, _S.EXPIRED, _S.CANCELLED}),
    _S.EXECUTING: frozenset({_S.EXECUTING, _S.SUCCEEDED, _S.STALE, _S.BLOCKED, _S.FAILED, _S.UNKNOWN}),
}
FINAL_STATES = frozenset(_S) - {*MOVES, _S.UNKNOWN}
WAITING_STATES = (_S.PENDING, _S.APPROVED)


class Point(StrEnum):
    """A place at which the process may die. What comes next is then decided by reading, not by memory."""

    PROPOSED = "the proposal is stored"
    VOTED = "the vote is stored"
    CLAIMED = "claim and intent are stored"
    READ = "the object is read"
    PROBED = "our own marker is looked for"
    COMPARED = "the object is compared with what was approved"
    JUDGED = "the validator has judged"
    ENTITLED = "the approvers are asked for again"
    TRIED = "the server has checked a dry run"
    NOTED = "the fence is checked and the send is noted"
    IN_FLIGHT = "the request is on its way"
    WRITTEN = "the answer is there and not stored"
    RETREATED = "the object is read for the last time"
    ABORTING = "the abort marker is on its way"
    ABORTED = "the abort marker is written"
    RECORDED = "the end is stored"
    VERIFIED = "the effect is stored"


# One attempt, in this order. A model checker found what goes wrong with any of them left out or moved.
STEPS = (
    Point.READ,
    Point.PROBED,
    Point.COMPARED,
    Point.JUDGED,
    Point.ENTITLED,
    Point.TRIED,
    Point.NOTED,
    Point.WRITTEN,
)


class Checkpoints(Protocol):
    """Told at every named point; a test ends the process there."""

    def passed(self, point: Point, proposal: str) -> None: ...


class NoCheckpoints:
    """What runs outside tests: nothing happens."""

    def passed(self, point: Point, proposal: str) -> None:
        return None
