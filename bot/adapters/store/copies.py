"""The places where a proposal's card stands: whatever changes it changes every copy, in the same transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.store import outbox
from bot.adapters.store.proposal_rows import read_with_payload
from bot.adapters.store.tables import cards
from bot.adapters.store.tables import outbox as messages
from bot.ports import Place, Saying
from bot.stores import Copy, Draw

_OF = (
    select(cards, messages.c.ts)
    .select_from(cards.outerjoin(messages, messages.c.key == cards.c.key))
    .where(cards.c.proposal == bindparam("of"))
    .order_by(cards.c.key)
)


async def redraw(connection: AsyncConnection, proposal: str, card: Draw | None, now: datetime) -> None:
    """Want every copy to show what this transaction makes true."""
    if card is None:
        return
    found = await read_with_payload(connection, proposal)
    assert found is not None
    drawn = card(*found)
    for copy in await copies_of(connection, proposal):
        await outbox.put(connection, Saying(copy.key, copy.place, drawn), now)


async def add_copy(connection: AsyncConnection, proposal: str, copy: Copy) -> None:
    """Note one more place; once per key."""
    place = copy.place
    values = {
        "key": copy.key,
        "proposal": proposal,
        "team": place.team,
        "channel": place.channel,
        "thread_ts": place.thread_ts,
    }
    await connection.execute(insert(cards).values(values).on_conflict_do_nothing())


async def copies_of(connection: AsyncConnection, proposal: str) -> Sequence[Copy]:
    """Where its card stands, with the ts of what was posted."""
    rows = (await connection.execute(_OF, {"of": proposal})).all()
    return [Copy(row.key, Place(row.team, row.channel, row.thread_ts), row.ts) for row in rows]
