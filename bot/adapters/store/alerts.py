"""Alerts by fingerprint: the first one of an episode opens a thread, the others are counted."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, insert, select, update

from bot.adapters.store.database import Database
from bot.adapters.store.tables import alerts
from bot.domain import Alert, ThreadId
from bot.stores import KnownAlert, Sighting


class SqlAlerts:
    """``AlertStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seen(self, alert: Alert, message: ThreadId, now: datetime) -> tuple[Sighting, KnownAlert]:
        key = {"team": message.team, "channel": message.channel, "fingerprint": str(alert.fingerprint)}
        same = and_(*(alerts.c[name] == value for name, value in key.items()))
        async with self._database.write() as connection:
            row = (await connection.execute(select(alerts).where(same))).first()
            sighting = _sighting(alert, message, row)
            known = _known(sighting, message, row, now)
            values = {
                "thread_ts": known.thread.thread_ts,
                "monitor": alert.monitor,
                "title": alert.title,
                "times": known.count,
                "firing": int(known.firing),
                "first_at": known.first_at,
                "last_at": known.last_at,
            }
            if row is None:
                await connection.execute(insert(alerts).values(**key, **values))
            else:
                await connection.execute(update(alerts).where(same).values(**values))
        return sighting, known


def _sighting(alert: Alert, message: ThreadId, row: Row[Any] | None) -> Sighting:
    if not alert.firing:
        return Sighting.RESOLVES if row is not None and row.firing else Sighting.SAYS_NOTHING_NEW
    # The opening message again, after a crash in the middle of its investigation, opens still.
    if row is None or not row.firing or row.thread_ts == message.thread_ts:
        return Sighting.OPENS
    return Sighting.REPEATS


def _known(sighting: Sighting, message: ThreadId, row: Row[Any] | None, now: datetime) -> KnownAlert:
    if row is None or sighting is Sighting.OPENS:
        return KnownAlert(message, 1, sighting is Sighting.OPENS, now, now)
    thread = ThreadId(message.team, message.channel, row.thread_ts)
    count = row.times + (1 if sighting is Sighting.REPEATS else 0)
    return KnownAlert(thread, count, sighting is Sighting.REPEATS, row.first_at, now)
