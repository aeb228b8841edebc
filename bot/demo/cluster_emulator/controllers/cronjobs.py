"""The CronJob controller: a job whenever the schedule says so, if the policy lets it, and the tidying up after."""

from __future__ import annotations

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.demo.cluster_emulator.controllers.controller import Controller
from bot.demo.cluster_emulator.controllers.schedules import Schedule, parse_schedule
from bot.demo.cluster_emulator.defaults import apply_defaults
from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.objects import (
    Obj,
    clone,
    dig,
    is_true,
    name_of,
    namespace_of,
    owner_reference,
    parse_stamp,
    stamp,
    uid_of,
)
from bot.demo.cluster_emulator.resources import CRONJOBS, JOBS

COMPONENT = "cronjob-controller"
MOST_MISSED = 100
_FORBIDS = "Not starting job because prior execution is running and concurrency policy is Forbid"


class CronJobController(Controller):
    """Watches cron jobs and their jobs."""

    watched = CRONJOBS
    owned = JOBS

    def _reconcile(self, cronjob: Obj) -> None:
        jobs = sorted(self._store.owned_by(JOBS, cronjob), key=lambda job: str(job["metadata"]["creationTimestamp"]))
        status = self._seen(cronjob, jobs)
        self._clean_up(cronjob, jobs)
        if not dig(cronjob, "spec", "suspend"):
            self._start_what_is_due(cronjob, status)
        self._store.update(CRONJOBS, {**cronjob, "status": status})

    def _seen(self, cronjob: Obj, jobs: list[Obj]) -> Obj:
        """The status without jobs that are over, each of which is told once."""
        status = clone(cronjob.get("status", {}))
        by_uid = {uid_of(job): job for job in jobs}
        active = []
        for reference in status.get("active", []):
            job = by_uid.get(reference["uid"])
            word = _end_of(job) if job is not None else None
            if job is None:
                text = f"Active job went missing: {reference['name']}"
                self._events.record(cronjob, "Normal", "MissingJob", text, COMPONENT)
            elif word is None:
                active.append(reference)
            else:
                text = f"Saw completed job: {name_of(job)}, condition: {word}"
                self._events.record(cronjob, "Normal", "SawCompletedJob", text, COMPONENT)
                if word == "Complete":
                    status["lastSuccessfulTime"] = job["status"]["completionTime"]
        status.pop("active", None)
        return {**status, **({"active": active} if active else {})}

    def _clean_up(self, cronjob: Obj, jobs: list[Obj]) -> None:
        for word, field in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
            ended = [job for job in jobs if _end_of(job) == word]
            for job in ended[: max(0, len(ended) - int(dig(cronjob, "spec", field, default=1)))]:
                delete(self._store, JOBS, job)
                self._events.record(cronjob, "Normal", "SuccessfulDelete", f"Deleted job {name_of(job)}", COMPONENT)

    def _start_what_is_due(self, cronjob: Obj, status: Obj) -> None:
        read = self._read(cronjob)
        if read is None:
            return
        schedule, zone = read
        now = self._store.clock.now.astimezone(zone)
        due = self._due(cronjob, status, schedule, now)
        if due is not None and self._may_start(cronjob, status, due, now):
            self._start(cronjob, status, due)
        coming = schedule.next_after(now)
        if coming is not None:
            self._queue.add_later(namespace_of(cronjob), name_of(cronjob), (coming - now).total_seconds())

    def _read(self, cronjob: Obj) -> tuple[Schedule, tzinfo] | None:
        text, zone = str(dig(cronjob, "spec", "schedule", default="")), dig(cronjob, "spec", "timeZone", default="UTC")
        try:
            return parse_schedule(text), ZoneInfo(str(zone))
        except ZoneInfoNotFoundError:
            told = f'invalid timeZone: "{zone}": unknown time zone {zone}'
            self._events.record(cronjob, "Warning", "UnknownTimeZone", told, COMPONENT)
        except ValueError as error:
            told = f"unparseable schedule: {text} : {error}"
            self._events.record(cronjob, "Warning", "UnparseableSchedule", told, COMPONENT)
        return None

    def _due(self, cronjob: Obj, status: Obj, schedule: Schedule, now: datetime) -> datetime | None:
        """The last moment at which a job should have been started and was not."""
        since = parse_stamp(status.get("lastScheduleTime") or cronjob["metadata"]["creationTimestamp"])
        deadline = dig(cronjob, "spec", "startingDeadlineSeconds")
        if deadline is not None:
            since = max(since, datetime.fromtimestamp(now.timestamp() - float(deadline), now.tzinfo))
        found, missed, moment = None, 0, schedule.next_after(since.astimezone(now.tzinfo))
        while moment is not None and moment <= now:
            found, missed, moment = moment, missed + 1, schedule.next_after(moment)
        if missed > MOST_MISSED:
            cure = "Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            text = f"too many missed start times: {missed}. {cure}"
            self._events.record(cronjob, "Warning", "TooManyMissedTimes", text, COMPONENT)
        return found

    def _may_start(self, cronjob: Obj, status: Obj, due: datetime, now: datetime) -> bool:
        deadline = dig(cronjob, "spec", "startingDeadlineSeconds")
        if deadline is not None and (now - due).total_seconds() > float(deadline):
            text = f"Missed scheduled time to start a job: {due:%a, %d %b %Y %H:%M:%S %z}"
            self._events.record(cronjob, "Warning", "MissSchedule", text, COMPONENT)
            return False
        policy = dig(cronjob, "spec", "concurrencyPolicy", default="Allow")
        if status.get("active") and policy == "Forbid":
            self._events.record(cronjob, "Normal", "JobAlreadyActive", _FORBIDS, COMPONENT)
            return False
        if policy == "Replace":
            self._replace(cronjob, status)
        return True

    def _replace(self, cronjob: Obj, status: Obj) -> None:
        for reference in status.pop("active", []):
            job = self._store.get(JOBS, namespace_of(cronjob), reference["name"])
            if job is not None:
                delete(self._store, JOBS, job)
                self._events.record(cronjob, "Normal", "SuccessfulDelete", f"Deleted job {name_of(job)}", COMPONENT)

    def _start(self, cronjob: Obj, status: Obj, due: datetime) -> None:
        template = clone(cronjob["spec"]["jobTemplate"])
        meta = template.get("metadata") or {}
        name = f"{name_of(cronjob)}-{int(due.timestamp()) // 60}"
        notes = {**meta.get("annotations", {}), "batch.kubernetes.io/cronjob-scheduled-timestamp": stamp(due)}
        made = self._store.prepare(
            JOBS,
            {
                "metadata": {
                    "name": name,
                    "namespace": namespace_of(cronjob),
                    "labels": dict(meta.get("labels", {})),
                    "annotations": notes,
                    "ownerReferences": [owner_reference(cronjob)],
                },
                "spec": template.get("spec", {}),
            },
        )
        apply_defaults(JOBS, made)
        job = self._store.keep(JOBS, made)
        status["lastScheduleTime"] = stamp(due)
        status["active"] = [*status.get("active", []), _reference(job)]
        self._events.record(cronjob, "Normal", "SuccessfulCreate", f"Created job {name}", COMPONENT)


def _reference(job: Obj) -> Obj:
    meta = job["metadata"]
    found = {field: meta[field] for field in ("name", "namespace", "uid", "resourceVersion")}
    return {"apiVersion": job["apiVersion"], "kind": "Job", **found}


def _end_of(job: Obj) -> str | None:
    return next((word for word in ("Complete", "Failed") if is_true(job, word)), None)
