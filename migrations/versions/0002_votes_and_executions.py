"""Votes, executions and copies of cards become tables of their own; what is open stays open.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ALIVE = "undo_of IS NOT NULL AND state IN ('PENDING', 'APPROVED', 'EXECUTING', 'SUCCEEDED', 'UNKNOWN')"


def upgrade() -> None:
    for column in (
        sa.Column("needed", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("by_policy", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("undo_of", sa.String(length=64), nullable=True),
        sa.Column("settled_by", sa.String(length=32), nullable=True),
        sa.Column("settled_at", sa.DateTime(), nullable=True),
        sa.Column("settled_note", sa.Text(), nullable=True),
    ):
        op.add_column("proposals", column)
    op.create_index(op.f("ix_proposals_target_state"), "proposals", ["target", "state"], unique=False)
    op.create_index(
        "uq_proposals_undo",
        "proposals",
        ["undo_of"],
        unique=True,
        sqlite_where=sa.text(_ALIVE),
        postgresql_where=sa.text(_ALIVE),
    )
    _votes()
    _executions()
    _cards()


def _votes() -> None:
    op.create_table(
        "votes",
        sa.Column("proposal", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=32), nullable=False),
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("proposal", "user"),
    )
    # Whoever decided so far decided alone.
    op.execute(
        "INSERT INTO votes (proposal, user, team, verdict, digest, at, reason) "
        "SELECT id, decided_by, team, CASE state WHEN 'DENIED' THEN 'deny' ELSE 'approve' END, digest, decided_at, "
        "reason FROM proposals WHERE decided_by IS NOT NULL AND decided_at IS NOT NULL"
    )


def _executions() -> None:
    op.create_table(
        "executions",
        sa.Column("proposal", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(length=400), nullable=False),
        sa.Column("claimed_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("proposal", "attempt"),
    )
    op.create_index(op.f("ix_executions_target_sent_at"), "executions", ["target", "sent_at"], unique=False)
    # The moment of sending was not kept: the decision came a little earlier, so the limits hold a little shorter.
    op.execute(
        "INSERT INTO executions (proposal, attempt, fence, target, claimed_at, sent_at, ended_at, outcome) "
        "SELECT id, attempts, fence, target, decided_at, CASE WHEN sent = 1 THEN decided_at END, "
        "CASE WHEN state != 'EXECUTING' THEN decided_at END, CASE WHEN state != 'EXECUTING' THEN state END "
        "FROM proposals WHERE attempts > 0 AND decided_at IS NOT NULL"
    )


def _cards() -> None:
    op.create_table(
        "cards",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("proposal", sa.String(length=64), nullable=False),
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("thread_ts", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(op.f("ix_cards_proposal"), "cards", ["proposal"], unique=False)
    op.execute(
        "INSERT INTO cards (key, proposal, team, channel, thread_ts) "
        "SELECT 'proposal:' || id, id, team, channel, thread_ts FROM proposals"
    )


def downgrade() -> None:
    raise RuntimeError("Ask Claude does not migrate down: restore a backup instead")
