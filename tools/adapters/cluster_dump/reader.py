"""A dump read as a cluster: the same questions and answers as of a live one, and nothing in it can be changed."""

import asyncio
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.adapters.cluster_dump.files import BadDump, Contents, read_contents
from tools.adapters.cluster_dump.logs import read_log
from tools.adapters.cluster_dump.printing import print_table
from tools.adapters.cluster_dump.recorded import read_changes, read_observed_at, read_series, within
from tools.adapters.cluster_dump.selectors import by_fields, by_labels
from tools.adapters.cluster_dump.shapes import tidied
from tools.objects import at, items, mapping, meta, name_of, namespace_of, part
from tools.secrets_seen import values_of
from tools.world import KINDS, JsonObject, LogOptions, NotFound, RecordedChange, Rejected, Series, Table

MOST_CHANGES = 200
_WRITTEN_BY_KUBECTL = frozenset(
    {"Namespace", "Node", "Pod", "Event", "Deployment", "ReplicaSet", "Service", "DaemonSet", "ReplicationController"}
)
# Any working cluster has some of these; of the other kinds having none is ordinary.
_EXPECTED = ("Pod", "Node", "Event")
# Those that are missed first.
_TELLING = (
    *("PersistentVolumeClaim", "StatefulSet", "Job", "CronJob", "HorizontalPodAutoscaler", "Ingress"),
    *("NetworkPolicy", "ConfigMap", "EndpointSlice", "ResourceQuota", "PersistentVolume"),
)
_READING = frozenset({"get", "list", "watch"})
Objects = dict[str, dict[tuple[str, str], JsonObject]]
# In the class the name list is the method's.
Found = list[JsonObject]


class DumpReader:
    """A ``ClusterReader``, ``ChangeSource`` and ``MetricSource`` over a folder; files are read when it is made.

    ``has_changes`` and ``has_metrics`` say whether the folder holds any record of them at all. Of Secrets it answers
    the names and keys, never a value: ``{"data": {"key": None}}``. ``secrets`` are the values themselves, for a
    redactor and for nothing else: they may stand in a log too.
    """

    def __init__(self, folder: Path) -> None:
        contents = read_contents(folder)
        # The objects as they were written are let go: they hold the values of Secrets.
        self._folder, self._is_kubectl, self._lacking = folder, contents.is_kubectl, contents.lacking
        self._foreign = contents.foreign
        self._objects = _kept(contents)
        self.secrets = frozenset(value for each in contents.objects for value in _values_of(each))
        if not any(self._objects.values()):
            raise BadDump(f"{folder} holds no Kubernetes objects, so nothing can be said about the cluster")
        self._changes = read_changes(folder)
        self._series = read_series(folder)
        self._observed_at = read_observed_at(folder) or self._newest() or _written_at(folder)

    @property
    def name(self) -> str:
        return self._folder.resolve().name or "dump"

    @property
    def observed_at(self) -> datetime:
        """The moment the dump shows: what meta.yaml says, else the newest time in it, else when it was written."""
        return self._observed_at

    @property
    def has_changes(self) -> bool:
        return self._changes is not None

    @property
    def has_metrics(self) -> bool:
        return self._series is not None

    async def close(self) -> None:
        """Nothing is open."""

    def missing_kinds(self) -> tuple[str, ...]:
        """Kinds of which the dump says nothing: with kubectl's what it never writes, else what any cluster has."""
        if self._is_kubectl:
            wanted = dict.fromkeys((*_TELLING, *KINDS))
            return tuple(each for each in wanted if each not in _WRITTEN_BY_KUBECTL and not self._objects.get(each))
        return tuple(each for each in _EXPECTED if not self._objects.get(each))

    def not_checked(self) -> tuple[str, ...]:
        """What cannot be seen in this dump, as lines for a person."""
        lines = []
        missing = self.missing_kinds()
        if missing:
            why = ": kubectl cluster-info dump does not write them" if self._is_kubectl else ""
            lines.append(f"The dump holds no {', '.join(_plural(each) for each in missing)}{why}.")
        if self._is_kubectl:
            lines.append("Logs of the runs before, of containers that run again: kubectl cluster-info dump has none.")
        if self._lacking:
            named = self._lacking
            more = f" and {len(named) - 5} more" if len(named) > 5 else ""
            lines.append(f"The dump is not whole: {', '.join(named[:5])}{more} are not in it.")
        if self._foreign:
            shown = ", ".join(self._foreign[:5])
            lines.append(f"Left out, because they hold no Kubernetes objects: {shown}.")
        return tuple(lines)

    async def uid(self) -> str:
        return str(meta(await self.get("Namespace", None, "kube-system")).get("uid") or "")

    async def version(self) -> str:
        versions = (part(each, "status", "nodeInfo", "kubeletVersion") for each in self._all("Node", None))
        return next((str(each) for each in versions if each), "unknown")

    async def namespaces(self) -> Found:
        return self._all("Namespace", None)

    async def table(
        self, kind: str, namespace: str | None, *, field_selector: str = "", label_selector: str = "", limit: int = 0
    ) -> Table:
        found = self._selected(kind, namespace, field_selector, label_selector)
        most = limit or len(found)
        return print_table(kind, found[:most], self._observed_at, truncated=len(found) > most)

    async def get(self, kind: str, namespace: str | None, name: str) -> JsonObject:
        place = "" if kind in KINDS and not KINDS[kind].namespaced else namespace or ""
        found = self._objects.get(kind, {}).get((place, name))
        if found is None:
            plural = KINDS[kind].plural if kind in KINDS else kind
            raise NotFound(f'{plural} "{name}" not found')
        return found

    async def list(
        self, kind: str, namespace: str | None, *, field_selector: str = "", label_selector: str = "", limit: int = 500
    ) -> Found:
        return self._selected(kind, namespace, field_selector, label_selector)[:limit]

    async def log(self, namespace: str, pod: str, container: str, options: LogOptions) -> str:
        status = _status_of(await self.get("Pod", namespace, pod), container)
        if status is None:
            raise Rejected(f"container {container} is not valid for pod {pod}")
        # Of one that waits to be started again the kubelet gives the log of the run that ended, for both questions.
        is_between = part(status, "state", "waiting") is not None
        ways = (options.previous, not options.previous) if is_between else (options.previous,)
        for previous in ways:
            wanted = dataclasses.replace(options, previous=previous)
            try:
                told = await asyncio.to_thread(
                    read_log, self._folder, namespace, pod, container, wanted, self._observed_at
                )
            except (OSError, RuntimeError) as error:
                raise NotFound(f"the log of {container} in {pod} cannot be read: {error}") from None
            if told is not None:
                return told
        which = "earlier log" if options.previous else "log"
        raise NotFound(f"the dump holds no {which} of container {container} in pod {pod}")

    async def may(
        self, verb: str, resource: str, namespace: str | None, group: str = "", subresource: str = ""
    ) -> bool:
        return verb in _READING

    async def changes(self, since: datetime, until: datetime) -> Sequence[RecordedChange]:
        return [each for each in self._changes or () if within((since, until), each.at)][:MOST_CHANGES]

    async def series(self, namespace: str | None, since: datetime, until: datetime) -> Sequence[Series]:
        """Series without a namespace among their labels, such as those of nodes, belong to every one."""
        found = []
        for each in self._series or ():
            points = tuple(point for point in each.points if within((since, until), point[0]))
            if points and namespace in (None, each.labels.get("namespace", namespace)):
                found.append(Series(each.metric, each.labels, each.unit, points))
        return found

    def _all(self, kind: str, namespace: str | None) -> Found:
        held = self._objects.get(kind, {})
        is_everywhere = namespace is None or (kind in KINDS and not KINDS[kind].namespaced)
        return [obj for (place, _), obj in sorted(held.items()) if is_everywhere or place == namespace]

    def _selected(self, kind: str, namespace: str | None, fields: str, labels: str) -> Found:
        tests = (by_fields(kind, fields), by_labels(labels))
        return [each for each in self._all(kind, namespace) if all(test(each) for test in tests)]

    def _newest(self) -> datetime | None:
        stamps = (at(each) for held in self._objects.values() for obj in held.values() for each in _stamps(obj))
        points = (each.points[-1][0] for each in self._series or () if each.points)
        return max((each for each in (*stamps, *points) if each is not None), default=None)


def _values_of(obj: JsonObject) -> set[str]:
    return values_of(obj) if str(obj.get("kind")).lower() == "secret" else set()


def _kept(contents: Contents) -> Objects:
    """By kind, namespace and name; namespaces that only show in other objects are there as well."""
    objects: Objects = {}
    for kind, obj in filter(None, map(tidied, contents.objects)):
        objects.setdefault(kind, {})[(namespace_of(obj) or "", name_of(obj))] = obj
    named = {place for held in objects.values() for place, _ in held if place} | set(contents.namespaces)
    spaces = objects.setdefault("Namespace", {})
    for each in named:
        spaces.setdefault(("", each), _namespace(each))
    return objects


def _namespace(name: str) -> JsonObject:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "status": {"phase": "Active"}}


def _status_of(pod: JsonObject, container: str) -> JsonObject | None:
    """What is told of a container, empty if nothing is; None if the pod has none of that name."""
    parts = ("initContainers", "containers", "ephemeralContainers")
    if container not in [each.get("name") for key in parts for each in items(pod, "spec", key)]:
        return None
    groups = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    told = (each for key in groups for each in items(pod, "status", key))
    return next((each for each in told if each.get("name") == container), {})


def _stamps(obj: JsonObject) -> Iterator[Any]:
    """The times at which something happened, none of those at which something will."""
    yield meta(obj).get("creationTimestamp")
    for key in ("firstTimestamp", "lastTimestamp", "eventTime"):
        yield obj.get(key)
    yield part(obj, "series", "lastObservedTime")
    yield from _of_entries(
        items(obj, "status", "conditions"),
        ("lastTransitionTime", "lastUpdateTime", "lastHeartbeatTime", "lastProbeTime"),
    )
    for group in ("initContainerStatuses", "containerStatuses"):
        for each in items(obj, "status", group):
            states = [
                mapping(each, key, state) for key in ("state", "lastState") for state in ("running", "terminated")
            ]
            yield from _of_entries(states, ("startedAt", "finishedAt"))


def _of_entries(entries: Iterable[Any], keys: Sequence[str]) -> Iterator[Any]:
    for each in entries:
        yield from (part(each, key) for key in keys)


def _written_at(folder: Path) -> datetime:
    newest = max((each.stat().st_mtime for each in folder.rglob("*.json")), default=folder.stat().st_mtime)
    return datetime.fromtimestamp(newest, UTC)


def _plural(kind: str) -> str:
    if kind == "Endpoints":
        return kind
    if kind.endswith("y") and not kind.endswith("ay"):
        return f"{kind[:-1]}ies"
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"
