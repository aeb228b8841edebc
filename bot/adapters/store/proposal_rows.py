"""How proposals, votes and cards are written to rows and read back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.store.tables import proposals, votes
from bot.domain import Proposal, ProposalId, ProposalState, ThreadId, Vote
from bot.provenance import Actor, Prompted, Provenance
from bot.stores import CardPayload
from safety.actions import Action, Digest
from safety.redaction import Redactor, stored
from safety.validator import AnyAction

_ACTION: TypeAdapter[Action] = TypeAdapter(Action)
# Built once: they are asked all the time, and building a query costs more than running it.
_ONE = select(proposals).where(proposals.c.id == bindparam("proposal"))
_CAST = select(votes).where(votes.c.proposal.in_(bindparam("ids", expanding=True))).order_by(votes.c.at, votes.c.user)


def proposal_values(proposal: Proposal, payload: CardPayload, redactor: Redactor) -> Mapping[str, Any]:
    """The row of a new proposal."""
    card = {
        "why": proposal.why,
        "why_by_rules": proposal.why_by_rules,
        "rows": proposal.before_after,
        "cluster": payload.cluster,
        "environment": payload.environment,
        "risk": payload.risk,
        "undo": payload.undo,
        "users": payload.users,
        "groups": payload.groups,
        "weight": payload.weight,
        "provenance": asdict(proposal.provenance) if proposal.provenance else None,
    }
    return {
        "id": proposal.id,
        "team": proposal.thread.team,
        "channel": proposal.thread.channel,
        "thread_ts": proposal.thread.thread_ts,
        "target": proposal.key,
        "action": redactor.json(proposal.action.model_dump(mode="json")),
        "digest": proposal.digest,
        "card": redactor.json(card),
        "state": proposal.state.value,
        "requested_by": proposal.requested_by,
        "created_at": proposal.created_at,
        "expires_at": proposal.expires_at,
        "fence": 0,
        "attempts": 0,
        "sent": 0,
        "result": proposal.result,
        "needed": proposal.needed,
        "by_policy": int(proposal.by_policy),
        "undo_of": proposal.undo_of,
    }


def action_of(text: str) -> AnyAction:
    """The action as it was stored."""
    return _ACTION.validate_json(text)


def payload_of(row: Row[Any]) -> CardPayload:
    card = json.loads(row.card)
    return CardPayload(
        card["cluster"],
        card["environment"],
        stored(card["risk"]),
        stored(card["undo"]),
        tuple(card["users"]),
        tuple(card["groups"]),
        stored(card["weight"]) if card.get("weight") else None,
    )


async def read_proposals(connection: AsyncConnection, wanted: Any) -> list[Proposal]:
    """The proposals that a query over their table finds, each with its votes."""
    return await _with_votes(connection, (await connection.execute(wanted)).all())


async def _with_votes(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Proposal]:
    of: dict[str, list[Vote]] = {}
    for row in (await connection.execute(_CAST, {"ids": [row.id for row in rows]})).all() if rows else ():
        vote = Vote(row.user, row.team, row.verdict, Digest(row.digest), row.at, row.reason)
        of.setdefault(row.proposal, []).append(vote)
    return [proposal_of(row, of.get(row.id, ())) for row in rows]


async def read_proposal(connection: AsyncConnection, proposal: str) -> Proposal | None:
    found = await read_with_payload(connection, proposal)
    return found[0] if found else None


async def read_with_payload(connection: AsyncConnection, proposal: str) -> tuple[Proposal, CardPayload] | None:
    """A proposal, and what its card shows besides."""
    rows = (await connection.execute(_ONE, {"proposal": proposal})).all()
    return ((await _with_votes(connection, rows))[0], payload_of(rows[0])) if rows else None


def proposal_of(row: Row[Any], cast: Sequence[Vote]) -> Proposal:
    card = json.loads(row.card)
    return Proposal(
        id=ProposalId(row.id),
        thread=ThreadId(row.team, row.channel, row.thread_ts),
        action=action_of(row.action),
        digest=Digest(row.digest),
        why=stored(card["why"]),
        why_by_rules=bool(card["why_by_rules"]),
        before_after=tuple((stored(label), stored(before), stored(after)) for label, before, after in card["rows"]),
        state=ProposalState(row.state),
        requested_by=row.requested_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        message_ts=row.message_ts,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        fence=row.fence,
        attempts=row.attempts,
        result=row.result,
        needed=row.needed,
        by_policy=bool(row.by_policy),
        undo_of=ProposalId(row.undo_of) if row.undo_of else None,
        votes=tuple(cast),
        settled_by=row.settled_by,
        settled_at=row.settled_at,
        settled_note=row.settled_note,
        provenance=_provenance(card.get("provenance")),
    )


def _provenance(told: Mapping[str, Any] | None) -> Provenance | None:
    """Rows that an earlier version wrote say nothing of it."""
    if told is None:
        return None
    prompted = told["prompted"]
    return Provenance(Actor(**told["by"]), told["policy"], Prompted(**prompted) if prompted else None)
