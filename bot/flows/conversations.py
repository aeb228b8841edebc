"""A question becomes an answer in a thread: first findings, the analysis, a proposal; later questions from memory.

Every step says its message under a key of its own, so that a run that was interrupted can be taken up again without
saying anything twice.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from bot.domain import (
    Answer,
    AuditHead,
    Exchange,
    Inbound,
    IncidentReport,
    Investigation,
    InvestigationId,
    InvestigationState,
    Origin,
    Thread,
    ThreadId,
    Triaged,
    WantedChange,
)
from bot.flows.inbox import NotYet
from bot.flows.investigate import Investigator
from bot.flows.proposals import Ask, Proposals
from bot.flows.recommendations import action_for, rests_on_state
from bot.flows.recurrence import recurrence, started, with_series
from bot.flows.triage import judged, triage
from bot.messages import Analysis, Findings, Notice, Opening, Tone, Working
from bot.ports import Chat, ChatFault, Clock, Place
from bot.runbooks import Runbooks
from bot.stores import Stores
from safety.redaction import Redacted
from tools.evidence import SeenObject
from tools.snapshot import Thresholds
from tools.world import Reader

log = structlog.get_logger()

QUESTION_LIMIT = 4000
_PATIENCE = 1.5
# A first question that asks for a change outright; words that only mention one, such as "restart loop", do not count.
_WISH = re.compile(
    r"(?:^|[,.;:!?\n]|\b(?:please|pls|just|then|now|let'?s|let us|(?:can|could|would|will) (?:you|we)"
    r"|(?:want|need|like|have) (?:you )?to))\s*(?:please |just )?"
    r"(?:roll(?:ing)?[\s-]*back|roll (?:\S+ ){1,3}back|revert|undo|restart|bounce|reboot|redeploy)\b"
    r"(?!\s+(?:loop|count|polic|fail|history|of\b|did|does|has|is\b|was|after|keeps?))",
    re.IGNORECASE,
)


def asks_for_change(question: str) -> bool:
    """Whether somebody asks for a change in words: then it takes somebody else to approve it."""
    return _WISH.search(question.strip().replace("\u2019", "'")) is not None


@dataclass(frozen=True, slots=True)
class Habits:
    """How conversations are held."""

    idle: timedelta
    default_namespace: str | None
    thresholds: Thresholds
    runbooks: Runbooks


class Conversations:
    """Opens threads, investigates, answers what is asked in them."""

    def __init__(
        self,
        stores: Stores,
        chat: Chat,
        clock: Clock,
        world: Reader,
        desk: "Desk",
    ) -> None:
        self._stores, self._chat, self._clock, self._world = stores, chat, clock, world
        self._investigator, self._proposals, self._habits = desk.investigator, desk.proposals, desk.habits

    # ---- the doors ------------------------------------------------------------------------------------------------

    async def command(self, inbound: Inbound) -> None:
        """``/ask-claude question``: open a thread in the channel and investigate in it."""
        asked = inbound.payload
        place = Place(asked["team"], asked["channel"])
        question = self._question(asked["text"])
        opening = Opening(Origin.COMMAND, asked["user"], question)
        try:
            ts = await self._chat.say(f"in:{inbound.id}:root", place, opening)
        except ChatFault as fault:
            if fault.code == "timeout":
                raise  # the opening waits in the outbox and will stand there one day: the question has to wait too
            text = self._words(f"I could not open a thread there: {fault}. Then ask again.")
            await self._chat.whisper(f"in:{inbound.id}:fault", place, asked["user"], Notice(text, Tone.WARNING))
            return
        thread = await self._open(ThreadId(place.team, place.channel, ts), Origin.COMMAND, asked["user"], question)
        await self._investigate(thread, inbound, question, asked["user"])

    async def question(self, inbound: Inbound) -> None:
        """A mention or a direct message that starts a conversation: its own message is the root of the thread."""
        asked = inbound.payload
        assert inbound.thread is not None
        question = self._question(asked["text"])
        if not question.strip():
            await self._say(inbound, "empty", Notice(self._words(f"Ask me something, for example: {EXAMPLE}")))
            return
        thread = await self._open(inbound.thread, Origin(asked["origin"]), asked["user"], question)
        await self._investigate(thread, inbound, question, asked["user"])

    async def reply(self, inbound: Inbound) -> None:
        """A person's reply in a thread we know."""
        assert inbound.thread is not None
        thread = await self._stores.threads.get(inbound.thread)
        question = self._question(inbound.payload["text"])
        if thread is None:
            # It hangs on a message of ours: somebody was quicker than the note that this message opened a thread.
            raise NotYet
        if not question.strip():
            hint = Notice(self._words("I can read only words: say in a reply what you want to know."))
            await self._chat.whisper(f"in:{inbound.id}:empty", self._place(inbound), inbound.payload["user"], hint)
            return
        now = self._clock.now()
        latest = await self._stores.investigations.latest(thread.id)
        if now > thread.expires_at or latest is None or latest.triaged is None:
            await self._from_summary(thread, inbound, question)
            return
        await self._follow_up(thread, latest.triaged, inbound, question)

    async def edited(self, inbound: Inbound) -> None:
        """A question was edited after it was taken: the answer stands for the first wording, and that is said."""
        text = "I answered your message as it was first written. Send the new wording as a reply and I will take it."
        place = self._place(inbound)
        await self._chat.whisper(f"in:{inbound.id}:edited", place, inbound.payload["user"], Notice(self._words(text)))

    async def alert(self, inbound: Inbound, question: Redacted, thread_id: ThreadId) -> None:
        """An alert's own message is the root of the thread."""
        thread = await self._open(thread_id, Origin.ALERT, None, question)
        await self._investigate(thread, inbound, question, None)

    # ---- the first answer -----------------------------------------------------------------------------------------

    async def _open(self, thread: ThreadId, origin: Origin, user: str | None, question: Redacted) -> Thread:
        now = self._clock.now()
        return await self._stores.threads.open(Thread(thread, origin, user, question, now, now + self._habits.idle))

    async def _investigate(
        self, thread: Thread, inbound: Inbound, question: Redacted, user: str | None, preface: Redacted | None = None
    ) -> None:
        began = self._clock.now()
        run = await self._begin(thread, inbound, question)
        if run.state is InvestigationState.DONE:
            return
        place = Place(thread.id.team, thread.id.channel, thread.id.thread_ts)
        earlier = await self._stores.investigations.latest(thread.id)
        where = earlier.triaged.report.namespace if earlier and earlier.triaged else None
        default, world = where or self._habits.default_namespace, self._world.within(str(thread.id))
        triaged = await triage(question, world, began, default_namespace=default, thresholds=self._habits.thresholds)
        triaged = await self._with_judgement(run, thread, triaged)
        before = await recurrence(self._stores.investigations, run.id, triaged.report, self._words)
        told = await with_series(self._stores.investigations, run.id, triaged.report, self._words)
        count, head = await self._stores.audit.head()
        more = {"recurrence": before, "audit_head": AuditHead(records=count, head=head) if count else None}
        triaged = Triaged(told.model_copy(update=more), triaged.objects)
        await self._stores.investigations.triaged(run.id, triaged, started(triaged.report))
        findings = Findings(triaged.report, self._clock.now() - began, run.id)
        await self._chat.say(f"{run.id}:findings", place, findings)
        working = _Working(self._chat, self._clock, f"{run.id}:analysis", place)
        async with working:
            answer = await self._investigator.within(str(thread.id)).analyse(
                triaged, question, summary=thread.summary, progress=working.progress, findings_shown=True
            )
        took = self._clock.now() - began
        preface = preface or self._cut(inbound)
        await self._chat.say(f"{run.id}:analysis", place, Analysis(answer, took, follow_up=False, preface=preface))
        await self._keep(run.id, thread, question, answer, user, triaged)
        await self._offer(run, thread, triaged, answer, Asker(user, inbound.payload.get("monitor")))
        await self._show_verdict(thread, inbound, question, triaged)
        await self._stores.investigations.done(run.id)

    async def _begin(self, thread: Thread, inbound: Inbound, question: Redacted) -> Investigation:
        run_id = InvestigationId(f"inv_{inbound.id}")
        wanted = Investigation(run_id, thread.id, question, InvestigationState.RUNNING, self._clock.now(), 1)
        run = await self._stores.investigations.begin(wanted)
        if run.attempts > 1 and run.state is InvestigationState.RUNNING:
            place = Place(thread.id.team, thread.id.channel, thread.id.thread_ts)
            text = self._words("I was interrupted while working on this and am starting again.")
            await self._chat.say(f"{run.id}:interrupted", place, Notice(text, Tone.WARNING))
        return run

    async def _show_verdict(self, thread: Thread, inbound: Inbound, question: Redacted, triaged: Triaged) -> None:
        if thread.origin is not Origin.COMMAND or inbound.kind != "command":
            return
        channel = Place(thread.id.team, thread.id.channel)
        opening = Opening(thread.origin, thread.started_by, question, triaged.report)
        await self._chat.say(f"in:{inbound.id}:root", channel, opening)

    # ---- later questions ------------------------------------------------------------------------------------------

    async def _follow_up(self, thread: Thread, triaged: Triaged, inbound: Inbound, question: Redacted) -> None:
        began = self._clock.now()
        place = self._place(inbound)
        key = f"in:{inbound.id}:answer"
        history = await self._stores.threads.history(thread.id, thread.created_at)
        working = _Working(self._chat, self._clock, key, place)
        async with working:
            answer = await self._investigator.within(str(thread.id)).follow_up(
                triaged, question, history=history, summary=thread.summary, progress=working.progress
            )
        took = self._clock.now() - began
        await self._chat.say(key, place, Analysis(answer, took, follow_up=True, preface=self._cut(inbound)))
        user = inbound.payload["user"]
        await self._keep(key, thread, question, answer, user, None)
        for number, wanted in enumerate(answer.wanted, 1):
            await self._propose(f"{key}:{number}", thread, triaged, wanted, Asker(user))

    async def _from_summary(self, thread: Thread, inbound: Inbound, question: Redacted) -> None:
        """The conversation went cold: look again, with the stored summary as what is remembered."""
        preface = None
        if thread.summary is not None:
            minutes = round(self._habits.idle.total_seconds() / 60)
            since = f"quiet for over {minutes} min, so I looked again. Before: {thread.summary}"
            preface = self._words(f"This thread was {since}").clip(700)
        await self._investigate(thread, inbound, question, inbound.payload["user"], preface)

    # ---- memory and proposals -------------------------------------------------------------------------------------

    async def _keep(
        self,
        key: str,
        thread: Thread,
        question: Redacted,
        answer: Answer,
        user: str | None,
        triaged: Triaged | None,
    ) -> None:
        now = self._clock.now()
        await self._stores.threads.remember(key, thread.id, Exchange(question, answer.text.clip(3000), user, now))
        first_line = self._words(answer.text.strip().split("\n", 1)[0]).clip(200)
        summary = self._words(f"{thread.summary or ''} Then: {question.clip(150)} — {first_line}".strip()).clip(900)
        if triaged is not None:
            report = triaged.report
            cause = report.root_cause.summary if report.root_cause else report.symptom
            asked_at = report.observed_at.strftime("%Y-%m-%d %H:%M UTC")
            summary = self._words(f"At {asked_at} somebody asked: {question.clip(200)} Verdict: {cause}").clip(900)
        await self._stores.threads.touch(thread.id, now + self._habits.idle, summary)

    def _suggested(self, run: Investigation, thread: Thread, triaged: Triaged, asker: "Asker") -> Ask | None:
        """What the evidence itself suggests. It has no requester, unless the question asked for a change in words."""
        wanted = action_for(triaged.report.remediation, triaged.objects)
        if wanted is None:
            return None
        seen = next(each for each in triaged.objects if each.handle == wanted.handle)
        requested_by = asker.user if asks_for_change(run.question) else None
        by_policy = thread.origin is Origin.ALERT and asker.user is None and rests_on_state(triaged.report)
        against = self._against(triaged.report, wanted)
        return Ask(f"{run.id}:remedy", thread.id, wanted, seen, requested_by, by_policy, asker.monitor, against)

    async def _with_judgement(self, run: Investigation, thread: Thread, triaged: Triaged) -> Triaged:
        """The report says whether its own remedy would be allowed, and why not, before anybody reads it."""
        ask = self._suggested(run, thread, triaged, Asker(None))
        if ask is None:
            return self._by_a_person(triaged)
        against = await self._proposals.reasons_against(ask)
        return Triaged(judged(triaged.report, not against, against), triaged.objects)

    def _by_a_person(self, triaged: Triaged) -> Triaged:
        """A remedy that no action exists for: said as something that a person does, and never offered."""
        wanted = triaged.report.remediation
        if wanted.class_ == "none":
            return triaged
        text = f"no action from here does this {wanted.class_}, so a person has to"
        return Triaged(judged(triaged.report, False, (self._words(text),)), triaged.objects)

    async def _offer(
        self, run: Investigation, thread: Thread, triaged: Triaged, answer: Answer, asker: "Asker"
    ) -> None:
        suggested = self._suggested(run, thread, triaged, asker)
        if suggested is not None:
            await self._proposals.propose(suggested)
            return
        for number, wanted in enumerate(answer.wanted, 1):
            await self._propose(f"{run.id}:{number}", thread, triaged, wanted, asker)
        if asks_for_change(run.question) and not answer.wanted:
            # The first look proposes only what the evidence suggests; a wish must not go without a word.
            text = "You also asked for a change. Say it in a reply here, for example: restart NAME of the deployment."
            place = Place(thread.id.team, thread.id.channel, thread.id.thread_ts)
            await self._chat.say(f"{run.id}:wish", place, Notice(self._words(text)))

    async def gave_up(self, inbound: Inbound) -> None:
        """The worker tried often enough: the investigation is not running any more."""
        await self._stores.investigations.done(InvestigationId(f"inv_{inbound.id}"), failed=True)

    async def _propose(self, key: str, thread: Thread, triaged: Triaged, wanted: WantedChange, asker: "Asker") -> None:
        seen: SeenObject | None = next((each for each in triaged.objects if each.handle == wanted.handle), None)
        if seen is not None:
            against = self._against(triaged.report, wanted)
            ask = Ask(key, thread.id, wanted, seen, asker.user, monitor=asker.monitor, against=against)
            await self._proposals.propose(ask)

    def _against(self, report: IncidentReport, wanted: WantedChange) -> Redacted | None:
        """What the team's runbook for such an incident has against a change."""
        book = self._habits.runbooks.fitting(report)
        why = book.against(wanted.kind) if book else None
        return self._words(why) if why else None

    # ---- small things ---------------------------------------------------------------------------------------------

    def _question(self, text: str) -> Redacted:
        question = self._words(text)
        return question.clip(QUESTION_LIMIT)

    def _cut(self, inbound: Inbound) -> Redacted | None:
        """What has to be said when somebody wrote more than is read."""
        if len(inbound.payload.get("text") or "") <= QUESTION_LIMIT:
            return None
        return self._words(f"Your message is long: I read its first {QUESTION_LIMIT} characters.")

    async def _say(self, inbound: Inbound, what: str, notice: Notice) -> None:
        await self._chat.say(f"in:{inbound.id}:{what}", self._place(inbound), notice)

    @staticmethod
    def _place(inbound: Inbound) -> Place:
        thread = inbound.thread
        if thread is not None:
            return Place(thread.team, thread.channel, thread.thread_ts)
        payload: Mapping[str, Any] = inbound.payload
        return Place(payload["team"], payload["channel"])

    def _words(self, text: str) -> Redacted:
        return self._world.redactor.text(text)


EXAMPLE = "What is wrong with checkout-dev?"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who an investigation answers: a person, or the monitor whose alert it is about."""

    user: str | None
    monitor: str | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """What a conversation works with."""

    investigator: Investigator
    proposals: Proposals
    habits: Habits


class _Working:
    """Shows that something is under way, but only when it takes longer than people notice."""

    def __init__(self, chat: Chat, clock: Clock, key: str, place: Place) -> None:
        self._chat, self._clock, self._key, self._place = chat, clock, key, place
        self._line: Redacted | None = None
        self._news, self._over = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def progress(self, line: Redacted) -> None:
        self._line = line
        self._news.set()

    async def __aenter__(self) -> "_Working":
        self._task = asyncio.create_task(self._show())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        assert self._task is not None
        # Not cancelled: a line that is just being sent must have arrived before the answer replaces it.
        self._over.set()
        self._news.set()
        await self._task

    async def _show(self) -> None:
        patience = asyncio.ensure_future(self._clock.sleep(_PATIENCE))
        over = asyncio.ensure_future(self._over.wait())
        await asyncio.wait({patience, over}, return_when=asyncio.FIRST_COMPLETED)
        for each in (patience, over):
            each.cancel()
        while not self._over.is_set():
            await self._news.wait()
            self._news.clear()
            if self._line is not None and not self._over.is_set():
                await self._chat.progress(self._key, self._place, Working(self._line))
