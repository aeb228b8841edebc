"""Slow answers whose time goes into waiting for one other, by the program's own account of it."""

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from tools.analyzers.addresses import find_place
from tools.analyzers.answers import LATELY
from tools.analyzers.interface import Claim, cited, finding, said
from tools.analyzers.load import rises
from tools.analyzers.metrics import Measure, by_workload
from tools.analyzers.symptoms import asks_of_slowness
from tools.evidence import Category, Evidence, Finding, evidence
from tools.logs.reading import Answered, Level, Sign, SignKind, clip
from tools.snapshot import LogTail, Snapshot, Workload

_SLOW = 1000.0
_MOST_OF_IT = 0.7
_FEWEST = 3
_HALF = 0.5
_THIRD = 1 / 3
_BEGAN_LATER = timedelta(minutes=3)
_DURATION = re.compile(r"(?P<value>\d{1,9}(?:\.\d{1,9})?) ?(?P<unit>ms|s)")
Told = tuple[LogTail, Answered]


def waiting(snapshot: Snapshot) -> Iterator[Finding]:
    """Most of the slow answers of now spend most of their time at one other, and did not before or were asked about.

    Where the time of answers is measured and is as before, the same has always been so.
    """
    calm = _measured_as_before(snapshot)
    for workload in snapshot.workloads:
        if workload.ref in calm:
            continue
        found = _by_accounts(workload, snapshot) or _by_slow_calls(workload, snapshot)
        if found is not None:
            yield finding(workload, found)


def _measured_as_before(snapshot: Snapshot) -> set[object]:
    lines = {
        ref: [each for each in mine if each.measure is Measure.LATENCY] for ref, mine in by_workload(snapshot).items()
    }
    return {ref for ref, mine in lines.items() if mine and not rises(mine, Measure.LATENCY)}


# ---- requests that are taken apart ----------------------------------------------------------------------------------


def _by_accounts(workload: Workload, snapshot: Snapshot) -> Claim | None:
    told = [
        (tail, each)
        for pod in workload.members
        for tail in pod.logs
        if not tail.previous
        for each in tail.reading.answers
        if each.took is not None and each.at is not None
    ]
    late = [each for each in told if each[1].at and snapshot.observed_at - each[1].at <= LATELY]
    slow = [each for each in late if _waits(each[1])]
    if len(slow) < _FEWEST or len(slow) < _HALF * len(late):
        return None
    (name, count), *_ = Counter(each.waited_for for _, each in slow).most_common(1)
    first = min(each.at for _, each in told if each.at and _waits(each))
    before = [each.took for _, each in told if each.took is not None and each.at and each.at < first]
    now = statistics.median(each.took for _, each in slow if each.took is not None)
    is_new = len(before) >= _FEWEST and statistics.median(before) < _HALF * now
    if count < _FEWEST or not (is_new or asks_of_slowness(snapshot)):
        return None
    place = find_place(str(name), workload.ref.namespace, snapshot)
    was = f", {statistics.median(before):.0f} ms before" if is_new else ""
    mine = [each for each in slow if each[1].waited_for == name]
    share = statistics.median((one.waited or 0) / (one.took or 1) for _, one in mine)
    return Claim(
        category=Category.SLOW_DEPENDENCY,
        summary=f"answers of {workload.ref.name} take {now:.0f} ms{was}, and {share:.0%} of that is {name}",
        explanation=f"The program's own log takes its answers apart: of {now:.0f} ms it spends {share:.0%} waiting for "
        f"{name}. Look at the load, the locks and the changes there. A restart of the caller does not help.",
        evidence=cited([_line(tail, one, snapshot) for tail, one in mine]),
        confidence=0.72 if is_new else 0.62,
        pods=workload.members,
        since=first if is_new else None,
        because=place.refs if place is not None else (),
    )


def _waits(one: Answered) -> bool:
    return (one.took or 0) >= _SLOW and (one.waited or 0) >= _MOST_OF_IT * (one.took or 0)


def _line(tail: LogTail, one: Answered, snapshot: Snapshot) -> Evidence:
    entry = tail.reading.entries[one.number]
    part = f":{tail.container}:answer:{one.number}"
    return evidence("log", tail.pod, snapshot.say(clip(entry.first_line)), one.at, part)


# ---- calls that are called slow -------------------------------------------------------------------------------------


def _by_slow_calls(workload: Workload, snapshot: Snapshot) -> Claim | None:
    told: dict[str, list[tuple[LogTail, Sign]]] = {}
    for tail in (each for pod in workload.members for each in pod.logs if not each.previous):
        for sign in tail.reading.standing(SignKind.SLOW):
            if sign.target and sign.level is Level.WARN and _is_slow(sign) and _is_now(sign, tail, snapshot):
                told.setdefault(sign.target, []).append((tail, sign))
    name, mine = max(told.items(), key=lambda each: _count(each[1]), default=("", []))
    if _count(mine) < _FEWEST:
        return None
    place = find_place(name, workload.ref.namespace, snapshot)
    return Claim(
        category=Category.SLOW_DEPENDENCY,
        summary=f"{workload.ref.name} waits long for {name}, again and again",
        explanation=f"The log says of one call to {name} after the other that it took too long. Look at the load, the "
        "locks and the changes there. A restart of the caller does not help.",
        evidence=cited(said(tail, sign, snapshot) for tail, sign in mine),
        confidence=0.6,
        pods=workload.members,
        since=min((each.first_at for _, each in mine if each.first_at), default=None),
        because=place.refs if place is not None else (),
    )


def _count(told: Sequence[tuple[LogTail, Sign]]) -> int:
    return sum(sign.count for _, sign in told)


def _is_slow(sign: Sign) -> bool:
    found = _DURATION.match(sign.detail("duration") or "")
    return found is not None and float(found["value"]) * (1.0 if found["unit"] == "ms" else 1000.0) >= _SLOW


def _is_now(sign: Sign, tail: LogTail, snapshot: Snapshot) -> bool:
    """Whether it is said lately, and of most calls where slowness was asked about, or not at all before."""
    entries = tail.reading.entries
    if sign.last_at is None or sign.first_at is None or snapshot.observed_at - sign.last_at > LATELY:
        return False
    begin = min((each.at for each in entries if each.at), default=sign.first_at)
    is_new = sign.first_at - begin >= _BEGAN_LATER and sign.count >= _FEWEST
    since = [each for each in entries if each.number >= sign.number]
    return asks_of_slowness(snapshot) and (is_new or sign.count >= _THIRD * len(since))
