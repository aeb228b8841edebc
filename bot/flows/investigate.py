"""Question in, answer out: the pack, the model, the tools, the budget.

The model is asked again and again until it answers in words. Whatever goes wrong with it, the rules answer from the
same evidence, and the answer says in one line why.
"""

import asyncio
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.diagnosis import diagnosis_schema
from bot.domain import Answer, Exchange, Triaged, Usage
from bot.flows.diagnosing import prose, told
from bot.flows.grounding import ground
from bot.flows.toolbox import Budget, Progress, Toolbox
from bot.ports import Clock, LanguageModel, ModelFault, ModelReply, ModelRequest, Step, Stop
from bot.provenance import Prompted
from bot.runbooks import Runbooks
from safety.redaction import Redacted, Redactor
from tools.tool import Catalogue
from tools.world import Reader

__all__ = ["Analysts", "Budget", "Investigator", "Progress"]

_BY_RULES = "this is the rule-based analysis"


class _Refused(Exception):
    """The model declined; carries the vendor's word for why."""


@dataclass(slots=True)
class _Account:
    """What became of one conversation with one model; filled while it goes, so that a fault loses no account."""

    usage: Usage = field(default_factory=Usage)
    parts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cut_off: bool = False
    removed: int = 0


@dataclass(slots=True)
class _Breaker:
    """Counts faults in a row and says how long the model is still left alone."""

    faults: int = 0
    resting_until: datetime | None = None

    def rest_left(self, now: datetime) -> timedelta:
        return max(timedelta(), self.resting_until - now) if self.resting_until else timedelta()

    def failed(self, now: datetime, limits: Budget) -> None:
        self.faults += 1
        if self.faults >= limits.faults_in_a_row:
            self.resting_until = now + limits.rest

    def worked(self) -> None:
        self.faults, self.resting_until = 0, None


class _Announcer:
    """Says once that the answer is being written. The text itself is shown only when it is whole and redacted."""

    def __init__(self, toolbox: Toolbox) -> None:
        self._toolbox = toolbox
        self._said = False

    def text(self, piece: str) -> None:
        if piece.strip() and not self._said:
            self._said = True
            self._toolbox.say("writing the answer")

    def restart(self) -> None:
        self._said = False
        self._toolbox.say("the answer broke off; asking again")


@dataclass(frozen=True, slots=True)
class Analysts:
    """Who answers, and who answers in their place when that fails."""

    model: LanguageModel
    stand_in: LanguageModel


class Investigator:
    """Answers questions about one finished first pass."""

    def __init__(
        self,
        analysts: Analysts,
        catalogue: Catalogue,
        world: Reader,
        clock: Clock,
        limits: Budget | None = None,
        runbooks: Runbooks | None = None,
    ) -> None:
        self._model, self._fallback = analysts.model, analysts.stand_in
        self._catalogue = catalogue
        self._world = world
        self._clock = clock
        self._limits = limits or Budget()
        self._runbooks = runbooks or Runbooks()
        self._breaker = _Breaker()

    def within(self, incident: str) -> "Investigator":
        """The same, with masks that belong to one incident. What is known of a failing model is shared."""
        made = copy(self)
        made._world = self._world.within(incident)
        return made

    async def analyse(
        self,
        triaged: Triaged,
        question: Redacted,
        history: Sequence[Exchange] = (),
        summary: Redacted | None = None,
        progress: Progress | None = None,
        *,
        findings_shown: bool = False,
    ) -> Answer:
        """The first answer, from the pack alone: one round trip and no tools."""
        request = ModelRequest(triaged.report, triaged.objects, question, tuple(history), first=True, summary=summary)
        book = self._runbooks.fitting(triaged.report)
        request = replace(request, findings_shown=findings_shown, form=diagnosis_schema(), runbook=book)
        return await self._answer(request, progress)

    async def follow_up(
        self,
        triaged: Triaged,
        question: Redacted,
        history: Sequence[Exchange] = (),
        summary: Redacted | None = None,
        progress: Progress | None = None,
    ) -> Answer:
        """A later question in the thread: the model may look again, within the budget, and may ask for a change."""
        book = self._runbooks.fitting(triaged.report)
        skipped = book.skip_tools if book else frozenset()
        tools = tuple(each for each in self._toolbox(triaged, None).specs() if each.name not in skipped)
        request = ModelRequest(triaged.report, triaged.objects, question, tuple(history), tools, summary=summary)
        return await self._answer(replace(request, runbook=book), progress)

    async def _answer(self, request: ModelRequest, progress: Progress | None) -> Answer:
        spent = Usage()
        rest = self._breaker.rest_left(self._clock.now())
        if rest:
            seconds = max(1, round(rest.total_seconds()))
            why = f"{self._model.name} failed several times in a row and is left alone for {seconds} s"
        else:
            account = _Account()
            toolbox = self._open_toolbox(request, progress)
            try:
                text = await self._converse(self._model, request, toolbox, account)
            except ModelFault as fault:
                if self._model.connected:
                    self._breaker.failed(self._clock.now(), self._limits)
                why = str(fault).rstrip(".")
            except _Refused as refusal:
                self._breaker.worked()
                why = f"{self._model.name} declined to answer this{_reason(refusal)}"
            else:
                self._breaker.worked()
                return self._made(self._model, text, account, toolbox, request)
            spent = account.usage
        answer = await self._stand_in(request, progress, f"{why}; {_BY_RULES}")
        return replace(answer, usage=spent + answer.usage)

    async def _stand_in(self, request: ModelRequest, progress: Progress | None, caveat: str) -> Answer:
        """The rules answer; if even they cannot, the report's own explanation does."""
        account = _Account(notes=[caveat])
        toolbox = self._open_toolbox(request, progress)
        try:
            text = await self._converse(self._fallback, request, toolbox, account)
        except (ModelFault, _Refused):
            text = str(request.report.explanation)
        return self._made(self._fallback, text, account, toolbox, request)

    def _made(
        self, writer: LanguageModel, text: str, account: _Account, toolbox: Toolbox, request: ModelRequest
    ) -> Answer:
        redactor, limit = self._world.redactor, self._limits.answer_chars
        whole = redactor.text(text.strip())
        if writer.connected:
            whole, account.removed = self._checked(text, account, toolbox, request)
        if len(whole) > limit:
            account.notes.append("The answer was very long; only its beginning is shown")
        return Answer(
            whole.clip(limit),
            writer.name,
            writer.connected,
            toolbox.wanted,
            _caveat(account.notes, redactor),
            account.usage,
            toolbox.called,
            account.removed,
        )

    def _checked(self, text: str, account: _Account, toolbox: Toolbox, request: ModelRequest) -> tuple[Redacted, int]:
        """What of a model's words rests on what this investigation saw; the rest is taken out and counted."""
        said = (part for each in request.history for part in (each.question, each.answer))
        heard = (request.question, request.summary or "", *said, *toolbox.heard)
        on = ground(request.report, request.objects, *heard, missed=toolbox.missed)
        if request.form is None:
            return prose(text, on, self._world.redactor)
        return told(text, request, on, self._world.redactor, cut_off=account.cut_off)

    async def _converse(self, model: LanguageModel, request: ModelRequest, toolbox: Toolbox, account: _Account) -> str:
        """Ask until there is an answer in words; raises ``ModelFault`` or ``_Refused`` when there will be none."""
        until = self._clock.now() + timedelta(seconds=self._limits.seconds)
        steps: tuple[Step, ...] = ()
        for turn in range(self._limits.turns + 1):
            left = (until - self._clock.now()).total_seconds()
            final = bool(steps) and (turn >= self._limits.turns or toolbox.spent or left <= 0)
            if final:
                account.notes.append(
                    "The budget for this question was used up; the answer rests on what was seen by then"
                )
            asked = replace(request, steps=steps, final=final)
            reply = await self._reply(model, asked, toolbox, left)
            account.usage += reply.usage
            step = None if final else await self._next_step(model, reply, toolbox, until)
            if step is None:
                return self._words(model, reply, account)
            if reply.stop is Stop.PAUSED:
                account.parts.append(reply.text)
            steps = (*steps, step)
        raise ModelFault(f"{model.name} did not come to an answer", kind="endless", retryable=False)

    async def _reply(self, model: LanguageModel, asked: ModelRequest, toolbox: Toolbox, left: float) -> ModelReply:
        seconds = max(left, self._limits.last_word_seconds) if asked.final else max(left, 0)
        try:
            async with asyncio.timeout(seconds):
                return await model.reply(asked, _Announcer(toolbox) if model.connected else None)
        except TimeoutError:
            raise ModelFault(f"{model.name} gave no answer in time", kind="timeout", retryable=True) from None

    async def _next_step(
        self, model: LanguageModel, reply: ModelReply, toolbox: Toolbox, until: datetime
    ) -> Step | None:
        """What the reply leads to, if it is not the answer yet."""
        if reply.stop is Stop.PAUSED:
            return Step(reply, ())
        if reply.stop is not Stop.TOOLS or not reply.calls:
            return None
        left = (until - self._clock.now()).total_seconds()
        # The stand-in is code: what it asks for was raised by no model.
        prompted = Prompted(model.name, reply.prompt_sha256) if model.connected else None
        return Step(reply, await toolbox.run(reply.calls, max(left, 0.001), prompted))

    def _words(self, model: LanguageModel, reply: ModelReply, account: _Account) -> str:
        if reply.stop is Stop.REFUSED:
            raise _Refused(reply.refusal or "")
        if reply.stop is Stop.LENGTH:
            account.cut_off = True
            account.notes.append("The answer was cut off at the length limit")
        text = "\n".join(part for part in (*account.parts, reply.text) if part.strip())
        if not text:
            raise ModelFault(f"{model.name} answered with nothing", kind="empty", retryable=True)
        return text

    def _open_toolbox(self, request: ModelRequest, progress: Progress | None) -> Toolbox:
        offered = self._catalogue if request.tools else Catalogue()
        objects = request.objects if request.tools else ()
        return Toolbox(offered, self._world, objects, self._limits, progress)

    def _toolbox(self, triaged: Triaged, progress: Progress | None) -> Toolbox:
        return Toolbox(self._catalogue, self._world, triaged.objects, self._limits, progress)


def _reason(refusal: _Refused) -> str:
    word = str(refusal)
    return f" ({word.replace('_', ' ')})" if word else ""


def _caveat(notes: Sequence[str], redactor: Redactor) -> Redacted | None:
    return redactor.text(". ".join(notes) + ".") if notes else None
