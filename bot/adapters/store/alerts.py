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
            this = f"{message.thread_ts}:{int(alert.firing)}"
            if row is not None and row.last_message == this:
                # Taken up again after a crash in the middle: it means what it meant.
                thread = ThreadId(message.team, message.channel, row.thread_ts)
                known = KnownAlert(thread, row.times, bool(row.firing), row.first_at, row.last_at)
                return Sighting(row.last_sighting), known
            sighting = _sighting(alert, row)
            known = _known(sighting, message, row, now)
            values = {
                "thread_ts": known.thread.thread_ts,
                "monitor": alert.monitor,
                "title": alert.title,
                "times": known.count,
                "firing": int(known.firing),
                "first_at": known.first_at,
                "last_at": known.last_at,
                "last_message": this,
                "last_sighting": sighting.value,
            }
            if row is None:
                await connection.execute(insert(alerts).values(**key, **values))
            else:
                await connection.execute(update(alerts).where(same).values(**values))
        return sighting, known


def _sighting(alert: Alert, row: Row[Any] | None) -> Sighting:
    if not alert.firing:
        return Sighting.RESOLVES if row is not None and row.firing else Sighting.SAYS_NOTHING_NEW
    return Sighting.REPEATS if row is not None and row.firing else Sighting.OPENS


def _known(sighting: Sighting, message: ThreadId, row: Row[Any] | None, now: datetime) -> KnownAlert:
    if row is None or sighting is Sighting.OPENS:
        return KnownAlert(message, 1, sighting is Sighting.OPENS, now, now)
    thread = ThreadId(message.team, message.channel, row.thread_ts)
    count = row.times + (1 if sighting is Sighting.REPEATS else 0)
    return KnownAlert(thread, count, sighting is Sighting.REPEATS, row.first_at, now)
