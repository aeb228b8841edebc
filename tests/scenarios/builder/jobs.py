"""Jobs and CronJobs."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from tests.scenarios.builder.clock import span
from tests.scenarios.builder.scenario import JsonObject
from tests.scenarios.builder.states import State, completed, running
from tests.scenarios.builder.templates import labelled, name_suffix
from tests.scenarios.builder.workloads import Workloads


class Jobs(Workloads):
    """Adds Jobs, the CronJobs that start them, and their pods."""

    def job(
        self,
        name: str,
        template: JsonObject,
        *,
        age: str = "6h",
        done: str = "",
        failed: tuple[str, str, str] | None = None,
        pods: Sequence[State] = (),
        owner: JsonObject | None = None,
        namespace: str | None = None,
        annotations: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        **spec: Any,
    ) -> JsonObject:
        """A Job; ``done`` says how long ago it completed, ``failed`` is (ago, reason, message) of its failure."""
        where, mine = namespace or self.home, {"app": name, **(labels or {})}
        uid = self.uid("Job", where, name)
        tracked = {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": name,
            "controller-uid": uid,
            "job-name": name,
        }
        body = labelled(template, {**mine, **tracked})
        if body["spec"]["restartPolicy"] == "Always":
            body["spec"]["restartPolicy"] = "Never"
        body_spec = {
            "backoffLimit": 6,
            "completionMode": "NonIndexed",
            "completions": 1,
            "manualSelector": False,
            "parallelism": 1,
            "podReplacementPolicy": "TerminatingOrFailed",
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}},
            "suspend": False,
            "template": body,
            **spec,
        }
        made = self.add(
            "Job",
            name,
            {"spec": body_spec, "status": {}},
            namespace=where,
            age=age,
            labels=mine,
            annotations=annotations,
            owner=owner,
            generation=1,
        )
        states = list(pods) or ([completed(age, done)] if done else [running(age)])
        for number, state in enumerate(states):
            self.pod(
                f"{name}-{name_suffix(f'{uid}{number}', 5)}",
                body,
                state,
                owner=made,
                namespace=where,
                generate_name=f"{name}-",
            )
        made["status"] = self._job_status(states, age, done, failed)
        return made

    def _job_status(
        self, states: Sequence[State], age: str, done: str, failed: tuple[str, str, str] | None
    ) -> JsonObject:
        phases = [each.phase for each in states]
        status: JsonObject = {"startTime": self.at(age), "terminating": 0, "uncountedTerminatedPods": {}}
        for key, count in (
            ("active", phases.count("Running") + phases.count("Pending")),
            ("failed", phases.count("Failed")),
            ("succeeded", phases.count("Succeeded")),
        ):
            status.update({key: count} if count else {})
        status["ready"] = sum(each.phase == "Running" and each.doing.ready for each in states)
        rows: list[JsonObject] = []
        if done:
            reached = ("CompletionsReached", "Reached expected number of succeeded pods")
            rows = [self._job_condition(kind, done, *reached) for kind in ("SuccessCriteriaMet", "Complete")]
            status["completionTime"] = self.at(done)
        elif failed:
            rows = [self._job_condition(kind, *failed) for kind in ("FailureTarget", "Failed")]
        return {**status, **({"conditions": rows} if rows else {})}

    def _job_condition(self, kind: str, ago: str, reason: str, message: str) -> JsonObject:
        at = self.at(ago)
        return {
            "lastProbeTime": at,
            "lastTransitionTime": at,
            "message": message,
            "reason": reason,
            "status": "True",
            "type": kind,
        }

    def cronjob(
        self,
        name: str,
        schedule: str,
        template: JsonObject,
        *,
        age: str = "90d",
        last: str = "",
        last_success: str = "",
        namespace: str | None = None,
        job_spec: Mapping[str, Any] | None = None,
        **spec: Any,
    ) -> JsonObject:
        """A CronJob that was last started ``last`` ago; add its Jobs with ``run_of``."""
        body = copy.deepcopy(template)
        if body["spec"]["restartPolicy"] == "Always":
            body["spec"]["restartPolicy"] = "Never"
        inner = {"metadata": {}, "spec": {"template": body, **(job_spec or {})}}
        status: JsonObject = {}
        for key, ago in (("lastScheduleTime", last), ("lastSuccessfulTime", last_success)):
            status.update({key: self.at(ago)} if ago else {})
        full = {
            "concurrencyPolicy": "Allow",
            "failedJobsHistoryLimit": 1,
            "jobTemplate": inner,
            "schedule": schedule,
            "successfulJobsHistoryLimit": 3,
            "suspend": False,
            **spec,
        }
        return self.add(
            "CronJob",
            name,
            {"spec": full, "status": status},
            namespace=namespace,
            age=age,
            labels={"app": name},
            generation=1,
        )

    def run_of(self, cron: JsonObject, ago: str, **more: Any) -> JsonObject:
        """One Job that a CronJob started ``ago``; ``more`` goes to ``job``."""
        begin = self.observed_at - span(ago)
        meta, inner = cron["metadata"], cron["spec"]["jobTemplate"]["spec"]
        fields = {key: value for key, value in inner.items() if key != "template"}
        made = self.job(
            f"{meta['name']}-{int(begin.timestamp() // 60)}",
            inner["template"],
            age=ago,
            owner=cron,
            namespace=meta["namespace"],
            labels={"app": meta["name"]},
            annotations={"batch.kubernetes.io/cronjob-scheduled-timestamp": self.at(ago)},
            **fields,
            **more,
        )
        if made["status"].get("active"):
            kept = {key: made["metadata"][key] for key in ("name", "namespace", "resourceVersion", "uid")}
            cron["status"].setdefault("active", []).append({"apiVersion": "batch/v1", "kind": "Job", **kept})
        return made
