"""Makes a snapshot of whole objects, as the scan would, without a cluster: for tests of single analyzers."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bot.demo.cluster_emulator.tables import as_table
from safety.redaction import Redactor
from tests.scenarios.kit import Cluster
from tools.analyzers import analyze
from tools.analyzers.interface import Analyzer
from tools.evidence import Finding, ObjectRef, evidence
from tools.kubernetes.objects import event_from, pod_from
from tools.kubernetes.rows import is_suspicious, node_rows_of, pod_rows
from tools.kubernetes.workloads import Parts, deployments_of, group, with_events
from tools.logs.read import read_log
from tools.objects import at, name_of, namespace_of
from tools.snapshot import LogTail, Snapshot, Thresholds
from tools.world import RecordedChange, Series, Table

REDACTOR = Redactor()


def picture(world: Cluster, namespace: str | None = None) -> Snapshot:
    """What a snapshot of everything in ``world`` holds, what was measured and recorded beside it included."""
    world.finish()
    objects: dict[str, tuple[dict[str, Any], ...]] = {}
    for each in world.objects:
        objects[each["kind"]] = (*objects.get(each["kind"], ()), each)
    seen = of_objects(objects, world.observed_at, namespace, [(world.logs, False), (world.previous_logs, True)])
    series = tuple(_series(each) for each in world.metrics or ())
    changes = tuple(_change(each) for each in world.changes or ())
    return dataclasses.replace(seen, metrics=series, recorded=changes)


def _series(told: dict[str, Any]) -> Series:
    points = tuple((_when(when), math.nan if value is None else value) for when, value in told["points"])
    return Series(told["metric"], told["labels"], told["unit"], points)


def _change(told: dict[str, Any]) -> RecordedChange:
    lists = {key: tuple(told.get(key) or ()) for key in ("files", "services")}
    return RecordedChange(**{**told, **lists, "at": _when(told["at"])})


def _when(value: str) -> datetime:
    found = at(value)
    assert found is not None
    return found


Logs = Mapping[tuple[str, str, str], str]


def of_objects(
    objects: Mapping[str, tuple[dict[str, Any], ...]],
    now: datetime,
    namespace: str | None,
    logs: Iterable[tuple[Logs, bool]] = (),
) -> Snapshot:
    limits = Thresholds()
    tails = [_tail(*key, text, previous, now) for texts, previous in logs for key, text in texts.items()]
    told = [event_from(each, REDACTOR) for each in objects.get("Event", ())]
    found = objects.get("Pod", ())
    pods = [with_events(pod_from(each, REDACTOR), told) for each in found]
    pods = [dataclasses.replace(pod, logs=tuple(each for each in tails if each.pod == pod.ref)) for pod in pods]
    rows = _rows(found, now)
    bad = frozenset(each.name for each in rows if is_suspicious(each, limits))
    deployments = deployments_of(objects, told, REDACTOR)
    return Snapshot(
        cluster="c",
        namespace=namespace,
        observed_at=now,
        rows=tuple(each for each in rows if namespace is None or each.namespace == namespace),
        workloads=group(Parts(pods, deployments, objects, told, bad)),
        deployments=deployments,
        nodes=node_rows_of(objects.get("Node", ())),
        pods=tuple(pods),
        events=tuple(told),
        objects=objects,
        thresholds=limits,
        say=REDACTOR.text,
    )


def _tail(namespace: str, pod: str, container: str, text: str, previous: bool, now: datetime) -> LogTail:
    ref, said = ObjectRef("Pod", namespace, pod), REDACTOR.text(text)
    return LogTail(ref, container, previous, said, evidence("log", ref, said, now, container), read_log(said, now=now))


def _rows(pods: Iterable[dict[str, Any]], now: datetime) -> tuple[Any, ...]:
    found = []
    for each in pods:
        made = as_table("Pod", [each], "None", now)
        columns = tuple(one["name"] for one in made["columnDefinitions"])
        cells = tuple(tuple(str(cell) for cell in row["cells"]) for row in made["rows"])
        found += pod_rows(Table(columns, cells), namespace_of(each))
    return tuple(found)


def found_by(world: Cluster, *analyzers: Analyzer, namespace: str | None = None) -> dict[str, Finding]:
    """What these analyzers find, by subject."""
    joined = analyze(picture(world, namespace), analyzers)
    every = [*joined.roots, *(each for each, _ in joined.symptoms)]
    assert all(each.evidence for each in every)
    return {str(each.subject): each for each in every}


def roots_of(world: Cluster, *analyzers: Analyzer, namespace: str | None = None) -> list[tuple[str, str]]:
    """The causes these analyzers name, as (category, subject)."""
    joined = analyze(picture(world, namespace), analyzers)
    return [(each.category.value, str(each.subject)) for each in joined.roots]


def named(world: Cluster, kind: str, name: str) -> dict[str, Any]:
    return next(each for each in world.of(kind) if name_of(each) == name)
