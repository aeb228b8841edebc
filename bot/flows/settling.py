"""Closes what the bot could not: a person looks at a change whose outcome is unknown, and says what they found."""

from bot.domain import ProposalState
from bot.flows.cards import Cards, Press, place_of
from bot.messages import Notice
from bot.stores import Settlement, card_key
from safety.redaction import Redacted


class Settling:
    """Takes the note of somebody who may approve; the state stays UNKNOWN, because the bot never knew."""

    def __init__(self, cards: Cards) -> None:
        self._cards = cards

    async def settle(self, press: Press, note: Redacted) -> bool:
        """Whether it is settled now by this."""
        cards = self._cards
        proposal = await cards.pressed(press)
        if proposal is None:
            return False
        if proposal.state is not ProposalState.UNKNOWN or proposal.settled_by is not None:
            await cards.refuse(press, proposal, "settlement", "somebody settled it already")
            return False
        refusal = await cards.judge.may_approve(press.user, press.user_team, proposal.action, None)
        if refusal is not None:
            await cards.refuse(press, proposal, "settlement", str(refusal))
            return False
        entry = cards.entry("execution.settled", proposal, press.actor, note=note)
        settlement = Settlement(proposal.id, press.user, note)
        now = cards.judge.clock.now()
        if not await cards.judge.stores.proposals.settle(settlement, entry, cards.draw, now):
            await cards.refuse(press, proposal, "settlement", "somebody settled it already")
            return False
        await cards.deliver(proposal.id)
        text = cards.words(f"The open outcome is settled: {note}")
        key = f"{card_key(proposal.id)}:settled"
        await cards.chat.say(key, place_of(proposal), Notice(text, who=press.user))
        return True
