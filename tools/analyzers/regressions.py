"""Services that run and got worse: since a setting changed without a new revision, or since a new revision."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.analyzers.addresses import config_of
from tools.analyzers.crashes import ELSEWHERE
from tools.analyzers.credentials import changed_at
from tools.analyzers.interface import Claim, cited, finding, seen
from tools.analyzers.load import Load, loads, released, shown_rise
from tools.analyzers.ties import Trail, suspect
from tools.evidence import Category, Evidence, Finding, ObjectRef, Remedy, evidence
from tools.logs.reading import Level
from tools.objects import created_at, mapping
from tools.snapshot import LogTail, Pod, Snapshot, Workload
from tools.world import JsonObject, RecordedChange

# A program takes a mounted file up within a minute or two; one that asks for it does so now and then.
_TAKEN_UP = timedelta(minutes=30)
_SKEW = timedelta(minutes=3)
# A switch that is thrown shows within the minutes that requests take to come to it.
_AT_ONCE = timedelta(minutes=6)
_LATELY = timedelta(minutes=15)
_REPEATED = 3
_KINDS = re.compile(r"(?i)config|flag|feature|setting|toggle|experiment|parameter")
_EARLIER = re.compile(r"(?im)^-(?!--)\s*\S|\bfrom\b.+\bto\b|→|->")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{3,}[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class _Worse:
    """Since when a workload is worse, what shows it, and all the words in which it is told.

    ``is_own``: its log calls it an error, and none of its lines speaks of something else that fails.
    """

    since: datetime
    evidence: tuple[Evidence, ...]
    summary: str
    told: str
    is_measured: bool
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class _Changed:
    """A setting that changed: the ConfigMap where it is one that was read, the recorded change where there is one."""

    at: datetime
    words: str
    evidence: tuple[Evidence, ...]
    names: frozenset[str]
    obj: JsonObject | None = None
    change: RecordedChange | None = None


def reconfigured(snapshot: Snapshot) -> Iterator[Finding]:
    """Errors or late answers that began within minutes of a change of what the workload reads, with no new revision."""
    measured = {each.workload.ref: each for each in loads(snapshot) if each.harm}
    for workload in snapshot.workloads:
        load = measured.get(workload.ref)
        worse = _by_lines(load, snapshot) if load else _by_logs(workload, snapshot)
        if worse is None or _rolled_out(workload, worse.since):
            continue
        changes = [each for each in _changes(workload, worse.since, snapshot) if _is_near(each.at, worse.since)]
        named = [each for each in changes if _names(worse, each)]
        meant = changes if worse.is_measured else [each for each in changes if _is_meant(workload, worse, each)]
        chosen = max(named or meant, key=_telling, default=None)
        if chosen is not None:
            yield _finding(workload, worse, chosen, snapshot)


def _is_meant(workload: Workload, worse: _Worse, changed: _Changed) -> bool:
    """Whether a change was recorded for this very workload right before its log began to complain of itself."""
    change = changed.change
    if change is None or workload.ref.name.lower() not in {each.lower().rpartition("/")[2] for each in change.services}:
        return False
    return worse.is_own and -_SKEW <= worse.since - changed.at <= _AT_ONCE


def _telling(changed: _Changed) -> tuple[bool, datetime]:
    return changed.obj is not None, changed.at


def _finding(workload: Workload, worse: _Worse, changed: _Changed, snapshot: Snapshot) -> Finding:
    remedy, is_named = None, _names(worse, changed)
    if changed.obj is not None and changed.change is not None and _EARLIER.search(changed.change.diff):
        target = ObjectRef("ConfigMap", workload.ref.namespace, mapping(changed.obj, "metadata")["name"])
        why = f"{changed.change.id} changed it, and its record holds the earlier value"
        remedy = Remedy("rollback", target, snapshot.say(why))
    tie = "What fails names it. " if is_named else ""
    claim = Claim(
        category=Category.CONFIG_CHANGE_REGRESSION,
        summary=f"{workload.ref.name} is worse since its configuration changed: {worse.summary}",
        explanation=f"{changed.words} The trouble began at {worse.since:%H:%M} UTC, and no new revision was rolled out "
        f"then. {tie}Put the earlier value back, then see why the new one does harm. A rollback of the workload would "
        "change nothing, as the setting is not a part of its revisions.",
        evidence=cited(worse.evidence, changed.evidence, _said_then(workload, worse, changed, snapshot)),
        confidence=0.78 if is_named and worse.is_measured else 0.72 if is_named else 0.68 if worse.is_measured else 0.6,
        pods=workload.members,
        since=worse.since,
        remedy=remedy,
    )
    return finding(workload, claim)


def _by_lines(load: Load, snapshot: Snapshot) -> _Worse | None:
    first = min(load.harm, key=lambda each: each[1].since)
    shown = [shown_rise(each, snapshot) for each in load.harm]
    logs = " ".join(tail.text for pod in load.workload.members for tail in pod.logs)
    return _Worse(first[1].since, cited(shown), shown[0].text, logs, True)


def _said_then(workload: Workload, worse: _Worse, changed: _Changed, snapshot: Snapshot) -> Iterator[Evidence]:
    """What the logs said of the setting when it changed, and what they complain of since."""
    names = re.compile("|".join(rf"\b{re.escape(name)}\b" for _, name in config_of(workload)) or r"\breload")
    for tail in (each for pod in workload.members for each in pod.logs if not each.previous):
        for each in tail.reading.entries:
            if each.at and _is_near(changed.at, each.at) and each.at <= worse.since + _SKEW and names.search(each.text):
                yield evidence("log", tail.pod, snapshot.say(each.first_line), each.at, f":{each.number}")
                break
        if worse.is_measured:
            for since, line, *_ in _complaints(tail, snapshot):
                yield evidence("log", tail.pod, snapshot.say(line), since, f":{tail.container}:worse")


def _by_logs(workload: Workload, snapshot: Snapshot) -> _Worse | None:
    """What the logs complain of now and did not before: where they show a time without it."""
    found: list[tuple[datetime, str, LogTail, int]] = []
    for tail in (each for pod in workload.members for each in pod.logs if not each.previous):
        found += _new_complaints(tail, snapshot)
    if not found:
        return None
    since, line, tail, count = min(found, key=lambda each: each[0])
    when = f"{line} ({count} times since {since:%Y-%m-%d %H:%M} UTC)"
    shown = evidence("log", tail.pod, snapshot.say(when), since, f":{tail.container}:worse")
    return _Worse(since, (shown,), line, " ".join(each[1] for each in found), False, _is_own(tail, since))


def _is_own(tail: LogTail, since: datetime) -> bool:
    is_error = any(each.level >= Level.ERROR and each.first_at == since for each in tail.reading.templates)
    return is_error and not tail.reading.standing(*ELSEWHERE)


def _complaints(tail: LogTail, snapshot: Snapshot) -> Iterator[tuple[datetime, str, LogTail, int]]:
    for each in tail.reading.templates:
        if each.level < Level.WARN or each.count < _REPEATED or each.first_at is None or each.last_at is None:
            continue
        if snapshot.observed_at - each.last_at <= _LATELY:
            yield each.first_at, each.sample, tail, each.count


def _new_complaints(tail: LogTail, snapshot: Snapshot) -> Iterator[tuple[datetime, str, LogTail, int]]:
    """Those that the log shows a time without, or that it tells after it says that it took up a new configuration."""
    begin = min((each.at for each in tail.reading.entries if each.at), default=None)
    taken_up = [each.at for each in tail.reading.entries if each.at and _TAKES_UP.search(each.message[:300])]
    for each in _complaints(tail, snapshot):
        if begin is not None and (each[0] > begin + _SKEW or any(_is_near(at, each[0]) for at in taken_up)):
            yield each


_TAKES_UP = re.compile(
    r"(?i)\breconfigur|\breload(?:ed|ing)?\b|\bSIGHUP\b|\bconfig\w*\b.{0,60}\b(?:changed|updated|applied|applying)\b"
)


def _rolled_out(workload: Workload, since: datetime) -> bool:
    newest = workload.releases[0].created_at if workload.releases else None
    return newest is not None and since - timedelta(hours=1) <= newest <= since + _SKEW


def _is_near(changed: datetime, since: datetime) -> bool:
    return -_SKEW <= since - changed <= _TAKEN_UP


def _names(worse: _Worse, changed: _Changed) -> bool:
    """Whether what fails speaks of a name that the change touched."""
    told = {each.lower() for each in _WORD.findall(worse.told)}
    return bool(told & changed.names) or (_LATE.search(worse.told) is not None and _shortens(changed))


_LATE = re.compile(r"(?i)\btimed? ?out\b|\btimeout\b|\bdeadline exceeded\b")
_TIMES = re.compile(
    r"(?im)^(?P<side>[+-])\s*[\"']?(?P<key>[\w.-]*(?:timeout|deadline)[\w.-]*)[\"']?\s*[:= ]\s*[\"']?"
    r"(?P<many>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h)?\b"
)
_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}


def _shortens(changed: _Changed) -> bool:
    """Whether a change gives less time than before to what it lets wait."""
    found: dict[str, dict[str, float]] = {}
    for each in _TIMES.finditer(changed.change.diff if changed.change else ""):
        span = float(each["many"]) * _MILLISECONDS.get((each["unit"] or "").lower(), 1)
        found.setdefault(each["key"].lower(), {})[each["side"]] = span
    return any(len(each) > 1 and each["+"] < each["-"] for each in found.values())


def _changes(workload: Workload, since: datetime, snapshot: Snapshot) -> Iterator[_Changed]:
    reads = config_of(workload)
    names = frozenset({workload.ref.name.lower(), *(name.lower() for _, name in reads)})
    recorded = [
        each
        for each in snapshot.recorded
        if each.at is not None
        and _KINDS.search(each.kind)
        and not suspect(each, Trail(names, frozenset(), None, since), snapshot).alibi
    ]
    used = set()
    for kind, name in reads:
        found = snapshot.find("ConfigMap", workload.ref.namespace, name) if kind == "ConfigMap" else None
        changed = changed_at(found) if found else None
        if found is None or changed is None or changed == created_at(found):
            continue
        led = next((each for each in recorded if each.at and abs(each.at - changed) <= _TAKEN_UP), None)
        used.add(led.id if led else None)
        yield _of_map(found, name, changed, led, snapshot)
    for each in recorded:
        if each.id not in used and each.at is not None:
            yield _Changed(each.at, _told(each), (_cite(each, snapshot),), _words_of(each), None, each)


def _of_map(obj: JsonObject, name: str, when: datetime, led: RecordedChange | None, snapshot: Snapshot) -> _Changed:
    words = f"ConfigMap {name} was changed at {when:%Y-%m-%d %H:%M} UTC."
    text = " ".join(f"{key} {value}" for key, value in mapping(obj, "data").items())
    names = frozenset(each.lower() for each in _WORD.findall(text)) if led is None else _words_of(led)
    shown = [seen(snapshot, obj, words, when), *([_cite(led, snapshot)] if led else [])]
    return _Changed(when, f"{words} {_told(led)}" if led else words, tuple(shown), names, obj, led)


def _words_of(change: RecordedChange) -> frozenset[str]:
    return frozenset(each.lower() for each in _WORD.findall(f"{change.title} {change.diff}"))


def _told(change: RecordedChange) -> str:
    return f"Recorded as {change.id}: {change.title}."


def _cite(change: RecordedChange, snapshot: Snapshot) -> Evidence:
    subject = ObjectRef("Change", None, change.id)
    return evidence("change", subject, snapshot.say(f"{change.kind} {change.id}: {change.title}"), change.at)


def erring(snapshot: Snapshot) -> Iterator[Finding]:
    """Far more errors than before: since a new revision, or for a reason that nothing here shows."""
    for each in loads(snapshot):
        if not each.errors:
            continue
        risen = max(each.errors, key=lambda one: one[1].ratio)
        blame = released(each.workload, risen[1].since, lambda _release, _older: False, snapshot)
        shown = shown_rise(risen, snapshot)
        claim = Claim(
            category=Category.BAD_ROLLOUT_CONFIG if blame else Category.APP_CRASH,
            summary=f"{each.workload.ref.name} answers with errors: {shown.text}",
            explanation="The pods run, and far more of their answers are errors than before. "
            + ("" if blame else "Nothing that was looked at says why; its logs and what it calls come next."),
            evidence=cited([shown, *each.shown(snapshot)], most=4),
            confidence=0.66 if blame else 0.4,
            pods=_erring_pods(each),
            since=risen[1].since,
            blame=blame,
        )
        yield finding(each.workload, claim)


def _erring_pods(load: Load) -> tuple[Pod, ...]:
    """Those whose own series show it, where each series is of a pod; else all."""
    named = {reading.pod for reading, _ in load.errors}
    found = tuple(each for each in load.workload.members if each.ref.name in named)
    return found if found and None not in named else load.workload.members
