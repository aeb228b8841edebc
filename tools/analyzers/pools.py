"""Pools of connections that are used up, by their measured figures."""

from collections.abc import Iterator

from tools.analyzers.interface import Claim, cited, finding
from tools.analyzers.metrics import Measure, Reading, by_workload
from tools.analyzers.trends import level, lowest_lately, rise
from tools.evidence import Category, Finding
from tools.snapshot import Snapshot

M = Measure
_NEARLY_ALL = 0.95


def exhausted(snapshot: Snapshot) -> Iterator[Finding]:
    """All connections of a pool are in use all the time, and requests wait for one."""
    for ref, mine in by_workload(snapshot).items():
        workload = snapshot.workload(ref)
        full = [each for each in mine if each.measure is M.POOL_ACTIVE and _is_full(each, mine)]
        waiting = [each for each in mine if each.measure is M.POOL_PENDING and lowest_lately(each.points) > 0]
        if workload is None or not full or not waiting:
            continue
        active = level(full[0].points)
        shown = [each.shown(snapshot, f"{level(each.points):.0f} in use lately", each.points[-1][0]) for each in full]
        shown += [
            each.shown(snapshot, f"{level(each.points):.0f} waiting lately", each.points[-1][0]) for each in waiting
        ]
        starts = [shift.since for each in (*waiting, *full) if (shift := rise(each.points))]
        claim = Claim(
            category=Category.CONNECTION_POOL_EXHAUSTED,
            summary=f"{ref.name} has no free connection: all {active:.0f} of its pool are in use, "
            f"{level(waiting[0].points):.0f} requests wait for one",
            explanation="Every connection of the pool is taken and requests wait for one, so they are slow or fail. "
            "Look for what holds connections: slow queries, transactions left open, calls that never give one back. "
            "A larger pool helps only if the database has room for it.",
            evidence=cited(shown, most=4),
            confidence=0.85,
            pods=workload.members,
            since=min(starts, default=None),
        )
        yield finding(workload, claim)


def _is_full(active: Reading, mine: list[Reading]) -> bool:
    most = [
        level(each.points)
        for each in mine
        if each.measure is M.POOL_MOST and (each.pod, each.peer) == (active.pod, active.peer) and level(each.points) > 0
    ]
    return bool(most) and lowest_lately(active.points) >= _NEARLY_ALL * min(most)
