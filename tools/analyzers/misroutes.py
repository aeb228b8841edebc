"""Routes that were led to another Service lately, which does not know what it is asked since."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.analyzers.addresses import behind
from tools.analyzers.interface import Claim, cited, finding_on, seen
from tools.analyzers.proxies import Path, of_ingresses
from tools.analyzers.ties import Trail, suspect
from tools.evidence import Category, Evidence, Finding, evidence
from tools.logs.reading import Entry, clip
from tools.logs.stamps import moment_of
from tools.objects import name_of, namespace_of, ref_of
from tools.snapshot import LogTail, Snapshot
from tools.world import JsonObject

REPEATED = 3
_LATELY = timedelta(hours=24)
_OLD = re.compile(r"(?m)^-\s*(?:-\s*)?(?:name|serviceName|service): *[\"']?([a-z0-9-]+)[\"']?\s*$")
_NEW = re.compile(r"(?m)^\+\s*(?:-\s*)?(?:name|serviceName|service): *[\"']?([a-z0-9-]+)[\"']?\s*$")


@dataclass(frozen=True, slots=True)
class _Led:
    """A path of an Ingress that a change led from one Service to another."""

    path: str
    service: JsonObject
    before: str
    at: datetime


def misled(snapshot: Snapshot) -> Iterator[Finding]:
    """A change led a path of an Ingress to another Service, and that answers 404 there ever since."""
    # The path of all that no other takes says too little about who was meant.
    for path in (each for each in of_ingresses(snapshot) if len(each.path) > 1):
        for each in _led(path, snapshot):
            told = _unknown_there(each, snapshot)
            if not told:
                continue
            name, after = name_of(path.route), name_of(each.service)
            fact = f"leads {each.path} to Service {after} since {each.at:%H:%M} UTC, and to {each.before} before"
            claim = Claim(
                category=Category.GATEWAY_MISROUTE,
                summary=f"Ingress {name} leads {each.path} to Service {after}, which answers 404 there",
                explanation=f"Ingress {name} {fact}. {after} runs and does not know the path: it answers 404. Lead the "
                f"path back to {each.before}, if that is what serves it.",
                evidence=cited([seen(snapshot, path.route, f"{each.path} leads to Service {after}")], told),
                confidence=0.78,
                pods=(),
                since=min((one.at for one in told if one.at), default=None),
            )
            yield finding_on(ref_of("Ingress", path.route), claim)


def _led(path: Path, snapshot: Snapshot) -> Iterator[_Led]:
    space = namespace_of(path.route)
    service = snapshot.find("Service", space, path.service)
    if service is None:
        return
    name = frozenset({name_of(path.route).lower()})
    trail = Trail(name, frozenset(), None, snapshot.observed_at, place=space or "")
    for change in snapshot.recorded:
        at, diff = change.at, change.diff
        if at is None or snapshot.observed_at - at > _LATELY or path.path not in diff:
            continue
        olds = [each for each in _OLD.findall(diff) if each != path.service]
        gone = [each for each in olds if snapshot.find("Service", space, each) is not None]
        if gone and path.service in _NEW.findall(diff) and not suspect(change, trail, snapshot).alibi:
            yield _Led(path.path, service, gone[0], at)


def _unknown_there(led: _Led, snapshot: Snapshot) -> list[Evidence]:
    """Lines of the Service's pods that answer 404 to the path, if they do so since the change, and nothing else."""
    asked = re.compile(rf"\b[A-Z]{{3,7}} {re.escape(led.path)}(?:[/?]\S*)?[\" ].{{0,40}}?\b([1-5]\d\d)\b")
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
    return [(match[1], _when(each), each.first_line) for each, match in found if match is not None]


def _when(entry: Entry) -> datetime | None:
    """Access logs give the address of who asks first, and then the time."""
    bracketed = _BRACKETED.search(entry.first_line[:200])
    return entry.at or (moment_of(bracketed[1], None) if bracketed else None)


_BRACKETED = re.compile(r" \[(\d\d/[A-Z][a-z]{2}/\d{4}:[\d:]{8} [+-]\d{4})\]")
