"""The safest step: what was asked about suffers, its log shows it plainly, and no cause that is known explains it.

Such a finding is a guess. It keeps a report from calling healthy what is not, and says what was seen.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.analyzers.answers import LATELY, STILL
from tools.analyzers.causes import Joined
from tools.analyzers.interface import Claim, cited, finding
from tools.analyzers.symptoms import asks_of_failures
from tools.evidence import Category, Evidence, Finding, evidence
from tools.logs.reading import Answered, Level, Template, clip
from tools.snapshot import LogTail, Snapshot, Workload

_FEWEST = 5
_SHARE = 0.2
_OFTEN = 0.3
_BEGAN_LATER = timedelta(minutes=3)
_SURE = 0.5
_TURNS_AWAY = re.compile(
    r"(?i)\b(?:reject(?:ed|ing|s)?|shed(?:ding)?|overload(?:ed)?|queue(?: is)? full|back-?pressure|in[- _]?flight|"
    r"limit (?:reached|exceeded|hit)|over (?:the )?limit|too many requests|dropp(?:ed|ing)|turn(?:ed|ing) away|"
    r"no (?:free|idle) workers?|saturated|circuit (?:breaker )?(?:is )?open)\b"
)
# What others do wrong, what is tried again, and what is said of no request.
_HARMLESS = re.compile(
    r"(?i)\b(?:404|499|401|403|400|422|not found|cancell?ed|client (?:closed|disconnected|gone|abort\w*)|declined|"
    r"invalid (?:user|password|token|credentials|input)|bad request|validation|retry(?:ing)?|retried|attempt \d|"
    r"will try|reconnect\w*|falling back|fallback|skipp(?:ed|ing)|ignor(?:ed|ing)|deprecat\w*|succeeded|recovered|"
    r"broken pipe|scanner|robots)\b"
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a log shows again and again, as words, how often, and since when."""

    words: str
    count: int
    since: datetime | None
    evidence: Evidence
    is_turning_away: bool


def unexplained(snapshot: Snapshot, joined: Joined) -> Iterator[Finding]:
    """What those that were asked about suffer from, where the question names a symptom and nothing else is found."""
    found = (*joined.roots, *(each for each, _ in joined.symptoms))
    touched = {ref for each in found for ref in (each.subject, *each.affected)}
    here = [each for each in joined.roots if each.confidence >= _SURE and each.subject.namespace == snapshot.namespace]
    if here or not asks_of_failures(snapshot):
        return
    for workload in _asked(snapshot):
        if workload.ref in touched or touched & {each.ref for each in workload.members}:
            continue
        seen = [*_failing_answers(workload, snapshot), *_complaints(workload, snapshot)]
        if seen:
            yield _finding(workload, seen)


def _asked(snapshot: Snapshot) -> list[Workload]:
    """Those that the question names; all of the namespace that was asked about where it names none."""
    here = [each for each in snapshot.workloads if each.ref.namespace == snapshot.namespace]
    named = [each for each in snapshot.workloads if each.ref.name in snapshot.focus]
    named = [each for each in named if snapshot.namespace in (None, each.ref.namespace)]
    return named or here


def _finding(workload: Workload, seen: list[_Seen]) -> Finding:
    first = seen[0]
    is_turning_away = any(each.is_turning_away for each in seen)
    claim = Claim(
        category=Category.TRAFFIC_OVERLOAD if is_turning_away else Category.APP_CRASH,
        summary=f"{workload.ref.name} is Ready and its log shows that requests fail: {first.words}",
        explanation="Its pods run and are Ready, nothing that was looked at says why, and none of its recent changes "
        "is tied to it. Look at what these lines name, at what the program calls, and at how much it is asked.",
        evidence=cited([each.evidence for each in seen]),
        confidence=0.4,
        pods=workload.members,
        since=min((each.since for each in seen if each.since), default=None),
        may_roll_back=False,
    )
    return finding(workload, claim)


def _tails(workload: Workload) -> list[LogTail]:
    return [each for pod in workload.members for each in pod.logs if not each.previous]


# ---- answers that are errors ----------------------------------------------------------------------------------------


def _failing_answers(workload: Workload, snapshot: Snapshot) -> Iterator[_Seen]:
    told = [(tail, each) for tail in _tails(workload) for each in tail.reading.answers if _is_late(each, snapshot)]
    bad = [each for each in told if each[1].is_error]
    if len(bad) < _FEWEST or len(bad) < _SHARE * len(told):
        return
    tail, last = max(bad, key=lambda each: each[1].at or snapshot.observed_at)
    if last.at is None or snapshot.observed_at - last.at > STILL:
        return
    words = f"{len(bad)} of the last {len(told)} answers were errors such as {last.status}"
    text = snapshot.say(f"{clip(tail.reading.entries[last.number].first_line)} ({words})")
    shown = evidence("log", tail.pod, text, last.at, f":{tail.container}:answers")
    yield _Seen(words, len(bad), None, shown, False)


def _is_late(one: Answered, snapshot: Snapshot) -> bool:
    return one.at is not None and one.status is not None and snapshot.observed_at - one.at <= LATELY


# ---- lines that complain --------------------------------------------------------------------------------------------


def _complaints(workload: Workload, snapshot: Snapshot) -> Iterator[_Seen]:
    """Errors, and requests that are turned away, that all logs together tell often, still, and not since ever."""
    told: dict[str, list[tuple[LogTail, Template]]] = {}
    for tail in _tails(workload):
        for each in tail.reading.templates:
            if _is_bad(each, tail) and _is_new_or_most(each, tail, snapshot):
                told.setdefault(each.pattern, []).append((tail, each))
    for mine in sorted(told.values(), key=lambda each: -sum(one.count for _, one in each)):
        count = sum(one.count for _, one in mine)
        if sum(_lately(one) for _, one in mine) < _FEWEST:
            continue
        tail, each = mine[0]
        since = min((one.first_at for _, one in mine if one.first_at), default=None)
        words = f"{clip(each.sample, 120)} ({count} times)"
        shown = evidence(
            "log", tail.pod, snapshot.say(f"{each.sample} ({count} times)"), since, f":{tail.container}:told"
        )
        yield _Seen(words, count, since, shown, _TURNS_AWAY.search(each.sample) is not None)


def _lately(template: Template) -> float:
    """How often it was said in the last while, if it was said as often all the time."""
    if template.first_at is None or template.last_at is None:
        return 0.0
    return template.count * min(1.0, LATELY / max(template.last_at - template.first_at, timedelta(seconds=1)))


def _is_bad(template: Template, tail: LogTail) -> bool:
    if template.level < Level.WARN or _HARMLESS.search(template.sample):
        return False
    # A pattern has the worst level that it was said with, and may mostly be said with none.
    loud = sum(each.level >= Level.WARN for each in tail.reading.entries)
    return loud >= template.count and (template.level >= Level.ERROR or _TURNS_AWAY.search(template.sample) is not None)


def _is_new_or_most(template: Template, tail: LogTail, snapshot: Snapshot) -> bool:
    if template.first_at is None or template.last_at is None or snapshot.observed_at - template.last_at > STILL:
        return False
    begin = min((each.at for each in tail.reading.entries if each.at), default=template.first_at)
    is_new = template.first_at - begin >= _BEGAN_LATER
    return is_new or template.count >= _OFTEN * len(tail.reading.entries)
