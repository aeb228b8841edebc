"""Whether the same cause was in the same workload before: how often, in what rhythm, and what ended it last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain import IncidentReport, InvestigationId, Recurrence, ReportedChange
from bot.stores import Blamed, InvestigationStore, Seen
from safety.redaction import Redacted
from tools.evidence import Category

LOOKED_BACK = timedelta(days=60)
# Asked again so soon, it is the same incident, also where nothing says when it began.
_SAME = timedelta(hours=1)
_WEEK, _DAY = timedelta(days=7), timedelta(days=1)
_SLACK = timedelta(hours=1)
# Fewer than these by chance fall into one hour of the day or the week too easily.
_LEAST_WEEKS, _LEAST_DAYS = 3, 4


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One incident, however often somebody asked while it lasted."""

    began_at: datetime
    seen_at: datetime


async def recurrence(
    store: InvestigationStore, run: InvestigationId, report: IncidentReport, say: Callable[[str], Redacted]
) -> Recurrence | None:
    """None when there is no cause, or when this is the first time within ``LOOKED_BACK``."""
    cause = report.root_cause
    if cause is None:
        return None
    since = report.observed_at - LOOKED_BACK
    earlier = [each for each in await store.with_cause(report, since) if each.run != run]
    times = occurrences([*earlier, Seen(run, started(report), report.observed_at)])
    if len(times) < 2:
        return None
    this_week = sum(report.observed_at - each.began_at <= _WEEK for each in times)
    pattern = rhythm([each.began_at for each in times])
    fix = await store.last_fix(report, since)
    what = f"{_spoken(cause.category)} in {cause.subject.rpartition('/')[2]}"
    last = f"the last at {times[-2].began_at:%Y-%m-%d %H:%M} UTC"
    if this_week > 1:
        more = f"{len(times)} in 60 days, " if len(times) > this_week else ""
        told = f"{_ordinal(this_week)} {what} within 7 days ({more}{last})"
    else:
        told = f"{_ordinal(len(times))} {what} within 60 days ({last})"
    told += f", {pattern}" if pattern else ""
    told += f". What helped last time: {fix}." if fix else "."
    return Recurrence(
        count=len(times),
        first_at=times[0].began_at,
        last_at=times[-2].began_at,
        pattern=pattern,
        last_fix=say(fix) if fix else None,
        text=say(told),
    )


async def with_series(
    store: InvestigationStore, run: InvestigationId, report: IncidentReport, say: Callable[[str], Redacted]
) -> IncidentReport:
    """The same report, its culprit told with the earlier incidents that changes of its branch or ticket brought."""
    culprit = next((each for each in report.changes if each.id == report.culprit_change), None)
    if culprit is None or not culprit.series or report.root_cause is None:
        return report
    earlier = await store.with_culprit(report, report.observed_at - LOOKED_BACK)
    told = _of_series(culprit, [each for each in earlier if each.run != run], report.root_cause.subject)
    if not told:
        return report
    changed = culprit.model_copy(update={"why": say(f"{told}; {culprit.why}").clip(400)})
    changes = tuple(changed if each is culprit else each for each in report.changes)
    return report.model_copy(update={"changes": changes})


def _of_series(culprit: ReportedChange, earlier: Sequence[Blamed], subject: str) -> str:
    """In words; what blamed the same change for the same object is this incident, asked about before."""
    for name in culprit.series:
        same = [
            each
            for each in earlier
            if name in each.change.series and (each.change.id, each.subject) != (culprit.id, subject)
        ]
        once = {(each.change.id, each.subject): each for each in reversed(same)}
        if once:
            newest = max(once.values(), key=lambda each: each.seen_at)
            what = f"{_spoken(newest.category)} in {newest.subject.rpartition('/')[2]}"
            more = f", and {len(once) - 1} more" if len(once) > 1 else ""
            return f"{name} brought {what} before ({newest.change.id}, seen {newest.seen_at:%Y-%m-%d %H:%M} UTC{more})"
    return ""


def _spoken(category: Category) -> str:
    return "OOM kill" if category is Category.OOM_KILLED else category.value.replace("_", " ")


def _ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th …"""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"


def started(report: IncidentReport) -> datetime:
    """When the incident began, as far as the finding of its cause knows."""
    cause = report.root_cause
    found = next((each for each in report.issues_found if cause is not None and each.subject == cause.subject), None)
    since = found.since if found is not None else None
    return min(since, report.observed_at) if since is not None else report.observed_at


def occurrences(seen: Sequence[Seen]) -> list[Occurrence]:
    """Runs that looked at the same incident become one, the earliest first."""
    found: list[Occurrence] = []
    for each in sorted(seen, key=lambda one: one.seen_at):
        last = found[-1] if found else None
        if last is not None and (each.began_at <= last.seen_at or each.seen_at - last.seen_at <= _SAME):
            found[-1] = Occurrence(min(last.began_at, each.began_at), each.seen_at)
        else:
            found.append(Occurrence(each.began_at, each.seen_at))
    return found


def rhythm(times: Sequence[datetime]) -> str | None:
    """A day of the week or an hour of the day that nearly all of them keep to; None for anything less clear."""
    latest = times[-1]
    for period, least, shown in (
        (_WEEK, _LEAST_WEEKS, f"every {latest:%A} at about {latest:%H:%M} UTC"),
        (_DAY, _LEAST_DAYS, f"every day at about {latest:%H:%M} UTC"),
    ):
        rounds = {round((latest - each) / period) for each in times if _off(latest - each, period) <= _SLACK}
        is_often = len(rounds) >= least and 2 * len(rounds) > max(rounds)
        if is_often and len(rounds) >= 0.75 * len(times):
            return shown
    return None


def _off(apart: timedelta, period: timedelta) -> timedelta:
    """How far from a whole number of periods."""
    rest = apart % period
    return min(rest, period - rest)
