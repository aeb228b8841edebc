"""Writes events as the components of a cluster do: the same thing again raises a count; an hour later it is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.demo.cluster_emulator.objects import Obj, name_of, namespace_of, parse_stamp, stamp, uid_of
from bot.demo.cluster_emulator.resources import EVENTS
from bot.demo.cluster_emulator.store import Store

KEPT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Origin:
    """Which component speaks, on which node, about which part of the object."""

    component: str
    host: str = ""
    field_path: str = ""


class EventRecorder:
    """One recorder for all components."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: dict[tuple[str, ...], str] = {}

    def record(
        self,
        about: Obj,
        severity: str,
        reason: str,
        message: str,
        origin: Origin | str,
    ) -> None:
        """Say that something happened to an object."""
        if isinstance(origin, str):
            origin = Origin(origin)
        component, host, field_path = origin.component, origin.host, origin.field_path
        key = (uid_of(about), severity, reason, message, component, field_path)
        namespace = namespace_of(about) or "default"
        known = self._store.get(EVENTS, namespace, self._names.get(key, ""))
        now = stamp(self._store.clock.now)
        if known is not None:
            self._store.update(EVENTS, {**known, "count": known["count"] + 1, "lastTimestamp": now})
            return
        name = f"{name_of(about)}.{self._store.random.getrandbits(64):016x}"
        self._names[key] = name
        involved = {
            "kind": about["kind"],
            "namespace": namespace_of(about),
            "name": name_of(about),
            "uid": uid_of(about),
            "apiVersion": about["apiVersion"],
            "resourceVersion": about["metadata"]["resourceVersion"],
            **({"fieldPath": field_path} if field_path else {}),
        }
        self._store.create(
            EVENTS,
            {
                "metadata": {"name": name, "namespace": namespace},
                "involvedObject": {field: value for field, value in involved.items() if value},
                "reason": reason,
                "message": message,
                "source": {"component": component, **({"host": host} if host else {})},
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
                "type": severity,
                "eventTime": None,
                "reportingComponent": component,
                "reportingInstance": host,
            },
        )
        self._store.clock.call_later(KEPT_SECONDS, lambda: self._forget(namespace, name, key))

    def _forget(self, namespace: str, name: str, key: tuple[str, ...]) -> None:
        held = self._store.get(EVENTS, namespace, name)
        if held is None:
            return
        ends = parse_stamp(held["lastTimestamp"]) + timedelta(seconds=KEPT_SECONDS)
        left = (ends - self._store.clock.now).total_seconds()
        if left > 0:
            self._store.clock.call_later(left, lambda: self._forget(namespace, name, key))
        else:
            self._store.remove(EVENTS, namespace, name)
            self._names.pop(key, None)
