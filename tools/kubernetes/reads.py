"""What can be looked at in a cluster: pods, deployments, nodes, events, logs, revisions, and any one object."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from tools.kubernetes.controllers import read_deployment
from tools.kubernetes.describe import describe
from tools.kubernetes.logs import find_container, grep
from tools.kubernetes.objects import event_from
from tools.kubernetes.releases import change_words, releases_of
from tools.kubernetes.rows import is_failing, pod_rows, suspicion
from tools.objects import meta
from tools.snapshot import Event, PodRow
from tools.tool import ReadArgs, Seen, tool
from tools.world import KINDS, LogOptions, Reader, Table

TEXT_LIMIT = 6_000
SHOWN = 60
GREPPED_LINES = 2_000
GREPPED_BYTES = 262_144

_LABEL = r"^[a-z0-9][-a-z0-9]*$"
Namespace = Annotated[str, Field(description="The namespace.", max_length=63, pattern=_LABEL)]
AnyNamespace = Annotated[
    str | None,
    Field(
        description="The namespace; leave out for all of them, or where there is none.", max_length=63, pattern=_LABEL
    ),
]
Name = Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9][-A-Za-z0-9._:]*$")]


class ListPods(ReadArgs):
    """Where to list pods."""

    namespace: AnyNamespace = None
    only_failing: bool = Field(False, description="Leave out the pods that run and are ready.")


@tool
async def list_pods(args: ListPods, world: Reader) -> Seen:
    """List pods with readiness, state, restarts and age, the failing ones first."""
    rows = pod_rows(await world.cluster.table("Pod", args.namespace), args.namespace)
    ordered = sorted(rows, key=lambda each: (not is_failing(each), each.ready >= each.wanted, -suspicion(each)))
    shown = [each for each in ordered if not args.only_failing or is_failing(each) or each.ready < each.wanted]
    failing = sum(is_failing(each) for each in rows)
    head = f"{len(rows)} pods in {args.namespace or 'all namespaces'}, {failing} failing"
    return _seen(world, "pods", args.namespace, [head, *(_pod_line(each) for each in shown[:SHOWN])], len(shown))


def _pod_line(row: PodRow) -> str:
    ago = f" (last {_age(row.restarted_ago)} ago)" if row.restarted_ago is not None else ""
    return (
        f"{row.name}: {row.status}, {row.ready}/{row.wanted} ready, {row.restarts} restarts{ago}, age {_age(row.age)}"
    )


class ListDeployments(ReadArgs):
    """Where to list deployments."""

    namespace: AnyNamespace = None


@tool
async def list_deployments(args: ListDeployments, world: Reader) -> Seen:
    """List deployments with how many pods are ready, up to date and available, their age and images."""
    table = await world.cluster.table("Deployment", args.namespace)
    lines = [
        f"{each.get('Name')}: {each.get('Ready')} ready, {each.get('Up-to-date')} up to date, "
        f"{each.get('Available')} available, age {each.get('Age')}, image {each.get('Images', '')}"
        for each in table.records()
    ]
    head = f"{len(lines)} deployments in {args.namespace or 'all namespaces'}"
    return _seen(world, "deployments", args.namespace, [head, *lines[:SHOWN]], len(lines))


class ListNodes(ReadArgs):
    """All nodes."""


@tool
async def list_nodes(args: ListNodes, world: Reader) -> Seen:
    """List the cluster's nodes with their state, age and version."""
    table: Table = await world.cluster.table("Node", None)
    lines = [
        f"{each.get('Name')}: {each.get('Status')}, age {each.get('Age')}, {each.get('Version')}"
        for each in table.records()
    ]
    return _seen(world, "nodes", None, [f"{len(lines)} nodes", *lines[:SHOWN]], len(lines))


class ListEvents(ReadArgs):
    """Which events."""

    namespace: Namespace
    about: Name | None = Field(None, description="Only events about the object with exactly this name.")
    warnings_only: bool = Field(True, description="Leave out the normal ones.")


@tool
async def list_events(args: ListEvents, world: Reader) -> Seen:
    """List what the cluster said about objects in a namespace, the latest first."""
    fields = [f"involvedObject.name={args.about}"] if args.about else []
    fields += ["type=Warning"] if args.warnings_only else []
    found = await world.cluster.list("Event", args.namespace, field_selector=",".join(fields), limit=500)
    events = [event_from(each, world.redactor) for each in found]
    events.sort(key=lambda each: each.last_at.timestamp() if each.last_at else 0.0, reverse=True)
    head = f"{len(events)} {'warnings' if args.warnings_only else 'events'} in {args.namespace}"
    return _seen(world, "events", args.namespace, [head, *(event_line(each) for each in events[:SHOWN])], len(events))


def event_line(event: Event) -> str:
    """One event in a line."""
    when = f"{event.last_at:%Y-%m-%d %H:%M:%S} UTC" if event.last_at else "at an unknown time"
    times = f" ({event.count} times)" if event.count > 1 else ""
    return f"{when} {event.kind} {event.reason}{times} {event.subject.kind}/{event.subject.name}: {event.message}"


class RolloutHistory(ReadArgs):
    """Which deployment."""

    namespace: Namespace
    deployment: Name = Field(description="The deployment's name.")


@tool
async def rollout_history(args: RolloutHistory, world: Reader) -> Seen:
    """Show a deployment's revisions, newest first: when each came, its images and title, and what it changed."""
    seen = await read_deployment(world, args.namespace, args.deployment)
    releases = releases_of(seen.deployment, seen.replica_sets, world.redactor)
    lines = [f"{len(releases)} revisions of Deployment/{args.namespace}/{args.deployment} are kept"]
    for index, each in enumerate(releases):
        when = f"{each.created_at:%Y-%m-%d %H:%M} UTC" if each.created_at else "at an unknown time"
        by = f" by {each.by}" if each.by else ""
        is_last = index == len(releases) - 1
        changed = (
            "nothing earlier is kept to compare with" if is_last else f"changed {change_words(each.differences, 8)}"
        )
        back = "; it ran before and was brought back" if each.came_back else ""
        lines.append(
            f"revision {each.number}, created {when}{by}: {each.title}; images {', '.join(each.images)}; "
            f"{each.ready} of {each.current} pods ready; {changed}{back}"
        )
    return _seen(world, "rollout", f"Deployment/{args.namespace}/{args.deployment}", lines, len(lines))


class DescribeObject(ReadArgs):
    """Which object."""

    kind: Literal[tuple(sorted(set(KINDS) - {"Event"}))] = Field(description="The kind.")  # type: ignore[valid-type]
    namespace: AnyNamespace = None
    name: Name = Field(description="The object's name.")


@tool
async def describe_object(args: DescribeObject, world: Reader) -> Seen:
    """Summarize one object with its events. Values of config maps are left out; secrets cannot be read."""
    obj = await world.cluster.get(args.kind, args.namespace, args.name)
    namespace = meta(obj).get("namespace")
    selector = f"involvedObject.kind={args.kind},involvedObject.name={args.name}"
    found = await world.cluster.list("Event", namespace or "default", field_selector=selector, limit=100)
    events = [event_from(each, world.redactor) for each in found]
    events.sort(key=lambda each: each.last_at.timestamp() if each.last_at else 0.0, reverse=True)
    lines = [describe(args.kind, obj, world.redactor), *(event_line(each) for each in events[:10])]
    return _seen(world, "object", f"{args.kind}/{namespace}/{args.name}" if namespace else None, lines, len(lines))


class PodLogs(ReadArgs):
    """Whose log, and how much of it."""

    namespace: Namespace
    name: Name = Field(description="A pod, or a deployment: then the pod of it that looks worst is taken.")
    container: Name | None = Field(None, description="Leave out for the container that is not well, or the first.")
    previous: bool = Field(False, description="The container before its last restart: what it said as it died.")
    tail: int = Field(80, ge=1, le=500, description="How many lines, from the end.")
    since_minutes: int | None = Field(None, ge=1, le=10_080, description="Only lines of the last so many minutes.")
    grep: str | None = Field(None, min_length=1, max_length=200, description="Only lines that contain this text.")


@tool
async def pod_logs(args: PodLogs, world: Reader) -> Seen:
    """Read the end of a container's log, with secrets taken out."""
    pod, container = await find_container(world, args.namespace, args.name, args.container)
    options = LogOptions(
        previous=args.previous,
        tail_lines=GREPPED_LINES if args.grep else args.tail,
        limit_bytes=GREPPED_BYTES if args.grep else LogOptions().limit_bytes,
        since=timedelta(minutes=args.since_minutes) if args.since_minutes else None,
    )
    text = world.redactor.text(await world.cluster.log(args.namespace, pod, container, options))
    if args.grep:
        text = grep(text, args.grep, world.redactor)
    lines = text.splitlines()[-args.tail :]
    which = "previous log" if args.previous else "log"
    head = f"{which} of container {container} in pod {pod}, {len(lines)} lines"
    # The end of a log says most, so what does not fit goes from its beginning.
    kept = lines
    while kept and sum(len(each) + 1 for each in kept) > TEXT_LIMIT - 200:
        kept = kept[1:]
    return _seen(world, "log", f"Pod/{args.namespace}/{pod}", [head, *kept], len(kept))


def _seen(world: Reader, source: str, where: str | None, lines: list[str], total: int) -> Seen:
    left = total - SHOWN
    more = [f"… and {left} more; narrow the question down"] if left > 0 and len(lines) > SHOWN else []
    text = world.redactor.text("\n".join([*lines, *more])).clip(TEXT_LIMIT)
    return Seen(source=source, ref=where or world.cluster.name, text=text)


def _age(value: timedelta) -> str:
    minutes = int(value.total_seconds()) // 60
    if minutes < 120:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 2_880 else f"{minutes // 1_440}d"
