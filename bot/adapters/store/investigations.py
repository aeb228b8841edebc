"""Runs over questions, with the picture each one took, so that a restart can go on from it."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, String, and_, func, select, update
from sqlalchemy.dialects.sqlite import insert

from bot.adapters.store.database import Database
from bot.adapters.store.tables import investigations, proposals
from bot.adapters.store.threads import in_thread
from bot.domain import (
    IncidentReport,
    Investigation,
    InvestigationId,
    InvestigationState,
    ProposalState,
    ThreadId,
    Triaged,
)
from bot.stores import Blamed, Seen
from safety.redaction import Redactor
from tools.evidence import ObjectRef, SeenObject

# So many earlier runs with a culprit are looked through for one of the same branch or ticket.
_BLAMED = 50


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

    async def triaged(self, investigation: InvestigationId, triaged: Triaged, began_at: datetime) -> None:
        report = triaged.report
        await self._set(
            investigation,
            triaged=self._redactor.json(_document(triaged)),
            cause=_fingerprint(report),
            began_at=began_at,
            seen_at=report.observed_at,
        )

    async def with_cause(self, report: IncidentReport, since: datetime) -> Sequence[Seen]:
        same = investigations.c.cause == _fingerprint(report)
        wanted = select(investigations).where(same, investigations.c.seen_at >= since)
        async with self._database.read() as connection:
            rows = (await connection.execute(wanted.order_by(investigations.c.seen_at))).all()
        return [Seen(InvestigationId(row.id), row.began_at, row.seen_at) for row in rows]

    async def with_culprit(self, report: IncidentReport, since: datetime) -> Sequence[Blamed]:
        cluster = f"{report.cluster}:"
        culprit = func.json_extract(investigations.c.triaged, "$.report.culprit_change", type_=String)
        wanted = (
            select(investigations)
            .where(
                investigations.c.seen_at >= since,
                func.substr(investigations.c.cause, 1, len(cluster)) == cluster,
                culprit.is_not(None),
            )
            .order_by(investigations.c.seen_at.desc())
            .limit(_BLAMED)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(wanted)).all()
        return [found for row in rows if (found := _blamed(row)) is not None]

    async def last_fix(self, report: IncidentReport, since: datetime) -> str | None:
        of_thread = and_(*(investigations.c[each] == proposals.c[each] for each in ("team", "channel", "thread_ts")))
        wanted = (
            select(proposals.c.action, proposals.c.decided_at)
            .join(investigations, of_thread)
            .where(
                investigations.c.cause == _fingerprint(report),
                investigations.c.seen_at >= since,
                proposals.c.state == ProposalState.SUCCEEDED.value,
                proposals.c.verified == "effective",
            )
            .order_by(proposals.c.decided_at.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(wanted)).first()
        if row is None:
            return None
        action = json.loads(row.action)
        return f"{_fix(action)} ({row.decided_at:%Y-%m-%d %H:%M} UTC)"

    async def done(self, investigation: InvestigationId, failed: bool = False) -> None:
        state = InvestigationState.FAILED if failed else InvestigationState.DONE
        await self._set(investigation, state=state.value)

    async def get(self, investigation: InvestigationId) -> Investigation | None:
        wanted = select(investigations).where(investigations.c.id == investigation)
        async with self._database.read() as connection:
            row = (await connection.execute(wanted)).first()
        return None if row is None else _investigation(row)

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


def _fingerprint(report: IncidentReport) -> str | None:
    """The cause and the object it is in, wherever the bot meets them again."""
    cause = report.root_cause
    return f"{report.cluster}:{cause.category}:{cause.subject}"[:600] if cause is not None else None


def _blamed(row: Row[Any]) -> Blamed | None:
    report = _triaged(row.triaged).report
    change = next((each for each in report.changes if each.id == report.culprit_change), None)
    if change is None or not change.series or report.root_cause is None:
        return None
    cause = report.root_cause
    return Blamed(InvestigationId(row.id), cause.category, cause.subject, change, row.seen_at)


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


def _fix(action: dict[str, Any]) -> str:
    """A stored action in words: "a rollback of web to revision 3"."""
    kind, name = str(action["kind"]), action["target"]["name"]
    if kind.startswith("rollback"):
        return f"a rollback of {name} to revision {action['to_revision']}"
    if kind == "scale_deployment":
        return f"a scaling of {name} from {action['from_replicas']} to {action['to_replicas']} replicas"
    if kind.startswith("restart"):
        return f"a restart of {name}"
    return f"the removal of pod {name}"
