"""Resource quotas: what the pods of a namespace use, and whether one more fits."""

from __future__ import annotations

from bot.demo.cluster_emulator.objects import Obj, clone, dig, name_of, namespace_of
from bot.demo.cluster_emulator.quantities import parse_quantity
from bot.demo.cluster_emulator.resources import PODS, QUOTAS
from bot.demo.cluster_emulator.store import Change, Store


def pod_amount(pod: Obj, key: str) -> float:
    """What a pod counts against one line of a quota."""
    if key in ("pods", "count/pods"):
        return 1.0
    group, _, resource = key.partition(".") if "." in key else ("requests", "", key)
    containers = dig(pod, "spec", "containers", default=[])
    return sum(parse_quantity(dig(each, "resources", group, resource, default=0)) for each in containers)


def _used(store: Store, namespace: str, key: str) -> float:
    pods = store.all_of(PODS, namespace)
    return sum(pod_amount(pod, key) for pod in pods if dig(pod, "status", "phase") not in ("Succeeded", "Failed"))


def show_amount(key: str, value: float) -> str:
    """An amount as quota messages print it."""
    if key.endswith("cpu"):
        return str(int(value)) if value == int(value) else f"{round(value * 1000)}m"
    if key.endswith("memory"):
        for suffix, size in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
            if value and value % size == 0:
                return f"{int(value // size)}{suffix}"
    return str(int(value))


def exceeded_quota(store: Store, pod: Obj) -> str | None:
    """The refusal's words when a quota has no room for the pod."""
    namespace = namespace_of(pod)
    for quota in store.all_of(QUOTAS, namespace):
        over: list[tuple[str, float, float, str]] = []
        for key, hard in sorted(dig(quota, "spec", "hard", default={}).items()):
            used, more = _used(store, namespace, key), pod_amount(pod, key)
            if more and used + more > parse_quantity(hard):
                over.append((key, more, used, str(hard)))
        if over:
            asked = ",".join(f"{key}={show_amount(key, more)}" for key, more, _, _ in over)
            taken = ",".join(f"{key}={show_amount(key, used)}" for key, _, used, _ in over)
            limit = ",".join(f"{key}={hard}" for key, _, _, hard in over)
            return f"exceeded quota: {name_of(quota)}, requested: {asked}, used: {taken}, limited: {limit}"
    return None


class QuotaCounter:
    """Keeps the status of quotas up to date."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.listeners.append(self._noticed)

    def _noticed(self, change: Change) -> None:
        if change.resource in (PODS, QUOTAS) and change.kind != "MODIFIED":
            namespace = namespace_of(change.obj)
            if self._store.all_of(QUOTAS, namespace):
                self._store.clock.call_later(0.1, lambda: self._count(namespace))

    def _count(self, namespace: str) -> None:
        for quota in self._store.all_of(QUOTAS, namespace):
            hard = dig(quota, "spec", "hard", default={})
            changed = clone(quota)
            used = {key: show_amount(key, _used(self._store, namespace, key)) for key in hard}
            changed["status"] = {"hard": dict(hard), "used": used}
            self._store.update(QUOTAS, changed)
