"""What the cluster remembers: objects, their versions, and the window of changes that watches replay."""

from __future__ import annotations

import random
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.clock import VirtualClock
from bot.demo.cluster_emulator.objects import NAME_ALPHABET, Obj, clone, name_of, namespace_of, stamp, uid_of
from bot.demo.cluster_emulator.resources import Resource

HISTORY_WINDOW = 4096
SNAPSHOTS_KEPT = 64
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One committed change; `before` is what the object was, None when it is new."""

    version: int
    kind: str
    resource: Resource
    obj: Obj
    before: Obj | None


class Store:
    """Objects by kind. What it holds and hands out is never changed in place: a change replaces the object."""

    def __init__(self, clock: VirtualClock, seed: int = 1) -> None:
        self.clock = clock
        self.version = 1000
        self.random = random.Random(seed)
        self.listeners: list[Callable[[Change], None]] = []
        self.history: deque[Change] = deque()
        self.compacted = 0
        self._objects: dict[Resource, dict[Key, Obj]] = {}
        self._snapshots: OrderedDict[int, list[Obj]] = OrderedDict()

    def get(self, resource: Resource, namespace: str, name: str) -> Obj | None:
        """One object, if it is there."""
        return self._objects.get(resource, {}).get((namespace, name))

    def require(self, resource: Resource, namespace: str, name: str) -> Obj:
        """One object; 404 when it is not there."""
        obj = self.get(resource, namespace, name)
        if obj is None:
            raise statuses.not_found(resource, name)
        return obj

    def all_of(self, resource: Resource, namespace: str = "") -> list[Obj]:
        """All objects of a kind, in one namespace or everywhere, in the order of their keys."""
        held = self._objects.get(resource, {})
        return [held[key] for key in sorted(held) if not namespace or key[0] == namespace]

    def owned_by(self, resource: Resource, owner: Obj) -> list[Obj]:
        """The objects of a kind whose controlling owner is this one."""
        uid, namespace = uid_of(owner), namespace_of(owner)
        return [
            obj
            for obj in self.all_of(resource, namespace)
            if any(ref.get("uid") == uid for ref in obj["metadata"].get("ownerReferences") or ())
        ]

    def new_uid(self) -> str:
        """A uid for a new object."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def new_suffix(self) -> str:
        """Five letters for a generated name."""
        return "".join(self.random.choices(NAME_ALPHABET, k=5))

    def prepare(self, resource: Resource, obj: Obj) -> Obj:
        """The object as it would be created: kind, name, uid and times filled in. Nothing is kept."""
        made: Obj = {"apiVersion": resource.api_version, "kind": resource.kind, **clone(obj)}
        meta = made.setdefault("metadata", {})
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + self.new_suffix()
        for field in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
            meta.pop(field, None)
        meta["uid"] = self.new_uid()
        meta["creationTimestamp"] = stamp(self.clock.now)
        if resource.has_generation:
            meta["generation"] = 1
        if self.get(resource, namespace_of(made), name_of(made)) is not None:
            raise statuses.already_exists(resource, name_of(made))
        return made

    def create(self, resource: Resource, obj: Obj) -> Obj:
        """Keep a new object."""
        return self.keep(resource, self.prepare(resource, obj))

    def keep(self, resource: Resource, made: Obj) -> Obj:
        """Keep an object that has been prepared."""
        self._commit("ADDED", resource, made, None)
        return made

    def stand(self, resource: Resource, objects: Iterable[Obj]) -> None:
        """Keep objects as they are, without anybody hearing of it: stage extras that nobody acts upon."""
        held = self._objects.setdefault(resource, {})
        for obj in objects:
            self.version += 1
            obj["metadata"]["resourceVersion"] = str(self.version)
            held[(namespace_of(obj), name_of(obj))] = obj

    def update(self, resource: Resource, obj: Obj) -> Obj:
        """Replace an object; one that says nothing new keeps its version. The generation follows the spec."""
        before = self.require(resource, namespace_of(obj), name_of(obj))
        after = self.amended(resource, before, obj)
        if after == before:
            return before
        self._commit("MODIFIED", resource, after, before)
        return after

    def amended(self, resource: Resource, before: Obj, obj: Obj) -> Obj:
        """What an update would make of the object, without keeping it. Equal to `before` when nothing changes."""
        # Parts may be shared between versions of an object, because no version is ever changed in place.
        after: Obj = {**obj, "apiVersion": resource.api_version, "kind": resource.kind, "metadata": {**obj["metadata"]}}
        meta, old = after["metadata"], before["metadata"]
        for field in ("uid", "creationTimestamp", "generation", "resourceVersion"):
            if field in old:
                meta[field] = old[field]
        if resource.has_generation and after.get("spec") != before.get("spec"):
            meta["generation"] = int(old.get("generation", 1)) + 1
        return after

    def remove(self, resource: Resource, namespace: str, name: str) -> Obj:
        """Forget an object for good."""
        obj = self.require(resource, namespace, name)
        gone = {**obj, "metadata": {**obj["metadata"]}}
        self._commit("DELETED", resource, gone, obj)
        return obj

    def compact(self) -> None:
        """Forget the past: watches and pages from before now are answered with 410."""
        self.history.clear()
        self._snapshots.clear()
        self.compacted = self.version

    def changes_since(self, version: int) -> list[Change]:
        """The changes after a version; 410 when some of them are no longer kept."""
        if version < self.compacted:
            raise statuses.expired(f"too old resource version: {version} ({self.compacted})")
        return [change for change in self.history if change.version > version]

    def keep_snapshot(self, items: list[Obj]) -> int:
        """Keep the rest of a paged list, so that its later pages show the moment of the first."""
        number = self.random.getrandbits(48)
        self._snapshots[number] = items
        while len(self._snapshots) > SNAPSHOTS_KEPT:
            self._snapshots.popitem(last=False)
        return number

    def snapshot(self, number: int) -> list[Obj] | None:
        """The kept rest of a paged list."""
        return self._snapshots.get(number)

    def _commit(self, kind: str, resource: Resource, obj: Obj, before: Obj | None) -> None:
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        held = self._objects.setdefault(resource, {})
        key = (namespace_of(obj), name_of(obj))
        if kind == "DELETED":
            held.pop(key, None)
        else:
            held[key] = obj
        change = Change(self.version, kind, resource, obj, before)
        self.history.append(change)
        if len(self.history) > HISTORY_WINDOW:
            self.compacted = self.history.popleft().version
        for listener in tuple(self.listeners):
            listener(change)
