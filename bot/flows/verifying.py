"""Looks whether a change that ran helped: until the pods are well or the time is up; what got worse is said first."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog

from bot.domain import CARRIED_OUT, Exchange, Proposal, ProposalState
from bot.flows.cards import Cards, place_of
from bot.lifecycle import Checkpoints, Point
from bot.messages import Notice, Tone
from bot.provenance import BOT
from bot.stores import card_key
from safety.redaction import Redacted
from tools.kubernetes.effects import Effect, effect
from tools.world import WorldError

log = structlog.get_logger()

_LOOK_EVERY = 1.0


class Verification:
    """Watches what was done, and says once what came of it."""

    def __init__(self, cards: Cards, verify_for: timedelta, checkpoints: Checkpoints) -> None:
        self._cards, self._verify_for, self._checkpoints = cards, verify_for, checkpoints
        self._judge, self._chat = cards.judge, cards.chat
        self._store = cards.judge.stores.proposals

    async def watch(self, proposal: Proposal) -> None:
        """Until it is well or the time is up; the verdict, its record and its message commit together, once."""
        proposal = await self._store.get(proposal.id) or proposal
        began = self._judge.clock.now()
        watch = f"{card_key(proposal.id)}:watch"
        seen: Effect | None = None
        trouble, watched = "", False
        while self._judge.clock.now() - began < self._verify_for:
            try:
                seen = await effect(self._judge.world, proposal.action, proposal.id)
                trouble = ""
            except WorldError as error:
                trouble = str(error)
            if seen is not None and seen.done:
                break
            waiting = seen.text if seen else self._words("waiting for the cluster")
            notice = Notice(self._words(f"Running, watching it: {waiting}"))
            await self._chat.progress(watch, place_of(proposal), notice)
            watched = True
            await self._judge.clock.sleep(_LOOK_EVERY)
        took = self._judge.clock.now() - began
        verdict, notice = await self._judged(seen, trouble, took, proposal)
        await self._say(proposal, verdict, notice, took if watched else None)

    async def _say(self, proposal: Proposal, verdict: str, notice: Notice, watched: timedelta | None) -> None:
        entry = self._cards.entry("execution.verified", proposal, BOT, verdict=verdict, seen=notice.text)
        # The result is a message of its own, because an edited one calls nobody.
        says = [self._cards.saying(proposal, "effect", notice)]
        if watched is not None:
            text = self._words(f"Watched it for {watched.total_seconds():.0f} s: the result is below")
            says.append(self._cards.saying(proposal, "watch", Notice(text)))
        noted = await self._store.set_verified(proposal.id, verdict, entry, self._judge.clock.now(), says)
        self._checkpoints.passed(Point.VERIFIED, proposal.id)
        if noted:
            log.info("proposal_verified", proposal=proposal.id, verdict=verdict)
            await self.remember(proposal, "effect", notice.text)
            await self._cards.deliver(proposal.id, *(each.key for each in says))

    async def remember(self, proposal: Proposal, what: str, outcome: Redacted) -> None:
        """The thread's memory holds what was done, so that later questions are answered with it."""
        verb = proposal.action.kind.replace("_", " ")
        done = self._words(f"({verb} of {proposal.action.target}, {CARRIED_OUT})")
        exchange = Exchange(done, outcome, proposal.decided_by, self._judge.clock.now())
        key = f"{card_key(proposal.id)}:{what}"
        await self._judge.stores.threads.remember(key, proposal.thread, exchange)

    async def _judged(
        self, seen: Effect | None, trouble: str, took: timedelta, proposal: Proposal
    ) -> tuple[str, Notice]:
        seconds = f"{took.total_seconds():.0f} s"
        who = None if proposal.by_policy else proposal.decided_by
        if seen is not None and seen.done:
            return "effective", Notice(self._words(f"Verified after {seconds}: {seen.text}"), Tone.GOOD, who)
        if trouble or seen is None:
            text = f"The change ran, but its effect could not be seen: {trouble}. Look at the cluster yourself."
            return "unseen", Notice(self._words(text), Tone.BAD, who)
        fewer = await self._fewer(proposal)
        if fewer:
            text = f"It got WORSE: {fewer}, {seconds} after the change. {seen.text}. {self._way_back(proposal)}"
            return "worse", Notice(self._words(text), Tone.BAD, who)
        head = "It got no better" if seen.worse else "Not well yet"
        text = f"{head} {seconds} after the change: {seen.text}. I stop watching here; ask me to look again."
        return "ineffective", Notice(self._words(text), Tone.BAD, who)

    async def _fewer(self, proposal: Proposal) -> str | None:
        """Whether fewer pods serve than before the change, although no fewer were wanted."""
        before: Mapping[str, Any] | None = await self._store.before(proposal.id)
        try:
            facts = await self._judge.facts(proposal.action)
        except WorldError:
            return None
        if before is None or facts is None or facts.desired < int(before["desired"]):
            return None
        was, is_now = int(before["available"]), facts.available
        return f"{is_now} of {facts.desired} pods are available, {was} were before" if is_now < was else None

    @staticmethod
    def _way_back(proposal: Proposal) -> str:
        if proposal.state is ProposalState.SUCCEEDED and proposal.undo_of is None:
            return "The card above offers the way back, if there is one."
        return "Look at the cluster now."

    def _words(self, text: str) -> Redacted:
        return self._judge.redactor.text(text)
