"""Work and what it costs: containers held at their CPU limit, and more requests than there is capacity for."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.analyzers.answers import logged
from tools.analyzers.interface import Blame, Claim, cited, finding, seen
from tools.analyzers.metrics import Measure, Reading, by_workload
from tools.analyzers.trends import Shift, level, rise
from tools.evidence import Category, Evidence, Finding, Remedy
from tools.objects import condition, containers_of, namespace_of, number, part, quantity
from tools.snapshot import Release, Snapshot, Workload
from tools.world import JsonObject

M = Measure
Rise = tuple[Reading, Shift]
_HELD_BACK = 0.25
_MOSTLY_HELD_BACK = 0.5
_NEAR_LIMIT = 0.85
_MORE = 1.8
_SLOWER = 1.5
# Harm that began well before the traffic rose does not come of it.
_BEFORE = timedelta(minutes=10)
_MOST_TIMES = 3


@dataclass(frozen=True, slots=True)
class Load:
    """What the lines about one workload show: what rose and since when.

    ``throttled`` is the share of time in which it was made to wait, ``cpu`` the share of its limit in use.
    """

    workload: Workload
    latency: tuple[Rise, ...]
    errors: tuple[Rise, ...]
    traffic: Rise | None
    throttled: tuple[Reading, float] | None
    cpu: tuple[Reading, float] | None

    @property
    def harm(self) -> tuple[Rise, ...]:
        """What people notice: answers that are late, or errors."""
        return (*self.latency, *self.errors)

    @property
    def harmed_since(self) -> datetime | None:
        return min((shift.since for _, shift in self.harm), default=None)

    @property
    def is_asked_more(self) -> bool:
        return self.traffic is not None and self.traffic[1].ratio >= _MORE

    @property
    def is_held_back(self) -> bool:
        return self.throttled is not None and self.throttled[1] >= _HELD_BACK

    @property
    def is_near_limit(self) -> bool:
        return self.cpu is not None and self.cpu[1] >= _NEAR_LIMIT

    def shown(self, snapshot: Snapshot) -> list[Evidence]:
        """A sentence for each line that says something, with its numbers and times."""
        found = [shown_rise(each, snapshot) for each in ((self.traffic,) if self.traffic else ())]
        for name, told in (("throttled in", self.throttled), ("uses", self.cpu)):
            if told is not None and told[1] >= _HELD_BACK:
                of = "of the periods" if name != "uses" else "of its CPU limit"
                found.append(told[0].shown(snapshot, f"{name} {told[1]:.0%} {of} lately", told[0].points[-1][0]))
        return found + [shown_rise(each, snapshot) for each in self.harm[:3]]


def loads(snapshot: Snapshot) -> Iterator[Load]:
    """The load of each workload about which anything is measured, or told by its log of the requests it answered."""
    measured = by_workload(snapshot)
    for workload in snapshot.workloads:
        own = [each for each in measured.get(workload.ref, ()) if each.peer is None]
        known = {_AS_SHARE.get(each.measure, each.measure) for each in own}
        own += [each for each in logged(workload, snapshot) if each.measure not in known]
        if own:
            yield _load(workload, own)


_AS_SHARE = {M.ERRORS: M.ERROR_SHARE}


def _load(workload: Workload, own: list[Reading]) -> Load:
    traffic = rises(own, M.TRAFFIC)
    held = [(each, level(each.points)) for each in own if each.measure is M.THROTTLED]
    used = [(each, share) for each in own if (share := _of_limit(each, workload)) is not None]
    return Load(
        workload,
        tuple(each for each in rises(own, M.LATENCY) if is_slower(each[1], 50)),
        tuple(each for each in rises(own, M.ERROR_SHARE, M.ERRORS) if _is_worse(*each)),
        max(traffic, key=lambda each: each[1].ratio, default=None),
        max(held, key=lambda each: each[1], default=None),
        max(used, key=lambda each: each[1], default=None),
    )


def rises(lines: list[Reading], *measures: Measure) -> list[Rise]:
    """Those of these measures whose level is above the one before."""
    chosen = (each for each in lines if each.measure in measures)
    return [(each, shift) for each in chosen if (shift := rise(each.points)) is not None]


def is_slower(shift: Shift, least: float) -> bool:
    """Whether answers take clearly longer: by a factor and by at least so many milliseconds."""
    return shift.ratio >= _SLOWER and shift.now - shift.before >= least


def shown_rise(risen: Rise, snapshot: Snapshot) -> Evidence:
    """A rise as evidence: from how much to how much, and since when."""
    reading, shift = risen
    unit, factor = _UNITS.get(reading.measure, ("", 1.0))
    words = f"{_figure(shift.before * factor)}{unit} before, {_figure(shift.now * factor)}{unit} now"
    return reading.shown(snapshot, f"{words}, since {shift.since:%Y-%m-%d %H:%M} UTC", shift.since)


_UNITS = {
    M.LATENCY: (" ms", 1.0),
    M.ROUND_TRIP: (" ms", 1.0),
    M.ERROR_SHARE: (" %", 100.0),
    M.LOSS: (" %", 100.0),
    M.THROTTLED: (" %", 100.0),
    M.TRAFFIC: (" requests/s", 1.0),
    M.ERRORS: ("/s", 1.0),
    M.RETRANSMITS: ("/s", 1.0),
}


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _is_worse(reading: Reading, shift: Shift) -> bool:
    least = 0.02 if reading.measure is M.ERROR_SHARE else 0.1
    return shift.ratio >= 3 and shift.now - shift.before >= least


def _of_limit(reading: Reading, workload: Workload) -> float | None:
    if reading.measure is M.CPU_SHARE:
        return level(reading.points)
    containers = containers_of(workload.template)
    limits = [
        quantity(part(each, "resources", "limits", "cpu"))
        for each in containers
        if reading.container is None or each.get("name") == reading.container
    ]
    known = [each for each in limits if each]
    if reading.measure is not M.CPU or not known or len(known) < len(limits):
        return None
    return level(reading.points) / (sum(known) * (1 if reading.pod else max(1, workload.ready)))


def released(
    workload: Workload, since: datetime | None, is_direct: Callable[[Release, Release], bool], snapshot: Snapshot
) -> Blame | None:
    """The running release, where it changed the very thing at fault or the trouble began shortly after it."""
    if len(workload.releases) < 2 or since is None:
        return None
    newest, older = workload.releases[0], workload.releases[1]
    if newest.created_at is None or newest.came_back or newest.changed <= {"restart"}:
        return None
    after = since - newest.created_at
    if not -timedelta(minutes=3) <= after <= snapshot.thresholds.after_release:
        return None
    return Blame(newest, older, is_direct(newest, older))


# ---- held at the limit ----------------------------------------------------------------------------------------------


def throttled(snapshot: Snapshot) -> Iterator[Finding]:
    """The kernel makes containers wait as they have used up their CPU limit, and answers come late."""
    for each in loads(snapshot):
        blame = released(each.workload, each.harmed_since, _lowered_cpu, snapshot)
        is_lowered = blame is not None and blame.is_direct
        confidence = _sure_of_throttling(each)
        if not confidence or (each.is_asked_more and not is_lowered):
            continue
        share = f"throttled in {each.throttled[1]:.0%} of the periods" if each.throttled and each.is_held_back else ""
        used = f"uses {each.cpu[1]:.0%} of it" if each.cpu and each.is_near_limit else ""
        words = ", ".join(one for one in (share, used) if one)
        claim = Claim(
            category=Category.CPU_THROTTLING,
            summary=f"{each.workload.ref.name} is held at its CPU limit: {words}",
            explanation="The containers want more CPU than their limit, so the kernel lets them wait in each tenth of "
            f"a second ({words}). A program gets slow that way while its node may be idle. Raise the CPU limit, or "
            "find why it needs more than before. A restart does not help.",
            evidence=cited(each.shown(snapshot), most=5),
            confidence=confidence,
            pods=each.workload.members,
            since=each.harmed_since,
            blame=blame if is_lowered else None,
        )
        yield finding(each.workload, claim)


def _sure_of_throttling(load: Load) -> float:
    """0 where it is not held back, or is and nobody notices."""
    if load.is_held_back and (load.harm or load.is_near_limit):
        return 0.8 if load.harm else 0.6
    if load.throttled is not None and load.throttled[1] >= _MOSTLY_HELD_BACK:
        return 0.6 if rise(load.throttled[0].points) else 0.0
    # Without a line of the throttling itself: at the limit, and slow.
    return 0.65 if load.throttled is None and load.is_near_limit and load.latency else 0.0


def _lowered_cpu(release: Release, _older: Release) -> bool:
    changes = [each for each in release.differences if each.topic == "cpu limit"]
    return any((quantity(each.after) or math.inf) < (quantity(each.before) or math.inf) for each in changes)


# ---- more than it can serve -----------------------------------------------------------------------------------------


def overloaded(snapshot: Snapshot) -> Iterator[Finding]:
    """Far more requests than before, and answers that are late or errors since."""
    for each in loads(snapshot):
        if each.traffic is None or not each.is_asked_more or not _came_of_it(each):
            continue
        scaler = _scaler(each.workload, snapshot)
        is_capped = scaler is not None and condition(scaler, "ScalingLimited").get("reason") == "TooManyReplicas"
        shift = each.traffic[1]
        remedy = _more_replicas(each.workload, shift, snapshot) if scaler is None else None
        capped = [seen(snapshot, scaler, _limit_words(scaler))] if scaler is not None else []
        is_short = each.is_near_limit or each.is_held_back or is_capped
        claim = Claim(
            category=Category.TRAFFIC_OVERLOAD,
            summary=f"{each.workload.ref.name} gets {_figure(shift.ratio)} times its usual traffic, too much",
            explanation=f"Since {shift.since:%H:%M} UTC there are {_figure(shift.now)} requests a second instead of "
            f"{_figure(shift.before)}, and answers are late or fail since. {_advice(scaler, is_capped)}",
            evidence=cited(each.shown(snapshot), most=5) + tuple(capped),
            confidence=0.8 if is_short else 0.68,
            pods=each.workload.members,
            since=shift.since,
            remedy=remedy,
        )
        yield finding(each.workload, claim)


def _came_of_it(load: Load) -> bool:
    since = load.harmed_since
    return since is not None and load.traffic is not None and since >= load.traffic[1].since - _BEFORE


def _scaler(workload: Workload, snapshot: Snapshot) -> JsonObject | None:
    for each in snapshot.of("HorizontalPodAutoscaler", workload.ref.namespace):
        target = part(each, "spec", "scaleTargetRef", "kind"), part(each, "spec", "scaleTargetRef", "name")
        if target == (workload.ref.kind, workload.ref.name) and namespace_of(each) == workload.ref.namespace:
            return each
    return None


def _limit_words(scaler: JsonObject) -> str:
    limited = condition(scaler, "ScalingLimited")
    most, now = part(scaler, "spec", "maxReplicas"), part(scaler, "status", "currentReplicas")
    return f"{now} replicas of at most {most}; {limited.get('reason') or ''}: {limited.get('message') or ''}"


def _advice(scaler: JsonObject | None, is_capped: bool) -> str:
    if scaler is None:
        return "Nothing scales it by itself: give it more replicas, and see where the traffic comes from."
    name = part(scaler, "metadata", "name")
    if is_capped:
        return (
            f"The autoscaler {name} is at its maximum of {part(scaler, 'spec', 'maxReplicas')} and would undo a scale "
            "by hand: raise maxReplicas, if what is behind can bear it, and see where the traffic comes from."
        )
    return f"The autoscaler {name} sets the replicas; see why it does not follow, and where the traffic comes from."


def _more_replicas(workload: Workload, shift: Shift, snapshot: Snapshot) -> Remedy | None:
    now = number(part(workload.raw, "spec", "replicas"), 1)
    if workload.ref.kind != "Deployment" or not now:
        return None
    wanted = min(math.ceil(now * min(shift.ratio, _MOST_TIMES)), _MOST_TIMES * now)
    why = f"{now} replicas served {_figure(shift.before)} requests a second; there are {_figure(shift.now)} now"
    return Remedy("scale", workload.ref, snapshot.say(why), replicas=wanted)
