"""What ``/ask-claude`` answers at once, to the one who typed it: help, status, pause, resume."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain import IncidentReport, InvestigationId, Person, ThreadId
from bot.flows.judging import PAUSED, Judge
from bot.messages import Notice, Overview, Tone
from bot.ports import ChatFault, People
from bot.provenance import Actor
from bot.stores import AuditEntry
from safety.actions import ACTION_KINDS
from safety.approval import entitled
from safety.policy import Mode
from safety.redaction import Redacted
from safety.withheld import WITHHELD, Withheld

HELP = """Ask me what is wrong, and I open a thread with the cause, the evidence and what changed:
/ask-claude What is wrong with checkout-dev?
Reply in the thread to ask more ("show the logs", "what changed?", "explain this for a beginner", "restart X").
Mention me, or write to me directly, works the same.
A fix waits behind an Approve button. It runs once, as shown, and only if it is still safe.
/ask-claude status — what I am doing and what I can reach
/ask-claude pause — no change runs any more, whoever approves it
/ask-claude resume — changes may run again (for those who may approve)"""

# How many threads are looked through, and how many of anything are shown.
_LOOKED_AT, _SHOWN = 20, 5


@dataclass(frozen=True, slots=True)
class Analyst:
    """Who writes the analysis."""

    name: str
    connected: bool


class _Readable:
    """What one person can read; each channel is asked about once, and what cannot be asked is a no."""

    def __init__(self, people: People, person: Person) -> None:
        self._people, self._person = people, person
        self._known: dict[str, bool] = {}

    async def channel(self, thread: ThreadId) -> bool:
        if thread.team != self._person.team or thread.channel.startswith("D"):
            return False  # a direct message belongs to the one who wrote it
        if thread.channel not in self._known:
            try:
                self._known[thread.channel] = self._person.user in await self._people.in_channel(thread.channel)
            except ChatFault:
                self._known[thread.channel] = False
        return self._known[thread.channel]


_CHANGES: Mapping[Mode, str] = {
    "off": "off",
    "approve": "behind approval",
    "auto": "behind approval, by people or by the policy",
}


class Console:
    """Short answers that need no investigation."""

    def __init__(self, judge: Judge, analyst: Analyst, withheld: Withheld = WITHHELD) -> None:
        self._judge, self._analyst, self._withheld = judge, analyst, withheld

    async def answer(self, text: str, person: Person) -> Notice | None:
        """The answer, or None when this is a question to investigate."""
        match text.strip().lower():
            case "" | "help" | "?":
                return Notice(self._words(HELP))
            case "status":
                return await self._status()
            case "pause":
                return await self._pause(person)
            case "resume":
                return await self._resume(person)
            case _:
                return None

    async def _status(self) -> Notice:
        judge = self._judge
        stores, now = judge.stores, judge.clock.now()
        paused = await stores.flags.get(PAUSED)
        remediation = _CHANGES[judge.mode]
        if paused:
            remediation = f"paused since {paused.at:%Y-%m-%d %H:%M} UTC"
        count, head = await stores.audit.head()
        model = self._analyst.name if self._analyst.connected else "none connected (rules only)"
        lines = (
            f"{await stores.threads.count(now)} threads alive, {await stores.investigations.running()} being worked on",
            f"{await stores.proposals.open_count()} proposals open",
            f"changes: {remediation}",
            f"model: {model}",
            f"cluster: {judge.world.cluster.name}",
            f"audit log: {count} records, head {head[:16]}",
            *self._kept_back(),
        )
        return Notice(self._words("\n".join(lines)), Tone.WARNING if paused else Tone.INFO)

    def _kept_back(self) -> tuple[str, ...]:
        told = self._withheld.told()
        return (f"redaction: {told} withheld since the start: a rule broke, please report it",) if told else ()

    async def overview(self, person: Person) -> Overview:
        """Proposals that wait and the newest threads, as far as this person may read them in the chat as well."""
        stores = self._judge.stores
        readable = _Readable(self._judge.people, person)
        waiting = [each for each in await stores.proposals.waiting() if await readable.channel(each.thread)]
        recent = [
            each
            for each in await stores.threads.recent(_LOOKED_AT)
            if each.started_by == person.user or await readable.channel(each.id)
        ]
        return Overview(tuple(waiting[:_SHOWN]), tuple(recent[:_SHOWN]))

    async def details(self, run: str, person: Person, channel: str) -> IncidentReport | Notice:
        """All that a run found, told only where it was asked; else why not."""
        if person.team != self._judge.home_team:
            return self._no("Only members of this workspace can open the details.")
        kept = await self._judge.stores.investigations.get(InvestigationId(run))
        if kept is None or kept.triaged is None:
            return self._no("The details of this investigation are not stored any more. Ask again in the thread.")
        if (kept.thread.team, kept.thread.channel) != (person.team, channel):
            return self._no("These details belong to another conversation. Open them there.")
        return kept.triaged.report

    def _no(self, why: str) -> Notice:
        return Notice(self._words(why), Tone.WARNING)

    async def _pause(self, person: Person) -> Notice:
        # Stopping is always safe, so anybody may; starting again is for those who may approve.
        await self._judge.stores.flags.set(PAUSED, person.user, self._judge.clock.now(), self._entry("paused", person))
        text = (
            "Paused: no change runs until somebody who may approve types /ask-claude resume, and what waited for a "
            "decision is cancelled. I keep investigating."
        )
        return Notice(self._words(text), Tone.WARNING)

    async def _resume(self, person: Person) -> Notice:
        judge = self._judge
        for kind in ACTION_KINDS:
            rule = judge.policy.approval_for(kind)
            voter = await judge.voter(person.user, person.team, rule)
            if entitled(voter, rule, None, judge.home_team) is None:
                entry = self._entry("resumed", person)
                await judge.stores.flags.clear(PAUSED, judge.clock.now(), entry)
                return Notice(self._words("Resumed: approved changes run again."), Tone.GOOD)
        return Notice(self._words("Only those who may approve changes may resume them."), Tone.WARNING)

    def _entry(self, what: str, person: Person) -> AuditEntry:
        by = Actor("person", person.user, team=person.team)
        return self._judge.records.entry("mode.changed", by, to=what)

    def _words(self, text: str) -> Redacted:
        return self._judge.redactor.text(text)
