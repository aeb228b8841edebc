"""Everything between a wish for a change and its effect, put together once."""

from dataclasses import dataclass, field
from datetime import timedelta

from bot.flows.attempt import Attempt
from bot.flows.cards import Cards
from bot.flows.deciding import Decisions
from bot.flows.execution import Around, Executor
from bot.flows.judging import Judge
from bot.flows.lapsing import Lapses
from bot.flows.proposals import Proposals, Tools, WriterFor
from bot.flows.settling import Settling
from bot.flows.standing_in import PolicyVotes
from bot.flows.undoing import Undoing
from bot.flows.verifying import Verification
from bot.lifecycle import Checkpoints, NoCheckpoints
from bot.ports import Chat
from tools.tool import Catalogue


@dataclass(frozen=True, slots=True)
class Remediation:
    """The parts; ``executor`` is None when remediation is off, and then nothing can be written."""

    cards: Cards
    proposals: Proposals
    decisions: Decisions
    undoing: Undoing
    settling: Settling
    lapses: Lapses
    votes: PolicyVotes
    executor: Executor | None


@dataclass(frozen=True, slots=True)
class Conduct:
    """How it is done here: how long an effect is watched, and whether this process has the database to itself."""

    verify_for: timedelta
    alone: bool = True
    checkpoints: Checkpoints = field(default_factory=NoCheckpoints)


def remediation(
    judge: Judge, chat: Chat, catalogue: Catalogue, writer_for: WriterFor | None, conduct: Conduct
) -> Remediation:
    """With no ``writer_for`` there is no executor at all."""
    cards, points = Cards(judge, chat), conduct.checkpoints
    executor: Executor | None = None

    def wake() -> None:
        if executor is not None:
            executor.wake()

    votes = PolicyVotes(cards, wake, points)
    if writer_for is not None:
        attempt = Attempt(judge, catalogue, writer_for, points)
        verification = Verification(cards, conduct.verify_for, points)
        executor = Executor(cards, attempt, Around(verification, votes, points), alone=conduct.alone)
    proposals = Proposals(cards, Tools(catalogue, writer_for, votes), points)
    return Remediation(
        cards,
        proposals,
        Decisions(cards, wake, points),
        Undoing(cards, proposals),
        Settling(cards),
        Lapses(cards),
        votes,
        executor,
    )
