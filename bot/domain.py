"""What the bot talks about: threads, people, alerts, investigations, reports, proposals, decisions."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NewType

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from bot.lifecycle import FINAL_STATES as FINAL_STATES
from bot.lifecycle import ProposalState as ProposalState
from bot.provenance import Prompted, Provenance
from bot.provenance import Usage as Usage
from safety.actions import Action, ActionKind, Digest
from safety.redaction import Redacted
from tools.evidence import Category, SeenObject

InboxId = NewType("InboxId", int)
InvestigationId = NewType("InvestigationId", str)
ProposalId = NewType("ProposalId", str)
Fingerprint = NewType("Fingerprint", str)

# Words by which a line of a log speaks of a fault.
FAULT = re.compile(
    r"(?i)\b(?:error|fatal|panic|exception|traceback|refused|denied|killed|out of memory|cannot|failed|warn|warning)\b"
)


@dataclass(frozen=True, slots=True, order=True)
class ThreadId:
    """One conversation: channel ids differ per team, so the team is always part of the key."""

    team: str
    channel: str
    thread_ts: str

    def __str__(self) -> str:
        return f"{self.team}:{self.channel}:{self.thread_ts}"


@dataclass(frozen=True, slots=True)
class Person:
    """A human in a workspace, by ids."""

    team: str
    user: str


class Origin(StrEnum):
    """The door a conversation came through."""

    COMMAND = "command"
    MENTION = "mention"
    DIRECT = "direct"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Thread:
    """The state of one conversation. After ``expires_at`` the next reply starts from ``summary``."""

    id: ThreadId
    origin: Origin
    started_by: str | None
    question: Redacted
    created_at: datetime
    expires_at: datetime
    summary: Redacted | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question of a person and the answer that was given in the thread."""

    question: Redacted
    answer: Redacted
    asked_by: str | None
    at: datetime


# How a thread's memory words what was carried out in it, where a question would stand.
CARRIED_OUT = "approved in this thread"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that fired in a monitor. The same fingerprint leads to the same thread."""

    fingerprint: Fingerprint
    monitor: str
    firing: bool
    title: Redacted
    text: Redacted
    severity: str | None = None


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EvidenceRecord(_Model):
    """One piece of evidence as a report carries it."""

    id: str
    source: str
    ref: str
    at: AwareDatetime | None
    text: Redacted

    def telling(self) -> str:
        """What says most, on one line: of many lines the last that speaks of a fault, or the last of all."""
        lines = [each for each in self.text.splitlines() if each.strip()]
        if len(lines) > 2:
            lines = [next((each for each in reversed(lines) if FAULT.search(each)), lines[-1])]
        return " ".join(" ".join(lines).split())


class RootCause(_Model):
    """The one cause that fits best. ``subject`` is ``Kind/namespace/name``; ``confidence`` is 0–1."""

    category: Category
    summary: Redacted
    subject: str
    confidence: float = Field(ge=0, le=1)
    evidence: tuple[str, ...] = Field(min_length=1)


class Issue(_Model):
    """One thing that is wrong. ``explained_by`` is the subject of the issue that it is only a symptom of."""

    namespace: str | None
    severity: Literal["critical", "high", "medium", "low"]
    issue_type: str
    category: Category
    subject: str
    summary: Redacted
    root_cause: Redacted
    affected_pods: tuple[str, ...]
    related_deployment: str | None
    recent_changes: tuple[str, ...] = ()
    recommendations: tuple[Redacted, ...] = Field(min_length=1, max_length=3)
    since: AwareDatetime | None
    confidence: float = Field(ge=0, le=1)
    explained_by: str | None = None
    evidence: tuple[str, ...] = Field(min_length=1)


class ReportedChange(_Model):
    """A change that happened before; ``suspected`` only when evidence ties it to the cause."""

    id: str
    kind: str
    title: Redacted
    at: AwareDatetime | None
    by: Redacted | None
    suspected: bool
    why: Redacted
    url: str | None = None
    series: tuple[str, ...] = ()


class Remediation(_Model):
    """What would remove the cause. ``target`` is ``Kind/namespace/name``; ``reasons`` say why it is not allowed."""

    class_: Literal["restart", "rollback", "scale", "delete-pod", "none"] = Field(alias="class")
    target: str | None
    why: Redacted
    allowed: bool
    reasons: tuple[Redacted, ...] = ()
    to_revision: int | None = None
    to_replicas: int | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class WhereSet(_Model):
    """The file and the line that set what failed; without a ``url`` only a change's record was seen."""

    what: Redacted
    repository: str
    path: str
    line: int | None = Field(ge=1)
    text: Redacted
    ref: str | None = None
    url: str | None = None

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


class Recurrence(_Model):
    """The same cause in the same workload before: how often within 60 days, this time counted, and what ended it last.

    ``pattern`` only where the times keep to one, such as a day of the week; ``text`` says all of it in one line.
    """

    count: int = Field(ge=2)
    first_at: AwareDatetime
    last_at: AwareDatetime
    pattern: str | None
    last_fix: Redacted | None
    text: Redacted


class AuditHead(_Model):
    """The newest record of the audit log just then, to hold the log against later: its number and its hash (hex)."""

    records: int = Field(ge=1)
    head: str

    @property
    def short(self) -> str:
        return f"audit {self.records}:{self.head[:8]}"


class IncidentReport(_Model):
    """What is known without a model: posted first, read by the model, and the whole answer when none is connected.

    Every evidence id that a part cites exists in ``evidence``; building one that does not raises ``ValueError``.
    """

    schema_: Literal["ask-claude/incident-report/v1"] = Field("ask-claude/incident-report/v1", alias="schema")
    verdict: Literal["incident", "healthy", "inconclusive"]
    question: Redacted
    cluster: str
    namespace: str | None
    observed_at: AwareDatetime
    symptom: Redacted
    root_cause: RootCause | None
    issues_found: tuple[Issue, ...] = ()
    failing: tuple[str, ...] = ()
    changes: tuple[ReportedChange, ...] = ()
    culprit_change: str | None = None
    remediation: Remediation
    ruled_out: tuple[Redacted, ...] = ()
    not_checked: tuple[Redacted, ...] = ()
    evidence: tuple[EvidenceRecord, ...] = ()
    explanation: Redacted
    recurrence: Recurrence | None = None
    where_set: WhereSet | None = None
    audit_head: AuditHead | None = None
    usage: Mapping[str, float] = Field(default_factory=dict)

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="after")
    def _cites_only_what_exists(self) -> "IncidentReport":
        cited = {each for issue in self.issues_found for each in issue.evidence}
        cited |= set(self.root_cause.evidence) if self.root_cause else set()
        if unknown := cited - {each.id for each in self.evidence}:
            raise ValueError(f"evidence that does not exist is cited: {sorted(unknown)}")
        changes = {each.id for each in self.changes}
        if self.culprit_change is not None and self.culprit_change not in changes:
            raise ValueError("the culprit is not among the changes")
        if {each for issue in self.issues_found for each in issue.recent_changes} - changes:
            raise ValueError("an issue names a change that is not among the changes")
        return self


def report_schema() -> str:
    """The JSON Schema of a report as it is printed and stored, in its published form."""
    made = IncidentReport.model_json_schema(by_alias=True, mode="serialization")
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **made}, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Triaged:
    """What the first pass leaves: the report, the objects it read by handle, and the action it suggests, if any."""

    report: IncidentReport
    objects: tuple[SeenObject, ...]


class InvestigationState(StrEnum):
    """RUNNING survives a crash: the next start takes the investigation up again and says so."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Investigation:
    """One run over one question."""

    id: InvestigationId
    thread: ThreadId
    question: Redacted
    state: InvestigationState
    started_at: datetime
    attempts: int
    triaged: Triaged | None = None


@dataclass(frozen=True, slots=True)
class WantedChange:
    """A change somebody asked for, naming its target by handle. Only code turns it into an action.

    ``reason_by_rules`` says that code wrote the reason from evidence; else it is an analyst's words, unchecked.
    ``prompted`` is the model that asked for it, if one did.
    """

    kind: ActionKind
    handle: str
    reason: Redacted
    to_revision: int | None = None
    reason_by_rules: bool = False
    to_replicas: int | None = None
    prompted: Prompted | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the analyst says; ``caveat`` first. ``removed`` counts statements that nothing seen bore, taken out."""

    text: Redacted
    written_by: str
    connected: bool
    wanted: tuple[WantedChange, ...] = ()
    caveat: Redacted | None = None
    usage: Usage = field(default_factory=Usage)
    tools_called: tuple[str, ...] = ()
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's answer to a proposal; the newest of a person counts. ``verdict`` is approve or deny."""

    user: str
    team: str
    verdict: str
    digest: Digest
    at: datetime
    reason: Redacted | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """An action, why, and its state. ``requested_by`` is who asked for the change in words, if anybody did.

    ``why_by_rules`` is False where an analyst worded the reason: such words never stand above the buttons.
    ``needed`` approvals of different people let it run; ``by_policy`` has the policy in their place. ``undo_of`` is the
    change that this one takes back. ``provenance`` is missing of those that an earlier version stored.
    """

    id: ProposalId
    thread: ThreadId
    action: Action
    digest: Digest
    why: Redacted
    before_after: tuple[tuple[Redacted, Redacted, Redacted], ...]
    state: ProposalState
    requested_by: str | None
    created_at: datetime
    expires_at: datetime
    message_ts: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: Redacted | None = None
    fence: int = 0
    attempts: int = 0
    result: Redacted | None = None
    why_by_rules: bool = False
    needed: int = 1
    by_policy: bool = False
    undo_of: ProposalId | None = None
    votes: tuple[Vote, ...] = ()
    settled_by: str | None = None
    settled_at: datetime | None = None
    settled_note: Redacted | None = None
    provenance: Provenance | None = None

    @property
    def approvers(self) -> tuple[str, ...]:
        """Who approved this very digest, in the order of time."""
        return tuple(each.user for each in self.votes if each.verdict == "approve" and each.digest == self.digest)

    @property
    def key(self) -> str:
        """The object it is about, as one string: changes with the same one never run at the same time."""
        target = self.action.target
        return f"{target.cluster}/{target.namespace}/{target.kind}/{target.name}"


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing Slack delivered, stored before it was acknowledged. ``payload`` holds only what the flow needs."""

    id: InboxId
    kind: str
    thread: ThreadId | None
    payload: Mapping[str, Any]
    received_at: datetime
    attempts: int
