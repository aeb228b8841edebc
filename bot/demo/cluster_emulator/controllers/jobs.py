"""The Job controller: pods that run to their end, retried up to a limit."""

from __future__ import annotations

from bot.demo.cluster_emulator.controllers.controller import Controller
from bot.demo.cluster_emulator.controllers.podmaking import create_pod, live_pods, pod_from
from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.objects import (
    Obj,
    dig,
    is_true,
    name_of,
    namespace_of,
    parse_stamp,
    stamp,
)
from bot.demo.cluster_emulator.resources import JOBS, PODS

COMPONENT = "job-controller"
RETRY_SECONDS = 10.0
LONGEST_SECONDS = 600.0


class JobController(Controller):
    """Watches jobs and their pods."""

    watched = JOBS
    owned = PODS

    def _reconcile(self, job: Obj) -> None:
        if is_true(job, "Complete") or is_true(job, "Failed"):
            return
        pods = self._store.owned_by(PODS, job)
        done = sum(1 for pod in pods if dig(pod, "status", "phase") == "Succeeded")
        failed = sum(1 for pod in pods if dig(pod, "status", "phase") == "Failed")
        wanted = int(dig(job, "spec", "completions", default=1))
        limit = int(dig(job, "spec", "backoffLimit", default=6))
        active = live_pods(self._store, job)
        if failed > limit:
            for pod in active:
                delete(self._store, PODS, pod)
        elif not dig(job, "spec", "suspend"):
            room = min(int(dig(job, "spec", "parallelism", default=1)), wanted - done) - len(active)
            self._start(job, max(0, room), failed)
        self._publish(job, (done, failed), (wanted, limit))

    def _start(self, job: Obj, count: int, failed: int) -> None:
        wait = self._wait(job, failed)
        if count and wait > 0:
            self._queue.add_later(namespace_of(job), name_of(job), wait)
            return
        for _ in range(count):
            labels = {"batch.kubernetes.io/job-name": name_of(job), "job-name": name_of(job)}
            pod = create_pod(self._store, pod_from(job["spec"]["template"], job, labels=labels))
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

    def _publish(self, job: Obj, ended: tuple[int, int], bounds: tuple[int, int]) -> None:
        now = stamp(self._store.clock.now)
        done, failed = ended
        status: Obj = {"startTime": dig(job, "status", "startTime", default=now)}
        active = live_pods(self._store, job)
        counts = {"active": len(active), "succeeded": done, "failed": failed}
        status.update({key: value for key, value in counts.items() if value})
        status["ready"] = sum(1 for pod in active if is_true(pod, "Ready"))
        entry = {"status": "True", "lastProbeTime": now, "lastTransitionTime": now}
        if done >= bounds[0]:
            status["completionTime"] = now
            status["conditions"] = [{"type": "Complete", **entry}]
            self._events.record(job, "Normal", "Completed", "Job completed", COMPONENT)
        elif failed > bounds[1]:
            text = "Job has reached the specified backoff limit"
            status["conditions"] = [{"type": "Failed", **entry, "reason": "BackoffLimitExceeded", "message": text}]
            self._events.record(job, "Warning", "BackoffLimitExceeded", text, COMPONENT)
        changed = {**job, "status": status}
        self._store.update(JOBS, changed)
