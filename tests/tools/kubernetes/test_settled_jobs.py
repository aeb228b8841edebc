"""Failed tries of Jobs that succeeded in the end are history."""

from typing import Any

from tools.evidence import ObjectRef
from tools.kubernetes.workloads import settled_jobs


def job(name: str, made: str, *, done: bool, owner: str | None = None) -> dict[str, Any]:
    owners = [{"kind": "CronJob", "name": owner, "uid": f"uid-{owner}", "controller": True}] if owner else []
    conditions = [{"type": "Complete", "status": "True"}] if done else [{"type": "Failed", "status": "True"}]
    metadata = {"name": name, "namespace": "ops", "creationTimestamp": made, "ownerReferences": owners}
    return {"kind": "Job", "metadata": metadata, "status": {"conditions": conditions}}


def names(*jobs: dict[str, Any]) -> set[str]:
    found = settled_jobs(jobs)
    assert all(each == ObjectRef("Job", "ops", each.name) for each in found)
    return {each.name for each in found}


def test_a_job_that_succeeded_after_a_failed_try_is_settled_and_one_that_failed_is_not() -> None:
    assert names(job("a", "2026-03-11T01:00:00Z", done=True), job("b", "2026-03-11T01:00:00Z", done=False)) == {"a"}


def test_a_failed_job_is_settled_once_a_later_one_of_the_same_cron_job_succeeded() -> None:
    earlier = job("night-1", "2026-03-10T01:00:00Z", done=False, owner="night")
    later = job("night-2", "2026-03-11T01:00:00Z", done=True, owner="night")
    last = job("night-3", "2026-03-12T01:00:00Z", done=False, owner="night")
    other = job("noon-1", "2026-03-09T12:00:00Z", done=False, owner="noon")
    assert names(earlier, later, last, other) == {"night-1", "night-2"}
