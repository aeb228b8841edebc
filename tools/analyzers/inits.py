"""Init containers that never end: the pod waits for them, and its programs do not start."""

from collections.abc import Callable, Iterator

from tools.analyzers.bringing import is_of, read_by
from tools.analyzers.interface import Claim, cited, count_words, find_blame, finding, logs_of
from tools.evidence import Category, Finding
from tools.snapshot import Container, Pod, Release, Snapshot


def never_ending(snapshot: Snapshot) -> Iterator[Finding]:
    """An init container runs far longer than a start takes, and nothing after it begins."""
    for workload in snapshot.workloads:
        pairs = [(pod, found) for pod in workload.pods if (found := _waits_for(pod, snapshot)) is not None]
        if not pairs:
            continue
        pods, container = tuple(pod for pod, _ in pairs), pairs[0][1]
        since = container.running_since
        minutes = round((snapshot.observed_at - since).total_seconds() / 60) if since else 0
        claim = Claim(
            category=Category.INIT_CONTAINER_FAILED,
            summary=f"init container {container.name} does not end since {minutes} min: {count_words(workload, pods)} "
            "wait for it",
            explanation=f"Init containers run before the program and have to end. {container.name} runs on and on, so "
            "the program never starts. Most often it waits for something that does not come: its log and its command "
            "say for what. Restarting does not help as long as that is missing.",
            evidence=cited((each.evidence for each in pods), logs_of(pods)),
            confidence=0.75,
            pods=pods,
            since=since,
            blame=find_blame(
                workload,
                pods,
                _runs_something_else(container.name),
                snapshot.thresholds,
                read_by(pods[0], container.name),
            ),
        )
        yield finding(workload, claim)


def _runs_something_else(container: str) -> Callable[[Release, Release], bool]:
    """Whether a release changed what this very container runs."""

    def is_direct(new: Release, _old: Release) -> bool:
        return any(each.topic in ("command", "image") and is_of(each, container) for each in new.differences)

    return is_direct


def _waits_for(pod: Pod, snapshot: Snapshot) -> Container | None:
    """The init container that holds the pod up; one that is to run beside the program is none."""
    if any(each.state == "running" for each in pod.containers if not each.is_init):
        return None
    patience = snapshot.thresholds.scaling_up
    return next(
        (
            each
            for each in pod.containers
            if each.is_init
            and each.state == "running"
            and each.running_since is not None
            and snapshot.observed_at - each.running_since >= patience
        ),
        None,
    )
