"""Evidence first: collect in parallel, analyze, join, blame, report. No model."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from bot.domain import IncidentReport, Triaged
from bot.flows.report import SURE_ENOUGH, Picture, no_such_namespace, write
from safety.redaction import Redacted
from tools.analyzers import analyze
from tools.analyzers.causes import Joined
from tools.analyzers.changes import blame
from tools.analyzers.namesakes import meant
from tools.evidence import Change, Finding, ObjectRef, SeenObject
from tools.kubernetes.scalings import scalings
from tools.kubernetes.scope import Scope, find_scope
from tools.kubernetes.snapshot import take
from tools.kubernetes.where_set import find_where_set
from tools.objects import meta, number
from tools.settings import SetAt
from tools.snapshot import Deployment, Snapshot, Thresholds
from tools.world import Reader

MOST_OBJECTS, MOST_OTHERS = 20, 5
_OTHERS = ("StatefulSet", "DaemonSet", "Pod")


async def triage(
    question: Redacted,
    world: Reader,
    now: datetime,
    *,
    namespace: str | None = None,
    default_namespace: str | None = None,
    thresholds: Thresholds | None = None,
) -> Triaged:
    """Look at what the question is about and say what is wrong there, with the evidence for each claim.

    ``thresholds`` say what is normal life and no trouble. Whether the suggested change is allowed is not judged here:
    ``judged`` fills that in.
    """
    scope = await find_scope(question, world, namespace=namespace, default_namespace=default_namespace)
    say = world.redactor.text
    if scope.unknown is not None:
        return Triaged(no_such_namespace(question, world.cluster.name, scope, now, say), ())
    snapshot = await take(world, scope, now, thresholds=thresholds)
    found = meant(analyze(snapshot), snapshot, scope.beside)
    joined, changes = blame(_asked_first(found.asked, scope), snapshot)
    changes = _with_scalings(changes, snapshot)
    joined, snapshot, place = await _where_set(joined, snapshot, world)
    report = write(Picture(question, scope, snapshot, joined, changes, place, found.namesakes))
    return Triaged(report, _objects(snapshot, joined, scope))


def _with_scalings(changes: Sequence[Change], snapshot: Snapshot) -> tuple[Change, ...]:
    told = [*changes, *scalings(snapshot)]
    return tuple(sorted(told, key=lambda each: (not each.suspected, -(each.at.timestamp() if each.at else 0))))


async def _where_set(joined: Joined, snapshot: Snapshot, world: Reader) -> tuple[Joined, Snapshot, SetAt | None]:
    """The cause with the file and line that set what failed among its evidence, or a note why none is named."""
    if not joined.roots or joined.roots[0].confidence < SURE_ENOUGH:
        return joined, snapshot, None
    looked = await find_where_set(joined.roots[0], snapshot, world)
    if looked.evidence is not None:
        root = dataclasses.replace(joined.roots[0], evidence=(*joined.roots[0].evidence, looked.evidence))
        symptoms = tuple((each, root if cause == joined.roots[0] else cause) for each, cause in joined.symptoms)
        joined = Joined((root, *joined.roots[1:]), symptoms)
    if looked.note is not None:
        snapshot = dataclasses.replace(snapshot, not_checked=(*snapshot.not_checked, looked.note))
    return joined, snapshot, looked.place


def judged(report: IncidentReport, allowed: bool, reasons: Sequence[Redacted]) -> IncidentReport:
    """The same report with the validator's word on the suggested change."""
    remediation = report.remediation.model_copy(update={"allowed": allowed, "reasons": tuple(reasons)})
    return report.model_copy(update={"remediation": remediation})


def _asked_first(joined: Joined, scope: Scope) -> Joined:
    """What was asked about by name goes first, and what explains it; the order of weight holds otherwise."""
    asked = {cause.subject for found, cause in joined.symptoms if found.subject.name in scope.focus}
    asked |= {each.subject for each in joined.roots if each.subject.name in scope.focus}
    roots = sorted(joined.roots, key=lambda each: each.subject not in asked)
    return Joined(tuple(roots), joined.symptoms)


def _objects(snapshot: Snapshot, joined: Joined, scope: Scope) -> tuple[SeenObject, ...]:
    subjects = [each.subject for each in (*joined.roots, *(found for found, _ in joined.symptoms))]

    def order(each: Deployment) -> tuple[int, bool, bool, ObjectRef]:
        place = subjects.index(each.ref) if each.ref in subjects else len(subjects)
        return place, each.ref.name not in scope.focus, each.available >= each.desired, each.ref

    chosen = sorted(snapshot.deployments, key=order)[:MOST_OBJECTS]
    known = [(each.ref, each.uid, each.generation) for each in chosen]
    known += _others(snapshot, [*joined.roots, *(found for found, _ in joined.symptoms)])
    return tuple(SeenObject(f"O{index}", *each) for index, each in enumerate(known, start=1))


def _others(snapshot: Snapshot, found: Sequence[Finding]) -> list[tuple[ObjectRef, str, int]]:
    """What else is found fault with or would be changed, and was read: sets, and single pods."""
    raws = [(each.ref, each.raw) for each in snapshot.workloads] + [(each.ref, each.raw) for each in snapshot.pods]
    read = {ref: raw for ref, raw in raws if meta(raw).get("uid")}
    wanted = [ref for each in found for ref in (each.subject, each.remedy.target if each.remedy else each.subject)]
    chosen = [each for each in dict.fromkeys(wanted) if each in read and each.kind in _OTHERS][:MOST_OTHERS]
    # A pod is told from the next by its uid alone, see safety.actions.
    return [
        (each, str(meta(read[each])["uid"]), number(meta(read[each]).get("generation"), 1) if each.kind != "Pod" else 1)
        for each in chosen
    ]
