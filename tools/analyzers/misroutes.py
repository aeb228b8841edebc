"""Routes that were led to another Service lately, which does not know what it is asked since."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.analyzers.addresses import behind
from tools.analyzers.interface import Claim, cited, finding_on, seen
from tools.analyzers.proxies import Path, of_ingresses, of_routes
from tools.analyzers.ties import Trail, suspect
from tools.evidence import Category, Evidence, Finding, evidence
from tools.logs.reading import clip
from tools.objects import name_of, namespace_of, ref_of
from tools.snapshot import LogTail, Snapshot
from tools.world import JsonObject, RecordedChange

REPEATED = 3
_LATELY = timedelta(hours=24)
_OLD = re.compile(r"(?m)^-\s*(?:-\s*)?(?:name|serviceName|service): *[\"']?([a-z0-9-]+)[\"']?\s*$")
_NEW = re.compile(r"(?m)^\+\s*(?:-\s*)?(?:name|serviceName|service): *[\"']?([a-z0-9-]+)[\"']?\s*$")


@dataclass(frozen=True, slots=True)
class _Led:
    """A path of a route that a change led from one Service to another."""

    path: str
    service: JsonObject
    before: str
    at: datetime


def misled(snapshot: Snapshot) -> Iterator[Finding]:
    """A change led a path of a route to another Service, and that answers 404 there ever since."""
    # The path of all that no other takes says too little about who was meant.
    for path in (each for each in (*of_ingresses(snapshot), *of_routes(snapshot)) if len(each.path) > 1):
        kind, name = str(path.route["kind"]), name_of(path.route)
        for each in _led(path, snapshot):
            told = _unknown_there(each, snapshot)
            if not told:
                continue
            after = name_of(each.service)
            fact = f"leads {each.path} to Service {after} since {each.at:%H:%M} UTC, and to {each.before} before"
            claim = Claim(
                category=Category.GATEWAY_MISROUTE,
                summary=f"{kind} {name} leads {each.path} to Service {after}, which answers 404 there",
                explanation=f"{kind} {name} {fact}. {after} runs and does not know the path: it answers 404. Lead the "
                f"path back to {each.before}, if that is what serves it.",
                evidence=cited([seen(snapshot, path.route, f"{each.path} leads to Service {after}")], told),
                confidence=0.78,
                pods=(),
                since=min((one.at for one in told if one.at), default=None),
            )
            yield finding_on(ref_of(kind, path.route), claim)
        yield from _rewritten(path, snapshot)


_REWRITES = re.compile(r"(?i)rewrite|strip-?prefix|replace-?prefix|replacePrefixMatch|add-?prefix|use-regex|app-root")


def _rewritten(path: Path, snapshot: Snapshot) -> Iterator[Finding]:
    """A change of how a route rewrites paths, since when its Service is asked in a way that it does not know."""
    service = snapshot.find("Service", namespace_of(path.route), path.service)
    lines = _TAKEN_OR_GIVEN.findall
    for change in _changes_of(path.route, snapshot) if service is not None else ():
        if service is None or change.at is None or not any(_REWRITES.search(each) for each in lines(change.diff)):
            continue
        told = _unknown_there(_Led(path.path, service, path.service, change.at), snapshot)
        kind, name = str(path.route["kind"]), name_of(path.route)
        if told:
            claim = Claim(
                category=Category.GATEWAY_MISROUTE,
                summary=f"{kind} {name} hands {path.path} to Service {path.service}, rewritten so that it answers 404",
                explanation=f"Since {change.at:%H:%M} UTC {kind} {name} rewrites paths otherwise than before "
                f"({change.id}), and {path.service} is asked for paths that it does not know. Put the rewrite back, or "
                "let the program serve these paths.",
                evidence=cited([seen(snapshot, path.route, f"{path.path} leads to Service {path.service}")], told),
                confidence=0.76,
                pods=(),
                since=min((one.at for one in told if one.at), default=None),
            )
            yield finding_on(ref_of(kind, path.route), claim)


_TAKEN_OR_GIVEN = re.compile(r"(?m)^[+-](?![+-]{2}).*$")


def _changes_of(route: JsonObject, snapshot: Snapshot) -> Iterator[RecordedChange]:
    """What was changed of a route lately, as far as nothing clears it."""
    name = frozenset({name_of(route).lower()})
    trail = Trail(name, frozenset(), None, snapshot.observed_at, place=namespace_of(route) or "")
    for change in snapshot.recorded:
        is_late = change.at is not None and snapshot.observed_at - change.at <= _LATELY
        if is_late and not suspect(change, trail, snapshot).alibi:
            yield change


def _led(path: Path, snapshot: Snapshot) -> Iterator[_Led]:
    space = namespace_of(path.route)
    service = snapshot.find("Service", space, path.service)
    if service is None:
        return
    for change in _changes_of(path.route, snapshot):
        if change.at is None or path.path not in change.diff:
            continue
        olds = [each for each in _OLD.findall(change.diff) if each != path.service]
        gone = [each for each in olds if snapshot.find("Service", space, each) is not None]
        if gone and path.service in _NEW.findall(change.diff):
            yield _Led(path.path, service, gone[0], change.at)


def _unknown_there(led: _Led, snapshot: Snapshot) -> list[Evidence]:
    """Lines of the Service's pods that answer 404 to the path, if they do so since the change, and nothing else."""
    path = rf"{re.escape(led.path.rstrip('/'))}(?:[/?][^\s\"]*)?"
    asked = re.compile(
        rf"\b[A-Z]{{3,7}} {path}[\" ].{{0,40}}?\b([1-5]\d\d)\b|"
        rf"\b(?:path|uri|url)\W{{1,5}}{path}[\" ].{{0,80}}?\bstatus\w{{0,5}}\W{{1,4}}([1-5]\d\d)\b"
    )
    shown: list[Evidence] = []
    count = 0
    for tail in (each for load in behind(led.service, snapshot) for pod in load.members for each in pod.logs):
        answers = _answers(tail, asked)
        if any(status != "404" or at is None or at < led.at for status, at, _ in answers):
            return []
        count += len(answers)
        shown += [evidence("log", tail.pod, snapshot.say(clip(text)), at, ":404") for _, at, text in answers[:1]]
    return shown if count >= REPEATED else []


def _answers(tail: LogTail, asked: re.Pattern[str]) -> list[tuple[str, datetime | None, str]]:
    found = [(each, asked.search(each.first_line[:600])) for each in tail.reading.entries]
    return [(match[1] or match[2], each.at, each.first_line) for each, match in found if match is not None]
