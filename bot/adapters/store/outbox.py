"""Messages on their way to the chat: one row per message for ever, sent again whenever its wanted version grew."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, case, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.store.database import Database
from bot.adapters.store.tables import outbox
from bot.ports import Place, Rendered, Saying
from safety.redaction import Redacted, RedactedJson, Redactor

_RULES = Redactor()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One row: what should stand in the chat, and what is known of it. ``in_doubt`` means a send may have arrived."""

    key: str
    nonce: str
    place: Place
    message: Rendered
    user: str | None
    ts: str | None
    wanted: int
    sent: int
    tries: int
    state: str
    in_doubt: bool
    error: str | None


def _blocks_json(message: Rendered) -> RedactedJson:
    return _RULES.json([_checked(each) for each in message.blocks])


def _checked(value: Any) -> Any:
    """Only redacted words leave; short words of the chat's own vocabulary (types, ids, styles) are plain."""
    match value:
        case Mapping():
            for key, each in value.items():
                if (
                    key in ("text", "alt_text", "placeholder")
                    and isinstance(each, str)
                    and not isinstance(each, Redacted)
                ):
                    raise TypeError(f"a block's {key} must be redacted text")
            return {key: _checked(each) for key, each in value.items()}
        case list() | tuple():
            return [_checked(each) for each in value]
        case _:
            return value


async def put(connection: AsyncConnection, saying: Saying, now: datetime) -> None:
    """Within somebody's transaction: want this message to stand in the chat."""
    values = {
        "key": saying.key,
        "nonce": uuid.uuid4().hex,
        "team": saying.place.team,
        "channel": saying.place.channel,
        "thread_ts": saying.place.thread_ts,
        "user": saying.user,
        "ts": None,
        "text": saying.message.text,
        "blocks": _blocks_json(saying.message),
        "wanted": 1,
        "sent": 0,
        "state": "new",
        "tries": 0,
        "next_at": now,
        "error": None,
    }
    again = {
        "text": values["text"],
        "blocks": values["blocks"],
        "wanted": outbox.c.wanted + 1,
        "next_at": now,
        "tries": 0,
        # A send that may have arrived stays in doubt, whatever is wanted by now: it is looked for before the next one.
        "state": case((and_(outbox.c.state == "sending", outbox.c.ts.is_(None)), "sending"), else_="new"),
    }
    statement = insert(outbox).values(values)
    # A whisper is said once; anything else said again under its key replaces what stands there.
    if saying.user is None:
        await connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=again))
    else:
        await connection.execute(statement.on_conflict_do_nothing(index_elements=["key"]))


class Outbox:
    """The sender's side."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, saying: Saying, now: datetime) -> None:
        async with self._database.write() as connection:
            await put(connection, saying, now)

    async def get(self, key: str) -> Parcel | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(outbox).where(outbox.c.key == key))).first()
        return None if row is None else _parcel(row)

    async def due(self, now: datetime, limit: int = 50) -> list[Parcel]:
        waiting = (
            select(outbox)
            .where(outbox.c.state.in_(("new", "sending")), outbox.c.next_at <= now)
            .order_by(outbox.c.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [_parcel(row) for row in (await connection.execute(waiting)).all()]

    async def sending(self, key: str) -> None:
        await self._set(key, state="sending")

    async def sent(self, parcel: Parcel, ts: str | None) -> None:
        async with self._database.write() as connection:
            await connection.execute(
                update(outbox).where(outbox.c.key == parcel.key).values(ts=ts, sent=parcel.wanted, error=None, tries=0)
            )
            # A newer version may have been wanted while this one was under way; it stays due then.
            await connection.execute(
                update(outbox).where(outbox.c.key == parcel.key, outbox.c.wanted == parcel.wanted).values(state="sent")
            )

    async def failed(self, parcel: Parcel, error: str, next_at: datetime | None) -> None:
        """``next_at=None``: the chat refused it for good."""
        if next_at is None:
            await self._set(parcel.key, state="failed", error=error[:200])
        else:
            await self._set(parcel.key, state="new", error=error[:200], tries=parcel.tries + 1, next_at=next_at)

    async def _set(self, key: str, **values: Any) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(outbox).where(outbox.c.key == key).values(**values))


def _parcel(row: Row[Any]) -> Parcel:
    return Parcel(
        key=row.key,
        nonce=row.nonce,
        place=Place(row.team, row.channel, row.thread_ts),
        message=Rendered(row.text, tuple(json.loads(row.blocks))),
        user=row.user,
        ts=row.ts,
        wanted=row.wanted,
        sent=row.sent,
        tries=row.tries,
        state=row.state,
        in_doubt=row.state == "sending" and row.ts is None,
        error=row.error,
    )
