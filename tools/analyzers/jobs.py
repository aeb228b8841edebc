"""Jobs that failed for good, and CronJobs whose Jobs do not finish or are not started."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tools.analyzers.interface import Claim, cited, finding, logs_of, seen
from tools.analyzers.schedules import last_due
from tools.evidence import Category, Evidence, Finding
from tools.objects import (
    at,
    condition,
    containers_of,
    created_at,
    items,
    mapping,
    name_of,
    number,
    owner_of,
    part,
    ref_of,
)
from tools.snapshot import Pod, Snapshot, Workload
from tools.world import JsonObject

RECENT = timedelta(days=1)
# A Job that runs longer than this many of its own periods is not going to finish by itself.
PERIODS = 2
MISSED = 3
_WHY = {
    "BackoffLimitExceeded": "its pods failed more often than its backoff limit allows",
    "DeadlineExceeded": "it ran longer than its deadline allows",
    "PodFailurePolicy": "a pod failed in a way that its failure policy does not retry",
    "MaxFailedIndexesExceeded": "too many of its indexes failed",
    "FailedIndexes": "some of its indexes failed",
}


def failed(snapshot: Snapshot) -> Iterator[Finding]:
    """A Job reached its backoff limit or its deadline; of a CronJob only the last one counts."""
    for workload in snapshot.workloads:
        job = _last_job(workload, snapshot)
        if job is None or condition(job, "Failed").get("status") != "True":
            continue
        told = condition(job, "Failed")
        when = at(told.get("lastTransitionTime"))
        if when is not None and snapshot.observed_at - when > RECENT:
            continue
        reason = str(told.get("reason") or "")
        pods = tuple(each for each in workload.members if each.owner == ref_of("Job", job))
        events = [each.evidence for each in workload.told if each.kind == "Warning"]
        why = _WHY.get(reason, str(told.get("message") or "it failed"))
        claim = Claim(
            category=Category.JOB_FAILED,
            summary=f"Job {name_of(job)} failed for good ({reason or 'Failed'}): {why}",
            explanation=f"The Job {name_of(job)} is over and did not succeed: {why}. Kubernetes does not try it again. "
            f"{_exits(pods)}Read its log, mend what it met, and start it anew.",
            evidence=cited([_job_seen(job, snapshot)], logs_of(pods), events, (each.evidence for each in pods)),
            confidence=0.85,
            pods=pods,
            since=when,
        )
        yield finding(workload, claim)


def _exits(pods: tuple[Pod, ...]) -> str:
    codes = {each.ended.exit_code for pod in pods for each in pod.containers if each.ended and each.ended.exit_code}
    return f"Its containers ended with exit code {', '.join(map(str, sorted(codes)))}. " if codes else ""


def not_completing(snapshot: Snapshot) -> Iterator[Finding]:
    """The Jobs of a CronJob run on and on, or none is started although one is due."""
    for workload in snapshot.workloads:
        if workload.ref.kind == "CronJob" and workload.raw:
            yield from _hanging(workload, snapshot)
            yield from _not_started(workload, snapshot)


def _hanging(workload: Workload, snapshot: Snapshot) -> Iterator[Finding]:
    schedule, now = str(part(workload.raw, "spec", "schedule")), snapshot.observed_at
    due = last_due(schedule, now)
    before = last_due(schedule, due - timedelta(minutes=1)) if due else None
    period = due - before if due and before else timedelta(hours=1)
    forbids = str(part(workload.raw, "spec", "concurrencyPolicy") or "Allow") == "Forbid"
    patience = max(timedelta(minutes=30), period if forbids else PERIODS * period)
    late = [
        each
        for each in _jobs(workload, snapshot)
        if _runs_since(each, now) > patience or _waits_for_sidecar(each, workload, now)
    ]
    if not late:
        return
    job = min(late, key=lambda each: str(part(each, "status", "startTime")))
    pods = tuple(each for each in workload.members if each.owner == ref_of("Job", job))
    beside = _sidecar(pods)
    blocked = " No further Job is started meanwhile (concurrencyPolicy Forbid)." if forbids else ""
    why = (
        f"Container {beside[0]} is done, and {beside[1]} beside it never ends, so the pod never completes. Let the "
        "sidecar end with the main container (an init container with restartPolicy Always does)."
        if beside
        else "Its container neither ends nor fails. Give the Job a deadline (activeDeadlineSeconds), and see in its "
        "log what it waits for."
    )
    claim = Claim(
        category=Category.CRONJOB_NOT_COMPLETING,
        summary=f"Job {name_of(job)} of the CronJob has run for {_hours(_runs_since(job, now))} and does not finish"
        + (f": container {beside[1]} never ends" if beside else ""),
        explanation=f"The CronJob is due every {_hours(period)}, and this Job has not finished since it was started."
        f"{blocked} {why}",
        evidence=cited(
            [seen(snapshot, workload.raw, _cron_words(workload.raw)), _job_seen(job, snapshot)],
            (each.evidence for each in pods),
            [each.evidence for each in workload.told if each.reason in _TOLD],
            logs_of(pods),
        ),
        confidence=0.88 if beside else 0.8,
        pods=pods,
        since=at(part(job, "status", "startTime")),
    )
    yield finding(workload, claim)


_TOLD = frozenset({"JobAlreadyActive", "TooManyMissedTimes", "FailedNeedsStart", "MissSchedule", "UnexpectedJob"})


def _not_started(workload: Workload, snapshot: Snapshot) -> Iterator[Finding]:
    spec = mapping(workload.raw, "spec")
    if spec.get("suspend") is True:
        return  # suspended on purpose: said by whoever looks at the CronJob, no fault by itself
    last = at(part(workload.raw, "status", "lastScheduleTime")) or created_at(workload.raw)
    told = [each for each in workload.told if each.reason in {"TooManyMissedTimes", "FailedNeedsStart", "FailedCreate"}]
    due = last_due(str(spec.get("schedule")), snapshot.observed_at)
    steps = 0
    while due is not None and last is not None and due > last and steps <= MISSED:
        steps += 1
        due = last_due(str(spec.get("schedule")), due - timedelta(minutes=1))
    if steps <= MISSED and not any(each.reason == "TooManyMissedTimes" for each in told):
        return
    if any(number(part(each, "status", "active")) for each in _jobs(workload, snapshot)):
        return  # one that hangs is what keeps the next from starting
    claim = Claim(
        category=Category.CRONJOB_NOT_COMPLETING,
        summary=f"no Job was started since {last:%Y-%m-%d %H:%M} UTC although more than {MISSED} were due"
        if last
        else "no Job was ever started",
        explanation="The CronJob's schedule was due several times and no Job came of it. Look at the events of the "
        "CronJob and at the controller manager; a startingDeadlineSeconds that is too short skips starts as well.",
        evidence=cited([seen(snapshot, workload.raw, _cron_words(workload.raw))], (each.evidence for each in told)),
        confidence=0.8 if told else 0.65,
        pods=(),
        since=last,
    )
    yield finding(workload, claim)


_ABOUT_JOBS = frozenset(
    {"job", "jobs", "cron", "cronjob", "cronjobs", "backup", "backups", "nightly", "daily", "hourly", "scheduled"}
    | {"schedule", "run", "ran", "running", "report", "reports", "batch", "export", "exports", "import", "imports"}
)


def suspended(snapshot: Snapshot) -> Iterator[Finding]:
    """A suspended CronJob starts nothing. Somebody did that on purpose: said only when it is what was asked about."""
    for workload in snapshot.workloads:
        is_asked = workload.ref.kind == "CronJob" and snapshot.focus & {workload.ref.name, *_ABOUT_JOBS}
        if not is_asked or part(workload.raw, "spec", "suspend") is not True:
            continue
        last = at(part(workload.raw, "status", "lastScheduleTime"))
        claim = Claim(
            category=Category.CRONJOB_NOT_COMPLETING,
            summary="the CronJob is suspended, so no Job is started"
            + (f"; the last one was at {last:%Y-%m-%d %H:%M} UTC" if last else ""),
            explanation="Somebody suspended this CronJob (spec.suspend is true). If that was not meant to last, set it "
            "to false; Jobs that were missed are not made up for.",
            evidence=(seen(snapshot, workload.raw, _cron_words(workload.raw)),),
            confidence=0.8,
            pods=(),
        )
        yield finding(workload, claim)


def _jobs(workload: Workload, snapshot: Snapshot) -> list[JsonObject]:
    if workload.ref.kind == "Job":
        return [workload.raw] if workload.raw else []
    space = workload.ref.namespace
    return [each for each in snapshot.of("Job", space) if owner_of(each) == workload.ref]


def _last_job(workload: Workload, snapshot: Snapshot) -> JsonObject | None:
    if workload.ref.kind not in ("Job", "CronJob"):
        return None
    found = _jobs(workload, snapshot)
    return max(found, key=lambda each: str(part(each, "metadata", "creationTimestamp")), default=None)


def _runs_since(job: JsonObject, now: datetime) -> timedelta:
    began = at(part(job, "status", "startTime"))
    is_over = part(job, "status", "completionTime") or condition(job, "Failed").get("status") == "True"
    return now - began if began and not is_over else timedelta()


def _sidecar(pods: tuple[Pod, ...]) -> tuple[str, str] | None:
    """The container that is done and the one that keeps the pod from being done."""
    for pod in pods:
        natives = {
            str(each.get("name")) for each in items(pod.raw, "spec", "initContainers") if each.get("restartPolicy")
        }
        mine = [each for each in pod.containers if not each.is_init and each.name not in natives]
        done = next(
            (each for each in mine if each.state == "terminated" and each.ended and not each.ended.exit_code), None
        )
        on = next((each for each in mine if each.state == "running"), None)
        if done is not None and on is not None:
            return done.name, on.name
    return None


def _waits_for_sidecar(job: JsonObject, workload: Workload, now: datetime) -> bool:
    """Whether the work of a Job that runs on was done long ago: its next turn need not come to know that."""
    pods = tuple(each for each in workload.members if each.owner == ref_of("Job", job))
    beside = _sidecar(pods) if _runs_since(job, now) else None
    ends = [
        each.ended.finished_at
        for pod in pods
        for each in pod.containers
        if beside is not None and each.name == beside[0] and each.ended and each.ended.finished_at
    ]
    return bool(ends) and now - max(ends) > _SIDECARS_END


# A sidecar may take leave slowly, of those who still ask it.
_SIDECARS_END = timedelta(minutes=30)


def _job_seen(job: JsonObject, snapshot: Snapshot) -> Evidence:
    told, status = condition(job, "Failed"), mapping(job, "status")
    words = f"started {status.get('startTime')}, {number(status.get('active'))} active, "
    words += f"{number(status.get('succeeded'))} succeeded, {number(status.get('failed'))} failed"
    words += f"; {told.get('reason')}: {told.get('message')}" if told.get("status") == "True" else ""
    return seen(snapshot, job, words, at(told.get("lastTransitionTime")))


def _cron_words(cron: JsonObject) -> str:
    spec, status = mapping(cron, "spec"), mapping(cron, "status")
    names = ", ".join(str(each.get("name")) for each in containers_of(mapping(spec, "jobTemplate", "spec", "template")))
    return (
        f"schedule {spec.get('schedule')}, concurrencyPolicy {spec.get('concurrencyPolicy', 'Allow')}, "
        f"suspend {spec.get('suspend', False)}, last started {status.get('lastScheduleTime')}, last succeeded "
        f"{status.get('lastSuccessfulTime')}, {len(items(cron, 'status', 'active'))} active, containers {names}"
    )


def _hours(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return (
        f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h" if minutes < 2880 else f"{minutes // 1440} days"
    )
