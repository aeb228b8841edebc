"""Probes that fail: asked wrongly (misconfigured), or asked rightly of a program that is not well (failing)."""

import re
from collections.abc import Iterator
from datetime import timedelta

from tools.analyzers.interface import Claim, cited, count_words, events_about, find_blame, finding, logs_of
from tools.evidence import Category, Evidence, Finding, evidence
from tools.snapshot import Container, Event, Pod, Probe, Snapshot, Topic, Workload

_NOT_THERE = re.compile(r"statuscode: (404|405)")
_OTHER_PROTOCOL = re.compile(
    r"(?i)HTTP response to HTTPS client|malformed HTTP response|first record does not look like a TLS|"
    r"HTTP request to an HTTPS|plain HTTP request was sent|server preface|error reading server preface"
)
# The probe itself cannot be carried out, or asks for what only somebody who logs in gets.
_ASKED_WRONGLY = re.compile(
    r"(?i)\bunimplemented\b|unknown service grpc\.health|executable file not found|exec format error|"
    r"exec: \\?\"[^\"]+\\?\": (?:stat|no such file|permission denied)|OCI runtime exec failed|: not found$|"
    r"statuscode: (?:401|403|400|406|415|426)\b|invalid port|no such host|unsupported protocol scheme"
)
_LISTENS = re.compile(r"(?i)\b(?:listening|listens|started|serving|bound)\b.{0,80}?\b\d{2,5}\b")
# A clean end when asked to stop, SIGKILL after the grace period, or SIGTERM that the program did not catch.
_STOPPED_FROM_OUTSIDE = frozenset({0, 137, 143})


def liveness(snapshot: Snapshot) -> Iterator[Finding]:
    """The kubelet kills containers because the probe that asks whether they live fails."""
    for workload in snapshot.workloads:
        for asked in (_Asked("Liveness", "liveness probe"), _Asked("Startup", "startup probe")):
            pods = tuple(each for each in workload.pods if _told(each, asked.word, snapshot) and _is_being_killed(each))
            if pods:
                yield _finding(workload, pods, asked, snapshot)
                break


def readiness(snapshot: Snapshot) -> Iterator[Finding]:
    """Pods run and get no traffic because the probe that asks whether they are ready fails."""
    for workload in snapshot.workloads:
        pods = tuple(
            each for each in workload.pods if _told(each, "Readiness", snapshot) and _is_running_unready(each, snapshot)
        )
        if pods:
            yield _finding(workload, pods, _Asked("Readiness", "readiness probe"), snapshot)


class _Asked:
    """Which of the three probes is spoken of."""

    def __init__(self, word: str, topic: Topic) -> None:
        self.word, self.topic = word, topic
        self.is_readiness = word == "Readiness"

    def of(self, container: Container) -> Probe | None:
        return {"Liveness": container.liveness, "Readiness": container.readiness, "Startup": container.startup}[
            self.word
        ]

    def category(self, is_wrong: bool) -> Category:
        if self.is_readiness:
            return Category.READINESS_PROBE_MISCONFIG if is_wrong else Category.READINESS_PROBE_FAILING
        return Category.LIVENESS_PROBE_MISCONFIG if is_wrong else Category.LIVENESS_PROBE_FAILING


def _finding(workload: Workload, pods: tuple[Pod, ...], asked: _Asked, snapshot: Snapshot) -> Finding:
    told = tuple(each for pod in pods for each in _told(pod, asked.word, snapshot))
    container = next((each for pod in pods for each in pod.containers if asked.of(each)), pods[0].containers[0])
    probe = asked.of(container)
    blame = find_blame(workload, pods, lambda new, _old: asked.topic in new.changed, snapshot.thresholds)
    wrong = _why_wrong(container, probe, told, asked, blame is not None and blame.is_direct, pods)
    effect = "gets no traffic" if asked.is_readiness else "is killed and started again"
    asks = f" ({probe.what})" if probe else ""
    reason = (
        f"{wrong}. The probe is what is wrong, and not the program behind it."
        if wrong
        else "The probe asks as it always did, so it is the program that does not answer well: see its log and what it "
        "depends on."
    )
    claim = Claim(
        category=asked.category(wrong is not None),
        summary=f"the {asked.topic} of container {container.name} fails: {count_words(workload, pods)}; "
        f"{told[0].message.clip(120)}",
        explanation=f"Kubernetes asks container {container.name} with its {asked.topic}{asks}; it fails, "
        f"so the pod {effect}. {reason}",
        evidence=cited(
            (each.evidence for each in told),
            (each.evidence for each in events_about(pods, "Killing")),
            (each.evidence for each in pods),
            _listening(pods, snapshot),
            logs_of(pods),
        ),
        confidence=(0.88 if blame and blame.is_direct else 0.75) if wrong else 0.65,
        pods=pods,
        since=min((each.first_at for each in told if each.first_at), default=None),
        blame=blame,
    )
    return finding(workload, claim)


def _listening(pods: tuple[Pod, ...], snapshot: Snapshot) -> Iterator[Evidence]:
    """Where the program says that it listens: beside a refused probe that is half of the answer."""
    for tail in (each for pod in pods for each in pod.logs):
        found = next((each for each in tail.reading.entries if _LISTENS.search(each.message)), None)
        if found is not None:
            words = snapshot.say(found.first_line[:300])
            yield evidence("log", tail.pod, words, found.at, f":{tail.container}:listening")


def _why_wrong(
    container: Container,
    probe: Probe | None,
    told: tuple[Event, ...],
    asked: _Asked,
    was_changed: bool,
    pods: tuple[Pod, ...],
) -> str | None:
    if was_changed:
        return f"The newest release changed this {asked.topic}"
    declared = {each for pair in container.ports for each in pair if each}
    if probe is not None and probe.port is not None and declared and probe.port not in declared:
        return f"It asks port {probe.port}, which the container does not declare ({', '.join(sorted(declared))})"
    if probe is not None and all(_NOT_THERE.search(each.message) for each in told):
        return f"The program answers, but has nothing at {probe.path or 'the path that is asked'}"
    if told and all(_OTHER_PROTOCOL.search(each.message) for each in told):
        return "The program answers, in another protocol than the probe speaks"
    if told and all(_ASKED_WRONGLY.search(each.message) for each in told):
        return "The probe cannot succeed however well the program is: it asks for what is not there"
    if not asked.is_readiness and probe is not None and _is_too_hasty(probe, told, pods):
        until = probe.delay + probe.period * probe.failures
        return f"It gives up {until} s after the start, and the program is still starting then"
    return None


# Between the last failed try and the end lie the time to stop and what clocks of whole seconds leave open.
_TO_STOP = timedelta(seconds=50)


def _is_too_hasty(probe: Probe, told: tuple[Event, ...], pods: tuple[Pod, ...]) -> bool:
    """Whether the program never got to listen, complains of nothing, and is killed as soon as the probe gives up."""
    ended = [each.ended for pod in pods for each in pod.containers if each.ended and not each.is_init]
    ran = [each.finished_at - each.started_at for each in ended if each.finished_at and each.started_at]
    tails = [each for pod in pods for each in pod.logs if each.previous or not any(one.previous for one in pod.logs)]
    least = timedelta(seconds=probe.delay + probe.period * (probe.failures - 1))
    most = timedelta(seconds=probe.delay + probe.period * probe.failures) + _TO_STOP
    return (
        bool(ran)
        and all(least <= each <= most for each in ran)
        and all("connection refused" in each.message for each in told)
        and bool(tails)
        and all(each.reading.entries and each.reading.first_error is None for each in tails)
        and not any(_LISTENS.search(one.message) for each in tails for one in each.reading.entries)
    )


def _told(pod: Pod, word: str, snapshot: Snapshot) -> tuple[Event, ...]:
    """The warnings about one probe that are recent and came more than once: a single one is nothing."""
    found = events_about([pod], "Unhealthy")
    return tuple(
        each
        for each in found
        if each.message.startswith(f"{word} probe")
        and each.count > 1
        and (each.last_at is None or snapshot.observed_at - each.last_at <= snapshot.thresholds.recent)
    )


def _is_being_killed(pod: Pod) -> bool:
    return any(
        each.restarts > 0 and each.ended is not None and each.ended.exit_code in _STOPPED_FROM_OUTSIDE
        for each in pod.containers
        if not each.is_init and not (each.ended and each.ended.reason == "OOMKilled")
    )


def _is_running_unready(pod: Pod, snapshot: Snapshot) -> bool:
    return any(
        each.state == "running"
        and not each.ready
        and each.running_since is not None
        and snapshot.observed_at - each.running_since >= snapshot.thresholds.not_ready
        for each in pod.containers
        if not each.is_init
    )
