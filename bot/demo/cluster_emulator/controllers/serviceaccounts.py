"""The service account controller: every namespace has an account named default, a moment after it was made."""

from __future__ import annotations

from bot.demo.cluster_emulator.controllers.workqueue import WorkQueue
from bot.demo.cluster_emulator.objects import is_going, name_of, namespace_of
from bot.demo.cluster_emulator.resources import NAMESPACES, SERVICEACCOUNTS
from bot.demo.cluster_emulator.store import Change, Store

DEFAULT = "default"


class ServiceAccountController:
    """Watches namespaces and service accounts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue = WorkQueue(store.clock, self._reconcile)
        store.listeners.append(self._noticed)

    def _noticed(self, change: Change) -> None:
        if change.resource is NAMESPACES and change.kind == "ADDED":
            self._queue.add("", name_of(change.obj))
        elif change.resource is SERVICEACCOUNTS and change.kind == "DELETED":
            self._queue.add("", namespace_of(change.obj))

    def _reconcile(self, _: str, name: str) -> None:
        namespace = self._store.get(NAMESPACES, "", name)
        if namespace is None or is_going(namespace):
            return
        if self._store.get(SERVICEACCOUNTS, name, DEFAULT) is None:
            self._store.create(SERVICEACCOUNTS, {"metadata": {"name": DEFAULT, "namespace": name}})
