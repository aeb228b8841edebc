"""The tables. Migrations make them; a test holds the two equal."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

from safety.redaction import Redacted, stored

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
)


class RedactedText(TypeDecorator[Redacted]):
    """A column for words: it takes ``Redacted`` and nothing else, and gives ``Redacted`` back."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Redacted | None, dialect: Dialect) -> str | None:
        if value is not None and not isinstance(value, Redacted):
            raise TypeError("only redacted text is stored")
        return None if value is None else str(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Redacted | None:
        return None if value is None else stored(value)


class UtcTime(TypeDecorator[datetime]):
    """A point in time, kept in UTC (SQLite has no zones of its own); naive ones are refused."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a time without a zone is not stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def _thread_key(nullable: bool = False) -> tuple[Column[Any], Column[Any], Column[Any]]:
    return (
        Column("team", String(32), nullable=nullable),
        Column("channel", String(32), nullable=nullable),
        Column("thread_ts", String(32), nullable=nullable),
    )


inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("event_key", String(200), nullable=False),
    Column("message_key", String(200)),
    Column("kind", String(32), nullable=False),
    Column("lane", String(120), nullable=False),
    Column("sort_ts", String(32), nullable=False),
    *_thread_key(nullable=True),
    Column("payload", RedactedText, nullable=False),
    Column("state", String(16), nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    UniqueConstraint("event_key"),
    UniqueConstraint("message_key"),
    Index(None, "state", "lane"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(200), nullable=False),
    # Goes out with the message: by it, and not by the key, a post in doubt is found again (a new database starts its
    # keys anew in the same channel).
    Column("nonce", String(32), nullable=False),
    *_thread_key()[:2],
    Column("thread_ts", String(32)),
    Column("user", String(32)),
    Column("ts", String(32)),
    Column("text", RedactedText, nullable=False),
    Column("blocks", RedactedText, nullable=False),
    Column("wanted", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", UtcTime, nullable=False),
    Column("error", String(200)),
    UniqueConstraint("key"),
    Index(None, "state", "next_at"),
)

threads = Table(
    "threads",
    metadata,
    *_thread_key(),
    Column("origin", String(16), nullable=False),
    Column("started_by", String(32)),
    Column("question", RedactedText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("summary", RedactedText),
    PrimaryKeyConstraint("team", "channel", "thread_ts"),
)

exchanges = Table(
    "exchanges",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(200), nullable=False),
    *_thread_key(),
    Column("question", RedactedText, nullable=False),
    Column("answer", RedactedText, nullable=False),
    Column("asked_by", String(32)),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("key"),
    Index(None, "team", "channel", "thread_ts"),
)

investigations = Table(
    "investigations",
    metadata,
    Column("id", String(64), primary_key=True),
    *_thread_key(),
    Column("question", RedactedText, nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("triaged", RedactedText),
    # What was found, so that the same can be found again: cluster, category and object, and when it began.
    Column("cause", String(600)),
    Column("began_at", UtcTime),
    Column("seen_at", UtcTime),
    Index(None, "team", "channel", "thread_ts"),
    Index(None, "cause", "seen_at"),
)

proposals = Table(
    "proposals",
    metadata,
    Column("id", String(64), primary_key=True),
    *_thread_key(),
    Column("target", String(400), nullable=False),
    Column("action", RedactedText, nullable=False),
    Column("digest", String(80), nullable=False),
    Column("card", RedactedText, nullable=False),
    Column("state", String(16), nullable=False),
    Column("requested_by", String(32)),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("message_ts", String(32)),
    Column("decided_by", String(32)),
    Column("decided_at", UtcTime),
    Column("reason", RedactedText),
    Column("fence", Integer, nullable=False),
    Column("lease_until", UtcTime),
    Column("attempts", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("verified", String(16)),
    Column("result", RedactedText),
    # How many people have to approve, whether the policy approves in their place, and what it takes back.
    Column("needed", Integer, nullable=False, server_default=text("1")),
    Column("by_policy", Integer, nullable=False, server_default=text("0")),
    Column("undo_of", String(64)),
    # Who looked at a change whose outcome was unknown, and what they found.
    Column("settled_by", String(32)),
    Column("settled_at", UtcTime),
    Column("settled_note", RedactedText),
    Index(None, "team", "channel", "thread_ts"),
    Index(None, "state"),
    Index(None, "target", "state"),
    # A change is taken back once: another undo of it may be proposed only when the first came to nothing.
    Index(
        "uq_proposals_undo",
        "undo_of",
        unique=True,
        sqlite_where=text(
            "undo_of IS NOT NULL AND state IN ('PENDING', 'APPROVED', 'EXECUTING', 'SUCCEEDED', 'UNKNOWN')"
        ),
        postgresql_where=text(
            "undo_of IS NOT NULL AND state IN ('PENDING', 'APPROVED', 'EXECUTING', 'SUCCEEDED', 'UNKNOWN')"
        ),
    ),
    # One execution per target at a time, whatever two processes try.
    Index(
        "uq_proposals_executing",
        "target",
        unique=True,
        sqlite_where=text("state = 'EXECUTING'"),
        postgresql_where=text("state = 'EXECUTING'"),
    ),
)

votes = Table(
    "votes",
    metadata,
    Column("proposal", String(64), nullable=False),
    Column("user", String(32), nullable=False),
    Column("team", String(32), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("digest", String(80), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("reason", RedactedText),
    # Nobody counts twice, however often they click and in however many places.
    PrimaryKeyConstraint("proposal", "user"),
)

executions = Table(
    "executions",
    metadata,
    Column("proposal", String(64), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("target", String(400), nullable=False),
    Column("claimed_at", UtcTime, nullable=False),
    # When a request may have left for the first time, and the object as it was just before.
    Column("sent_at", UtcTime),
    Column("before", RedactedText),
    Column("ended_at", UtcTime),
    Column("outcome", String(16)),
    PrimaryKeyConstraint("proposal", "attempt"),
    Index(None, "target", "sent_at"),
)

cards = Table(
    "cards",
    metadata,
    # The outbox key of one copy of a proposal's card; all copies say the same.
    Column("key", String(200), primary_key=True),
    Column("proposal", String(64), nullable=False),
    *_thread_key()[:2],
    Column("thread_ts", String(32)),
    Index(None, "proposal"),
)

alerts = Table(
    "alerts",
    metadata,
    *_thread_key()[:2],
    Column("fingerprint", String(64), nullable=False),
    Column("thread_ts", String(32), nullable=False),
    Column("monitor", String(64), nullable=False),
    Column("title", RedactedText, nullable=False),
    Column("times", Integer, nullable=False),
    Column("firing", Integer, nullable=False),
    Column("first_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    # The newest message about it and what it meant, so that a message taken up again after a crash means the same.
    Column("last_message", String(40), nullable=False),
    Column("last_sighting", String(24), nullable=False),
    PrimaryKeyConstraint("team", "channel", "fingerprint"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("type", String(48), nullable=False),
    Column("proposal", String(64)),
    Column("payload", RedactedText, nullable=False),
    Column("prev", String(80), nullable=False),
    Column("hash", String(80), nullable=False),
    Index(None, "proposal"),
)

# Changes that passed the hook: made by others, if at all, and counted as if they were made.
hook_changes = Table(
    "hook_changes",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("target", String(400), nullable=False),
    Column("action", RedactedText, nullable=False),
    Index(None, "at"),
)

flags = Table(
    "flags",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("by", String(32), nullable=False),
    Column("at", UtcTime, nullable=False),
)
