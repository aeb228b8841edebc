"""What Slack delivered, stored once before it is acknowledged, and taken lane by lane."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert

from bot.adapters.store.database import HURRY, Database
from bot.adapters.store.tables import inbox
from bot.domain import Inbound, InboxId, ThreadId
from bot.stores import Arrival


class SqlInbox:
    """``InboxStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, arrival: Arrival, now: datetime) -> bool:
        thread = arrival.thread
        row = {
            "event_key": arrival.event_key,
            "message_key": arrival.message_key,
            "kind": arrival.kind,
            "lane": arrival.lane,
            "sort_ts": arrival.sort_ts,
            "team": thread.team if thread else None,
            "channel": thread.channel if thread else None,
            "thread_ts": thread.thread_ts if thread else None,
            "payload": arrival.payload,
            "state": "new",
            "received_at": now,
            "not_before": now,
            "attempts": 0,
        }
        async with self._database.write(HURRY) as connection:
            # No conflict target: the event and the message behind it are both unique, either one makes it a repeat.
            result = await connection.execute(insert(inbox).values(row).on_conflict_do_nothing())
            return bool(result.rowcount == 1)

    async def next(self, busy_lanes: frozenset[str], now: datetime) -> tuple[Inbound, str] | None:
        # Whatever waits for another try holds its lane: what came later must not overtake it.
        ahead = inbox.alias()
        held = exists().where(
            ahead.c.lane == inbox.c.lane,
            ahead.c.state == "new",
            ahead.c.not_before > now,
            tuple_(ahead.c.sort_ts, ahead.c.id) < tuple_(inbox.c.sort_ts, inbox.c.id),
        )
        free = inbox.c.lane.not_in(sorted(busy_lanes))
        waiting = (
            select(inbox)
            .where(inbox.c.state == "new", inbox.c.not_before <= now, free, ~held)
            .order_by(inbox.c.sort_ts, inbox.c.id)
            .limit(1)
        )
        async with self._database.read() as connection:
            if (await connection.execute(waiting)).first() is None:
                return None
        async with self._database.write() as connection:
            row = (await connection.execute(waiting)).first()
            if row is None:
                return None
            taken = update(inbox).where(inbox.c.id == row.id).values(state="taken", attempts=row.attempts + 1)
            await connection.execute(taken)
            return _inbound(row), row.lane

    async def finish(self, inbox_id: InboxId, failed: bool = False) -> None:
        await self._set(inbox_id, state="failed" if failed else "done")

    async def retry(self, inbox_id: InboxId, not_before: datetime) -> None:
        await self._set(inbox_id, state="new", not_before=not_before)

    async def has(self, message_key: str) -> bool:
        async with self._database.read() as connection:
            found = await connection.execute(select(inbox.c.id).where(inbox.c.message_key == message_key))
            return found.first() is not None

    async def recover(self) -> int:
        async with self._database.write() as connection:
            result = await connection.execute(update(inbox).where(inbox.c.state == "taken").values(state="new"))
            return int(result.rowcount)

    async def _set(self, inbox_id: InboxId, **values: Any) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(inbox).where(inbox.c.id == inbox_id).values(**values))


def _inbound(row: Row[Any]) -> Inbound:
    thread = ThreadId(row.team, row.channel, row.thread_ts) if row.thread_ts else None
    payload = json.loads(row.payload)
    return Inbound(InboxId(row.id), row.kind, thread, payload, row.received_at, row.attempts + 1)
