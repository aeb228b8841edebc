"""Alerts by fingerprint: the first one of an episode opens a thread, the others are counted."""

from datetime import datetime

from sqlalchemy import and_, insert, select, update

from bot.adapters.store.database import Database
from bot.adapters.store.tables import alerts
from bot.domain import Alert, ThreadId
from bot.stores import KnownAlert


class SqlAlerts:
    """``AlertStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seen(self, team: str, channel: str, alert: Alert, ts: str, now: datetime) -> tuple[KnownAlert, bool]:
        same = and_(alerts.c.team == team, alerts.c.channel == channel, alerts.c.fingerprint == str(alert.fingerprint))
        async with self._database.write() as connection:
            row = (await connection.execute(select(alerts).where(same))).first()
            if row is not None and row.thread_ts == ts:
                # The same message again, after a crash in the middle: it is the opening one still.
                return KnownAlert(ThreadId(team, channel, ts), row.times, True, row.first_at, row.last_at), alert.firing
            opens = alert.firing and (row is None or not row.firing)
            known = KnownAlert(
                ThreadId(team, channel, ts if opens or row is None else row.thread_ts),
                1 if opens or row is None else row.times + (1 if alert.firing else 0),
                alert.firing,
                now if opens or row is None else row.first_at,
                now,
            )
            values = {
                "thread_ts": known.thread.thread_ts,
                "monitor": alert.monitor,
                "title": alert.title,
                "times": known.count,
                "firing": int(alert.firing),
                "first_at": known.first_at,
                "last_at": now,
            }
            if row is None:
                key = {"team": team, "channel": channel, "fingerprint": str(alert.fingerprint)}
                await connection.execute(insert(alerts).values(**key, **values))
            else:
                await connection.execute(update(alerts).where(same).values(**values))
        return known, opens
