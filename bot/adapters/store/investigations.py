"""Runs over questions, with the picture each one took, so that a restart can go on from it."""

import json
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.sqlite import insert

from bot.adapters.store.database import Database
from bot.adapters.store.tables import investigations
from bot.adapters.store.threads import in_thread
from bot.domain import IncidentReport, Investigation, InvestigationId, InvestigationState, ThreadId, Triaged
from safety.redaction import Redactor
from tools.evidence import ObjectRef, SeenObject


class SqlInvestigations:
    """``InvestigationStore`` over SQL."""

    def __init__(self, database: Database, redactor: Redactor) -> None:
        self._database = database
        self._redactor = redactor

    async def begin(self, wanted: Investigation) -> Investigation:
        values = {
            "id": wanted.id,
            "team": wanted.thread.team,
            "channel": wanted.thread.channel,
            "thread_ts": wanted.thread.thread_ts,
            "question": wanted.question,
            "state": InvestigationState.RUNNING.value,
            "started_at": wanted.started_at,
            "attempts": 1,
        }
        again = {"attempts": investigations.c.attempts + 1}
        statement = insert(investigations).values(values)
        async with self._database.write() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=again))
            row = (await connection.execute(select(investigations).where(investigations.c.id == wanted.id))).one()
        return _investigation(row)

    async def triaged(self, investigation: InvestigationId, triaged: Triaged) -> None:
        await self._set(investigation, triaged=self._redactor.json(_document(triaged)))

    async def done(self, investigation: InvestigationId, failed: bool = False) -> None:
        state = InvestigationState.FAILED if failed else InvestigationState.DONE
        await self._set(investigation, state=state.value)

    async def latest(self, thread: ThreadId) -> Investigation | None:
        wanted = (
            select(investigations)
            .where(in_thread(investigations, thread), investigations.c.triaged.is_not(None))
            .order_by(investigations.c.started_at.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(wanted)).first()
        return None if row is None else _investigation(row)

    async def running(self) -> int:
        counted = select(func.count()).select_from(investigations).where(investigations.c.state == "running")
        async with self._database.read() as connection:
            return int((await connection.execute(counted)).scalar_one())

    async def _set(self, investigation: InvestigationId, **values: Any) -> None:
        async with self._database.write() as connection:
            await connection.execute(
                update(investigations).where(investigations.c.id == investigation).values(**values)
            )


def _document(triaged: Triaged) -> dict[str, Any]:
    return {
        "report": triaged.report.model_dump(mode="json", by_alias=True),
        "objects": [
            [each.handle, each.ref.kind, each.ref.namespace, each.ref.name, each.uid, each.generation]
            for each in triaged.objects
        ],
    }


def _triaged(text: str) -> Triaged:
    document = json.loads(text)
    report = IncidentReport.model_validate_json(json.dumps(document["report"]))
    objects = tuple(
        SeenObject(handle, ObjectRef(kind, namespace, name), uid, generation)
        for handle, kind, namespace, name, uid, generation in document["objects"]
    )
    return Triaged(report, objects)


def _investigation(row: Row[Any]) -> Investigation:
    return Investigation(
        InvestigationId(row.id),
        ThreadId(row.team, row.channel, row.thread_ts),
        row.question,
        InvestigationState(row.state),
        row.started_at,
        row.attempts,
        _triaged(row.triaged) if row.triaged else None,
    )
