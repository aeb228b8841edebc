"""The Job controller: pods that run to their end, retried up to a limit, and only for so long."""

from __future__ import annotations

from collections.abc import Sequence

from bot.demo.cluster_emulator.controllers.controller import Controller
from bot.demo.cluster_emulator.controllers.podmaking import create_pod, live_pods, pod_from
from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.objects import (
    Obj,
    condition,
    dig,
    is_true,
    name_of,
    namespace_of,
    parse_stamp,
    stamp,
)
from bot.demo.cluster_emulator.resources import JOBS, PODS
from bot.demo.cluster_emulator.statuses import ApiFailure

COMPONENT = "job-controller"
RETRY_SECONDS = 10.0
LONGEST_SECONDS = 600.0
_LIMIT = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_DEADLINE = ("DeadlineExceeded", "Job was active longer than specified deadline")
_DONE = ("CompletionsReached", "Reached expected number of succeeded pods")


class JobController(Controller):
    """Watches jobs and their pods."""

    watched = JOBS
    owned = PODS

    def _reconcile(self, job: Obj) -> None:
        if is_true(job, "Complete") or is_true(job, "Failed"):
            self._forget_in_time(job)
            return
        pods = self._store.owned_by(PODS, job)
        done = sum(1 for pod in pods if dig(pod, "status", "phase") == "Succeeded")
        failed = sum(1 for pod in pods if dig(pod, "status", "phase") == "Failed")
        wanted = int(dig(job, "spec", "completions", default=1))
        why = self._failure(job, failed + _restarts(pods))
        active = live_pods(self._store, job)
        if why is not None or dig(job, "spec", "suspend"):
            self._stop(job, active)
        elif done < wanted:
            room = min(int(dig(job, "spec", "parallelism", default=1)), wanted - done) - len(active)
            self._start(job, max(0, room), failed)
        self._publish(job, (done, failed), done >= wanted, why)

    def _failure(self, job: Obj, failures: int) -> tuple[str, str] | None:
        if failures > int(dig(job, "spec", "backoffLimit", default=6)):
            return _LIMIT
        deadline, began = dig(job, "spec", "activeDeadlineSeconds"), dig(job, "status", "startTime")
        if deadline is None or dig(job, "spec", "suspend"):
            return None
        if began is None:
            self._queue.add_later(namespace_of(job), name_of(job), float(deadline))
            return None
        left = float(deadline) - (self._store.clock.now - parse_stamp(began)).total_seconds()
        if left > 0:
            self._queue.add_later(namespace_of(job), name_of(job), left)
        return None if left > 0 else _DEADLINE

    def _stop(self, job: Obj, active: Sequence[Obj]) -> None:
        for pod in active:
            delete(self._store, PODS, pod)
            self._events.record(job, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}", COMPONENT)

    def _start(self, job: Obj, count: int, failed: int) -> None:
        wait = self._wait(job, failed)
        if count and wait > 0:
            self._queue.add_later(namespace_of(job), name_of(job), wait)
            return
        for _ in range(count):
            labels = {"batch.kubernetes.io/job-name": name_of(job), "job-name": name_of(job)}
            try:
                pod = create_pod(self._store, pod_from(job["spec"]["template"], job, labels=labels))
            except ApiFailure as failure:
                text = f"Error creating: {failure}"
                self._events.record(job, "Warning", "FailedCreate", text, COMPONENT)
                self._queue.add_later(namespace_of(job), name_of(job), RETRY_SECONDS)
                return
            self._events.record(job, "Normal", "SuccessfulCreate", f"Created pod: {name_of(pod)}", COMPONENT)

    def _wait(self, job: Obj, failed: int) -> float:
        # After a failure the next pod comes later and later: 10 seconds, 20, 40.
        ends = [
            dig(pod, "status", "containerStatuses", 0, "state", "terminated", "finishedAt", default="")
            for pod in self._store.owned_by(PODS, job)
            if dig(pod, "status", "phase") == "Failed"
        ]
        if not any(ends):
            return 0.0
        since = (self._store.clock.now - parse_stamp(max(ends))).total_seconds()
        return float(min(RETRY_SECONDS * 2 ** (failed - 1), LONGEST_SECONDS) - since)

    def _publish(self, job: Obj, ended: tuple[int, int], is_done: bool, why: tuple[str, str] | None) -> None:
        now = stamp(self._store.clock.now)
        done, failed = ended
        active = live_pods(self._store, job)
        counts = {"active": len(active), "succeeded": done, "failed": failed}
        status: Obj = {key: value for key, value in counts.items() if value}
        status["ready"] = sum(1 for pod in active if is_true(pod, "Ready"))
        if dig(job, "spec", "suspend"):
            status["conditions"] = [self._turned(job, "Suspended", "True", ("JobSuspended", "Job suspended"))]
        else:
            status["startTime"] = dig(job, "status", "startTime", default=now)
            if condition(job, "Suspended") is not None:
                status["conditions"] = [self._turned(job, "Suspended", "False", ("JobResumed", "Job resumed"))]
        if is_done:
            status["completionTime"] = now
            status["conditions"] = [
                self._turned(job, each, "True", _DONE) for each in ("SuccessCriteriaMet", "Complete")
            ]
            self._events.record(job, "Normal", "Completed", "Job completed", COMPONENT)
        elif why is not None:
            status["conditions"] = [self._turned(job, each, "True", why) for each in ("FailureTarget", "Failed")]
            self._events.record(job, "Warning", *why, COMPONENT)
        self._store.update(JOBS, {**job, "status": status})

    def _turned(self, job: Obj, kind: str, word: str, why: tuple[str, str]) -> Obj:
        before, now = condition(job, kind), stamp(self._store.clock.now)
        if before is not None and before["status"] == word:
            return before
        if kind == "Suspended":
            self._events.record(job, "Normal", "Suspended" if word == "True" else "Resumed", why[1], COMPONENT)
        times = {"lastProbeTime": now, "lastTransitionTime": now}
        return {"type": kind, "status": word, **times, "reason": why[0], "message": why[1]}

    def _forget_in_time(self, job: Obj) -> None:
        patience = dig(job, "spec", "ttlSecondsAfterFinished")
        ended = condition(job, "Complete") or condition(job, "Failed")
        if patience is None or ended is None:
            return
        left = float(patience) - (self._store.clock.now - parse_stamp(ended["lastTransitionTime"])).total_seconds()
        if left > 0:
            self._queue.add_later(namespace_of(job), name_of(job), left)
        else:
            delete(self._store, JOBS, job)


def _restarts(pods: Sequence[Obj]) -> int:
    """Containers that are started again in their pod count as failures as well."""
    counted = [pod for pod in pods if dig(pod, "spec", "restartPolicy") == "OnFailure"]
    return sum(
        int(each["restartCount"]) for pod in counted for each in dig(pod, "status", "containerStatuses", default=[])
    )
