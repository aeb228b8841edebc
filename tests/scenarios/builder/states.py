"""What a pod and its containers are doing, in the words of the kubelet and the scheduler. Spans are before now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.scenarios.builder.clock import span


@dataclass(frozen=True, slots=True)
class Ended:
    """One run of a container that is over: how, how long ago, and how long it had lasted."""

    code: int = 1
    ago: str = "2m"
    lasted: str = "4s"
    reason: str = "Error"
    message: str = ""
    signal: int | None = None


@dataclass(frozen=True, slots=True)
class Doing:
    """What one container does now: running since ``ago``, waiting for ``reason``, or over as ``end`` says."""

    how: str = "running"
    ago: str = "1h"
    reason: str = ""
    message: str = ""
    end: Ended | None = None
    last: Ended | None = None
    restarts: int = 0
    ready: bool = True
    started: bool | None = None
    image_present: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """An event about the pod; ``at`` is a part of it such as ``spec.containers{app}``, ``{app}`` stands for that."""

    reason: str
    message: str
    last: str
    first: str = ""
    count: int = 1
    kind: str = "Warning"
    source: str = "kubelet"
    at: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """A whole pod: ``doing`` is about the container named in ``only`` (the first otherwise), the others are well.

    ``inits`` are the init containers by name; those not named are over and fine. ``blocked`` says that the containers
    have not begun, because of an init container or a volume.
    """

    phase: str = "Running"
    age: str = "1h"
    doing: Doing = field(default_factory=Doing)
    only: str = ""
    inits: Mapping[str, Doing] = field(default_factory=dict)
    blocked: bool = False
    scheduled: bool = True
    reason: str = ""
    message: str = ""
    deleted: str = ""
    grace: int = 30
    finalizers: tuple[str, ...] = ()
    unready_since: str = ""
    events: tuple[Told, ...] = ()
    quiet: bool = False

    def telling(self, *events: Told) -> "State":
        """The same with more events."""
        return replace(self, events=(*self.events, *events))


def running(age: str = "3d", *, restarts: int = 0, last: Ended | None = None, only: str = "") -> State:
    """Well. With ``restarts``, ``last`` says how the run before this one ended."""
    since = last.ago if last else age
    return State(age=age, doing=Doing(ago=since, restarts=restarts, last=last), only=only)


def crash_loop(
    age: str, restarts: int, end: Ended | None = None, *, only: str = "", up_for: str = "", init: str = ""
) -> State:
    """Starts and ends over and over; ``up_for``: it happens to run just now; ``init``: the init container that does so."""
    end = end or Ended()
    if up_for:
        now = Doing(ago=up_for, last=end, restarts=restarts, ready=False, started=False)
    else:
        now = Doing("waiting", end.ago, "CrashLoopBackOff", "", last=end, restarts=restarts, ready=False)
    told = Told(
        "BackOff",
        "Back-off restarting failed container <container> in pod <pod>_<namespace>(<uid>)",
        last="20s",
        first=age,
        count=max(2, restarts * 4),
        at="<field>",
    )
    if init:
        return State("Pending", age, inits={init: now}, blocked=True, only=init, unready_since=age, events=(told,))
    return State(age=age, doing=now, only=only, unready_since=end.ago, events=(told,))


def image_pull(age: str, image: str, error: str, *, only: str = "", back_off: bool = True) -> State:
    """Cannot get its image; ``error`` is what the runtime says after ``rpc error:``."""
    failed = f'Failed to pull image "{image}": {error}'
    waiting = f'Back-off pulling image "{image}": ErrImagePull: {error}' if back_off else error
    reason = "ImagePullBackOff" if back_off else "ErrImagePull"
    doing = Doing("waiting", age, reason, waiting, ready=False, started=False, image_present=False)
    events = (
        Told("Pulling", f'Pulling image "{image}"', "1m30s", age, 4, "Normal", at="<field>"),
        Told("Failed", failed, "1m30s", age, 4, at="<field>"),
        Told("Failed", "Error: ErrImagePull", "1m30s", age, 4, at="<field>"),
        Told("BackOff", f'Back-off pulling image "{image}"', "12s", age, 21, "Normal", at="<field>"),
        Told("Failed", "Error: ImagePullBackOff", "12s", age, 21, at="<field>"),
    )
    return State("Pending", age, doing, only, unready_since=age, events=events)


def config_error(age: str, message: str, *, only: str = "", count: int = 40) -> State:
    """CreateContainerConfigError, such as ``secret "x" not found``."""
    doing = Doing("waiting", age, "CreateContainerConfigError", message, ready=False, started=False)
    told = Told("Failed", f"Error: {message}", "9s", age, count, at="<field>")
    return State("Pending", age, doing, only, unready_since=age, events=(told,))


def creating(age: str, *events: Told) -> State:
    """ContainerCreating; the events (FailedMount, FailedCreatePodSandBox …) say what it waits for, if anything."""
    doing = Doing("waiting", age, "ContainerCreating", ready=False, started=False, image_present=False)
    return State("Pending", age, doing, blocked=True, unready_since=age, events=events)


def unschedulable(age: str, message: str, *, first: str = "") -> State:
    """Pending without a node; ``message`` is what the scheduler says."""
    told = Told("FailedScheduling", message, "40s", first or age, 12, source="default-scheduler")
    return State("Pending", age, scheduled=False, message=message, unready_since=age, events=(told,))


def init_running(age: str, init: str) -> State:
    """An init container has not ended yet."""
    return State("Pending", age, inits={init: Doing(ago=age, ready=False)}, blocked=True, only=init, unready_since=age)


def unready(
    age: str,
    message: str,
    *,
    since: str = "",
    restarts: int = 0,
    count: int = 60,
    only: str = "",
    last: Ended | None = None,
) -> State:
    """Runs, but its readiness probe fails; ``message`` is what stands after ``Readiness probe failed: ``."""
    doing = Doing(ago=last.ago if last else age, ready=False, started=True, restarts=restarts, last=last)
    told = Told("Unhealthy", f"Readiness probe failed: {message}", "4s", since or age, count, at="<field>")
    return State(age=age, doing=doing, only=only, unready_since=since or age, events=(told,))


def probed_to_death(
    age: str, restarts: int, message: str, end: Ended, *, only: str = "", up_for: str = "", ready: bool = False
) -> State:
    """Killed by the kubelet over and over, because its liveness probe fails with ``message``."""
    if up_for:
        now = Doing(ago=up_for, last=end, restarts=restarts, ready=ready, started=True)
    else:
        now = Doing("waiting", end.ago, "CrashLoopBackOff", "", last=end, restarts=restarts, ready=False)
    events = (
        Told("Unhealthy", f"Liveness probe failed: {message}", end.ago, age, restarts * 3, at="<field>"),
        Told(
            "Killing",
            "Container <container> failed liveness probe, will be restarted",
            end.ago,
            age,
            restarts,
            "Normal",
            at="<field>",
        ),
    )
    return State(age=age, doing=now, only=only, unready_since="" if ready else end.ago, events=events)


def completed(age: str, ago: str) -> State:
    """Ended well ``ago``, as the pod of a Job does."""
    lasted = max(span(age) - span(ago) - span("3s"), span("1s")).total_seconds()
    end = Ended(0, ago, f"{lasted:.0f}s", "Completed")
    return State("Succeeded", age, Doing("terminated", ago, end=end, ready=False, started=False), unready_since=ago)


def failed(age: str, end: Ended, *, events: Sequence[Told] = ()) -> State:
    """Ended badly and stays so (restartPolicy Never)."""
    doing = Doing("terminated", end.ago, end=end, ready=False, started=False)
    return State("Failed", age, doing, unready_since=end.ago, events=tuple(events))


def evicted(age: str, ago: str, message: str) -> State:
    """Evicted by the kubelet ``ago``; the pod stays behind without containers."""
    told = Told("Evicted", message, ago)
    doing = Doing("gone", ago, ready=False)
    return State("Failed", age, doing, reason="Evicted", message=message, unready_since=ago, events=(told,), quiet=True)


def terminating(before: State, ago: str, *, grace: int = 30, finalizers: tuple[str, ...] = ()) -> State:
    """The same pod after somebody deleted it ``ago``."""
    told = Told("Killing", "Stopping container <container>", ago, kind="Normal", at="<field>")
    return replace(before, deleted=ago, grace=grace, finalizers=finalizers, events=(*before.events, told))
