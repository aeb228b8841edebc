"""What the bot says, before anybody decides how it looks: one record per kind of message."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain import Alert, Answer, IncidentReport, InvestigationId, Origin, Proposal, Thread
from safety.redaction import Redacted


class Tone(StrEnum):
    """How a line should be read."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Opening:
    """The root of a thread the bot opened itself: who asked what, and how it stands."""

    origin: Origin
    asked_by: str | None
    question: Redacted
    report: IncidentReport | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found without a model, posted first. ``run`` names what is stored, where there is more to show."""

    report: IncidentReport
    took: timedelta
    run: InvestigationId | None = None


@dataclass(frozen=True, slots=True)
class Working:
    """Something that takes longer is under way."""

    text: Redacted


@dataclass(frozen=True, slots=True)
class Analysis:
    """The analyst's answer, to the first question or to a later one."""

    answer: Answer
    took: timedelta
    follow_up: bool
    preface: Redacted | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A proposal to be decided, or one that has been. Everything above the buttons comes from the typed action.

    ``starts_at``: when one that the policy approves starts by itself.
    """

    proposal: Proposal
    cluster: str
    environment: str
    may_approve_users: tuple[str, ...]
    may_approve_groups: tuple[str, ...]
    risk: Redacted
    undo: Redacted
    can_undo: bool = False
    weight: Redacted | None = None
    starts_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """A change that would help or was asked for, and every reason why it is not offered."""

    action: Redacted
    target: str
    reasons: tuple[Redacted, ...]


@dataclass(frozen=True, slots=True)
class AlertSeen:
    """An alert's thread: what fired, how often, whether it still does."""

    alert: Alert
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """One plain line or a few. ``who`` is mentioned in front of it."""

    text: Redacted
    tone: Tone = Tone.INFO
    who: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Something that people have to look at now: everybody named is called."""

    text: Redacted
    users: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What one person may know of what is going on, the newest first."""

    waiting: tuple[Proposal, ...]
    recent: tuple[Thread, ...]


Message = Overview | Opening | Findings | Working | Analysis | Card | NotAllowed | AlertSeen | Notice | Page
